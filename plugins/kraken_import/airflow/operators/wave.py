"""The steps of a wave around its batches: plan, ask, summarise, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from sqlalchemy import Engine

from kraken_import.airflow import assets, environment, metrics
from kraken_import.airflow.links import WaveConsoleLink, WaveReportLink, console_page
from kraken_import.airflow.notifications import failed_plan_announced
from kraken_import.airflow.operators.base import MigrationOperator, failed_tasks, run_of
from kraken_import.airflow.operators.questions import QuestionOperator
from kraken_import.airflow.storage import UnableToWriteReport, write_report
from kraken_import.domain.policies import PolicySettings
from kraken_import.usecases.gate import ApprovalBarred, answer_question, batches_to_load, question_to_ask
from kraken_import.usecases.nights import NothingPlanned
from kraken_import.usecases.plan import plan_wave, planned_wave
from kraken_import.usecases.policy import read_settings, read_time
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.summarise import summarise_wave
from kraken_import.usecases.systems import PlanSystems, utc_now
from kraken_import.usecases.wave_request import WaveRequest

POLICY = frozenset(each.name for each in fields(PolicySettings)) - {"mode", "schedule_window"}
"""Parameters of a wave's run that make its policy stricter; the window is given as two times instead."""

_NOTHING = "nothing_planned"
"""XCom of task plan: one sentence, when no cohort was due."""


class PlanWaveOperator(MigrationOperator):
    """Claims the customers of the wave that the run's parameters describe. Returns its batches."""

    operator_extra_links = (WaveConsoleLink(),)
    known_wave: int | None = None

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=failed_plan_announced(what="A wave", dialect=dialect), **kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Plan the wave. On a night without one there are no batches, and the run ends green."""
        try:
            planned = plan_wave(
                systems=PlanSystems(
                    tracking=self.own_tracking(), legacy=self.legacy(), kraken=self.hook.get_conn()
                ),
                request=_request(
                    dialect=self.dialect, params=context["params"], connection_id=self.connections.kraken
                ),
                run=replace(run_of(context=context), batches_at_once=environment.batches_at_once()),
                now=utc_now(),
            )
        except NothingPlanned as nothing:
            self.log.info("%s", nothing)
            context["ti"].xcom_push(key=_NOTHING, value=str(nothing))
            return []
        self.known_wave = planned.wave_id
        self.log.info(
            "Wave %s: %s customers in %s batches; %s more are in other waves.",
            planned.wave_id,
            planned.claimed,
            len(planned.batches),
            planned.already_claimed,
        )
        self.tell(context=context, wave_id=planned.wave_id, moment="start")
        return [{"wave_id": planned.wave_id, "batch": batch} for batch in planned.batches]


class GateOperator(QuestionOperator, MigrationOperator):
    """Decides which batches are loaded: those with a valid or an open record.

    A wave that requires approval waits here, without a worker, for a person to answer under *Required
    actions*. A rejection, a missing answer and a stop end it with nothing created, and fail no task.
    """

    operator_extra_links = (WaveConsoleLink(),)
    known_wave: int | None = None

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Open the gate, or ask first."""
        tracking = self.own_tracking()
        wave_id = self._wave_id(context=context, tracking=tracking)
        batches = batches_to_load(tracking=tracking, wave_id=wave_id, now=utc_now())
        self.tell(context=context, wave_id=wave_id, moment="gate")
        question = question_to_ask(tracking=tracking, wave_id=wave_id, now=utc_now())
        if question is not None:
            self.ask(context=context, question=question, wave_id=wave_id)
        return [{"wave_id": wave_id, "batch": batch} for batch in batches]

    def execute_complete(
        self, context: Context, event: dict[str, Any], until: str = ""
    ) -> list[dict[str, int]]:
        """Continue as was decided; ask again until `until` when the user who approved it may not."""
        approved, user = self.answer(context=context, event=event)
        tracking = self.own_tracking()
        wave_id = self._wave_id(context=context, tracking=tracking)
        try:
            answer_question(
                tracking=tracking, wave_id=wave_id, approved=approved, answered_by=user, now=utc_now()
            )
        except ApprovalBarred as barred:
            self.log.warning("%s", barred)
            # Within this try: a new one would use up a retry, and after the last the wave would be dead.
            self.ask_again(context=context, until=until, wave_id=wave_id)
        batches = batches_to_load(tracking=tracking, wave_id=wave_id, now=utc_now())
        return [{"wave_id": wave_id, "batch": batch} for batch in batches]

    def _wave_id(self, *, context: Context, tracking: Engine) -> int:
        wave_id = planned_wave(tracking=tracking, run=run_of(context=context))
        if wave_id is None:
            raise AirflowSkipException("The wave was not planned, so there is nothing to load.")
        self.known_wave = wave_id
        return wave_id


