"""Start the wave of a cohort now, or give the cohort another night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked, NotFound
from kraken_import.console.kinds.kind import AtOnce, Field, Kind, Progress, Scope, is_at_work
from kraken_import.console.runs import path_of
from kraken_import.console.triggering import start_run, unready
from kraken_import.console.values import number_of
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import cohorts, waves
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.tracking.cohorts import WaitingCohort
from kraken_import.tracking.waves import PlannedRun
from kraken_import.usecases.dialect_facts import facts_from_elsewhere
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.postpone import postpone, read_date
from kraken_import.usecases.rehearse_cohort import NONE_LEFT, plan_rehearsal

_STARTED: Final = "The run was started: it plans the wave within seconds."
_TAKEN: Final = "There is no such cohort that waits for a wave: another run may have taken it."


def waiting_cohort(*, asked: Asked, cohort_id: int) -> WaitingCohort:
    """Return a cohort that no wave has taken and that the user may read. Raises `NotFound`."""
    with asked.read() as connection:
        found = cohorts.waiting(connection=connection, cohort_id=cohort_id)
    if not found or not asked.caller.may_read(dialect=found[0].dialect):
        raise NotFound(_TAKEN)
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCohort:
    """Starts a run that takes exactly one cohort, now."""

    name: str = "start"
    act: Act = Act.START

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be migrated or rehearsed, and how many customers it is about."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        is_live = cohort.mode is Mode.LIVE
        dag_id = f"migrate_{cohort.dialect}"
        means = (
            "its wave is live: Kraken creates these customers."
            if is_live
            else "its wave is a rehearsal: Kraken keeps nothing of it."
        )
        return Scope(
            title=f"Start cohort {cohort.name} now",
            words=f"{_named(cohort)} is taken by a run now, and {means}",
            button="Start it live" if is_live else "Rehearse it",
            dialect=cohort.dialect,
            records=cohort.customers,
            refusal=unready(asked=asked, dag_id=dag_id),
            dag_id=dag_id,
            run_id=f"console__{cohort.mode.value}-{uuid4()}",
            is_dangerous=is_live,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Start the run. Raises `BadRequest` where Airflow does not."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        conf = {"cohort": cohort.name, "dry_run": cohort.mode is not Mode.LIVE}
        start_run(asked=asked, dag_id=str(scope.dag_id), run_id=str(scope.run_id), conf=conf)
        return Progress(sentence=_STARTED)

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return whether the run has planned a wave."""
        return _planned(asked=asked, action=action)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseCohort:
    """Plans a rehearsal of exactly a live cohort's customers, and starts it."""

    name: str = "rehearse_cohort"
    act: Act = Act.START

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return how many customers would be rehearsed."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        asked.require(act=Act.PLAN, dialect=cohort.dialect)
        with asked.read() as connection:
            records = cohorts.to_rehearse(connection=connection, cohort_id=cohort.id)
        dag_id = f"migrate_{cohort.dialect}"
        refusal = unready(asked=asked, dag_id=dag_id)
        if cohort.mode is not Mode.LIVE:
            refusal = "The cohort is a rehearsal itself: start it."
        elif not records:
            refusal = NONE_LEFT
        return Scope(
            title=f"Rehearse cohort {cohort.name}",
            words=f"Of the {cohort.customers:,} customers of {_named(cohort)} those that no rehearsal has "
            "are planned as one, with the same policy, and rehearsed now: Kraken keeps nothing of it. The "
            "live cohort waits as before.",
            button="Rehearse them",
            dialect=cohort.dialect,
            records=records,
            refusal=refusal,
            dag_id=dag_id,
            run_id=f"console__rehearsal-{uuid4()}",
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Plan the rehearsal and start its run. Raises `BadRequest` where one of the two is refused."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        name = plan_rehearsal(tracking=asked.writer, cohort=cohort, planned_by=action.ordered_by)
        try:
            conf = {"cohort": name, "dry_run": True}
            start_run(asked=asked, dag_id=str(scope.dag_id), run_id=str(scope.run_id), conf=conf)
        except BadRequest as refusal:
            raise BadRequest(f"The rehearsal is planned as {name!r}, and not started: {refusal}") from None
        return Progress(sentence=_STARTED)

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return whether the run has planned a wave."""
        return _planned(asked=asked, action=action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postpone(AtOnce):
    """Gives a cohort another night."""

    name: str = "postpone"
    act: Act = Act.PLAN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return which cohort gets another date."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        now = "no date" if cohort.wave_date is None else str(cohort.wave_date)
        return Scope(
            title=f"Postpone cohort {cohort.name}",
            words=f"{_named(cohort)} has {now}, and gets another one. The first night on or after its date "
            "takes it.",
            button="Postpone",
            dialect=cohort.dialect,
            records=cohort.customers,
            fields=[
                Field(
                    name="date",
                    label="New date (empty: only a run that names it takes it)",
                    type="date",
                    value="" if cohort.wave_date is None else str(cohort.wave_date),
                    is_required=False,
                )
            ],
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Change the date. Raises `BadRequest` where that makes no sense."""
        cohort = waiting_cohort(asked=asked, cohort_id=_cohort_id(values))
        said = postpone(
            tracking=asked.writer,
            cohort_id=cohort.id,
            wave_date=read_date(text=values.get("date", "")),
            zone=facts_from_elsewhere(cohort.dialect).zone,
            now=datetime.now(UTC),
        )
        return Progress(sentence=said, outcome="done")


def _planned(*, asked: Asked, action: Action) -> Progress:
    # First: a process that is at work may begin the run at any time.
    at_work = is_at_work(asked=asked, action=action)
    run = PlannedRun(dag_id=str(action.dag_id), run_id=str(action.run_id))
    with asked.read() as connection:
        wave_id = waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
    if wave_id is not None:
        return Progress(sentence=f"Its run has planned wave {wave_id}.", outcome="done")
    state = asked.airflow(method="GET", path=path_of(run=run))
    if state.is_good and state.document.get("state") == "failed":
        return Progress(
            sentence="Its run ended without a wave: the log of its task plan says why.", outcome="failed"
        )
    if state.status == 404 and not at_work:
        return Progress(
            sentence="Airflow has no such run: the cohort was not taken by it. Order it again.",
            outcome="failed",
        )
    return Progress(sentence="The run was started, and has not planned its wave yet.")


def _named(cohort: WaitingCohort) -> str:
    return f"Cohort {cohort.name!r} ({cohort.mode.value}, {cohort.dialect})"


def _cohort_id(values: Mapping[str, str]) -> int:
    found = number_of(text=values.get("cohort", ""))
    if found is None:
        raise BadRequest("Say which cohort: go to the plan, and press the button there.")
    return found


KINDS: Final[tuple[Kind, ...]] = (StartCohort(), RehearseCohort(), Postpone())
