"""What EDF's rules say of supply points and meters: what is wrong is found, and what is nearly so passes."""

from __future__ import annotations

import copy
from time import process_time
from typing import Any

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules import meter_cases, supply_cases
from tests.unit.transforms.rules.changes import Change, put
from tests.unit.transforms.rules.supply_cases import ELEC, GAS, Case, end
from transforms.findings import Finding
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

CASES = [*supply_cases.CASES, *meter_cases.CASES]
EDF = get_dialect(name="edf_accounts")
RULES = EDF.rules(Circumstances(today=TODAY, region="GB"))
WARNINGS = {
    "future_reading",
    "mprn_check_digits",
    "negative_reading",
    "reading_below_previous",
    "reading_exceeds_register",
    "unbilled_former_supply_address",
    "vend_read_on_last_billed_to_date",
}
SHARED = {"duplicate_supply_point", "duplicate_meter_serial_number"}
each_case = pytest.mark.parametrize("case", CASES, ids=[f"{case.code}-{case.path}" for case in CASES])


def changed(*changes: Change) -> dict[str, Any]:
    document = copy.deepcopy(expected_payload(dialect=EDF))
    for change in changes:
        change(document)
    EDF.model.model_validate(document)
    return document


def found(*documents: dict[str, Any]) -> list[list[Finding]]:
    results = run_rules(rules=RULES, batch=Batch(documents))
    return [results.get(number, []) for number in range(len(documents))]


@each_case
def test_a_rule_finds_what_it_is_for(case: Case) -> None:
    (findings,) = found(changed(*case.broken))
    severities = {finding.severity for finding in findings if (finding.code, finding.path) == case[:2]}
    assert severities == ({"warning"} if case.code in WARNINGS else {"error"})


@each_case
def test_what_is_nearly_the_same_and_good_is_not_an_error(case: Case) -> None:
    (findings,) = found(changed(*case.good))
    assert [finding for finding in findings if finding.severity == "error"] == []


def test_only_what_the_document_states_about_supply_is_an_error() -> None:
    about = {case.code for case in CASES} | SHARED
    rules = [rule for rule in RULES if rule.code in about and rule.paths[0].startswith("supply_addresses")]
    # Kraken looks at former addresses only where its settings say so.
    unsure = {"unbilled_former_supply_address"}
    assert {rule.code for rule in rules if rule.source is None} == (WARNINGS | SHARED) - unsure
    assert {rule.code for rule in rules if rule.severity == "warning"} == WARNINGS | SHARED


@pytest.mark.parametrize(
    ("former", "expected"),
    [
        ((), SHARED),
        ((*end(ELEC), *end(GAS)), set()),
        (end(GAS), SHARED),
    ],
    ids=["both are supplied", "one has left", "one has left the gas"],
)
def test_two_customers_of_a_supply_point_are_warned_while_both_are_supplied(
    former: tuple[Change, ...], expected: set[str]
) -> None:
    one, other = found(
        changed(put("external_account_number", "FORMER"), *former),
        changed(put("external_account_number", "NEXT")),
    )
    for findings in (one, other):
        shared = [finding for finding in findings if finding.code in SHARED]
        assert {finding.code for finding in shared} == expected
        assert all(finding.severity == "warning" for finding in shared)
    if former == end(GAS):
        assert {finding.path for finding in other if finding.code == "duplicate_supply_point"} == {
            f"{ELEC}.identifier"
        }


@pytest.mark.parametrize("day", ["0000-01-01", "0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_compared_like_others(day: str) -> None:
    every = (
        "last_billed_to_date",
        f"{GAS}.supply_start_date",
        f"{GAS}.supply_end_date",
        f"{GAS}.last_billed_to_date",
        f"{GAS}.meters.0.removed_on",
        f"{GAS}.meters.0.last_billed_to_date",
        f"{GAS}.meters.0.prepay_details.transfer_vend_read_date",
        f"{GAS}.aq_history.1.effective_to",
        f"{ELEC}.meters.0.removed_on",
        f"{ELEC}.meters.0.registers.0.last_billed_to_date",
        "supply_addresses.0.customer_at_supply_address_to_date",
    )
    for place in every:
        assert found(changed(put(place, day))), place


def test_four_hundred_meters_of_one_customer_take_no_time() -> None:
    document = changed()
    points = document["supply_addresses"][0]["meter_points"]
    points[0]["meters"] = [
        copy.deepcopy(points[0]["meters"][0]) | {"meter_serial_number": f"M{number}"} for number in range(400)
    ]
    began = process_time()
    (findings,) = found(document)
    assert process_time() - began < 1
    assert [finding for finding in findings if finding.severity == "error"] == []
