"""Accounts accepted and not yet ended, and creates of a day: as many as one Kraken takes."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from kraken_import.tracking import shares
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.shares import AccountLevel
from kraken_import.usecases import creator
from kraken_import.usecases.admission import admit
from kraken_import.usecases.calling import open_session
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.poll import poll
from kraken_import.usecases.rounds import ask_for_room, wave_of
from tests.integration.conftest import BeginJourney, Journey

SOUND = 20


def _wave(journey: Journey, batches: int = 2) -> int:
    """A valid wave of several batches."""
    planned = journey.plan(limit=SOUND, batch_size=SOUND // batches)
    for batch in range(batches):
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
    return planned.wave_id


def _refused(journey: Journey) -> int:
    """How many creates the stand-in has answered 429."""
    answer = requests.get(f"{journey.simulator.url}/simulator/faults", timeout=10)
    return sum(int(fault["struck"]) for fault in answer.json()["faults"])


def _load(journey: Journey) -> Any:
    with journey.tracking.connect() as connection:
        return shares.look(connection=connection, target_kraken=journey.kraken.target)


async def _create(journey: Journey, wave_id: int, batches: int = 2) -> tuple[list[Any], int]:
    """Create and poll batches at once. Returns the outcomes, and the most accounts under way at once."""
    most = 0

    async def work(batch: int) -> Any:
        ref = BatchRef(wave_id=wave_id, batch=batch)
        outcome = await create_batch(systems=journey.systems, ref=ref)
        await poll(systems=journey.systems, ref=ref, until=datetime.now(UTC) + timedelta(seconds=20))
        return outcome

    async def watch() -> None:
        nonlocal most
        while True:
            ledger = await asyncio.to_thread(
                requests.get, f"{journey.simulator.url}/simulator/ledger?summary=1", timeout=10
            )
            most = max(most, ledger.json()["in_progress"])
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    outcomes = await asyncio.gather(*(work(batch) for batch in range(batches)))
    watching.cancel()
    return outcomes, most


def test_no_more_accounts_are_under_way_than_the_connection_allows(begin: BeginJourney) -> None:
    journey = begin("--delay", "0.5").with_settings(accounts_at_once=4)
    wave_id = _wave(journey)
    outcomes, most = asyncio.run(_create(journey, wave_id))
    assert [outcome.held for outcome in outcomes] == [None, None]
    assert 1 <= most <= 4
    assert journey.states(wave_id) == {"processed": SOUND}
    assert set(journey.created().values()) == {1}


def test_a_limit_that_is_doubtful_is_not_tried_beyond_what_the_connection_allows(begin: BeginJourney) -> None:
    journey = begin("--delay", "600").with_settings(accounts_at_once=2)
    _wave(journey, batches=1)
    with journey.tracking.begin() as connection:
        # Kraken was found to take a single account, and whether that is so is not known.
        shares.enter(connection=connection, target_kraken=journey.kraken.target)
        shares.learn_accounts(
            connection=connection, target_kraken=journey.kraken.target, level=AccountLevel(accounts=1)
        )
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'creating', intended_at = now() "
            "WHERE id IN (SELECT id FROM migration.import_process WHERE state = 'valid' ORDER BY id LIMIT 2)"
        )
        found = admit(connection=connection, kraken=journey.kraken, most=4)
    assert found.most == 0


def test_a_limit_that_kraken_names_is_learnt_and_a_batch_goes_on_as_accounts_end(begin: BeginJourney) -> None:
    journey = begin("--delay", "0.5")
    wave_id = _wave(journey)
    journey.strike(kind="limit_in_progress", most=5, seconds=0)
    outcomes, _ = asyncio.run(_create(journey, wave_id))
    assert [outcome.held for outcome in outcomes] == [None, None]
    level = _load(journey).accounts
    # What has ended and is not yet known to have ended counts as well.
    assert 4 <= level.accounts < SOUND
    # The first chunks of both could not know; later ones do.
    assert _refused(journey) <= 2 * SOUND
    assert journey.states(wave_id) == {"processed": SOUND}
    assert set(journey.created().values()) == {1}


@pytest.mark.parametrize("retry_after", ["seconds", "date"])
def test_a_wait_that_kraken_asks_of_one_batch_is_kept_by_the_others(
    begin: BeginJourney, retry_after: str
) -> None:
    journey = begin()
    wave_id = _wave(journey)
    journey.strike(kind="throttle", count=1, seconds=9, retry_after=retry_after)
    began = time.monotonic()
    outcome = journey.create(wave_id)
    assert outcome.held is not None
    assert outcome.held.why == "throttled"
    assert 6 < outcome.held.seconds <= 9
    sent = journey.seen("create")
    other = journey.create(wave_id, 1)
    assert other.held is not None
    assert other.held.seconds == pytest.approx(outcome.held.seconds - (time.monotonic() - began), abs=2)
    assert journey.seen("create") == sent
    assert "creating" not in journey.states(wave_id)


def test_a_long_wait_that_kraken_asks_of_another_request_is_kept_by_all(begin: BeginJourney) -> None:
    journey = begin()
    planned = journey.plan(limit=SOUND, batch_size=SOUND // 2)
    for batch in (0, 1):
        journey.build(planned.wave_id, batch)
    journey.validate(planned.wave_id)
    journey.strike(kind="throttle", operation="validate", count=1, seconds=30)
    held = journey.validate(planned.wave_id, 1).held
    assert held is not None
    assert 20 < held.seconds <= 30
    held = journey.create(planned.wave_id).held
    assert held is not None
    assert 15 < held.seconds <= 30
    assert journey.seen("create") == 0
    assert "creating" not in journey.states(planned.wave_id)


def test_a_kraken_that_takes_nothing_for_long_gets_few_requests_and_gives_workers_back(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creator, "_LONGEST_WITHOUT_ROOM", 1.0)
    journey = begin("--delay", "60")
    wave_id = _wave(journey)
    journey.strike(kind="error", operation="create", status=429, skip=3)
    held = journey.create(wave_id).held
    assert held is not None
    assert (held.why, held.seconds) == ("throttled", 10)
    refused = _refused(journey)
    assert refused <= 10
    # The other batch knows already.
    held = journey.create(wave_id, 1).held
    assert held is not None
    assert _refused(journey) == refused
    assert journey.states(wave_id)["valid"] == SOUND - 3
    journey.heal()
    assert journey.rows("SELECT stopped_at FROM migration.wave")[0]["stopped_at"] is None


def test_a_limit_that_was_long_not_met_is_tried_at_once_although_nothing_ends(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One account hangs at Kraken: there are no requests, after 200 of which a limit is tried again."""
    monkeypatch.setattr(creator, "_LONGEST_WITHOUT_ROOM", 1.0)
    journey = begin("--delay", "600")
    wave_id = _wave(journey)
    with journey.tracking.begin() as connection:
        shares.enter(connection=connection, target_kraken=journey.kraken.target)
        connection.exec_driver_sql(
            "UPDATE migration.kraken_load SET accounts = 1, accounts_confirmed = true, accounts_calls = 0,"
            " creates_from = now() - interval '10 min'"
        )
    assert journey.create(wave_id).held is None
    assert len(journey.created()) == SOUND // 2


