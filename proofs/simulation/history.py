"""One history: what its seed draws, played to its end."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from kraken_import.client.settings import KrakenSettings
from kraken_import.generator.values import configured_values
from kraken_import.simulator.store import Store
from kraken_import.usecases import poller
from proofs.simulation.ablations import without
from proofs.simulation.ground import Ground, Memory
from proofs.simulation.invariants import Invariants
from proofs.simulation.kraken import LASTS, TOKEN, Witness, draw_faults
from proofs.simulation.loop import CooperativeLock, NothingLeft, VirtualLoop
from proofs.simulation.people import People
from proofs.simulation.runs import Triggerers, poll_regularly
from proofs.simulation.sessions import Database
from proofs.simulation.wires import Network
from proofs.simulation.world import Killed, World
from transforms.registry import dialect_names, get_dialect

_sharing: Any = import_module("kraken_import.usecases.sharing")
_SUPPLIERS = {name: get_dialect(name=name).default_import_supplier for name in dialect_names()}
_LONGEST_ROUGH: Final = 40.0
"""Virtual seconds for which a history is rough where Kraken is asked late, or never."""
_LONGEST = 24 * 3600.0
"""Virtual seconds after which a history that has not ended is taken to be stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The result of a seed: all that happened, what was wrong, and how much there was of it."""

    seed: int
    told: list[tuple[float, str, str]]
    wrong: list[str]
    seconds: float
    creates: int
    records: int
    kills: int
    statements: int
    requests: int
    struck: tuple[str, ...]
    """The kinds of fault that struck at least once."""


def play(*, seed: int, ground: Ground, memory: Memory, ablation: str | None = None) -> History:
    """Play the history of a seed, without the safeguard that the ablation takes out."""
    ground.forget()
    rng = random.Random(seed)
    random.seed(seed)
    loop = VirtualLoop(rng=rng)
    world = _world(loop=loop, rng=rng, ground=ground)
    invariants = Invariants(world=world)
    poller._POLLERS.clear()
    loop.set_exception_handler(lambda _, context: _unhandled(world, context))
    asyncio.set_event_loop(loop)
    logging.disable(logging.CRITICAL)
    try:
        with memory.used(), _deterministic(rng), without(ablation), invariants.observed():
            _run(loop, world, invariants)
    finally:
        world.database.end()
        loop.discard()
        asyncio.set_event_loop(None)
    return _history(seed=seed, world=world)


@contextmanager
def _deterministic(rng: random.Random) -> Iterator[None]:
    """Let names be drawn from the seed, and let what threads would wait for be waited for in turns."""
    uuid4, keeper = _sharing.uuid4, _sharing._Keeper
    _sharing.uuid4 = lambda: uuid.UUID(int=rng.getrandbits(128))
    _sharing._Keeper = lambda **fields: keeper(**fields, turn=CooperativeLock())
    try:
        yield
    finally:
        _sharing.uuid4, _sharing._Keeper = uuid4, keeper


def _run(loop: VirtualLoop, world: World, invariants: Invariants) -> None:
    try:
        loop.run_until_complete(_play(world, invariants))
    except NothingLeft:
        world.wrongly("everything waits, and nothing will happen any more")


async def _play(world: World, invariants: Invariants) -> None:
    rng = world.rng
    world.kraken.tell = invariants.watch
    triggerers = Triggerers(world=world)
    people = People(world=world, triggerers=triggerers)
    lasts = rng.uniform(*LASTS)
    for fault in draw_faults(rng=rng, lasts=lasts):
        world.kraken.faults.set(wanted=fault)
        world.faults.append(world.kraken.faults.active[-1])
        world.tell("fault", ", ".join(f"{name} {value}" for name, value in fault.items()))
    polling = world.loop.create_task(poll_regularly(world=world, triggerers=triggerers))
    try:
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(people.begin_waves(), people.meddle(lasts=lasts))
            await world.until(lambda: world.kraken.rough_time() >= lasts, seconds=_LONGEST_ROUGH)
            await world.quieten()
            await people.finish()
        invariants.check_end()
    except TimeoutError:
        world.wrongly("the history does not end")
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling


def _world(*, loop: VirtualLoop, rng: random.Random, ground: Ground) -> World:
    database = Database(loop=loop, dsn=ground.tracking_dsn, backends=ground.backends)
    database.breaks = rng.choice((0, 0, 0, 0.001, 0.005, 0.02))
    skew = rng.choice((0.0, 0.0, -4.0, 3.0, 90.0))
    store = Store(delay=rng.choice((0.2, 1.0, 3.0, 9.0)), recreate_after_error=rng.random() < 0.5)
    kraken = Witness(
        authorizations=frozenset({f"Token {TOKEN}".encode()}),
        store=store,
        clock=lambda: database.began + loop.time() + skew,
    )
    kraken.faults.clock = kraken.rough_time
    kraken.rough_from = rng.choice(("validate", "create"))
    failing = rng.choice((0.0, 0.0, 0.2, 0.5))
    kraken.fails = lambda: rng.random() < failing
    settings = KrakenSettings(
        base_url="http://127.0.0.1:9",
        token=TOKEN,
        import_suppliers=_SUPPLIERS,
        configured_values=configured_values(),
        requests_in_flight=rng.choice((1, 2, 4, 8)),
        requests_at_once=rng.choice((2, 4, 128, 128)),
        accounts_at_once=rng.choice((None, None, None, None, 2, 4)),
        connect_timeout=3.0,
        request_timeout=rng.choice((4.0, 10.0)),
        visibility_window=rng.choice((8.0, 12.0)),
        patience=rng.choice((30.0, 120.0, 1800.0)),
    )
    return World(
        loop=loop,
        rng=rng,
        ground=ground,
        database=database,
        kraken=kraken,
        network=Network(loop=loop, app=kraken),
        settings=settings,
        engine=database.engine(),
        trouble=rng.choice((0.0, 0.4, 0.7, 1.0)),
    )


def _unhandled(world: World, context: dict[str, object]) -> None:
    error = context.get("exception")
    process = world.loop.owners.get(id(context.get("future")))
    # From work that is no longer awaited, since its process is gone.
    is_moot = isinstance(error, Killed) or (process is not None and process.is_dead)
    if error is not None and not is_moot:
        world.wrongly(f"unhandled: {context.get('message')}: {type(error).__name__}: {error}")


def _history(*, seed: int, world: World) -> History:
    (counted,) = world.ground.rows("SELECT count(*) AS records FROM migration.import_process")
    return History(
        seed=seed,
        told=world.told,
        wrong=world.wrong,
        seconds=world.loop.time(),
        creates=len(world.kraken.accepted),
        records=counted["records"],
        kills=world.kills,
        statements=world.database.statements,
        requests=sum(world.kraken.traffic.received.values()),
        struck=tuple(sorted({fault.kind for fault in world.faults if fault.struck})),
    )
