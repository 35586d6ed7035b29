"""What an answer of Kraken's proves: the only place for the rules that keep records from doubling or loss.

Pure: no clock, no database, no network. Each answer to a request about a record has a verdict: the step
that it proves, if it proves one, and what it says of Kraken as a whole. `weigh` decides what follows from
the verdicts of one chunk: go on, hold back, stop, or ask about another record first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

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
from kraken_import.client.refusals import Shared
from kraken_import.domain.lifecycle import (
    AWAITING,
    ENDED_AT_KRAKEN,
    REOPENABLE,
    Mode,
    State,
    belongs_to_mode,
    state_of_status,
)
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.processes import Move, OpenRecord
from kraken_import.usecases.reasons import reasons
from transforms.findings import Finding
from transforms.triage import OUTCOME_KEPT

MANY: Final = 10
"""Consecutive creates or validations that nothing proves: more than a few records' own trouble."""

_DOUBTS: Final = 3
"""Creates of one record, in one attempt, after which an absent record is parked and not sent again."""

_WINDOWS_OF_PATIENCE: Final = 10
"""Visibility windows for which one record may lack an answer while others have theirs."""

_CLOCKS_DIFFER_BY: Final = timedelta(seconds=5)
"""How far Kraken's clock may lag behind ours before a fresh answer is taken for an old one."""

_MAY_BE_CREATED_AGAIN: Final = frozenset(
    {State.ERRORED, State.CANCELLED, State.DRY_RUN_SUCCEEDED, State.DRY_RUN_ERRORED}
)
"""Old ends after which a new create may have been accepted, so that they prove nothing about it."""


NEVER_CREATED: Final = frozenset({State.PLANNED, State.REJECTED, State.BUILT, State.VALID, State.INVALID})
"""Records that Kraken was never asked to create, or not in this attempt."""


TAKEN_UP: Final = Finding.of_record(code="taken_up_again", detail="Kraken goes on with it by itself.")
"""Why nothing was sent for a record that Kraken had ended before."""

_KEPT: Final = Finding.of_record(
    code=OUTCOME_KEPT,
    detail="Kraken did not take the new create and keeps its old outcome: mend or remove it there, then "
    "rerun.",
)


class Signal(StrEnum):
    """What an answer says of Kraken as a whole."""

    FINE = "fine"
    """It answers as a data-import API does."""
    NONE = "none"
    """Nothing was asked."""
    BUSY = "busy"
    SILENT = "silent"
    MISROUTED = "misrouted"
    FORBIDDEN = "forbidden"
    UNAUTHORISED = "unauthorised"
    SUPPLIER_PAUSED = "import_supplier_migration_not_ongoing"
    SUPPLIER_REFUSED = "import_supplier_refused"
    TASK_PARAMS_REFUSED = "task_params_refused"
    ENVELOPE_REFUSED = "envelope_refused"

    @property
    def is_lost(self) -> bool:
        """Whether it is not a usable answer of Kraken's, so that it proves nothing about the record."""
        return self in (Signal.SILENT, Signal.MISROUTED)


_OF_THE_WAVE: Final[dict[Shared, Signal]] = {
    "import_supplier": Signal.SUPPLIER_REFUSED,
    "task_params": Signal.TASK_PARAMS_REFUSED,
    "envelope": Signal.ENVELOPE_REFUSED,
}

FORBIDS_ALL: Final = (Signal.UNAUTHORISED, Signal.SUPPLIER_PAUSED, *_OF_THE_WAVE.values())
"""Answers to one record after which no other can fare better: the most telling first."""


class Next(StrEnum):
    """What must be asked before anything is proved."""

    LOOK_UP = "look_up"
    """Kraken has the record already: its status says how it stands."""
    EXPLAIN = "explain"
    """It was refused without a reason: validating it again says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The step that an answer proves, or None; what it says of Kraken; what must be asked first."""

    move: Move | None
    signal: Signal
    next: Next | None = None
    refusal: Finding | None = None
    """The refusal of something that every record of the wave is sent with."""


