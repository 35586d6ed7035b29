"""What each worker and triggerer has done for a run, as Airflow's own database has it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import requests
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

_LOOK_SECONDS: Final = 0.25
_HTTP_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The tries of tasks that one worker began, and for how many seconds they worked there."""

    tries: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class Waits:
    """Which triggers each triggerer has had, as far as they were seen there."""

    by_triggerer: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def numbers(self) -> Mapping[str, int]:
        """How many each had."""
        return {name: len(found) for name, found in self.by_triggerer.items()}


def by_worker(*, airflow: Engine, run_id: str) -> dict[str, Work]:
    """Return the work of a run by worker; that of tries which were killed or repeated too."""
    query = text(
        """
        SELECT hostname, count(*) AS tries,
            coalesce(sum(extract(epoch FROM end_date - start_date)), 0)::double precision AS seconds
        FROM (
            SELECT hostname, start_date, end_date FROM task_instance WHERE run_id = :run_id
            UNION ALL
            SELECT hostname, start_date, end_date FROM task_instance_history WHERE run_id = :run_id
        ) AS tries
        WHERE hostname <> ''
        GROUP BY hostname
        """
    )
    with airflow.connect() as connection:
        rows = connection.execute(query, {"run_id": run_id}).all()
    return {row.hostname: Work(tries=row.tries, seconds=row.seconds) for row in rows}


@contextmanager
def watched(*, airflow: Engine) -> Iterator[Waits]:
    """Note which triggerer has which trigger, until the block ends."""
    waits, over = Waits(), threading.Event()
    query = text("SELECT trigger.id, job.hostname FROM trigger JOIN job ON job.id = trigger.triggerer_id")

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            with suppress(DBAPIError), airflow.connect() as connection:
                for row in connection.execute(query):
                    waits.by_triggerer[row.hostname].add(row.id)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield waits
    finally:
        over.set()
        watching.join()


def most_at_once(*, kraken_url: str) -> int:
    """Return how many requests the stand-in has had under way at once, at most."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{kraken_url}/simulator/ledger?summary=1", timeout=_HTTP_SECONDS)
    return int(answer.json()["most_in_flight"])
