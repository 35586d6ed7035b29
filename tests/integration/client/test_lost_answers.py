"""Whatever happens to a create on the wire, it leaves once, and what is not known is called unknown."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from kraken_import.client.answers import Accepted, Answer, Misrouted, NotSent, ProcessStatus, Unknown
from tests.conftest import free_port
from tests.integration.client.talking import PAYLOAD, PROCESSED, REFUSAL, talk_to
from tests.integration.client.wire import Behaviour, Seen, answer, serve


@pytest.fixture(
    autouse=True,
    params=[
        pytest.param(uvloop.EventLoopPolicy, id="as in tasks"),
        pytest.param(asyncio.DefaultEventLoopPolicy, id="as in a triggerer without our settings"),
    ],
)
def loops(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have every test run on both loops that there are."""
    usual = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(request.param())
    yield
    asyncio.set_event_loop_policy(usual)


async def hang_up(request: Seen) -> None:
    await request.hang_up()


async def reset(request: Seen) -> None:
    await request.reset()


async def say_nothing(request: Seen) -> None:
    await asyncio.sleep(60)


def say(raw: bytes) -> Behaviour:
    """Answer with these bytes and hang up."""

    async def behave(request: Seen) -> None:
        await request.write(raw)
        await request.hang_up()

    return behave


