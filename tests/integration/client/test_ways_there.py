"""How the client gets to Kraken: certificates, proxies, and files that have no say in it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from kraken_import.cli.doctor import ask_kraken
from kraken_import.client.answers import Accepted, NotSent
from kraken_import.client.settings import KrakenSettings
from tests.certificates import self_signed
from tests.integration.client.talking import TOKEN, talk_to
from tests.integration.client.test_signing_in import KEY
from tests.integration.client.test_signing_in import Kraken as Signing
from tests.integration.client.wire import Seen, serve


async def accept(request: Seen) -> None:
    await request.reply(201)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that no authority vouches for."""
    return self_signed(file=tmp_path / "certificate.pem")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_of_the_ca_bundle_is_trusted(certificate: Path, tls: ssl.SSLContext) -> None:
    async def run() -> None:
        async with serve(accept, tls=tls) as wire, talk_to(wire.url, ca_bundle=str(certificate)) as talk:
            assert (await talk.create()).answer == Accepted()

    asyncio.run(run())


def test_a_server_that_asks_for_a_certificate_is_shown_the_connections(
    certificate: Path, tls: ssl.SSLContext
) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    authority = str(certificate)

    async def run(**shown: str) -> object:
        async with (
            serve(accept, tls=tls) as wire,
            talk_to(wire.url, tries=1, ca_bundle=authority, **shown) as talk,
        ):
            return (await talk.create()).answer

    assert asyncio.run(run(client_certificate=str(certificate))) == Accepted()
    assert asyncio.run(run(client_certificate=str(certificate), client_key=str(certificate))) == Accepted()
    assert asyncio.run(run()) != Accepted()


def test_a_sign_in_shows_the_connections_certificate_too(certificate: Path, tls: ssl.SSLContext) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    shown = {"ca_bundle": str(certificate), "client_certificate": str(certificate)}
    signs_in = {"sign_in": "organisation_key", "token": KEY}

    async def run() -> None:
        async with serve(Signing(), tls=tls) as wire, talk_to(wire.url, **shown, **signs_in) as talk:
            assert (await talk.create()).answer == Accepted()

    asyncio.run(run())


def test_the_doctor_shows_the_connections_certificate_too(certificate: Path, tls: ssl.SSLContext) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    files = {"ca_bundle": str(certificate), "client_certificate": str(certificate)}

    async def run() -> int:
        async with serve(accept, tls=tls) as wire:
            settings = KrakenSettings.from_connection_fields(host=wire.url, password=TOKEN, extra=files)
            return await asyncio.to_thread(ask_kraken, settings=settings)

    assert asyncio.run(run()) == 201


def test_nothing_is_sent_to_a_server_without_a_trusted_certificate(tls: ssl.SSLContext) -> None:
    async def run() -> None:
        async with serve(accept, tls=tls) as wire, talk_to(wire.url, tries=2) as talk:
            assert isinstance((await talk.create()).answer, NotSent)
            assert wire.seen == []

    asyncio.run(run())


def test_a_handshake_without_an_answer_means_not_sent() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.transport.abort()

    async def run() -> None:
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with talk_to(f"https://127.0.0.1:{port}", connect_timeout=0.2, tries=2) as talk:
                assert isinstance((await talk.create()).answer, NotSent)

    asyncio.run(run())


def test_credentials_in_a_netrc_file_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    async def run() -> None:
        async with serve(accept) as wire, talk_to(wire.url) as talk:
            assert (await talk.create()).answer == Accepted()
            assert wire.seen[0].headers["authorization"] == f"Token {TOKEN}"

    asyncio.run(run())


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with serve(accept) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//us%40er:word@"))
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            async with talk_to("http://kraken.example:8080") as talk:
                assert (await talk.create()).answer == Accepted()
            (request,) = proxy.seen
            assert request.path == "http://kraken.example:8080/v2/data-import/accounts/"
            assert request.headers["host"] == "kraken.example:8080"
            assert request.headers["authorization"] == f"Token {TOKEN}"
            assert request.headers["proxy-authorization"] == "Basic dXNAZXI6d29yZA=="

    asyncio.run(run())


def test_a_sign_in_goes_the_way_of_all_requests(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, tls: ssl.SSLContext
) -> None:
    signs_in: dict[str, str] = {"sign_in": "organisation_key", "token": KEY}

    async def run() -> None:
        async with serve(Signing(), tls=tls) as wire:
            async with talk_to(wire.url, ca_bundle=str(certificate), **signs_in) as talk:
                assert (await talk.create()).answer == Accepted()
        async with serve(Signing(), tls=tls) as wire, talk_to(wire.url, tries=1, **signs_in) as talk:
            assert isinstance((await talk.create()).answer, NotSent)
            assert wire.seen == []
        async with serve(Signing()) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//us%40er:word@"))
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            async with talk_to("http://kraken.example:8080", **signs_in) as talk:
                assert (await talk.create()).answer == Accepted()
            assert [request.path for request in proxy.seen] == [
                "http://kraken.example:8080/v1/graphql/",
                "http://kraken.example:8080/v2/data-import/accounts/",
            ]
            assert {each.headers["proxy-authorization"] for each in proxy.seen} == {"Basic dXNAZXI6d29yZA=="}

    asyncio.run(run())


def test_a_host_that_no_proxy_names_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with serve(accept) as wire, serve(accept) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            async with talk_to(wire.url) as talk:
                assert (await talk.create()).answer == Accepted()
            assert proxy.seen == []

    asyncio.run(run())
