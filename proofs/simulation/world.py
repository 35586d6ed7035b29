"""The machines of a history: processes that are started, killed and stalled, and the databases and Kraken."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from kraken_import.client.settings import KrakenSettings
from kraken_import.simulator.faults import Fault
from kraken_import.usecases.faults import BadRequest, Retryable, SystemicFault
from kraken_import.usecases.systems import BuildSystems
from proofs.simulation.ground import Ground
from proofs.simulation.kraken import Witness
from proofs.simulation.loop import PROCESS, Crashed, Process, VirtualLoop, run_in
from proofs.simulation.sessions import Database
from proofs.simulation.wires import Network
from transforms.database import DatabaseInterrupted, UnableToQuery

T = TypeVar("T")

PERMANENT: Final = (BadRequest, SystemicFault, UnableToQuery)
"""What Airflow does not try again."""
PASSING: Final = (Retryable, DatabaseInterrupted, OperationalError)
"""What Airflow tries again after a while."""

_MOST_STEPS: Final = 400
_LONGEST_STALL: Final = 55.0
"""Seconds. A minute later the server would end the sessions of a host that is silent."""


class Killed(Exception):
    """The process is gone, or taken for gone."""


class TaskFailed(Exception):
    """A task that Airflow tries no more: a person has to look."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(kw_only=True)
