"""Waves whose tokens are obtained: shorter than the wave, revoked in mid-wave, not to be had for now."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from kraken_import.domain.orders import Order
from kraken_import.usecases.decide import decide
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.reconcile import reconcile
from tests.integration.conftest import BeginJourney, Journey

KEY = "sk_live_nobody_may_see"
TOO_SHORT = 2
"""Seconds that a token lives, and that no wave here is done in."""


def signing_in(begin: BeginJourney, **settings: Any) -> Journey:
    journey = begin("--organisation-key", KEY)
    return journey.with_settings(
        sign_in="organisation_key",
        token=KEY,
        visibility_window=0.5,
        request_timeout=2,
        **{"requests_in_flight": 4, **settings},
    )


def change_tokens(journey: Journey, **change: Any) -> None:
    requests.post(f"{journey.simulator.url}/simulator/tokens", json=change, timeout=10).raise_for_status()


def tokens(journey: Journey) -> dict[str, int]:
    """How many tokens the stand-in has issued, and how many requests it has answered 401."""
    ledger = requests.get(f"{journey.simulator.url}/simulator/ledger?summary=1", timeout=10).json()
    return dict(ledger["tokens"])


def test_a_wave_outlives_its_tokens_without_a_stop(begin: BeginJourney) -> None:
    journey = signing_in(begin)
    change_tokens(journey, life=TOO_SHORT)
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="slow", operation="create", seconds=0.5)
    began = time.monotonic()
    journey.finish(wave_id)
    assert time.monotonic() - began > TOO_SHORT
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}
    assert journey.refreshed == []
    assert journey.rows("SELECT 1 FROM migration.wave WHERE stopped_at IS NOT NULL") == []
    assert 2 <= tokens(journey)["issued"] == journey.seen("token") <= 8


def test_a_key_that_is_revoked_stops_the_wave_at_once_until_it_is_mended(begin: BeginJourney) -> None:
    journey = signing_in(begin)
    wave_id = journey.valid_wave(limit=20)
    journey.strike(kind="slow", operation="create", seconds=0.3)
    with ThreadPoolExecutor() as pool:
        wave = pool.submit(journey.create, wave_id)
        while len(journey.created()) < 4:
            time.sleep(0.02)
        change_tokens(journey, revoke=KEY)
        with pytest.raises(SystemicFault) as stopped:
            wave.result(timeout=20)
    assert stopped.value.code == "unauthorised"
    assert stopped.value.reason == (
        "Kraken refused the organisation key of Connection 'kraken' (KT-CT-1138): put a valid one into its "
        "password, then clear the run in Airflow to go on where it stopped."
    )
    (row,) = journey.rows("SELECT stop_code, stop_reason FROM migration.wave")
    assert (row["stop_code"], row["stop_reason"]) == ("unauthorised", stopped.value.reason)
    created = journey.created()
    states = journey.states(wave_id)
    assert len(created) < 20
    assert states["valid"] == 20 - len(created)
    assert tokens(journey)["refused"] <= 4
    with pytest.raises(SystemicFault, match="KT-CT-1138"):
        journey.poll(wave_id)
    with pytest.raises(SystemicFault, match="KT-CT-1138"):
        asyncio.run(
            reconcile(systems=journey.systems, connection_id="kraken", wave_id=wave_id, now=datetime.now(UTC))
        )
    with pytest.raises(BadRequest, match=r"Nothing was decided: Kraken refused .* \(KT-CT-1138\)"):
        asyncio.run(
            decide(
                systems=journey.systems,
                wave=str(wave_id),
                identifiers=tuple(created),
                answer="there",
                order=Order(by="ada", reason="seen on screen", at=datetime.now(UTC)),
            )
        )

    change_tokens(journey, restore=KEY)
    # For so long a refusal answers all who ask.
    time.sleep(2.1)
    journey.heal()
    journey.plan_run(run_id="run-1")
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0


def test_a_sign_in_that_does_not_answer_is_waited_out_like_an_outage(begin: BeginJourney) -> None:
    journey = signing_in(begin)
    wave_id = journey.valid_wave(limit=20)
    change_tokens(journey, end=True)
    journey.strike(kind="error", operation="token", status=503)
    held = journey.create(wave_id).held
    assert held is not None
    assert held.why == "outage"
    assert journey.created() == {}
    journey.heal()
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 20}
    assert set(journey.created().values()) == {1}
    (told,) = journey.rows("SELECT ended_at FROM migration.outage")
    assert told["ended_at"] is not None
    assert journey.rows("SELECT 1 FROM migration.import_process WHERE doubts > 0") == []
