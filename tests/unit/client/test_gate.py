"""The gate that bounds the requests under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from kraken_import.client.answers import Accepted, NotSent, Throttled, Unknown
from kraken_import.client.gate import LONGER_MS, Gate, GateClosed
from kraken_import.client.session import KrakenSession
from kraken_import.client.settings import KrakenSettings


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def within_seconds() -> None:
        async with asyncio.timeout(10):
            await scene()

    asyncio.run(within_seconds())


class Crowd:
    """Requests that stay at a gate until they are let go."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside = self.most = 0
        self.over = asyncio.Event()

    async def visit(self) -> None:
        async with self.gate:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await self.over.wait()
            self.inside -= 1


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_no_more_pass_than_there_are_places_also_when_places_are_taken_away_and_added() -> None:
    async def scene() -> None:
        gate = Gate(places=2)
        crowd = Crowd(gate)
        async with asyncio.TaskGroup() as group:
            for _ in range(9):
                group.create_task(crowd.visit())
            await settle()
            assert crowd.inside == 2
            assert gate.short.is_set()
            gate.open(places=5)
            await settle()
            assert crowd.inside == 5
            gate.open(places=1)
            await settle()
            assert crowd.inside == 5
            crowd.over.set()
        assert crowd.most == 5
        assert not gate.short.is_set()
        assert gate.take_seen().most == 9

    play(scene)


def test_a_lease_that_has_lapsed_lets_nothing_pass_until_it_is_renewed() -> None:
    async def scene() -> None:
        gate = Gate(places=3)
        now = asyncio.get_running_loop().time
        gate.open(places=3, lapses_at=now() + 0.05)
        async with gate:
            await asyncio.sleep(0.1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), gate:
                    pass
        # Nor when another leaves.
        visit = asyncio.create_task(Crowd(gate).visit())
        await settle()
        gate.open(places=3, lapses_at=now() - 1)
        await settle()
        assert gate.short.is_set()
        gate.open(places=3, lapses_at=now() + 9)
        await settle()
        assert not gate.short.is_set()
        visit.cancel()

    play(scene)


def test_a_request_that_is_given_up_while_it_waits_takes_no_place_with_it() -> None:
    async def scene() -> None:
        gate = Gate(places=1)
        for _ in range(50):
            async with gate:
                waiters = [asyncio.create_task(Crowd(gate).visit()) for _ in range(3)]
                await settle()
                waiters[0].cancel()
            # One was let in by the leaving, and is cancelled in the same turn of the loop.
            for waiter in waiters:
                waiter.cancel()
            for waiter in waiters:
                with suppress(asyncio.CancelledError):
                    await waiter
        async with gate:
            assert not gate.short.is_set()

    play(scene)


