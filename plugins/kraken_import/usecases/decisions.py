"""Weighs a person's decision about a record against what Kraken answers now.

Pure: no clock, no database, no network. A decision never outweighs an answer; it counts where Kraken gives
none that proves anything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from kraken_import.client.answers import Answer, NotFound, ProcessStatus
from kraken_import.domain.lifecycle import AWAITING, Mode, State, belongs_to_mode, state_of_status
from kraken_import.tracking.decisions import Decidable, Said
from kraken_import.tracking.processes import Move
from kraken_import.usecases.verdicts import Timing, after_status
from transforms.findings import Finding

_NEVER_SENT: Final = frozenset({State.BUILT, State.VALID})


def decided(*, case: Decidable, said: Said, answer: Answer, mode: Mode, timing: Timing) -> Move | str:
    """Return the step that a decision leads to, from `parked`; or why it cannot be taken, as a clause.

    `answer` is what the status endpoint says now. The caller has made sure that Kraken answers at all.
    """
    match answer:
        case ProcessStatus():
            return _with_status(case=case, said=said, answer=answer, mode=mode, timing=timing)
        case NotFound():
            return _unknown_there(case=case, said=said, mode=mode, timing=timing, because="does not know it")
        case _ if said == "absent":
            return _absent(case=case, timing=timing)
        case _ if mode is Mode.REHEARSAL:
            return "the outcome of a dry run cannot be decided, only rerun"
        case _:
            return _there(case=case)


def _with_status(
    *, case: Decidable, said: Said, answer: ProcessStatus, mode: Mode, timing: Timing
) -> Move | str:
    state = state_of_status(status=answer.status)
    if not belongs_to_mode(state=state, mode=mode):
        other = "live import" if mode is Mode.REHEARSAL else "dry run"
        because = f"shows only a {other} of it"
        return _unknown_there(case=case, said=said, mode=mode, timing=timing, because=because)
    # Judged like a parked record: None when this is not about its create.
    shown = after_status(
        record=replace(case.record, state=State.PARKED), answer=answer, mode=mode, timing=timing
    ).move
    if shown is None and mode is Mode.REHEARSAL:
        # Whatever an earlier dry run led to, it was with another payload.
        because = "shows only an earlier dry run of it"
        return _unknown_there(case=case, said=said, mode=mode, timing=timing, because=because)
    if said == "absent":
        status = "with an unknown status" if state is State.UNRECOGNISED else f"as {answer.status}"
        return f"Kraken shows it {status}, so it is not absent"
    if shown is None:
        shown = after_status(
            record=replace(case.record, state=State.PARKED, evidence_from=None),
            answer=answer,
            mode=mode,
            timing=timing,
        ).move
        assert shown is not None
    return replace(shown, adopted=True)


def _unknown_there(*, case: Decidable, said: Said, mode: Mode, timing: Timing, because: str) -> Move | str:
    if said == "absent":
        return _absent(case=case, timing=timing)
    if mode is Mode.LIVE and case.imported_as is not None:
        # It is under another process than this record's, so the record's own status does not know of it.
        return replace(_there(case=case), kraken_identifier=case.imported_as)
    return f"Kraken {because}, so it is not there"


def _there(*, case: Decidable) -> Move:
    return Move(
        key=case.record.key,
        to=State.PROCESSED,
        findings=(
            Finding(
                code="decided_there",
                path="",
                detail="A person has said that Kraken has this record; its status there does not prove it.",
                severity="warning",
            ),
        ),
        adopted=True,
    )


def _absent(*, case: Decidable, timing: Timing) -> Move | str:
    """Put a record back to be created; one that was never validated still has to be."""
    until = _may_appear_until(case=case, timing=timing)
    if until is not None and case.record.seen_at < until:
        return f"a create of it may still take effect until {until:%H:%M:%S} UTC"
    back_to = case.stood if case.stood in _NEVER_SENT else State.VALID
    return Move(key=case.record.key, to=back_to)


def _may_appear_until(*, case: Decidable, timing: Timing) -> datetime | None:
    if case.stood is State.CREATING:
        return timing.absent_from(record=case.record)
    if case.stood in AWAITING:
        return (case.record.created_at or case.record.intended_at) + timing.window
    return None
