"""What rules must find about supply points and meters, each beside what is nearly the same and good.

Every case begins with the guide's payload: electricity with one settlement register, and prepaid gas, both
billed to 2019-08-01. The day is 2026-11-21.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tests.unit.transforms.rules.changes import Change, again, put

ADDRESS: Final = "supply_addresses.0"
ELEC: Final = f"{ADDRESS}.meter_points.0"
GAS: Final = f"{ADDRESS}.meter_points.1"
METER: Final = f"{ELEC}.meters.0"
GAS_METER: Final = f"{GAS}.meters.0"
ENDED: Final = "2019-08-01"
"""A last day of supply on which the guide's meters were read, and to which they are billed."""


class Case(NamedTuple):
    """A finding, the changes that must lead to it, and changes after which no error may be found."""

    code: str
    path: str
    broken: tuple[Change, ...]
    good: tuple[Change, ...]


def end(point: str, day: str = ENDED) -> tuple[Change, ...]:
    """The supply at a point ends, and its agreement with it."""
    return (put(f"{point}.supply_end_date", day), put(f"{point}.agreements.0.effective_to", "2019-08-02"))


def without(point: str, *names: str) -> tuple[Change, ...]:
    """A point that has nothing in these fields."""
    return tuple(put(f"{point}.{name}", None) for name in names)


def reading(day: str, **fields: Any) -> dict[str, Any]:
    """A reading of the settlement register."""
    return {
        "register_id": "1",
        "reading_date": day,
        "reading_value": "1000.00",
        "reading_type": "ROUTINE",
    } | fields


def exchanged(
    *, removed: str = "2019-09-01", installed: str = "2019-09-02", **fields: Any
) -> tuple[Change, ...]:
    """The electricity meter is replaced after the last bill: read, and with days as Kraken asks for."""
    new = {"installed_on": installed, "meter_serial_number": "NEW", "reading_history": []}
    new |= {"transfer_readings": [reading(installed, reading_value="0.00")]}
    return (
        again(f"{ELEC}.meters", **(new | fields)),
        put(f"{METER}.removed_on", removed),
        put(f"{METER}.registers.0.last_billed_to_date", "2019-08-01"),
        put(f"{METER}.reading_history.0", reading(removed, billed=False, reading_value="1200.00")),
    )


HALF_HOURLY: Final = put(f"{ELEC}.measurement_class", "E")
NO_ACCOUNT_DAY: Final = (
    put("last_billed_to_date", None),
    put(f"{GAS_METER}.last_billed_to_date", "2019-08-01"),
)
EXPORT: Final = (
    again(
        f"{ADDRESS}.meter_points",
        identifier="1200060176730",
        export_type="IMPORT_EXPORT",
    ),
)
LATER: Final = (
    put(f"{GAS_METER}.last_billed_to_date", "2019-09-01"),
    put(f"{GAS_METER}.transfer_readings.0.reading_date", "2019-09-01"),
    put(f"{GAS_METER}.prepay_details.transfer_vend_read_date", "2019-08-31"),
)
"""Gas is billed a month further than the account."""

