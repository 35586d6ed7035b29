"""One poller for all batches that wait in a process: one session, turns for all, and no look made twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy.exc import ProgrammingError

from kraken_import.tracking import waves
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases import poller
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.poll import poll
from kraken_import.usecases.waits import Resumption
from tests.integration.conftest import BeginJourney, Journey

ENDLESS = ("--delay", "600")
HOUR_AGO = (
    "UPDATE migration.import_process SET intended_at = intended_at - interval '1 hour',"
    " created_at = created_at - interval '1 hour', polled_at = created_at - interval '30 minutes'"
)


def created(
    journey: Journey, *, limit: int | None, batch_size: int, age: bool = True, **wanted: Any
) -> list[BatchRef]:
    """A wave whose batches are created and open."""
    planned = journey.plan(limit=limit, batch_size=batch_size, **wanted)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
        journey.create(planned.wave_id, batch)
    if age:
        with journey.tracking.begin() as connection:
            connection.exec_driver_sql(HOUR_AGO)
    return [BatchRef(wave_id=planned.wave_id, batch=batch) for batch in planned.batches]


def waits(
    journey: Journey, refs: Sequence[BatchRef], *, seconds: float, resumption: Resumption | None = None
) -> list[Awaitable[dict[str, int]]]:
    """What the triggers of these batches wait for."""
    systems = journey.systems
    until = systems.clock() + timedelta(seconds=seconds)
    return [poll(systems=systems, ref=ref, until=until, resumption=resumption) for ref in refs]


def run(journey: Journey, refs: Sequence[BatchRef], *, seconds: float) -> list[Any]:
    """Poll these batches in one process. Returns the result of each."""

    async def together() -> list[Any]:
        return await asyncio.gather(*waits(journey, refs, seconds=seconds), return_exceptions=True)

    return asyncio.run(together())


def sockets(journey: Journey) -> int:
    """How many this process has open to the stand-in."""
    port = int(journey.simulator.url.rpartition(":")[2])
    found = psutil.Process().net_connections(kind="tcp")
    return sum(
        bool(each.raddr) and each.raddr.port == port and each.status == "ESTABLISHED" for each in found
    )


def looks(journey: Journey) -> dict[str, int]:
    """How often each record was asked about."""
    answer = requests.get(f"{journey.simulator.url}/simulator/ledger", timeout=10)
    return {key["external_identifier"]: key["seen"]["status"] for key in answer.json()["keys"]}


def test_all_batches_that_wait_share_one_session_and_the_last_one_closes_it(begin: BeginJourney) -> None:
    journey = begin(*ENDLESS).with_settings(requests_in_flight=2)
    refs = created(journey, limit=20, batch_size=5)
    journey.strike(kind="slow", operation="status", seconds=0.2)

    async def together() -> int:
        most = 0
        waiting = asyncio.gather(*waits(journey, refs, seconds=1.5))
        while not waiting.done():
            most = max(most, sockets(journey))
            await asyncio.sleep(0.05)
        assert await waiting == [{"open": 5, "ended": 0}] * 4
        await asyncio.sleep(0.05)
        assert sockets(journey) == 0
        return most

    assert asyncio.run(together()) == 2


def test_batches_take_turns_however_much_of_each_is_due(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_LEAST_RECORDS", "_MOST_RECORDS"):
        monkeypatch.setattr(poller, name, 1)
    journey = begin(*ENDLESS).with_settings(requests_in_flight=1)
    refs = created(journey, limit=20, batch_size=5)
    journey.strike(kind="slow", operation="status", seconds=0.1)
    run(journey, refs, seconds=1.5)
    batches = {
        row["external_identifier"]: row["batch"]
        for row in journey.rows("SELECT external_identifier, batch FROM migration.import_process")
    }
    asked: Counter[int] = Counter()
    for identifier, seen in looks(journey).items():
        asked[batches[identifier]] += seen
    assert sum(asked.values()) < 20
    assert min(asked[ref.batch] for ref in refs) >= 1
    assert max(asked.values()) - min(asked.values()) <= 1


def test_a_wave_that_cannot_be_asked_about_ends_its_own_waits_alone(begin: BeginJourney) -> None:
    journey = begin("--supplier", "RETIRED=edf_accounts")
    retired = created(journey, limit=6, batch_size=3, import_supplier="RETIRED", age=False)
    # Others: Kraken takes no account with a reference that it has.
    identifiers = tuple(f"GB-{number:09}" for number in range(7, 13))
    others = created(journey, limit=None, batch_size=3, age=False, identifiers=identifiers)
    journey.strike(kind="forbidden", operation="status", suppliers=["RETIRED"])
    *faults, first, second = run(journey, [*retired, *others], seconds=10)
    assert [type(fault) for fault in faults] == [SystemicFault] * 2
    assert {fault.code for fault in faults} == {"forbidden"}
    # People are told once.
    assert sorted(fault.stopped_now for fault in faults) == [False, True]
    assert (first, second) == ({"open": 0, "ended": 3}, {"open": 0, "ended": 3})


def test_people_are_told_of_a_stop_whichever_round_ends_first(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(**which: Any) -> bool:
        is_first = stop_wave(**which)
        # The round that stopped the wave is the last to say so.
        time.sleep(0.5 if is_first else 0)
        return is_first

    journey = begin()
    refs = created(journey, limit=8, batch_size=2, age=False)
    stop_wave = waves.stop_wave
    monkeypatch.setattr(waves, "stop_wave", stop)
    journey.strike(kind="forbidden", operation="status")
    faults = run(journey, refs, seconds=10)
    assert sorted(fault.stopped_now for fault in faults) == [False, False, False, True]


def test_a_trigger_that_is_cancelled_leaves_and_the_others_go_on(begin: BeginJourney) -> None:
    journey = begin("--delay", "2").with_settings(requests_in_flight=2)
    refs = created(journey, limit=10, batch_size=5, age=False)

    async def together() -> dict[str, int]:
        first, second = (asyncio.ensure_future(each) for each in waits(journey, refs, seconds=20))
        await asyncio.sleep(0.3)
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        found = await second
        await asyncio.sleep(0.05)
        assert sockets(journey) == 0
        return found

    assert asyncio.run(together()) == {"open": 0, "ended": 5}
    left = {
        row["batch"]
        for row in journey.rows("SELECT batch FROM migration.import_process WHERE state = 'processed'")
    }
    assert refs[1].batch in left


def test_a_hiccup_of_the_database_ends_no_wait(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(poller, "TRY_AGAIN_AFTER", 0.3)
    journey = begin("--delay", "2")
    refs = created(journey, limit=10, batch_size=5, age=False)

    async def together() -> list[dict[str, int]]:
        waiting = asyncio.gather(*waits(journey, refs, seconds=20))
        await asyncio.sleep(0.5)
        # The connections in the pool are broken from now on.
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return await waiting

    assert asyncio.run(together()) == [{"open": 0, "ended": 5}] * 2
    assert any("Could not poll (OperationalError): trying again." in each for each in caplog.messages)


def test_a_tracking_database_that_cannot_be_used_ends_the_waits_and_those_that_follow(
    begin: BeginJourney,
) -> None:
    journey = begin(*ENDLESS)
    refs = created(journey, limit=4, batch_size=2)
    held = Resumption(why="throttled", seconds=20)

    async def together() -> list[Any]:
        first = asyncio.gather(
            *waits(journey, refs, seconds=30),
            *waits(journey, refs, seconds=30, resumption=held),
            return_exceptions=True,
        )
        await asyncio.sleep(0.5)
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE migration.wave RENAME TO gone")
        failed = await first
        return failed + await asyncio.gather(
            *waits(journey, refs, seconds=30, resumption=held), return_exceptions=True
        )

    assert [type(each) for each in asyncio.run(together())] == [ProgrammingError] * 6


def test_what_a_task_asks_about_the_scheduled_poll_does_not_ask_again(begin: BeginJourney) -> None:
    journey = begin(*ENDLESS)
    (ref,) = created(journey, limit=12, batch_size=12)
    journey.strike(kind="slow", operation="status", seconds=0.5)
    with ThreadPoolExecutor(max_workers=2) as workers:
        polls = [workers.submit(run, journey, [ref], seconds=2), workers.submit(journey.poll, seconds=2)]
        assert [each.result() for each in polls] == [[{"open": 12, "ended": 0}], {"open": 12, "ended": 0}]
    assert set(looks(journey).values()) == {1}


def test_a_connection_that_leads_elsewhere_while_batches_wait_is_noticed(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "_READ_AGAIN", 0.3)
    journey = begin(*ENDLESS)
    refs = created(journey, limit=6, batch_size=3)
    elsewhere = replace(journey.kraken, base_url="https://another-kraken.test")
    journey.renewed = elsewhere
    faults = run(journey, refs, seconds=20)
    assert [fault.code for fault in faults] == ["other_kraken"] * 2


def test_a_trigger_that_comes_with_new_settings_brings_them_to_all(begin: BeginJourney) -> None:
    journey = begin(*ENDLESS).with_settings(requests_in_flight=4)
    refs = created(journey, limit=20, batch_size=10)
    journey.strike(kind="slow", operation="status", seconds=0.2)

    async def together() -> list[int]:
        found = []
        first, _ = (asyncio.ensure_future(each) for each in waits(journey, refs, seconds=4))
        await asyncio.sleep(0.3)
        found.append(sockets(journey))
        narrower = journey.with_settings(requests_in_flight=1)
        last = asyncio.ensure_future(waits(narrower, refs[:1], seconds=3)[0])
        with journey.tracking.begin() as connection:
            connection.exec_driver_sql(HOUR_AGO)
        await asyncio.sleep(2)
        found.append(sockets(journey))
        await asyncio.gather(first, _, last)
        return found

    assert asyncio.run(together()) == [4, 1]


def test_an_outage_is_waited_out_once_for_all_and_each_log_says_so(
    begin: BeginJourney, caplog: pytest.LogCaptureFixture
) -> None:
    journey = begin().with_settings(requests_in_flight=2, connect_timeout=1, request_timeout=1)
    refs = [BatchRef(wave_id=journey.valid_wave(limit=4, batch_size=2), batch=batch) for batch in (0,)]
    journey.strike(kind="maintenance", how="reset")
    held = journey.create(refs[0].wave_id).held
    assert held is not None
    resumption = Resumption(why="outage", seconds=held.seconds)

    async def together() -> list[dict[str, int]]:
        waiting = asyncio.gather(*waits(journey, refs * 3, seconds=30, resumption=resumption))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(journey.heal)
        return await waiting

    with caplog.at_level(logging.INFO, logger="kraken_import.usecases.waiting"):
        assert asyncio.run(together()) == [{"open": 0, "ended": 0}] * 3
    assert sum("has not answered since" in each for each in caplog.messages) == 3
    assert sum("answers again" in each for each in caplog.messages) == 3
