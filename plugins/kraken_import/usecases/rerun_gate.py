"""Asks a person before a rerun creates records of waves that require an approval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import State
from kraken_import.domain.stops import StopCode
from kraken_import.domain.texts import counted
from kraken_import.tracking import gate, reruns
from kraken_import.tracking.gate import Decision
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.reruns import AskingWave, Rerun
from kraken_import.usecases.four_eyes import is_barred
from kraken_import.usecases.gate import ApprovalBarred, Question
from kraken_import.usecases.parties import LEFT_OUT, in_markdown
from kraken_import.usecases.withdrawal import is_hindered
from transforms.money import written
from transforms.registry import get_dialect

_MOST_CAUSES: Final = 20


def rerun_question_to_ask(*, tracking: Engine, rerun: int, now: datetime) -> Question | None:
    """Return the question that a person must answer before this rerun creates anything; None: no question.

    It is asked where a wave of its valid records requires approval, unless that wave's own approval covers
    reruns. What is counted and what is asked about come from one snapshot.
    """
    with tracking.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
        given = reruns.load_rerun(connection=connection, rerun=rerun)
        asking = reruns.asking_waves(connection=connection, rerun=rerun)
        if given.stopped_at is not None or not asking:
            return None
        if given.approved_at is not None and not any(
            gate.uncovered(connection=connection, ref=WaveRef(wave_id=wave.id, rerun=rerun))
            for wave in asking
        ):
            return None
        records = gate.ask_for_rerun(connection=connection, rerun=rerun, at=now)
        body = "\n\n".join(_body(connection=connection, given=given, asking=asking))
    return Question(
        subject=f"Create {counted(number=records, noun='record')} of rerun {rerun} in {given.target_kraken}?",
        body=body,
        wait=timedelta(minutes=float(min(wave.approval_minutes for wave in asking))),
    )


def answer_rerun_question(
    *, tracking: Engine, rerun: int, approved: bool, answered_by: str | None, now: datetime
) -> Decision | None:
    """Record the answer, or that none came in time (`answered_by` None).

    Returns the first answer, which counts. A rejection, like a missing answer, stops the rerun and leaves its
    waves alone. The question of a rerun that was stopped meanwhile is withdrawn. Raises `ApprovalBarred` for
    the approval of a user who may not give it, and records nothing then.
    """
    verdict: gate.Verdict = "expired" if answered_by is None else "approved" if approved else "rejected"
    with tracking.begin() as connection:
        reruns.lock(connection=connection, rerun=rerun)
        given = reruns.load_rerun(connection=connection, rerun=rerun)
        if is_hindered(connection=connection, rerun=given):
            verdict, answered_by = "withdrawn", None
        elif verdict == "approved" and is_barred(
            four_eyes=reruns.requires_four_eyes(connection=connection, rerun=rerun),
            askers=() if given.requested_by is None else (given.requested_by,),
            user=answered_by,
        ):
            raise ApprovalBarred(
                f"{answered_by} asked for rerun {rerun} and cannot approve it: another user must answer."
            )
        decision = gate.decide_rerun(
            connection=connection, rerun=rerun, verdict=verdict, decided_by=answered_by, at=now
        )
        if decision is not None and decision.decision == "approved":
            gate.approve_rerun(connection=connection, rerun=rerun, at=decision.decided_at)
    if decision is None or decision.decision in ("rejected", "expired"):
        code, reason = _refusal(decision=decision)
        reruns.stop_rerun(engine=tracking, rerun=rerun, code=code, reason=reason, at=now)
    return decision


def _refusal(*, decision: Decision | None) -> tuple[StopCode, str]:
    again = "nothing further is created; clear the run in Airflow to be asked again."
    if decision is None or decision.decision == "expired":
        return StopCode.NOT_APPROVED, f"not approved in time: {again}"
    return StopCode.REJECTED, f"rejected by {decision.decided_by} at the gate: {again}"


def _body(*, connection: Connection, given: Rerun, asking: list[AskingWave]) -> Iterator[str]:
    """Yield the summary in Markdown: codes and numbers only, no customer data."""
    counts: Counter[State] = Counter()
    for way in reruns.ways(connection=connection, rerun=given.id):
        counts[way.state] += way.records
    listed = ", ".join(f"{state.value} {records:,}" for state, records in sorted(counts.items()))
    what = counted(number=given.records, noun="record")
    yield f"**{what}** of {given.dialect} in a {given.mode.value} rerun: {listed}."
    names = ", ".join(f"`{wave.name}`" for wave in asking)
    yield f"**Approval** is required by wave {names}."
    if any(wave.four_eyes for wave in asking) and given.requested_by is not None:
        yield f"**Four eyes**: {given.requested_by} asked for this rerun and cannot approve it."
    causes = reruns.causes(connection=connection, rerun=given.id, states=LEFT_OUT, most=_MOST_CAUSES)
    if causes:
        yield in_markdown(causes=causes, dialect=given.dialect)
    sources = get_dialect(name=given.dialect).money
    if sources:
        source = sources[0]
        cents = reruns.valid_cents(
            connection=connection, rerun=given.id, ledger=source.ledger, currency=source.currency
        )
        yield (
            f"**Money**: {written(cents=cents)} {source.currency} in the valid payloads "
            f"(sum of {source.place})."
        )
