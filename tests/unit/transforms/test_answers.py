"""Kraken's sentences and paths become the codes that our own rules use; what no table knows is counted."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.samples import TODAY
from transforms.answers import Answers, named
from transforms.findings import Finding
from transforms.registry import dialect_names, get_dialect
from transforms.rules.engine import Circumstances


def said(detail: str, path: str = "customers.0.landline", code: str = "invalid") -> Finding:
    return Finding(code=code, path=path, detail=detail, origin="kraken")


def name_of(finding: Finding, answers: Answers | None = None) -> tuple[str, bool]:
    (found,) = named(findings=[finding], answers=answers or Answers())
    assert (found.path, found.detail) == (finding.path, finding.detail)
    return found.code, found.is_named


SENTENCES = {
    "abcde is not a valid phone number": "invalid_phone_number",
    "123456789 is not a valid supply point identifier.": "invalid_supply_point_identifier",
    "This field is required.": "required",
    "This field may not be null.": "null",
    "This field may not be blank.": "blank",
    "This list may not be empty.": "empty",
    '"OIL" is not a valid choice.': "invalid_choice",
    "Ensure this field has no more than 255 characters.": "max_length",
    "Ensure this field has at least 3 characters.": "min_length",
    "Ensure this value is less than or equal to 28.": "max_value",
    "Ensure this value is greater than or equal to -0.5.": "min_value",
    "Ensure that there are no more than 10 digits in total.": "max_digits",
    "Ensure that there are no more than 2 decimal places.": "max_decimal_places",
    "Ensure that there are no more than 8 digits before the decimal point.": "max_whole_digits",
    'Expected a list of items but got type "str".': "not_a_list",
    "Expected a list of items.": "not_a_list",
    'Invalid pk "5" - object does not exist.': "does_not_exist",
    "Object with code=X does not exist.": "does_not_exist",
    "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.": "invalid_date",
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm.": "invalid_date",
    "Expected a date but got a datetime.": "invalid_date",
    "A valid number is required.": "invalid_value",
    "A valid integer is required.": "invalid_value",
    "Must be a valid boolean.": "invalid_value",
    "Not a valid string.": "invalid_value",
    "Invalid data. Expected a dictionary, but got str.": "invalid_value",
    "Enter a valid email address.": "invalid",
}


@pytest.mark.parametrize("detail", SENTENCES)
def test_a_sentence_that_every_kraken_says_has_a_code(detail: str) -> None:
    assert name_of(said(detail)) == (SENTENCES[detail], True)
    # Kraken's flat answers call it `invalid` as well, and nothing hangs on the path or on the case.
    assert name_of(said(detail.upper(), path="")) == (SENTENCES[detail], True)


@pytest.mark.parametrize(
    "detail",
    [
        "",
        ".",
        "The tariff is required for this field by the network.",
        "abcde is not a valid phone number of this country",
        "This field is required. Since 2020, that is, and only here",
        "Tariff X does not exist.",
    ],
)
def test_a_sentence_that_no_table_knows_stays_invalid_and_says_so(detail: str) -> None:
    assert name_of(said(detail)) == ("invalid", False)


def test_a_code_of_krakens_own_and_findings_of_ours_stay_as_they_are() -> None:
    own = said("This field is required.", code="missing_everything")
    ours = Finding(code="invalid", path="customers.0.email", detail="An email address must be one.")
    assert named(findings=[own, ours], answers=Answers()) == (own, ours)


def test_a_sentence_comes_before_the_path_and_the_dialects_own_before_the_shared_one() -> None:
    answers = Answers(
        sentences={"is required here": "needed_here", "This field is required": "needed"},
        paths={"customers.landline": "unreachable"},
    )
    assert name_of(said("A landline is required here."), answers) == ("needed_here", True)
    assert name_of(said("This field is required."), answers) == ("needed", True)
    assert name_of(said("This field may not be null."), answers) == ("null", True)
    assert name_of(said("It rings in vain."), answers) == ("unreachable", True)
    assert name_of(said("It rings in vain.", path="customers.0.mobile"), answers) == ("invalid", False)


@pytest.mark.parametrize("dialect", dialect_names())
def test_the_guides_own_refusal_has_the_code_of_a_rule_at_its_place(dialect: str) -> None:
    found = get_dialect(name=dialect)
    is_point = found.resource == "supply-points"
    refusal = (
        said("123456789 is not a valid supply point identifier.", path="supply_point.identifier")
        if is_point
        else said("abcde is not a valid phone number")
    )
    code, _ = name_of(refusal, found.answers)
    rules = found.rules(Circumstances(today=TODAY, region=found.market))
    codes = {rule.code for rule in rules if refusal.generic_path in rule.paths}
    assert code in codes or not codes


@pytest.mark.parametrize("dialect", dialect_names())
def test_where_a_rule_of_ours_looks_at_a_path_of_the_table_both_have_the_same_code(dialect: str) -> None:
    found = get_dialect(name=dialect)
    rules = found.rules(Circumstances(today=TODAY, region=found.market))
    ours = {
        path: {rule.code for rule in rules if rule.path == path and rule.severity == "error"}
        for path in found.answers.paths
    }
    differing = {path for path, codes in ours.items() if codes and found.answers.paths[path] not in codes}
    assert differing == set()


def test_two_hundred_refusals_of_the_longest_kind_are_named_in_no_time() -> None:
    findings = [said("Expected a dictionary " * 45 + "x") for _ in range(200)]
    answers = get_dialect(name="edf_accounts").answers
    named(findings=findings[:1], answers=answers)
    began = time.process_time()
    named(findings=findings, answers=answers)
    assert time.process_time() - began < 0.5


def test_the_index_of_a_finding_is_left_out_where_a_path_is_looked_up() -> None:
    answers = get_dialect(name="edf_accounts").answers
    path = "supply_addresses.1.meter_points.12.dr_in_progress"
    assert name_of(said("A disputed read is in progress", path=path), answers) == (
        "disputed_read_in_progress",
        True,
    )
    assert replace(said("x"), path=path).generic_path in answers.paths
