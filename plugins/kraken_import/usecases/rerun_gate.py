"""What a rerun asks a person before it creates records of waves that want an approval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.lifecycle import State
from kraken_import.tracking import gate, reruns
from kraken_import.tracking.gate import Decision
from kraken_import.tracking.reruns import AskingWave, Rerun
from kraken_import.usecases.gate import EXPIRED, REJECTED, ApprovalBarred, Question, is_barred
from kraken_import.usecases.withdrawal import is_hindered
from transforms.registry import get_dialect

_MOST_CAUSES: Final = 20


def rerun_question_to_ask(*, tracking: Engine, rerun_id: int, now: datetime) -> Question | None:
    """What a person must answer before this rerun may create anything; None when nothing is to be asked.

    Asked where a wave of its valid records requires approval, unless that wave lets its own approval count
    for reruns. What is counted and what is asked about come from one snapshot.
    """
    with tracking.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
        rerun = reruns.load_rerun(connection=connection, rerun_id=rerun_id)
        asking = reruns.asking_waves(connection=connection, rerun_id=rerun_id)
        if rerun.stopped_at is not None or not asking:
            return None
        if rerun.approved_at is not None and not any(
            gate.uncovered(connection=connection, wave_id=wave.id, rerun_id=rerun_id) for wave in asking
        ):
            return None
        records = gate.ask_for_rerun(connection=connection, rerun_id=rerun_id, at=now)
        body = "\n\n".join(_body(connection=connection, rerun=rerun, asking=asking))
    return Question(
        subject=f"Create {records:,} records of rerun {rerun_id} in {rerun.target_kraken}?",
        body=body,
        wait=timedelta(minutes=float(min(wave.approval_minutes for wave in asking))),
    )


def answer_rerun_question(
    *, tracking: Engine, rerun_id: int, approved: bool, answered_by: str | None, now: datetime
) -> Decision | None:
    """Record the answer, or that none came in time (`answered_by` None); the decision that stands: the first.

    A rejection, like no answer, stops the rerun and leaves its waves alone. Of a rerun that was stopped
    meanwhile the question was withdrawn. Raises `ApprovalBarred` for the approval of a user who may not give
    it; nothing is recorded then.
    """
    verdict: gate.Verdict = "expired" if answered_by is None else "approved" if approved else "rejected"
    with tracking.begin() as connection:
        reruns.lock(connection=connection, rerun_id=rerun_id)
        rerun = reruns.load_rerun(connection=connection, rerun_id=rerun_id)
        if is_hindered(connection=connection, rerun=rerun):
            verdict, answered_by = "withdrawn", None
        elif verdict == "approved" and is_barred(
            four_eyes=reruns.requires_four_eyes(connection=connection, rerun_id=rerun_id),
            askers=() if rerun.requested_by is None else (rerun.requested_by,),
            user=answered_by,
        ):
            raise ApprovalBarred(
                f"{answered_by} asked for rerun {rerun_id} and cannot approve it: another user must answer."
            )
        decision = gate.decide_rerun(
            connection=connection, rerun_id=rerun_id, verdict=verdict, decided_by=answered_by, at=now
        )
        if decision is not None and decision.decision == "approved":
            gate.approve_rerun(connection=connection, rerun_id=rerun_id, at=decision.decided_at)
    if decision is None or decision.decision in ("rejected", "expired"):
        code, reason = _refusal(decision=decision)
        reruns.stop_rerun(engine=tracking, rerun_id=rerun_id, code=code, reason=reason, at=now)
    return decision


def _refusal(*, decision: Decision | None) -> tuple[str, str]:
    again = "nothing further is created; clear the run in Airflow to be asked again."
    if decision is None or decision.decision == "expired":
        return EXPIRED, f"not approved in time: {again}"
    return REJECTED, f"rejected by {decision.decided_by} at the gate: {again}"


def _body(*, connection: Connection, rerun: Rerun, asking: list[AskingWave]) -> Iterator[str]:
    """The summary in Markdown: codes and numbers only, nothing of a customer."""
    counts: Counter[State] = Counter()
    for way in reruns.ways(connection=connection, rerun_id=rerun.id):
        counts[way.state] += way.records
    listed = ", ".join(f"{state.value} {records:,}" for state, records in sorted(counts.items()))
    yield f"**{rerun.records:,} records** of {rerun.dialect} in a {rerun.mode.value} rerun: {listed}."
    names = ", ".join(f"`{wave.name}`" for wave in asking)
    yield f"**Approval** is wanted by wave {names}."
    if any(wave.four_eyes for wave in asking) and rerun.requested_by is not None:
        yield f"**Four eyes**: {rerun.requested_by} asked for this rerun and cannot approve it."
    causes = reruns.causes(connection=connection, rerun_id=rerun.id, most=_MOST_CAUSES)
    if causes:
        rows = [f"| {cause.records:,} | {cause.state} | `{cause.code}` | {cause.path} |" for cause in causes]
        yield "\n".join(["| records | state | code | field |", "| ---: | --- | --- | --- |", *rows])
    sources = get_dialect(name=rerun.dialect).money
    if sources:
        source = sources[0]
        cents = reruns.valid_cents(
            connection=connection, rerun_id=rerun.id, ledger=source.ledger, currency=source.currency
        )
        yield (
            f"**Money**: {Decimal(cents).scaleb(-2):,.2f} {source.currency} in the valid payloads "
            f"(sum of {source.place})."
        )
