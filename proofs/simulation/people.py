"""What people do in a history: they begin waves, pause, resume, cancel, stop, clear, rerun and decide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

from kraken_import.domain.orders import Order
from kraken_import.domain.policies import PolicySettings
from kraken_import.simulator.keys import Key
from kraken_import.usecases.control import control_wave, stop_all
from kraken_import.usecases.decide import decide
from kraken_import.usecases.rerun import RerunRequest
from kraken_import.usecases.wave_request import WaveRequest
from proofs.simulation.ground import DIALECTS
from proofs.simulation.runs import Run, Triggerers
from proofs.simulation.world import TaskFailed, World

_STATES: Final = (
    "parked",
    "invalid",
    "errored",
    "rejected",
    "valid",
    "cancelled",
    "dry_run_errored",
    "missing",
)
_ROUNDS: Final = 6
"""How often everything that is red is cleared once all is quiet: more would not help."""
_LONGEST_RUN: Final = 4 * 3600.0


@dataclass(kw_only=True)
class People:
    """Operations staff, and their runs."""

    world: World
    triggerers: Triggerers
    runs: list[Run] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    async def begin_waves(self) -> None:
        """Plan one or two waves, of the same customers in part."""
        rng = self.world.rng
        dialects = rng.choices(DIALECTS, weights=(4, 4, 2, 1), k=1) * 2
        for dialect in dialects[: rng.choice((1, 1, 1, 2))]:
            customers = self.world.ground.customers[dialect]
            # Batches of four that begin at every fourth, so that few builds are really done.
            first = 4 * rng.randrange(len(customers) // 4 - 2)
            chosen = customers[first : first + 4 * rng.choice((1, 1, 1, 2))]
            policy = PolicySettings(
                approval=rng.choice(("unattended", "unattended", "required")),
                threshold=Decimal("0.9"),
                error_share=rng.choice((None, Decimal("0.9"))),
                error_count=rng.choice((None, None, 5)),
                requests_in_flight=rng.choice((None, None, 1, 2)),
            )
            request = WaveRequest(
                dialect=dialect,
                identifiers=chosen,
                batch_size=4,
                dry_run=rng.random() < 0.2,
                policy=policy,
            )
            self.begin(name="wave", request=request)
            await asyncio.sleep(rng.uniform(0, 8))

    def begin(self, *, name: str, request: WaveRequest | RerunRequest) -> Run:
        """Begin a run."""
        number = self.numbers[name] = self.numbers.get(name, 0) + 1
        run = Run(world=self.world, triggerers=self.triggerers, name=f"{name} {number}", request=request)
        self.runs.append(run)
        self._play(run)
        return run

    def _play(self, run: Run) -> None:
        run.is_running = True
        self.world.loop.create_task(run.play())

    async def meddle(self, *, lasts: float) -> None:
        """Order something now and then while times are rough."""
        rng = self.world.rng
        orders = [rng.choice(self._orders()) for _ in range(rng.choice((0, 1, 1, 2, 3, 6)))]
        times = sorted(min(lasts, rng.expovariate(1 / 7)) for _ in orders)
        begun = self.world.loop.time()
        for time, order in zip(times, orders, strict=True):
            await asyncio.sleep(max(0.0, begun + time - self.world.loop.time()))
            await order()

    def _orders(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._pause,
            self._pause,
            self._resume,
            self._cancel,
            self._stop_all,
            self._clear,
            self._clear,
            self._rerun,
            self._rerun,
            self._decide_one,
            self._change_legacy,
            self._lose_database,
            self._lose_network,
            self._step_clock,
        ]

    def _wave(self) -> Run | None:
        waves = [run for run in self.runs if not run.is_rerun and run.number is not None]
        return self.world.rng.choice(waves) if waves else None

    async def _order(self, action: str) -> None:
        wave = self._wave()
        if wave is None:
            return

        def work(systems: Any) -> str:
            return control_wave(
                tracking=systems.tracking,
                wave=str(wave.number),
                action=action,  # type: ignore[arg-type]
                order=Order(by="Ben", reason=None, at=systems.clock()),
            )

        await self._do(f"{action} {wave.name}", work)

    async def _do(self, name: str, work: Callable[[Any], Any]) -> bool:
        """Do something as one task. Returns whether it was done."""

        async def whole() -> Any:
            return await asyncio.to_thread(work, self.world.systems())

        try:
            said = await self.world.task(name, whole, patience=60)
        except TaskFailed:
            return False
        self.world.tell(name, str(said)[:110])
        return True

    async def _pause(self) -> None:
        await self._order("pause")

    async def _resume(self) -> None:
        await self._order("resume")

    async def _cancel(self) -> None:
        if self.world.rng.random() < 0.4:
            await self._order("cancel")

    async def _stop_all(self) -> None:
        await self._do(
            "stop_all",
            lambda systems: stop_all(
                tracking=systems.tracking, kraken=None, order=Order(by="Ben", reason=None, at=systems.clock())
            ),
        )

    async def _clear(self) -> None:
        red = [run for run in self.runs if run.failure and not run.is_running and run.number is not None]
        if red:
            self._clear_run(self.world.rng.choice(red))

    def _clear_run(self, run: Run) -> None:
        run.cleared += 1
        self._play(run)

    async def _rerun(self) -> None:
        wave = self._wave()
        if wave is None:
            return
        rng = self.world.rng
        request = RerunRequest(
            dialect=wave.request.dialect,
            wave=str(wave.number),
            states=tuple(rng.sample(_STATES, 2)) if rng.random() < 0.7 else (),
            not_processed=rng.random() < 0.3,
            threshold=Decimal(1),
        )
        self.begin(name="rerun", request=request)

    async def _decide_one(self) -> None:
        parked = self.world.ground.rows(_PARKED)
        if parked:
            await self._decide(self.world.rng.choice(parked))

    async def _decide(self, record: dict[str, Any]) -> bool:
        """Say of a record what is so at Kraken."""
        key = Key(record["resource"], record["import_supplier"], record["external_identifier"])
        answer = "there" if key in self.world.kraken.store.processes else "absent"

        async def whole() -> str:
            return await decide(
                systems=self.world.systems(),
                wave=str(record["wave_id"]),
                identifiers=[record["external_identifier"]],
                answer=answer,
                order=Order(by="Cleo", reason="looked at Kraken", at=self.world.now),
            )

        name = f"decide {record['id']} {answer}"
        try:
            self.world.tell(name, await self.world.task(name, whole, patience=60))
        except TaskFailed:
            return False
        return True

    async def _change_legacy(self) -> None:
        self.world.legacy_version = 1 - self.world.legacy_version
        self.world.tell("legacy", "customers change")

    async def _lose_database(self) -> None:
        world, seconds = self.world, self.world.rng.uniform(1, 25)
        world.tell("database", f"is away for {seconds:.0f} s")
        world.database.is_away = True
        for process in world.processes:
            for held in [each for each in process.holds if hasattr(each, "database")]:
                held.vanish()
        await asyncio.sleep(seconds)
        world.database.is_away = False

    async def _lose_network(self) -> None:
        seconds = self.world.rng.uniform(1, 40)
        self.world.tell("network", f"Kraken cannot be reached for {seconds:.0f} s")
        self.world.network.is_down = True
        await asyncio.sleep(seconds)
        self.world.network.is_down = False

    async def _step_clock(self) -> None:
        most = self.world.settings.visibility_window / 2
        seconds = self.world.rng.uniform(-60, most)
        # A step forward by less than a window, once, is what the proofs of absence allow.
        if seconds > 0 and self.world.database.clock_offset > 0:
            return
        self.world.database.set_clock(by=seconds)
        self.world.tell("database", f"its clock is set by {seconds:+.1f} s")

    async def finish(self) -> None:
        """Once all is quiet: bring every run to its end, as patient operators would."""
        world = self.world
        for _ in range(_ROUNDS):
            for row in world.ground.rows(_PAUSED):
                await self._do(f"resume {row['id']}", partial(_resumed, wave_id=row["id"]))
            if not await self._have_ended():
                return
            for record in world.ground.rows(_PARKED):
                if world.rng.random() < 0.5:
                    await self._decide(record)
            # One at a time: Airflow does not let two runs clear the same records meanwhile either.
            red = [run for run in self.runs if run.failure and not run.is_refused]
            if not red:
                break
            for run in red:
                self._clear_run(run)
        # What was cleared last has to end as well, before what there is then is judged.
        if await self._have_ended():
            await self._end_open()

    async def _have_ended(self) -> bool:
        """Wait for every run. Returns whether all of them have ended."""
        if await self.world.until(lambda: not any(run.is_running for run in self.runs), seconds=_LONGEST_RUN):
            return True
        running = ", ".join(run.name for run in self.runs if run.is_running)
        self.world.wrongly(f"{running} does not end")
        return False

    async def _end_open(self) -> None:
        """What no run waits for any more is ended by the scheduled poll."""
        world = self.world
        if not await world.until(lambda: not world.ground.rows(_OPEN), seconds=3600):
            for row in world.ground.rows(_OPEN):
                world.wrongly(f"record {row['id']} is {row['state']} and nothing follows")


def _resumed(systems: Any, *, wave_id: int) -> str:
    return control_wave(
        tracking=systems.tracking,
        wave=str(wave_id),
        action="resume",
        order=Order(by="Ben", reason=None, at=systems.clock()),
    )


_PAUSED: Final = (
    "SELECT id FROM migration.wave WHERE paused_at IS NOT NULL AND stop_code IS DISTINCT FROM 'cancelled'"
)
_PARKED: Final = """
    SELECT id, wave_id, resource, import_supplier, external_identifier
    FROM migration.import_process WHERE state = 'parked' ORDER BY id
"""
_OPEN: Final = """
    SELECT id, state FROM migration.import_process
    WHERE state IN ('creating', 'created', 'pending', 'in_progress', 'unrecognised', 'missing') ORDER BY id
"""
