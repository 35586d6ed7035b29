"""The host of the stack: it starts each part again that has died, as systemd, Docker or Kubernetes would."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from kraken_import.local import airflow, processes, state
from kraken_import.local.postgres import Cluster
from kraken_import.local.problems import StackProblem
from kraken_import.local.processes import Component
from kraken_import.local.running import Running
from kraken_import.local.settings import LOGS, ROOT
from kraken_import.local.simulator import simulator_command, simulator_environment
from kraken_import.local.stopping import cluster_of

POSTGRES = "postgres"
_DELAY_SECONDS = 1.0
"""How long a process manager takes until it starts a part again."""
_LOOK_SECONDS = 0.25
_GONE = "The stack was stopped while parts of it were being killed: run `make chaos` again."


class StackIsGone(StackProblem):
    """The stack was stopped meanwhile, or a part cannot be started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A part that was started again, and when, in seconds since the epoch."""

    name: str
    at: float


class Host:
    """Watches the parts of a running stack from a separate thread; `restarts` says what it has started."""

    def __init__(self, *, running: Running) -> None:
        self.restarts: list[Restart] = []
        self._running = running
        self._died: dict[str, float] = {}
        self._over = threading.Event()
        self._problem: Exception | None = None
        self._cluster = cluster_of(ports=running.ports)
        self._postmaster = self._cluster.postmaster()

    def check(self) -> None:
        """Raise StackIsGone when a part could not be started again."""
        if isinstance(self._problem, StackProblem):
            raise StackIsGone(str(self._problem)) from self._problem
        if self._problem is not None:
            raise self._problem

    def restarted(self, *, name: str, since: float) -> float | None:
        """Return when a part was started again after `since`; None as long as it was not."""
        return next((each.at for each in self.restarts if each.name == name and each.at > since), None)

    @property
    def cluster(self) -> Cluster:
        """The Postgres of the stack."""
        return self._cluster

    def component(self, *, name: str) -> Component:
        """A part as it runs now."""
        found = _known().component(name=name)
        if found is None:
            raise StackIsGone(_GONE)
        return found

    def watch(self) -> None:
        """Restart dead parts, until `end` is called."""
        try:
            while not self._over.wait(_LOOK_SECONDS):
                self._look()
        except Exception as error:  # noqa: BLE001 (told by `check` in the thread that waits)
            self._problem = error

    def end(self) -> None:
        """Start nothing any more."""
        self._over.set()

    def _look(self) -> None:
        """Note dead parts, and start those that have been dead for as long as a process manager takes."""
        components = _known().components
        dead = {each.name: each for each in components if not processes.is_alive(component=each)}
        for name in dead.keys() - self._died.keys():
            # A leader's remaining children end with it, as in a container or a control group.
            _kill(found=processes.family(components=[dead[name]]))
            self._died[name] = time.monotonic()
        if not _lives(process=self._postmaster):
            self._died.setdefault(POSTGRES, time.monotonic())
        due = [name for name, at in self._died.items() if time.monotonic() - at >= _DELAY_SECONDS]
        for name in due:
            self._start(name=name)
            del self._died[name]

    def _start(self, *, name: str) -> None:
        with state.locked():
            known = _known()
            if self._over.is_set():
                return
            at = time.time()
            if name == POSTGRES:
                self._cluster.start()
                self._postmaster = self._cluster.postmaster()
            else:
                state.save(stack=known.with_component(component=self._launch(name=name)))
        self.restarts.append(Restart(name=name, at=at))

    def _launch(self, *, name: str) -> Component:
        ports, secrets = self._running.ports, self._running.secrets
        if name == "simulator":
            command = simulator_command(ports=ports)
            environment = simulator_environment(secrets=secrets)
        else:
            command = airflow.command(component=name)
            environment = airflow.environment(ports=ports, secrets=secrets, cluster=self._cluster)
        return processes.launch(
            name=name, command=command, environment=environment, log=LOGS / f"{name}.log", folder=ROOT
        )


@contextlib.contextmanager
def watched(*, running: Running) -> Iterator[Host]:
    """A host that looks after a running stack until the block ends."""
    host = Host(running=running)
    watcher = threading.Thread(target=host.watch, daemon=True)
    watcher.start()
    try:
        yield host
    finally:
        host.end()
        watcher.join()


def _known() -> state.Stack:
    known = state.load()
    if known is None:
        raise StackIsGone(_GONE)
    return known


def _kill(*, found: Iterable[psutil.Process]) -> None:
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _lives(*, process: psutil.Process | None) -> bool:
    if process is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
