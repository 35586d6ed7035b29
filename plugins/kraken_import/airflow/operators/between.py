"""What happens between waves: open records are polled, and both sides are compared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from kraken_import.airflow.notifications import tell
from kraken_import.airflow.operators.base import MigrationOperator, check
from kraken_import.airflow.storage import UnableToWriteReport, write_report
from kraken_import.airflow.triggers import poll_trigger
from kraken_import.tracking.retention import is_taken
from kraken_import.usecases.announce import differences_found
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.holds import release
from kraken_import.usecases.reconcile import NotThisKraken, reconcile
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.systems import utc_now


class PollOpenOperator(MigrationOperator):
    """Polls the open processes of all waves, without a worker."""

    def __init__(self, *, patience: timedelta, dialects: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patience = patience
        self.dialects = tuple(dialects)

    def execute(self, context: Context) -> None:
        """Release customers held for no reason; defer until all records have ended or time is up."""
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
        """Handle polling that could not go on: only then is this reached."""
        check(event=event)


class ReconcileOperator(MigrationOperator):
    """Compares the waves of a Connection with the legacy database and with Kraken's own records."""

    def execute(self, context: Context) -> dict[str, int]:
        """Reconcile; a difference fails the run, in one sentence."""
        try:
            outcome = asyncio.run(
                reconcile(
                    systems=self.systems(tracking=self.tracking()),
                    connection_id=self.connections.kraken,
                    wave_id=self._wave_id(wave=context["params"]["wave"]),
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

    def _wave_id(self, *, wave: str | int | None) -> int | None:
        if wave is None:
            return None
        with self.tracking().connect() as connection:
            return find_wave(connection=connection, wave=str(wave)).id

    def _renew_report(self, *, dag_id: str, wave_id: int) -> None:
        """Update the wave's report with what was found; the findings matter more than the report."""
        with self.tracking().connect() as connection:
            if is_taken(connection=connection, kind="reports", wave_id=wave_id):
                return
        files = wave_report(tracking=self.tracking(), wave_id=wave_id, now=utc_now())
        try:
            write_report(dag_id=dag_id, wave_id=wave_id, files=files)
        except UnableToWriteReport as error:
            self.log.warning("%s", error)
