"""What every dialect must keep to, asked of those in kraken-migrate.toml and of their samples."""

from kraken_import.conformance.suite import *  # noqa: F403
