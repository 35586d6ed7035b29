"""Kills parts of a real stack in the middle of live waves, and starts them again as a host would.

`plan` draws what is killed and when, `host` starts it again, `kills` finds and kills processes, and `round`
plays one wave, which `verdict` judges by Kraken's ledger.
"""
