"""What payloads are judged by over HTTP: the mark of their import supplier, the clock, and what is there."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kraken_import.simulator.rules.page import rules_page
from kraken_import.simulator.suppliers import VARIABLE
from tests.conftest import ROOT, StartSimulator
from tests.integration.simulator.client import Answer, Kraken, account, supply_point


@pytest.fixture
def kraken(start_simulator: StartSimulator) -> Kraken:
    return Kraken(start_simulator("--delay", "0.1", "--supplier", "OTHER=edf_accounts").url)


def errors(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 400
    return [(each["attr"], each["code"]) for each in answer.document["errors"]]


def test_a_payload_is_judged_by_the_mark_of_its_supplier(kraken: Kraken) -> None:
    unlike = {"billing_postcode": 7}

    assert errors(kraken.validate(account(import_supplier="OTHER", **unlike))) == [
        ("billing_postcode", "invalid")
    ]
    assert kraken.validate(account(import_supplier="<IMPORT_SUPPLIER>", **unlike)).status == 200


@pytest.mark.parametrize(
    ("supplier", "code"),
    [("NOBODY", "invalid_choice"), ("TEST_SUPPLIER", "invalid_choice"), (None, "required")],
)
def test_an_account_of_an_unknown_supplier_is_refused(
    kraken: Kraken, supplier: str | None, code: str
) -> None:
    payload = account(import_supplier=supplier)

    assert errors(kraken.validate(payload)) == [("import_supplier", code)]
    assert kraken.create(payload).document["code"] == "import_process_failed_validation"
    assert kraken.created() == {}


def test_a_supply_point_of_a_supplier_of_accounts_is_refused(kraken: Kraken) -> None:
    answer = kraken.validate(supply_point() | {"import_supplier": "OTHER"}, "supply-points")

    assert (answer.status, answer.document) == (
        400,
        {"import_supplier": ['"OTHER" is not a valid choice.']},
    )


def test_a_reference_of_an_account_that_was_imported_is_refused(kraken: Kraken) -> None:
    first, second = account("A"), account("B")
    second["references"] = first["references"]
    kraken.create(first)
    kraken.ended("A")

    assert errors(kraken.validate(second)) == [("references.0.value", "reference_already_exists")]
    assert kraken.validate(first).status == 200


def test_dates_are_compared_with_the_clock_of_kraken(kraken: Kraken) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    payload: dict[str, Any] = account(dunning_path={"path_name": "standard", "start_date": tomorrow})
    assert kraken.validate(payload).status == 200

    kraken.suffer(kind="skew", seconds=3 * 86_400)

    assert errors(kraken.validate(payload)) == [("dunning_path.start_date", "date_in_past")]


def test_what_was_validated_is_judged_again_once_its_reference_is_taken(kraken: Kraken) -> None:
    first, second = account("A"), account("B")
    second["references"] = first["references"]
    assert kraken.validate(second).status == 200
    assert kraken.create(second | {"billing_name": 7}).status == 400
    kraken.create(first)
    kraken.ended("A")

    assert kraken.create(second).document["code"] == "import_process_failed_validation"


def run(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kraken_import.simulator", *options]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=20)


def test_the_rules_are_printed_on_request() -> None:
    done = run("--rules")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == rules_page()


@pytest.mark.parametrize(
    ("options", "variables", "named"),
    [
        (("--supplier", "A=gas"), {}, "Argument --supplier: 'A=gas' is not CODE=FORM"),
        ((), {VARIABLE: "A"}, f"{VARIABLE}: 'A' is not CODE=FORM"),
        (("--rules",), {}, "--rules cannot be combined"),
    ],
)
def test_bad_marks_are_named_in_one_sentence(
    options: tuple[str, ...], variables: dict[str, str], named: str
) -> None:
    done = run("--token", "x", *options, **variables)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(named)