def test_creates_of_a_day_are_counted_and_the_rest_waits_for_the_next(begin: BeginJourney) -> None:
    journey = begin().with_settings(creates_per_day=7, zone="Australia/Sydney")
    wave_id = _wave(journey)
    held = journey.create(wave_id).held
    assert held is not None
    assert held.why == "throttled"
    assert 0 < held.seconds <= 86_400
    assert "7 creates" in held.sentence
    assert "Australia/Sydney" in held.sentence
    assert journey.create(wave_id, 1).held is not None
    assert journey.seen("create") == 7
    # The day before.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.kraken_load SET day = day - 1")
    journey.create(wave_id, 1)
    assert journey.seen("create") == 14
    assert set(journey.created().values()) == {1}


def test_what_was_not_taken_counts_for_no_day(begin: BeginJourney) -> None:
    journey = begin().with_settings(creates_per_day=12, requests_in_flight=2)
    wave_id = _wave(journey)
    journey.strike(kind="throttle", count=2, seconds=0)
    outcome = journey.create(wave_id)
    assert outcome.held is None
    assert journey.create(wave_id, 1).held is not None
    assert sum(journey.created().values()) == 12


@pytest.mark.parametrize("status", [401, 503])
def test_what_a_refused_token_or_an_outage_kept_from_being_created_counts_for_no_day(
    begin: BeginJourney, status: int
) -> None:
    journey = begin().with_settings(creates_per_day=SOUND, visibility_window=0.5, request_timeout=1)
    wave_id = _wave(journey)
    journey.strike(kind="error", operation="create", status=status)
    # Of an outage, those without an answer may have been created until they are looked up.
    with suppress(SystemicFault):
        assert journey.create(wave_id).held is not None
    journey.heal()
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL"
        )
    for batch in (0, 1):
        outcome = journey.create_all(wave_id, batch, seconds=20)
        assert outcome.held is None
    assert set(journey.created().values()) == {1}
    assert journey.rows("SELECT creates_of_day FROM migration.kraken_load")[0]["creates_of_day"] == SOUND


