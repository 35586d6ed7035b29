"""Payloads of British accounts that break one rule on meters, readings and the days that are billed to."""

from __future__ import annotations

from typing import Final

from tests.unit.simulator.edf_account_cases import Case, Changes
from tests.unit.simulator.edf_supply_cases import (
    ELECTRICITY,
    GONE,
    OTHER_MPAN,
    A,
    M,
    N,
    P,
    history,
    reading,
    register,
    with_changes,
)
from tests.unit.simulator.examples import ABSENT

PREPAID: Final = {"credit_balance": "1", "debt_balance": "0", "transfer_vend_read_date": "2019-07-31"}
UNREAD: Final = {
    "transfer_readings": [],
    "reading_history": [history("2019-07-01"), history("2019-09-01") | {"billed": False}],
}
UNBILLED: Final[Changes] = {"last_billed_to_date": ABSENT}

METERS: Final[list[Case]] = [
    ("blank", {f"{M}meter_serial_number": " "}, {f"{M}meter_serial_number": "Z"}),
    (
        "smart_details_provided_for_non_smart_meter",
        {f"{M}smart_commissioned_on": "2019-01-01"},
        {f"{N}smart_commissioned_on": "2019-01-01"},
    ),
    (
        "future_smart_meter_commission_date",
        {f"{N}smart_commissioned_on": "2020-03-02"},
        {f"{N}smart_commissioned_on": "2020-03-01"},
    ),
    (
        "invalid_smart_device_id",
        {f"{N}smart_device_id": "01-23-45-67-89-AB-CD"},
        {f"{N}smart_device_id": "01-23-45-67-89-AB-CD-EF"},
    ),
    (
        "prepay_details_on_non_prepay_meter",
        {f"{N}is_prepay": False},
        {f"{N}is_prepay": False, f"{N}prepay_details": ABSENT},
    ),
    (
        "electricity_prepay_meter_without_customer_reference_number",
        {f"{M}is_prepay": True},
        {f"{M}is_prepay": True, f"{M}prepay_customer_reference_number": "12 34"},
    ),
    (
        "invalid_prepay_customer_reference_number",
        {f"{M}is_prepay": True, f"{M}prepay_customer_reference_number": " "},
        {f"{N}prepay_customer_reference_number": " "},
    ),
    (
        "invalid_prepay_customer_reference_number",
        {f"{M}is_prepay": True, f"{M}prepay_customer_reference_number": "12A"},
        {f"{N}prepay_customer_reference_number": "12A"},
    ),
    (
        "reading_without_register_id",
        {f"{M}transfer_readings.1": reading("2019-08-01", None)},
        {f"{N}transfer_readings": [reading("2019-08-01", None)]},
    ),
    (
        "reading_register_id_not_recognised",
        {f"{M}transfer_readings.1": reading("2019-08-01", "2")},
        {f"{M}transfer_readings.1": reading("2019-08-01", "X")},
    ),
    ("no_register_id_for_reading", {f"{M}reading_history.0": history("2019-06-20", None)}, {}),
    (
        "historical_reading_register_id_not_recognised",
        {f"{M}reading_history.0": history("2019-06-20", "2")},
        {f"{M}reading_history.0": history("2019-06-20", "X")},
    ),
    (
        "registers_have_duplicate_tprs",
        {f"{M}registers.1.tpr": "00001"},
        {
            f"{M}registers.0.tpr": "01201",
            f"{M}registers.1.tpr": "01201",
            f"{P}eac_history.0.tpr": "01201",
        },
    ),
    (
        "meter_with_duplicate_register_ids",
        {f"{M}registers.1": register("1", is_settlement=False)},
        {f"{M}registers.1": register("01", is_settlement=False)},
    ),
    (
        "registers_missing_for_active_electricity_meter",
        {f"{M}registers": []},
        {f"{M}registers.1.tpr": ABSENT},
    ),
    (
        "registers_missing_for_active_electricity_meter",
        {f"{M}registers.0.tpr": ABSENT},
        {f"{M}registers.0.tpr": ABSENT, f"{P}measurement_class": "C"},
    ),
    (
        "multiple_non_dmex_meters_with_serial_number",
        {f"{P}meters.1": {**GONE, "meter_serial_number": "Z16N389556"}},
        {f"{P}meters.1": {**GONE, "meter_serial_number": "Z16N389556"}, f"{M}installed_on": "2019-07-02"},
    ),
    (
        "active_gas_meter_without_transfer_reading",
        {f"{N}transfer_readings": []},
        {f"{N}transfer_readings": [reading("2019-08-01", None)]},
    ),
    (
        "active_gas_meter_with_multiple_transfer_readings",
        {f"{N}transfer_readings.1": reading("2019-08-01", None)},
        {},
    ),
    (
        "missing_transfer_reading_for_register",
        {f"{M}transfer_readings": []},
        {f"{M}transfer_readings": [], f"{M}registers.0.is_settlement": False},
    ),
    ("multiple_transfer_readings_for_register", {f"{M}transfer_readings.1": reading("2019-08-01")}, {}),
    (
        "missing_eacs_for_active_register_tpr",
        {f"{M}registers.0.tpr": "00002"},
        {f"{P}eac_history.1.tpr": "00002"},
    ),
    (
        "no_reading_on_removed_on",
        {f"{P}meters.1": {**GONE, "removed_on": "2019-06-30", "transfer_readings": [reading("2019-08-01")]}},
        {f"{P}meters.1": GONE},
    ),
    (
        "no_transfer_reading_on_exchanged_meter",
        {f"{P}meters.1": {**GONE, **UNREAD, "removed_on": "2019-09-01"}},
        {f"{P}meters.1": {**GONE, **UNREAD, "removed_on": "2019-07-01"}},
    ),
    ("invalid", {f"{N}prepay_details.debt_balance": "-0.01"}, {f"{N}prepay_details.debt_balance": "0.00"}),
    (
        "invalid",
        {f"{N}prepay_details.gas_debt_repayment_options.weekly_min": "-1"},
        {f"{N}prepay_details.credit_balance": "-1"},
    ),
    (
        "import_meter_not_found_for_export_meter",
        {f"{P}export_type": "IMPORT_EXPORT"},
        {
            f"{P}export_type": "IMPORT_EXPORT",
            f"{A}meter_points.2": with_changes(ELECTRICITY, identifier=OTHER_MPAN),
        },
    ),
]

