"""Checks what Kraken would refuse, in bulk on built payloads, before Kraken is asked.

`engine` runs rules; each other module makes the rules of one subject. A dialect lists its rules beside its
mapping. A rule carries Kraken's own code where one is known, so that what we find and what Kraken finds count
together.
"""
