"""Compares two independent readings of what Kraken accepts: our models and rules, and the stand-in's.

Generated customers, good and broken, and mutations of the good ones go through both. `contract` compares the
model of a dialect with the document that a Kraken serves.
"""
