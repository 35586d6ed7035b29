"""The faults over HTTP: what a client sees of each, and what the ledger then says."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.kinds import KINDS
from tests.conftest import TOKEN, StartSimulator
from tests.integration.simulator.client import Kraken, account, failing_account, supply_point

LOST = (ConnectionResetError, RemoteDisconnected)


@pytest.fixture
def kraken(start_simulator: StartSimulator) -> Kraken:
    return Kraken(start_simulator("--delay", "0.1").url)


def strike(kraken: Kraken, **fault: Any) -> None:
    answer = kraken.strike(**fault)
    assert answer.status == 201, answer.document


def failure_of(kraken: Kraken, *, number: str) -> BaseException:
    """What a create fails with; urllib takes an answer that ends after its status line for a whole one."""
    try:
        assert kraken.create(account(number)).body == b""
    except (HTTPException, OSError) as error:
        return error
    return EOFError()


def create_impatiently(kraken: Kraken) -> None:
    """Create, and give up after a short time."""
    body = {"payload": account(), "task_params": {}}
    kraken.call("POST", "/v2/data-import/accounts/", body, seconds=0.2)


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
    strike(kraken, kind=kind, how=how, operation="create", count=1)
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
    strike(kraken, kind="drop_upload", how="reset")
    with connect(kraken) as client:
        client.sendall(head("/v2/data-import/accounts/", 1_000_000) + b"x" * 1000)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert kraken.created() == {}


def test_an_answer_breaks_off_after_the_status_line_or_in_mid_body(kraken: Kraken) -> None:
    body = json.dumps({"payload": account(), "task_params": {}}).encode()
    for kind, is_in_body in (("drop_status_line", False), ("drop_body", True)):
        kraken.call("POST", "/simulator/reset")
        strike(kraken, kind=kind)
        with connect(kraken) as client:
            client.sendall(head("/v2/data-import/accounts/", len(body)) + body)
            answer = received(client)
        assert answer.startswith(b"HTTP/1.1 201 ")
        assert (b"content-length: 2\r\n" in answer) is is_in_body
        assert answer.endswith(b"\r\n\r\n{") is is_in_body
        assert kraken.created() == {"EXTERNAL-1234": 1}


@pytest.mark.parametrize("how", ["answer", "silence", "close", "reset"])
def test_a_late_create_takes_effect_after_the_client_has_given_up(kraken: Kraken, how: str) -> None:
    strike(kraken, kind="late", how=how, operation="create", seconds=0.4)
    with pytest.raises((TimeoutError, *LOST)):
        create_impatiently(kraken)
    assert kraken.created() == {}
    assert kraken.status("EXTERNAL-1234").status == 404
    assert eventually_created(kraken, number="EXTERNAL-1234")
    assert kraken.ledger()["most_in_flight"] == 1


def test_a_late_effect_does_not_outlast_a_reset_of_the_stand_in(kraken: Kraken) -> None:
    strike(kraken, kind="late", how="close", operation="create", seconds=0.2)
    with pytest.raises(LOST):
        kraken.create(account())
    kraken.call("POST", "/simulator/reset")
    time.sleep(0.3)
    assert kraken.created() == {}


def test_a_slow_create_takes_effect_at_once(kraken: Kraken) -> None:
    strike(kraken, kind="slow", operation="create", seconds=0.3)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        answer = pool.submit(kraken.create, account())
        assert eventually_created(kraken, number="EXTERNAL-1234")
        assert time.monotonic() - started < 0.3
        assert answer.result().status == 201
        assert time.monotonic() - started >= 0.3


def test_a_request_can_hang_without_effect(kraken: Kraken) -> None:
    strike(kraken, kind="hang", operation="create")
    with pytest.raises(TimeoutError):
        create_impatiently(kraken)
    assert kraken.created() == {}


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504])
@pytest.mark.parametrize(("kind", "is_created"), [("error", False), ("error_after", True)])
def test_an_error_leaves_open_whether_the_create_took_effect(
    kraken: Kraken, kind: str, status: int, is_created: bool
) -> None:
    strike(kraken, kind=kind, operation="create", status=status)
    assert kraken.create(account()).status == status
    assert bool(kraken.created()) is is_created


@pytest.mark.parametrize("how", ["html", "broken_json", "empty", "invalid_utf8"])
@pytest.mark.parametrize("status", [None, 200, 201, 400, 401, 403, 404, 502])
@pytest.mark.parametrize("effect", [True, False])
def test_a_body_is_garbled_under_any_status(
    kraken: Kraken, how: str, status: int | None, effect: bool
) -> None:
    strike(kraken, kind="garbled", operation="create", how=how, status=status, effect=effect)
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
    strike(kraken, kind="garbled", operation="status", how="invalid_utf8")
    garbled = json.loads(kraken.status("EXTERNAL-1234").body.decode(errors="replace"))
    assert garbled == last | {"note": "\ufffd"}
    path = "/v1/data-import/all-account-import-processes/TENTACLE_ENERGY/"
    strike(kraken, kind="garbled", operation="list", how="invalid_utf8")
    assert json.loads(kraken.call("GET", path).body.decode(errors="replace"))[1] == {"note": "\ufffd"}


def test_a_204_has_no_body(kraken: Kraken) -> None:
    strike(kraken, kind="garbled", operation="validate", how="empty", status=204)
    answer = kraken.validate(account())
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "throttle"}, 429),
        ({"kind": "limit_in_progress", "most": 0}, 429),
        ({"kind": "limit_in_flight", "most": 0}, 429),
        ({"kind": "limit_in_flight", "most": 0, "status": 503}, 503),
        ({"kind": "error", "status": 429}, 429),
        ({"kind": "error", "status": 503}, 503),
        ({"kind": "error_after", "status": 503}, 503),
        ({"kind": "maintenance"}, 503),
        ({"kind": "maintenance", "how": "html"}, 503),
    ],
)
def test_retry_after_is_in_seconds_or_a_date(kraken: Kraken, fault: dict[str, Any], status: int) -> None:
    for form in ("seconds", "date"):
        kraken.call("POST", "/simulator/reset")
        strike(kraken, **fault, retry_after=form, seconds=30)
        answer = kraken.create(account())
        assert answer.status == status
        wait = answer.headers["retry-after"]
        if form == "date":
            seconds = (parsedate_to_datetime(wait) - datetime.now(UTC)).total_seconds()
            assert 27 < seconds <= 31
        else:
            assert wait == "30"
    if fault["kind"] not in ("throttle", "limit_in_progress"):
        kraken.heal()
        strike(kraken, **fault)
        assert "retry-after" not in kraken.validate(account()).headers


def test_requests_above_a_number_at_once_are_refused(kraken: Kraken) -> None:
    strike(kraken, kind="slow", seconds=0.4)
    strike(kraken, kind="limit_in_flight", most=2)
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda number: kraken.create(account(f"A-{number}")).status, range(5)))
    assert sorted(statuses) == [201, 201, 429, 429, 429]
    assert kraken.ledger()["most_in_flight"] == 3
    assert kraken.validate(account()).status == 200


def test_a_token_expires_after_some_requests_or_after_some_time(kraken: Kraken) -> None:
    strike(kraken, kind="unauthorised", skip=2)
    assert [kraken.validate(account()).status for _ in range(4)] == [200, 200, 401, 401]
    kraken.heal()
    strike(kraken, kind="unauthorised", after=0.2, until=0.5)
    statuses = [kraken.validate(account()).status]
    time.sleep(0.25)
    statuses.append(kraken.validate(account()).status)
    time.sleep(0.3)
    assert [*statuses, kraken.validate(account()).status] == [200, 401, 200]


@pytest.mark.parametrize(("kind", "status"), [("forbidden", 403), ("supplier_paused", 400)])
def test_one_key_one_supplier_or_all_are_refused(kraken: Kraken, kind: str, status: int) -> None:
    mine, other = account("A"), account("B", import_supplier="OTHER")
    for only, expected in (
        ({"keys": ["A"]}, [status, 200]),
        ({"suppliers": ["OTHER"]}, [200, status]),
        ({"suppliers": ["OTHER"], "keys": ["A"]}, [200, 200]),
        ({}, [status, status]),
    ):
        strike(kraken, kind=kind, **only)
        assert [kraken.validate(payload).status for payload in (mine, other)] == expected
        kraken.heal()


@pytest.mark.parametrize("how", ["json", "html", "close", "reset"])
def test_maintenance_stops_every_request_for_its_span_even_without_a_token(kraken: Kraken, how: str) -> None:
    strike(kraken, kind="maintenance", how=how, until=0.3)
    path = "/v1/data-import/all-account-import-processes/TENTACLE_ENERGY/"
    for call in (
        lambda: kraken.validate(account()),
        lambda: kraken.create(account()),
        lambda: kraken.status("A"),
        lambda: kraken.call("GET", path, authorization=None),
    ):
        if how in ("close", "reset"):
            with pytest.raises(LOST):
                call()
        else:
            answer = call()
            assert answer.status == 503
            assert answer.body.startswith(b"<" if how == "html" else b"{")
    assert kraken.call("GET", "/simulator/health").status == 200
    time.sleep(0.3)
    assert kraken.create(account()).status == 201


def test_a_status_goes_back_from_what_was_told(start_simulator: StartSimulator) -> None:
    kraken = Kraken(start_simulator("--delay", "1").url)
    kraken.create(account())
    strike(kraken, kind="backwards", count=2)
    told = []
    deadline = time.monotonic() + 10
    while told[-2:] != ["PROCESSED", "PROCESSED"] and time.monotonic() < deadline:
        told.append(kraken.status("EXTERNAL-1234").document["status"])
        time.sleep(0.02)
    changes = [now for before, now in zip(["", *told], told, strict=False) if now != before]
    assert changes == [
        "PENDING",
        "IN_PROGRESS",
        "PENDING",
        "IN_PROGRESS",
        "PENDING",
        "IN_PROGRESS",
        "PROCESSED",
    ]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_a_status_never_ends(kraken: Kraken, status: str) -> None:
    for number in ("A", "B"):
        kraken.create(account(number))
    kraken.ended("A")
    strike(kraken, kind="never_ends", keys=["A"], status=status)
    document = kraken.status("A").document
    assert (document["status"], document["kraken_identifier"]) == (status, None)
    assert kraken.ended("B")["status"] == "PROCESSED"


def test_a_record_is_there_already_although_the_status_endpoint_knows_nothing(kraken: Kraken) -> None:
    strike(kraken, kind="imported_elsewhere", keys=["A"], account_id="A-OTHER")
    answer = kraken.create(account("A"))
    assert answer.status == 400
    assert answer.document["non_field_errors"]["code"] == "account_import_process_already_imported"
    assert answer.document["account_id"] == "A-OTHER"
    assert kraken.status("A").status == 404
    assert kraken.created() == {}
    (key,) = kraken.call("GET", "/simulator/requests").document["keys"]
    assert (key["refused"], key["seen"]) == (1, {"validate": 0, "create": 1, "status": 1})


def test_a_record_is_there_already_under_another_identifier(kraken: Kraken) -> None:
    strike(kraken, kind="imported_elsewhere", account_id="A-OTHER", kraken_identifier="A-ANOTHER")
    assert kraken.create(account()).document["account_id"] == "A-OTHER"
    document = kraken.status("EXTERNAL-1234").document
    assert (document["status"], document["kraken_identifier"]) == ("PROCESSED", "A-ANOTHER")
    assert kraken.created() == {"EXTERNAL-1234": 0}
    answer = kraken.create(supply_point(), "supply-points")
    assert answer.document["supply_point_identifier"] == "A-OTHER"


@pytest.mark.parametrize(
    ("resource", "event"), [("accounts", False), ("accounts", True), ("supply-points", True)]
)
def test_a_record_is_created_again_in_place(
    start_simulator: StartSimulator, resource: str, event: bool
) -> None:
    kraken = Kraken(start_simulator("--delay", "0.2").url)
    failing, good = (
        (failing_account(), account())
        if resource == "accounts"
        else (supply_point("999000001"), supply_point())
    )
    number = "EXTERNAL-1234" if resource == "accounts" else "4001248530"
    supplier = "TENTACLE_ENERGY" if resource == "accounts" else "TEST_SUPPLIER"
    kraken.create(failing, resource)
    first = kraken.ended(number, resource, supplier)
    assert first["status"] == "ERRORED"
    assert kraken.create(good, resource).status == 400
    strike(kraken, kind="recreate", how="in_place", event=event)
    assert kraken.create(good, resource).status == 201
    again = kraken.status(number, resource, supplier).document
    assert again["status"] in ("PENDING", "IN_PROGRESS")
    assert again["created_at"] == first["created_at"]
    assert ("latest_event" in again) is event
    if event:
        assert again["latest_event"]["event"].endswith("_IMPORT_PROCESS_CREATED")
        assert again["latest_event"]["occurred_at"] > first["modified_at"]
    last = kraken.ended(number, resource, supplier)
    assert (last["status"], last["created_at"]) == ("PROCESSED", first["created_at"])
    assert last["modified_at"] > first["modified_at"]
    assert kraken.created() == {number: 2}


@pytest.mark.parametrize(("how", "status"), [("accept", 201), ("refuse", 400)])
def test_whether_a_create_is_accepted_after_errored_can_be_changed(
    start_simulator: StartSimulator, how: str, status: int
) -> None:
    other = "refuse" if how == "accept" else "accept"
    kraken = Kraken(start_simulator("--delay", "0.1", "--recreate-after-error", other).url)
    kraken.create(failing_account())
    first = kraken.ended("EXTERNAL-1234")
    strike(kraken, kind="recreate", how=how)
    assert kraken.create(account()).status == status
    again = kraken.ended("EXTERNAL-1234")
    assert (again["created_at"] > first["created_at"]) is (how == "accept")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_status_of_one_key_is_never_answered(kraken: Kraken, how: str) -> None:
    for number in ("A", "B"):
        kraken.create(account(number))
    strike(kraken, kind="drop_before", how=how, operation="status", keys=["A"])
    for _ in range(3):
        with pytest.raises(LOST):
            kraken.status("A")
    assert kraken.status("B").status == 200
    assert kraken.create(account("A")).status == 400


@pytest.mark.parametrize("how", ["refuse", "accept"])
def test_a_process_is_forgotten_from_a_time_on(kraken: Kraken, how: str) -> None:
    kraken.create(account())
    kraken.ended("EXTERNAL-1234")
    strike(kraken, kind="forgotten", how=how, after=0.2)
    assert kraken.status("EXTERNAL-1234").status == 200
    time.sleep(0.2)
    assert kraken.status("EXTERNAL-1234").document["code"] == "not_found"
    assert kraken.create(account()).status == (400 if how == "refuse" else 201)
    assert kraken.created() == {"EXTERNAL-1234": 1 if how == "refuse" else 2}


def told(text: str) -> timedelta:
    """How far ahead a time is."""
    return datetime.fromisoformat(text) - datetime.now(UTC)


@pytest.mark.parametrize("hours", [1, -1])
def test_krakens_clock_is_ahead_or_behind(kraken: Kraken, hours: int) -> None:
    def is_shifted(shift: timedelta) -> bool:
        return abs(shift - timedelta(hours=hours)) < timedelta(seconds=30)

    strike(kraken, kind="skew", seconds=hours * 3600)
    created = kraken.create(account())
    assert is_shifted(parsedate_to_datetime(created.headers["date"]) - datetime.now(UTC))
    last = kraken.ended("EXTERNAL-1234")
    assert is_shifted(told(last["created_at"]))
    assert is_shifted(told(last["modified_at"]))
    path = "/v1/data-import/all-account-import-processes/TENTACLE_ENERGY/"
    (listed,) = kraken.call("GET", path).document
    assert is_shifted(told(listed["account_created_at"]))
    kraken.create(supply_point(), "supply-points")
    event = kraken.ended("4001248530", "supply-points", "TEST_SUPPLIER")["latest_event"]
    assert is_shifted(told(event["occurred_at"]))
    strike(kraken, kind="error", retry_after="date", operation="validate")
    waits_until = kraken.validate(account()).headers["retry-after"]
    assert is_shifted(parsedate_to_datetime(waits_until) - datetime.now(UTC))
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    strike(kraken, kind="forgotten", how="accept")
    assert kraken.create(account(), schedule_window_start=soon).status == (400 if hours > 0 else 201)


def test_created_at_alone_is_skewed_or_the_date_is_missing(kraken: Kraken) -> None:
    kraken.create(account())
    strike(kraken, kind="skew", how="created_at", seconds=-3600)
    answer = kraken.status("EXTERNAL-1234")
    assert told(answer.document["created_at"]) < timedelta(minutes=-59)
    assert told(answer.document["modified_at"]) > timedelta(minutes=-1)
    assert parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC) > timedelta(minutes=-1)
    strike(kraken, kind="no_date")
    assert "date" not in kraken.status("EXTERNAL-1234").headers


def test_the_same_seed_strikes_the_same_records_in_whatever_order_they_come(kraken: Kraken) -> None:
    struck = []
    for order in (range(40), reversed(range(40))):
        kraken.call("POST", "/simulator/reset")
        strike(kraken, kind="error", operation="create", probability=0.3, seed=7)
        struck.append({n for n in order if kraken.create(account(f"A-{n}")).status == 503})
    assert struck[0] == struck[1]
    assert 4 <= len(struck[0]) <= 20


def test_the_ledger_tells_what_came_and_the_faults_how_often_they_struck(kraken: Kraken) -> None:
    strike(kraken, kind="error", operation="status", count=2)
    kraken.validate(account())
    kraken.create(account())
    kraken.create(account())
    for _ in range(3):
        kraken.status("EXTERNAL-1234")
    kraken.status("OTHER")
    ledger = kraken.ledger()
    assert ledger["seen"] == {"validate": 1, "create": 2, "status": 4}
    assert ledger["most_in_flight"] == 1
    (key,) = ledger["keys"]
    assert (key["created"], key["refused"]) == (1, 1)
    assert key["seen"] == {"validate": 1, "create": 2, "status": 3}
    requests = kraken.call("GET", "/simulator/requests?offset=1&limit=5").document
    assert requests["number_of_keys"] == 2
    assert [each["external_identifier"] for each in requests["keys"]] == ["OTHER"]
    (fault,) = kraken.call("GET", "/simulator/faults").document["faults"]
    assert fault == {"kind": "error", "operation": "status", "count": 0, "struck": 2}
    kraken.call("POST", "/simulator/reset")
    assert kraken.ledger()["seen"] == {}


def test_nothing_is_logged_of_a_connection_that_a_fault_ended(start_simulator: StartSimulator) -> None:
    simulator = start_simulator("--delay", "0.1")
    kraken = Kraken(simulator.url)
    before = simulator.log.read_text()
    for kind in (kind for kind in KINDS if kind.startswith("drop")):
        strike(kraken, kind=kind, count=1)
        failure_of(kraken, number=kind)
    assert simulator.log.read_text() == before
