"""What a person's word about a record comes to, beside what Kraken answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kraken_import.client.answers import (
    Answer,
    Forbidden,
    Misrouted,
    NotFound,
    NotSent,
    ProcessStatus,
    Throttled,
    Unknown,
)
from kraken_import.domain.lifecycle import LEGAL_MOVES, OPEN, Mode, State
from kraken_import.tracking.decisions import Decidable, Said
from kraken_import.tracking.processes import Move, OpenRecord
from kraken_import.usecases.decisions import decided
from kraken_import.usecases.verdicts import Timing

SENT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIMING = Timing(window=timedelta(seconds=30), request=timedelta(seconds=60))
LONG_AFTER = SENT + timedelta(hours=1)
SILENCE: tuple[Answer, ...] = (
    Unknown(reason="HTTP 500"),
    NotSent(reason="no connection"),
    Throttled(retry_after=1),
    Misrouted(reason="a sign-in page"),
    Forbidden(),
)
PARKED = tuple((State.PARKED, origin) for origin in (State.BUILT, State.VALID, *sorted(OPEN)))
UNDECIDED: tuple[tuple[State, State | None], ...] = (*PARKED, *((state, None) for state in sorted(OPEN)))


def case(
    state: State = State.PARKED,
    parked_from: State | None = State.CREATING,
    *,
    imported_as: str | None = None,
    seen_at: datetime = LONG_AFTER,
    doubted_at: datetime | None = None,
    created_at: datetime | None = None,
) -> Decidable:
    return Decidable(
        record=OpenRecord(
            id=1,
            wave_id=1,
            external_identifier="A-1",
            attempt=2,
            state=state,
            intended_at=SENT,
            evidence_from=SENT,
            created_at=created_at,
            seen_at=seen_at,
            doubted_at=doubted_at,
        ),
        batch=0,
        parked_from=parked_from,
        imported_as=imported_as,
    )


def shown(status: str, *, age: timedelta = timedelta(), identifier: str | None = None) -> ProcessStatus:
    """A status of an import process that is so much older than the create."""
    return ProcessStatus(
        status=status, kraken_identifier=identifier, created_at=SENT - age, latest_error=None
    )


def word(
    said: Said, answer: Answer, mode: Mode = Mode.LIVE, about: Decidable | None = None
) -> tuple[State, str | None] | str:
    """Where the word leads and under which identifier, or why it cannot be taken."""
    found = decided(case=about or case(), said=said, answer=answer, mode=mode, timing=TIMING)
    return (found.to, found.kraken_identifier) if isinstance(found, Move) else found


OLD = timedelta(days=1)
NOT_THERE = "Kraken does not know it, so it is not there"


@pytest.mark.parametrize(
    ("said", "answer", "mode", "outcome"),
    [
        # Kraken shows it.
        ("there", shown("PROCESSED", identifier="A-7"), Mode.LIVE, (State.PROCESSED, "A-7")),
        ("there", shown("PROCESSED", age=OLD), Mode.LIVE, (State.PROCESSED, None)),
        ("there", shown("ERRORED"), Mode.LIVE, (State.ERRORED, None)),
        ("there", shown("ERRORED", age=OLD), Mode.LIVE, (State.ERRORED, None)),
        ("there", shown("PENDING"), Mode.LIVE, (State.PENDING, None)),
        ("there", shown("ON_HOLD"), Mode.LIVE, (State.UNRECOGNISED, None)),
        ("there", shown("DRY_RUN_SUCCEEDED"), Mode.REHEARSAL, (State.DRY_RUN_SUCCEEDED, None)),
        ("absent", shown("PROCESSED"), Mode.LIVE, "Kraken shows it as PROCESSED, so it is not absent"),
        ("absent", shown("ERRORED", age=OLD), Mode.LIVE, "Kraken shows it as ERRORED, so it is not absent"),
        (
            "absent",
            shown("ON_HOLD"),
            Mode.LIVE,
            "Kraken shows it with an unknown status, so it is not absent",
        ),
        (
            "absent",
            shown("DRY_RUN_ERRORED"),
            Mode.REHEARSAL,
            "Kraken shows it as DRY_RUN_ERRORED, so it is not absent",
        ),
        # What it shows is of another import than this one.
        (
            "there",
            shown("DRY_RUN_SUCCEEDED"),
            Mode.LIVE,
            "Kraken shows only a dry run of it, so it is not there",
        ),
        ("absent", shown("DRY_RUN_SUCCEEDED"), Mode.LIVE, (State.VALID, None)),
        (
            "there",
            shown("PROCESSED"),
            Mode.REHEARSAL,
            "Kraken shows only a live import of it, so it is not there",
        ),
        (
            "there",
            shown("DRY_RUN_SUCCEEDED", age=OLD),
            Mode.REHEARSAL,
            "Kraken shows only an earlier dry run of it, so it is not there",
        ),
        ("absent", shown("DRY_RUN_SUCCEEDED", age=OLD), Mode.REHEARSAL, (State.VALID, None)),
        # Kraken does not know it.
        ("there", NotFound(), Mode.LIVE, NOT_THERE),
        ("there", NotFound(), Mode.REHEARSAL, NOT_THERE),
        ("absent", NotFound(), Mode.LIVE, (State.VALID, None)),
        ("absent", NotFound(), Mode.REHEARSAL, (State.VALID, None)),
    ],
)
def test_a_word_that_contradicts_krakens_answer_is_not_taken(
    said: Said, answer: Answer, mode: Mode, outcome: tuple[State, str | None] | str
) -> None:
    assert word(said, answer, mode) == outcome


@pytest.mark.parametrize("answer", SILENCE, ids=lambda answer: type(answer).__name__)
def test_a_word_counts_where_kraken_gives_no_usable_answer_about_the_record(answer: Answer) -> None:
    assert word("there", answer) == (State.PROCESSED, None)
    assert word("absent", answer) == (State.VALID, None)
    assert word("absent", answer, Mode.REHEARSAL) == (State.VALID, None)
    assert word("there", answer, Mode.REHEARSAL) == "the outcome of a dry run cannot be decided, only rerun"


def test_what_is_taken_on_a_persons_word_alone_says_so() -> None:
    found = decided(
        case=case(), said="there", answer=Unknown(reason="HTTP 500"), mode=Mode.LIVE, timing=TIMING
    )
    assert isinstance(found, Move)
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.origin) == ("decided_there", "warning", "local")


def test_what_kraken_has_imported_under_its_own_identifier_is_there_without_a_status() -> None:
    elsewhere = case(State.MISSING, None, imported_as="A-X")
    assert word("there", NotFound(), about=elsewhere) == (State.PROCESSED, "A-X")
    assert word("there", NotFound(), Mode.REHEARSAL, about=elsewhere) == NOT_THERE


@pytest.mark.parametrize(("state", "parked_from"), UNDECIDED)
def test_what_is_absent_goes_back_to_where_it_may_be_created_from_and_past_no_validation(
    state: State, parked_from: State | None
) -> None:
    back_to = State.BUILT if parked_from is State.BUILT else State.VALID
    for answer in (NotFound(), *SILENCE):
        assert word("absent", answer, about=case(state, parked_from)) == (back_to, None)


@pytest.mark.parametrize(("state", "parked_from"), UNDECIDED)
@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "PROCESSED", "ERRORED", "CANCELLED", "ON_HOLD"])
@pytest.mark.parametrize("age", [timedelta(), OLD])
def test_whatever_state_it_is_in_the_status_that_kraken_shows_is_taken_for_good(
    state: State, parked_from: State | None, status: str, age: timedelta
) -> None:
    found = decided(
        case=case(state, parked_from),
        said="there",
        answer=shown(status, age=age),
        mode=Mode.LIVE,
        timing=TIMING,
    )
    assert isinstance(found, Move)
    assert found.to in LEGAL_MOVES[State.PARKED]
    assert found.adopted


@pytest.mark.parametrize(
    ("about", "until"),
    [
        (case(State.CREATING, None, seen_at=SENT + timedelta(seconds=119)), "12:02:00"),
        (case(seen_at=SENT + timedelta(seconds=119)), "12:02:00"),
        (
            case(seen_at=SENT + timedelta(seconds=69), doubted_at=SENT + timedelta(seconds=40)),
            "12:01:10",
        ),
        (
            case(
                State.CREATED,
                None,
                seen_at=SENT + timedelta(seconds=31),
                created_at=SENT + timedelta(seconds=2),
            ),
            "12:00:32",
        ),
    ],
)
@pytest.mark.parametrize("answer", [NotFound(), Unknown(reason="HTTP 500")])
def test_nothing_is_absent_while_a_create_of_it_may_still_take_effect(
    about: Decidable, until: str, answer: Answer
) -> None:
    found = word("absent", answer, about=about)
    assert found == f"a create of it may still take effect until {until} UTC"
