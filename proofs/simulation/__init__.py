"""Plays whole histories of migrations in virtual time, each from a seed, and reports violations.

The use cases, the client and the SQL are the real ones, over a real Postgres. Time, the network and the
processes are simulated, so that a history of hours takes a fraction of a second, that every fault and every
interleaving can be had, and that a seed gives the same history each time.
"""
