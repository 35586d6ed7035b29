"""The one place between validation and the first create of a wave."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import OPEN, Mode, State
from kraken_import.domain.stops import StopCode
from kraken_import.domain.texts import counted
from kraken_import.tracking import control, evidence, gate, processes, progress, reruns, shared_values, waves
from kraken_import.tracking.gate import Decision
from kraken_import.tracking.processes import Move
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.calling import stop
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.four_eyes import is_barred
from kraken_import.usecases.review import review
from transforms.findings import Finding
from transforms.registry import get_dialect
from transforms.rules.engine import Circumstances

_MISSING: Final = Finding(
    code="rehearsal_missing",
    path="",
    detail="No dry run has succeeded with this record, and the wave creates only what was rehearsed.",
)
_OUTDATED: Final = Finding(
    code="rehearsal_outdated",
    path="",
    detail="A dry run has succeeded with another payload of this record: it has changed since.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question for a person at the gate, in Markdown without personal values, and its time limit."""

    subject: str
    body: str
    wait: timedelta


class ApprovalBarred(Exception):
    """Four eyes: the user who approved had asked for the wave, so the question stays open. One sentence."""


def batches_to_load(*, tracking: Engine, wave_id: int, now: datetime) -> list[int]:
    """Return the batches with something to create or to await; none to create if the wave may not.

    First refuses valid records that share a value that must be unique, and those without the rehearsal that
    the wave requires. An unattended wave is stopped if too many records have been refused since its run was
    last cleared.
    """
    with tracking.begin() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        refuse_shared(connection=connection, wave_id=wave_id, now=now)
        hold_back_unrehearsed(connection=connection, wave=wave, now=now)
        refused, total = gate.refused(connection=connection, wave_id=wave_id)
    if (
        wave.policy.approval == "unattended"
        and wave.stopped_at is None
        and refused > wave.failure_threshold * total
    ):
        stop(tracking=tracking, wave=wave, fault=_too_many(wave=wave, refused=refused, total=total), now=now)
    with tracking.connect() as connection:
        wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id))
        batches = set(waves.batches_in_state(connection=connection, wave_id=wave_id, states=OPEN))
        if wave.stopped_at is None:
            batches.update(gate.batches_covered(connection=connection, ref=wave.ref))
        return sorted(batches)


def question_to_ask(*, tracking: Engine, wave_id: int, now: datetime) -> Question | None:
    """Return the question that a person must answer before this wave creates anything; None: no question.

    An earlier approval holds as long as it covers every valid record. What is counted and what is asked about
    come from one snapshot; if a worker changes a record meanwhile this fails, and is tried again.
    """
    with tracking.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
        wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id))
        if wave.policy.approval != "required" or wave.stopped_at is not None:
            return None
        if wave.approved_at is not None and not gate.uncovered(connection=connection, ref=wave.ref):
            return None
        counts = progress.wave_states(connection=connection, wave_id=wave_id)
        if not counts.get(State.VALID):
            return None
        records = gate.ask(connection=connection, wave_id=wave_id, at=now)
        live = "" if wave.mode is Mode.LIVE else " (rehearsal: nothing is kept there)"
        what = counted(number=records, noun="record")
        subject = f"Create {what} of wave {wave.name!r} in {wave.target_kraken}{live}?"
        wait = timedelta(minutes=float(wave.policy.approval_minutes))
        body = review(connection=connection, wave=wave, counts=counts, until=now + wait)
        gate.word_question(connection=connection, wave_id=wave_id, subject=subject, body=body)
    return Question(subject=subject, body=body, wait=wait)


def unapproved(*, wave: Wave, records: int) -> str:
    """Explain why valid records of a wave, or of the rerun that sees it, are not covered by its approval."""
    if wave.approved_at is None:
        what = f"Wave {wave.name!r}" if wave.rerun is None else f"Rerun {wave.rerun}"
        return f"{what} has not been approved: clear its task gate, and answer there."
    were = "record was" if records == 1 else "records were"
    return f"{records:,} {were} built after the approval: clear task gate to be asked again."


