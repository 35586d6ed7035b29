"""Plenitude PT accounts.

A household or business with its people, supply addresses, supply points and agreements. Source: the account
import guide.
"""

from __future__ import annotations

from transforms.dialect import Dialect
from transforms.dialects.plenitude_accounts.frames import FRAMES
from transforms.dialects.plenitude_accounts.model import Account
from transforms.dialects.plenitude_accounts.rules import rules

DIALECT = Dialect(
    name="plenitude_accounts",
    title="Plenitude PT accounts",
    resource="accounts",
    market="PT",
    zone="Europe/Lisbon",
    identifier_path=("external_account_number",),
    default_import_supplier="ENIPLENITUDEPT_IMPORT_SUPPLIER",
    default_values={
        "operations_teams": {"A": "Team A"},
        "user_detail_namespaces": {
            "APELIDO1": "first_family_name",
            "APELIDO2": "second_family_name",
            "NIF": "fiscal_code",
        },
    },
    model=Account,
    rules=rules,
    frames=FRAMES,
)