class Course(StrEnum):
    """What follows from the answers of one chunk."""

    GO_ON = "go_on"
    CONFIRM = "confirm"
    """No answer was as it should be: one more record is asked about before that is believed."""
    HOLD_BACK = "hold_back"
    """Kraken answers, but takes none of this now."""
    WAIT = "wait"
    """Kraken is silent."""
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The course, and for a stop the signal that causes it."""

    course: Course
    cause: Signal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a create may stay invisible after its request, and how long a request may last."""

    window: timedelta
    request: timedelta

    def absent_from(self, *, record: OpenRecord) -> datetime:
        """Return the time from which a 404 proves that a create never took effect.

        What a request created that ended without an answer becomes visible within a window. If its worker
        died, its end is not known and only the intent's time is: the request left within a window of that.
        """
        if record.doubted_at is not None:
            return record.doubted_at + self.window
        return record.intended_at + self.window + self.request + self.window

    def is_overdue(self, *, record: OpenRecord) -> bool:
        """Return whether an answer about the record has been missing for too long."""
        since = record.doubted_at
        if since is None:
            if record.state is not State.CREATING:
                return False
            since = record.intended_at + self.window + self.request
        return record.seen_at >= since + _WINDOWS_OF_PATIENCE * self.window


def signal_of(*, answer: Answer) -> Signal:
    """Return what an answer says of Kraken as a whole."""
    match answer:
        case Unauthorised():
            return Signal.UNAUTHORISED
        case SupplierPaused():
            return Signal.SUPPLIER_PAUSED
        case WaveRefused(what=what):
            return _OF_THE_WAVE[what]
        case Forbidden():
            return Signal.FORBIDDEN
        case Misrouted():
            return Signal.MISROUTED
        case Throttled():
            return Signal.BUSY
        case NotSent(never_tried=True):
            return Signal.NONE
        case NotSent() | Unknown():
            return Signal.SILENT
        case _:
            return Signal.FINE


def after_validation(*, key: Key, answer: Answer) -> Verdict:
    """Return what the answer to a validation proves."""
    signal = signal_of(answer=answer)
    match answer:
        # Kraken already has this record. The create step resolves it, so let it continue.
        case Accepted() | AlreadyImported():
            return Verdict(move=Move(key=key, to=State.VALID), signal=signal)
        case Refused(findings=findings):
            return Verdict(move=Move(key=key, to=State.INVALID, findings=findings), signal=signal)
        case FailedValidation(finding=finding):
            return Verdict(move=Move(key=key, to=State.INVALID, findings=(finding,)), signal=signal)
        case WaveRefused(finding=finding):
            return Verdict(move=None, signal=signal, refusal=finding)
        case _:
            return Verdict(move=None, signal=signal)


def after_create(*, key: Key, answer: Answer) -> Verdict:
    """Return what the answer to a create proves; without a step and a question the record is in doubt."""
    signal = signal_of(answer=answer)
    match answer:
        case Accepted():
            return Verdict(move=Move(key=key, to=State.CREATED), signal=signal)
        case Refused(findings=findings):
            return Verdict(move=Move(key=key, to=State.INVALID, findings=findings), signal=signal)
        case FailedValidation(finding=finding):
            step = Move(key=key, to=State.INVALID, findings=(finding,))
            return Verdict(move=step, signal=signal, next=Next.EXPLAIN)
        case AlreadyImported():
            return Verdict(move=None, signal=signal, next=Next.LOOK_UP)
        case Throttled() | NotSent() | Unauthorised() | Forbidden() | SupplierPaused():
            # Proof that nothing was created.
            return Verdict(move=Move(key=key, to=State.VALID), signal=signal)
        case WaveRefused(finding=finding):
            return Verdict(move=Move(key=key, to=State.VALID), signal=signal, refusal=finding)
        case _:
            return Verdict(move=None, signal=signal)


