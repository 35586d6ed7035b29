"""Finds the processes of a victim, kills them with signal 9, and says when the part works again."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psutil
import psycopg2
import requests
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from kraken_import.local import processes
from kraken_import.local.running import Running
from proofs.chaos.host import POSTGRES, Host
from proofs.chaos.plan import Victim

COMPONENTS: Final[Mapping[Victim, str]] = {
    Victim.SCHEDULER: "scheduler",
    Victim.TRIGGERER: "triggerer",
    Victim.API_SERVER: "api-server",
    Victim.DAG_PROCESSOR: "dag-processor",
    Victim.STAND_IN: "simulator",
    Victim.POSTGRES: POSTGRES,
}
"""Parts that are killed as a whole, and started again by the host."""
_JOBS: Final[Mapping[Victim, str]] = {
    Victim.SCHEDULER: "SchedulerJob",
    Victim.TRIGGERER: "TriggererJob",
    Victim.DAG_PROCESSOR: "DagProcessorJob",
}
_ANSWER_SECONDS: Final = 2.0
_TITLE: Final = re.compile(r"LocalExecutor: (?P<id>[0-9a-f-]{36})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A task instance that runs: its name for people, its supervisor's process and its own."""

    task_id: str
    map_index: int
    try_id: str
    supervisor: psutil.Process
    task: psutil.Process

    def __str__(self) -> str:
        return self.task_id + (f"[{self.map_index}]" if self.map_index >= 0 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What was killed, when in seconds since the epoch, and the task instance if it was one."""

    victim: Victim
    at: float
    task: RunningTask | None = None

    @property
    def part(self) -> str | None:
        """The part that the host starts again; None where that is for Airflow to do."""
        return COMPONENTS.get(self.victim)

    def __str__(self) -> str:
        return f"{self.victim} of {self.task}" if self.task else str(self.victim)


def kill_part(*, host: Host, victim: Victim) -> Kill:
    """Kill a part with all that belongs to it."""
    name = COMPONENTS[victim]
    if name == POSTGRES:
        postmaster = host.cluster.postmaster()
        doomed = [postmaster, *postmaster.children()] if postmaster else []
    else:
        component = host.component(name=name)
        doomed = sorted(
            processes.family(components=[component]), key=lambda process: process.pid != component.pid
        )
    at = time.time()
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return Kill(victim=victim, at=at)


def kill_task(*, victim: Victim, tasks: Sequence[RunningTask], choice: float) -> Kill:
    """Kill the process or the supervisor of one of these tasks; `choice` from 0 to 1 says of which.

    Raises psutil.NoSuchProcess when it has ended.
    """
    task = tasks[min(int(choice * len(tasks)), len(tasks) - 1)]
    process = task.task if victim is Victim.TASK else task.supervisor
    at = time.time()
    process.kill()
    return Kill(victim=victim, at=at, task=task)


def running_tasks(*, airflow: Engine, run_id: str, scheduler: int) -> list[RunningTask]:
    """Return the task instances of a run that have a process now, below the scheduler's."""
    workers = dict(_workers(scheduler=scheduler))
    query = text(
        "SELECT CAST(id AS text) AS id, task_id, map_index FROM task_instance "
        "WHERE run_id = :run_id AND state = 'running' ORDER BY task_id, map_index"
    )
    with airflow.connect() as connection:
        rows = connection.execute(query, {"run_id": run_id}).all()
    found = []
    for row in rows:
        if row.id in workers:
            supervisor, task = workers[row.id]
            found.append(
                RunningTask(
                    task_id=row.task_id,
                    map_index=row.map_index,
                    try_id=row.id,
                    supervisor=supervisor,
                    task=task,
                )
            )
    return found


def _workers(*, scheduler: int) -> Iterator[tuple[str, tuple[psutil.Process, psutil.Process]]]:
    """The id of each task instance that is run by the LocalExecutor, its supervisor and its process."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for worker in psutil.Process(scheduler).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                title = _TITLE.search(" ".join(worker.cmdline()))
                tasks = worker.children()
                if title and tasks:
                    yield title["id"], (worker, tasks[0])


def works_again(*, kill: Kill, since: float, running: Running, airflow: Engine, run_id: str) -> bool:
    """Return whether the killed part shows signs of life that are younger than `since`."""
    if kill.task is not None:
        return _tried_again(task=kill.task, airflow=airflow, run_id=run_id)
    if kill.victim in _JOBS:
        return _beats(job=_JOBS[kill.victim], since=since, airflow=airflow)
    if kill.victim is Victim.POSTGRES:
        with contextlib.suppress(psycopg2.OperationalError, DBAPIError):
            with airflow.connect():
                return True
        return False
    if kill.victim is Victim.API_SERVER:
        return _answers(address=f"http://127.0.0.1:{running.ports.airflow}/api/v2/monitor/health")
    return _answers(address=f"{running.systems.kraken_url}/simulator/health")


def _tried_again(*, task: RunningTask, airflow: Engine, run_id: str) -> bool:
    # Each try of a task instance has its own id.
    query = text(
        "SELECT count(*) FROM task_instance WHERE run_id = :run_id AND task_id = :task_id "
        "AND map_index = :map_index AND (state IN ('deferred', 'success') "
        "OR (state = 'running' AND id <> CAST(:try_id AS uuid)))"
    )
    values = {
        "run_id": run_id,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "try_id": task.try_id,
    }
    with contextlib.suppress(DBAPIError):
        with airflow.connect() as connection:
            return bool(connection.execute(query, values).scalar_one())
    return False


def _beats(*, job: str, since: float, airflow: Engine) -> bool:
    query = text(
        "SELECT count(*) FROM job WHERE job_type = :job AND start_date > to_timestamp(:since) "
        "AND latest_heartbeat > to_timestamp(:since)"
    )
    with contextlib.suppress(DBAPIError):
        with airflow.connect() as connection:
            return bool(connection.execute(query, {"job": job, "since": since}).scalar_one())
    return False


def _answers(*, address: str) -> bool:
    with contextlib.suppress(requests.RequestException), requests.Session() as session:
        session.trust_env = False
        return session.get(address, timeout=_ANSWER_SECONDS).ok
    return False
