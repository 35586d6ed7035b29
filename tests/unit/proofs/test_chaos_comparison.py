"""The comparison of a wave with the stand-in's ledger must be able to find each thing that it looks for."""

from __future__ import annotations

import pytest

from kraken_import.lifecycle import State
from proofs.chaos.comparison import Accepted, Comparison, Key, Tracked, Wave, compare


def key(name: str) -> Key:
    return Key(resource="accounts", import_supplier="LEGACY", external_identifier=name)


ONE = key("A-1")
PROCESSED = Accepted(creates=1, status="PROCESSED")
ERRORED = Accepted(creates=1, status="ERRORED")
UNDER_WAY = Accepted(creates=1, status="IN_PROGRESS")


def compared(
    state: State, accepted: Accepted | None, *, attempt: int = 1, claimed: int = 1, unexpected: str = ""
) -> Comparison:
    """A wave of one record against a ledger that has it so, or not at all."""
    return compare(
        wave=Wave(claimed=claimed, records={ONE: Tracked(state=state, attempt=attempt)}),
        before={},
        after={} if accepted is None else {ONE: accepted},
        unexpected=[unexpected] if unexpected else [],
    )


@pytest.mark.parametrize(
    ("state", "accepted"),
    [
        (State.PROCESSED, PROCESSED),
        (State.ERRORED, ERRORED),
        (State.REJECTED, None),
        (State.INVALID, None),
        # A dry run leaves an entry behind, and no create.
        (State.INVALID, Accepted(creates=0, status="DRY_RUN_ERRORED")),
    ],
)
def test_what_both_sides_agree_on_is_as_it_must_be(state: State, accepted: Accepted | None) -> None:
    assert compared(state, accepted).lines == []


@pytest.mark.parametrize(
    "state",
    [State.PROCESSED, State.ERRORED, State.CANCELLED, State.CREATED, State.PENDING, State.MISSING],
)
def test_a_record_that_kraken_is_said_to_have_and_has_not_is_lost(state: State) -> None:
    assert compared(state, None).lost == [f"A-1 is {state} and Kraken has none"]


@pytest.mark.parametrize("state", [State.PLANNED, State.REJECTED, State.BUILT, State.VALID, State.INVALID])
def test_a_record_that_kraken_has_and_the_wave_does_not_know_to_be_there_is_lost(state: State) -> None:
    assert compared(state, PROCESSED).lost == [f"Kraken has A-1, which is {state}"]


def test_a_customer_without_a_record_is_lost() -> None:
    assert compared(State.PROCESSED, PROCESSED, claimed=3).lost == ["2 claimed customers have no record"]


def test_a_record_that_only_kraken_knows_is_lost_unless_it_was_there_before() -> None:
    found = compare(
        wave=Wave(claimed=0, records={}),
        before={key("OLD"): PROCESSED, key("AGAIN"): PROCESSED},
        after={key("OLD"): PROCESSED, key("NEW"): PROCESSED, key("AGAIN"): Accepted(creates=2, status="")},
        unexpected=[],
    )
    assert found.lost == [
        "Kraken has NEW, which the wave knows nothing of",
        "Kraken has AGAIN, which the wave knows nothing of",
    ]


@pytest.mark.parametrize(("creates", "attempt", "doubled"), [(2, 1, True), (2, 2, False), (3, 2, True)])
def test_a_record_created_more_than_once_within_an_attempt_is_doubled(
    creates: int, attempt: int, doubled: bool
) -> None:
    found = compared(State.PROCESSED, Accepted(creates=creates, status="PROCESSED"), attempt=attempt)
    assert found.doubled == ([f"A-1 was created {creates} times in {attempt} attempts"] if doubled else [])
    assert (found.lost, found.wrong, found.open) == ([], [], [])


@pytest.mark.parametrize(
    ("state", "accepted"),
    [
        (State.PROCESSED, ERRORED),
        (State.ERRORED, PROCESSED),
        (State.PROCESSED, UNDER_WAY),
        (State.CANCELLED, PROCESSED),
        (State.DRY_RUN_SUCCEEDED, PROCESSED),
    ],
)
def test_an_end_that_is_not_krakens_is_wrong(state: State, accepted: Accepted) -> None:
    assert compared(state, accepted).wrong == [f"A-1 is {state}, and {accepted.status} at Kraken"]


def test_an_end_that_its_customer_does_not_imply_is_wrong() -> None:
    assert compared(State.INVALID, None, unexpected="A-1: expected processed").wrong == [
        "A-1: expected processed"
    ]


@pytest.mark.parametrize(
    "state", [State.CREATING, State.CREATED, State.IN_PROGRESS, State.UNRECOGNISED, State.PARKED]
)
def test_a_record_without_an_end_is_open(state: State) -> None:
    found = compared(state, UNDER_WAY)
    assert found.open == [f"A-1 is {state}"]
    assert (found.lost, found.doubled, found.wrong) == ([], [], [])


def test_a_record_that_was_never_sent_is_open_too() -> None:
    assert compared(State.VALID, None).lines == ["A-1 is valid"]
