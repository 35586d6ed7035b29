"""What orders about chosen records share: storing which they are, and the run that works on them.

What was shown is stored as a selection when the order is given, in one statement, and the order names its
number. Two orders that would change the same records are never under way at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from kraken_import.console.asking import Asked
from kraken_import.console.chosen import Chosen
from kraken_import.console.kinds.kind import BROKEN_OFF, Progress, Scope, is_at_work, others_fit
from kraken_import.console.triggering import check_dag, run_of, state_of_run, trigger
from kraken_import.domain.stops import DECIDED
from kraken_import.tracking import actions, selections, triage
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.tracking.triage import Meant
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.wave_request import AirflowRun

_CHANGING: Final = frozenset({"rerun", "rehearse", "decide"})
"""Kinds of which no two are under way for one record."""


def counted(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"


def title_of(verb: str, found: Chosen, records: int) -> str:
    return f"{verb} {counted(records)} of {found.where.partition(' (')[0]}"


def count_of(*, asked: Asked, found: Chosen) -> Meant:
    with asked.read() as connection:
        return triage.count(connection=connection, matching=found.matching)


def barred(*, found: Chosen, records: int) -> str:
    """Return why nothing can be done about these records; blank where something can."""
    if not records:
        return (
            "No record fits any more: they were mended, decided or taken up meanwhile, or never were there."
        )
    for wave in found.waves:
        if wave.closed_at is not None:
            return f"Wave {wave.name!r} is closed since {in_utc(at=wave.closed_at)}: open it again first."
        if wave.stop_code in DECIDED:
            return f"Wave {wave.name!r} was {wave.stop_reason}"
    return ""


def met(*, asked: Asked, connection: Connection, found: Chosen, but: NewAction | None) -> str:
    """Return which order under way is about some of these records; blank where none is."""
    for action_id in selections.orders_under_way(
        connection=connection,
        dialect=found.dialect,
        kinds=_CHANGING,
        but=None if but is None else but.id,
    ):
        order = actions.find(connection=connection, action_id=action_id)
        if order is None:
            continue
        among = order.selection_id
        shared = triage.count(connection=connection, matching=found.matching, among=among).records
        ended = _end_of(asked=asked, order=order) if shared else None
        if ended is not None and but is not None:
            # On the connection that holds the lock: those who wait for it may have all others.
            actions.end(
                connection=connection,
                action_id=order.id,
                outcome=ended.outcome or "done",
                result=ended.sentence,
            )
        if shared and ended is None:
            return (
                f"{order.ordered_by} ordered to {order.kind} {counted(shared)} of these on "
                f"{in_utc(at=order.ordered_at)}, and it is under way: see it under Orders."
            )
    return ""


def _end_of(*, asked: Asked, order: Action) -> Progress | None:
    """Look how an order stands: a page about it may not have been open. Returns its end, if that has come."""
    # Each kind of order imports this module.
    from kraken_import.console.kinds import KINDS

    progress = KINDS[order.kind].progress(asked=asked, action=order)
    return None if progress.outcome is None else progress


def store(*, asked: Asked, found: Chosen, scope: Scope, action: NewAction, run: AirflowRun | None) -> int:
    """Store the records that were shown as a selection. Raises `BadRequest` where they are others now."""
    with asked.writer.begin() as connection:
        selections.lock(connection=connection)
        if action.kind in _CHANGING and (
            others := met(asked=asked, connection=connection, found=found, but=action)
        ):
            raise BadRequest(others)
        number = selections.add(
            connection=connection,
            dialect=found.dialect,
            described=found.words,
            made_by=action.ordered_by,
        )
        kept = selections.keep(connection=connection, selection_id=number, matching=found.matching)
        if kept != (scope.records, scope.digest):
            raise BadRequest(others_fit(fit=kept.records, shown=str(scope.records)))
        actions.link(
            connection=connection,
            action_id=action.id,
            selection_id=number,
            dag_id=None if run is None else run.dag_id,
            run_id=None if run is None else run.run_id,
        )
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The DAG that works on chosen records, and its parameters beside their selection."""

    dag_id: str
    conf: Mapping[str, Any] = field(default_factory=dict)


def begin_run(*, asked: Asked, found: Chosen, scope: Scope, action: NewAction, work: Work) -> Progress:
    """Store the records, and begin the run that carries the order out."""
    dag_id, conf = work.dag_id, work.conf
    check_dag(asked=asked, dag_id=dag_id)
    run = AirflowRun(dag_id=dag_id, run_id=run_of(action_id=action.id))
    selection = store(asked=asked, found=found, scope=scope, action=action, run=run)
    trigger(asked=asked, dag_id=dag_id, run_id=run.run_id, conf={**conf, "selection": selection})
    return Progress(sentence=BEGUN)


BEGUN: Final = "Its run is being begun by Airflow."
_NEVER: Final = "Airflow has no such run: it was refused, or deleted. Nothing of this order goes on."
_FAILED: Final = "Its run failed before it had chosen any record: the log of its task plan says why."


def standing_of_run(*, asked: Asked, action: Action) -> Progress:
    """Return how an order stands whose run has written nothing yet."""
    # Before all else: what is seen without a run could be done meanwhile by a process that is at work.
    if is_at_work(asked=asked, action=action):
        return Progress(sentence=BEGUN)
    with asked.read() as connection:
        found = actions.find(connection=connection, action_id=action.id) or action
    if found.outcome is not None:
        return Progress(sentence=found.result or "", outcome=found.outcome)
    if found.dag_id is None or found.run_id is None:
        return Progress(sentence=BROKEN_OFF, outcome="failed")
    state = state_of_run(asked=asked, dag_id=found.dag_id, run_id=found.run_id)
    if not state:
        return Progress(sentence=_NEVER, outcome="failed")
    if state == "failed":
        return Progress(sentence=_FAILED, outcome="failed")
    return Progress(sentence=f"Airflow has its run ({state}); no record has been chosen yet.")


def begun_large(text: str) -> str:
    return text[:1].upper() + text[1:]
