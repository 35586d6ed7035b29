"""Shows that no customer is lost and none is created twice, and that the show itself can fail.

`simulation` plays whole histories in virtual time, `chaos` kills parts of a real stack, `cluster` one of two
workers and one of two triggerers, `soak` runs one large wave with faults, `answers` gives damaged input to
each parser of what comes from outside, and `audit` compares our reading of what Kraken accepts with the
stand-in's.
"""
