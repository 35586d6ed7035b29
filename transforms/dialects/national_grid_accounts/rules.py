"""The checks of a US account.

The guide states one rule, that a telephone number must be valid. What another Kraken serves is inferred here,
and warns with the code of there.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from transforms.dialects.national_grid_accounts import codes
from transforms.rules import addresses, contacts, dates, identifiers, ledgers, notes
from transforms.rules.engine import Circumstances, Document, Rule, inferred, stated
from transforms.rules.values import shown_by_guide

_POINTS: Final = "supply_addresses.supply_points"
_ON_BILLS: Final = "historical_billing_documents.transactions"
_ADDITIONAL: Final = "additional_historical_transactions"
_CURRENT: Final = "current_statement_transactions"
_PROPERTY: Final = "supply_addresses.property_details.property_type_specific_details"
_PLACES_OF_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "user_detail_namespaces": ("customers.user_details.namespace",),
    "ledger_codes": ("ledgers.ledger_code",),
    "billing_document_types": (
        "ledgers.billing_document_type",
        "ledgers.historical_billing_documents.billing_document_type",
    ),
    "transaction_reasons": tuple(f"ledgers.{name}.reason" for name in (_ON_BILLS, _ADDITIONAL, _CURRENT)),
    "property_types": (f"{_PROPERTY}.property_type",),
    "premise_types": (f"{_PROPERTY}.premise_type",),
    "supply_types": (f"{_POINTS}.supply_type",),
    "operating_companies": (f"{_POINTS}.operating_company",),
    "line_styles": (f"{_POINTS}.supply_details.service_drop.distribution_line_style",),
    "metering_types": (f"{_POINTS}.supply_details.service_drop.metering_type",),
    "meter_statuses": (f"{_POINTS}.meters.status",),
    "meter_service_types": (f"{_POINTS}.meters.service_type",),
    "phases": (f"{_POINTS}.meters.phase",),
    "register_types": (f"{_POINTS}.meters.registers.register_type",),
}


def _ledger_adds_up(ledger: Document) -> tuple[Decimal, Decimal] | None:
    if ledger.get("ledger_balance") is None:
        return None
    booked = sum(
        (
            ledgers.total(entry for _, entry in ledgers.entries(ledger, place))
            for place in (_ON_BILLS, _ADDITIONAL, _CURRENT)
        ),
        Decimal(0),
    )
    return booked, ledgers.amount(ledger["ledger_balance"])


def _telephones(region: str) -> tuple[Rule, ...]:
    numbers = ("customers.mobile", "customers.landline")
    others = "customers.alternative_phone_numbers.phone_number"
    return (
        *stated(
            "guide",
            "Validate account data, 400",
            "is not a valid phone number",
            *(contacts.dialled_phone(path) for path in numbers),
        ),
        *inferred(
            contacts.dialled_phone(others),
            *(contacts.expected_phone(path, region=region) for path in (*numbers, others)),
        ),
    )


def _people(given: Circumstances) -> tuple[Rule, ...]:
    return (
        *contacts.email_rules("customers.email"),
        contacts.unique_email("customers.email"),
        *contacts.readable("customers.given_name", "customers.family_name"),
        dates.plausible_birth("customers.date_of_birth", today=given.today),
    )


def _places() -> tuple[Rule, ...]:
    return tuple(
        rule
        for path in ("billing_address", "supply_addresses.supply_address")
        for rule in (
            addresses.postcode_fits_country(path),
            addresses.state_fits_postcode(path, country="US"),
        )
    )


def _supply(given: Circumstances) -> tuple[Rule, ...]:
    return (
        identifiers.unique_identifier(f"{_POINTS}.identifier"),
        dates.not_in_future(
            f"{_POINTS}.supply_start_date", today=given.today, code="future_supply_start_date"
        ),
        dates.ordered(_POINTS, start="supply_start_date", end="last_billed_to_date"),
        *dates.agreement_rules(_POINTS, supply_start="supply_start_date"),
        identifiers.unique_serial_number(f"{_POINTS}.meters.serial_number"),
    )


def _money(given: Circumstances) -> tuple[Rule, ...]:
    # The guide says nothing of what transactions add up to, nor of their days: an account that is moved with
    # its recent bills alone is a good one.
    history, places = (_ON_BILLS, _ADDITIONAL), ("ledgers",)
    return inferred(
        ledgers.adds_up(
            "ledgers",
            code="ledger_balance_mismatch",
            field="ledger_balance",
            explanation="All transactions together do not add up to the ledger's balance.",
            parts=_ledger_adds_up,
        ),
        ledgers.unique_transaction_ids(places=places, lists=(*history, _CURRENT)),
        ledgers.history_before_closing(places=places, lists=history),
        ledgers.current_after_closing(places=places, history=history, current=(_CURRENT,)),
        ledgers.issued_after_closing(places=places),
        ledgers.history_has_ended(places=places, lists=history, today=given.today),
    )


def _words(given: Circumstances) -> tuple[Rule, ...]:
    return tuple(
        shown_by_guide(path, *codes.WORDS[setting].values(), *given.named(setting))
        for setting, paths in _PLACES_OF_WORDS.items()
        for path in paths
    )


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one day and region."""
    return (
        *_telephones(given.region),
        *inferred(
            *_people(given),
            *_places(),
            *_supply(given),
            *_money(given),
            *notes.note_rules("notes"),
            notes.unique_metadata(),
            *_words(given),
        ),
    )