def refusal_of(*, found: Iterable[Verdict]) -> Finding | None:
    """Return the refusal of something that every record is sent with; None when there is none."""
    return next((verdict.refusal for verdict in found if verdict.refusal is not None), None)


def after_adoption(*, key: Key, already: AlreadyImported, answer: Answer, mode: Mode) -> Verdict:
    """Return what the status says of a record whose create was refused because Kraken already has it.

    All of it is about an earlier create, by whichever client.
    """
    signal = signal_of(answer=answer)
    if not isinstance(answer, ProcessStatus):
        # It has the record, so it is open there, for whatever reason the look-up failed. The end of an
        # earlier dry run says nothing of this payload, so a rehearsal waits for its own.
        step = Move(
            key=key,
            to=State.MISSING,
            findings=(already.finding,),
            kraken_identifier=already.kraken_identifier,
            adopted=mode is Mode.LIVE,
            of_earlier=True,
        )
        return Verdict(move=step, signal=signal)
    state = state_of_status(status=answer.status)
    if not belongs_to_mode(state=state, mode=mode):
        return Verdict(move=_in_the_way(key=key, answer=answer, mode=mode), signal=signal)
    if state in (State.DRY_RUN_SUCCEEDED, State.DRY_RUN_ERRORED):
        # The end of an earlier dry run says nothing of this payload.
        step = Move(
            key=key,
            to=State.ERRORED,
            findings=(already.finding,),
            kraken_status=answer.status,
            of_earlier=True,
        )
        return Verdict(move=step, signal=signal)
    said = reasons(answer=answer, state=state)
    # What Kraken took up again by itself may have ended anew: nothing was sent that it did not take.
    is_kept = state in REOPENABLE and already.finding != TAKEN_UP
    return Verdict(
        move=Move(
            key=key,
            to=state,
            findings=(_KEPT,) if is_kept else said,
            said_before=said if is_kept else (),
            kraken_status=answer.status,
            kraken_identifier=answer.kraken_identifier or already.kraken_identifier,
            adopted=True,
            of_earlier=True,
        ),
        signal=signal,
    )


def after_status(*, record: OpenRecord, answer: Answer, mode: Mode, timing: Timing) -> Verdict:
    """Return what the status endpoint's answer proves of a record; without a step it is asked again."""
    signal = signal_of(answer=answer)
    match answer:
        case ProcessStatus():
            return Verdict(move=_named(record=record, answer=answer, mode=mode, timing=timing), signal=signal)
        case NotFound():
            return Verdict(move=_not_there(record=record, timing=timing), signal=signal)
        case _:
            return Verdict(move=None, signal=signal)


def unanswered(*, record: OpenRecord, timing: Timing) -> Move | None:
    """Park a record whose answers have been missing for too long while others had theirs."""
    if record.state is State.PARKED or not timing.is_overdue(record=record):
        return None
    return park(
        key=record.key,
        code="never_answered",
        detail="Kraken answers about other records, and gives no usable answer about this one.",
    )


def park(*, key: Key, code: str, detail: str) -> Move:
    """Return the step for a record that cannot be proved: a person decides, or a rerun tries again."""
    return Move(key=key, to=State.PARKED, findings=(Finding.of_record(code=code, detail=detail),))


def not_sent(*, key: Key, doubts: int) -> Move:
    """Return the step for a valid record that could not be sent `doubts` times while others were answered."""
    if doubts + 1 < _DOUBTS:
        return Move(key=key, to=State.VALID, doubts=1)
    return park(
        key=key,
        code="never_answered",
        detail="Kraken answers about other records, and this one could not be looked up or sent.",
    )


def park_forbidden(*, key: Key) -> Move:
    """Return the step for a record that Kraken, or a firewall before it, blocks while others pass."""
    return park(
        key=key,
        code="forbidden",
        detail="This record alone was answered 403: something in it, or before Kraken, does not let it pass.",
    )


