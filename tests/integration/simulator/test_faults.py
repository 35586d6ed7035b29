"""The other faults over HTTP: what a client sees of each, and what the ledger then says."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.conftest import StartSimulator
from tests.integration.simulator.client import LOST, Answer, Kraken, account, failing_account, supply_point


@pytest.fixture
def kraken(start_simulator: StartSimulator) -> Kraken:
    return Kraken(start_simulator("--delay", "0.1", "--supplier", "OTHER=edf_accounts").url)


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
        kraken.suffer(**fault, retry_after=form, seconds=30)
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
        kraken.suffer(**fault)
        assert "retry-after" not in kraken.validate(account()).headers


def test_requests_above_a_number_at_once_are_refused(kraken: Kraken) -> None:
    kraken.suffer(kind="slow", seconds=0.6)
    kraken.suffer(kind="limit_in_flight", most=2)
    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(lambda number: kraken.create(account(f"A-{number}")).status, range(5)))
    assert sorted(statuses) == [201, 201, 429, 429, 429]
    assert 3 <= kraken.ledger()["most_in_flight"] <= 5
    assert kraken.validate(account()).status == 200


def test_a_token_expires_after_some_requests_or_after_some_time(kraken: Kraken) -> None:
    kraken.suffer(kind="unauthorised", skip=2)
    assert [kraken.validate(account()).status for _ in range(4)] == [200, 200, 401, 401]
    kraken.heal()
    kraken.suffer(kind="unauthorised", after=0.1)
    eventually(kraken, status=401)


def eventually(kraken: Kraken, *, status: int) -> None:
    """Validate until this is the answer."""
    deadline = time.monotonic() + 10
    while kraken.validate(account()).status != status:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("kind", "status"), [("forbidden", 403), ("supplier_paused", 400)])
def test_one_key_one_supplier_or_all_are_refused(kraken: Kraken, kind: str, status: int) -> None:
    mine, other = account("A"), account("B", import_supplier="OTHER")
    for only, expected in (
        ({"keys": ["A"]}, [status, 200]),
        ({"suppliers": ["OTHER"]}, [200, status]),
        ({"suppliers": ["OTHER"], "keys": ["A"]}, [200, 200]),
        ({}, [status, status]),
    ):
        kraken.suffer(kind=kind, **only)
        assert [kraken.validate(payload).status for payload in (mine, other)] == expected
        kraken.heal()


@pytest.mark.parametrize("how", ["json", "html", "close", "reset"])
def test_maintenance_stops_every_request_even_without_a_token(kraken: Kraken, how: str) -> None:
    kraken.suffer(kind="maintenance", how=how)
    path = "/v1/data-import/all-account-import-processes/TENTACLE_ENERGY/"
    calls: list[Callable[[], Answer]] = [
        lambda: kraken.validate(account()),
        lambda: kraken.create(account()),
        lambda: kraken.status("A"),
        lambda: kraken.call("GET", path, authorization=None),
    ]
    for call in calls:
        if how in ("close", "reset"):
            with pytest.raises(LOST):
                call()
        else:
            answer = call()
            assert answer.status == 503
            assert answer.body.startswith(b"<" if how == "html" else b"{")
    assert kraken.call("GET", "/simulator/health").status == 200
    assert kraken.created() == {}


def test_maintenance_lasts_as_long_as_it_is_told(kraken: Kraken) -> None:
    kraken.suffer(kind="maintenance", after=0.1, until=0.6)
    eventually(kraken, status=503)
    eventually(kraken, status=200)


def test_a_status_goes_back_from_what_was_told(start_simulator: StartSimulator) -> None:
    kraken = Kraken(start_simulator("--delay", "2").url)
    kraken.create(account())
    kraken.suffer(kind="backwards", count=1)
    told = ""
    deadline = time.monotonic() + 10
    while told != "IN_PROGRESS" and time.monotonic() < deadline:
        told = kraken.status("EXTERNAL-1234").document["status"]
        time.sleep(0.02)
    assert [kraken.status("EXTERNAL-1234").document["status"] for _ in range(2)] == ["PENDING", "IN_PROGRESS"]


def test_a_status_that_was_told_as_processed_goes_back(kraken: Kraken) -> None:
    kraken.create(account())
    kraken.suffer(kind="backwards", status="PROCESSED", count=1)
    assert kraken.ended("EXTERNAL-1234")["status"] == "PROCESSED"
    document = kraken.status("EXTERNAL-1234").document
    assert (document["status"], document["kraken_identifier"]) == ("IN_PROGRESS", None)
    assert kraken.status("EXTERNAL-1234").document["status"] == "PROCESSED"


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_a_status_never_ends(kraken: Kraken, status: str) -> None:
    for number in ("A", "B"):
        kraken.create(account(number))
    kraken.ended("A")
    kraken.suffer(kind="never_ends", keys=["A"], status=status)
    document = kraken.status("A").document
    assert (document["status"], document["kraken_identifier"]) == (status, None)
    assert kraken.ended("B")["status"] == "PROCESSED"


def test_a_record_is_there_already_although_the_status_endpoint_knows_nothing(kraken: Kraken) -> None:
    kraken.suffer(kind="imported_elsewhere", keys=["A"], account_id="A-OTHER")
    answer = kraken.create(account("A"))
    assert answer.status == 400
    assert answer.document["non_field_errors"]["code"] == "account_import_process_already_imported"
    assert answer.document["account_id"] == "A-OTHER"
    assert kraken.status("A").status == 404
    assert kraken.created() == {}
    (key,) = kraken.call("GET", "/simulator/requests").document["keys"]
    assert (key["refused"], key["seen"]) == (1, {"validate": 0, "create": 1, "status": 1})


def test_a_record_is_there_already_under_another_identifier(kraken: Kraken) -> None:
    kraken.suffer(kind="imported_elsewhere", account_id="A-OTHER", kraken_identifier="A-ANOTHER")
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
    kraken = Kraken(start_simulator("--delay", "0.1", "--supplier", "OTHER=edf_accounts").url)
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
    kraken.suffer(kind="recreate", how="in_place", event=event)
    kraken.suffer(kind="never_ends", count=1)
    assert kraken.create(good, resource).status == 201
    again = kraken.status(number, resource, supplier).document
    assert again["status"] in ("PENDING", "IN_PROGRESS")
    kraken.heal()
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
    kraken.suffer(kind="recreate", how=how)
    assert kraken.create(account()).status == status
    again = kraken.ended("EXTERNAL-1234")
    assert (again["created_at"] > first["created_at"]) is (how == "accept")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_status_of_one_key_is_never_answered(kraken: Kraken, how: str) -> None:
    for number in ("A", "B"):
        kraken.create(account(number))
    kraken.suffer(kind="drop_before", how=how, operation="status", keys=["A"])
    for _ in range(3):
        with pytest.raises(LOST):
            kraken.status("A")
    assert kraken.status("B").status == 200
    assert kraken.create(account("A")).status == 400


@pytest.mark.parametrize("how", ["refuse", "accept"])
def test_a_process_is_forgotten(kraken: Kraken, how: str) -> None:
    kraken.create(account())
    kraken.ended("EXTERNAL-1234")
    kraken.suffer(kind="forgotten", how=how, skip=1)
    assert kraken.status("EXTERNAL-1234").status == 200
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

    kraken.suffer(kind="skew", seconds=hours * 3600)
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
    kraken.suffer(kind="error", retry_after="date", operation="validate")
    waits_until = kraken.validate(account()).headers["retry-after"]
    assert is_shifted(parsedate_to_datetime(waits_until) - datetime.now(UTC))
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    kraken.suffer(kind="forgotten", how="accept")
    assert kraken.create(account(), schedule_window_start=soon).status == (400 if hours > 0 else 201)


def test_created_at_alone_is_skewed_or_the_date_is_missing(kraken: Kraken) -> None:
    kraken.create(account())
    kraken.suffer(kind="skew", how="created_at", seconds=-3600)
    answer = kraken.status("EXTERNAL-1234")
    assert told(answer.document["created_at"]) < timedelta(minutes=-59)
    assert told(answer.document["modified_at"]) > timedelta(minutes=-1)
    assert parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC) > timedelta(minutes=-1)
    kraken.suffer(kind="no_date")
    assert "date" not in kraken.status("EXTERNAL-1234").headers


def test_the_same_seed_strikes_the_same_records_in_any_order(kraken: Kraken) -> None:
    struck = []
    for order in (range(40), reversed(range(40))):
        kraken.call("POST", "/simulator/reset")
        kraken.suffer(kind="error", operation="create", probability=0.3, seed=7)
        struck.append({n for n in order if kraken.create(account(f"A-{n}")).status == 503})
    assert struck[0] == struck[1]
    assert 4 <= len(struck[0]) <= 20


def test_the_ledger_tells_what_came_and_the_faults_how_often_they_struck(kraken: Kraken) -> None:
    kraken.suffer(kind="error", operation="status", count=2, keys=["OTHER", "EXTERNAL-1234"], until=60)
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
    assert fault == {
        "kind": "error",
        "operation": "status",
        "count": 0,
        "struck": 2,
        "keys": ["EXTERNAL-1234", "OTHER"],
        "status": 503,
        "after": 0,
        "until": 60,
    }
    kraken.call("POST", "/simulator/reset")
    assert kraken.ledger()["seen"] == {}
