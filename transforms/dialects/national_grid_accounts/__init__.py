"""National Grid US accounts.

A household with its people, supply addresses, supply points, meters and registers, and with its ledgers:
billing documents and what was booked on them. Source: the account import guide.
"""

from __future__ import annotations

from transforms.dialect import Dialect, MoneySource
from transforms.dialects.national_grid_accounts.codes import TARIFFS, WORDS
from transforms.dialects.national_grid_accounts.frames import FRAMES
from transforms.dialects.national_grid_accounts.model import GridAccount
from transforms.dialects.national_grid_accounts.rules import rules

DIALECT = Dialect(
    name="national_grid_accounts",
    title="National Grid US accounts",
    resource="accounts",
    market="US",
    zone="America/New_York",
    identifier_path=("external_account_number",),
    default_import_supplier="<IMPORT_SUPPLIER>",
    model=GridAccount,
    frames=FRAMES,
    rules=rules,
    default_values={"tariff_codes": TARIFFS, **WORDS},
    money=(
        MoneySource(currency="USD", ledger_field="ledger_code", inside="ledgers", field="ledger_balance"),
    ),
)
