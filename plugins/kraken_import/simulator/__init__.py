"""A stand-in for Kraken's data-import API, for demonstrations and tests. See README.md here."""
