"""The steps of a rerun around its batches: select, ask, summarise."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from sqlalchemy import Engine

from kraken_import.airflow import metrics
from kraken_import.airflow.notifications import failed_plan_announced, tell
from kraken_import.airflow.operators.base import MigrationOperator, failed_tasks, run_of
from kraken_import.airflow.operators.questions import QuestionOperator
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.announce import announce_rerun
from kraken_import.usecases.gate import ApprovalBarred
from kraken_import.usecases.rerun import (
    RerunRequest,
    batches_to_rerun,
    plan_rerun,
    rerun_of,
    summarise_rerun,
)
from kraken_import.usecases.rerun_gate import answer_rerun_question, rerun_question_to_ask
from kraken_import.usecases.systems import utc_now


class PlanRerunOperator(MigrationOperator):
    """Selects the records of the rerun that the run's parameters describe. Returns their batches."""

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=failed_plan_announced(what="A rerun", dialect=dialect), **kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Select."""
        planned = plan_rerun(
            tracking=self.own_tracking(),
            kraken=self.hook.get_conn(),
            request=_rerun_request(
                dialect=self.dialect, context=context, connection_id=self.connections.kraken
            ),
            run=run_of(context=context),
            now=utc_now(),
        )
        self.log.info(
            "Rerun %s: %s records in %s batches; %s more are in Kraken and left alone.",
            planned.rerun,
            planned.records,
            len(planned.batches),
            planned.in_kraken,
        )
        return _rerun_batches(rerun=planned.rerun, batches=planned.batches)


class RerunGateOperator(QuestionOperator, MigrationOperator):
    """Decides in which batches the rerun has something to create or to await.

    A rerun of a wave that requires approval waits here for its own, unless that wave's policy says otherwise.
    A rejection, a missing answer and a stop end the rerun, and fail no task.
    """

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Open the gate, or ask first."""
        tracking = self.own_tracking()
        rerun = self._rerun(context=context, tracking=tracking)
        batches = batches_to_rerun(tracking=tracking, rerun=rerun, now=utc_now())
        question = rerun_question_to_ask(tracking=tracking, rerun=rerun, now=utc_now())
        if question is not None:
            self.ask(context=context, question=question, rerun=rerun)
        return _rerun_batches(rerun=rerun, batches=batches)

    def execute_complete(
        self, context: Context, event: dict[str, Any], until: str = ""
    ) -> list[dict[str, int]]:
        """Continue as was decided; ask again until `until` when the user who approved it may not."""
        approved, user = self.answer(context=context, event=event)
        tracking = self.own_tracking()
        rerun = self._rerun(context=context, tracking=tracking)
        try:
            answer_rerun_question(
                tracking=tracking, rerun=rerun, approved=approved, answered_by=user, now=utc_now()
            )
        except ApprovalBarred as barred:
            self.log.warning("%s", barred)
            self.ask_again(context=context, until=until, rerun=rerun)
        batches = batches_to_rerun(tracking=tracking, rerun=rerun, now=utc_now())
        return _rerun_batches(rerun=rerun, batches=batches)

    def _rerun(self, *, context: Context, tracking: Engine) -> int:
        rerun = rerun_of(tracking=tracking, run=run_of(context=context))
        if rerun is None:
            raise AirflowSkipException("Nothing was selected, so there is nothing to load.")
        return rerun


class SummariseRerunOperator(MigrationOperator):
    """Writes how the rerun ended, and then fails the run if it did not end well."""

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> dict[str, int]:
        """Summarise."""
        tracking = self.tracking()
        run = run_of(context=context)
        rerun = rerun_of(tracking=tracking, run=run)
        if rerun is None:
            raise AirflowFailException("Nothing was rerun: the log of task plan says why.")
        summary = summarise_rerun(
            tracking=tracking,
            rerun=rerun,
            failed_tasks=failed_tasks(context=context, run=run, task=self),
            now=utc_now(),
            writeback=self.writeback(),
        )
        metrics.count_records(step="rerun", dialect=self.dialect, counts=summary.counts)
        tell(
            context=context,
            announcement=lambda: announce_rerun(tracking=tracking, rerun=rerun, failure=summary.failure),
        )
        self.log.info("%s", summary.told)
        if summary.failure is not None:
            raise AirflowFailException(summary.failure)
        return summary.counts


def _rerun_batches(*, rerun: int, batches: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    return [BatchRef(wave_id=wave_id, batch=batch, rerun=rerun).plain for wave_id, batch in batches]


def _rerun_request(*, dialect: str, context: Context, connection_id: str) -> RerunRequest:
    params = context["params"]
    return RerunRequest(
        dialect=dialect,
        wave=params["wave"],
        batch=params["batch"],
        states=tuple(params["states"] or ()),
        error_code=params["error_code"],
        error_path=params["error_path"],
        identifiers=tuple(params["identifiers"] or ()),
        not_processed=params["not_processed"],
        selection=params["selection"],
        requests_in_flight=params["requests_in_flight"],
        threshold=Decimal(str(params["threshold"])),
        connection_id=connection_id,
        requested_by=getattr(context["dag_run"], "triggering_user_name", None),
    )
