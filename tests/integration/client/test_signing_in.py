"""Tokens that are obtained: once for a process, renewed in time, and what is asked of a person otherwise."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kraken_import.client.answers import (
    Accepted,
    Misrouted,
    NotSent,
    ProcessStatus,
    Throttled,
    Unauthorised,
)
from kraken_import.client.session import UnableToList
from kraken_import.client.tokens import Source, forget_tokens
from tests.integration.client.talking import PROCESSED, Talk, talk_to
from tests.integration.client.wire import Seen, answer, serve
from tests.unit.client.test_sign_in import jwt, refusing

KEY = "sk_live_nobody_may_see"
PAGE = b"<!doctype html><title>Sign in</title>"


@pytest.fixture(autouse=True)
def _begin_anew() -> Iterator[None]:
    forget_tokens()
    yield
    forget_tokens()


@dataclass(kw_only=True)
class Kraken:
    """Signs in who has the key, and takes what it issued. The `troubles` answer the next sign-ins instead."""

    key: str = KEY
    life: float = 3600
    seconds: float = 0
    troubles: list[bytes] = field(default_factory=list)
    sign_ins: int = 0
    refused: int = 0
    takes: dict[str, float] = field(default_factory=dict)

    async def __call__(self, request: Seen) -> None:
        if request.path.endswith("/v1/graphql/"):
            self.sign_ins += 1
            await asyncio.sleep(self.seconds)
            await request.write(self._sign_in(request))
        elif self.takes.get(request.headers["authorization"], 0) <= time.time():
            self.refused += 1
            await request.reply(401)
        elif request.method == "POST":
            await request.reply(201)
        elif request.path.startswith("/v1/"):
            await request.reply(200, [{"external_account_number": "1", "kraken_account_number": None}])
        else:
            await request.reply(200, PROCESSED)

    def _sign_in(self, request: Seen) -> bytes:
        assert "authorization" not in request.headers
        if self.troubles:
            return self.troubles.pop(0)
        if json.loads(request.body)["variables"]["input"] != {"organizationSecretKey": self.key}:
            return answer(200, refusing("KT-CT-1138"))
        now = time.time()
        token = jwt(iat=now, exp=now + self.life, jti=str(self.sign_ins))
        self.takes[token] = now + self.life
        return answer(200, {"data": {"obtainKrakenToken": {"token": token}}})


def signing_in(url: str, **changes: Any) -> Any:
    return talk_to(url, **({"sign_in": "organisation_key", "token": KEY} | changes))


def source_of(talk: Talk) -> Source:
    source = talk.session._authorization._source
    assert source is not None
    return source


def pass_by(talk: Talk, *, seconds: float) -> None:
    """Have the token so much older."""
    token = source_of(talk)._token
    assert token is not None
    token.renew_at -= seconds
    token.ends_at -= seconds


async def landed(talk: Talk) -> None:
    """Wait until a sign-in in the background has ended."""
    until = time.monotonic() + 10
    while source_of(talk)._flight is not None:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


async def creates(talk: Talk, number: int = 1) -> set[Any]:
    return {each.answer for each in await asyncio.gather(*(talk.create() for _ in range(number)))}


def test_many_requests_of_several_sessions_and_threads_share_one_token() -> None:
    kraken = Kraken(seconds=0.1)

    async def talk(url: str) -> None:
        async with signing_in(url) as one, signing_in(url) as other:
            found = await asyncio.gather(creates(one, 64), creates(other, 64))
            assert found == [{Accepted()}, {Accepted()}]

    async def run() -> None:
        async with serve(kraken) as wire:
            await asyncio.gather(*(asyncio.to_thread(asyncio.run, talk(wire.url)) for _ in range(3)))
            assert (kraken.sign_ins, kraken.refused) == (1, 0)

    asyncio.run(run())
    assert threading.active_count() < 50


def test_a_token_is_renewed_in_its_last_fifth_while_requests_go_on_with_it() -> None:
    kraken = Kraken(life=1000)

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk) == {Accepted()}
            pass_by(talk, seconds=790)
            assert await creates(talk, 10) == {Accepted()}
            assert kraken.sign_ins == 1
            kraken.seconds = 1.0
            pass_by(talk, seconds=20)
            asked = time.monotonic()
            assert await creates(talk, 10) == {Accepted()}
            assert time.monotonic() - asked < 1.0
            await landed(talk)
            assert await creates(talk, 10) == {Accepted()}
            assert (kraken.sign_ins, kraken.refused) == (2, 0)
            assert len({request.headers.get("authorization") for request in wire.seen}) == 3

    asyncio.run(run())


def test_a_token_that_expired_while_nothing_was_asked_is_not_sent() -> None:
    kraken = Kraken(life=1000)

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk) == {Accepted()}
            kraken.takes.clear()
            pass_by(talk, seconds=1000)
            assert await creates(talk) == {Accepted()}
            assert (kraken.sign_ins, kraken.refused) == (2, 0)

    asyncio.run(run())


def test_a_token_that_is_refused_in_mid_life_is_replaced_once_for_all() -> None:
    kraken = Kraken()

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            for _ in range(3):
                assert await creates(talk, 20) == {Accepted()}
                kraken.takes.clear()
            assert (kraken.sign_ins, kraken.refused, talk.renewal.calls) == (3, 40, 0)

    asyncio.run(run())


def test_tokens_that_are_refused_as_soon_as_they_are_issued_are_the_end() -> None:
    kraken = Kraken(life=3600)

    async def behave(request: Seen) -> None:
        await kraken(request)
        kraken.takes.clear()

    async def run() -> None:
        async with serve(behave) as wire, signing_in(wire.url, tokens=(KEY,)) as talk:
            assert await creates(talk) == {Unauthorised()}
            assert (kraken.sign_ins, talk.renewal.calls) == (2, 0)
            assert talk.session.problem is not None
            assert await creates(talk, 20) == {Unauthorised()}
            assert (kraken.sign_ins, talk.renewal.calls) == (2, 1)
            assert talk.session.problem is not None
            assert "refused (401) a token that it had just issued" in talk.session.problem

    asyncio.run(run())


def test_a_refused_key_is_the_end_at_once_for_all_and_until_it_is_mended() -> None:
    kraken = Kraken(key="another")

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url, tokens=(KEY,)) as talk:
            assert await creates(talk, 64) == {Unauthorised()}
            assert (kraken.sign_ins, talk.renewal.calls, len(wire.seen)) == (1, 1, 1)
            assert talk.session.problem is not None
            assert "Connection 'kraken' (KT-CT-1138)" in talk.session.problem
            kraken.key = KEY
            await asyncio.sleep(2.1)
            assert await creates(talk) == {Accepted()}
            assert talk.session.problem is None

    asyncio.run(run())


def test_a_key_that_was_exchanged_in_the_connection_is_read_and_used() -> None:
    kraken = Kraken(life=0.5)

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url, tokens=("new",)) as talk:
            assert await creates(talk) == {Accepted()}
            kraken.key = "new"
            kraken.takes.clear()
            assert await creates(talk, 20) == {Accepted()}
            assert (kraken.sign_ins, talk.renewal.calls) == (3, 1)

    asyncio.run(run())


def test_a_key_that_is_refused_is_not_taken_to_another_kraken() -> None:
    kraken, elsewhere = Kraken(key="another"), Kraken()

    async def run() -> None:
        async with serve(kraken) as wire, serve(elsewhere) as other, signing_in(wire.url) as talk:
            talk.renewal.tokens = [KEY]
            talk.renewal.settings = replace(talk.renewal.settings, base_url=other.url)
            assert await creates(talk) == {Unauthorised()}
            assert other.seen == []

    asyncio.run(run())


@pytest.mark.parametrize("trouble", [answer(503, PAGE), answer(200, b'{"data"'), answer(200, refusing(None))])
def test_a_sign_in_that_fails_for_now_is_tried_again_and_nothing_was_sent(trouble: bytes) -> None:
    kraken = Kraken(troubles=[trouble])

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url, tries=1) as talk:
            (found,) = await creates(talk, 10)
            assert isinstance(found, NotSent)
            assert (kraken.sign_ins, len(wire.seen)) == (1, 1)
            assert talk.session.problem is None
            await asyncio.sleep(0.3)
            assert isinstance((await talk.status()).answer, ProcessStatus)
            assert kraken.sign_ins == 2

    asyncio.run(run())


def test_a_sign_in_that_hangs_or_finds_nothing_there_means_not_sent() -> None:
    async def run() -> None:
        async with serve(Kraken(seconds=5)) as wire, signing_in(wire.url, request_timeout=0.3) as talk:
            began = time.monotonic()
            probe = await talk.session.probe(resource="accounts", import_supplier="X")
            assert isinstance(probe.answer, NotSent)
            assert time.monotonic() - began < 2
        async with signing_in("http://127.0.0.1:9", tries=1) as talk:
            assert isinstance((await talk.status()).answer, NotSent)

    asyncio.run(run())


def test_a_sign_in_is_left_alone_for_as_long_as_kraken_asks() -> None:
    kraken = Kraken(troubles=[answer(429, Retry_After="1")])

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            found = await creates(talk, 10)
            assert all(isinstance(each, Throttled) and 0 < (each.retry_after or 0) <= 1 for each in found)
            assert kraken.sign_ins == 1
            await asyncio.sleep(0.4)
            (later,) = await creates(talk)
            assert later.retry_after < 0.7
            # A question waits for it by itself.
            assert isinstance((await talk.status()).answer, ProcessStatus)
            assert kraken.sign_ins == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    "trouble",
    [
        answer(503),
        answer(403, PAGE),
        answer(200, PAGE),
        answer(429, Retry_After="60"),
        answer(200, {"data": {"obtainKrakenToken": {"token": jwt(iat=2, exp=1)}}}),
    ],
)
def test_a_renewal_that_brings_nothing_does_no_harm_while_the_old_token_lasts(trouble: bytes) -> None:
    kraken = Kraken(life=1000)

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk) == {Accepted()}
            kraken.troubles = [trouble]
            pass_by(talk, seconds=810)
            for _ in range(3):
                assert await creates(talk, 20) == {Accepted()}
                await landed(talk)
            assert kraken.sign_ins == 2
            assert talk.session.problem is None
            # A tenth of the time that is left for it.
            source_of(talk)._failure = None
            assert await creates(talk, 20) == {Accepted()}
            await landed(talk)
            assert (kraken.sign_ins, kraken.refused) == (3, 0)

    asyncio.run(run())


def test_a_key_that_is_refused_at_the_renewal_is_the_end_while_the_old_token_lasts() -> None:
    kraken = Kraken(life=1000)

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk) == {Accepted()}
            kraken.key = "another"
            pass_by(talk, seconds=810)
            assert await creates(talk, 20) == {Accepted()}
            await landed(talk)
            assert await creates(talk, 20) == {Unauthorised()}
            assert (kraken.sign_ins, kraken.refused, talk.renewal.calls) == (2, 0, 1)

    asyncio.run(run())


def test_a_web_page_in_place_of_a_token_is_told_as_such() -> None:
    kraken = Kraken(troubles=[answer(200, PAGE, Content_Type="text/html")])

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk, 10) == {Misrouted(reason="a sign-in with a web page")}
            assert (len(wire.seen), talk.renewal.calls) == (1, 1)
            assert "(a web page): check the host and the token path" in (talk.session.problem or "")

    asyncio.run(run())


def test_a_listing_is_asked_for_with_a_token_that_is_obtained() -> None:
    kraken = Kraken()

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            assert await creates(talk) == {Accepted()}
            kraken.takes.clear()
            listing = talk.session.listing(imported=True, import_supplier="X")
            assert [entry.external_identifier async for page in listing for entry in page] == ["1"]
            assert (kraken.sign_ins, kraken.refused) == (2, 1)
            kraken.takes.clear()
            kraken.troubles = [answer(503)]
            with pytest.raises(UnableToList) as unable:
                _ = [page async for page in talk.session.listing(imported=True, import_supplier="X")]
            assert isinstance(unable.value.answer, NotSent)

    asyncio.run(run())


def test_neither_secret_nor_token_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kraken = Kraken(life=3600, troubles=[answer(503, KEY.encode())])

    async def run() -> None:
        async with serve(kraken) as wire, signing_in(wire.url, tries=8) as talk:
            assert isinstance((await talk.status()).answer, ProcessStatus)
            kraken.key = "another"
            kraken.takes.clear()
            exchange = await talk.create()
            assert exchange.answer == Unauthorised()
            token = next(each.headers["authorization"] for each in wire.seen if each.method != "POST")
            shown = caplog.text + repr(exchange) + repr(vars(talk.session)) + repr(talk.session.problem)
            shown += repr(vars(source_of(talk))) + repr(vars(talk.session._authorization))
            assert "HTTP 503" in shown
            assert "KT-CT-1138" in shown
            assert not [secret for secret in (KEY, token, token.split(".")[1]) if secret in shown]

    asyncio.run(run())


def test_a_sign_in_that_could_not_be_begun_is_begun_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    kraken = Kraken()
    start, failed = threading.Thread.start, []

    def fail_once(thread: threading.Thread) -> None:
        if thread.name == "kraken-sign-in" and not failed:
            failed.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    async def scene() -> None:
        async with serve(kraken) as wire, signing_in(wire.url) as talk:
            monkeypatch.setattr(threading.Thread, "start", fail_once)
            with pytest.raises(RuntimeError, match="thread"):
                await talk.create()
            async with asyncio.timeout(5):
                assert await creates(talk) == {Accepted()}

    asyncio.run(scene())