ON_REGISTERS: Final[Changes] = {**UNBILLED, f"{N}last_billed_to_date": "2019-08-01"}

NEVER_BILLED: Final[Changes] = {
    **UNBILLED,
    "ledgers.0": {"last_statement_balance": "0", "ledger_balance": "0"},
    "transfer_balance": "0",
}
"""A statement balance of zero is what is assumed without one."""

BILLED: Final[list[Case]] = [
    (
        "transfer_reading_dates_must_match_last_billed_to_date",
        {f"{M}transfer_readings.0.reading_date": "2019-08-02"},
        {
            f"{M}transfer_readings.0.reading_date": "2019-08-02",
            f"{M}registers.0.last_billed_to_date": "2019-08-02",
        },
    ),
    (
        "transfer_vend_read_date_must_match_last_billed_to_date",
        {f"{N}prepay_details.transfer_vend_read_date": "2019-07-30"},
        {f"{N}prepay_details.transfer_vend_read_date": "2019-08-01"},
    ),
    (
        "transfer_vend_read_date_must_match_last_billed_to_date",
        {
            f"{M}is_prepay": True,
            f"{M}prepay_customer_reference_number": "1",
            f"{M}prepay_details": {**PREPAID, "transfer_vend_read_date": "2019-07-30"},
        },
        {
            f"{M}is_prepay": True,
            f"{M}prepay_customer_reference_number": "1",
            f"{M}prepay_details": PREPAID,
        },
    ),
    (
        "billed_reading_after_last_billed_to_date",
        {f"{M}reading_history.0": history("2019-08-02")},
        {f"{M}reading_history.0": history("2019-08-02") | {"billed": False}},
    ),
    (
        "last_billed_to_date_not_found",
        {**ON_REGISTERS, "smart_read_frequency": "MONTHLY"},
        {**ON_REGISTERS, f"{M}registers.0.last_billed_to_date": "2019-08-01", "smart_read_frequency": ""},
    ),
    (
        "last_billed_to_date_not_found",
        {**ON_REGISTERS, "smart_read_frequency": "MONTHLY"},
        {**NEVER_BILLED, "smart_read_frequency": "MONTHLY"},
    ),
    (
        "no_last_billed_to_date_on_exchanged_meter",
        {**UNBILLED, f"{P}meters.1": GONE},
        {f"{P}meters.1": GONE},
    ),
    (
        "last_billed_to_date_on_new_meter",
        {
            f"{P}meters.1": {
                **GONE,
                "registers": [register("1", "00001", last_billed_to_date="2019-07-01")],
            },
            f"{M}registers.0.last_billed_to_date": "2019-08-01",
        },
        {
            f"{P}meters.1": GONE,
            f"{M}registers.0.last_billed_to_date": "2019-08-01",
        },
    ),
    (
        "cannot_determine_responsible_for_billing_from_date",
        {
            **UNBILLED,
            "supply_addresses": [],
            "ledgers": ABSENT,
            "transfer_balance": "0.00",
        },
        {"supply_addresses": [], "ledgers": ABSENT, "transfer_balance": "0.00"},
    ),
]
