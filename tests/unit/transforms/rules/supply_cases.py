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
    # What is read by half hours may be billed by them too, and then has no such day.
    put("smart_read_frequency", "MONTHLY"),
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
]
