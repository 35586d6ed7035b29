"""What every dialect must keep to, as tests: this package's dialects, and those of a utility's project.

A project's tests are one line, `from kraken_import.conformance.suite import *`; the plugin of pytest that
comes with the package gives them the dialects in force and their samples. Needs the extra `conformance`.
"""
