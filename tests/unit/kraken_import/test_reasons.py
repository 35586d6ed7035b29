"""Why a record has ended: the latest error, and the latest event where that says more."""

from __future__ import annotations

import pytest

from kraken_import.client.answers import Event, ProcessStatus
from kraken_import.domain.lifecycle import State, state_of_status
from kraken_import.usecases.reasons import reasons
from transforms.findings import Finding

NAME = "EVENT_ACCOUNT_IMPORT_PROCESS_ERRORED"


def finding(code: str, detail: str = "It failed.") -> Finding:
    return Finding(code=code, path="", detail=detail, origin="kraken", domain="account_import")


def told(status: str, error: str | None, *event: str) -> list[tuple[str, str]]:
    """Codes and events of the findings about a record with this error and an event with these."""
    answer = ProcessStatus(
        status=status,
        kraken_identifier=None,
        created_at=None,
        latest_error=error and finding(error),
        latest_event=Event(name=NAME, findings=tuple(map(finding, event))) if event else None,
    )
    found = reasons(answer=answer, state=state_of_status(status=status))
    return [(each.code, each.event) for each in found]


@pytest.mark.parametrize("status", ["ERRORED", "DRY_RUN_ERRORED"])
def test_an_error_is_explained_by_its_event_where_it_does_not_explain_itself(status: str) -> None:
    assert told(status, None, "tariff_code_not_found") == [("tariff_code_not_found", NAME)]
    assert told(status, "tariff_code_not_found") == [("tariff_code_not_found", "")]
    assert told(status, "x", "x") == [("x", NAME)]
    assert told(status, "x", "x", "y") == [("x", NAME), ("y", NAME)]


@pytest.mark.parametrize("status", ["ERRORED", "DRY_RUN_ERRORED"])
def test_an_error_without_any_reason_is_told_as_such(status: str) -> None:
    assert told(status, None) == [("errored_without_a_reason", "")]


def test_a_cancelled_record_has_the_reasons_that_are_given_and_no_others() -> None:
    assert told("CANCELLED", None) == []
    assert told("CANCELLED", None, "x") == [("x", NAME)]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_what_is_under_way_has_no_reasons_yet(status: str) -> None:
    assert told(status, "of_an_earlier_try", "x") == []


def test_what_came_through_is_not_explained_by_its_event() -> None:
    assert told("PROCESSED", None, "x") == []


def test_a_status_of_another_name_is_told_with_its_event() -> None:
    assert state_of_status(status="ON_HOLD") is State.UNRECOGNISED
    assert told("ON_HOLD", "x", "x") == [("unrecognised_status", NAME)]
