"""What stands between the pipeline and Kraken may break a request off, or answer in Kraken's place."""

from __future__ import annotations

import asyncio

import pytest

from kraken_import.client.answers import (
    Accepted,
    Answer,
    Forbidden,
    Misrouted,
    ProcessStatus,
    Refused,
    Throttled,
    Unauthorised,
    Unknown,
)
from tests.integration.client.talking import PROCESSED, REFUSAL, talk_to
from tests.integration.client.wire import Behaviour, Seen, answer, serve

LARGE = b'{"note":"' + b"x" * 900_000 + b'"}'
"""More than the server reads, so that it is still on its way when it is answered."""

PAGE = b"<html><head><title>400 Bad Request</title></head></html>"


def say(*parts: bytes) -> Behaviour:
    """Send these bytes and reset the connection."""

    async def behave(request: Seen) -> None:
        for part in parts:
            await request.write(part)
            await asyncio.sleep(0.05)
        await request.reset()

    return behave


def test_a_create_that_is_reset_while_it_is_sent_is_unknown_and_not_sent_again() -> None:
    async def run() -> None:
        async with serve(say(), reads=10_000) as wire, talk_to(wire.url) as talk:
            exchange = await talk.create(payload=LARGE)
            assert isinstance(exchange.answer, Unknown)
            assert exchange.http_status is None
            await asyncio.sleep(0.05)
            (create,) = wire.creates
            assert len(create.body) == 10_000

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, Accepted),
        (400, Unknown),
        (401, Unauthorised),
        (403, Forbidden),
        (413, Refused),
        (429, Throttled),
        (502, Unknown),
    ],
)
def test_after_a_reset_behind_the_status_line_only_a_status_that_says_enough_counts(
    status: int, kind: type
) -> None:
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 100\r\n\r\n".encode()

    async def run() -> tuple[Answer, int]:
        async with serve(say(head, b'{"detail": ')) as wire, talk_to(wire.url) as talk:
            exchange = await talk.create()
            await asyncio.sleep(0.05)
            return exchange.answer, len(wire.seen)

    answered, sent = asyncio.run(run())
    assert (type(answered), sent) == (kind, 1)


def test_a_status_line_without_its_headers_says_nothing() -> None:
    async def run() -> None:
        async with serve(say(b"HTTP/1.1 201 Created\r\n")) as wire, talk_to(wire.url) as talk:
            exchange = await talk.create()
            assert isinstance(exchange.answer, Unknown)
            assert len(wire.creates) == 1

    asyncio.run(run())


def test_a_create_whose_answer_outlasts_the_timeout_is_unknown_and_sent_once() -> None:
    created: list[Seen] = []

    async def behave(request: Seen) -> None:
        if not request.is_create:
            await request.reply(200, PROCESSED)
            return
        await asyncio.sleep(0.6)
        created.append(request)
        await request.reply(201)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, request_timeout=0.3) as talk:
            assert isinstance((await talk.create()).answer, Unknown)
            assert created == []
            await asyncio.sleep(0.5)
            assert len(created) == len(wire.creates) == 1
            assert isinstance((await talk.status()).answer, ProcessStatus)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "created", "asked"),
    [
        (400, Unknown, Unknown),
        (403, Forbidden, Forbidden),
        (404, Misrouted, Misrouted),
        (413, Refused, Unknown),
        (422, Unknown, Unknown),
    ],
)
@pytest.mark.parametrize("body", [PAGE, b""], ids=["page", "nothing"])
def test_the_refusal_of_a_gateway_is_not_krakens_refusal(
    status: int, created: type, asked: type, body: bytes
) -> None:
    async def behave(request: Seen) -> None:
        await request.reply(status, body, Content_Type="text/html")

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, tries=1) as talk:
            exchange = await talk.create()
            assert (type(exchange.answer), exchange.http_status) == (created, status)
            assert exchange.body == body
            assert type((await talk.status()).answer) is asked
            assert len(wire.creates) == 1

    asyncio.run(run())


def test_a_validation_that_a_gateway_refuses_is_asked_again() -> None:
    async def behave(request: Seen) -> None:
        if request.number < 3:
            await request.reply(400, PAGE, Content_Type="text/html")
        else:
            await request.reply(200, {})

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            assert (await talk.validate()).answer == Accepted()
            assert len(wire.seen) == 3

    asyncio.run(run())


def test_answers_that_are_not_in_utf_8_are_still_krakens() -> None:
    refusal = answer(400, REFUSAL).replace(b"abcde", b"abc\xe9\xff", 1)
    status = answer(200, PROCESSED | {"latest_error": {"code": "x", "detail": "abcde"}})

    async def behave(request: Seen) -> None:
        await request.write(refusal if request.is_create else status.replace(b"abcde", b"abcd\xff"))

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            refused = (await talk.create()).answer
            assert isinstance(refused, Refused)
            assert refused.findings[0].path == "customers.0.landline"
            asked = (await talk.status()).answer
            assert isinstance(asked, ProcessStatus)
            assert asked.latest_error is not None
            assert asked.latest_error.detail.startswith("abcd")

    asyncio.run(run())