class SummariseWaveOperator(MigrationOperator):
    """Writes how the wave ended, and then fails the run if it did not end well."""

    operator_extra_links = (WaveConsoleLink(),)
    known_wave: int | None = None

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.outlet(dialect=dialect)], **kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> dict[str, int]:
        """Summarise. Without this failure a run whose batches failed would end green."""
        tracking = self.tracking()
        run = run_of(context=context)
        wave_id = planned_wave(tracking=tracking, run=run)
        if wave_id is None:
            if nothing := context["ti"].xcom_pull(task_ids="plan", key=_NOTHING):
                self.log.info("%s", nothing)
                return {}
            raise AirflowFailException("The wave was not planned: the log of task plan says why.")
        self.known_wave = wave_id
        summary = summarise_wave(
            tracking=tracking,
            wave_id=wave_id,
            failed_tasks=failed_tasks(context=context, run=run, task=self),
            now=utc_now(),
            writeback=self.writeback(),
        )
        metrics.count_records(step="end", dialect=self.dialect, counts=summary.counts)
        self.tell(context=context, wave_id=wave_id, moment="end", failure=summary.failure)
        if summary.failure is not None:
            raise AirflowFailException(summary.failure)
        if summary.is_live:
            assets.update(context=context, dialect=self.dialect, wave_id=wave_id, counts=summary.counts)
        return summary.counts


class ReportWaveOperator(MigrationOperator):
    """Writes the report of the wave. A teardown: `summarise` decides whether the run is red."""

    operator_extra_links = (WaveReportLink(), WaveConsoleLink())

    written_wave: int | None = None
    known_wave: int | None = None

    def execute(self, context: Context) -> str:
        """Write the report. Returns where its page is."""
        tracking = self.tracking()
        run = run_of(context=context)
        wave_id = planned_wave(tracking=tracking, run=run)
        if wave_id is None:
            raise AirflowSkipException("The wave was not planned, so there is nothing to report.")
        self.known_wave = wave_id
        files = wave_report(
            tracking=tracking,
            wave_id=wave_id,
            now=utc_now(),
            console=console_page(place=self.connections.tracking, wave_id=wave_id),
        )
        try:
            where = write_report(dag_id=run.dag_id, wave_id=wave_id, files=files)
        except UnableToWriteReport as error:
            raise AirflowFailException(str(error)) from None
        self.written_wave = wave_id
        self.log.info("The report of wave %s is at %s.", wave_id, where)
        return where


def _request(*, dialect: str, params: Mapping[str, Any], connection_id: str) -> WaveRequest:
    return WaveRequest(
        dialect=dialect,
        name=params["wave"],
        import_supplier=params["import_supplier"],
        limit=params["limit"],
        identifiers=tuple(params["identifiers"] or ()),
        selection=params["selection"],
        cohort=params["cohort"],
        all_customers=params["all_customers"],
        batch_size=params["batch_size"],
        dry_run=params["dry_run"],
        connection_id=connection_id,
        policy=read_settings(values={name: params[name] for name in POLICY}),
        schedule_window_start=read_time(name="start", value=params["schedule_window_start"]),
        schedule_window_end=read_time(name="end", value=params["schedule_window_end"]),
    )
