"""Requests at once, shared by everything that talks to one Kraken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from kraken_import.client.answers import Throttled
from kraken_import.client.gate import Gate
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import shares
from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.shares import Share
from kraken_import.usecases import budget, sharing
from kraken_import.usecases.sharing import shared_gate
from kraken_import.usecases.systems import Systems, database_clock
from tests.integration.conftest import Journey

KRAKEN = KrakenSettings(base_url="https://kraken.invalid", token="token", requests_at_once=8)
OTHER = Share(holder="00000000-0000-0000-0000-000000000001", wants=8, allowed=8, requests=6, per_second=None)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew ten times as often."""
    monkeypatch.setattr(sharing, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(sharing, "_RENEW_AFTER", 0.3)
    monkeypatch.setattr(sharing, "_SOON", 0.05)


def _systems(tracking: Engine, **settings: object) -> Systems:
    kraken = KrakenSettings(
        **{"base_url": KRAKEN.base_url, "token": "token", "requests_at_once": 8} | settings
    )

    async def refresh() -> KrakenSettings:
        return kraken

    return Systems(tracking=tracking, kraken=kraken, refresh=refresh, clock=database_clock(engine=tracking))


def _hold(tracking: Engine, *, share: Share = OTHER, seconds: float = 30) -> None:
    """A share of another process."""
    with shares.entered(engine=tracking, target_kraken=KRAKEN.target) as (connection, _):
        shares.keep_share(
            connection=connection,
            target_kraken=KRAKEN.target,
            share=share,
            lease=timedelta(seconds=seconds),
        )


def _held(tracking: Engine) -> dict[str, int]:
    with shares.entered(engine=tracking, target_kraken=KRAKEN.target) as (connection, _):
        found = shares.shares(connection=connection, target_kraken=KRAKEN.target)
    return {share.holder: share.requests for share in found}


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("It never came to this.")


async def _busy(gate: Gate) -> None:
    """As many requests as there are places, and more that wait."""

    async def ask() -> None:
        while True:
            async with gate:
                await asyncio.sleep(0.01)

    await asyncio.gather(*(ask() for _ in range(8)))


def test_busy_sessions_share_evenly_and_never_hold_more_than_the_limit(tracking_engine: Engine) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with AsyncExitStack() as stack, asyncio.timeout(20):
            gates = [await stack.enter_async_context(shared_gate(systems=systems, most=8))]
            assert gates[0].places == 8
            gates += [await stack.enter_async_context(shared_gate(systems=systems, most=8)) for _ in "abc"]
            work = [asyncio.create_task(_busy(gate)) for gate in gates]
            while [gate.places for gate in gates] != [2, 2, 2, 2]:
                assert sum(_held(tracking_engine).values()) <= 8
                await asyncio.sleep(0.05)
            # What an idle one needs no more is for the others.
            for task in work[1:]:
                task.cancel()
            while gates[0].places < 5:
                assert sum(_held(tracking_engine).values()) <= 8
                await asyncio.sleep(0.05)
            work[0].cancel()
        assert _held(tracking_engine) == {}

    asyncio.run(scene())


def test_the_share_of_a_holder_that_died_lapses(tracking_engine: Engine) -> None:
    _hold(tracking_engine, seconds=0.8)

    async def scene() -> None:
        async with asyncio.timeout(10), shared_gate(systems=_systems(tracking_engine), most=8) as gate:
            assert gate.places == 2
            work = asyncio.create_task(_busy(gate))
            await _until(lambda: gate.places == 8)
            work.cancel()

    asyncio.run(scene())


def test_a_holder_that_loses_the_database_lets_nothing_pass_and_comes_back_to_what_is_left(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(30), shared_gate(systems=systems, most=8) as gate:
            passed = 0

            async def ask() -> None:
                nonlocal passed
                while True:
                    async with gate:
                        passed += 1
                        await asyncio.sleep(0.01)

            work = asyncio.create_task(ask())
            # Its row is held by another transaction: it cannot be renewed.
            with tracking_engine.begin() as connection:
                shares.enter(connection=connection, target_kraken=KRAKEN.target)
                await asyncio.sleep(1.3)
                before = passed
                assert before
                await asyncio.sleep(0.5)
                assert passed == before
                # Meanwhile its lease is another's.
                connection.exec_driver_sql("DELETE FROM migration.kraken_share")
                shares.keep_share(
                    connection=connection,
                    target_kraken=KRAKEN.target,
                    share=OTHER,
                    lease=timedelta(seconds=30),
                )
            await _until(lambda: passed > before)
            assert gate.places <= 2
            assert sum(_held(tracking_engine).values()) <= 8
            work.cancel()

    asyncio.run(scene())


def test_places_go_to_others_only_once_the_requests_that_had_them_have_ended(
    tracking_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, no lease lapses.
    monkeypatch.setattr(sharing, "LEASE", timedelta(seconds=30))

    async def scene() -> None:
        systems = _systems(tracking_engine)
        under_way = most = 0
        answered = asyncio.Event()

        async def ask(gate: Gate) -> None:
            nonlocal under_way, most
            async with gate:
                under_way += 1
                most = max(most, under_way)
                await answered.wait()
                await asyncio.sleep(0.01)
                under_way -= 1

        async def keep_asking(gate: Gate) -> None:
            while True:
                await asyncio.gather(*(ask(gate) for _ in range(8)))

        async with asyncio.timeout(20), shared_gate(systems=systems, most=8) as first:
            work = [asyncio.create_task(keep_asking(first))]
            await _until(lambda: under_way == 8)
            async with shared_gate(systems=systems, most=8) as second:
                work.append(asyncio.create_task(keep_asking(second)))
                await _until(lambda: first.places == 4)
                # Several renewals pass before Kraken answers.
                await asyncio.sleep(1)
                assert (second.places, under_way) == (0, 8)
                answered.set()
                await _until(lambda: second.places == 4)
                for task in work:
                    task.cancel()
        assert most == 8

    asyncio.run(scene())


@asynccontextmanager
async def two_sessions(*, systems: Systems) -> AsyncIterator[tuple[Gate, Gate]]:
    """The gates of two sessions, the second of which came when the first had all places."""
    async with (
        shared_gate(systems=systems, most=8) as first,
        shared_gate(systems=systems, most=8) as second,
    ):
        yield first, second


async def _ask(gate: Gate) -> None:
    async with gate:
        await asyncio.sleep(0.01)


async def _one_by_one(gate: Gate) -> None:
    while True:
        await _ask(gate)


async def _in_chunks(gate: Gate) -> None:
    """As creates leave: no more requests than there are places, of a chunk that is larger."""
    while True:
        at_once = max(1, gate.places)
        with gate.expecting(requests=4 * at_once):
            await asyncio.gather(*(_ask(gate) for _ in range(at_once)))


def test_a_session_that_came_when_nothing_was_left_gets_its_part_though_it_sends_one_at_a_time(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(20), two_sessions(systems=systems) as (first, second):
            assert (first.places, second.places) == (8, 0)
            work = [asyncio.create_task(_in_chunks(gate)) for gate in (first, second)]
            await _until(lambda: (first.places, second.places) == (4, 4))
            for task in work:
                task.cancel()

    asyncio.run(scene())


def test_a_session_without_a_place_keeps_asking_for_its_part_before_it_sends_anything(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(20), two_sessions(systems=systems) as (first, second):
            work = asyncio.create_task(_in_chunks(first))
            await _until(lambda: second.places == 4)
            # Then it has shown that it needs none.
            await _until(lambda: second.places == 1)
            work.cancel()

    asyncio.run(scene())


def test_a_session_that_sends_little_for_a_while_gets_more_once_it_has_more_to_send(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(20), two_sessions(systems=systems) as (first, second):
            work = [asyncio.create_task(_in_chunks(first))]
            slow = asyncio.create_task(_one_by_one(second))
            await _until(lambda: second.places == 1)
            slow.cancel()
            work.append(asyncio.create_task(_in_chunks(second)))
            await _until(lambda: (first.places, second.places) == (4, 4))
            for task in work:
                task.cancel()

    asyncio.run(scene())


def test_one_place_goes_round_among_sessions(tracking_engine: Engine) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine, requests_at_once=1)
        async with asyncio.timeout(20), two_sessions(systems=systems) as (first, second):
            work = [asyncio.create_task(_busy(gate)) for gate in (first, second)]
            for gate in (second, first, second):
                while not gate.places:
                    assert sum(_held(tracking_engine).values()) <= 1
                    await asyncio.sleep(0.02)
            for task in work:
                task.cancel()

    asyncio.run(scene())


def test_requests_a_second_are_shared_as_well(tracking_engine: Engine) -> None:
    _hold(tracking_engine, share=Share(holder=OTHER.holder, wants=2, allowed=8, requests=2, per_second=30.0))

    async def scene() -> None:
        systems = _systems(tracking_engine, requests_per_second=40)
        async with asyncio.timeout(10), shared_gate(systems=systems, most=8) as gate:
            passed = 0

            async def ask() -> None:
                nonlocal passed
                while True:
                    async with gate:
                        passed += 1

            work = asyncio.create_task(ask())
            await asyncio.sleep(1)
            assert 6 <= passed <= 12
            work.cancel()

    asyncio.run(scene())


def test_shares_that_another_version_divides_are_a_sentence(tracking_engine: Engine) -> None:
    async def scene() -> None:
        async with shared_gate(systems=_systems(tracking_engine), most=8) as gate:
            with tracking_engine.begin() as connection:
                connection.exec_driver_sql("UPDATE migration.kraken_load SET protocol = 99")
            async with asyncio.timeout(10):
                await _busy(gate)

    with pytest.raises(UnableToUseTracking, match=r"kraken\.invalid.* another version .* same version"):
        asyncio.run(scene())
    with pytest.raises(UnableToUseTracking, match=r"kraken\.invalid.* another version .* same version"):
        asyncio.run(scene())


def test_a_long_pause_that_one_session_is_asked_for_is_kept_by_all(tracking_engine: Engine) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(10), shared_gate(systems=systems, most=4) as first:
            async with shared_gate(systems=systems, most=4) as second:
                first.saw(answer=Throttled(retry_after=600.0), seconds=0.1, is_create=False)
                await _until(lambda: second.pause > 590)
            async with shared_gate(systems=systems, most=4) as later:
                assert 590 < later.pause <= 600

    asyncio.run(scene())


def test_a_share_that_was_given_back_is_not_renewed_by_what_is_still_under_way(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        async with shared_gate(systems=_systems(tracking_engine), most=4):
            # Its renewal hangs while the session ends.
            with tracking_engine.begin() as connection:
                shares.enter(connection=connection, target_kraken=KRAKEN.target)
                await asyncio.sleep(0.6)
        assert _held(tracking_engine) == {}
        await asyncio.sleep(0.3)
        assert _held(tracking_engine) == {}

    asyncio.run(scene())


def _set(tracking: Engine, statement: str) -> None:
    with tracking.begin() as connection:
        connection.exec_driver_sql(statement)


def test_what_a_session_cannot_calculate_with_ends_what_waits_instead_of_stopping_it_for_ever(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        async with shared_gate(systems=_systems(tracking_engine), most=8) as gate:
            _set(tracking_engine, "UPDATE migration.kraken_load SET requests = 'NaN'")
            async with asyncio.timeout(5):
                await _busy(gate)

    with pytest.raises(ValueError, match="NaN"):
        asyncio.run(scene())


def test_two_thousand_million_requests_are_not_the_end(tracking_engine: Engine) -> None:
    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(10), shared_gate(systems=systems, most=8) as gate:
            most = 2**31 - 1
            _set(
                tracking_engine,
                f"UPDATE migration.kraken_load SET requests_calls = {most}, accounts_calls = {most}",
            )
            for _ in range(3):
                gate.saw(answer=Throttled(retry_after=None), seconds=0.1, is_create=True)
                await asyncio.sleep(0.4)
            async with gate:
                pass

    asyncio.run(scene())


def test_a_clock_that_was_set_back_makes_nothing_wait_until_it_is_right_again(
    tracking_engine: Engine,
) -> None:
    _hold(tracking_engine, seconds=3_600)
    _set(
        tracking_engine,
        "UPDATE migration.kraken_load SET requests = 4, creates_from = now() + interval '2 h',"
        " requests_from = now() + interval '2 h', halved_at = now() + interval '2 h'",
    )

    async def scene() -> None:
        systems = _systems(tracking_engine)
        async with asyncio.timeout(10), shared_gate(systems=systems, most=8) as gate:
            assert gate.pause == 0
            work = asyncio.create_task(_busy(gate))
            for _ in range(100):
                gate.saw(answer=Throttled(retry_after=None), seconds=0.1, is_create=True)
            await _until(lambda: gate.places > 4)
            work.cancel()
            with tracking_engine.connect() as connection:
                load = shares.look(connection=connection, target_kraken=KRAKEN.target)
            assert load is not None
            assert load.wait == 0

    asyncio.run(scene())


def test_of_connections_that_allow_different_numbers_the_least_counts_for_all(
    tracking_engine: Engine,
) -> None:
    async def scene() -> None:
        many, few = (_systems(tracking_engine, requests_at_once=number) for number in (8, 2))
        async with asyncio.timeout(20), shared_gate(systems=many, most=8) as first:
            work = [asyncio.create_task(_busy(first))]
            async with shared_gate(systems=few, most=8) as second:
                work.append(asyncio.create_task(_busy(second)))
                await _until(lambda: second.places == 1)
                assert first.places == 1
            await _until(lambda: first.places == 8)
            for task in work:
                task.cancel()

    asyncio.run(scene())


def test_a_batch_that_has_one_place_asks_for_as_many_as_it_has_creates(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "_ENOUGH", 0)
    journey = journey.with_settings(requests_at_once=1)
    wave_id = journey.valid_wave(limit=8)
    journey.strike(kind="slow", operation="create", seconds=0.2)
    wanted: list[int] = []

    def look() -> None:
        while not over.wait(timeout=0.05):
            wanted.extend(row["wants"] for row in journey.rows("SELECT wants FROM migration.kraken_share"))

    over = threading.Event()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        journey.create(wave_id)
    finally:
        over.set()
        looking.join()
    # 32 before anything is sent, then those of a chunk of four, and between two chunks none.
    assert wanted.count(4) > wanted.count(1)
