"""Answers that come late, or from something in front of Kraken, make no record invalid, lost or doubled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import BatchOutcome
from tests.integration.client.wire import Behaviour, Seen, serve
from tests.integration.conftest import Journey

PAGE = b"<html><head><title>400 Bad Request</title></head></html>"
PENDING = {"status": "PENDING", "kraken_identifier": None, "created_at": None, "latest_error": None}


def create_through(journey: Journey, behave: Behaviour, *, limit: int) -> tuple[int, BatchOutcome]:
    """Plan, build, validate and create one batch at a Kraken that behaves so. Returns the wave."""

    async def run() -> tuple[int, BatchOutcome]:
        async with serve(behave) as wire:
            there = journey.with_settings(base_url=wire.url)
            wave_id = there.plan(limit=limit).wave_id
            there.build(wave_id)
            ref = BatchRef(wave_id=wave_id, batch=0)
            await validate_batch(systems=there.systems, ref=ref)
            return wave_id, await create_batch(systems=there.systems, ref=ref)

    return asyncio.run(run())


def test_a_create_that_a_gateway_answers_with_a_page_is_looked_up_and_not_called_invalid(
    journey: Journey,
) -> None:
    async def behave(request: Seen) -> None:
        if request.is_create:
            await request.reply(400, PAGE, Content_Type="text/html")
        else:
            await request.reply(200, {} if request.method == "POST" else PENDING)

    wave_id, _ = create_through(journey, behave, limit=3)
    assert journey.states(wave_id) == {"pending": 3}
    assert journey.rows("SELECT code FROM migration.import_error WHERE stage = 'create'") == []


def test_a_gateway_that_refuses_every_create_is_waited_out_with_no_record_invalid(journey: Journey) -> None:
    async def behave(request: Seen) -> None:
        if request.is_create:
            await request.reply(400, PAGE, Content_Type="text/html")
        elif request.method == "POST":
            await request.reply(200, {})
        else:
            await request.reply(404, {"detail": "Not there.", "code": "not_found"})

    wave_id, outcome = create_through(journey, behave, limit=12)
    assert outcome.held is not None
    assert "has not taken anything since" in outcome.held.sentence
    assert journey.states(wave_id) == {"creating": 12}


@pytest.mark.parametrize(
    "fault",
    [{"kind": "error_after", "status": 502}, {"kind": "slow", "seconds": 1.2}],
    ids=["a 502 although accepted", "an answer after the timeout"],
)
def test_a_create_that_took_effect_without_a_usable_answer_is_found_and_not_repeated(
    journey: Journey, fault: dict[str, Any]
) -> None:
    journey = journey.with_settings(request_timeout=0.6)
    wave_id = journey.valid_wave()
    journey.strike(**fault, operation="create", count=3)
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 5}
    assert journey.refused() == 0
    assert set(journey.created().values()) == {1}
