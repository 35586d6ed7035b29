"""Runs of waves and reruns, as Airflow plays them: which task follows which, and what a trigger does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.faults import Retryable, SystemicFault
from kraken_import.usecases.gate import ApprovalBarred, answer_question, batches_to_load, question_to_ask
from kraken_import.usecases.nights import NothingPlanned
from kraken_import.usecases.plan import plan_wave
from kraken_import.usecases.poll import poll
from kraken_import.usecases.poll_open import poll_open
from kraken_import.usecases.poller import HICCUPS, TRY_AGAIN_AFTER
from kraken_import.usecases.rerun import RerunRequest, batches_to_rerun, plan_rerun, summarise_rerun
from kraken_import.usecases.rerun_gate import answer_rerun_question, rerun_question_to_ask
from kraken_import.usecases.summarise import summarise_wave
from kraken_import.usecases.systems import BuildSystems, PlanSystems
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import BatchOutcome
from kraken_import.usecases.waits import Resumption
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest
from proofs.simulation.loop import Process
from proofs.simulation.world import Killed, TaskFailed, World

T = TypeVar("T")
Step = Callable[..., Awaitable[BatchOutcome]]

_BATCHES_AT_ONCE: Final = 4
_AWAIT_MINUTES: Final = 30


@dataclass(kw_only=True)
class Triggerers:
    """The processes that poll for tasks. One that is killed is started again, and its triggers with it."""

    world: World
    running: list[Process] = field(default_factory=list)

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work of a trigger, in as many processes one after the other as it takes; rarely in two."""
        while True:
            process = self._one()
            both = [self.world.run(process, work)]
            if self.world.rng.random() < self.world.trouble * 0.1:
                both.append(self.world.run(self.world.start("triggerer", is_lasting=True), work))
            tasks: list[asyncio.Task[T]] = [self.world.loop.create_task(each) for each in both]
            done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.add_done_callback(lambda task: task.cancelled() or task.exception())
            try:
                return next(task for task in tasks if task in done).result()
            except Killed:
                await asyncio.sleep(self.world.rng.uniform(0.5, 10))

    def _one(self) -> Process:
        self.running = [process for process in self.running if not process.is_dead]
        while len(self.running) < 2:
            self.running.append(self.world.start("triggerer", is_lasting=True))
        return self.world.rng.choice(self.running)