def test_a_wave_that_is_stopped_while_there_is_no_room_waits_for_none(begin: BeginJourney) -> None:
    journey = begin("--delay", "60").with_settings(accounts_at_once=1)
    wave_id = _wave(journey)

    async def scene() -> Any:
        creating = asyncio.create_task(
            create_batch(systems=journey.systems, ref=BatchRef(wave_id=wave_id, batch=0))
        )
        async with asyncio.timeout(10):
            while not journey.seen("create"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        with journey.tracking.begin() as connection:
            connection.exec_driver_sql("UPDATE migration.wave SET paused_at = now()")
        async with asyncio.timeout(10):
            return await creating

    assert asyncio.run(scene()).held.why == "paused"


def test_a_wave_that_is_paused_while_others_hold_all_requests_waits_for_none(begin: BeginJourney) -> None:
    journey = begin()
    wave_id = _wave(journey)
    target = journey.kraken.target
    other = shares.Share(
        holder="00000000-0000-0000-0000-000000000001", allowed=128, wants=128, requests=128, per_second=None
    )
    with shares.entered(engine=journey.tracking, target_kraken=target) as (connection, _):
        shares.keep_share(
            connection=connection, target_kraken=target, share=other, lease=timedelta(seconds=50)
        )

    async def scene() -> Any:
        creating = asyncio.create_task(
            create_batch(systems=journey.systems, ref=BatchRef(wave_id=wave_id, batch=0))
        )
        async with asyncio.timeout(10):
            while "creating" not in journey.states(wave_id):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        with journey.tracking.begin() as connection:
            connection.exec_driver_sql("UPDATE migration.wave SET paused_at = now()")
        async with asyncio.timeout(15):
            return await creating

    assert asyncio.run(scene()).held.why == "paused"
    assert journey.states(wave_id) == {"valid": SOUND}
    assert journey.seen("create") == 0


def test_rehearsals_and_other_dialects_count_too_and_other_krakens_do_not(begin: BeginJourney) -> None:
    journey = begin("--delay", "60").with_settings(accounts_at_once=3)
    rehearsal = journey.plan(limit=2, dry_run=True)
    journey.build(rehearsal.wave_id)
    journey.validate(rehearsal.wave_id)
    assert journey.create(rehearsal.wave_id).held is None
    with journey.tracking.connect() as connection:
        target = journey.kraken.target
        assert shares.accounts_at_kraken(connection=connection, target_kraken=target, most=9) == (2, 2)
        assert shares.accounts_at_kraken(connection=connection, target_kraken="other", most=9) == (0, 0)
        # No further than is asked for.
        assert shares.accounts_at_kraken(connection=connection, target_kraken=target, most=1) == (1, 1)


def test_for_room_the_oldest_are_asked_about_whether_due_or_not_as_long_as_they_have_ended(
    begin: BeginJourney,
) -> None:
    journey = begin("--delay", "0")
    wave_id = journey.valid_wave(limit=SOUND)
    assert journey.create(wave_id).held is None
    journey.strike(
        kind="never_ends", operation="status", keys=[f"GB-{number:09}" for number in range(11, 21)]
    )
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET polled_at = now() - interval '1 s',"
            " created_at = now() - interval '2 min' + id * interval '1 s',"
            " intended_at = intended_at - interval '2 min'"
        )
    ref = BatchRef(wave_id=wave_id, batch=0)

    async def scene() -> int:
        wave = wave_of(systems=journey.systems, ref=ref.wave)
        async with open_session(systems=journey.systems, wave=wave) as session:
            return await ask_for_room(systems=journey.systems, session=session, wave=wave, ref=ref)

    before = journey.seen("status")
    # Four, then eight, of which the last two have not ended.
    assert asyncio.run(scene()) == 10
    assert journey.seen("status") - before == 12


def test_without_any_limit_nothing_is_locked_and_nothing_counted(begin: BeginJourney) -> None:
    journey = begin()
    wave_id = _wave(journey)
    with journey.tracking.begin() as connection:
        shares.enter(connection=connection, target_kraken=journey.kraken.target)
        connection.exec_driver_sql("SELECT 1")
    assert journey.create(wave_id).held is None
    assert _load(journey).accounts == replace(_load(journey).accounts, accounts=None, step=1)