LOST: dict[str, Behaviour] = {
    "closed": hang_up,
    "reset": reset,
    "silent": say_nothing,
    "half a status line": say(b"HTTP/1."),
    "half a header": say(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "no HTTP": say(b"220 mail.example ESMTP\r\n\r\n"),
    "an endless header": say(b"HTTP/1.1 201 Created\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"),
    "500": say(answer(500)),
    "502 from a gateway": say(answer(502, b"<html>Bad Gateway</html>", Content_Type="text/html")),
    "504": say(answer(504)),
    "a refusal cut short": say(answer(400, REFUSAL)[:-10]),
    "a chunk that is none": say(b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_create_whose_answer_is_lost_is_unknown_and_was_sent_once(name: str) -> None:
    async def run() -> tuple[Answer, int]:
        async with serve(LOST[name]) as wire, talk_to(wire.url, request_timeout=0.4) as talk:
            exchange = await talk.create()
            await asyncio.sleep(0.05)
            return exchange.answer, len(wire.seen)

    answered, sent = asyncio.run(run())
    assert isinstance(answered, Unknown)
    assert sent == 1


@pytest.mark.parametrize("drop", [hang_up, reset])
def test_a_create_on_a_kept_connection_that_dies_is_not_quietly_sent_again(drop: Behaviour) -> None:
    async def behave(request: Seen) -> None:
        if request.is_create:
            await drop(request)
        else:
            await request.reply(200, {})

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            assert (await talk.validate()).answer == Accepted()
            assert isinstance((await talk.create()).answer, Unknown)
            assert len(wire.creates) == 1
            assert {request.connection for request in wire.seen} == {1}

    asyncio.run(run())


@pytest.mark.parametrize(
    "raw",
    [
        answer(201, {"external_account_number": "EXTERNAL-1"})[:-5],
        b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
def test_a_201_whose_body_breaks_is_a_create_that_was_accepted(raw: bytes) -> None:
    async def run() -> Answer:
        async with serve(say(raw)) as wire, talk_to(wire.url) as talk:
            return (await talk.create()).answer

    assert asyncio.run(run()) == Accepted()


def test_a_201_whose_body_never_comes_is_accepted_when_the_time_is_up() -> None:
    async def behave(request: Seen) -> None:
        await request.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")
        await asyncio.sleep(60)

    async def run() -> Answer:
        async with serve(behave) as wire, talk_to(wire.url, request_timeout=0.4) as talk:
            return (await talk.create()).answer

    started = time.monotonic()
    assert asyncio.run(run()) == Accepted()
    assert time.monotonic() - started < 1.5


def test_a_body_that_drips_ends_with_the_time_of_the_request() -> None:
    async def behave(request: Seen) -> None:
        await request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            await request.write(b" ")
            await asyncio.sleep(0.05)

    async def run() -> Answer:
        async with serve(behave) as wire, talk_to(wire.url, request_timeout=0.4, tries=1) as talk:
            return (await talk.status()).answer

    started = time.monotonic()
    assert isinstance(asyncio.run(run()), Unknown)
    assert time.monotonic() - started < 1.5


def test_a_body_without_an_end_is_read_to_a_bound_only() -> None:
    written = 0

    async def behave(request: Seen) -> None:
        nonlocal written
        await request.write(b'HTTP/1.1 400 Bad\r\nContent-Length: 100000000\r\n\r\n{"a":["')
        for _ in range(1_000):
            await request.write(b"x" * 100_000)
            written += 100_000

    async def run() -> int:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            exchange = await talk.create()
            assert isinstance(exchange.answer, Unknown)
            return len(exchange.body)

    assert asyncio.run(run()) == 1_000_000
    assert written < 20_000_000


def test_a_server_that_is_not_there_means_not_sent() -> None:
    async def run() -> Answer:
        async with talk_to(f"http://127.0.0.1:{free_port()}") as talk:
            return (await talk.create()).answer

    assert isinstance(asyncio.run(run()), NotSent)


def test_a_server_that_comes_up_late_gets_the_create_once() -> None:
    async def behave(request: Seen) -> None:
        await request.reply(201)

    async def run() -> None:
        port = free_port()
        async with talk_to(f"http://127.0.0.1:{port}", tries=50) as talk:
            creating = asyncio.create_task(talk.create())
            await asyncio.sleep(0.3)
            async with serve(behave, port=port) as wire:
                assert (await creating).answer == Accepted()
                assert len(wire.creates) == 1

    asyncio.run(run())


def test_a_create_whose_turn_comes_too_late_stays_behind() -> None:
    async def behave(request: Seen) -> None:
        await asyncio.sleep(0.4)
        await request.reply(201)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, requests_in_flight=1) as talk:
            first, second = await asyncio.gather(talk.create(), talk.create(within=0.2))
            assert first.answer == Accepted()
            assert isinstance(second.answer, NotSent)
            assert len(wire.creates) == 1

    asyncio.run(run())


def test_a_name_that_is_found_too_late_keeps_the_create_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **more: Any) -> Any:
        time.sleep(0.6)
        return look_up("127.0.0.1" if host == "kraken.example" else host, *rest, **more)

    async def behave(request: Seen) -> None:
        await request.reply(201)

    async def run() -> None:
        async with serve(behave) as wire:
            port = wire.url.rsplit(":", 1)[1]
            monkeypatch.setattr(socket, "getaddrinfo", slow)
            async with talk_to(f"http://kraken.example:{port}") as talk:
                assert isinstance((await talk.create(within=0.3)).answer, NotSent)
                await asyncio.sleep(0.5)
            assert wire.seen == []

    asyncio.run(run())


def test_a_cancelled_create_leaves_no_answer_behind_for_the_next_request() -> None:
    async def behave(request: Seen) -> None:
        if request.is_create:
            await asyncio.sleep(0.2)
            await request.reply(404)
        else:
            await request.reply(200, PROCESSED)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url, requests_in_flight=1) as talk:
            creating = asyncio.create_task(talk.create())
            await asyncio.sleep(0.1)
            creating.cancel()
            with pytest.raises(asyncio.CancelledError):
                await creating
            answers = [(await talk.status()).answer for _ in range(3)]
            assert all(isinstance(given, ProcessStatus) for given in answers)
            assert len(wire.creates) == 1

    asyncio.run(run())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    async def run() -> None:
        async def never(request: Seen) -> None:
            await request.reply(201)

        async with serve(never) as elsewhere:

            async def behave(request: Seen) -> None:
                await request.reply(status, Location=elsewhere.url + request.path)

            async with serve(behave) as wire, talk_to(wire.url) as talk:
                answers = [(await call()).answer for call in (talk.create, talk.validate, talk.status)]
                assert all(isinstance(given, Misrouted) for given in answers)
                assert len(wire.seen) == 3
            assert elsewhere.seen == []

    asyncio.run(run())


def test_a_web_page_with_a_success_is_not_krakens_consent() -> None:
    page = answer(200, b"\n<!doctype html><title>Sign in</title>", Content_Type="text/html")

    async def behave(request: Seen) -> None:
        await request.write(page)

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            assert isinstance((await talk.validate()).answer, Misrouted)
            assert isinstance((await talk.create()).answer, Misrouted)

    asyncio.run(run())


def test_what_is_sent_is_the_payload_in_its_envelope() -> None:
    async def behave(request: Seen) -> None:
        await request.reply(201, Set_Cookie="session=abc; Path=/")

    async def run() -> None:
        async with serve(behave) as wire, talk_to(wire.url) as talk:
            await talk.create()
            await talk.validate()
        create, validate = wire.seen
        assert create.body == b'{"payload":' + PAYLOAD + b',"task_params":{}}'
        assert validate.body == b'{"payload":' + PAYLOAD + b"}"
        assert create.headers["content-type"] == "application/json"
        assert "cookie" not in validate.headers

    asyncio.run(run())
