"""Each rule on a British account: an example that breaks it alone, and one that nearly does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kraken_import.simulator.rules import FORMS, judge
from tests.unit.simulator import edf_account_cases as accounts
from tests.unit.simulator import edf_meter_cases as meters
from tests.unit.simulator import edf_money_cases as money
from tests.unit.simulator import edf_payment_cases as payments
from tests.unit.simulator import edf_supply_cases as supply
from tests.unit.simulator.edf_account_cases import Changes
from tests.unit.simulator.examples import TODAY, changed, objections

CASES = (
    *accounts.ACCOUNT,
    *accounts.PEOPLE,
    *supply.POINTS,
    *meters.METERS,
    *meters.BILLED,
    *money.BALANCES,
    *payments.PAYMENTS,
)
TAKEN = {"reference_already_exists", "cais_reference_already_in_use_on_another_account"}


@pytest.mark.parametrize(
    ("code", "broken", "near"), CASES, ids=[f"{place}-{case[0]}" for place, case in enumerate(CASES)]
)
def test_a_payload_that_breaks_one_rule_is_refused_for_it_alone(
    code: str, broken: Changes, near: Changes
) -> None:
    found = {objection.code for objection in objections("edf_accounts", broken)}

    assert found == {code}
    assert objections("edf_accounts", near) == ()


@pytest.mark.parametrize(("codes", "broken"), accounts.TWO_CODES)
def test_a_payload_may_break_two_rules_at_once(codes: tuple[str, ...], broken: Changes) -> None:
    assert {objection.code for objection in objections("edf_accounts", broken)} == set(codes)


def test_a_reference_of_another_account_in_kraken_is_refused() -> None:
    taken = {("tentacle-energy.allpay-client-reference-number", "1234567890"), ("cais_reference", "C")}

    found = objections(
        "edf_accounts", {"debts.0.cais_reference": "C"}, is_taken=lambda *reference: reference in taken
    )

    assert {objection.code for objection in found} == TAKEN


def test_no_rule_that_is_passed_over_would_have_refused_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    payloads = [changed("edf_accounts", changes) for case in CASES for changes in case[1:]]
    quickly = [judge(form="edf_accounts", payload=payload, today=TODAY) for payload in payloads]
    shapes = FORMS["edf_accounts"].shapes
    every = {
        kind: tuple(replace(rule, amid=frozenset()) for rule in shapes.rules[kind]) for kind in shapes.rules
    }
    monkeypatch.setattr(shapes, "rules", every)

    assert [judge(form="edf_accounts", payload=payload, today=TODAY) for payload in payloads] == quickly


def test_the_fields_that_a_rule_waits_for_are_fields_of_the_form() -> None:
    form = FORMS["edf_accounts"]
    known = {name for shape in form.shapes.shapes.values() for name in shape.fields}

    assert {name for rule in form.book.rules for name in rule.amid} <= known


def test_every_declared_code_has_a_payload_that_is_refused_with_it() -> None:
    declared = {code for rule in FORMS["edf_accounts"].book.rules for code in rule.codes}
    shown = {code for code, *_ in CASES} | {code for codes, _ in accounts.TWO_CODES for code in codes} | TAKEN

    assert declared == shown
