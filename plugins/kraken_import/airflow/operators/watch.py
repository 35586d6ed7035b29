"""Airflow's operators of the DAG `watch`: they look where no run is looking, and tell people."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import requests
from airflow.sdk import Context
from airflow.sdk.configuration import conf

from kraken_import.airflow import metrics
from kraken_import.airflow.links import base_url, page_of
from kraken_import.airflow.notifications import are_wanted, tell
from kraken_import.airflow.operators.base import MigrationOperator
from kraken_import.usecases.announce import (
    Announcement,
    cohorts_overdue,
    open_too_long,
    outage_begun,
    outage_over,
    parked_records,
    triggerer_silent,
)
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.systems import utc_now
from kraken_import.usecases.watch import (
    Overdue,
    Silence,
    find_open_too_long,
    find_parked,
    is_news,
    measure,
    outage_news,
    overdue_cohorts,
    remember,
    remember_outage,
    triggerer_silence,
)

OPEN_HOURS = "MIGRATION_OPEN_HOURS"
_EXECUTION = "/execution"
_ANSWER_SECONDS = 15


class WatchOperator(MigrationOperator):
    """Tells people what it finds, once a day or when the amount has doubled."""

    def tell_news(
        self,
        *,
        context: Context,
        subject: str,
        amount: int,
        announcement: Callable[[], Announcement],
        link: str,
    ) -> None:
        """Announce a subject with this amount, unless people know it already."""
        tracking, now = self.tracking(), utc_now()
        # What no notifier has accepted is announced again next time.
        if is_news(tracking=tracking, subject=subject, amount=amount, now=now) and tell(
            context=context, announcement=announcement, link=link
        ):
            remember(tracking=tracking, subject=subject, amount=amount, now=now)


class WatchRecordsOperator(WatchOperator):
    """Looks for records that stay open or parked, outages, and cohorts whose night no run has taken."""

    def __init__(self, *, dialects: Sequence[str], schedule: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dialects = tuple(dialects)
        self.schedule = schedule

    def execute(self, context: Context) -> dict[str, int]:
        """Look, and tell. Returns the amount of each."""
        if metrics.are_wanted():
            self._measure()
        if not are_wanted():
            return {}
        return {
            "open_too_long": self._watch_open(context=context),
            "parked": self._watch_parked(context=context),
            "outages": self._watch_outages(context=context),
            "cohorts_overdue": self._watch_cohorts(context=context),
        }

    def _measure(self) -> None:
        """Give Airflow's metrics what stands open, is parked or is out, and how long a request takes."""
        place = self.connections.kraken
        found = measure(tracking=self.tracking(), connection_id=place)
        for dialect in self.dialects:
            for what in ("open", "parked"):
                metrics.gauge(
                    name=f"{what}_records",
                    value=found.records.get((dialect, what), 0),
                    tags={"connection": place, "dialect": dialect},
                )
        metrics.gauge(name="outages", value=found.outages, tags={"connection": place})
        if found.request_seconds is not None:
            metrics.gauge(name="request_seconds", value=found.request_seconds, tags={"connection": place})

    def _watch_open(self, *, context: Context) -> int:
        kraken, hours, now = self.connections.kraken, open_hours(), utc_now()
        found = find_open_too_long(tracking=self.tracking(), connection_id=kraken, hours=hours, now=now)
        records, since = (found.records, found.since) if found else (0, now)
        self.tell_news(
            context=context,
            subject=f"open_too_long {kraken}",
            amount=records,
            announcement=lambda: open_too_long(
                connection_id=kraken, records=records, since=since, hours=hours, now=now
            ),
            link=page_of(dag_id="poll_open"),
        )
        return records

    def _watch_parked(self, *, context: Context) -> int:
        kraken = self.connections.kraken
        found = find_parked(tracking=self.tracking(), connection_id=kraken, now=utc_now())
        self.tell_news(
            context=context,
            subject=f"parked {kraken}",
            amount=found.records,
            announcement=lambda: parked_records(connection_id=kraken, found=found),
            link=page_of(dag_id="control_wave"),
        )
        return found.records

    def _watch_outages(self, *, context: Context) -> int:
        """Announce each current outage once, and its end once. Returns how many are current."""
        tracking = self.tracking()
        found = outage_news(tracking=tracking, connection_id=self.connections.kraken)
        for news in found:
            announcement = partial(
                outage_begun if news.outage.is_under_way else outage_over, outage=news.outage
            )
            # What no notifier has accepted is announced again next time.
            if tell(context=context, announcement=announcement, link=base_url()):
                remember_outage(tracking=tracking, news=news, now=utc_now())
        return sum(news.outage.is_under_way for news in found)

    def _watch_cohorts(self, *, context: Context) -> int:
        overdue = overdue_cohorts(
            tracking=self.tracking(), dialects=self.dialects, schedule=self.schedule, now=utc_now()
        )
        found = {each.dialect: each for each in overdue}
        for dialect in self.dialects:
            self._tell_overdue(context=context, dialect=dialect, overdue=found.get(dialect))
        return sum(len(each.cohorts) for each in overdue)

    def _tell_overdue(self, *, context: Context, dialect: str, overdue: Overdue | None) -> None:
        def announcement() -> Announcement:
            assert overdue is not None
            return cohorts_overdue(dialect=dialect, cohorts=overdue.cohorts, night=overdue.night)

        self.tell_news(
            context=context,
            subject=f"cohort_overdue {dialect}",
            amount=len(overdue.cohorts) if overdue else 0,
            announcement=announcement,
            link=page_of(dag_id=f"migrate_{dialect}"),
        )


class WatchTriggererOperator(WatchOperator):
    """Asks Airflow whether its triggerer is alive. A plain task: a deferred one would wait for it."""

    def execute(self, context: Context) -> dict[str, int]:
        """Ask, and tell."""
        if not are_wanted():
            return {}
        health = self._health()
        if health is None:
            return {}
        silence = triggerer_silence(health=health, now=utc_now())
        self.tell_news(
            context=context,
            subject="triggerer_silent",
            amount=0 if silence is None else 1,
            announcement=lambda: triggerer_silent(silence=(silence or Silence(lasted=None)).lasted),
            link=base_url(),
        )
        return {"triggerer_silent": 0 if silence is None else 1}

    def _health(self) -> dict[str, Any] | None:
        """Return what Airflow's API says of its components; it needs no login."""
        address = f"{api_address()}/api/v2/monitor/health"
        try:
            answer = requests.get(
                address,
                timeout=_ANSWER_SECONDS,
                allow_redirects=False,
                # Said, so that no login of a .netrc is sent.
                auth=lambda request: request,
            )
            answer.raise_for_status()
            return dict(answer.json())
        except (requests.RequestException, ValueError) as error:
            self.log.warning(
                "Airflow's health could not be read at %s (%s): set [api] base_url, or "
                "[core] execution_api_server_url, to an address that workers reach.",
                address,
                type(error).__name__,
            )
            return None


def open_hours() -> float:
    """Return for how many hours a record may be open before people are told. Raises `BadRequest`."""
    text = os.environ.get(OPEN_HOURS, "").strip() or "24"
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < 10_000:
        raise BadRequest(f"{OPEN_HOURS} must be a number of hours above 0, not {text!r}.")
    return hours


def api_address() -> str:
    """Return the address of Airflow's API for a worker: next to the part that its tasks talk to."""
    execution = (conf.get("core", "execution_api_server_url", fallback="") or "").rstrip("/")
    return execution.removesuffix(_EXECUTION) if execution.endswith(_EXECUTION) else base_url()
