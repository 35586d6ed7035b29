"""Where a token is sent: to allowed hosts alone, as it is, and for a limited time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from kraken_import.client.allowed import VARIABLE
from kraken_import.client.probe import Probed, UnableToAsk, probe
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from tests.integration.client.wire import Behaviour, Seen, Wire, serve

TOKEN = "the-token"


def asked(behave: Behaviour, *, seconds: float = 5) -> tuple[Probed | UnableToAsk, Wire]:
    """What a test of a Connection comes to, and the server that it asked."""
    found: list[Probed | UnableToAsk] = []

    def ask(url: str) -> None:
        settings = KrakenSettings.from_connection_fields(host=url, password=TOKEN)
        try:
            found.append(
                probe(
                    settings=settings,
                    authorization=settings.authorization,
                    import_supplier="X",
                    seconds=seconds,
                )
            )
        except UnableToAsk as error:
            found.append(error)

    async def run() -> Wire:
        async with serve(behave) as wire:
            await asyncio.to_thread(ask, wire.url)
            return wire

    wire = asyncio.run(run())
    return found[0], wire


async def not_found(request: Seen) -> None:
    await request.reply(404, {"code": "not_found"})


def test_a_netrc_replaces_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    found, wire = asked(not_found)
    assert found == Probed(status=404, code="not_found")
    assert wire.seen[0].headers["authorization"] == f"Token {TOKEN}"


def test_a_redirect_is_not_followed() -> None:
    async def elsewhere(request: Seen) -> None:
        await request.reply(302, Location="/somewhere/else")

    found, wire = asked(elsewhere)
    assert (found, len(wire.seen)) == (Probed(status=302), 1)


async def drips_headers(request: Seen) -> None:
    await request.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000):
        await request.write(f"X-{number}: x\r\n".encode())
        await asyncio.sleep(0.05)


async def drips_a_body(request: Seen) -> None:
    await request.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1_000):
        await request.write(b"1\r\nx\r\n")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("drips", [drips_headers, drips_a_body])
def test_an_answer_that_never_ends_is_given_up_in_time(drips: Behaviour) -> None:
    began = time.monotonic()
    found, _ = asked(drips, seconds=0.5)
    assert isinstance(found, UnableToAsk)
    assert found.reason == "time"
    assert time.monotonic() - began < 4


def test_an_answer_without_an_end_is_cut_off() -> None:
    async def floods(request: Seen) -> None:
        await request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(64):
            await request.write(b"x" * 65_536)

    found, _ = asked(floods)
    assert found == Probed(status=200)


ALLOWED = (
    ("", "https://api.example.com"),
    ("api.example.com", "https://api.example.com"),
    ("api.example.com", "https://API.example.com:443"),
    ("a.example, api.example.com:8443 ", "api.example.com:8443"),
    ("[::1]:28081", "http://[::1]:28081"),
)
REFUSED = (
    ("api.example.com", "https://api.example.com:8443"),
    ("api.example.com:8443", "https://api.example.com"),
    ("api.example.com", "https://api.example.com.evil.example"),
    ("api.example.com", "https://evil.example"),
    ("api.example.com", "http://127.0.0.1:28081"),
    ("https://api.example.com", "https://api.example.com"),
    ("api.example.com,", "https://api.example.com"),
)


@pytest.mark.parametrize(("hosts", "host"), ALLOWED)
def test_an_allowed_host_is_read_from_a_connection(
    monkeypatch: pytest.MonkeyPatch, hosts: str, host: str
) -> None:
    monkeypatch.setenv(VARIABLE, hosts)
    assert KrakenSettings.from_connection_fields(host=host, password=TOKEN).token == TOKEN


@pytest.mark.parametrize(("hosts", "host"), REFUSED)
def test_another_host_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, hosts: str, host: str
) -> None:
    monkeypatch.setenv(VARIABLE, hosts)
    with pytest.raises(UnableToReadConnection, match=VARIABLE) as refused:
        KrakenSettings.from_connection_fields(host=host, password=TOKEN)
    assert TOKEN not in str(refused.value)
