"""Plan a cohort: who migrates in a wave to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked, NotFound
from kraken_import.console.kinds.kind import Field, Kind, Progress, Scope
from kraken_import.console.triggering import start_run, state_of_run, unready
from kraken_import.tracking import cohorts
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.postpone import read_date

_DAG: Final = "plan_cohort"
_MODES: Final = (("rehearsal", "a rehearsal"), ("live", "live: Kraken creates them"))
_APPROVALS: Final = (("required", "a person must approve the wave"), ("unattended", "no approval is needed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCohort:
    """Has a run select customers and write them down as a cohort."""

    name: str = "plan"
    act: Act = Act.PLAN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what is asked for: how many customers there are is known once the run has selected them."""
        dialect = values.get("dialect", "")
        if dialect not in asked.dialects:
            raise NotFound("There is no such dialect that you may see: choose one on the page Plan.")
        dag = asked.airflow(method="GET", path=f"/api/v2/dags/{_DAG}/details")
        return Scope(
            title="Plan a cohort",
            words=f"A run selects customers of {dialect} whom no wave and no cohort has, and writes them "
            "down as a cohort. Nothing is sent. Parameters of a rule, and policy beside the approval, are in "
            "Airflow's own form.",
            button="Plan it",
            dialect=dialect,
            refusal=unready(asked=asked, dag_id=_DAG),
            fields=(
                Field(name="cohort", label="What people call it"),
                Field(name="rule", label="Rule", options=_rules(dag.document)),
                Field(name="size", label="Most customers (empty: all)", type="number", is_required=False),
                Field(
                    name="wave_date",
                    label="From this night on (empty: only a run that names it takes it)",
                    type="date",
                    is_required=False,
                ),
                Field(name="mode", label="Mode", options=_MODES),
                Field(name="approval", label="Approval", options=_APPROVALS),
            ),
            dag_id=_DAG,
            run_id=f"console__plan-{uuid4()}",
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Start the run. Raises `BadRequest` for values that mean nothing, and where Airflow does not."""
        day = read_date(text=values.get("wave_date", ""))
        size = values.get("size", "").strip()
        name = values.get("cohort", "").strip()
        if not name or (size and not (size.isascii() and size.isdigit() and 0 < int(size) < 10**9)):
            raise BadRequest("Give the cohort a name, and a size of 1 or more or none.")
        conf = {
            "dialect": scope.dialect,
            "cohort": name,
            "rule": values.get("rule", ""),
            "size": int(size) if size else None,
            "wave_date": None if day is None else str(day),
            "mode": values.get("mode", ""),
            "approval": values.get("approval", ""),
            "preview": False,
        }
        start_run(asked=asked, dag_id=_DAG, run_id=str(scope.run_id), conf=conf)
        return Progress(sentence="The run was started: it selects the customers now.")

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return whether the run has written its cohort."""
        state = state_of_run(asked=asked, dag_id=_DAG, run_id=str(action.run_id))
        if state == "failed":
            return Progress(
                sentence="Nothing was planned: the log of the run's tasks preview and write says why.",
                outcome="failed",
            )
        if state != "success":
            return Progress(sentence="The run selects the customers now.")
        with asked.read() as connection:
            found = cohorts.waiting(connection=connection, dialect=action.dialect)
        since = [each for each in found if each.planned_at >= action.ordered_at]
        named = f"{since[-1].name!r} has {since[-1].customers:,} customers" if since else "It is planned"
        return Progress(sentence=f"{named}: the page Plan shows it.", outcome="done")


def _rules(document: Any) -> tuple[tuple[str, str], ...]:
    """Return the rules that the DAG's form offers."""
    try:
        names = document["params"]["rule"]["schema"]["enum"]
    except (KeyError, TypeError):
        names = ["all"]
    return tuple((str(name), str(name).replace("_", " ")) for name in names)


KINDS: Final[tuple[Kind, ...]] = (PlanCohort(),)
