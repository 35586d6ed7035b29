"""Airflow's operators for cohorts: each reads the parameters, calls one use case, and returns counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from kraken_import.airflow.connections import connection_ids, database
from kraken_import.airflow.hook import KrakenHook
from kraken_import.airflow.identity import held
from kraken_import.airflow.notifications import failed_plan_announced
from kraken_import.airflow.quiet import QuietOperator
from kraken_import.domain.policies import PolicySettings, plain_values
from kraken_import.usecases.cohorts import CohortRequest, PlannedCohort, preview_cohort, write_cohort
from kraken_import.usecases.policy import daily_window_in_words, in_words, read_settings
from kraken_import.usecases.systems import PlanSystems, utc_now
from transforms.registry import get_dialect

POLICY = frozenset(each.name for each in fields(PolicySettings))
"""Parameters of a planning run that form the policy of the cohort's wave."""

SETTINGS = POLICY | {
    "dialect",
    "rule",
    "cohort",
    "wave_date",
    "size",
    "leave_out",
    "import_supplier",
    "preview",
}
"""Parameters of a planning run that do not belong to the rule."""


class CohortOperator(QuietOperator, BaseOperator):
    """Plans the cohort that the run's parameters describe, over their dialect's Connections."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=failed_plan_announced(what="A cohort"), **kwargs)

    def plan(self, *, context: Context, is_preview: bool) -> dict[str, Any]:
        """Preview or write the cohort. Returns the counts, and the policy of its wave."""
        params = context["params"]
        connections = connection_ids(dialect=params["dialect"])
        tracking = database(connection_id=connections.tracking, is_tracking=True)
        act = preview_cohort if is_preview else write_cohort
        planned = act(
            systems=PlanSystems(
                tracking=tracking if is_preview else held(tracking=tracking),
                legacy=database(connection_id=connections.legacy),
                kraken=KrakenHook(kraken_conn_id=connections.kraken).get_conn(),
            ),
            request=_request(
                params=params,
                connection_id=connections.kraken,
                planned_by=getattr(context["dag_run"], "triggering_user_name", None),
            ),
            now=utc_now(),
        )
        self._say(planned=planned, name=params["cohort"], is_preview=is_preview)
        self.log.info("  %s", _policy_in_words(policy=planned.policy, dialect=params["dialect"]))
        return {**planned.counts, "policy": plain_values(policy=planned.policy)}

    def _say(self, *, planned: PlannedCohort, name: str, is_preview: bool) -> None:
        self.log.info(
            "Cohort %r %s %s of %s customers that the rule selects. Left out: %s already in a wave, "
            "%s already in another cohort, %s beyond the size, %s that must wait.",
            name,
            "would get" if is_preview else "has",
            planned.planned,
            planned.selected,
            planned.already_claimed,
            planned.already_planned,
            planned.beyond_size,
            sum(planned.excluded.values()),
        )
        for stratum, customers in planned.strata.items():
            self.log.info("  planned, %s: %s", stratum, customers)
        for reason, customers in planned.excluded.items():
            self.log.info("  must wait, %s: %s", reason, customers)
        for reason, customers in planned.included.items():
            self.log.info("  planned nevertheless, %s: %s", reason, customers)


class PreviewCohortOperator(CohortOperator):
    """Counts the customers that a cohort would get. Writes nothing."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Preview."""
        return self.plan(context=context, is_preview=True)


class WriteCohortOperator(CohortOperator):
    """Plans a cohort, unless the run is a preview."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Write."""
        if context["params"]["preview"]:
            raise AirflowSkipException("This run is a preview: nothing is written.")
        return self.plan(context=context, is_preview=False)


def _policy_in_words(*, policy: PolicySettings, dialect: str) -> str:
    window = daily_window_in_words(settings=policy, zone=get_dialect(name=dialect).zone)
    return f"Its wave is {policy.mode}. {in_words(settings=policy, window=window)}"


def _request(*, params: Mapping[str, Any], connection_id: str, planned_by: str | None) -> CohortRequest:
    wave_date = params["wave_date"]
    return CohortRequest(
        dialect=params["dialect"],
        name=params["cohort"],
        rule=params["rule"],
        parameters={
            name: value for name, value in params.items() if name not in SETTINGS and value is not None
        },
        wave_date=None if wave_date is None else date.fromisoformat(wave_date),
        size=params["size"],
        leave_out=frozenset(params["leave_out"] or ()),
        policy=read_settings(values={name: params[name] for name in POLICY}),
        import_supplier=params["import_supplier"],
        connection_id=connection_id,
        planned_by=planned_by,
    )