@dataclass(kw_only=True)
class Run:
    """A run of Airflow's: of a wave, or of a rerun."""

    world: World
    triggerers: Triggerers
    name: str
    request: WaveRequest | RerunRequest
    cleared: int = 0
    is_running: bool = False
    failure: str | None = None
    """Why it is red; None when it is green, or has not ended yet."""
    is_planned: bool = False
    is_refused: bool = False
    """Whether nothing could be planned, so that clearing it would change nothing."""
    number: int | None = None
    """The wave's, or the rerun's."""

    @property
    def is_rerun(self) -> bool:
        """Whether it is of a rerun."""
        return isinstance(self.request, RerunRequest)

    @property
    def airflow(self) -> AirflowRun:
        """The run as the use cases know it."""
        kind = "rerun" if self.is_rerun else "migrate"
        return AirflowRun(dag_id=f"{kind}_{self.request.dialect}", run_id=self.name, cleared=self.cleared)

    async def play(self) -> None:
        """From the plan to the summary, once."""
        self.is_running, self.failure, self.is_planned = True, None, False
        self.world.tell(self.name, f"begins (cleared {self.cleared} times)")
        try:
            await self._play()
        except TaskFailed as failed:
            self.failure = str(failed)
            self.is_refused = not self.is_planned
        finally:
            self.is_running = False
            self.world.tell(self.name, f"ended: {self.failure or 'green'}")

    async def _play(self) -> None:
        refs = await self._plan()
        self.is_planned = True
        slots = asyncio.Semaphore(_BATCHES_AT_ONCE)
        failed = await self._each(refs, self._prepare, slots)
        try:
            chosen = await self._gate()
        except TaskFailed:
            chosen, failed = [], [*failed, "gate"]
        failed += await self._each(chosen, self._load, slots)
        summary = await self._step("summarise", lambda systems: self._summarise(systems, failed))
        self.failure = summary.failure

    async def _each(
        self, refs: Sequence[BatchRef], work: Callable[[BatchRef], Awaitable[None]], slots: asyncio.Semaphore
    ) -> list[str]:
        async def one(ref: BatchRef) -> str | None:
            async with slots:
                try:
                    await work(ref)
                except TaskFailed:
                    return f"batch {ref.batch}"
            return None

        found = await asyncio.gather(*(one(ref) for ref in refs))
        return [each for each in found if each is not None]

    async def _step(self, name: str, work: Callable[[BuildSystems], T]) -> T:
        """A task that does something in one go."""

        async def whole() -> T:
            systems = self.world.systems()
            return await asyncio.to_thread(work, systems)

        return await self.world.task(f"{self.name} {name}", whole)

    async def _plan(self) -> list[BatchRef]:
        request = self.request
        if isinstance(request, RerunRequest):
            wanted = request
            rerun = await self._step(
                "plan",
                lambda systems: plan_rerun(
                    tracking=systems.tracking,
                    kraken=systems.kraken,
                    request=wanted,
                    run=self.airflow,
                    now=systems.clock(),
                ),
            )
            self.number = rerun.rerun
            return [BatchRef(wave_id=wave, batch=batch, rerun=rerun.rerun) for wave, batch in rerun.batches]
        asked = request
        try:
            planned = await self._step(
                "plan",
                lambda systems: plan_wave(
                    systems=PlanSystems(
                        tracking=systems.tracking, legacy=systems.legacy, kraken=systems.kraken
                    ),
                    request=asked,
                    run=self.airflow,
                    now=systems.clock(),
                ),
            )
        except NothingPlanned:
            return []
        self.number = planned.wave_id
        return [BatchRef(wave_id=planned.wave_id, batch=batch) for batch in planned.batches]

    async def _prepare(self, ref: BatchRef) -> None:
        await self._step(f"build {ref.batch}", lambda systems: build_batch(systems=systems, ref=ref))
        await self._waiting("validate", validate_batch, ref)

    async def _load(self, ref: BatchRef) -> None:
        await self._waiting("create", create_batch, ref)
        await self._trigger(ref, until=self.world.now + timedelta(minutes=_AWAIT_MINUTES), resumption=None)

    async def _waiting(self, name: str, step: Step, ref: BatchRef) -> None:
        async def whole() -> BatchOutcome:
            return await step(systems=self.world.systems(), ref=ref)

        while True:
            outcome = await self.world.task(f"{self.name} {name} {ref.batch}", whole)
            held = outcome.held
            if held is None:
                return
            self.world.tell(f"{self.name} {name} {ref.batch}", f"waits: {held.sentence[:90]}")
            until = self.world.now + timedelta(minutes=_AWAIT_MINUTES)
            await self._trigger(ref, until=until, resumption=Resumption(why=held.why, seconds=held.seconds))

    async def _trigger(self, ref: BatchRef, *, until: datetime, resumption: Resumption | None) -> None:
        """What the trigger of a task does. Raises `TaskFailed`."""

        async def whole() -> None:
            await _patiently(
                self.world,
                until,
                lambda: poll(systems=self.world.systems(), ref=ref, until=until, resumption=resumption),
            )

        try:
            await self.triggerers.run(whole)
        except (SystemicFault, Retryable) as fault:
            self.world.tell(self.name, f"a trigger ended: {fault}")
            raise TaskFailed(fault) from fault

    async def _gate(self) -> list[BatchRef]:
        while True:
            refs, question = await self._step("gate", self._open_gate)
            if question is None:
                return refs
            wait = question.wait.total_seconds()
            await asyncio.sleep(min(wait, self.world.rng.uniform(0, 60)))
            verdict = self.world.rng.random()
            approved = verdict < 0.8 or self.world.is_quiet
            user = None if verdict > 0.9 and not self.world.is_quiet else "Ann"
            self.world.tell(self.name, f"gate: {user or 'no one'} says {'yes' if approved else 'no'}")
            try:
                return await self._step("gate", lambda systems: self._answer(systems, approved, user))  # noqa: B023
            except ApprovalBarred:
                continue

    def _open_gate(self, systems: BuildSystems) -> tuple[list[BatchRef], Any]:
        assert self.number is not None
        refs = self._chosen(systems)
        if self.is_rerun:
            return refs, rerun_question_to_ask(
                tracking=systems.tracking, rerun=self.number, now=systems.clock()
            )
        return refs, question_to_ask(tracking=systems.tracking, wave_id=self.number, now=systems.clock())

    def _chosen(self, systems: BuildSystems) -> list[BatchRef]:
        assert self.number is not None
        now = systems.clock()
        if self.is_rerun:
            found = batches_to_rerun(tracking=systems.tracking, rerun=self.number, now=now)
            return [BatchRef(wave_id=wave, batch=batch, rerun=self.number) for wave, batch in found]
        batches = batches_to_load(tracking=systems.tracking, wave_id=self.number, now=now)
        return [BatchRef(wave_id=self.number, batch=batch) for batch in batches]

    def _answer(self, systems: BuildSystems, approved: bool, user: str | None) -> list[BatchRef]:
        assert self.number is not None
        said: dict[str, Any] = {
            "tracking": systems.tracking,
            "approved": approved,
            "answered_by": user,
            "now": systems.clock(),
        }
        if self.is_rerun:
            answer_rerun_question(rerun=self.number, **said)
        else:
            answer_question(wave_id=self.number, **said)
        return self._chosen(systems)

    def _summarise(self, systems: BuildSystems, failed: Sequence[str]) -> Any:
        assert self.number is not None
        tracking, now = systems.tracking, systems.clock()
        if self.is_rerun:
            return summarise_rerun(tracking=tracking, rerun=self.number, failed_tasks=failed, now=now)
        return summarise_wave(tracking=tracking, wave_id=self.number, failed_tasks=failed, now=now)


async def _patiently(world: World, until: datetime, work: Callable[[], Awaitable[Any]]) -> None:
    """What a trigger does: not being able to poll says nothing about the imports."""
    while True:
        try:
            await work()
        except HICCUPS as hiccup:
            if world.now >= until:
                raise Retryable("Polling could not be done in time.") from hiccup
            await asyncio.sleep(TRY_AGAIN_AFTER)
        else:
            return


async def poll_regularly(*, world: World, triggerers: Triggerers) -> None:
    """The scheduled poll of what no task waits for."""
    while True:
        await asyncio.sleep(120 if world.is_quiet else world.rng.uniform(10, 60))
        until = world.now + timedelta(seconds=100)

        async def whole(until: datetime = until) -> None:
            await _patiently(
                world,
                until,
                lambda: poll_open(systems=world.systems(), connection_id="kraken", until=until),
            )

        try:
            await triggerers.run(whole)
        except (SystemicFault, Retryable) as fault:
            world.tell("poll_open", f"ended: {fault}")
