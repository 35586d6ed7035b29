"""EDF GB accounts.

A household or business with its people, supply addresses, meter points, meters and readings, and with its
money: ledgers, statements, payment schedules and debts. Sources: the account import guide, and the
OpenAPI document that EDF's Kraken serves (its `EnergyAccount`).
"""

from __future__ import annotations

from transforms.dialect import Dialect, MoneySource
from transforms.dialects.edf_accounts.answers import ANSWERS
from transforms.dialects.edf_accounts.coverage import COVERAGE
from transforms.dialects.edf_accounts.frames import FRAMES
from transforms.dialects.edf_accounts.model import EnergyAccount
from transforms.dialects.edf_accounts.rules import rules

DIALECT = Dialect(
    name="edf_accounts",
    title="EDF GB accounts",
    resource="accounts",
    market="GB",
    zone="Europe/London",
    identifier_path=("external_account_number",),
    default_import_supplier="TENTACLE_ENERGY",
    model=EnergyAccount,
    frames=FRAMES,
    rules=rules,
    coverage=COVERAGE,
    answers=ANSWERS,
    money=(
        MoneySource(currency="GBP", ledger="transfer_balance", field="transfer_balance"),
        MoneySource(currency="GBP", ledger="ledgers", inside="ledgers", field="ledger_balance"),
    ),
)
