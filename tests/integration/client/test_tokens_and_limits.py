"""Tokens that expire, a Kraken that asks for patience, and how much is asked of it at once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from kraken_import.client.answers import (
    Accepted,
    Forbidden,
    NotSent,
    ProcessStatus,
    Throttled,
    Unauthorised,
    Unknown,
)
from tests.integration.client.talking import PAYLOAD, PROCESSED, REFUSAL, TOKEN, talk_to
from tests.integration.client.wire import Behaviour, Seen, answer, serve


def accept_only(*tokens: str) -> Behaviour:
    """Take these tokens, and answer 401 to all others."""

    async def behave(request: Seen) -> None:
        await asyncio.sleep(0.02)
        if request.headers["authorization"].removeprefix("Token ") not in tokens:
            await request.reply(401)
        elif request.method == "POST":
            await request.reply(201)
        else:
            await request.reply(200, PROCESSED)

    return behave


def reply_in_turn(*answers: bytes) -> Behaviour:
    """One answer after the other; the last of them for good. Empty bytes hang up."""

    async def behave(request: Seen) -> None:
        raw = answers[min(request.number, len(answers)) - 1]
        if raw:
            await request.write(raw)
        else:
            await request.hang_up()

    return behave


def test_many_requests_with_an_expired_token_share_one_renewal_and_are_each_repeated_once() -> None:
    async def run() -> None:
        async with (
            serve(accept_only("fresh")) as wire,
            talk_to(wire.url, tokens=("fresh", "spare"), renewal_takes=0.05) as talk,
        ):
            exchanges = await asyncio.gather(*(talk.create() for _ in range(20)))
            assert {exchange.answer for exchange in exchanges} == {Accepted()}
            assert talk.renewal.calls == 1
            assert len(wire.seen) == 40

    asyncio.run(run())


def test_a_renewed_token_that_is_refused_as_well_is_the_end() -> None:
    async def run() -> None:
        async with (
            serve(accept_only("right")) as wire,
            talk_to(wire.url, tokens=("wrong", "right")) as talk,
        ):
            assert (await talk.create()).answer == Unauthorised()
            assert (await talk.create()).answer == Unauthorised()
            assert talk.renewal.calls == 1
            assert len(wire.seen) == 3

    asyncio.run(run())


def test_a_token_that_expires_again_after_it_worked_is_renewed_again() -> None:
    taken = ["second"]

    async def behave(request: Seen) -> None:
        await accept_only(*taken)(request)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, tokens=("second", "third")) as talk:
            assert (await talk.create()).answer == Accepted()
            taken[:] = ["third"]
            assert (await talk.create()).answer == Accepted()
            assert talk.renewal.calls == 2

    asyncio.run(run())


def test_a_connection_that_cannot_be_read_again_is_read_once_for_all() -> None:
    async def run() -> None:
        async with serve(accept_only("other")) as wire, talk_to(wire.url) as talk:
            exchanges = await asyncio.gather(*(talk.create() for _ in range(20)))
            assert {exchange.answer for exchange in exchanges} == {Unauthorised()}
            assert talk.renewal.calls == 1
            assert len(wire.seen) == 20

    asyncio.run(run())


def test_a_connection_that_leads_elsewhere_by_now_is_not_followed() -> None:
    async def run() -> None:
        async with serve(accept_only("fresh")) as wire, serve(accept_only("fresh")) as elsewhere:
            async with talk_to(wire.url, tokens=("fresh",)) as talk:
                talk.renewal.settings = type(talk.renewal.settings)(base_url=elsewhere.url, token="fresh")
                assert (await talk.create()).answer == Unauthorised()
            assert elsewhere.seen == []
            assert len(wire.seen) == 1

    asyncio.run(run())


def test_a_create_is_not_repeated_when_renewing_the_token_took_too_long() -> None:
    async def run() -> None:
        async with (
            serve(accept_only("fresh")) as wire,
            talk_to(wire.url, tokens=("fresh",), renewal_takes=0.5) as talk,
        ):
            assert isinstance((await talk.create(within=0.3)).answer, NotSent)
            assert len(wire.seen) == 1

    asyncio.run(run())


def test_a_403_does_not_read_the_token_again() -> None:
    async def run() -> None:
        async with serve(reply_in_turn(answer(403))) as wire, talk_to(wire.url, tokens=("x",)) as talk:
            assert (await talk.create()).answer == Forbidden()
            assert talk.renewal.calls == 0
            assert len(wire.seen) == 1

    asyncio.run(run())


@pytest.mark.parametrize("trouble", [answer(500), answer(503), answer(429), b"", answer(200, b"{")])
def test_a_question_is_asked_again_until_it_is_answered(trouble: bytes) -> None:
    async def run() -> None:
        async with (
            serve(reply_in_turn(trouble, trouble, answer(200, PROCESSED))) as wire,
            talk_to(wire.url) as talk,
        ):
            assert isinstance((await talk.status()).answer, ProcessStatus)
            assert len(wire.seen) == 3

    asyncio.run(run())


def test_a_question_is_asked_no_more_often_than_allowed() -> None:
    async def run() -> None:
        async with serve(reply_in_turn(answer(503))) as wire, talk_to(wire.url, tries=4) as talk:
            assert isinstance((await talk.validate()).answer, Unknown)
            assert len(wire.seen) == 4

    asyncio.run(run())


@pytest.mark.parametrize("as_date", [False, True])
def test_a_question_waits_as_long_as_kraken_asks(as_date: bool) -> None:
    in_two_seconds = format_datetime(datetime.now(UTC) + timedelta(seconds=2.5), usegmt=True)
    asked = answer(429, Retry_After=in_two_seconds if as_date else "1")

    async def run() -> None:
        async with serve(reply_in_turn(asked, answer(200, {}))) as wire, talk_to(wire.url) as talk:
            assert (await talk.validate()).answer == Accepted()
            assert len(wire.seen) == 2

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "raw", [answer(429, Retry_After="7"), answer(429, {"detail": "Later."}, Retry_After="7")[:-4]]
)
def test_a_create_held_back_is_not_repeated_here_and_brings_how_long_to_wait(raw: bytes) -> None:
    async def behave(request: Seen) -> None:
        await request.write(raw)
        await request.hang_up()

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            assert (await talk.create()).answer == Throttled(retry_after=7.0)
            assert len(wire.seen) == 1

    asyncio.run(run())


def test_no_more_requests_are_under_way_than_allowed() -> None:
    async def behave(request: Seen) -> None:
        await asyncio.sleep(0.02)
        await request.reply(200, PROCESSED)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, requests_in_flight=3) as talk:
            await asyncio.gather(*(call() for call in [talk.create, talk.validate, talk.status] * 10))
            assert len(wire.seen) == 30
            assert wire.most_under_way == 3
            assert len({request.connection for request in wire.seen}) <= 3

    asyncio.run(run())


def test_neither_token_nor_payload_nor_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    turns = (answer(400, REFUSAL), answer(401), b"", answer(500), answer(302, Location="http://x/"))

    async def run() -> None:
        async with serve(reply_in_turn(*turns)) as wire, talk_to(wire.url, tries=1) as talk:
            for _ in turns:
                exchange = await talk.create()
                assert "Somebody" not in repr(exchange)
                assert TOKEN not in repr(exchange)

    asyncio.run(run())
    assert not [word for word in (TOKEN, "Somebody", "abcde") if word in caplog.text]
    assert b"Somebody" in PAYLOAD


def test_a_request_that_waits_to_be_repeated_holds_up_no_other_and_keeps_its_place_among_the_answers() -> (
    None
):
    asked: list[str] = []

    async def behave(request: Seen) -> None:
        name = request.path.rstrip("/").rpartition("/")[2]
        asked.append(name)
        if asked.count(name) == 1 and name == "ONE":
            await request.reply(429, {}, Retry_After="1")
        else:
            await request.reply(200, {**PROCESSED, "kraken_identifier": f"A-{name}"})

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, requests_in_flight=1) as talk:
            exchanges = await talk.session.statuses(
                resource="accounts",
                import_supplier="TENTACLE_ENERGY",
                external_identifiers=["ONE", "TWO", "THREE"],
            )
            assert [
                exchange.answer.kraken_identifier
                for exchange in exchanges
                if isinstance(exchange.answer, ProcessStatus)
            ] == ["A-ONE", "A-TWO", "A-THREE"]

    asyncio.run(run())
    assert asked == ["ONE", "TWO", "THREE", "ONE"]


def test_many_validations_are_answered_in_their_order_with_no_more_at_once_than_allowed() -> None:
    under_way, most = 0, 0

    async def behave(request: Seen) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        number = json.loads(request.body)["payload"]["number"]
        # The later ones are the quicker ones.
        await asyncio.sleep(0.02 if number % 2 else 0.0)
        under_way -= 1
        await request.reply(*((400, REFUSAL) if number % 3 else (200, {})))

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, requests_in_flight=4) as talk:
            exchanges = await talk.session.validations(
                resource="accounts", payloads=[b'{"number":%d}' % number for number in range(20)]
            )
            accepted = [isinstance(exchange.answer, Accepted) for exchange in exchanges]
            assert accepted == [not number % 3 for number in range(20)]

    asyncio.run(run())
    assert most == 4
