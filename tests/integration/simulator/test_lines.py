"""What is answered as soon as it is there, and what goes the long way: the same answers, the same counts."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import TOKEN, StartSimulator
from tests.integration.simulator.client import Kraken, account, failing_account

_TIMES = re.compile(rb"(?m)^date: [^\r]+|20\d\d-\d\d-\d\dT[0-9:.]+\+00:00")
_STATUS = b"GET /v2/data-import/accounts/TENTACLE_ENERGY/A/"
_VALIDATE = b"POST /v2/data-import/accounts/validate/"
_CREATE = b"POST /v2/data-import/accounts/"


def request(
    line: bytes, document: Any = None, *headers: bytes, version: bytes = b"1.1", token: str | None = TOKEN
) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode() if document else b""
    own = [b"Authorization: Token " + token.encode()] if token else []
    length = [] if any(b"chunked" in each for each in headers) else [b"Content-Length: %d" % len(body)]
    head = [line + b" HTTP/" + version, b"Host: kraken", *own, *length, *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def talk(kraken: Kraken, parts: Sequence[bytes]) -> bytes:
    """Everything that a connection answers to these parts, each sent a while after the one before."""
    address = urlsplit(kraken.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(0.05)
        line.settimeout(0.5)
        said = b""
        try:
            while some := line.recv(65536):
                said += some
        except TimeoutError:
            said += b"(open)"
        except ConnectionResetError:
            said += b"(reset)"
    return _TIMES.sub(b"", said)


def create(number: str = "A", **changes: Any) -> bytes:
    return request(_CREATE, {"payload": account(number, **changes), "task_params": {}})


def conversations() -> dict[str, Sequence[bytes]]:
    whole, asked, closing = create(), request(_STATUS), request(_STATUS, None, b"Connection: close")
    chunk = json.dumps({"payload": account("A")}).encode()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk)
    errored = {"payload": failing_account("B"), "task_params": {}}
    return {
        "an account's life": [request(_VALIDATE, {"payload": account("A")}) + asked + whole + whole + asked],
        "an errored account": [request(_CREATE, errored), request(_STATUS.replace(b"/A/", b"/B/"))],
        "in pieces": [whole[:20], whole[20:90], whole[90:1000], whole[1000:] + closing[:30], closing[30:]],
        "refused": [request(_VALIDATE, {"payload": account("A", customers=7)}), create("B", customers=7)],
        "no json": [request(_VALIDATE, b"{"), request(_CREATE, b"\xff"), request(_CREATE, {"payload": {}})],
        "not allowed": [
            request(_STATUS, token=None),
            request(_STATUS, token="wrong"),
            request(_STATUS, None, b"authorization: Token wrong"),
            request(b"DELETE" + _STATUS[3:]),
            request(b"GET /v2/data-import/nothing/"),
        ],
        "the last one": [closing + request(_STATUS)],
        "an old client": [request(_STATUS, version=b"1.0"), request(_STATUS)],
        "odd targets": [
            request(_STATUS + b"?page=1") + request(_STATUS + b"#top") + request(b"GET /%76" + _STATUS[6:]),
            request(b"GET http://kraken" + _STATUS[4:]),
            request(b"HEAD" + _STATUS[3:]),
        ],
        "chunked": [request(_VALIDATE, chunked, b"Transfer-Encoding: chunked"), request(_STATUS)],
        "expectant": [request(_VALIDATE, chunk, b"Expect: 100-continue"), request(_STATUS)],
        "no HTTP": [request(_STATUS), b"nonsense\r\n\r\n"],
        "cut off": [whole[:-10]],
    }


@pytest.mark.parametrize("name", conversations())
def test_both_ways_answer_the_same_byte_by_byte(start_simulator: StartSimulator, name: str) -> None:
    short, long = (Kraken(start_simulator("--delay", "0").url) for _ in range(2))
    # Faults that are set are looked at only on the long way, and this one never strikes.
    long.suffer(kind="error", keys=["of no account"])
    said, said_long = (talk(kraken, conversations()[name]) for kraken in (short, long))

    assert said == said_long
    assert short.ledger() == long.ledger()
    seen = short.call("GET", "/simulator/requests").document
    assert seen == long.call("GET", "/simulator/requests").document
    assert (b"HTTP/1.1 " in said) is (name != "cut off")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_still_being_sent_counts_as_under_way_until_its_client_goes(
    start_simulator: StartSimulator,
) -> None:
    kraken = Kraken(start_simulator().url)
    address = urlsplit(kraken.url)
    lines = [socket.create_connection((address.hostname, address.port), timeout=10) for _ in range(3)]
    for line in lines:
        line.sendall(create()[:-10])
    until(lambda: bool(kraken.ledger()["most_in_flight"] == 3))
    for line in lines:
        line.close()

    def is_quiet() -> bool:
        # A reset leaves those that are under way.
        kraken.call("POST", "/simulator/reset")
        return bool(kraken.ledger()["most_in_flight"] == 0)

    until(is_quiet)
    assert kraken.created() == {}


def head_of_answer(line: socket.socket) -> bytes:
    """Read one whole answer, which may come in parts. Returns its head."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += line.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
    while len(body) < int(length):
        body += line.recv(65536)
    return head


def test_a_fault_that_is_set_while_a_body_is_on_its_way_strikes_and_the_request_counts_once(
    start_simulator: StartSimulator,
) -> None:
    kraken = Kraken(start_simulator().url)
    address = urlsplit(kraken.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        line.sendall(create()[:-10])
        until(lambda: bool(kraken.ledger()["seen"].get("create") == 1))
        kraken.suffer(kind="error", operation="create", status=503, count=1)
        line.sendall(create()[-10:])
        assert head_of_answer(line).startswith(b"HTTP/1.1 503 ")
        line.sendall(create())
        assert head_of_answer(line).startswith(b"HTTP/1.1 201 ")

    assert kraken.created() == {"A": 1}
    assert kraken.ledger()["seen"]["create"] == 2
