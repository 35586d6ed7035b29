"""Differences of EDF accounts that are meant, by the place and the words of a source."""

from __future__ import annotations

from typing import Final

from proofs.audit.differences import AS_IT_IS, Explained, Reader
from proofs.audit.readers import UNKNOWN

_OURS: Final = "ours"
_STAND_IN: Final = "stand-in"


_BLANK: Final = ("* is ''", "* is ' '")
_DATES: Final = ("2020-02-30", "9999-12-31")


def _row(refused_by: Reader, code: str, path: str, source: str, reason: str, *changes: str) -> Explained:
    return Explained(
        refused_by=refused_by,
        code=code,
        path=path,
        source=source,
        reason=reason,
        changes=changes or ("*",),
    )


_BLANKS: Final = tuple(
    _row(
        _STAND_IN,
        code,
        path,
        "served: no word about blanks",
        "Cleaning leaves a text of blanks out, so that no payload has one.",
        *_BLANK,
    )
    for code, path in (
        ("note_body_or_document_path_not_found", "notes"),
        ("invalid_portfolio_number", "*.intermediary.portfolio_number"),
        ("incorrect_format_for_tax_year", "warm_home_discount.tax_year"),
        ("shape", "*.meter_serial_number"),
        ("customer_family_name_required", "customers.family_name"),
        ("invalid_postcode", "billing_address.postal_code"),
        ("billing_address_not_provided", "billing_*"),
    )
)
EDF: Final = (
    *_BLANKS,
    _row(
        _STAND_IN,
        "market_participant_not_found",
        "supply_addresses.meter_points.mpid",
        'served: mpid, "exists in Kraken"',
        "The generator arranges a participant that is gone: only Kraken knows those that there are.",
        AS_IT_IS,
    ),
    _row(
        _STAND_IN,
        "no_reading_on_removed_on",
        "supply_addresses.meter_points.meters.removed_on",
        'served: supply_addresses, "any exchanged meters provided"',
        "Ours asks for it of meters removed since the last bill; of those billed to their end the same "
        "sentence would ask for transfer readings, which `reading_meter_fully_billed` forbids.",
    ),
    _row(
        _STAND_IN,
        "historical_statement_transaction_after_current_statement_transaction",
        "*historical_statement_transactions",
        'served: EnergyAccount, "all current statement transactions"',
        "Ours passes over vends: they may lie before the statement opens, and so before its history.",
    ),
    _row(
        _STAND_IN,
        "payment_schedule_date_gaps",
        "payment_schedules",
        'served: payment_schedules, "no impact on payments going forward"',
        "Ours passes over the gap after a schedule that has ended.",
    ),
    _row(
        _STAND_IN,
        "registers_missing_for_active_electricity_meter",
        "supply_addresses.meter_points.meters.registers.tpr",
        'served: ElectricityMeterPoint, "registers_missing_for_active_electricity_meter"',
        "The sentence names all registers and its code active meters: ours passes over removed ones.",
    ),
    _row(
        _STAND_IN,
        "shape",
        "external_account_number",
        "served: EnergyAccount, `required: import_supplier`",
        "The stand-in finds accounts by it; every record of a wave has one.",
        "external_account_number is dropped",
        "external_account_number is ''",
        "external_account_number is what * is",
    ),
    _row(
        _OURS,
        "invalid_phone_number",
        "customers.[lm]*",
        'served: Customer.mobile, "the norms of the region"',
        "The norms stand nowhere: a date has as many digits as a number, and ours knows British numbers.",
        *(f"* is '{text}'" for text in (*_DATES, "12.345")),
        "* is what date_of_birth is",
    ),
    _row(
        _OURS,
        "shape",
        "notes.created_at",
        "served: Note.created_at, `format: date-time`",
        "Cleaning always writes a time; the stand-in takes a day alone too.",
        *(f"* is '{day}'" for day in _DATES),
    ),
    _row(
        _OURS,
        "transactions_target_non_initialised_prepay_meter",
        "*.to_prepay_meter_serial_number",
        "served: no word about blanks",
        "A meter whose serial number is blank is no longer the one that was meant; the stand-in refuses the "
        "blank itself.",
        *(f"*.meter_serial_number{change[1:]}" for change in _BLANK),
    ),
    _row(
        _STAND_IN,
        "meterpoint_with_agreement_not_on_supply",
        "supply_addresses.meter_points.agreements",
        'served: EnergyAccount, "and vice versa for the period covered by Kraken"',
        "Ours passes over an agreement with an end, as its term may outlast the supply.",
        "*.agreements.effective_to is *",
    ),
    _row(
        _OURS,
        UNKNOWN,
        "supply_addresses.meter_points.*",
        "served: no word about unknown fields",
        "Our models are closed, since Kraken drops what it does not know without a word: what belongs to the "
        "other fuel, in this case.",
        "* is another customer's",
        "*.supply_type is *",
    ),
)
"""At most twenty."""
