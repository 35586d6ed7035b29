"""Shows that no customer is lost and none is created twice, and that the show itself can fail.

`simulation` plays whole histories in virtual time, `chaos` kills parts of a real stack, `soak` runs one large
wave with faults, `answers` puts damaged input to every parser of what comes from outside, and `audit`
compares our reading of what Kraken accepts with the stand-in's.
"""