def are_few(*, signals: Sequence[Signal]) -> bool:
    """Return whether few records lack an answer, or others beside them were answered."""
    return Signal.FINE in signals or len(signals) < MANY


def of_one_record(*, signals: Sequence[Signal]) -> frozenset[int]:
    """Return the places of 403s that concern the record itself: a later record got a good answer.

    A 403 after the last good answer may mean that the permission is gone.
    """
    last_fine = max((place for place, signal in enumerate(signals) if signal is Signal.FINE), default=-1)
    return frozenset(
        place for place, signal in enumerate(signals) if signal is Signal.FORBIDDEN and place < last_fine
    )


def weigh(*, signals: Iterable[Signal]) -> Ruling:
    """Return what follows from answers about different records that were asked about together."""
    counted = Counter(signals)
    for cause in FORBIDS_ALL:
        if counted[cause]:
            return Ruling(course=Course.STOP, cause=cause)
    if counted[Signal.FINE]:
        return Ruling(course=Course.GO_ON)
    # A few 403s may be the trouble of the last open records: another record tells.
    if counted[Signal.FORBIDDEN] >= MANY:
        return Ruling(course=Course.STOP, cause=Signal.FORBIDDEN)
    doubtful = counted[Signal.FORBIDDEN] + counted[Signal.MISROUTED] + counted[Signal.SILENT]
    if doubtful and not counted[Signal.BUSY]:
        return Ruling(course=Course.CONFIRM)
    return Ruling(course=Course.GO_ON)


def confirm(*, probe: Signal, silent: int, has_answered: bool) -> Ruling:
    """Return what follows once another record was asked about, after `silent` ones without a usable answer.

    `has_answered`: this Kraken has answered as a data-import API in this wave, so an unusual answer now is a
    maintenance page rather than a wrong address.
    """
    match probe:
        case Signal.UNAUTHORISED | Signal.SUPPLIER_PAUSED | Signal.FORBIDDEN:
            return Ruling(course=Course.STOP, cause=probe)
        case Signal.MISROUTED if not has_answered:
            return Ruling(course=Course.STOP, cause=probe)
        case Signal.MISROUTED | Signal.SILENT:
            return Ruling(course=Course.WAIT)
        case _:
            return Ruling(course=Course.HOLD_BACK if silent >= MANY else Course.GO_ON)


def difference(
    *,
    state: State,
    kraken_identifier: str | None,
    answer: ProcessStatus | NotFound,
    is_restored: bool = False,
) -> str | None:
    """Return the kind of difference between an ended live record and Kraken's answer; None for none.

    After a restore what is under way there may be a create that is not known here any more.
    """
    is_processed = state is State.PROCESSED
    if isinstance(answer, NotFound):
        return "missing_at_kraken" if is_processed else None
    there = state_of_status(status=answer.status)
    if state in NEVER_CREATED:
        # What has not ended there may be a rehearsal, and a rehearsal creates nothing.
        counts = is_restored or there in ENDED_AT_KRAKEN
        return "not_created_here" if counts and belongs_to_mode(state=there, mode=Mode.LIVE) else None
    if is_processed is not (there is State.PROCESSED):
        return "state_differs"
    return "identifier_differs" if is_processed and answer.kraken_identifier != kraken_identifier else None


def _named(*, record: OpenRecord, answer: ProcessStatus, mode: Mode, timing: Timing) -> Move | None:
    state = state_of_status(status=answer.status)
    belongs = belongs_to_mode(state=state, mode=mode)
    if _is_old(record=record, answer=answer):
        if not belongs:
            return _not_there(record=record, timing=timing)
        # Of either mode, an open import that another create would only double is taken as it is.
        if state not in _MAY_BE_CREATED_AGAIN:
            return _said(record=record, answer=answer, state=state, adopted=True, of_earlier=True)
        # Kraken has accepted this create and still shows the earlier end: it was created again in place.
        if mode is Mode.LIVE and _is_visible(record=record, timing=timing):
            return _said(record=record, answer=answer, state=state, adopted=True, of_earlier=True)
        return _not_there(record=record, timing=timing)
    if belongs:
        # What was adopted once is an earlier create to its end.
        of_earlier = record.evidence_from is None
        return _said(record=record, answer=answer, state=state, adopted=False, of_earlier=of_earlier)
    if record.evidence_from is None:
        return _in_the_way(key=record.key, answer=answer, mode=mode)
    if record.state is State.CREATING:
        return _replaced(record=record, answer=answer, mode=mode, timing=timing)
    return _not_there(record=record, timing=timing)


