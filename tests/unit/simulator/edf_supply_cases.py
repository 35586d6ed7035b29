"""Payloads of British accounts that break one rule on addresses, meter points, meters and readings."""

from __future__ import annotations

import copy
from typing import Any, Final

from tests.unit.simulator.edf_account_cases import NO_CUSTOMERS, Case, Changes
from tests.unit.simulator.examples import EXAMPLES

A: Final = "supply_addresses.0."
P: Final = f"{A}meter_points.0."
G: Final = f"{A}meter_points.1."
M: Final = f"{P}meters.0."
N: Final = f"{G}meters.0."
BUSINESS: Final[Changes] = {"account_type": "BUSINESS"}
ADDRESS: Final[Changes] = EXAMPLES["edf_accounts"]["supply_addresses"][0]
ELECTRICITY: Final[Changes] = ADDRESS["meter_points"][0]
GAS: Final[Changes] = ADDRESS["meter_points"][1]
METER: Final[Changes] = ELECTRICITY["meters"][0]
OTHER_MPAN: Final = "2000000000006"
RATE: Final = {"standing_charge": "20.1", "registers": [{"register_id": "1", "unit_rate": "12.5"}]}
CHOSEN: Final = {"code": "gbr-gas.payment-method", "value": "PREPAYMENT"}


def with_changes(record: Changes, **changes: Any) -> Changes:
    return {**copy.deepcopy(record), **changes}


def _agreement(start: str, end: str | None = None) -> Changes:
    return {"tariff_code": "T", "effective_from": start, "effective_to": end}


def _aq(start: str, end: str | None = None) -> Changes:
    return {"effective_from": start, "effective_to": end, "consumption": "1"}


def _exempt(start: str, end: str | None = None) -> Changes:
    found = {"effective_from": start, "rate": "0.5"}
    return found | {"effective_to": end} if end else found


def _period(start: str, end: str | None = None) -> Changes:
    found = {"effective_from_date": start}
    return found | {"effective_to_date": end} if end else found


def reading(day: str, register: str | None = "1") -> Changes:
    found = {"reading_date": day, "reading_value": "1", "reading_type": "ROUTINE"}
    return found | {"register_id": register} if register else found


def history(day: str, register: str | None = "1") -> Changes:
    return reading(day, register) | {"billed": True}


def register(name: str, tpr: str | None = None, **more: Any) -> Changes:
    found = {"register_id": name, "number_of_digits": 5, **more}
    return found | {"tpr": tpr} if tpr else found


def _address(**changes: Any) -> Changes:
    """A second address, of a meter point of its own."""
    points = [with_changes(ELECTRICITY, identifier=OTHER_MPAN)]
    return with_changes(ADDRESS, supply_address1="125 Fake Street", meter_points=points, **changes)


GONE: Final = with_changes(
    METER,
    meter_serial_number="OLD",
    removed_on="2019-07-01",
    transfer_readings=[reading("2019-07-01")],
    reading_history=[],
)
"""A meter that was exchanged."""
ENDED: Final[Changes] = {
    f"{P}supply_end_date": "2019-12-01",
    f"{P}agreements": [_agreement("2019-08-01", "2019-12-01")],
    f"{M}reading_history.2": reading("2019-12-01") | {"billed": False},
}
"""The electricity is no longer on supply."""