class World:
    """What one history is made of. `trouble` is how rough it is, from 0 to 1, until all is quiet."""

    loop: VirtualLoop
    rng: random.Random
    ground: Ground
    database: Database
    kraken: Witness
    network: Network
    settings: KrakenSettings
    engine: Engine
    trouble: float
    told: list[tuple[float, str, str]] = field(default_factory=list)
    """What happened: when, who or what, and one line."""
    wrong: list[str] = field(default_factory=list)
    """What must never happen, and did."""
    faults: list[Fault] = field(default_factory=list)
    """Those of the rough part, which Kraken forgets when all is quiet, with how often each struck."""
    processes: list[Process] = field(default_factory=list)
    engines: dict[Process | None, Engine] = field(default_factory=dict)
    legacy_version: int = 0
    kills: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether the rough part is over."""
        return self.trouble == 0

    @property
    def now(self) -> datetime:
        """The tracking database's time, as a worker whose clock is right sees it."""
        return datetime.fromtimestamp(self.database.present(), UTC)

    def tell(self, who: str, what: str) -> None:
        """Note what happened."""
        self.told.append((self.loop.time(), who, what))

    def wrongly(self, what: str) -> None:
        """Note what must never happen."""
        self.wrong.append(f"{what} (at {self.loop.time():.3f} s)")
        self.tell("WRONG", what)

    def systems(self) -> BuildSystems:
        """What a process works with: sessions of its own, and the database's clock carried on by its own."""
        began, read_at = self.now, self.loop.time()
        settings = self.settings

        async def refresh() -> KrakenSettings:
            return settings

        return BuildSystems(
            tracking=self._engine(),
            kraken=settings,
            refresh=refresh,
            clock=lambda: began + timedelta(seconds=self.loop.time() - read_at),
            legacy=self.ground.legacy[self.legacy_version],
        )

    def _engine(self) -> Engine:
        """The engine of the process that runs: all that it does shares one."""
        process = PROCESS.get()
        if process not in self.engines:
            self.engines[process] = self.engine.execution_options()
        return self.engines[process]

    def start(self, name: str, *, is_lasting: bool = False) -> Process:
        """Start a process, and draw its end."""
        process = Process(self.loop, name)
        if self.rng.random() < self.trouble * (0.7 if is_lasting else 0.5):
            process.crash_after = self._step(is_lasting)
        if self.rng.random() < self.trouble * (0.5 if " create " in name else 0.2):
            process.stall_after = self._step(is_lasting)
            process.stall_seconds = self.rng.uniform(0.5, _LONGEST_STALL)
            process.on_stall = self._on_stall
        process.on_kill = self._on_kill
        self.processes.append(process)
        return process

    def _step(self, is_lasting: bool) -> int:
        """Draw a step of a process: as likely among the first ten as among the first hundred after them."""
        return int(self.rng.uniform(1, _MOST_STEPS * (10 if is_lasting else 1)) ** self.rng.uniform(0.3, 1))

    async def run(self, process: Process, work: Callable[[], Awaitable[T]]) -> T:
        """Do something in a process. Raises `Killed` when that is killed meanwhile, or seems to be."""
        task: asyncio.Task[T] = run_in(process, lambda: self.loop.create_task(_awaited(work)))
        ends: list[asyncio.Future[Any]] = [task, process.killed]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Killed
        try:
            return task.result()
        except Crashed:
            raise Killed from None

    async def task(self, name: str, work: Callable[[], Awaitable[T]], *, patience: float = 1800) -> T:
        """Do something as a task of Airflow's: each try in a process of its own. Raises `TaskFailed`."""
        since: float | None = None
        surprises = 0
        while True:
            process = self.start(name)
            try:
                result = await self._tried(process, work)
            except Killed:
                self.tell(name, "was killed" if process.is_dead else "is taken for dead")
                await asyncio.sleep(self.rng.uniform(1, 20))
                continue
            except PERMANENT as fault:
                self.tell(name, f"failed: {fault}")
                self._end(process)
                raise TaskFailed(fault) from fault
            except PASSING as hiccup:
                self._end(process)
                since = self.loop.time() if since is None else since
                self.tell(name, f"is tried again after {type(hiccup).__name__}: {str(hiccup)[:90]}")
                if self.loop.time() - since > patience:
                    raise TaskFailed(hiccup) from hiccup
            except Exception as surprise:
                self._end(process)
                surprises += 1
                self.wrongly(f"{name} raised {type(surprise).__name__}: {surprise}")
                if surprises > 2:
                    raise TaskFailed(surprise) from surprise
            else:
                self._end(process)
                return result
            await asyncio.sleep(self.rng.uniform(4, 15))

    async def _tried(self, process: Process, work: Callable[[], Awaitable[T]]) -> T:
        """One try. While its machine stands still, or is cut off, it may be taken for dead, and goes on."""
        is_cut_off = self.rng.random() < self.trouble * 0.1
        if not (is_cut_off or process.stall_after):
            return await self.run(process, work)
        running: asyncio.Task[T] = self.loop.create_task(self.run(process, work))
        ends: list[asyncio.Future[Any]] = [running] if is_cut_off else [running, process.stalled]
        timeout = self.rng.uniform(0.05, 20) if is_cut_off else None
        await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not is_cut_off:
            await asyncio.wait([running], timeout=self.rng.uniform(1, 2 * process.stall_seconds))
        if running.done():
            return running.result()
        running.add_done_callback(lambda task: task.cancelled() or task.exception())
        raise Killed

    def _end(self, process: Process) -> None:
        """A process that has done its work leaves nothing behind."""
        process.on_kill = None
        process.kill()

    def _on_kill(self, process: Process) -> None:
        self.kills += 1
        self.tell(process.name, f"is killed after {process.steps} steps")

    def _on_stall(self, process: Process) -> None:
        self.tell(process.name, f"stands still for {process.stall_seconds:.1f} s")

    async def quieten(self) -> None:
        """End the rough part: nothing breaks any more. What was cut off goes on to its end."""
        self.trouble = 0
        self.database.breaks = 0
        self.database.is_away = self.network.is_down = False
        self.kraken.faults.active = [each for each in self.kraken.faults.active if each.until is None]
        for process in self.processes:
            process.crash_after = process.stall_after = None
        self.tell("world", "is quiet from now on")

    async def until(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Wait for something, for so long at most. Returns whether it came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(3)
                return True
        return False


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
