"""What Kraken would refuse of a US account, as far as a payload alone can tell.

The guide publishes few codes. Most here are those that another Kraken serves for the same fault.
"""

from __future__ import annotations

from typing import Final

from transforms.rules import addresses, contacts, dates, identifiers, ledgers, notes
from transforms.rules.engine import Circumstances, Document, Rule

_POINTS: Final = "supply_addresses.supply_points"
_ON_BILLS: Final = "historical_billing_documents.transactions"
_ADDITIONAL: Final = "additional_historical_transactions"
_CURRENT: Final = "current_statement_transactions"


def _ledger_adds_up(ledger: Document) -> tuple[int, int]:
    booked = sum(
        ledgers.total(entry for _, entry in ledgers.entries(ledger, place))
        for place in (_ON_BILLS, _ADDITIONAL, _CURRENT)
    )
    return booked, ledgers.cents(ledger["ledger_balance"])


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
    return (
        ledgers.adds_up(
            "ledgers",
            code="ledger_balance_mismatch",
            field="ledger_balance",
            explanation="All transactions together must add up to the ledger's balance.",
            parts=_ledger_adds_up,
        ),
        ledgers.unique_transaction_ids("", lists=(_ON_BILLS, _ADDITIONAL, _CURRENT)),
        *ledgers.statement_rules("ledgers", history=(_ON_BILLS, _ADDITIONAL), current=(_CURRENT,)),
        dates.not_in_future(
            "ledgers.last_statement_closing_date",
            today=given.today,
            code="historical_statement_period_end_in_future",
        ),
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
