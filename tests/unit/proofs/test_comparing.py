"""What the comparison of tracking and Kraken's ledger finds, and what it does not."""

from __future__ import annotations

import pytest

from kraken_import.domain.lifecycle import AWAITING, OPEN, State
from proofs.comparing import Booked, Comparison, Key, Tracked, compare

KEY = Key("accounts", "EDF", "A-1")


def tracked(state: State, **fields: object) -> Tracked:
    return Tracked(**({"key": KEY, "state": state, "kraken_identifier": "A-1F"} | fields))  # type: ignore[arg-type]


def booked(status: str = "PROCESSED", **fields: object) -> Booked:
    return Booked(**({"key": KEY, "created": 1, "status": status, "kraken_identifier": "A-1F"} | fields))  # type: ignore[arg-type]


def kinds(found: Comparison) -> dict[str, int]:
    """How many sentences of each kind there are."""
    names = ("lost", "doubled", "wrong", "still_open", "parked")
    return {name: len(getattr(found, name)) for name in names if getattr(found, name)}


@pytest.mark.parametrize(
    ("record", "book", "expected"),
    [
        # Both sides agree.
        (tracked(State.PROCESSED), booked(), {}),
        (tracked(State.ERRORED), booked("ERRORED"), {}),
        (tracked(State.REJECTED), None, {}),
        (tracked(State.INVALID), None, {}),
        # A dry run of the same record is not a creation.
        (tracked(State.REJECTED), booked("DRY_RUN_SUCCEEDED", created=0), {}),
        # Lost: on one side alone.
        (tracked(State.PROCESSED), None, {"lost": 1}),
        (tracked(State.ERRORED), None, {"lost": 1}),
        (tracked(State.CANCELLED), None, {"lost": 1}),
        *((tracked(state), None, {"lost": 1, "still_open": 1}) for state in sorted(AWAITING)),
        # A live record cannot end as a dry run does.
        (tracked(State.DRY_RUN_SUCCEEDED), None, {"lost": 1}),
        (tracked(State.DRY_RUN_ERRORED), booked("DRY_RUN_ERRORED", created=0), {"lost": 1}),
        (None, booked(), {"lost": 1}),
        # Doubled.
        (tracked(State.PROCESSED), booked(created=2), {"doubled": 1}),
        (tracked(State.PROCESSED, may_create=2), booked(created=2), {}),
        (tracked(State.PROCESSED, may_create=2), booked(created=3), {"doubled": 1}),
        # Wrong.
        (tracked(State.PROCESSED), booked("ERRORED"), {"wrong": 1}),
        (tracked(State.ERRORED), booked(), {"wrong": 1}),
        (tracked(State.PROCESSED), booked("IN_PROGRESS"), {"wrong": 1}),
        (tracked(State.CANCELLED), booked("CANCELLED"), {}),
        (tracked(State.CANCELLED), booked(), {"wrong": 1}),
        (tracked(State.DRY_RUN_SUCCEEDED), booked(), {"wrong": 1}),
        (tracked(State.DRY_RUN_SUCCEEDED), booked("DRY_RUN_SUCCEEDED"), {"wrong": 1}),
        (tracked(State.REJECTED), booked(), {"wrong": 1}),
        (tracked(State.INVALID), booked("ERRORED"), {"wrong": 1}),
        (tracked(State.PROCESSED), booked(kraken_identifier="A-2F"), {"wrong": 1}),
        (tracked(State.PROCESSED, kraken_identifier=None), booked(), {"wrong": 1}),
        # Open.
        *((tracked(state), None, {"still_open": 1}) for state in (State.PLANNED, State.BUILT, State.VALID)),
        (tracked(State.CREATING), None, {"still_open": 1}),
        *((tracked(state), booked("IN_PROGRESS"), {"still_open": 1}) for state in sorted(OPEN)),
        # Created although tracking knows of no create.
        *(
            (tracked(state), booked(), {"still_open": 1, "wrong": 1})
            for state in (State.PLANNED, State.BUILT, State.VALID)
        ),
        # Parked: only what tracking truly cannot know is not a fault either.
        (tracked(State.PARKED, parked_from=State.CREATING), None, {"parked": 1}),
        (tracked(State.PARKED, parked_from=State.CREATING), booked(), {"parked": 1}),
        (tracked(State.PARKED, parked_from=State.CREATING), booked(created=2), {"parked": 1, "doubled": 1}),
        (tracked(State.PARKED, parked_from=State.BUILT), None, {"parked": 1}),
        (tracked(State.PARKED, parked_from=State.BUILT), booked(), {"parked": 1, "wrong": 1}),
        (tracked(State.PARKED, parked_from=State.CREATED), booked(), {"parked": 1}),
        (tracked(State.PARKED, parked_from=State.CREATED), None, {"parked": 1, "lost": 1}),
    ],
)
def test_each_disagreement_of_tracking_and_ledger_has_its_name(
    record: Tracked | None, book: Booked | None, expected: dict[str, int]
) -> None:
    found = compare(tracked=[record] if record else [], ledger=[book] if book else [])
    assert kinds(found) == expected
    assert len(found.faults) == sum(number for kind, number in expected.items() if kind != "parked")


def test_what_tracking_does_not_know_is_lost_unless_it_was_created_before() -> None:
    old, new, again, rehearsed = (Key("accounts", "EDF", name) for name in ("OLD", "NEW", "AGAIN", "DRY"))
    found = compare(
        tracked=[],
        ledger=[
            booked(key=old),
            booked(key=new),
            booked(key=again, created=2),
            booked(key=rehearsed, created=0),
        ],
        before={old: 1, again: 1},
    )
    assert found.lost == (
        "EDF AGAIN is in Kraken, and tracking has no record of it.",
        "EDF NEW is in Kraken, and tracking has no record of it.",
    )


def test_a_record_that_kraken_had_before_and_was_created_again_is_doubled() -> None:
    found = compare(tracked=[tracked(State.PROCESSED)], ledger=[booked(created=2)], before={KEY: 1})
    assert kinds(found) == {"doubled": 1}


def test_a_record_that_two_waves_claim_is_doubled() -> None:
    found = compare(tracked=[tracked(State.PROCESSED), tracked(State.REJECTED)], ledger=[booked()])
    assert kinds(found) == {"doubled": 1}
    assert found.records == 1


def test_the_same_identifier_of_two_suppliers_is_two_records() -> None:
    other = Key("accounts", "OTHER", "A-1")
    found = compare(
        tracked=[tracked(State.PROCESSED), tracked(State.PROCESSED, key=other)],
        ledger=[booked(), booked(key=other)],
    )
    assert kinds(found) == {}
    assert found.records == 2


def test_one_sentence_names_the_record_and_both_sides() -> None:
    found = compare(tracked=[tracked(State.PROCESSED)], ledger=[booked("ERRORED")])
    assert found.wrong == ("EDF A-1 is processed in tracking, and ERRORED in Kraken.",)
