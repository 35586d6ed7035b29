"""Answers that are lost, late or no JSON: what a client sees of each, and whether the request took effect."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

import pytest

from kraken_import.simulator.kinds import KINDS
from tests.conftest import TOKEN, StartSimulator
from tests.integration.simulator.client import LOST, Kraken, account


@pytest.fixture
def kraken(start_simulator: StartSimulator) -> Kraken:
    return Kraken(start_simulator("--delay", "0.1", "--supplier", "OTHER=edf_accounts").url)


def failure_of(kraken: Kraken, *, number: str, seconds: float = 10) -> BaseException:
    """What a create fails with; urllib takes an answer that ends after its status line for a whole one."""
    try:
        body = {"payload": account(number), "task_params": {}}
        answer = kraken.call("POST", "/v2/data-import/accounts/", body, seconds=seconds)
        assert answer.body == b""
    except (HTTPException, OSError) as error:
        return error
    return EOFError()


def eventually_created(kraken: Kraken, *, number: str) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if kraken.created().get(number):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("kind", "is_created"),
    [
        ("drop_upload", False),
        ("drop_before", False),
        ("drop_after", True),
        ("drop_status_line", True),
        ("drop_body", True),
    ],
)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_connection_ends_at_each_point_of_a_create(
    kraken: Kraken, kind: str, how: str, is_created: bool
) -> None:
    kraken.suffer(kind=kind, how=how, operation="create", count=1)
    failure = failure_of(kraken, number="EXTERNAL-1234")
    if how == "reset":
        assert ConnectionResetError in (type(failure), type(failure.__context__))
    elif kind == "drop_body":
        assert isinstance(failure, IncompleteRead)
    elif kind != "drop_status_line":
        assert isinstance(failure, LOST)
    assert kraken.created() == ({"EXTERNAL-1234": 1} if is_created else {})
    assert kraken.ledger()["seen"] == {"create": 1}
    assert kraken.create(account()).status == (400 if is_created else 201)


def connect(kraken: Kraken) -> socket.socket:
    address = urlsplit(kraken.url)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port or 0), timeout=10)


def head(path: str, length: int) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Token {TOKEN}", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


def received(client: socket.socket) -> bytes:
    """All that comes until the connection ends, in whatever way."""
    parts = b""
    try:
        while part := client.recv(65536):
            parts += part
    except ConnectionResetError:
        pass
    return parts


def test_an_upload_is_reset_while_most_of_the_body_is_still_to_come(kraken: Kraken) -> None:
    kraken.suffer(kind="drop_upload", how="reset")
    with connect(kraken) as client:
        client.sendall(head("/v2/data-import/accounts/", 1_000_000) + b"x" * 1000)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert kraken.created() == {}


def test_an_answer_breaks_off_after_the_status_line_or_in_mid_body(kraken: Kraken) -> None:
    body = json.dumps({"payload": account(), "task_params": {}}).encode()
    for kind, is_in_body in (("drop_status_line", False), ("drop_body", True)):
        kraken.call("POST", "/simulator/reset")
        kraken.suffer(kind=kind)
        with connect(kraken) as client:
            client.sendall(head("/v2/data-import/accounts/", len(body)) + body)
            answer = received(client)
        assert answer.startswith(b"HTTP/1.1 201 ")
        assert (b"content-length: 2\r\n" in answer) is is_in_body
        assert answer.endswith(b"\r\n\r\n{") is is_in_body
        assert kraken.created() == {"EXTERNAL-1234": 1}


def test_a_late_create_takes_effect_after_the_client_has_given_up(kraken: Kraken) -> None:
    ways = ("answer", "silence", "close", "reset")
    for how in ways:
        kraken.suffer(kind="late", how=how, operation="create", seconds=1, keys=[how])
    with ThreadPoolExecutor(len(ways)) as pool:
        failures = list(pool.map(lambda how: failure_of(kraken, number=how, seconds=0.2), ways))
    assert [type(failure) for failure in failures[:2]] == [TimeoutError] * 2
    assert all(isinstance(failure, LOST) for failure in failures[2:])
    assert kraken.created() == {}
    assert kraken.status("reset").status == 404
    assert all(eventually_created(kraken, number=how) for how in ways)


def test_a_late_effect_does_not_outlast_a_reset_of_the_stand_in(kraken: Kraken) -> None:
    kraken.suffer(kind="late", how="close", operation="create", seconds=0.2)
    with pytest.raises(LOST):
        kraken.create(account())
    kraken.call("POST", "/simulator/reset")
    time.sleep(0.3)
    assert kraken.created() == {}


def test_a_slow_create_takes_effect_at_once(kraken: Kraken) -> None:
    kraken.suffer(kind="slow", operation="create", seconds=0.8)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        answer = pool.submit(kraken.create, account())
        assert eventually_created(kraken, number="EXTERNAL-1234")
        assert time.monotonic() - started < 0.8
        assert answer.result().status == 201
        assert time.monotonic() - started >= 0.8


def test_a_request_can_hang_without_effect(kraken: Kraken) -> None:
    kraken.suffer(kind="hang", operation="create")
    assert isinstance(failure_of(kraken, number="A", seconds=0.2), TimeoutError)
    assert kraken.created() == {}


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504])
@pytest.mark.parametrize(("kind", "is_created"), [("error", False), ("error_after", True)])
def test_an_error_leaves_open_whether_the_create_took_effect(
    kraken: Kraken, kind: str, status: int, is_created: bool
) -> None:
    kraken.suffer(kind=kind, operation="create", status=status)
    assert kraken.create(account()).status == status
    assert bool(kraken.created()) is is_created


@pytest.mark.parametrize("how", ["html", "broken_json", "empty", "invalid_utf8"])
@pytest.mark.parametrize("status", [None, 200, 201, 400, 401, 403, 404, 502])
@pytest.mark.parametrize("effect", [True, False])
def test_a_body_is_garbled_under_any_status(
    kraken: Kraken, how: str, status: int | None, effect: bool
) -> None:
    kraken.suffer(kind="garbled", operation="create", how=how, status=status, effect=effect)
    answer = kraken.create(account())
    assert answer.status == (status or (201 if effect else 502))
    assert bool(kraken.created()) is effect
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-type"].startswith("text/html" if how == "html" else "application/json")
    if how == "empty":
        assert answer.body == b""
    elif how == "invalid_utf8":
        with pytest.raises(UnicodeDecodeError):
            answer.body.decode()
        assert json.loads(answer.body.decode(errors="replace"))
    else:
        with pytest.raises(ValueError, match="Expect"):
            json.loads(answer.body)


def test_a_status_with_invalid_utf8_in_it_is_otherwise_whole(kraken: Kraken) -> None:
    kraken.create(account())
    last = kraken.ended("EXTERNAL-1234")
    kraken.suffer(kind="garbled", operation="status", how="invalid_utf8")
    garbled = json.loads(kraken.status("EXTERNAL-1234").body.decode(errors="replace"))
    assert garbled == last | {"note": "\ufffd"}
    path = "/v1/data-import/all-account-import-processes/TENTACLE_ENERGY/"
    kraken.suffer(kind="garbled", operation="list", how="invalid_utf8")
    assert json.loads(kraken.call("GET", path).body.decode(errors="replace"))[1] == {"note": "\ufffd"}


def test_a_204_has_no_body(kraken: Kraken) -> None:
    kraken.suffer(kind="garbled", operation="validate", how="empty", status=204)
    answer = kraken.validate(account())
    assert (answer.status, answer.body) == (204, b"")


def test_nothing_is_logged_of_a_connection_that_a_fault_ended(start_simulator: StartSimulator) -> None:
    simulator = start_simulator("--delay", "0.1")
    kraken = Kraken(simulator.url)
    before = simulator.log.read_text()
    for kind in (kind for kind in KINDS if kind.startswith("drop")):
        kraken.suffer(kind=kind, count=1)
        failure_of(kraken, number=kind)
    assert simulator.log.read_text() == before
