"""What rules must find about meters, readings, consumption and days of billing, each beside what is good."""

from __future__ import annotations

from typing import Final

from tests.unit.transforms.rules.changes import again, put
from tests.unit.transforms.rules.edf_money import on_the_account
from tests.unit.transforms.rules.supply_cases import (
    ELEC,
    GAS,
    GAS_METER,
    HALF_HOURLY,
    LATER,
    METER,
    NO_ACCOUNT_DAY,
    Case,
    end,
    exchanged,
    without,
)

CASES: Final[list[Case]] = [
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
        "electricity_prepay_meter_without_customer_reference_number",
        f"{METER}.prepay_customer_reference_number",
        (put(f"{METER}.is_prepay", True), put(f"{ELEC}.agents", {})),
        (put(f"{METER}.is_prepay", True), put(f"{ELEC}.agents", {"dc_contract": {"agent_mpid": "AGNT"}})),
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
        "historical_reading_register_id_not_recognised",
        f"{ELEC}.meters.1.reading_history.0.register_id",
        (
            again(f"{ELEC}.meters", removed_on="2018-11-01", meter_serial_number="OLD", transfer_readings=[]),
            put(f"{ELEC}.meters.1.registers", [{"register_id": "7", "number_of_digits": 5}]),
        ),
        (
            again(f"{ELEC}.meters", removed_on="2018-11-01", meter_serial_number="OLD", transfer_readings=[]),
            put(f"{ELEC}.meters.1.registers", None),
        ),
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
        (*NO_ACCOUNT_DAY[:2], put(f"{ELEC}.last_billed_to_date", "2019-08-01")),
        (*NO_ACCOUNT_DAY[:2], put("ledgers", None), put("transfer_balance", "0.00")),
    ),
    Case(
        "last_billed_to_date_not_found",
        f"{METER}.registers.0.last_billed_to_date",
        NO_ACCOUNT_DAY,
        (*NO_ACCOUNT_DAY, put("smart_read_frequency", "HALF_HOURLY")),
    ),
    Case(
        "last_billed_to_date_not_found",
        f"{METER}.registers.0.last_billed_to_date",
        (*NO_ACCOUNT_DAY, on_the_account),
        (on_the_account,),
    ),
    Case(
        "agreement_start_date_before_supply_start_date",
        f"{ELEC}.agreements.0.effective_from",
        (put(f"{ELEC}.supply_start_date", "9999-12-31"),),
        (),
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