def answer_question(
    *, tracking: Engine, wave_id: int, approved: bool, answered_by: str | None, now: datetime
) -> Decision | None:
    """Record the answer, or that none came in time (`answered_by` None).

    Returns the first answer, which counts. The question of a wave that was stopped meanwhile is withdrawn,
    whatever the answer. A rejection stops the wave, so that nothing is created unless the run is cleared,
    which asks again. Raises `ApprovalBarred` for an approval that four eyes do not let count; it is recorded
    as such.
    """
    verdict: gate.Verdict = "expired" if answered_by is None else "approved" if approved else "rejected"
    barred = False
    decision: Decision | None = None
    with tracking.begin() as connection:
        # Orders wait for this lock, so none comes between what is read here and what is decided.
        control.lock(connection=connection, wave_id=wave_id)
        wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id))
        if wave.stopped_at is not None:
            verdict, answered_by = "withdrawn", None
        elif answered_by is not None and approved:
            barred = _is_barred(connection=connection, wave=wave, user=answered_by)
        if answered_by is not None and barred:
            gate.refuse_approval(connection=connection, wave_id=wave_id, answered_by=answered_by, at=now)
        else:
            decision = gate.decide(
                connection=connection, wave_id=wave_id, verdict=verdict, decided_by=answered_by, at=now
            )
        if decision is not None and decision.decision == "approved":
            gate.approve(connection=connection, wave_id=wave_id, at=decision.decided_at)
    # After the commit, which keeps the approval that did not count.
    if barred:
        raise ApprovalBarred(
            f"{answered_by} asked for this wave or planned its cohort, and its policy wants four eyes: the "
            "approval does not count, another user must answer under Required actions."
        )
    if decision is None or decision.decision in ("rejected", "expired"):
        stop(tracking=tracking, wave=wave, fault=_refusal(decision=decision), now=now)
    return decision


def _is_barred(*, connection: Connection, wave: Wave, user: str) -> bool:
    """Return whether an approval by this user does not count. A decided question stays decided."""
    askers = gate.askers(connection=connection, wave_id=wave.id)
    return is_barred(four_eyes=wave.policy.four_eyes, askers=askers, user=user) and (
        gate.decision_on(connection=connection, wave_id=wave.id) is None
    )


def _refusal(*, decision: Decision | None) -> SystemicFault:
    again = "nothing further is created; clear the run in Airflow to be asked again."
    if decision is None or decision.decision == "expired":
        return SystemicFault(code=StopCode.NOT_APPROVED, reason=f"not approved in time: {again}")
    by = decision.decided_by
    return SystemicFault(code=StopCode.REJECTED, reason=f"rejected by {by} at the gate: {again}")


def _too_many(*, wave: Wave, refused: int, total: int) -> SystemicFault:
    return SystemicFault(
        code=StopCode.THRESHOLD,
        reason=(
            f"{refused} of {total} records were refused before anything was created, more than the threshold "
            f"of {wave.failure_threshold:.1%}: mend the causes and "
            "rerun what was refused, clear the run in Airflow to go on without it, or cancel the wave."
        ),
    )


def hold_back_unrehearsed(
    *, connection: Connection, wave: Wave, now: datetime, only: Collection[int] | None = None
) -> None:
    """Refuse records that were not rehearsed as they are now, where the wave requires it.

    `only` names the import processes that may be changed; None: all of the wave.
    """
    if not wave.policy.require_rehearsal or wave.mode is not Mode.LIVE:
        return
    for page in gate.unrehearsed(connection=connection, wave_id=wave.id):
        processes.move(
            connection=connection,
            moves=[
                Move(key=key, to=State.REJECTED, findings=(_OUTDATED if otherwise else _MISSING,))
                for key, otherwise in page
                if only is None or key.id in only
            ],
            stage="build",
            at=now,
        )


def refuse_shared(
    *, connection: Connection, wave_id: int, now: datetime, only: Collection[int] | None = None
) -> None:
    """Refuse, or warn of, valid records that share values that must be unique in a wave.

    `only` names the import processes that may be changed; None: all of the wave.
    """
    wave = waves.load_wave(connection=connection, wave_id=wave_id)
    findings = _findings_by_rule(dialect=wave.dialect, now=now)
    for page in shared_values.shared(connection=connection, wave_id=wave_id):
        told = {
            key: tuple(findings.get(rule) or _unknown(code=rule[0], path=rule[1]) for rule in rules)
            for key, rules in page.items()
            if only is None or key.id in only
        }
        refused = {key for key, found in told.items() if any(each.severity == "error" for each in found)}
        processes.move(
            connection=connection,
            moves=[Move(key=key, to=State.REJECTED, findings=told[key]) for key in told if key in refused],
            stage="build",
            at=now,
        )
        evidence.add_findings(
            connection=connection,
            findings=[(key, each) for key in told if key not in refused for each in told[key]],
            stage="build",
            at=now,
        )


def _unknown(*, code: str, path: str) -> Finding:
    # The rule existed when the batch was built.
    return Finding(code=code, path=path, detail="Another customer of the wave has the same value.")


def _findings_by_rule(*, dialect: str, now: datetime) -> dict[tuple[str, str], Finding]:
    """Return the finding of each rule about its path, by code and path."""
    found = get_dialect(name=dialect)
    rules = found.rules(Circumstances(today=now.date(), region=found.market))
    return {(rule.code, rule.path): rule.finding(path=rule.path) for rule in rules}
