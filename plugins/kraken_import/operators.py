"""Airflow's operators: each reads the context, calls one use case, and returns counts."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from airflow.sdk import BaseHook, BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.log import mask_secret
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from kraken_import.client.settings import KrakenSettings
from kraken_import.connections import (
    ConnectionIds,
    database,
    kraken_settings,
    may_write_back,
    read_kraken_settings,
)
from kraken_import.deciding import decide_as_ordered
from kraken_import.identity import hold
from kraken_import.links import WaveReportLink
from kraken_import.notifications import failed_plan_announced, stop_announced, tell
from kraken_import.policies import PolicySettings
from kraken_import.questions import QuestionOperator
from kraken_import.storage import UnableToWriteReport, write_report
from kraken_import.tracking.refs import BatchRef
from kraken_import.triggers import poll_trigger
from kraken_import.usecases.announce import Moment, announce, announce_rerun, differences_found
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.control import UnknownKraken, UnknownWave, control_wave, stop_all
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.faults import BadRequest, Retryable, SystemicFault
from kraken_import.usecases.gate import ApprovalBarred, answer_question, batches_to_load, question_to_ask
from kraken_import.usecases.holds import release
from kraken_import.usecases.nights import NothingPlanned
from kraken_import.usecases.plan import plan_wave, planned_wave
from kraken_import.usecases.policy import read_settings, read_time
from kraken_import.usecases.reconcile import NotThisKraken, reconcile
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.rerun import (
    RerunRequest,
    batches_to_rerun,
    plan_rerun,
    rerun_of,
    summarise_rerun,
)
from kraken_import.usecases.rerun_gate import answer_rerun_question, rerun_question_to_ask
from kraken_import.usecases.summarise import summarise_wave
from kraken_import.usecases.systems import BuildSystems, Systems, connected, database_clock, utc_now
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import HoldBack
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest
from transforms.database import DatabaseInterrupted

POLICY = frozenset(each.name for each in fields(PolicySettings)) - {"mode", "schedule_window"}
"""Parameters of a wave's run that make its policy stricter; the window is given as two times instead."""

_FAILED = ("failed", "upstream_failed")
_NOTHING = "nothing_planned"
"""XCom of task plan: one sentence, when no cohort was due."""