def _replaced(*, record: OpenRecord, answer: ProcessStatus, mode: Mode, timing: Timing) -> Move | None:
    """Return the step for a create in doubt where Kraken shows a later one of the other mode.

    Kraken shows only the latest, so this does not prove that the create took no effect.
    """
    if mode is Mode.REHEARSAL:
        return _in_the_way(key=record.key, answer=answer, mode=mode)
    if record.seen_at < timing.absent_from(record=record):
        return None
    return park(
        key=record.key,
        code="hidden_by_rehearsal",
        detail="A create ended without a usable answer, and Kraken shows a later rehearsal in its place.",
    )


def _is_old(*, record: OpenRecord, answer: ProcessStatus) -> bool:
    latest = max(filter(None, (answer.created_at, answer.changed_at)), default=None)
    return (
        record.evidence_from is not None
        and latest is not None
        and latest < record.evidence_from - _CLOCKS_DIFFER_BY
    )


def _is_visible(*, record: OpenRecord, timing: Timing) -> bool:
    """Return whether what Kraken accepted must be visible by now."""
    return (
        record.state in AWAITING
        and record.created_at is not None
        and record.seen_at >= record.created_at + timing.window
    )


def _said(
    *, record: OpenRecord, answer: ProcessStatus, state: State, adopted: bool, of_earlier: bool
) -> Move | None:
    if state is record.state and not adopted:
        return None
    return Move(
        key=record.key,
        to=state,
        kraken_status=answer.status,
        kraken_identifier=answer.kraken_identifier,
        findings=reasons(answer=answer, state=state),
        adopted=adopted,
        of_earlier=of_earlier,
    )


def _in_the_way(*, key: Key, answer: ProcessStatus, mode: Mode) -> Move:
    """End a record whose create Kraken refuses because of an import process of the other mode."""
    other = Mode.LIVE if mode is Mode.REHEARSAL else Mode.REHEARSAL
    return Move(
        key=key,
        to=State.ERRORED,
        kraken_status=answer.status,
        kraken_identifier=answer.kraken_identifier,
        findings=(
            Finding.of_record(
                code=f"{other.value}_import_in_the_way",
                detail=f"Kraken already has a {other.value} import process for this record.",
            ),
        ),
    )


def _not_there(*, record: OpenRecord, timing: Timing) -> Move | None:
    """Return the step that follows when Kraken has nothing of this create."""
    if record.state is State.CREATING:
        if record.seen_at < timing.absent_from(record=record):
            return None
        if record.doubts >= _DOUBTS:
            return park(
                key=record.key,
                code="create_never_takes_effect",
                detail=f"{record.doubts} creates ended without a usable answer, and none had an effect.",
            )
        return Move(key=record.key, to=State.VALID)
    if record.state is State.MISSING:
        if not timing.is_overdue(record=record):
            return None
        return replace(_missing(record=record), to=State.PARKED)
    accepted_at = record.created_at or record.intended_at
    if record.state is State.PARKED or record.seen_at < accepted_at + timing.window:
        return None
    return _missing(record=record)


def _missing(*, record: OpenRecord) -> Move:
    return Move(
        key=record.key,
        to=State.MISSING,
        findings=(
            Finding.of_record(
                code="import_process_not_found",
                detail="Kraken accepted the create but its status endpoint does not know the record.",
            ),
        ),
    )
