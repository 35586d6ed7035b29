"""The payload of an EDF account: types, lengths and choices as EDF's served document gives them.

Left out: what the document deprecates in favour of another field (single debts, statement balances beside the
ledgers, `details`, `role`, agents to appoint of electricity), what only Kraken or an agreement with it knows
(operations teams, affiliate links, intermediary portfolios, payment preferences, which name instructions and
ledgers that Kraken holds), and structured addresses, whose parts differ from country to country.
"""

from transforms.dialects.edf_accounts.model.account import EnergyAccount

__all__ = ["EnergyAccount"]