class MigrationOperator(BaseOperator):
    """What all of them share: the Connections, opened only when a task runs."""

    def __init__(self, *, connections: ConnectionIds, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connections = connections

    def tracking(self) -> Engine:
        """The tracking database."""
        return database(connection_id=self.connections.tracking, is_tracking=True)

    def own_tracking(self) -> Engine:
        """The tracking database, held for this Airflow. Raises `OtherInstallation` while another holds it."""
        tracking = self.tracking()
        hold(tracking=tracking)
        return tracking

    def legacy(self) -> Engine:
        """The legacy database."""
        return database(connection_id=self.connections.legacy)

    def writeback(self) -> Engine | None:
        """The legacy database under the role that may hold customers; None unless that was switched on."""
        return database(connection_id=self.connections.legacy_writeback) if may_write_back() else None

    def systems(self, *, tracking: Engine) -> Systems:
        """This tracking database and Kraken, by the database's clock."""
        return connected(tracking=tracking, kraken=self.kraken(), refresh=self.refresh)

    def kraken(self) -> KrakenSettings:
        """Kraken's settings, with the token masked in every log."""
        settings = kraken_settings(connection=BaseHook.get_connection(self.connections.kraken))
        mask_secret(settings.token)
        return settings

    def tell(self, *, context: Context, wave_id: int, moment: Moment, failure: str | None = None) -> None:
        """Tell people about a moment of a wave."""
        tell(
            context=context,
            announcement=lambda: announce(
                tracking=self.tracking(), wave_id=wave_id, moment=moment, failure=failure
            ),
        )

    async def refresh(self) -> KrakenSettings:
        """Kraken's settings, read again."""
        settings = await read_kraken_settings(connection_id=self.connections.kraken)
        mask_secret(settings.token)
        return settings


class BatchOperator(MigrationOperator):
    """Works on one batch: `batch` is a plain `BatchRef`."""

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    @property
    def ref(self) -> BatchRef:
        """Wave, batch and rerun as the use cases name them."""
        return BatchRef.read(values=self.batch)

    def stop_announced(self, *, context: Context) -> AbstractContextManager[None]:
        """Tell people when the wave is stopped in here."""
        return stop_announced(
            context=context,
            announcement=lambda fault: announce(
                tracking=self.tracking(),
                wave_id=self.ref.wave_id,
                moment="stop",
                failure=fault.reason,
            ),
        )


class PlanWaveOperator(MigrationOperator):
    """Claims the customers of the wave that the run's parameters describe; returns its batches."""

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=failed_plan_announced(what="A wave", dialect=dialect), **kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Plan the wave. On a night without one there are no batches, and the run ends green."""
        try:
            planned = plan_wave(
                tracking=self.own_tracking(),
                legacy=self.legacy(),
                kraken=self.kraken(),
                request=_request(
                    dialect=self.dialect, params=context["params"], connection_id=self.connections.kraken
                ),
                run=_run(context=context),
                now=utc_now(),
            )
        except NothingPlanned as nothing:
            self.log.info("%s", nothing)
            context["ti"].xcom_push(key=_NOTHING, value=str(nothing))
            return []
        self.log.info(
            "Wave %s: %s customers in %s batches; %s more are in other waves.",
            planned.wave_id,
            planned.claimed,
            len(planned.batches),
            planned.already_claimed,
        )
        self.tell(context=context, wave_id=planned.wave_id, moment="start")
        return [{"wave_id": planned.wave_id, "batch": batch} for batch in planned.batches]


class BuildBatchOperator(BatchOperator):
    """Builds the payloads of a batch."""

    def execute(self, context: Context) -> dict[str, int]:
        """Build."""
        tracking = self.own_tracking()
        return build_batch(
            systems=BuildSystems(
                tracking=tracking,
                kraken=self.kraken(),
                refresh=self.refresh,
                clock=database_clock(engine=tracking),
                legacy=self.legacy(),
                writeback=self.writeback(),
            ),
            ref=self.ref,
        )


class WaitingBatchOperator(BatchOperator):
    """Sends requests about a batch; gives its worker back while Kraken, or a person, has it wait."""

    def __init__(self, *, patience: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patience = patience

    def execute(self, context: Context) -> dict[str, int]:
        """Work until the batch has ended or has to wait."""
        with self.stop_announced(context=context):
            return self._go_on(until=utc_now() + self.patience)

    def resume(self, context: Context, event: Mapping[str, Any], until: str) -> dict[str, int]:
        """Go on after a wait."""
        with self.stop_announced(context=context):
            _check(event=event)
            return self._go_on(until=datetime.fromisoformat(until))

    @abstractmethod
    def work(self) -> tuple[dict[str, int], HoldBack | None]:
        """Do what can be done now. Returns the batch's records by state, and why it waits."""

    def _go_on(self, *, until: datetime) -> dict[str, int]:
        counts, held = self.work()
        if held is not None:
            self._hold_back(held=held, until=until)
        return counts

    def _hold_back(self, *, held: HoldBack, until: datetime) -> NoReturn:
        if utc_now() >= until:
            raise Retryable(f"The batch has waited for too long, and is tried again. {held.sentence}")
        self.log.info("%s", held.sentence)
        self.defer(
            trigger=poll_trigger(
                connections=self.connections,
                until=until,
                ref=self.ref.plain,
                why=held.why,
                hold_back=held.seconds,
            ),
            method_name="resume",
            kwargs={"until": until.isoformat()},
        )


class ValidateBatchOperator(WaitingBatchOperator):
    """Has Kraken validate the payloads of a batch."""

    def work(self) -> tuple[dict[str, int], HoldBack | None]:
        """Validate."""
        systems = self.systems(tracking=self.own_tracking())
        outcome = asyncio.run(validate_batch(systems=systems, ref=self.ref))
        return outcome.counts, outcome.held


class CreateBatchOperator(WaitingBatchOperator):
    """Creates the valid records of a batch."""

    def work(self) -> tuple[dict[str, int], HoldBack | None]:
        """Create."""
        systems = self.systems(tracking=self.own_tracking())
        outcome = asyncio.run(create_batch(systems=systems, ref=self.ref))
        return outcome.counts, outcome.held


class GateOperator(QuestionOperator, MigrationOperator):
    """Decides which batches are loaded: those with something valid, or something open.

    A wave that requires approval waits here, without a worker, for somebody to answer under *Required
    actions*. A rejection, a missing answer and a stop end it with nothing created, and fail no task.
    """

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
        """Go on as was decided; ask again until `until` when the user who approved it may not."""
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
        wave_id = planned_wave(tracking=tracking, run=_run(context=context))
        if wave_id is None:
            raise AirflowSkipException("The wave was not planned, so there is nothing to load.")
        return wave_id


class AwaitBatchOperator(BatchOperator):
    """Waits for the end of everything that a batch has open at Kraken, without a worker."""

    def execute(self, context: Context) -> None:
        """Defer until all have ended or the run's patience is over."""
        until = utc_now() + timedelta(minutes=float(context["params"]["await_minutes"]))
        self.defer(
            trigger=poll_trigger(
                connections=self.connections, until=until, ends_task=True, ref=self.ref.plain
            ),
            method_name="resume",
        )

    def resume(self, context: Context, event: Mapping[str, Any]) -> None:
        """Only reached when polling could not go on."""
        with self.stop_announced(context=context):
            _check(event=event)


class PollOpenOperator(MigrationOperator):
    """Polls the open processes of all waves, without a worker."""

    def __init__(self, *, patience: timedelta, dialects: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patience = patience
        self.dialects = tuple(dialects)

    def execute(self, context: Context) -> None:
        """Let go of whom the legacy system holds for nothing; defer until all have ended or time is up."""
        tracking, writeback = self.own_tracking(), self.writeback()
        if writeback is not None:
            release(tracking=tracking, writeback=writeback, dialects=self.dialects, now=utc_now())
        self.defer(
            trigger=poll_trigger(
                connections=self.connections, until=utc_now() + self.patience, ends_task=True
            ),
            method_name="resume",
        )

    def resume(self, context: Context, event: Mapping[str, Any]) -> None:
        """Only reached when polling could not go on."""
        _check(event=event)


class ReconcileOperator(MigrationOperator):
    """Compares the waves of a Connection with the legacy database and with Kraken's own records."""

    def execute(self, context: Context) -> dict[str, int]:
        """Reconcile; a difference fails the run, in one sentence."""
        try:
            outcome = asyncio.run(
                reconcile(
                    systems=self.systems(tracking=self.tracking()),
                    connection_id=self.connections.kraken,
                    wave_id=context["params"]["wave"],
                    full=context["params"]["full"],
                    now=utc_now(),
                )
            )
        except NotThisKraken as other:
            raise AirflowSkipException(str(other)) from None
        compared = [wave for wave in outcome.waves if wave.id not in outcome.skipped]
        self.log.info(
            "%s waves reconciled; %s skipped: unchanged since they were last compared.",
            len(compared),
            len(outcome.skipped),
        )
        for wave in compared:
            self._renew_report(dag_id=wave.dag_id, wave_id=wave.id)
        if outcome.failure is not None:
            tell(
                context=context,
                announcement=lambda: differences_found(
                    connection_id=self.connections.kraken, differences=outcome.differences
                ),
            )
            raise AirflowFailException(outcome.failure)
        return outcome.differences

    def _renew_report(self, *, dag_id: str, wave_id: int) -> None:
        """Have the wave's report show what was found; what was found matters more than the report."""
        files = wave_report(tracking=self.tracking(), wave_id=wave_id, now=utc_now())
        try:
            write_report(dag_id=dag_id, wave_id=wave_id, files=files)
        except UnableToWriteReport as error:
            self.log.warning("%s", error)


class SummariseWaveOperator(MigrationOperator):
    """Writes how the wave ended, and then fails the run if it did not end well."""

    def execute(self, context: Context) -> dict[str, int]:
        """Summarise. A run whose batches failed would end green without this failure."""
        tracking = self.tracking()
        run = _run(context=context)
        wave_id = planned_wave(tracking=tracking, run=run)
        if wave_id is None:
            if nothing := context["ti"].xcom_pull(task_ids="plan", key=_NOTHING):
                self.log.info("%s", nothing)
                return {}
            raise AirflowFailException("The wave was not planned: the log of task plan says why.")
        summary = summarise_wave(
            tracking=tracking,
            wave_id=wave_id,
            failed_tasks=_failed_tasks(context=context, run=run, task=self),
            now=utc_now(),
            writeback=self.writeback(),
        )
        self.tell(context=context, wave_id=wave_id, moment="end", failure=summary.failure)
        if summary.failure is not None:
            raise AirflowFailException(summary.failure)
        return summary.counts


class ControlWaveOperator(BaseOperator):
    """Pauses, resumes or cancels the wave of the run's parameters, decides on its records, or stops all."""

    def __init__(self, *, tracking_ids: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tracking_ids = tuple(tracking_ids)

    def execute(self, context: Context) -> str:
        """Carry out the order in the tracking database that has the wave, or stop everything in each."""
        params = context["params"]
        decides = params["action"] == "decide"
        if not decides and (params.get("identifiers") or params.get("answer")):
            raise BadRequest("Only decide takes records and an answer: leave them empty, or choose decide.")
        if params["action"] == "stop_all":
            return self._stop_all(context=context)
        if params["kraken"]:
            raise BadRequest("Only stop_all takes a Kraken: leave it empty, and name the wave.")
        unknown: UnknownWave | None = None
        for connection_id in self.tracking_ids:
            try:
                tracking = database(connection_id=connection_id, is_tracking=True)
                if decides:
                    return decide_as_ordered(
                        tracking=tracking, params=params, ordered_by=_ordered_by(context=context)
                    )
                return control_wave(
                    tracking=tracking,
                    wave=params["wave"] or "",
                    action=params["action"],
                    ordered_by=_ordered_by(context=context),
                    reason=params["reason"],
                    now=utc_now(),
                )
            except UnknownWave as error:
                unknown = error
        raise unknown or UnknownWave("No Connection to a tracking database is known.")

    def _stop_all(self, *, context: Context) -> str:
        params = context["params"]
        if params["wave"]:
            raise BadRequest("stop_all stops every wave: leave the wave empty, or choose cancel to stop one.")
        said: list[str] = []
        failures: list[Exception] = []
        for connection_id in self.tracking_ids:
            try:
                said.append(
                    stop_all(
                        tracking=database(connection_id=connection_id),
                        kraken=params["kraken"],
                        ordered_by=_ordered_by(context=context),
                        reason=params["reason"],
                        now=utc_now(),
                    )
                )
            except UnknownKraken as unknown:
                failures.append(unknown)
            except (Retryable, DatabaseInterrupted, OperationalError) as unreachable:
                # Everything that can be stopped is, before this task is tried again for the rest.
                failures.insert(0, unreachable)
        for sentence in said:
            self.log.info("%s", sentence)
        if failures and (not said or not isinstance(failures[0], UnknownKraken)):
            raise failures[0]
        return " ".join(said)


def _ordered_by(*, context: Context) -> str:
    return context["dag_run"].triggering_user_name or f"run {context['run_id']}"


class ReportWaveOperator(MigrationOperator):
    """Writes the report of the wave. A teardown: whether the run is red is for `summarise` to say."""

    operator_extra_links = (WaveReportLink(),)

    written_wave: int | None = None

    def execute(self, context: Context) -> str:
        """Write the report; where its page lies."""
        tracking = self.tracking()
        run = _run(context=context)
        wave_id = planned_wave(tracking=tracking, run=run)
        if wave_id is None:
            raise AirflowSkipException("The wave was not planned, so there is nothing to report.")
        files = wave_report(tracking=tracking, wave_id=wave_id, now=utc_now())
        try:
            where = write_report(dag_id=run.dag_id, wave_id=wave_id, files=files)
        except UnableToWriteReport as error:
            raise AirflowFailException(str(error)) from None
        self.written_wave = wave_id
        self.log.info("The report of wave %s lies at %s.", wave_id, where)
        return where


class PlanRerunOperator(MigrationOperator):
    """Selects the records of the rerun that the run's parameters describe; returns their batches."""

    def __init__(self, *, dialect: str, **kwargs: Any) -> None:
        super().__init__(on_failure_callback=failed_plan_announced(what="A rerun", dialect=dialect), **kwargs)
        self.dialect = dialect

    def execute(self, context: Context) -> list[dict[str, int]]:
        """Select."""
        planned = plan_rerun(
            tracking=self.own_tracking(),
            kraken=self.kraken(),
            request=_rerun_request(
                dialect=self.dialect, context=context, connection_id=self.connections.kraken
            ),
            run=_run(context=context),
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

    A rerun of a wave that requires approval waits here for one of its own, unless that wave's policy says
    otherwise. A rejection, a missing answer and a stop end the rerun, and fail no task.
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
        """Go on as was decided; ask again until `until` when the user who approved it may not."""
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
        rerun = rerun_of(tracking=tracking, run=_run(context=context))
        if rerun is None:
            raise AirflowSkipException("Nothing was selected, so there is nothing to load.")
        return rerun


class SummariseRerunOperator(MigrationOperator):
    """Writes how the rerun ended, and then fails the run if it did not end well."""

    def execute(self, context: Context) -> dict[str, int]:
        """Summarise."""
        tracking = self.tracking()
        run = _run(context=context)
        rerun = rerun_of(tracking=tracking, run=run)
        if rerun is None:
            raise AirflowFailException("Nothing was rerun: the log of task plan says why.")
        summary = summarise_rerun(
            tracking=tracking,
            rerun=rerun,
            failed_tasks=_failed_tasks(context=context, run=run, task=self),
            now=utc_now(),
            writeback=self.writeback(),
        )
        tell(
            context=context,
            announcement=lambda: announce_rerun(tracking=tracking, rerun=rerun, failure=summary.failure),
        )
        if summary.failure is not None:
            raise AirflowFailException(summary.failure)
        return summary.counts


def _rerun_batches(*, rerun: int, batches: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    return [BatchRef(wave_id=wave_id, batch=batch, rerun=rerun).plain for wave_id, batch in batches]


def _failed_tasks(*, context: Context, run: AirflowRun, task: BaseOperator) -> list[str]:
    states = context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])[run.run_id]
    # What comes after this task may have failed at an earlier try of the run.
    mine = {task.task_id, *task.downstream_task_ids}
    return [name for name, state in states.items() if state in _FAILED and name not in mine]


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
        requests_in_flight=params["requests_in_flight"],
        threshold=Decimal(str(params["threshold"])),
        connection_id=connection_id,
        requested_by=getattr(context["dag_run"], "triggering_user_name", None),
    )


def _run(*, context: Context) -> AirflowRun:
    run = context["dag_run"]
    return AirflowRun(
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=run.run_type.value,
        logical_date=run.logical_date,
        requested_by=getattr(run, "triggering_user_name", None),
        cleared=run.clear_number,
    )


def _request(*, dialect: str, params: Mapping[str, Any], connection_id: str) -> WaveRequest:
    return WaveRequest(
        dialect=dialect,
        name=params["wave"],
        import_supplier=params["import_supplier"],
        limit=params["limit"],
        identifiers=tuple(params["identifiers"] or ()),
        cohort=params["cohort"],
        all_customers=params["all_customers"],
        batch_size=params["batch_size"],
        dry_run=params["dry_run"],
        connection_id=connection_id,
        policy=read_settings(values={name: params[name] for name in POLICY}),
        schedule_window_start=read_time(name="start", value=params["schedule_window_start"]),
        schedule_window_end=read_time(name="end", value=params["schedule_window_end"]),
    )


def _check(*, event: Mapping[str, Any]) -> None:
    """Read a trigger's event before anything follows from it."""
    if "fault" in event:
        raise SystemicFault(
            code=str(event["fault"]),
            reason=str(event["reason"]),
            stopped_now=bool(event.get("stopped_now")),
        )
    if "gave_up" in event:
        raise Retryable("Polling could not be done in time: it is tried again.")
    if "open" not in event:
        raise ValueError("The trigger returned an event that nobody knows.")
