"""Differences of EDF accounts that are meant, by the place and the words of a source."""

from __future__ import annotations

from typing import Final

from proofs.audit.differences import Explained, Reader
from proofs.audit.readers import UNKNOWN

_OURS: Final = "ours"
_STAND_IN: Final = "stand-in"


def _row(refused_by: Reader, code: str, path: str, source: str, reason: str) -> Explained:
    return Explained(refused_by=refused_by, code=code, path=path, source=source, reason=reason)


_BLANKS: Final = tuple(
    _row(
        _STAND_IN,
        code,
        path,
        "served: no word about blanks",
        "Cleaning leaves a text of blanks out, so that no payload has one.",
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
    ),
    _row(
        _OURS,
        "invalid_phone_number",
        "customers.*",
        'served: Customer.mobile, "the norms of the region"',
        "The norms stand nowhere: a date has as many digits as a number, and ours knows British numbers.",
    ),
    _row(
        _OURS,
        "shape",
        "notes.created_at",
        "served: Note.created_at, `format: date-time`",
        "Cleaning always writes a time; the stand-in takes a day alone too.",
    ),
    _row(
        _OURS,
        "shape",
        "billing_address.country",
        'served: Address.country, "ISO 3166-1-alpha-2"',
        "Ours asks for two capital letters; the stand-in knows only the greatest length.",
    ),
    _row(
        _OURS,
        UNKNOWN,
        "supply_addresses.meter_points.*",
        "served: no word about unknown fields",
        "Our models are closed, since Kraken drops what it does not know without a word.",
    ),
)
"""At most twenty."""
