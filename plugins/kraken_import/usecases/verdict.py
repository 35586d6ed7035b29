"""What a status answer proves about one record: the rules that keep records from being doubled or lost.

Pure: no clock, no database, no network.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from kraken_import.client.answers import Answer, NotFound, ProcessStatus
from kraken_import.lifecycle import (
    ENDED_AT_KRAKEN,
    Mode,
    State,
    belongs_to_mode,
    state_of_status,
)
from kraken_import.tracking.processes import Move, Open
from transforms.findings import Finding

_CLOCKS_DIFFER_BY: Final = timedelta(seconds=5)
"""How far Kraken's clock may lie behind ours before a fresh answer is taken for an old one."""

_MAY_BE_CREATED_AGAIN: Final = frozenset(
    {State.ERRORED, State.CANCELLED, State.DRY_RUN_SUCCEEDED, State.DRY_RUN_ERRORED}
)
"""Old ends after which a new create may have been accepted, so that they prove nothing about it."""


def send_until(*, intended_at: datetime, window: timedelta) -> datetime:
    """Until when a create may still leave after its intent; later it must be intended anew."""
    return intended_at + window


def absent_from(*, intended_at: datetime, window: timedelta) -> datetime:
    """From when on a 404 proves that a create never took effect.

    The request may have left one visibility window after the intent, and what it created may have
    stayed invisible for one more.
    """
    return send_until(intended_at=intended_at, window=window) + window


def judge(*, record: Open, answer: Answer, mode: Mode, now: datetime, window: timedelta) -> Move | None:
    """The step that a status answer proves for a record, or None when it must be asked again."""
    if isinstance(answer, ProcessStatus):
        state = state_of_status(status=answer.status)
        belongs = belongs_to_mode(state=state, mode=mode)
        if _is_old(record=record, answer=answer):
            # Of whatever kind it is, a create that another one would only double is taken as it stands.
            if belongs and state not in _MAY_BE_CREATED_AGAIN:
                return _said(record=record, answer=answer, state=state, adopted=True)
            return _not_there(record=record, now=now, window=window)
        if belongs:
            return _said(record=record, answer=answer, state=state, adopted=False)
        if record.evidence_from is None:
            return in_the_way(record=record, answer=answer, mode=mode)
        return _not_there(record=record, now=now, window=window)
    if isinstance(answer, NotFound):
        return _not_there(record=record, now=now, window=window)
    return None


def in_the_way(*, record: Open, answer: ProcessStatus, mode: Mode) -> Move:
    """The end of a record whose create Kraken refuses because of an import process of the other mode."""
    other = Mode.LIVE if mode is Mode.REHEARSAL else Mode.REHEARSAL
    return Move(
        key=record.key,
        to=State.ERRORED,
        kraken_status=answer.status,
        kraken_identifier=answer.kraken_identifier,
        findings=(
            Finding(
                code=f"{other.value}_import_in_the_way",
                path="",
                detail=f"Kraken already has a {other.value} import process for this record.",
                origin="kraken",
            ),
        ),
    )


def _is_old(*, record: Open, answer: ProcessStatus) -> bool:
    return (
        record.evidence_from is not None
        and answer.created_at is not None
        and answer.created_at < record.evidence_from - _CLOCKS_DIFFER_BY
    )


def _said(*, record: Open, answer: ProcessStatus, state: State, adopted: bool) -> Move | None:
    if state is record.state and not adopted:
        return None
    error = answer.latest_error if state in ENDED_AT_KRAKEN else None
    if state is State.UNRECOGNISED:
        error = Finding(
            code="unrecognised_status",
            path="",
            detail="Kraken named a status that is not in its guides.",
            origin="kraken",
        )
    return Move(
        key=record.key,
        to=state,
        kraken_status=answer.status,
        kraken_identifier=answer.kraken_identifier,
        findings=() if error is None else (error,),
        adopted=adopted,
    )


def _not_there(*, record: Open, now: datetime, window: timedelta) -> Move | None:
    if record.state is State.CREATING:
        if now < absent_from(intended_at=record.intended_at, window=window):
            return None
        return Move(key=record.key, to=State.VALID)
    accepted_at = record.created_at or record.intended_at
    if record.state is State.MISSING or now < accepted_at + window:
        return None
    return Move(
        key=record.key,
        to=State.MISSING,
        findings=(
            Finding(
                code="import_process_not_found",
                path="",
                detail="Kraken accepted the create but its status endpoint does not know the record.",
                origin="kraken",
            ),
        ),
    )
