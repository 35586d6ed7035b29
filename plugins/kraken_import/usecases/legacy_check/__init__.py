"""Tells everything that is wrong with a client's SQL and legacy database in one go."""