def test_requests_keep_the_pace_and_an_idle_time_is_not_made_up_for() -> None:
    async def scene() -> None:
        gate = Gate(places=50)
        gate.open(places=50, per_second=50)
        await asyncio.sleep(0.2)
        now = asyncio.get_running_loop().time
        passed: list[float] = []

        async def pass_through() -> None:
            async with gate:
                passed.append(now())

        began = now()
        await asyncio.gather(*(pass_through() for _ in range(21)))
        assert passed[-1] - began >= 0.38
        # Without a rate of its own yet nothing passes.
        gate.open(places=50, per_second=0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await pass_through()
        gate.open(places=50, per_second=1_000)
        await pass_through()

    play(scene)


def test_a_gate_that_breaks_down_tells_all_that_wait_and_all_that_come() -> None:
    async def scene() -> None:
        gate = Gate(places=0)
        waiting = asyncio.create_task(Crowd(gate).visit())
        await settle()
        gate.break_down(error=ValueError("other version"))
        with pytest.raises(ValueError, match="other version"):
            await waiting
        with pytest.raises(ValueError, match="other version"):
            await Crowd(gate).visit()

    play(scene)


def test_what_requests_came_to_is_counted_until_it_is_taken() -> None:
    async def scene() -> None:
        gate = Gate(places=4)
        for answer, is_create in (
            (Accepted(), True),
            (Throttled(retry_after=None), True),
            (Throttled(retry_after=1.0), False),
            (Unknown(reason="HTTP 503"), False),
            (NotSent(reason="refused"), False),
        ):
            gate.saw(answer=answer, seconds=0.5, is_create=is_create)
        seen = gate.take_seen()
        # A create's 429 speaks of accounts.
        assert (seen.calls, seen.refused, seen.troubled, seen.seconds_each) == (5, 1, 1, 0.5)
        assert gate.take_seen().calls == 0

    play(scene)


def test_requests_that_are_not_sent_for_want_of_places_count_as_needed_as_long_as_they_are_expected() -> None:
    async def scene() -> None:
        gate = Gate(places=1)
        async with gate:
            with gate.expecting(requests=8):
                assert [gate.take_seen().most for _ in range(3)] == [8, 8, 8]
            # Counted up to here; afterwards only what is under way.
            assert [gate.take_seen().most for _ in range(2)] == [8, 1]

    play(scene)


@pytest.mark.parametrize(
    ("places", "seconds_each", "chunk"),
    [
        # Nothing is known yet, or a distant Kraken answers late: four rounds.
        (2, None, 8),
        (2, 30.0, 8),
        # Two seconds' worth, but no more than is prepared at most.
        (2, 0.05, 80),
        (8, 0.25, 64),
        (8, 0.05, 128),
        # A large share has its four rounds however quick Kraken is.
        (64, 0.01, 256),
        # Without a place one request is prepared for.
        (0, None, 4),
    ],
)
def test_a_chunk_of_few_requests_at_once_lasts_as_long_as_one_of_many(
    places: int, seconds_each: float | None, chunk: int
) -> None:
    gate = Gate(places=places)
    if seconds_each is not None:
        gate.saw(answer=Accepted(), seconds=seconds_each, is_create=True)
    settings = KrakenSettings(base_url="https://kraken.invalid", token="token", requests_in_flight=64)

    async def refresh() -> KrakenSettings:
        return settings

    session = KrakenSession(settings=settings, refresh=refresh, gate=gate)
    assert session.chunk(rounds=4, most=128) == chunk


@pytest.mark.parametrize(
    ("took", "is_distant"),
    [
        ([], False),
        ([0.05], True),
        # A busy machine: most wait for its own work, and some come as quickly as Kraken answers.
        ([0.03, 0.06, 0.004, 0.05, 0.03, 0.08, 0.003, 0.05] * 20, False),
        # A distant Kraken that once answered from nearby, or refused a connection, is distant soon after.
        ([0.001] + [0.1] * 30, True),
        ([0.2] * 100 + [0.001] * 2, False),
    ],
)
def test_a_kraken_is_distant_when_even_its_quickest_answers_take_long(
    took: list[float], is_distant: bool
) -> None:
    gate = Gate(places=8)
    for seconds in took:
        gate.saw(answer=Accepted(), seconds=seconds, is_create=True)
    settings = KrakenSettings(base_url="https://kraken.invalid", token="token", requests_in_flight=8)

    async def refresh() -> KrakenSettings:
        return settings

    assert KrakenSession(settings=settings, refresh=refresh, gate=gate).is_distant is is_distant


def test_a_long_pause_that_kraken_asks_for_closes_the_gate_to_all_that_wait_and_come() -> None:
    async def scene() -> None:
        gate = Gate(places=1)
        async with gate:
            waiting = asyncio.create_task(Crowd(gate).visit())
            await settle()
            # A short wait is the request's own, and a create's says nothing of other requests.
            gate.saw(answer=Throttled(retry_after=5.0), seconds=0.1, is_create=False)
            gate.saw(answer=Throttled(retry_after=900.0), seconds=0.1, is_create=True)
            assert gate.pause == 0
            gate.saw(answer=Throttled(retry_after=900.0), seconds=0.1, is_create=False)
            with pytest.raises(GateClosed):
                await waiting
        with pytest.raises(GateClosed) as closed:
            await Crowd(gate).visit()
        assert 890 < closed.value.seconds <= 900
        # A shorter pause ends no longer one.
        gate.close(seconds=1)
        assert gate.pause > 890

    play(scene)


def test_what_keeps_a_pace_is_told_of_a_pause_and_leaves_no_more_once_the_lease_has_lapsed() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        gate = Gate(places=0)
        passed = 0

        async def visit() -> None:
            nonlocal passed
            async with gate:
                passed += 1
                await asyncio.sleep(60)

        work = [asyncio.create_task(visit()) for _ in range(4)]
        gate.open(places=4, per_second=0.7, lapses_at=loop.time() + 0.5)
        await asyncio.sleep(2)
        # After an idle time the second follows at once.
        assert passed == 2
        gate.close(seconds=30)
        await asyncio.sleep(0.6)
        assert [isinstance(task.exception(), GateClosed) for task in work if task.done()] == [True] * 2
        for task in work:
            task.cancel()

    play(scene)


def test_requests_are_counted_by_operation_and_by_how_long_they_took() -> None:
    gate = Gate(places=1)
    for seconds in (0.005, 0.0051, 0.06, 31.0):
        gate.saw(answer=Throttled(retry_after=None), seconds=seconds, is_create=True, operation="create")
    gate.saw(answer=Throttled(retry_after=None), seconds=0.1, is_create=False)
    took = gate.take_seen().took
    assert {key: (found.calls, found.refused) for key, found in took.items()} == {
        ("create", 5): (1, 1),
        ("create", 10): (1, 1),
        ("create", 100): (1, 1),
        ("create", LONGER_MS): (1, 1),
    }
    assert gate.take_seen().took == {}


def test_a_place_is_taken_without_waiting_only_where_nothing_has_to_be_waited_for() -> None:
    async def scene() -> None:
        gate = Gate(places=1)
        assert gate.enter_now()
        assert not gate.enter_now()
        crowd = Crowd(gate)
        waiting = asyncio.create_task(crowd.visit())
        await settle()
        gate.leave()
        # The place that became free is that of the request that waited for it.
        assert not gate.enter_now()
        await settle()
        assert crowd.inside == 1
        crowd.over.set()
        await waiting
        assert gate.enter_now()
        gate.leave()
        assert gate.take_seen().most == 1

    play(scene)


def test_no_place_is_taken_without_waiting_where_a_pace_a_pause_a_lapse_or_a_fault_forbids_it() -> None:
    async def scene() -> None:
        now = asyncio.get_running_loop().time
        paced, lapsed, paused, broken = (Gate(places=1) for _ in range(4))
        paced.open(places=1, per_second=1.0)
        lapsed.open(places=1, lapses_at=now() - 1)
        paused.close(seconds=60.0)
        broken.break_down(error=RuntimeError("The share is no longer renewed."))
        assert [gate.enter_now() for gate in (paced, lapsed, paused, broken)] == [False] * 4

    play(scene)


def test_what_several_expect_at_once_is_added_up_and_forgotten_in_whatever_order_they_end() -> None:
    gate = Gate(places=1)
    first, second = gate.expecting(requests=3), gate.expecting(requests=5)
    first.__enter__()
    second.__enter__()
    assert [gate.take_seen().most for _ in range(2)] == [8, 8]
    first.__exit__(None, None, None)
    assert [gate.take_seen().most for _ in range(2)] == [8, 5]
    second.__exit__(None, None, None)
    assert [gate.take_seen().most for _ in range(2)] == [5, 0]
