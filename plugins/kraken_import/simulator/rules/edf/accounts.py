"""The accounts of EDF GB: the fields and rules of the document that its Kraken serves.

`ledgers` is of the guide alone; the served document refers to it and does not list it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from kraken_import.simulator.rules.declared import Found
from kraken_import.simulator.rules.edf import (
    account,
    balances,
    billed,
    fields_account,
    fields_money,
    fields_people,
    fields_supply,
    hung,
    left,
    meters,
    payments,
    people,
    supply,
)
from kraken_import.simulator.rules.edf.book import BOOK
from kraken_import.simulator.rules.forms import Form, obsolete_tariff, shapes_of
from kraken_import.simulator.rules.shape import Choice

DECLARING: Final[tuple[ModuleType, ...]] = (
    account,
    people,
    hung,
    supply,
    meters,
    billed,
    balances,
    payments,
    left,
)
"""The modules whose import declares the rules."""

_CHOICES: Final = {
    "EnergyTransaction": Choice(
        by="type",
        kinds={
            "CREDIT": "EnergyCredit",
            "CHARGE": "EnergyCharge",
            "PAYMENT": "EnergyPayment",
            "REPAYMENT": "EnergyRepayment",
            "SUPPLY_CHARGE": "EnergySupplyCharge",
        },
    ),
    "MeterPoint": Choice(
        by="supply_type", kinds={"ELECTRICITY": "ElectricityMeterPoint", "GAS": "GasMeterPoint"}
    ),
    "PaymentPreference": Choice(
        by="type",
        kinds={
            "ACTIVE_EXISTING": "PaymentPreferencesWithExistingInstructionReferences",
            "ACTIVE_NEW": "PaymentPreferencesWithNewInstructionReferences",
            "PASSIVE": "BasePaymentPreference",
        },
    ),
}


def _references(payload: Found) -> tuple[tuple[str, str], ...]:
    named = [(each["namespace"], each["value"]) for each in payload.get("references") or ()]
    debts = [payload.get("debt") or {}, *(payload.get("debts") or ())]
    return (
        *named,
        *(("cais_reference", debt["cais_reference"]) for debt in debts if debt.get("cais_reference")),
    )


FORM: Final = Form(
    name="edf_accounts",
    resource="accounts",
    kind="EnergyAccount",
    shapes=shapes_of(
        fields_account.FIELDS,
        fields_people.FIELDS,
        fields_money.FIELDS,
        fields_supply.FIELDS,
        book=BOOK,
        choices=_CHOICES,
        is_null_absent=False,
    ),
    book=BOOK,
    fields_source="served: EnergyAccount and what it refers to; ledgers: guide EDF",
    processing_error=obsolete_tariff(points="meter_points"),
    references=_references,
)
