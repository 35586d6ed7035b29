"""What each answer proves of a record in each state: all cells, in one table for each kind of request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from kraken_import.client.answers import (
    Accepted,
    AlreadyImported,
    Answer,
    FailedValidation,
    Forbidden,
    Misrouted,
    NotFound,
    NotSent,
    ProcessStatus,
    Refused,
    SupplierPaused,
    Throttled,
    Unauthorised,
    Unknown,
    WaveRefused,
)
from kraken_import.domain.lifecycle import ASKED, Mode, State, legal_pairs
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.processes import Move, OpenRecord
from kraken_import.usecases import verdicts
from kraken_import.usecases.verdicts import Course, Next, Ruling, Signal, Timing
from transforms.findings import Finding

NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW: Final = timedelta(seconds=30)
REQUEST: Final = timedelta(seconds=60)
TIMING: Final = Timing(window=WINDOW, request=REQUEST)
KEY: Final = Key(id=1, wave_id=1, attempt=2)
FINDING: Final = Finding(code="c", path="", detail="d", origin="kraken")

ANSWERS: Final[dict[str, Answer]] = {
    "accepted": Accepted(),
    "refused": Refused(findings=(FINDING,)),
    "failed validation": FailedValidation(finding=FINDING),
    "already imported": AlreadyImported(kraken_identifier="A-1", finding=FINDING),
    "supplier paused": SupplierPaused(),
    "supplier refused": WaveRefused(what="import_supplier", finding=FINDING),
    "parameters refused": WaveRefused(what="task_params", finding=FINDING),
    "envelope refused": WaveRefused(what="envelope", finding=FINDING),
    "throttled": Throttled(retry_after=None),
    "401": Unauthorised(),
    "403": Forbidden(),
    "not found": NotFound(),
    "misrouted": Misrouted(reason="a web page"),
    "not sent": NotSent(reason="refused"),
    "never tried": NotSent(reason="held back", never_tried=True),
    "unknown": Unknown(reason="HTTP 502"),
}
STATUSES: Final = (
    "PENDING",
    "IN_PROGRESS",
    "PROCESSED",
    "ERRORED",
    "CANCELLED",
    "DRY_RUN_SUCCEEDED",
    "DRY_RUN_ERRORED",
    "ON_HOLD",
)

SIGNALS: Final = {
    "accepted": Signal.FINE,
    "refused": Signal.FINE,
    "failed validation": Signal.FINE,
    "already imported": Signal.FINE,
    "supplier paused": Signal.SUPPLIER_PAUSED,
    "supplier refused": Signal.SUPPLIER_REFUSED,
    "parameters refused": Signal.TASK_PARAMS_REFUSED,
    "envelope refused": Signal.ENVELOPE_REFUSED,
    "throttled": Signal.BUSY,
    "401": Signal.UNAUTHORISED,
    "403": Signal.FORBIDDEN,
    "not found": Signal.FINE,
    "misrouted": Signal.MISROUTED,
    "not sent": Signal.SILENT,
    "never tried": Signal.NONE,
    "unknown": Signal.SILENT,
}

# answer: (after a validation, after a create, what must be asked first)
POSTS: Final[dict[str, tuple[State | None, State | None, Next | None]]] = {
    "accepted": (State.VALID, State.CREATED, None),
    "refused": (State.INVALID, State.INVALID, None),
    "failed validation": (State.INVALID, State.INVALID, Next.EXPLAIN),
    "already imported": (State.VALID, None, Next.LOOK_UP),
    "supplier paused": (None, State.VALID, None),
    "supplier refused": (None, State.VALID, None),
    "parameters refused": (None, State.VALID, None),
    "envelope refused": (None, State.VALID, None),
    "throttled": (None, State.VALID, None),
    "401": (None, State.VALID, None),
    "403": (None, State.VALID, None),
    "not found": (None, None, None),
    "misrouted": (None, None, None),
    "not sent": (None, State.VALID, None),
    "never tried": (None, State.VALID, None),
    "unknown": (None, None, None),
}


def target(move: Move | None) -> State | None:
    return None if move is None else move.to


def test_the_table_names_every_answer() -> None:
    shown = {type(answer) for answer in ANSWERS.values()} | {ProcessStatus}
    assert shown == set(Answer.__args__)
    assert SIGNALS.keys() == POSTS.keys() == ANSWERS.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_to_a_validation_or_a_create_proves(name: str) -> None:
    validated, created, asked_first = POSTS[name]
    answer = ANSWERS[name]
    validation = verdicts.after_validation(key=KEY, answer=answer)
    creation = verdicts.after_create(key=KEY, answer=answer)
    assert (target(validation.move), validation.signal) == (validated, SIGNALS[name])
    assert (target(creation.move), creation.signal, creation.next) == (created, SIGNALS[name], asked_first)
    for move in (validation.move, creation.move):
        assert (move is not None and bool(move.findings)) == (target(move) is State.INVALID)
    told = FINDING if isinstance(answer, WaveRefused) else None
    assert verdicts.refusal_of(found=[validation]) == verdicts.refusal_of(found=[creation]) == told


def record(state: State, **changes: Any) -> OpenRecord:
    """A record in this state, its create intended and accepted at NOW, read an hour later."""
    given: dict[str, Any] = {
        "id": 1,
        "wave_id": 1,
        "external_identifier": "A-1",
        "attempt": 2,
        "state": state,
        "intended_at": NOW,
        "evidence_from": NOW,
        "created_at": None if state is State.CREATING else NOW,
        "seen_at": NOW + timedelta(hours=1),
    }
    return OpenRecord(**(given | changes))


def says(
    status: str, *, created: timedelta = timedelta(0), changed: timedelta | None = None
) -> ProcessStatus:
    return ProcessStatus(
        status=status,
        kraken_identifier="A-1",
        created_at=NOW + created,
        changed_at=None if changed is None else NOW + changed,
        latest_error=None,
    )


def after(status: str, state: State, mode: Mode = Mode.LIVE, **changes: Any) -> State | None:
    found = verdicts.after_status(
        record=record(state, **changes), answer=says(status), mode=mode, timing=TIMING
    )
    assert found.signal is Signal.FINE
    return target(found.move)


STATES: Final = (State.CREATING, *sorted(ASKED))

# Fresh answers, read an hour after the create. A record that repeats what it is makes no step; where the
# answer is of the other mode, a later create has taken this one's place: what was accepted is missing, and of
# one in doubt nothing is proved, so it is not sent again.
OF_LIVE: Final = {
    "PENDING": State.PENDING,
    "IN_PROGRESS": State.IN_PROGRESS,
    "PROCESSED": State.PROCESSED,
    "ERRORED": State.ERRORED,
    "CANCELLED": State.CANCELLED,
    "ON_HOLD": State.UNRECOGNISED,
}
OF_REHEARSAL: Final = {
    "PENDING": State.PENDING,
    "IN_PROGRESS": State.IN_PROGRESS,
    "CANCELLED": State.CANCELLED,
    "DRY_RUN_SUCCEEDED": State.DRY_RUN_SUCCEEDED,
    "DRY_RUN_ERRORED": State.DRY_RUN_ERRORED,
    "ON_HOLD": State.UNRECOGNISED,
}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", STATES)
def test_what_a_fresh_status_proves(state: State, status: str, mode: Mode) -> None:
    known = OF_LIVE if mode is Mode.LIVE else OF_REHEARSAL
    expected = known.get(status)
    if expected is None:
        in_doubt = State.PARKED if mode is Mode.LIVE else State.ERRORED
        expected = {State.CREATING: in_doubt, State.MISSING: None, State.PARKED: None}.get(
            state, State.MISSING
        )
    elif expected is state:
        expected = None
    assert after(status, state, mode) == expected


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", STATES)
def test_every_step_that_a_status_proves_is_a_legal_move(state: State, status: str, mode: Mode) -> None:
    legal = set(zip(*legal_pairs(), strict=True))
    for age in (timedelta(0), timedelta(hours=-1)):
        for seen in (timedelta(0), timedelta(hours=1)):
            found = verdicts.after_status(
                record=record(state, seen_at=NOW + seen),
                answer=says(status, created=age),
                mode=mode,
                timing=TIMING,
            )
            if found.move is not None and found.move.to is not state:
                assert (state.value, found.move.to.value) in legal


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "not found"])
@pytest.mark.parametrize("state", STATES)
def test_no_other_answer_of_the_status_endpoint_proves_anything(state: State, name: str) -> None:
    found = verdicts.after_status(record=record(state), answer=ANSWERS[name], mode=Mode.LIVE, timing=TIMING)
    assert (found.move, found.signal) == (None, SIGNALS[name])


# (state, what is known of it, seconds after NOW at which it is read) and what a 404 then proves.
S = timedelta(seconds=1)
NOT_THERE: Final = [
    # The worker has seen the request end, 10 s after the intent: a window after that.
    (State.CREATING, {"doubted_at": NOW + 10 * S}, 39, None),
    (State.CREATING, {"doubted_at": NOW + 10 * S}, 40, State.VALID),
    # A request that took a minute and a half is waited for a window longer, and not a second less.
    (State.CREATING, {"doubted_at": NOW + 90 * S}, 119, None),
    (State.CREATING, {"doubted_at": NOW + 90 * S}, 120, State.VALID),
    # The worker died: it may have left within a window, lasted a minute, and stayed invisible for a window.
    (State.CREATING, {}, 119, None),
    (State.CREATING, {}, 120, State.VALID),
    # Created three times without an answer while others had theirs: it is not sent again.
    (State.CREATING, {"doubted_at": NOW, "doubts": 2}, 30, State.VALID),
    (State.CREATING, {"doubted_at": NOW, "doubts": 3}, 29, None),
    (State.CREATING, {"doubted_at": NOW, "doubts": 3}, 30, State.PARKED),
    # The clock was set back: nothing is proved.
    (State.CREATING, {}, -3600, None),
    # What was accepted may be invisible for a window; then it is missing, and after ten of them parked.
    (State.CREATED, {}, 29, None),
    (State.CREATED, {}, 30, State.MISSING),
    (State.PENDING, {}, 30, State.MISSING),
    (State.IN_PROGRESS, {}, 30, State.MISSING),
    (State.UNRECOGNISED, {}, 30, State.MISSING),
    (State.MISSING, {"doubted_at": NOW}, 299, None),
    (State.MISSING, {"doubted_at": NOW}, 300, State.PARKED),
    (State.PARKED, {"doubted_at": NOW}, 86_400, None),
]


@pytest.mark.parametrize(("state", "known", "seconds", "expected"), NOT_THERE)
def test_from_when_on_a_404_is_believed(
    state: State, known: dict[str, Any], seconds: int, expected: State | None
) -> None:
    found = verdicts.after_status(
        record=record(state, seen_at=NOW + timedelta(seconds=seconds), **known),
        answer=NotFound(),
        mode=Mode.LIVE,
        timing=TIMING,
    )
    assert target(found.move) == expected


def test_a_create_that_a_later_rehearsal_hides_is_parked_once_its_request_must_have_ended() -> None:
    for seconds, expected in ((119, None), (120, State.PARKED)):
        seen = NOW + timedelta(seconds=seconds)
        assert after("DRY_RUN_SUCCEEDED", State.CREATING, seen_at=seen) == expected


HOUR_AGO: Final = timedelta(hours=-1)

# What Kraken made an hour before this create: (status, mode, state, seconds after NOW) and what it proves.
OLD: Final = [
    # It is alive, or has come through: a create would only double it.
    ("PENDING", Mode.LIVE, State.CREATING, 0, State.PENDING),
    ("IN_PROGRESS", Mode.LIVE, State.MISSING, 0, State.IN_PROGRESS),
    ("PROCESSED", Mode.LIVE, State.CREATING, 0, State.PROCESSED),
    ("PROCESSED", Mode.LIVE, State.PARKED, 0, State.PROCESSED),
    # It ended without a customer: of a create in doubt that proves nothing but its absence.
    ("ERRORED", Mode.LIVE, State.CREATING, 119, None),
    ("ERRORED", Mode.LIVE, State.CREATING, 120, State.VALID),
    # Of one that Kraken accepted it is the end, once it must be visible: created again in place.
    ("ERRORED", Mode.LIVE, State.CREATED, 29, None),
    ("ERRORED", Mode.LIVE, State.CREATED, 30, State.ERRORED),
    ("CANCELLED", Mode.LIVE, State.MISSING, 30, State.CANCELLED),
    # The end of an earlier dry run says nothing of this payload.
    ("DRY_RUN_SUCCEEDED", Mode.REHEARSAL, State.CREATING, 60, None),
    ("DRY_RUN_SUCCEEDED", Mode.REHEARSAL, State.CREATING, 120, State.VALID),
    ("DRY_RUN_SUCCEEDED", Mode.REHEARSAL, State.CREATED, 3600, State.MISSING),
    ("DRY_RUN_ERRORED", Mode.LIVE, State.CREATING, 120, State.VALID),
]


@pytest.mark.parametrize(("status", "mode", "state", "seconds", "expected"), OLD)
def test_what_an_older_import_process_proves(
    status: str, mode: Mode, state: State, seconds: int, expected: State | None
) -> None:
    found = verdicts.after_status(
        record=record(state, seen_at=NOW + timedelta(seconds=seconds)),
        answer=says(status, created=HOUR_AGO),
        mode=mode,
        timing=TIMING,
    )
    assert target(found.move) == expected


def test_an_older_process_with_a_later_event_is_this_creates() -> None:
    found = verdicts.after_status(
        record=record(State.CREATING),
        answer=says("ERRORED", created=HOUR_AGO, changed=timedelta(seconds=3)),
        mode=Mode.LIVE,
        timing=TIMING,
    )
    assert target(found.move) is State.ERRORED


def test_once_seen_alive_whatever_kraken_has_under_the_key_counts() -> None:
    found = verdicts.after_status(
        record=record(State.PENDING, evidence_from=None),
        answer=says("ERRORED", created=HOUR_AGO),
        mode=Mode.LIVE,
        timing=TIMING,
    )
    assert target(found.move) is State.ERRORED


ADOPTED: Final[list[tuple[Answer, Mode, State]]] = [
    (says("PROCESSED"), Mode.LIVE, State.PROCESSED),
    (says("PENDING", created=HOUR_AGO), Mode.LIVE, State.PENDING),
    (says("ERRORED", created=HOUR_AGO), Mode.LIVE, State.ERRORED),
    (says("DRY_RUN_SUCCEEDED"), Mode.LIVE, State.ERRORED),
    (says("PROCESSED"), Mode.REHEARSAL, State.ERRORED),
    (says("DRY_RUN_SUCCEEDED"), Mode.REHEARSAL, State.ERRORED),
    (NotFound(), Mode.LIVE, State.MISSING),
    (Unknown(reason="HTTP 502"), Mode.LIVE, State.MISSING),
    (Forbidden(), Mode.REHEARSAL, State.MISSING),
]


@pytest.mark.parametrize(("answer", "mode", "expected"), ADOPTED)
def test_what_becomes_of_a_record_that_kraken_has_already(
    answer: Answer, mode: Mode, expected: State
) -> None:
    already = AlreadyImported(kraken_identifier="A-9", finding=FINDING)
    found = verdicts.after_adoption(key=KEY, already=already, answer=answer, mode=mode)
    assert target(found.move) is expected
    assert found.move is not None
    # An answer that failed must not keep a later end from being believed; but that of an earlier dry run is
    # never this payload's.
    assert found.move.adopted is (mode is Mode.LIVE and answer != says("DRY_RUN_SUCCEEDED"))


@pytest.mark.parametrize("state", STATES)
def test_an_answer_that_is_wanting_for_ten_windows_parks_a_record_and_no_sooner(state: State) -> None:
    for seconds, expected in ((299, None), (300, State.PARKED)):
        doubtful = record(state, doubted_at=NOW, seen_at=NOW + timedelta(seconds=seconds))
        parked = target(verdicts.unanswered(record=doubtful, timing=TIMING))
        assert parked == (None if state is State.PARKED else expected)
    # Of a create whose worker died the request may still be under way.
    left_behind = record(State.CREATING, seen_at=NOW + timedelta(seconds=389))
    assert verdicts.unanswered(record=left_behind, timing=TIMING) is None


SPOKEN: Final = [
    ([], Course.GO_ON, None),
    ([Signal.NONE], Course.GO_ON, None),
    ([Signal.FINE, Signal.SILENT, Signal.FORBIDDEN, Signal.MISROUTED], Course.GO_ON, None),
    ([Signal.FINE, Signal.FORBIDDEN, Signal.FORBIDDEN], Course.GO_ON, None),
    ([Signal.BUSY, Signal.SILENT], Course.GO_ON, None),
    ([Signal.FINE, Signal.UNAUTHORISED], Course.STOP, Signal.UNAUTHORISED),
    ([Signal.FINE, Signal.SUPPLIER_PAUSED], Course.STOP, Signal.SUPPLIER_PAUSED),
    ([Signal.FINE, Signal.SUPPLIER_REFUSED], Course.STOP, Signal.SUPPLIER_REFUSED),
    ([Signal.FINE, Signal.TASK_PARAMS_REFUSED], Course.STOP, Signal.TASK_PARAMS_REFUSED),
    ([Signal.SILENT, Signal.ENVELOPE_REFUSED], Course.STOP, Signal.ENVELOPE_REFUSED),
    ([Signal.FORBIDDEN] * 10, Course.STOP, Signal.FORBIDDEN),
    ([Signal.FORBIDDEN] * 9, Course.CONFIRM, None),
    ([Signal.FORBIDDEN, Signal.FORBIDDEN, Signal.BUSY], Course.GO_ON, None),
    ([Signal.FORBIDDEN, Signal.NONE], Course.CONFIRM, None),
    ([Signal.SILENT], Course.CONFIRM, None),
    ([Signal.MISROUTED, Signal.SILENT], Course.CONFIRM, None),
]


@pytest.mark.parametrize(("signals", "course", "cause"), SPOKEN)
def test_what_follows_from_the_answers_of_a_chunk(
    signals: list[Signal], course: Course, cause: Signal | None
) -> None:
    assert verdicts.weigh(signals=signals) == Ruling(course=course, cause=cause)


# (answer about a record that cannot exist, records without an answer, answered before) and what follows
PROBED: Final = [
    (Signal.FINE, 1, True, Course.GO_ON),
    (Signal.FINE, 9, True, Course.GO_ON),
    (Signal.FINE, 10, True, Course.HOLD_BACK),
    (Signal.BUSY, 10, True, Course.HOLD_BACK),
    (Signal.SILENT, 1, True, Course.WAIT),
    (Signal.SILENT, 1, False, Course.WAIT),
    (Signal.MISROUTED, 1, True, Course.WAIT),
    (Signal.MISROUTED, 1, False, Course.STOP),
    (Signal.FORBIDDEN, 1, True, Course.STOP),
    (Signal.UNAUTHORISED, 1, True, Course.STOP),
    (Signal.SUPPLIER_PAUSED, 1, True, Course.STOP),
]


@pytest.mark.parametrize(("probe", "silent", "has_answered", "course"), PROBED)
def test_what_one_more_record_confirms(
    probe: Signal, silent: int, has_answered: bool, course: Course
) -> None:
    found = verdicts.confirm(probe=probe, silent=silent, has_answered=has_answered)
    assert found == Ruling(course=course, cause=probe if course is Course.STOP else None)


FORBIDDEN_PLACES: Final[list[tuple[list[Signal], set[int]]]] = [
    ([Signal.FORBIDDEN, Signal.FINE], {0}),
    ([Signal.FINE, Signal.FORBIDDEN, Signal.FORBIDDEN], set()),
    ([Signal.FORBIDDEN, Signal.FINE, Signal.FORBIDDEN], {0}),
    ([Signal.FORBIDDEN, Signal.SILENT], set()),
]


@pytest.mark.parametrize(("signals", "own"), FORBIDDEN_PLACES)
def test_a_403_is_a_records_own_when_another_was_answered_after_it(
    signals: list[Signal], own: set[int]
) -> None:
    assert verdicts.of_one_record(signals=signals) == own


def test_a_record_that_cannot_be_sent_is_tried_three_times() -> None:
    steps = [verdicts.not_sent(key=KEY, doubts=doubts) for doubts in (0, 1, 2)]
    assert [(step.to, step.doubts) for step in steps] == [
        (State.VALID, 1),
        (State.VALID, 1),
        (State.PARKED, 0),
    ]


# The states of a live record, Kraken's word, and the kind of difference.
COMPARED: Final[list[tuple[State, ProcessStatus | NotFound, str | None]]] = [
    (State.PROCESSED, NotFound(), "missing_at_kraken"),
    (State.PROCESSED, says("PROCESSED"), None),
    (State.PROCESSED, says("ERRORED"), "state_differs"),
    (State.ERRORED, says("PROCESSED"), "state_differs"),
    (State.ERRORED, says("ERRORED"), None),
    (State.CANCELLED, NotFound(), None),
    (State.INVALID, says("PROCESSED"), "not_created_here"),
    (State.INVALID, says("ERRORED"), "not_created_here"),
    (State.INVALID, says("PENDING"), None),
    (State.INVALID, says("DRY_RUN_SUCCEEDED"), None),
    (State.REJECTED, NotFound(), None),
]


@pytest.mark.parametrize(("state", "answer", "kind"), COMPARED)
def test_where_kraken_differs_from_a_record(
    state: State, answer: ProcessStatus | NotFound, kind: str | None
) -> None:
    assert verdicts.difference(state=state, kraken_identifier="A-1", answer=answer) == kind


def test_another_identifier_at_kraken_is_a_difference() -> None:
    found = verdicts.difference(state=State.PROCESSED, kraken_identifier="A-2", answer=says("PROCESSED"))
    assert found == "identifier_differs"
