"""What is found of customers becomes causes: each unknown code apart, and each with who found it."""

from __future__ import annotations

import pytest

from transforms.findings import Finding
from transforms.triage import MOST_CODES, Cause, Triage, found_by


def unknown(code: str) -> Finding:
    return Finding(
        code="unknown_code",
        path="account_type",
        detail=f"Column account_class holds the unknown code {code!r}.",
    )


def test_each_unknown_code_of_a_column_is_a_separate_cause() -> None:
    triage = Triage(dialect="edf_accounts")
    for identifier, code in (("1", "ZZ"), ("2", "QQ"), ("3", "ZZ")):
        triage.add(external_identifier=identifier, findings=[unknown(code)])
    told = [(cause.detail.split()[-1], cause.customers, cause.examples) for cause in triage.causes()]
    assert told == [("'ZZ'.", 2, ["1", "3"]), ("'QQ'.", 1, ["2"])]


def test_a_column_with_too_many_unknown_codes_has_one_cause_for_the_rest() -> None:
    triage = Triage(dialect="edf_accounts")
    for number in range(MOST_CODES + 7):
        # Two of them of one customer are one customer.
        triage.add(external_identifier=str(number), findings=[unknown(f"C{number}"), unknown(f"D{number}")])
    causes = triage.causes()
    assert len(causes) == MOST_CODES + 1
    (rest,) = [cause for cause in causes if cause.customers > 1]
    assert rest.detail == "The column holds more unknown codes than are shown: name these, and look again."
    assert rest.customers == 7 + MOST_CODES // 2


def test_an_amount_that_is_none_and_one_with_too_many_places_are_two_causes() -> None:
    triage = Triage(dialect="edf_accounts")
    for identifier, sentence in (
        ("1", "Column c holds no amount."),
        ("2", "Column c holds too many places."),
    ):
        triage.add(
            external_identifier=identifier,
            findings=[Finding(code="invalid_value", path="transfer_balance", detail=sentence)],
        )
    assert [cause.examples for cause in triage.causes()] == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("severity", "origin", "stage", "words"),
    [
        ("error", "local", "build", "rejected by our build"),
        ("warning", "local", "build", "our warning"),
        ("error", "kraken", "validate", "refused by Kraken's validation"),
        ("error", "kraken", "create", "refused by Kraken's create"),
        ("error", "kraken", "status", "ended by Kraken"),
        ("error", "local", "status", "noted by us"),
        ("warning", "kraken", "validate", "Kraken's warning"),
    ],
)
def test_a_cause_says_who_found_it_and_what_came_of_it(
    severity: str, origin: str, stage: str, words: str
) -> None:
    assert found_by(severity=severity, origin=origin, stage=stage) == words


def test_what_a_preflight_finds_is_ours() -> None:
    triage = Triage(dialect="edf_accounts")
    warned = Finding(code="negative_reading", path="", detail="A reading is negative.", severity="warning")
    triage.add(external_identifier="1", findings=[unknown("ZZ"), warned])
    causes: list[Cause] = triage.causes()
    assert [cause.found_by for cause in causes] == ["rejected by our build", "our warning"]
