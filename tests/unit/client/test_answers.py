"""Every answer of Kraken's is told apart by what has to be done, and none makes the reader crash."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.client.answers import (
    Accepted,
    AlreadyImported,
    FailedValidation,
    Forbidden,
    Misrouted,
    NotFound,
    ProcessStatus,
    Refused,
    SupplierPaused,
    Throttled,
    Unauthorised,
    Unknown,
    WaveRefused,
    read_create,
    read_status,
    read_validate,
)
from kraken_import.client.refusals import findings_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NESTED = {"customers": {"0": {"landline": ["abcde is not a valid phone number"]}}}
FLAT = {
    "detail": "Could not validate account data.",
    "code": "account_failed_validation",
    "errors": [
        {
            "detail": "abcde is not a valid phone number",
            "code": "invalid_phone_number",
            "attr": "customers.0.landline",
        }
    ],
}
ALREADY_ACCOUNT = {
    "non_field_errors": {
        "detail": "The account import process with the account number 1 has already been imported.",
        "code": "account_import_process_already_imported",
    },
    "account_id": "A-12345678",
}
ALREADY_POINT = {
    "non_field_errors": {
        "detail": "The import process with the supply point identifier 1 has already been imported.",
        "code": "supply_point_import_process_already_imported",
    },
    "supply_point_identifier": "1",
}
FAILED = {"code": "import_process_failed_validation", "detail": "Not valid.", "domain": "import_process"}
PAUSED = {"code": "import_supplier_migration_not_ongoing", "detail": "Paused."}


def post(status: int, document: Any = None, **headers: str) -> Any:
    body = b"" if document is None else json.dumps(document).encode()
    answers = {
        read(status=status, headers=headers, body=body, now=NOW) for read in (read_validate, read_create)
    }
    (answer,) = answers
    return answer


def get(status: int, document: Any = None, **headers: str) -> Any:
    body = b"" if document is None else json.dumps(document).encode()
    return read_status(status=status, headers=headers, body=body, now=NOW)


@pytest.mark.parametrize("document", [None, {}, {"import_supplier": "X"}])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_needs_no_body(status: int, document: Any) -> None:
    assert post(status, document) == Accepted()


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (400, NESTED, Refused),
        (400, FLAT, Refused),
        (422, FLAT, Refused),
        (413, None, Refused),
        (400, FAILED, FailedValidation),
        (400, ALREADY_ACCOUNT, AlreadyImported),
        (400, ALREADY_POINT, AlreadyImported),
        (400, PAUSED, SupplierPaused),
        (400, {"errors": [{**PAUSED, "attr": None}]}, SupplierPaused),
        (401, None, Unauthorised),
        (403, {"detail": "No."}, Forbidden),
        (404, None, Misrouted),
        (405, None, Misrouted),
        (301, None, Misrouted),
        (409, None, Unknown),
        (429, None, Throttled),
        (500, None, Unknown),
        (503, None, Unknown),
    ],
)
def test_each_answer_to_a_post_is_told_apart(status: int, document: Any, kind: type) -> None:
    assert type(post(status, document)) is kind


def test_an_account_that_is_there_already_brings_its_identifier() -> None:
    assert post(400, ALREADY_ACCOUNT).kraken_identifier == "A-12345678"
    assert post(400, ALREADY_POINT).kraken_identifier is None


def test_both_shapes_of_a_refusal_come_to_the_same_finding() -> None:
    (nested,), (flat,) = findings_of(document=NESTED), findings_of(document=FLAT)
    assert nested.path == flat.path == "customers.0.landline"
    assert nested.generic_path == "customers.landline"
    assert nested.detail == flat.detail
    assert (nested.code, flat.code) == ("invalid", "invalid_phone_number")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": ["x", "y"], "b": {"c": ["z"]}}, [("a", "x"), ("a", "y"), ("b.c", "z")]),
        ({"ledgers": [{}, {"balance": ["x"]}]}, [("ledgers.1.balance", "x")]),
        ({"non_field_errors": ["x"]}, [("", "x")]),
        ({"non_field_errors": ["x"], "account_id": "A-1"}, [("", "x")]),
        ({"non_field_errors": ["x"], "notes": ["y"]}, [("", "x"), ("notes", "y")]),
        ({"notes": {"0": ["y"]}, "non_field_errors": ["x"]}, [("notes.0", "y"), ("", "x")]),
        ({"customers": {"non_field_errors": ["x"]}}, [("customers", "x")]),
        ({"a": [{"detail": "x", "code": "c"}]}, [("a", "x")]),
        ({"detail": "x", "code": "c"}, [("", "x")]),
        ({"detail": "x"}, [("detail", "x")]),
        (["x"], [("", "x")]),
        (
            {"errors": [{"detail": "x", "code": "c", "attr": "customers[0].email"}]},
            [("customers.0.email", "x")],
        ),
        ({"errors": [{"detail": "x", "code": "c", "attr": "non_field_errors"}]}, [("", "x")]),
    ],
)
def test_every_form_of_a_refusal_keeps_every_path_and_message(
    document: Any, expected: list[tuple[str, str]]
) -> None:
    assert [(finding.path, finding.detail) for finding in findings_of(document=document)] == expected


@pytest.mark.parametrize("document", [None, {}, [], 5, {"a": None}, {"a": 5}])
def test_a_refusal_without_a_readable_reason_is_still_a_refusal(document: Any) -> None:
    assert len(findings_of(document=document)) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0\x1f", 0.0),
        ("9" * 400, 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("7", 7.0),
        ("Sat, 21 Nov 2026 09:00:30 GMT", 30.0),
        ("soon", None),
        ("-5", None),
        ("999999", 3600.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert post(429, None, **{"Retry-After": value}).retry_after == seconds


@pytest.mark.parametrize("hour", ["08", "10"])
def test_a_date_to_retry_after_is_one_of_krakens_clock_however_wrong_it_goes(hour: str) -> None:
    day = f"Sat, 21 Nov 2026 {hour}"
    dates = {"Date": f"{day}:00:00 GMT", "Retry-After": f"{day}:00:30 GMT"}
    assert post(429, None, **dates).retry_after == 30


def test_a_status_that_the_paused_supplier_is_refused_says_so() -> None:
    code = "import_supplier_migration_not_ongoing"
    assert get(400, {"code": code, "detail": "It is not ongoing."}) == SupplierPaused()
    assert get(400, {"code": "other", "detail": "It is bad."}) == Unknown(
        reason="HTTP 400 without a readable status"
    )


STATUS = {
    "status": "PROCESSED",
    "kraken_identifier": "A-1",
    "created_at": "2025-10-07T09:00:21.179194+02:00",
    "modified_at": "2025-10-07T09:06:38.078396+02:00",
    "latest_error": None,
}


def test_a_status_is_read_with_its_identifier_and_time() -> None:
    answer = get(200, STATUS)
    assert answer == ProcessStatus(
        status="PROCESSED",
        kraken_identifier="A-1",
        created_at=datetime(2025, 10, 7, 7, 0, 21, 179194, tzinfo=UTC),
        latest_error=None,
    )


EVENT = "EVENT_ACCOUNT_IMPORT_PROCESS_ERRORED"
REASON = {"code": "some_error_code", "detail": "A detailed error message", "domain": "import_process"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (REASON, [("some_error_code", "", "A detailed error message", "import_process")]),
        ({"code": "c"}, [("c", "", "Kraken gives no detail.", "")]),
        ({"detail": "d", "code": None, "domain": None}, [("invalid", "", "d", "")]),
        (
            {
                "errors": [{"code": "c", "detail": "d", "attr": "customers.0.email"}],
                "domain": "import_process",
            },
            [("c", "customers.0.email", "d", "import_process")],
        ),
        ({"errors": []}, []),
        ({"account_id": "A-1"}, []),
        ({}, []),
        (None, []),
        (["x"], []),
        ("x", []),
    ],
)
def test_the_latest_event_is_read_with_the_errors_that_its_data_names(
    data: Any, expected: list[tuple[str, ...]]
) -> None:
    answer = get(200, {**STATUS, "latest_event": {"event": EVENT, "occurred_at": "y", "data": data}})
    assert answer.latest_event.name == EVENT
    assert answer.latest_error is None
    found = [(each.code, each.path, each.detail, each.domain) for each in answer.latest_event.findings]
    assert found == expected


@pytest.mark.parametrize("event", [None, "x", [], {}, {"event": None}, {"event": "E" * 201}, {"event": 5}])
def test_a_value_that_is_not_an_event_is_none(event: Any) -> None:
    assert get(200, {**STATUS, "latest_event": event}) == get(200, STATUS)


@pytest.mark.parametrize("error", [{}, {"code": None, "detail": None, "domain": None}, "x", [], 5])
def test_a_latest_error_that_says_nothing_is_none(error: Any) -> None:
    assert get(200, {**STATUS, "status": "ERRORED", "latest_error": error}).latest_error is None


@pytest.mark.parametrize(
    ("document", "domain"),
    [
        (FAILED, "import_process"),
        ({"errors": [FAILED]}, "import_process"),
        ({"errors": [{"code": "import_process_failed_validation", "detail": "x"}], "domain": "d"}, "d"),
        ({"non_field_errors": FAILED}, "import_process"),
        ({"code": "import_process_failed_validation", "detail": "x", "domain": None}, ""),
        ({"code": "import_process_failed_validation", "detail": "x", "domain": "d" * 500}, ""),
    ],
)
def test_the_domain_of_a_refusal_is_kept(document: Any, domain: str) -> None:
    assert post(400, document).finding.domain == domain


def flat(attr: str | None, code: str = "invalid", detail: str = "No.") -> Any:
    error = {"attr": attr, "code": code, "detail": detail}
    return {"detail": "Could not validate.", "code": "account_failed_validation", "errors": [error]}


MISSING = "This field is required."
OF_THE_WAVE: list[tuple[Any, str]] = [
    ({"import_supplier": ['"EDFX" is not a valid choice.']}, "import_supplier"),
    ({"payload": {"import_supplier": ["Unknown."]}}, "import_supplier"),
    (flat("import_supplier", "does_not_exist"), "import_supplier"),
    (flat("payload.import_supplier"), "import_supplier"),
    ({"customers": {"0": {"email": ["No."]}}, "import_supplier": ["Unknown."]}, "import_supplier"),
    ({"task_params": {"schedule_window_end": ["Too far."]}}, "task_params"),
    ({"task_params": {"non_field_errors": ["The start is after the end."]}}, "task_params"),
    ({"task_params": {"is_dry_run": ["Must be a valid boolean."]}}, "task_params"),
    ({"schedule_window_start": ["In the past."]}, "task_params"),
    ({"non_field_errors": ["schedule_window_start must be before schedule_window_end"]}, "task_params"),
    ({"non_field_errors": {"detail": "x", "code": "schedule_window_start__after_end"}}, "task_params"),
    ({"code": "schedule_window_start_in_past", "detail": "x", "domain": "d"}, "task_params"),
    (flat("task_params.schedule_window_end", "schedule_window_end_too_far_in_future"), "task_params"),
    (flat(None, "schedule_window_start__after_end"), "task_params"),
    ({"payload": [MISSING], "task_params": [MISSING]}, "envelope"),
    ({"task_params": [MISSING]}, "envelope"),
    ({"task_params": ["This field may not be null."]}, "envelope"),
    (flat("payload", "required", MISSING), "envelope"),
    ({"external_account_number": [MISSING], "import_supplier": [MISSING]}, "envelope"),
    (flat("import_supplier", "required", MISSING), "envelope"),
]


@pytest.mark.parametrize(("document", "what"), OF_THE_WAVE)
def test_a_refusal_of_what_every_record_is_sent_with_belongs_to_the_wave(document: Any, what: str) -> None:
    answer = post(400, document)
    assert type(answer) is WaveRefused
    assert answer.what == what


@pytest.mark.parametrize(
    "document",
    [
        NESTED,
        FLAT,
        {"payload": ["No account like this."]},
        {"payload": {"non_field_errors": ["The balances differ."]}},
        {"customers": {"0": {"import_supplier": ["Unknown."]}}},
        {"metadata": {"0": {"key": ["task_params may not be a key."]}}},
        {"payment_schedules": {"0": {"start_date": [MISSING]}}},
        flat("customers.0.email", "required", MISSING),
    ],
)
def test_other_refusals_belong_to_the_record(document: Any) -> None:
    assert type(post(400, document)) is Refused


def test_the_envelope_is_not_part_of_a_path() -> None:
    (wrapped,) = findings_of(document={"payload": NESTED})
    (bare,) = findings_of(document=NESTED)
    assert wrapped == bare


def test_a_paused_supplier_is_told_before_anything_else_about_the_wave() -> None:
    refused = {"attr": "import_supplier", "code": "invalid", "detail": "No."}
    assert post(400, {"errors": [refused, PAUSED]}) == SupplierPaused()


@pytest.mark.parametrize(
    ("event", "changed_at"),
    [
        ({"occurred_at": "2026-11-21T08:00:00+00:00"}, NOW - timedelta(seconds=1)),
        ({"occurred_at": "2026-11-21T08:00:00"}, None),
        ({"occurred_at": None}, None),
        ({"event": "CREATED"}, None),
        ("2026-11-21T08:00:00+00:00", None),
        (None, None),
    ],
)
def test_the_time_of_the_latest_event_is_read_on_our_own_clock(
    event: Any, changed_at: datetime | None
) -> None:
    answer = get(200, {**STATUS, "latest_event": event}, Date="Sat, 21 Nov 2026 08:00:01 GMT")
    assert answer.changed_at == changed_at


def test_an_error_while_processing_brings_its_code() -> None:
    error = {"code": "some_error_code", "detail": "A detailed error message", "domain": "account_import"}
    answer = get(200, {**STATUS, "status": "ERRORED", "latest_error": error})
    assert (answer.latest_error.code, answer.latest_error.detail) == (
        "some_error_code",
        "A detailed error message",
    )


def test_a_clock_of_krakens_that_is_slow_does_not_make_its_answers_old() -> None:
    slow = {**STATUS, "created_at": "2026-11-21T08:00:00+00:00"}
    answer = get(200, slow, Date="Sat, 21 Nov 2026 08:00:01 GMT")
    assert answer.created_at == NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (404, {"detail": "The requested resource was not found.", "code": "not_found"}, NotFound),
        (404, {"detail": "Not Found"}, Misrouted),
        (404, None, Misrouted),
        (200, None, Unknown),
        (200, {"status": None}, Unknown),
        (200, ["PROCESSED"], Unknown),
        (400, {"detail": "x", "code": "y"}, Unknown),
        (302, None, Misrouted),
        (401, None, Unauthorised),
        (403, None, Forbidden),
        (429, None, Throttled),
        (502, None, Unknown),
    ],
)
def test_each_answer_to_a_status_is_told_apart(status: int, document: Any, kind: type) -> None:
    assert type(get(status, document)) is kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["detail", "code", "attr", "errors", "non_field_errors", "0", "status", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_no_answer_makes_the_reader_crash(status: int, body: bytes) -> None:
    headers = {"Retry-After": body.decode("latin-1"), "Date": body.decode("latin-1")}
    for read in (read_validate, read_create, read_status):
        read(status=status, headers=headers, body=body, now=NOW)


def test_a_refusal_nested_a_thousand_deep_does_not_crash() -> None:
    document: Any = "deep"
    for _ in range(5_000):
        document = {"a": document}
    assert len(findings_of(document=document)) == 1


def test_a_date_beyond_the_calendar_is_ignored_and_the_status_is_still_read() -> None:
    answer = get(200, {"status": "PROCESSED"}, Date="Fri, 31 Dec 9999 23:59:59 -2359")
    assert answer.status == "PROCESSED"


def test_no_finding_is_too_long_for_an_index_and_its_path_ends_with_a_whole_name() -> None:
    error = {"detail": "x", "code": "c" * 5_000, "attr": "customers.0." + "contact_details." * 500}
    (finding,) = post(400, {"errors": [error]}).findings
    assert len(f"{finding.code}{finding.path}") <= 600
    assert finding.path.endswith(".contact_details")
    (finding,) = post(400, {"errors": [{**error, "attr": "x" * 5_000}]}).findings
    assert finding.path == ""


def test_a_detail_is_cut_between_words_so_that_no_part_of_a_value_escapes_its_mask() -> None:
    detail = "word " * 198 + "Quillfeather"
    (finding,) = post(400, {"customers": [detail]}).findings
    assert finding.detail == "word " * 197 + "word…"
    assert post(400, ["x" * 2_000]).findings[0].detail == "…"


@pytest.mark.parametrize("identifier", ["", "A" * 201, 5, None])
def test_what_is_too_long_for_an_identifier_is_none(identifier: Any) -> None:
    assert get(200, {"status": "PROCESSED", "kraken_identifier": identifier}).kraken_identifier is None
    assert post(400, {**ALREADY_ACCOUNT, "account_id": identifier}).kraken_identifier is None
