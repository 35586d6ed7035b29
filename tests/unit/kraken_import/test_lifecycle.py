"""The states of an import process and the moves between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.domain.lifecycle import (
    ASKED,
    AWAITING,
    ENDED_AT_KRAKEN,
    FAILED,
    LEGAL_MOVES,
    OPEN,
    REBUILDABLE,
    REOPENABLE,
    REOPENING_MOVES,
    SETTLED,
    SUCCEEDED,
    Mode,
    State,
    belongs_to_mode,
    legal_pairs,
    state_of_status,
)

STATES = st.sampled_from(State)
STATUSES = [
    "PENDING",
    "IN_PROGRESS",
    "PROCESSED",
    "ERRORED",
    "CANCELLED",
    "DRY_RUN_SUCCEEDED",
    "DRY_RUN_ERRORED",
]


def test_every_state_has_its_moves() -> None:
    assert set(LEGAL_MOVES) == set(State)


@given(state=STATES)
def test_every_state_can_be_reached_from_planned(state: State) -> None:
    reached = {State.PLANNED}
    while new := {target for origin in reached for target in LEGAL_MOVES[origin]} - reached:
        reached |= new
    assert state in reached


@given(state=STATES)
def test_every_state_can_still_come_to_an_end(state: State) -> None:
    reached = {state}
    while new := {target for origin in reached for target in LEGAL_MOVES[origin]} - reached:
        reached |= new
    assert reached & SETTLED


def test_nothing_is_created_without_a_recorded_intent() -> None:
    leading_to_kraken = {
        origin
        for origin, targets in LEGAL_MOVES.items()
        if targets & (AWAITING | ENDED_AT_KRAKEN) and origin not in ASKED
    }
    assert leading_to_kraken == {State.CREATING}


def test_only_a_valid_record_may_be_created() -> None:
    assert [origin for origin, targets in LEGAL_MOVES.items() if State.CREATING in targets] == [State.VALID]


@pytest.mark.parametrize("state", sorted(OPEN | ASKED | ENDED_AT_KRAKEN))
def test_a_payload_that_may_have_been_sent_is_never_rebuilt(state: State) -> None:
    assert not LEGAL_MOVES[state] & {State.BUILT, State.REJECTED}
    assert state not in REBUILDABLE


def test_what_kraken_has_ended_stays_ended() -> None:
    assert all(not LEGAL_MOVES[state] for state in ENDED_AT_KRAKEN)


def test_only_a_rerun_opens_again_and_never_what_is_in_kraken() -> None:
    assert REOPENABLE == ENDED_AT_KRAKEN - SUCCEEDED
    for state in REOPENABLE:
        assert REOPENING_MOVES[state] == {State.BUILT, State.REJECTED}
    assert not set(REOPENING_MOVES) & SUCCEEDED
    ordinary = set(zip(*legal_pairs(), strict=True))
    added = set(zip(*legal_pairs(reopening=True), strict=True)) - ordinary
    assert {State(origin) for origin, _ in added} == REOPENABLE


def test_settled_and_open_share_nothing_and_failures_are_settled() -> None:
    assert not SETTLED & (OPEN | ASKED)
    assert FAILED | SUCCEEDED == SETTLED
    assert not FAILED & SUCCEEDED


def test_every_state_that_waits_for_an_answer_can_be_parked_and_parked_is_not_an_end() -> None:
    waiting = OPEN | {State.BUILT, State.VALID}
    assert {origin for origin, targets in LEGAL_MOVES.items() if State.PARKED in targets} == waiting
    assert not State.PARKED.is_settled
    assert not State.PARKED.is_open


@pytest.mark.parametrize("status", STATUSES)
def test_each_published_status_has_a_state_of_its_own_name(status: str) -> None:
    assert state_of_status(status=status).value == status.lower()


@given(status=st.text().filter(lambda text: text not in STATUSES))
def test_an_unknown_status_is_neither_running_nor_done(status: str) -> None:
    state = state_of_status(status=status)
    assert state is State.UNRECOGNISED
    assert state.is_open
    assert not state.is_settled


def test_a_dry_runs_end_says_nothing_of_a_live_create_nor_the_other_way_round() -> None:
    assert not belongs_to_mode(state=State.DRY_RUN_SUCCEEDED, mode=Mode.LIVE)
    assert not belongs_to_mode(state=State.DRY_RUN_ERRORED, mode=Mode.LIVE)
    assert not belongs_to_mode(state=State.PROCESSED, mode=Mode.REHEARSAL)
    assert not belongs_to_mode(state=State.ERRORED, mode=Mode.REHEARSAL)
    assert belongs_to_mode(state=State.PENDING, mode=Mode.LIVE)
    assert belongs_to_mode(state=State.PENDING, mode=Mode.REHEARSAL)


def test_the_pairs_for_sql_are_the_same_moves() -> None:
    origins, targets = legal_pairs()
    assert {(State(origin), State(target)) for origin, target in zip(origins, targets, strict=True)} == {
        (origin, target) for origin, moves in LEGAL_MOVES.items() for target in moves
    }