CASES: Final[list[Case]] = [
    # The points of an account.
    Case(
        "no_supply_point_on_supply",
        "supply_addresses",
        (*end(ELEC), *end(GAS)),
        (*end(GAS), *without(GAS, "aq_history")),
    ),
    Case(
        "unbilled_former_supply_address",
        f"{ADDRESS}.customer_at_supply_address_to_date",
        (put(f"{ADDRESS}.customer_at_supply_address_to_date", "2019-09-01"),),
        (put(f"{ADDRESS}.customer_at_supply_address_to_date", "2019-08-02"),),
    ),
    Case(
        "import_meter_not_found_for_export_meter",
        f"{METER}.meter_serial_number",
        (put(f"{ELEC}.export_type", "IMPORT_EXPORT"),),
        EXPORT,
    ),
    Case(
        "import_meter_not_found_for_export_meter",
        f"{METER}.meter_serial_number",
        (*EXPORT, put(f"{ELEC}.export_type", "IMPORT_EXPORT")),
        (put(f"{ELEC}.export_type", "EXPORT_ONLY"),),
    ),
    Case(
        "duplicate_meter_points_provided",
        f"{ADDRESS}.meter_points.2.identifier",
        (again(f"{ADDRESS}.meter_points"),),
        (again(f"{ADDRESS}.meter_points", identifier="1200060176730"),),
    ),
    # One point.
    Case(
        "invalid_supply_point_identifier",
        f"{ELEC}.identifier",
        (put(f"{ELEC}.identifier", "1200060176721"),),
        (put(f"{ELEC}.identifier", "1200060176730"),),
    ),
    Case(
        "invalid_supply_point_identifier",
        f"{GAS}.identifier",
        (put(f"{GAS}.identifier", "93538"),),
        (put(f"{GAS}.identifier", "9353824108"),),
    ),
    Case(
        "mprn_check_digits",
        f"{GAS}.identifier",
        (put(f"{GAS}.identifier", "9353824108"),),
        (put(f"{GAS}.identifier", "9353824108"),),
    ),
    Case(
        "erroneous_transfer_not_in_progress",
        f"{ELEC}.et_in_progress",
        (put(f"{ELEC}.et_in_progress", True),),
        without(ELEC, "et_in_progress"),
    ),
    Case(
        "disputed_read_in_progress",
        f"{GAS}.dr_in_progress",
        (put(f"{GAS}.dr_in_progress", True),),
        without(GAS, "dr_in_progress"),
    ),
    Case(
        "future_supply_start_date",
        f"{ELEC}.supply_start_date",
        (put(f"{ELEC}.supply_start_date", "2026-11-22"),),
        (put(f"{ELEC}.supply_start_date", "2019-07-31"),),
    ),
    Case(
        "no_reading_on_supply_end_date",
        f"{GAS}.meters",
        end(GAS, "2019-07-31"),
        (*end(GAS), *without(GAS, "meters")),
    ),
    Case("meter_point_with_no_meters", f"{ELEC}.meters", (put(f"{ELEC}.meters", []),), end(GAS)),
    Case(
        "meter_point_with_no_meters",
        f"{ELEC}.meters",
        (put(f"{METER}.removed_on", "2019-08-01"),),
        (*without(ELEC, "meters", "eac_history"), put(f"{ELEC}.measurement_class", "B")),
    ),
    Case(
        "loss_in_progress",
        f"{GAS}.supply_end_date",
        (put(f"{GAS}.supply_end_date", "2026-11-22"),),
        end(GAS),
    ),
    Case(
        "start_date_later_than_end_date",
        f"{GAS}.supply_end_date",
        (put(f"{GAS}.supply_end_date", "2019-04-09"),),
        end(GAS),
    ),
    Case(
        "multiple_non_dmex_meters_with_serial_number",
        f"{ELEC}.meters.1.meter_serial_number",
        exchanged(installed="2019-09-03", meter_serial_number="Z16N389556"),
        exchanged(meter_serial_number="Z16N389556"),
    ),
    Case(
        "multiple_non_dmex_meters_with_serial_number",
        f"{ELEC}.meters.1.meter_serial_number",
        (again(f"{ELEC}.meters"),),
        (again(f"{ELEC}.meters", meter_serial_number="OTHER"),),
    ),
    Case(
        "smart_refusal_reason_given_for_interest",
        f"{ELEC}.smart_refusal_interest.refusal_reason",
        (put(f"{ELEC}.smart_refusal_interest.type", "INTERESTED"),),
        (
            put(f"{ELEC}.smart_refusal_interest.type", "INTERESTED"),
            put(f"{ELEC}.smart_refusal_interest.refusal_reason", None),
        ),
    ),
    # Its agreements.
    Case(
        "start_date_later_than_end_date",
        f"{ELEC}.agreements.0.effective_to",
        (put(f"{ELEC}.agreements.0.effective_to", "2019-07-31"),),
        (put(f"{ELEC}.agreements.0.effective_to", "2027-07-31"),),
    ),
    Case(
        "gaps_or_overlaps_in_agreement_dates",
        f"{ELEC}.agreements",
        (again(f"{ELEC}.agreements", effective_from="2020-01-01"),),
        (again(f"{ELEC}.agreements", effective_from="2017-01-01", effective_to="2018-01-01"),),
    ),
    Case(
        "invalid_portfolio_number",
        f"{ELEC}.agreements.0.intermediary.portfolio_number",
        (put(f"{ELEC}.agreements.0.intermediary", {"portfolio_number": "P-1234abcd"}),),
        (put(f"{ELEC}.agreements.0.intermediary", {"portfolio_number": "P-1234ABCD", "external_id": "7"}),),
    ),
    Case(
        "agreement_start_date_before_supply_start_date",
        f"{ELEC}.agreements.0.effective_from",
        (put(f"{ELEC}.agreements.0.effective_from", "2018-12-31"),),
        (put(f"{ELEC}.agreements.0.effective_from", "2019-01-01"),),
    ),
    Case(
        "meter_point_with_no_agreement",
        f"{ELEC}.agreements",
        without(ELEC, "agreements"),
        (*end(GAS), *without(GAS, "agreements")),
    ),
    Case(
        "meterpoint_with_agreement_not_on_supply",
        f"{GAS}.agreements.0.effective_to",
        (put(f"{GAS}.supply_end_date", ENDED),),
        end(GAS),
    ),
    Case(
        "no_agreement_covering_last_billed_to_date",
        f"{ELEC}.agreements",
        (put(f"{ELEC}.agreements.0.effective_from", "2019-08-02"),),
        (*LATER, put(f"{GAS}.agreements.0.effective_from", "2019-09-01")),
    ),
    # Meters and registers.
    Case(
        "registers_missing_for_active_electricity_meter",
        f"{METER}.registers",
        (put(f"{METER}.registers", []),),
        (
            again(f"{ELEC}.meters", removed_on="2018-01-01", meter_serial_number="OLD", reading_history=[]),
            put(f"{ELEC}.meters.1.registers", None),
            put(f"{ELEC}.meters.1.transfer_readings", None),
        ),
    ),
    Case(
        "registers_missing_for_active_electricity_meter",
        f"{METER}.registers.0.tpr",
        (put(f"{METER}.registers.0.tpr", None),),
        (HALF_HOURLY, put(f"{METER}.registers.0.tpr", None), *without(ELEC, "eac_history")),
    ),
    Case(
        "meter_with_duplicate_register_ids",
        f"{METER}.registers.1.register_id",
        (put(f"{METER}.registers.1.register_id", "1"),),
        (put(f"{METER}.registers.1.register_id", "01"),),
    ),
    Case(
        "registers_have_duplicate_tprs",
        f"{METER}.registers.1.tpr",
        (put(f"{METER}.registers.1.tpr", "00001"),),
        (
            put(f"{METER}.registers.0.tpr", "01229"),
            put(f"{METER}.registers.1.tpr", "01229"),
            put(f"{ELEC}.eac_history.0.tpr", "01229"),
        ),
    ),
    Case(
        "electricity_prepay_meter_without_customer_reference_number",
        f"{METER}.prepay_customer_reference_number",
        (put(f"{METER}.is_prepay", True),),
        (put(f"{METER}.is_prepay", True), put(f"{METER}.prepay_customer_reference_number", "0012 34")),
    ),
    Case(
        "invalid_prepay_customer_reference_number",
        f"{METER}.prepay_customer_reference_number",
        (put(f"{METER}.is_prepay", True), put(f"{METER}.prepay_customer_reference_number", "A123")),
        (put(f"{GAS_METER}.prepay_customer_reference_number", "A123"),),
    ),
    Case(
        "prepay_details_on_non_prepay_meter",
        f"{GAS_METER}.prepay_details",
        (put(f"{GAS_METER}.is_prepay", False),),
        (put(f"{GAS_METER}.is_prepay", False), put(f"{GAS_METER}.prepay_details", None)),
    ),
    # Readings.
    Case(
        "reading_without_register_id",
        f"{METER}.transfer_readings.0.register_id",
        (put(f"{METER}.transfer_readings.0.register_id", None),),
        (put(f"{GAS_METER}.transfer_readings.0.register_id", "1"),),
    ),
    Case(
        "reading_register_id_not_recognised",
        f"{METER}.transfer_readings.0.register_id",
        (put(f"{METER}.transfer_readings.0.register_id", "7"),),
        (put(f"{GAS_METER}.transfer_readings.0.register_id", "7"),),
    ),
    Case(
        "no_register_id_for_reading",
        f"{METER}.reading_history.0.register_id",
        (put(f"{METER}.reading_history.0.register_id", None),),
        (put(f"{METER}.reading_history.0.register_id", "X"),),
    ),
    Case(
        "historical_reading_register_id_not_recognised",
        f"{METER}.reading_history.1.register_id",
        (put(f"{METER}.reading_history.1.register_id", "7"),),
        (put(f"{METER}.reading_history.1.register_id", "X"),),
    ),
    Case(
        "negative_reading",
        f"{METER}.reading_history.0.reading_value",
        (put(f"{METER}.reading_history.0.reading_value", "-980"),),
        (put(f"{METER}.reading_history.0.reading_value", "-980"),),
    ),
    Case(
        "negative_reading",
        f"{METER}.transfer_readings.0.reading_value",
        (put(f"{METER}.transfer_readings.0.reading_value", "-1.5"),),
        (put(f"{METER}.transfer_readings.0.reading_value", "-1.5"),),
    ),
    Case(
        "future_reading",
        f"{METER}.reading_history.0.reading_date",
        (put(f"{METER}.reading_history.0.reading_date", "2026-11-22"),),
        (put(f"{METER}.reading_history.0.reading_date", "2018-11-22"),),
    ),
    Case(
        "future_reading",
        f"{GAS_METER}.transfer_readings.0.reading_date",
        (put(f"{GAS_METER}.transfer_readings.0.reading_date", "2026-11-22"),),
        (),
    ),
    Case(
        "reading_exceeds_register",
        f"{METER}.transfer_readings.0.reading_value",
        (put(f"{METER}.transfer_readings.0.reading_value", "100000.00"),),
        (put(f"{METER}.transfer_readings.0.reading_value", "100000.00"),),
    ),
    Case(
        "reading_exceeds_register",
        f"{METER}.reading_history.0.reading_value",
        (put(f"{METER}.reading_history.0.reading_value", "123456"),),
        (put(f"{METER}.reading_history.0.reading_value", "12345"),),
    ),
    Case(
        "reading_below_previous",
        f"{METER}.transfer_readings.0.reading_value",
        (put(f"{METER}.transfer_readings.0.reading_value", "12.00"),),
        (put(f"{METER}.transfer_readings.0.reading_value", "980.00"),),
    ),
    # Consumption.
    Case(
        "repeated_eac_for_tpr",
        f"{ELEC}.eac_history.2",
        (again(f"{ELEC}.eac_history"),),
        (again(f"{ELEC}.eac_history", effective_from="2018-10-01"),),
    ),
    Case(
        "missing_eacs_for_active_register_tpr",
        f"{METER}.registers.0.tpr",
        without(ELEC, "eac_history"),
        (HALF_HOURLY, *without(ELEC, "eac_history")),
    ),
    Case(
        "missing_eacs_for_active_register_tpr",
        f"{METER}.registers.0.tpr",
        (put(f"{METER}.registers.0.tpr", "00206"),),
        (
            again(f"{ELEC}.meters", removed_on="2018-01-01", meter_serial_number="OLD", reading_history=[]),
            put(f"{ELEC}.meters.1.registers.0.tpr", "00206"),
            put(f"{ELEC}.meters.1.transfer_readings", None),
        ),
    ),
    Case(
        "missing_eacs_for_active_register_tpr",
        f"{METER}.registers.0.tpr",
        without(ELEC, "eac_history"),
        (put(f"{ELEC}.profile_class", 0), *without(ELEC, "eac_history")),
    ),
    Case(
        "multiple_open_ended_aqs_in_meterpoint_aq_history",
        f"{GAS}.aq_history",
        (put(f"{GAS}.aq_history.2.effective_to", None),),
        (put(f"{GAS}.aq_history.0.effective_to", "2027-12-31"),),
    ),
    Case(
        "gaps_or_overlaps_in_aq_history",
        f"{GAS}.aq_history",
        (put(f"{GAS}.aq_history.1.effective_to", "2018-12-30"),),
        (put(f"{GAS}.aq_history.2", None),),
    ),
    Case(
        "gaps_or_overlaps_in_aq_history",
        f"{GAS}.aq_history",
        (
            put(f"{GAS}.aq_history.1.effective_to", None),
            put(f"{GAS}.aq_history.0.effective_to", "2027-01-01"),
        ),
        (put(f"{GAS}.aq_history.0.effective_to", "2027-01-01"),),
    ),
    Case(
        "start_date_later_than_end_date",
        f"{GAS}.aq_history.0.effective_to",
        (put(f"{GAS}.aq_history.0.effective_to", "2018-12-31"),),
        (put(f"{GAS}.aq_history.0.effective_to", "2026-11-21"),),
    ),
    Case(
        "no_current_or_future_aq_entry_found",
        f"{GAS}.aq_history",
        (put(f"{GAS}.aq_history.0.effective_to", "2026-11-20"),),
        (*end(GAS), put(f"{GAS}.aq_history.0.effective_to", "2026-11-20")),
    ),
    Case(
        "no_current_or_future_aq_entry_found",
        f"{GAS}.aq_history",
        without(GAS, "aq_history"),
        (*end(GAS), *without(GAS, "aq_history")),
    ),
    # The day to which a meter is billed.
    Case(
        "transfer_reading_dates_must_match_last_billed_to_date",
        f"{METER}.transfer_readings.0.reading_date",
        (put(f"{METER}.transfer_readings.0.reading_date", "2019-07-31"),),
        LATER,
    ),
    Case(
        "transfer_reading_dates_must_match_last_billed_to_date",
        f"{METER}.transfer_readings.0.reading_date",
        (put(f"{METER}.registers.0.last_billed_to_date", "2019-08-15"),),
        (
            put(f"{METER}.registers.0.last_billed_to_date", "2019-08-15"),
            put(f"{METER}.transfer_readings.0.reading_date", "2019-08-15"),
        ),
    ),
    Case(
        "transfer_reading_dates_must_match_last_billed_to_date",
        f"{GAS_METER}.transfer_readings.0.reading_date",
        (put(f"{GAS}.last_billed_to_date", "2019-09-01"),),
        (put(f"{GAS}.last_billed_to_date", "2019-09-01"), *LATER[1:]),
    ),
    Case(
        "transfer_vend_read_date_must_match_last_billed_to_date",
        f"{GAS_METER}.prepay_details.transfer_vend_read_date",
        (put(f"{GAS_METER}.prepay_details.transfer_vend_read_date", "2019-07-30"),),
        (
            put(f"{METER}.is_prepay", True),
            put(f"{METER}.prepay_customer_reference_number", "12"),
            put(
                f"{METER}.prepay_details",
                {"debt_balance": "1.00", "credit_balance": "0.00", "transfer_vend_read_date": "2019-07-31"},
            ),
        ),
    ),
    Case(
        "vend_read_on_last_billed_to_date",
        f"{GAS_METER}.prepay_details.transfer_vend_read_date",
        (put(f"{GAS_METER}.prepay_details.transfer_vend_read_date", "2019-08-01"),),
        (put(f"{GAS_METER}.prepay_details.transfer_vend_read_date", "2019-08-01"),),
    ),
    Case(
        "billed_reading_after_last_billed_to_date",
        f"{METER}.reading_history.0.reading_date",
        (put(f"{METER}.reading_history.0.reading_date", "2019-08-02"),),
        (
            put(f"{METER}.reading_history.0.reading_date", "2019-08-02"),
            put(f"{METER}.reading_history.0.billed", False),
        ),
    ),
    Case(
        "last_billed_to_date_not_found",
        f"{METER}.registers.0.last_billed_to_date",
        NO_ACCOUNT_DAY,
        (*NO_ACCOUNT_DAY, put(f"{METER}.registers.0.last_billed_to_date", "2019-08-01")),
    ),
    Case(
        "last_billed_to_date_not_found",
        f"{GAS_METER}.last_billed_to_date",
        (put("last_billed_to_date", None), put(f"{ELEC}.last_billed_to_date", "2019-08-01")),
        (put("last_billed_to_date", None), put("ledgers", None)),
    ),
    Case(
        "missing_transfer_reading_for_register",
        f"{METER}.transfer_readings",
        (put(f"{METER}.transfer_readings", []),),
        (put(f"{METER}.transfer_readings", []), put(f"{METER}.registers.0.is_settlement", False)),
    ),
    Case(
        "multiple_transfer_readings_for_register",
        f"{METER}.transfer_readings",
        (again(f"{METER}.transfer_readings"),),
        (again(f"{METER}.transfer_readings", register_id="X"),),
    ),
    Case(
        "active_gas_meter_without_transfer_reading",
        f"{GAS_METER}.transfer_readings",
        (put(f"{GAS_METER}.transfer_readings", []),),
        (
            again(f"{GAS}.meters", removed_on="2018-01-01", meter_serial_number="OLD"),
            put(f"{GAS}.meters.1.transfer_readings", None),
            put(f"{GAS}.meters.1.prepay_details", None),
        ),
    ),
    Case(
        "active_gas_meter_with_multiple_transfer_readings",
        f"{GAS_METER}.transfer_readings",
        (again(f"{GAS_METER}.transfer_readings"),),
        (again(f"{GAS}.meters", meter_serial_number="SECOND"),),
    ),
    # Exchanges of meters since the last bill.
    Case(
        "no_reading_on_removed_on",
        f"{METER}.removed_on",
        (*exchanged(), put(f"{METER}.reading_history.0.reading_date", "2019-08-31")),
        exchanged(),
    ),
    Case(
        "no_transfer_reading_on_exchanged_meter",
        f"{METER}.transfer_readings",
        (*exchanged(), put(f"{METER}.transfer_readings", None)),
        (
            *exchanged(removed="2019-06-20", installed="2019-06-20"),
            put(f"{METER}.transfer_readings", None),
            put(f"{METER}.registers.0.last_billed_to_date", None),
            put(f"{ELEC}.meters.1.transfer_readings.0.reading_date", "2019-08-01"),
        ),
    ),
    Case(
        "no_last_billed_to_date_on_exchanged_meter",
        f"{ELEC}.meters.0",
        (*exchanged(), put(f"{METER}.registers.0.last_billed_to_date", None)),
        exchanged(),
    ),
    Case(
        "reading_meter_fully_billed",
        f"{GAS}.meters.1.transfer_readings",
        (again(f"{GAS}.meters", removed_on="2019-07-31", meter_serial_number="OLD"),),
        (
            again(f"{GAS}.meters", removed_on="2019-07-31", meter_serial_number="OLD"),
            *without(f"{GAS}.meters.1", "transfer_readings", "prepay_details"),
        ),
    ),
    Case(
        "prepay_details_on_fully_billed_meter",
        f"{GAS}.meters.1.prepay_details",
        (again(f"{GAS}.meters", removed_on="2019-07-31", meter_serial_number="OLD"),),
        (
            again(f"{GAS}.meters", removed_on="2019-07-31", meter_serial_number="OLD"),
            *without(f"{GAS}.meters.1", "transfer_readings", "prepay_details", "is_prepay"),
        ),
    ),
    Case(
        "last_billed_to_date_on_new_meter",
        f"{ELEC}.meters.1",
        (*exchanged(), put(f"{ELEC}.meters.1.registers.0.last_billed_to_date", "2019-09-02")),
        exchanged(),
    ),
]
