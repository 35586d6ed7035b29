"""The stand-in over HTTP: the three endpoints as the guides document them, its options, its faults."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from http.client import HTTPException, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ROOT, TOKEN, Simulator, StartSimulator, free_port
from tests.integration.simulator.client import Kraken, account, failing_account, supply_point

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture
def kraken(start_simulator: StartSimulator) -> Kraken:
    return Kraken(start_simulator("--delay", "0.1", "--supplier", "OTHER=edf_accounts").url)


def test_a_valid_account_is_validated_created_and_processed(kraken: Kraken) -> None:
    assert kraken.validate(account()).status == 200
    assert kraken.status("EXTERNAL-1234").document == {
        "detail": "The requested resource was not found.",
        "code": "not_found",
    }
    created = kraken.create(account())
    assert (created.status, created.document) == (201, {})
    first = kraken.status("EXTERNAL-1234").document
    assert first["status"] in ("PENDING", "IN_PROGRESS")
    assert first["kraken_identifier"] is first["latest_error"] is None
    last = kraken.ended("EXTERNAL-1234")
    assert last["status"] == "PROCESSED"
    assert last["kraken_identifier"]
    assert set(last) == set(json_of("status_of_an_account"))
    assert datetime.fromisoformat(last["created_at"]).tzinfo is not None
    assert last["created_at"] == first["created_at"] < last["modified_at"]


def json_of(name: str) -> dict[str, Any]:
    """The keys of a status as the guides print them."""
    common = dict.fromkeys(("status", "kraken_identifier", "created_at", "modified_at", "latest_error"))
    return common if name == "status_of_an_account" else common | {"latest_event": None}


def test_a_supply_point_that_fails_while_processing_says_so_in_its_latest_event(kraken: Kraken) -> None:
    kraken.create(supply_point("999000001"), "supply-points")
    document = kraken.ended("4001248530", "supply-points", "TEST_SUPPLIER")
    error = {
        "code": "substation_not_found",
        "detail": "Substation 999000001 does not exist.",
        "domain": "import_process",
    }
    assert set(document) == set(json_of("status_of_a_supply_point"))
    assert (document["status"], document["latest_error"]) == ("ERRORED", error)
    assert document["latest_event"] == {
        "event": "EVENT_SUPPLY_POINT_IMPORT_PROCESS_ERRORED",
        "occurred_at": document["modified_at"],
        "data": error,
    }


def test_an_invalid_account_is_refused_in_the_flat_style(kraken: Kraken) -> None:
    payload = account()
    payload["customers"][0]["landline"] = "abcde"
    answer = kraken.validate(payload)
    assert answer.status == 400
    assert answer.document["errors"] == [
        {
            "detail": "abcde is not a valid phone number",
            "code": "invalid_phone_number",
            "attr": "customers.0.landline",
        }
    ]


def test_an_invalid_supply_point_is_refused_in_the_nested_style_of_its_guide(kraken: Kraken) -> None:
    payload = supply_point()
    payload["supply_point"]["identifier"] = "123456789"
    answer = kraken.validate(payload, "supply-points")
    assert answer.status == 400
    assert answer.document == {
        "supply_point": {"identifier": ["123456789 is not a valid supply point identifier."]}
    }


def test_a_create_of_an_invalid_payload_is_refused_without_detail_and_creates_nothing(kraken: Kraken) -> None:
    answer = kraken.create(account(transfer_balance="1.00"))
    assert (answer.status, answer.document["code"]) == (400, "import_process_failed_validation")
    assert kraken.status("EXTERNAL-1234").status == 404
    assert kraken.created() == {}


@pytest.mark.parametrize(
    ("resource", "payload", "extra"),
    [
        ("accounts", account(), {"account_id"}),
        ("supply-points", supply_point(), {"supply_point_identifier"}),
    ],
)
def test_a_second_create_is_refused_as_already_imported(
    kraken: Kraken, resource: str, payload: dict[str, Any], extra: set[str]
) -> None:
    assert kraken.create(payload, resource).status == 201
    answer = kraken.create(payload, resource)
    kind = "account" if resource == "accounts" else "supply_point"
    assert answer.status == 400
    assert answer.document["non_field_errors"]["code"] == f"{kind}_import_process_already_imported"
    assert set(answer.document) == {"non_field_errors"} | extra
    assert set(kraken.created().values()) == {1}


def test_of_many_creates_at_once_one_alone_takes_effect(kraken: Kraken) -> None:
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: kraken.create(account()).status, range(48)))
    assert sorted(statuses) == [201] + [400] * 47
    assert kraken.created() == {"EXTERNAL-1234": 1}


@pytest.mark.parametrize("choice", ["accept", "refuse"])
def test_whether_an_errored_account_may_be_created_again_is_a_switch(
    start_simulator: StartSimulator, choice: str
) -> None:
    kraken = Kraken(start_simulator("--delay", "0.05", "--recreate-after-error", choice).url)
    kraken.create(failing_account())
    assert kraken.ended("EXTERNAL-1234")["latest_error"]["code"] == "tariff_code_not_found"
    assert kraken.create(account()).status == (201 if choice == "accept" else 400)
    assert kraken.ended("EXTERNAL-1234")["status"] == ("PROCESSED" if choice == "accept" else "ERRORED")
    ledger = kraken.call("GET", "/simulator/ledger?summary=1").document
    assert ledger["created_more_than_once"] == (["EXTERNAL-1234"] if choice == "accept" else [])


def test_a_dry_run_ends_as_such_and_does_not_stand_in_the_way_of_the_live_create(kraken: Kraken) -> None:
    assert kraken.create(failing_account(), is_dry_run=True).status == 201
    assert kraken.ended("EXTERNAL-1234")["status"] == "DRY_RUN_ERRORED"
    assert kraken.create(account(), is_dry_run=True).status == 201
    document = kraken.ended("EXTERNAL-1234")
    assert (document["status"], document["kraken_identifier"]) == ("DRY_RUN_SUCCEEDED", None)
    assert kraken.create(account()).status == 201
    assert kraken.ended("EXTERNAL-1234")["status"] == "PROCESSED"
    (key,) = kraken.call("GET", "/simulator/ledger").document["keys"]
    assert (key["created"], key["dry_runs"]) == (1, 2)


def test_a_window_in_the_past_is_refused_with_its_code(kraken: Kraken) -> None:
    answer = kraken.create(account(), schedule_window_start="2020-01-01T00:00:00Z")
    assert [error["code"] for error in answer.document["errors"]] == ["schedule_window_start_in_past"]
    assert kraken.created() == {}


@pytest.mark.parametrize("identifier", ["A/1", "A 1", "é%2F?#", ".."])
def test_any_identifier_is_found_by_its_percent_encoded_name(kraken: Kraken, identifier: str) -> None:
    assert kraken.create(account(identifier)).status == 201
    assert kraken.status(identifier).status == 200


def test_the_same_account_of_another_supplier_is_another_process(kraken: Kraken) -> None:
    assert kraken.create(account()).status == 201
    assert kraken.status("EXTERNAL-1234", supplier="OTHER").status == 404
    assert kraken.create(account(import_supplier="OTHER")).status == 201


@pytest.mark.parametrize(
    "authorization", [None, "", "Token wrong", TOKEN, f"Bearer {TOKEN}", f"Token {TOKEN} ", f"token {TOKEN}x"]
)
def test_a_request_without_the_right_token_is_refused(kraken: Kraken, authorization: str | None) -> None:
    # A blank at the end is cut off by HTTP itself.
    wanted = 404 if authorization == f"Token {TOKEN} " else 401
    path = "/v2/data-import/accounts/TENTACLE_ENERGY/X/"
    assert kraken.call("GET", path, authorization=authorization).status == wanted


def test_a_jwt_is_accepted_as_it_is(start_simulator: StartSimulator) -> None:
    path = "/v2/data-import/accounts/TENTACLE_ENERGY/X/"
    as_token = Kraken(start_simulator(token=JWT).url)
    assert as_token.call("GET", path, authorization=JWT).status == 404
    assert as_token.call("GET", path, authorization=f"Token {JWT}").status == 404
    beside = Kraken(start_simulator("--jwt", JWT).url)
    assert beside.call("GET", path, authorization=JWT).status == 404
    assert beside.call("GET", path, authorization=f"Token {JWT}").status == 401


def test_a_client_signs_in_by_graphql_until_its_key_is_revoked(start_simulator: StartSimulator) -> None:
    kraken = Kraken(start_simulator("--organisation-key", "sk_live_1").url)
    query = "mutation m($input: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $input) { token } }"
    document = {"query": query, "variables": {"input": {"organizationSecretKey": "sk_live_1"}}}
    path = "/v2/data-import/accounts/TENTACLE_ENERGY/X/"

    def sign_in() -> Any:
        return kraken.call("POST", "/v1/graphql/", document, authorization=None)

    def told(token: str) -> int:
        return kraken.call("GET", path, authorization=token).status

    kraken.suffer(kind="error", operation="token", status=503, count=1)
    kraken.suffer(kind="garbled", operation="token", count=1)
    assert [sign_in().status, sign_in().body[:1]] == [503, b"<"]
    token = sign_in().document["data"]["obtainKrakenToken"]["token"]
    assert [told(token), told(f"Token {token}")] == [404, 401]
    assert kraken.call("POST", "/simulator/tokens", {"revoke": "sk_live_1"}).status == 200
    assert told(token) == 401
    (error,) = sign_in().document["errors"]
    assert error["extensions"]["errorCode"] == "KT-CT-1138"
    ledger = kraken.ledger()
    # The garbled answer had a token in it.
    assert (ledger["tokens"], ledger["seen"]["token"]) == ({"issued": 2, "refused": 2}, 4)
    kraken.call("POST", "/simulator/tokens", {"restore": "sk_live_1", "life": 0.2})
    brief = sign_in().document["data"]["obtainKrakenToken"]["token"]
    time.sleep(0.3)
    assert kraken.call("GET", path, authorization=brief).document["detail"] == "The token has expired."
    kraken.call("POST", "/simulator/tokens", {"life": 60})
    lasting = sign_in().document
    kraken.call("POST", "/simulator/tokens", {"end": True})
    assert told(lasting["data"]["obtainKrakenToken"]["token"]) == 401
    for wrong in ({"life": 0}, {"life": "long"}, {"revoke": 1}, {"end": "now"}, {"lif": 2}):
        assert kraken.call("POST", "/simulator/tokens", wrong).status == 400
    assert kraken.call("GET", "/v1/graphql/").status == 405


def test_each_envelope_is_insisted_on(start_simulator: StartSimulator) -> None:
    wrapped, bare = Kraken(start_simulator().url), Kraken(start_simulator("--envelope", "bare").url)
    for path in ("/v2/data-import/accounts/validate/", "/v2/data-import/accounts/"):
        missing = wrapped.call("POST", path, account())
        assert (missing.status, missing.document["errors"][0]["attr"]) == (400, "payload")
        assert bare.call("POST", path, {"payload": account(), "task_params": {}}).status == 400
        assert bare.call("POST", path, account()).status in (200, 201)
    without = wrapped.call("POST", "/v2/data-import/accounts/", {"payload": account()})
    assert without.document["errors"][0]["attr"] == "task_params"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"payload": []}', b'{"payload": {}}', b"\xff"])
def test_a_body_that_is_not_a_payload_is_refused(kraken: Kraken, body: bytes) -> None:
    for path in ("accounts/", "accounts/validate/", "supply-points/", "supply-points/validate/"):
        headers = {"Authorization": f"Token {TOKEN}"}
        request = Request(f"{kraken.url}/v2/data-import/{path}", data=body, headers=headers)
        with pytest.raises(HTTPError) as refusal:
            urlopen(request, timeout=10)
        with refusal.value as answer:
            assert answer.status == 400
            assert json.loads(answer.read())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v2/data-import/accounts", 404),
        ("GET", "/v2/data-import/accounts/A/B", 404),
        ("GET", "/v2/data-import/accounts//B/", 404),
        ("POST", "/v2/data-import/meters/", 404),
        ("DELETE", "/v2/data-import/accounts/A/B/", 405),
        ("GET", "/v2/data-import/accounts/", 405),
        ("GET", "/simulator/nothing", 404),
    ],
)
def test_an_unknown_endpoint_is_not_an_import_process(
    kraken: Kraken, method: str, path: str, status: int
) -> None:
    answer = kraken.call(method, path)
    assert answer.status == status
    assert answer.document.get("code") != "not_found"


def test_a_restarted_stand_in_remembers_what_it_created(
    start_simulator: StartSimulator, tmp_path: Path
) -> None:
    options = ("--delay", "0", "--journal", str(tmp_path / "journal"))
    first: Simulator = start_simulator(*options)
    assert Kraken(first.url).create(account()).status == 201
    before = Kraken(first.url).status("EXTERNAL-1234").document
    first.end()
    again = Kraken(start_simulator(*options).url)
    assert again.status("EXTERNAL-1234").document == before
    assert again.create(account()).status == 400
    assert again.created() == {"EXTERNAL-1234": 1}


def test_a_stand_in_that_is_killed_amid_creates_forgets_none_that_it_has_answered(
    start_simulator: StartSimulator, tmp_path: Path
) -> None:
    options = ("--journal", str(tmp_path / "journal"))
    first: Simulator = start_simulator(*options)
    accepted: list[str] = []

    def create(number: int) -> None:
        with suppress(OSError, HTTPException):
            if Kraken(first.url).create(account(f"KEPT-{number}")).status == 201:
                accepted.append(f"KEPT-{number}")
        if len(accepted) >= 60:
            first.process.kill()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(create, range(200)))
    first.process.join()
    assert 60 <= len(accepted) < 200
    remembered = Kraken(start_simulator(*options).url).created()
    assert set(accepted) <= set(remembered)
    assert set(remembered.values()) == {1}


@pytest.mark.parametrize(
    ("kind", "created"), [("drop_before", 0), ("drop_after", 1), ("error", 0), ("error_after", 1)]
)
def test_a_lost_answer_leaves_open_whether_the_create_took_effect(
    kraken: Kraken, kind: str, created: int
) -> None:
    assert kraken.strike(kind=kind, operation="create", count=1).status == 201
    if kind.startswith("drop"):
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            kraken.create(account())
    else:
        assert kraken.create(account()).status >= 500
    assert sum(kraken.created().values()) == created
    assert kraken.create(account()).status == (400 if created else 201)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "throttle", "seconds": 7}, 429, "throttled"),
        ({"kind": "limit_in_progress", "most": 0, "seconds": 7}, 429, "throttled"),
        ({"kind": "unauthorised"}, 401, "authentication_failed"),
        ({"kind": "forbidden"}, 403, "permission_denied"),
        ({"kind": "supplier_paused"}, 400, "import_supplier_migration_not_ongoing"),
        ({"kind": "failed_validation"}, 400, "import_process_failed_validation"),
    ],
)
def test_a_fault_is_answered_until_it_is_ended(
    kraken: Kraken, fault: dict[str, Any], status: int, code: str
) -> None:
    kraken.strike(**fault)
    answer = kraken.create(account())
    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert kraken.created() == {}
    kraken.call("DELETE", "/simulator/faults")
    assert kraken.create(account()).status == 201


def test_a_limit_holds_creates_back_until_others_have_ended(kraken: Kraken) -> None:
    kraken.strike(kind="limit_in_progress", most=1)
    assert kraken.create(account("A")).status == 201
    assert kraken.create(account("B")).status == 429
    kraken.ended("A")
    assert kraken.create(account("B")).status == 201


def test_a_status_can_stay_unseen_for_a_while_and_then_have_an_unknown_name(kraken: Kraken) -> None:
    kraken.strike(kind="invisible", seconds=0.3)
    kraken.strike(kind="unknown_status", keys=["A"], status="ON_HOLD", count=1)
    kraken.create(account("A"))
    assert kraken.status("A").status == 404
    time.sleep(0.35)
    assert [kraken.status("A").document["status"] for _ in range(2)] == ["ON_HOLD", "PROCESSED"]


def test_a_process_of_no_resource_is_refused(kraken: Kraken) -> None:
    key = {"resource": "nonsense", "import_supplier": "TENTACLE_ENERGY", "external_identifier": "A"}
    answer = kraken.call("POST", "/simulator/processes", key)
    assert (answer.status, answer.document) == (
        400,
        {"detail": "The resource of a process is accounts or supply-points."},
    )
    assert kraken.ledger()["number_of_keys"] == 0


def test_a_fault_that_cannot_be_is_refused(kraken: Kraken) -> None:
    answer = kraken.strike(kind="meteor")
    assert answer.status == 400
    assert answer.document["detail"].startswith("The kinds of fault are ")
    assert kraken.call("GET", "/simulator/faults").document == {"faults": []}


def test_the_ledger_can_be_read_page_by_page(kraken: Kraken) -> None:
    for number in range(5):
        kraken.create(account(f"A-{number}"))
    pages = [
        kraken.call("GET", f"/simulator/ledger?offset={offset}&limit=2").document for offset in (0, 2, 4)
    ]
    read = [key["external_identifier"] for page in pages for key in page["keys"]]
    assert read == [f"A-{number}" for number in range(5)]
    assert pages[0]["number_of_keys"] == pages[0]["live_creates"] == 5
    assert kraken.call("GET", "/simulator/ledger?limit=many").status == 400
    kraken.call("POST", "/simulator/reset")
    assert kraken.created() == {}


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--token", ""),
        ("--token", "x", "--port", "99999"),
        ("--token", "x", "--delay", "nan"),
        ("--token", "x", "--delay", "-1"),
        ("--token", "x", "--envelope", "none"),
        ("--token", "x", "--port", "0", "--journal", "/no/such/folder/journal"),
        ("--token", "x", "--port", "0", "--host", "no.such.host.invalid"),
    ],
)
def test_bad_options_are_named_in_one_sentence(options: tuple[str, ...]) -> None:
    done = _run(*options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_named_in_one_sentence(start_simulator: StartSimulator) -> None:
    port = free_port()
    start_simulator(port=port)
    done = _run("--token", "x", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr == f"Port {port} of 127.0.0.1 is in use: choose another with --port.\n"


def test_nothing_of_a_payload_is_ever_printed(start_simulator: StartSimulator) -> None:
    simulator = start_simulator("--delay", "0")
    kraken = Kraken(simulator.url)
    kraken.create(account("SECRET-NUMBER"))
    kraken.validate(account("SECRET-NUMBER", transfer_balance=[{"a": 1}], customers="SECRET-NAME"))
    kraken.validate({"supply_point": "SECRET-POINT"}, "supply-points")
    kraken.status("SECRET-NUMBER")
    assert "SECRET" not in simulator.log.read_text()
    assert "Traceback" not in simulator.log.read_text()


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kraken_import.simulator", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
