"""Workers and triggerers of the cluster: started, found, and killed as when their machine dies."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from typing import Final

import psutil
from sqlalchemy import Engine, text

from kraken_import.local import airflow, processes, state
from kraken_import.local.problems import StackProblem
from kraken_import.local.processes import Component
from kraken_import.local.running import Running
from kraken_import.local.settings import LOGS, ROOT
from kraken_import.local.stopping import cluster_of
from proofs.cluster.names import VARIABLE

WORKERS: Final = ("worker-1", "worker-2")
TRIGGERERS: Final = ("triggerer", "triggerer-2")
"""The first is the one that every stack has."""
SLOTS: Final = 2
"""Tasks at once on a worker: batches at once that one of them alone cannot work on."""
_READY_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.25
_READY: Final[Mapping[str, str]] = {"worker": " ready.", "triggerer": "Starting the triggerer"}


class MemberMissing(StackProblem):
    """A worker or a triggerer does not start, or is not there any more."""


def settings(*, broker: str, queue: str) -> dict[str, str]:
    """Return what differs from the local stack in every component."""
    return {
        **airflow.CLUSTER,
        "CELERY__BROKER_URL": broker,
        "CELERY__WORKER_CONCURRENCY": str(SLOTS),
        # A Redis that others use too has their tasks in queues of other names.
        "OPERATORS__DEFAULT_QUEUE": queue,
        "CORE__HOSTNAME_CALLABLE": "proofs.cluster.names.member",
    }


def launch(*, running: Running, settings: Mapping[str, str]) -> None:
    """Start the workers and the second triggerer. Raises MemberMissing."""
    environment = airflow.environment(
        ports=running.ports,
        secrets=running.secrets,
        cluster=cluster_of(ports=running.ports),
        settings=settings,
    )
    words = {name: ["celery", "worker", "--celery-hostname", name, "--skip-serve-logs"] for name in WORKERS}
    words |= {name: list(airflow.COMMANDS["triggerer"]) for name in TRIGGERERS[1:]}
    started = {}
    for name, arguments in words.items():
        log = LOGS / f"{name}.log"
        log.unlink(missing_ok=True)
        started[name] = processes.launch(
            name=name,
            command=[sys.executable, "-m", "airflow", *arguments],
            environment={**environment, VARIABLE: name},
            log=log,
            folder=ROOT,
        )
        remember(component=started[name])
    for name, component in started.items():
        _await_ready(name=name, component=component)


def remember(*, component: Component) -> None:
    """Note a component as one of the stack's, so that whatever ends the stack ends it."""
    with state.locked():
        known = state.load()
        if known is None:
            raise MemberMissing("The stack was stopped meanwhile: run `make cluster` again.")
        state.save(stack=known.with_component(component=component))


def kill(*, name: str) -> None:
    """Kill a member with all that belongs to it; it is not started again."""
    known = state.load()
    component = None if known is None else known.component(name=name)
    if component is None:
        raise MemberMissing(f"There is no {name} any more: run `make cluster` again.")
    doomed = processes.family(components=[component])
    for process in sorted(doomed, key=lambda process: process.pid != component.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def busy_worker(*, airflow: Engine, run_id: str) -> str | None:
    """Return a worker that runs a task that creates, in this run; None when there is none now."""
    query = text(
        "SELECT hostname FROM task_instance WHERE run_id = :run_id AND state = 'running' "
        "AND task_id LIKE '%%.create' AND hostname = ANY (:workers) ORDER BY hostname LIMIT 1"
    )
    with airflow.connect() as connection:
        found = connection.execute(query, {"run_id": run_id, "workers": list(WORKERS)}).scalar_one_or_none()
    return None if found is None else str(found)


def busy_triggerer(*, airflow: Engine) -> str | None:
    """Return the live triggerer with the most triggers; None when none has any."""
    query = text(
        "SELECT job.hostname FROM trigger JOIN job ON job.id = trigger.triggerer_id "
        "WHERE job.state = 'running' GROUP BY job.hostname ORDER BY count(*) DESC LIMIT 1"
    )
    with airflow.connect() as connection:
        found = connection.execute(query).scalar_one_or_none()
    return None if found is None else str(found)


def _await_ready(*, name: str, component: Component) -> None:
    """Wait until it has said in its log that it works."""
    deadline = time.monotonic() + _READY_SECONDS
    log, wanted = LOGS / f"{name}.log", _READY[name.partition("-")[0]]
    while wanted not in log.read_text(errors="replace"):
        if time.monotonic() > deadline or not processes.is_alive(component=component):
            raise MemberMissing(f"{name} does not start: see {log}.")
        time.sleep(_LOOK_SECONDS)
