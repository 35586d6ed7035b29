"""What Kraken would refuse of a US account, as far as a payload alone can tell.

The guide publishes few codes. Most here are those that another Kraken serves for the same fault.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from transforms.rules import addresses, contacts, dates, identifiers, ledgers, notes
from transforms.rules.engine import Circumstances, Document, Rule, inferred

_POINTS: Final = "supply_addresses.supply_points"
_ON_BILLS: Final = "historical_billing_documents.transactions"
_ADDITIONAL: Final = "additional_historical_transactions"
_CURRENT: Final = "current_statement_transactions"


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


def _people(given: Circumstances) -> tuple[Rule, ...]:
    return (
        *contacts.phone_rules(
            "customers.mobile",
            "customers.landline",
            "customers.alternative_phone_numbers.phone_number",
            region=given.region,
        ),
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


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one day and region."""
    return (
        *_people(given),
        *_places(),
        *_supply(given),
        *_money(given),
        *notes.note_rules("notes"),
        notes.unique_metadata(),
    )
