"""Every rule of EDF's accounts finds what it is for, in the guide's payload with one thing changed."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules import edf_money
from tests.unit.transforms.rules.changes import Change, again, put
from tests.unit.transforms.rules.edf_money import CURRENT
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, UniqueRule, run_rules

EDF = get_dialect(name="edf_accounts")
RULES = EDF.rules(Circumstances(today=TODAY, region="GB"))

ELEC, GAS = "supply_addresses.0.meter_points.0", "supply_addresses.0.meter_points.1"
METER, GAS_METER = f"{ELEC}.meters.0", f"{GAS}.meters.0"

CASES: list[tuple[str, str, Change]] = [
    *edf_money.CASES,
    ("invalid_phone_number", "customers.0.mobile", put("customers.0.mobile", "07712 call me")),
    ("unusual_phone_number", "customers.0.landline", put("customers.0.landline", "+33612345678")),
    ("invalid", "customers.0.email", put("customers.0.email", "nobody")),
    ("possible_test_email_address", "customers.0.email", put("customers.0.email", "test@mail.example.com")),
    ("suspicious_encoding", "customers.0.family_name", put("customers.0.family_name", "MÃ¼ller")),
    (
        "implausible_date_of_birth",
        "customers.0.date_of_birth",
        put("customers.0.date_of_birth", "1889-01-11"),
    ),
    ("customer_family_name_required", "customers.0.family_name", put("customers.0.family_name", None)),
    ("customer_with_unknown_occupier", "customers", put("unknown_occupier", True)),
    ("invalid_postcode", "billing_postcode", put("billing_postcode", "W1F 9")),
    (
        "invalid_postcode",
        "supply_addresses.0.supply_postcode",
        put("supply_addresses.0.supply_postcode", "-"),
    ),
    ("duplicate_supply_addresses_found", "supply_addresses.1", again("supply_addresses")),
    (
        "duplicate_meter_points_on_different_supply_addresses_provided",
        "supply_addresses.1.meter_points.0.identifier",
        again("supply_addresses"),
    ),
    ("invalid_supply_point_identifier", f"{ELEC}.identifier", put(f"{ELEC}.identifier", "1200060176721")),
    ("invalid_supply_point_identifier", f"{GAS}.identifier", put(f"{GAS}.identifier", "9353824108")),
    ("erroneous_transfer_not_in_progress", f"{ELEC}.et_in_progress", put(f"{ELEC}.et_in_progress", True)),
    ("disputed_read_in_progress", f"{GAS}.dr_in_progress", put(f"{GAS}.dr_in_progress", True)),
    ("future_supply_start_date", f"{ELEC}.supply_start_date", put(f"{ELEC}.supply_start_date", "2026-11-22")),
    (
        "start_date_later_than_end_date",
        f"{ELEC}.agreements.0.effective_to",
        put(f"{ELEC}.agreements.0.effective_to", "2019-07-31"),
    ),
    (
        "gaps_or_overlaps_in_agreement_dates",
        f"{ELEC}.agreements",
        again(f"{ELEC}.agreements", effective_from="2020-01-01"),
    ),
    (
        "agreement_start_date_before_supply_start_date",
        f"{ELEC}.agreements.0.effective_from",
        put(f"{ELEC}.agreements.0.effective_from", "2018-12-31"),
    ),
    ("meter_point_with_no_agreement", f"{ELEC}.agreements", put(f"{ELEC}.agreements", None)),
    (
        "no_agreement_covering_last_billed_to_date",
        f"{ELEC}.agreements",
        put(f"{ELEC}.agreements.0.effective_from", "2019-08-02"),
    ),
    ("meter_point_with_no_meters", f"{ELEC}.meters", put(f"{ELEC}.meters", [])),
    ("registers_missing_for_active_electricity_meter", f"{METER}.registers", put(f"{METER}.registers", [])),
    (
        "electricity_prepay_meter_without_customer_reference_number",
        f"{METER}.prepay_customer_reference_number",
        put(f"{METER}.is_prepay", True),
    ),
    (
        "meter_with_duplicate_register_ids",
        f"{METER}.registers.1.register_id",
        put(f"{METER}.registers.1.register_id", "1"),
    ),
    ("registers_have_duplicate_tprs", f"{METER}.registers.1.tpr", put(f"{METER}.registers.1.tpr", "00001")),
    (
        "reading_without_register_id",
        f"{METER}.transfer_readings.0.register_id",
        put(f"{METER}.transfer_readings.0.register_id", None),
    ),
    (
        "reading_register_id_not_recognised",
        f"{METER}.transfer_readings.0.register_id",
        put(f"{METER}.transfer_readings.0.register_id", "7"),
    ),
    (
        "no_register_id_for_reading",
        f"{METER}.reading_history.0.register_id",
        put(f"{METER}.reading_history.0.register_id", None),
    ),
    (
        "historical_reading_register_id_not_recognised",
        f"{METER}.reading_history.1.register_id",
        put(f"{METER}.reading_history.1.register_id", "7"),
    ),
    (
        "min_value",
        f"{METER}.reading_history.0.reading_value",
        put(f"{METER}.reading_history.0.reading_value", "-980"),
    ),
    (
        "min_value",
        f"{METER}.transfer_readings.0.reading_value",
        put(f"{METER}.transfer_readings.0.reading_value", "-1.5"),
    ),
    (
        "future_reading",
        f"{METER}.reading_history.0.reading_date",
        put(f"{METER}.reading_history.0.reading_date", "2026-11-22"),
    ),
    (
        "future_reading",
        f"{GAS_METER}.transfer_readings.0.reading_date",
        put(f"{GAS_METER}.transfer_readings.0.reading_date", "2026-11-22"),
    ),
    (
        "reading_exceeds_register",
        f"{METER}.transfer_readings.0.reading_value",
        put(f"{METER}.transfer_readings.0.reading_value", "100000.00"),
    ),
    (
        "reading_exceeds_register",
        f"{METER}.reading_history.0.reading_value",
        put(f"{METER}.reading_history.0.reading_value", "123456"),
    ),
    (
        "reading_below_previous",
        f"{METER}.transfer_readings.0.reading_value",
        put(f"{METER}.transfer_readings.0.reading_value", "12.00"),
    ),
    (
        "prepay_details_on_non_prepay_meter",
        f"{GAS_METER}.prepay_details",
        put(f"{GAS_METER}.is_prepay", False),
    ),
    ("repeated_eac_for_tpr", f"{ELEC}.eac_history.2", again(f"{ELEC}.eac_history")),
    ("missing_eacs_for_active_register_tpr", f"{METER}.registers.0.tpr", put(f"{ELEC}.eac_history", [])),
    (
        "multiple_open_ended_aqs_in_meterpoint_aq_history",
        f"{GAS}.aq_history",
        put(f"{GAS}.aq_history.2.effective_to", None),
    ),
    (
        "gaps_or_overlaps_in_aq_history",
        f"{GAS}.aq_history",
        put(f"{GAS}.aq_history.1.effective_to", "2018-12-30"),
    ),
    (
        "no_current_or_future_aq_entry_found",
        f"{GAS}.aq_history",
        put(f"{GAS}.aq_history.0.effective_to", "2026-11-20"),
    ),
    (
        "transfer_reading_dates_must_match_last_billed_to_date",
        f"{METER}.transfer_readings.0.reading_date",
        put(f"{METER}.transfer_readings.0.reading_date", "2019-07-31"),
    ),
    (
        "transfer_vend_read_date_must_match_last_billed_to_date",
        f"{GAS_METER}.prepay_details.transfer_vend_read_date",
        put(f"{GAS_METER}.prepay_details.transfer_vend_read_date", "2019-07-30"),
    ),
    (
        "billed_reading_after_last_billed_to_date",
        f"{METER}.reading_history.0.reading_date",
        put(f"{METER}.reading_history.0.reading_date", "2019-08-02"),
    ),
    (
        "missing_transfer_reading_for_register",
        f"{METER}.transfer_readings",
        put(f"{METER}.transfer_readings", []),
    ),
    (
        "multiple_transfer_readings_for_register",
        f"{METER}.transfer_readings",
        again(f"{METER}.transfer_readings"),
    ),
    (
        "active_gas_meter_without_transfer_reading",
        f"{GAS_METER}.transfer_readings",
        put(f"{GAS_METER}.transfer_readings", []),
    ),
    (
        "active_gas_meter_with_multiple_transfer_readings",
        f"{GAS_METER}.transfer_readings",
        again(f"{GAS_METER}.transfer_readings"),
    ),
    (
        "last_payment_review_date_is_future_dated",
        "last_payment_review_date",
        put("last_payment_review_date", "2026-11-22"),
    ),
    ("invalid_day_of_month", "smart_read_cycle_day", put("smart_read_cycle_day", 0)),
    (
        "note_unpin_at_earlier_than_creation_date",
        "notes.0.unpin_at",
        put("notes.0.unpin_at", "2018-10-10T10:19:00+00:00"),
    ),
    (
        "note_body_or_document_path_not_found",
        "notes.1",
        lambda document: document["notes"].append({"created_at": "2018-10-10T10:20:00Z"}),
    ),
    ("metadata_has_duplicate_keys", "metadata.1.key", again("metadata")),
    ("duplicate_account_campaigns", "account_campaigns.1.slug", again("account_campaigns")),
]


def findings(*changes: Change) -> set[tuple[str, str]]:
    document = copy.deepcopy(expected_payload(dialect=EDF))
    for change in changes:
        change(document)
    EDF.model.model_validate(document)
    results = run_rules(rules=RULES, batch=Batch([document]))
    return {(finding.code, finding.path) for finding in results.get(0, ())}


def test_the_guides_payload_has_nothing_but_its_old_collections_date() -> None:
    assert findings() == {("date_in_past", "dunning_path.start_date")}


@pytest.mark.parametrize(("code", "path", "change"), CASES, ids=[f"{code}-{path}" for code, path, _ in CASES])
def test_a_rule_finds_what_it_is_for(code: str, path: str, change: Change) -> None:
    assert (code, path) in findings(change)


def test_every_rule_has_a_case() -> None:
    tried = {code for code, _, _ in CASES} | {"date_in_past"}
    assert {rule.code for rule in RULES if not isinstance(rule, UniqueRule)} == tried


@pytest.mark.parametrize(
    ("amount", "differ"),
    [
        ("0.01", "-9.99"),
        ("0.10", "-9.90"),
        ("1000000", "999990.00"),
        ("10.125", "0.125"),
        ("10.0000000001", "0.0000000001"),
        ("9999999999.9999999999", "9999999989.9999999999"),
    ],
)
def test_every_part_of_a_difference_is_named(amount: str, differ: str) -> None:
    document = expected_payload(dialect=EDF)
    document["ledgers"][0]["historical_statement_transactions"][0]["amount"] = amount
    (finding,) = (
        found
        for found in run_rules(rules=RULES, batch=Batch([document]))[0]
        if found.code == "historical_statement_transactions_balance_mismatch"
    )
    assert finding.detail.endswith(f"They differ by {differ}.")


def test_a_gap_before_the_supply_starts_is_allowed() -> None:
    before = {"tariff_code": "OLD", "effective_from": "2017-01-01", "effective_to": "2018-01-01"}
    found = findings(
        lambda document: document["supply_addresses"][0]["meter_points"][0]["agreements"].append(before)
    )
    assert found == {("date_in_past", "dunning_path.start_date")}


ALLOWED: list[tuple[str, tuple[Change, ...]]] = [
    *edf_money.ALLOWED,
    (
        "a removed meter needs neither registers nor transfer readings",
        (
            again(f"{ELEC}.meters", removed_on="2018-01-01", meter_serial_number="OLD", reading_history=[]),
            put(f"{ELEC}.meters.1.registers", None),
            put(f"{ELEC}.meters.1.transfer_readings", None),
            again(f"{GAS}.meters", removed_on="2018-01-01", meter_serial_number="OLDER"),
            put(f"{GAS}.meters.1.transfer_readings", None),
        ),
    ),
    (
        "a removed prepay meter needs no customer reference",
        (put(f"{METER}.is_prepay", True), put(f"{METER}.removed_on", "2019-08-01")),
    ),
    ("an account without a supply", (put("supply_addresses", None),)),
    ("an account never billed", (put("last_billed_to_date", None),)),
    (
        "an account with one address in place of lines",
        (put("billing_address1", None), put("billing_postcode", None)),
    ),
    (
        "a supply charge lowers the balance",
        (
            put(f"{CURRENT}.0.type", "SUPPLY_CHARGE"),
            put(f"{CURRENT}.0.reason", None),
            put(f"{CURRENT}.0.product_code", "ELEC-1234-J"),
            put(f"{CURRENT}.0.line_items", []),
        ),
    ),
]


@pytest.mark.parametrize(("what", "changes"), ALLOWED, ids=[what for what, _ in ALLOWED])
def test_what_kraken_allows_is_no_fault(what: str, changes: tuple[Change, ...]) -> None:
    assert findings(*changes) == {("date_in_past", "dunning_path.start_date")}


def test_what_is_in_the_future_depends_on_the_day() -> None:
    document = expected_payload(dialect=EDF)
    early = EDF.rules(Circumstances(today=date(2019, 7, 30), region="GB"))
    found = {finding.code for finding in run_rules(rules=early, batch=Batch([document]))[0]}
    assert {"future_reading", "historical_statement_period_end_in_future"} <= found