POINTS: Final[list[Case]] = [
    ("invalid_supply_point_identifier", {f"{P}identifier": "1200060176721"}, {f"{P}identifier": OTHER_MPAN}),
    ("invalid_supply_point_identifier", {f"{G}identifier": "9353824108"}, {f"{G}identifier": "7654321003"}),
    ("market_participant_not_found", {f"{P}mpid": "GONE"}, {f"{P}mpid": "EDFE"}),
    ("erroneous_transfer_not_in_progress", {f"{P}et_in_progress": True}, {f"{P}et_in_progress": None}),
    ("disputed_read_in_progress", {f"{G}dr_in_progress": True}, {f"{G}dr_in_progress": False}),
    (
        "repeated_eac_for_tpr",
        {f"{P}eac_history.1.effective_from": "2019-10-01"},
        {f"{P}eac_history.1.effective_from": "2019-10-02"},
    ),
    (
        "duplicate_meter_points_provided",
        {f"{A}meter_points.2": with_changes(ELECTRICITY)},
        {f"{A}meter_points.2": with_changes(ELECTRICITY, identifier=OTHER_MPAN)},
    ),
    (
        "duplicate_meter_points_on_different_supply_addresses_provided",
        {"supply_addresses.1": with_changes(ADDRESS, supply_address1="2")},
        {"supply_addresses.1": _address()},
    ),
    (
        "duplicate_supply_addresses_found",
        {"supply_addresses.1": {**_address(), "supply_address1": "123 Fake Street"}},
        {"supply_addresses.1": {**_address(), "supply_address1": "123 Fake Street", "supply_address2": "B"}},
    ),
    (
        "duplicate_property_external_identifiers",
        {
            f"{A}property_external_identifier": "1",
            "supply_addresses.1": _address(property_external_identifier="1"),
        },
        {
            f"{A}property_external_identifier": "1",
            "supply_addresses.1": _address(property_external_identifier="2"),
        },
    ),
    (
        "occupier_account_with_multiple_supply_addresses",
        {**NO_CUSTOMERS, "supply_addresses.1": _address()},
        NO_CUSTOMERS,
    ),
    (
        "multiple_property_administrators",
        {f"{A}property_administrators.1": {"family_name": "B"}},
        {f"{A}property_administrators": []},
    ),
    (
        "smart_refusal_reason_given_for_interest",
        {f"{P}smart_refusal_interest.type": "INTERESTED"},
        {f"{P}smart_refusal_interest.type": "NOT_AT_THE_MOMENT"},
    ),
    (
        "agents_and_mpids_to_appoint_provided",
        {f"{P}agents": {"dc_contract": {}}, f"{P}dc_to_appoint": "A"},
        {f"{P}agents": {"dc_contract": {}}},
    ),
    ("start_date_later_than_end_date", {f"{P}agreements.0.effective_to": "2019-07-31"}, {}),
    (
        "start_date_same_as_end_date",
        {**BUSINESS, f"{P}ccl_exemptions": [_exempt("2019-01-01", "2019-01-01")]},
        {**BUSINESS, f"{P}ccl_exemptions": [_exempt("2019-01-01", "2019-01-02")]},
    ),
    (
        "multiple_open_ended_tax_exemptions",
        {**BUSINESS, f"{P}vat_exemptions": [_exempt("2019-01-01"), _exempt("2019-02-01")]},
        {**BUSINESS, f"{P}vat_exemptions": [_exempt("2019-01-01", "2019-02-01"), _exempt("2019-02-01")]},
    ),
    (
        "overlapping_effective_dates_for_tax_exemptions",
        {**BUSINESS, f"{P}vat_exemptions": [_exempt("2019-01-01", "2019-02-02"), _exempt("2019-02-01")]},
        {**BUSINESS, f"{P}vat_exemptions": [_exempt("2019-01-01", "2019-01-31"), _exempt("2019-02-01")]},
    ),
    (
        "gaps_or_overlaps_in_periods",
        {f"{P}configuration_periods": [_period("2019-01-01", "2019-02-01"), _period("2019-02-03")]},
        {f"{P}configuration_periods": [_period("2019-01-01", "2019-02-01"), _period("2019-02-02")]},
    ),
    (
        "zero_length_periods",
        {f"{P}configuration_periods": [_period("2019-01-01", "2019-01-01"), _period("2019-01-01")]},
        {f"{P}configuration_periods": [_period("2019-01-01", "2019-01-02"), _period("2019-01-02")]},
    ),
    (
        "configuration_period_starts_in_future",
        {f"{P}configuration_periods": [_period("2020-03-02")]},
        {f"{P}configuration_periods": [_period("2020-03-01")]},
    ),
    (
        "latest_configuration_period_not_open_ended",
        {f"{P}configuration_periods": [_period("2019-01-01", "2019-02-01")]},
        {f"{P}configuration_periods": []},
    ),
    (
        "multiple_open_ended_aqs_in_meterpoint_aq_history",
        {f"{G}aq_history.1.effective_to": None},
        {f"{G}aq_history": [_aq("2018-01-01")]},
    ),
    (
        "gaps_or_overlaps_in_aq_history",
        {f"{G}aq_history.1.effective_to": "2018-12-30"},
        {f"{G}aq_history": [_aq("2019-01-01"), _aq("2018-01-01", "2018-12-31")]},
    ),
    (
        "no_current_or_future_aq_entry_found",
        {f"{G}aq_history": [_aq("2018-01-01", "2020-02-29")]},
        {f"{G}aq_history": [_aq("2018-01-01", "2020-03-01")]},
    ),
    (
        "gaps_or_overlaps_in_agreement_dates",
        {f"{P}agreements": [_agreement("2019-02-01", "2019-03-01"), _agreement("2019-04-01")]},
        {f"{P}agreements": [_agreement("2017-02-01", "2019-01-01"), _agreement("2019-04-01")]},
    ),
    (
        "gaps_or_overlaps_in_agreement_dates",
        {f"{P}agreements": [_agreement("2019-02-01"), _agreement("2019-04-01")]},
        {f"{P}agreements": [_agreement("2019-02-01", "2019-04-01"), _agreement("2019-04-01")]},
    ),
    (
        "agreement_start_date_before_supply_start_date",
        {f"{P}agreements.0.effective_from": "2018-12-31"},
        {f"{P}agreements.0.effective_from": "2019-01-01"},
    ),
    (
        "no_agreement_covering_last_billed_to_date",
        {f"{P}agreements.0.effective_from": "2019-08-02"},
        {f"{P}agreements.0.effective_from": "2019-08-01"},
    ),
    ("meter_point_with_no_agreement", {f"{G}agreements": []}, {f"{G}agreements": [_agreement("2019-05-01")]}),
    (
        "meterpoint_with_agreement_not_on_supply",
        {**ENDED, f"{P}agreements": [_agreement("2019-08-01")]},
        ENDED,
    ),
    (
        "future_supply_start_date",
        {f"{G}supply_start_date": "2020-03-02", f"{G}agreements": [_agreement("2019-08-01", "2019-09-01")]},
        {f"{G}supply_start_date": "2019-08-01"},
    ),
    (
        "no_supply_point_on_supply",
        {f"{A}meter_points": [with_changes(ELECTRICITY)], **ENDED},
        ENDED,
    ),
    (
        "no_reading_on_supply_end_date",
        {**ENDED, f"{M}reading_history.2": reading("2019-11-30") | {"billed": False}},
        ENDED,
    ),
    (
        "meter_point_with_no_meters",
        {f"{P}meters": []},
        {f"{P}meters": [], f"{P}measurement_class": "B"},
    ),
    (
        "characteristic_code_not_found",
        {f"{G}agreements.0.characteristics": [{"code": "colour", "value": "green"}]},
        {f"{G}agreements.0.characteristics": [CHOSEN]},
    ),
    (
        "invalid_characteristic_value",
        {f"{G}agreements.0.characteristics": [{**CHOSEN, "value": "CASH"}]},
        {f"{G}agreements.0.characteristics": None},
    ),
    (
        "children_with_duplicate_values",
        {f"{G}agreements.0.characteristics": [CHOSEN, CHOSEN]},
        {f"{G}agreements.0.characteristics": [CHOSEN, {"code": "sales_channel", "value": "DIRECT"}]},
    ),
    (
        "duplicate_bespoke_rates",
        {**BUSINESS, f"{P}agreements.0.bespoke_tariff_rates": [RATE, RATE]},
        {**BUSINESS, f"{P}agreements.0.bespoke_tariff_rates": [RATE, {**RATE, "standing_charge": "20.2"}]},
    ),
    (
        "no_register_id_or_rate_type_provided_for_bespoke_elec_rate",
        {**BUSINESS, f"{P}agreements.0.bespoke_tariff_rates": [{**RATE, "registers": [{"unit_rate": "1"}]}]},
        {
            **BUSINESS,
            f"{P}agreements.0.bespoke_tariff_rates": [
                {**RATE, "registers": [{"unit_rate": "1", "rate_type": "PEAK"}]}
            ],
        },
    ),
]
