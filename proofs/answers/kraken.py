"""Kraken's answers: to validate, create and status, of listings, and the headers that come with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any, Final

import orjson
from hypothesis import strategies as st

from kraken_import.client.answers import (
    Accepted,
    AlreadyImported,
    Answer,
    FailedValidation,
    Misrouted,
    NotFound,
    ProcessStatus,
    Refused,
    Throttled,
    WaveRefused,
    read_create,
    read_refused_listing,
    read_status,
    read_validate,
)
from kraken_import.client.headers import http_date, retry_after
from kraken_import.client.json_array import BrokenArray, JsonArray
from kraken_import.client.refusals import about_the_wave, findings_of, reasons_of
from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, State, state_of_status
from kraken_import.domain.masking import mask_findings
from kraken_import.usecases.reasons import reasons
from proofs.answers.contract import Parser, claim
from proofs.answers.damage import (
    GIANTS,
    TEXTS,
    any_characters,
    any_of,
    bodies,
    documents,
    serialised,
    texts,
    values,
)
from transforms.answers import INVALID, is_unnamed, named
from transforms.findings import Finding
from transforms.registry import dialect_names, get_dialect

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_LONGEST_HOUR: Final = 3_600.0
_LONGEST_TEXT: Final = 1_000
_INDEXED: Final = 2_700
"""Bytes that an index of Postgres can hold of one row."""

_FLAT: Final = {
    "detail": "Could not validate account data.",
    "code": "account_failed_validation",
    "errors": [{"detail": "abcde is not valid", "code": "invalid_phone", "attr": "customers[0].landline"}],
}
_ALREADY: Final = {
    "non_field_errors": {"detail": "Already there.", "code": "account_import_process_already_imported"},
    "account_id": "A-12345678",
}
REFUSALS: Final[tuple[Any, ...]] = (
    {"customers": {"0": {"landline": ["abcde is not a valid phone number"]}}},
    _FLAT,
    _ALREADY,
    {"code": "import_process_failed_validation", "detail": "Not valid.", "domain": "import_process"},
    {"code": "import_supplier_migration_not_ongoing", "detail": "Paused."},
    {
        "task_params": {"schedule_window_end": ["Too far ahead."]},
        "payload": {"import_supplier": ["Unknown."]},
    },
    {"payload": ["This field is required."], "task_params": ["This field is required."]},
    {"errors": [{"detail": "x", "code": "schedule_window_start__after_end", "attr": None}], "domain": "y"},
    ["Not valid."],
    {},
)
STATUSES: Final = (
    {
        "status": "PROCESSED",
        "kraken_identifier": "A-1",
        "created_at": "2026-11-21T08:59:00Z",
        "latest_error": {"code": "x", "detail": "y", "domain": "z"},
        "latest_event": {"event": "PROCESSED", "occurred_at": "2026-11-21T08:59:30+00:00", "data": {}},
    },
    {"status": "DRY_RUN_ERRORED", "latest_error": None},
    {
        "status": "ERRORED",
        "latest_error": {"code": None, "detail": None, "domain": None},
        "latest_event": {
            "event": "EVENT_ACCOUNT_IMPORT_PROCESS_ERRORED",
            "occurred_at": "2026-11-21T08:59:30+00:00",
            "data": {"code": "x", "detail": "y", "domain": "z", "errors": [{"code": "x", "detail": "y"}]},
        },
    },
    {"code": "not_found", "detail": "Not there."},
)
LISTED: Final[tuple[Any, ...]] = (
    [
        {"external_account_number": "1", "kraken_account_number": "A-1", "account_created_at": "2026-11-21"},
        {"external_account_number": "2", "kraken_account_number": None, "data": {"a": {"b": "}"}}},
    ],
    [],
)

statuses: Final = st.sampled_from(
    [200, 200, 201, 202, 204, 206, 301, 400, 400, 401, 403, 404, 413, 422, 429, 500]
)
dates: Final = st.one_of(
    any_of(
        [
            "Fri, 31 Dec 9999 23:59:59 -2359",
            "Mon, 01 Jan 0001 00:00:00 +2359",
            "Sat, 21 Nov 2026 09:00:30 GMT",
            "Sat, 21 Nov 2026 09:00:30 +9999",
            "21 Nov 99999999999999999999 09:00:30",
            "(" * 50,
            *TEXTS,
        ]
    ),
    st.datetimes(timezones=st.just(UTC)).map(format_datetime),
    st.text("0123456789 :,+-JanFebMonSun()GMTZ", max_size=40),
    any_characters,
)
headers: Final = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": dates | st.integers().map(str),
        "Date": dates,
        "Content-Type": st.sampled_from(["text/html; charset=utf-8", "application/json", ""]),
    },
)
answers_to_posts: Final = st.tuples(statuses, headers, bodies(*REFUSALS, *STATUSES))
answers_to_questions: Final = st.tuples(statuses, headers, bodies(*STATUSES))


def _read_post(given: tuple[int, dict[str, str], bytes]) -> None:
    status, heads, body = given
    answer = read_create(status=status, headers=heads, body=body, now=NOW)
    claim(
        answer == read_validate(status=status, headers=heads, body=body, now=NOW),
        "Validate and create read the same answer in two ways.",
    )
    claim(not isinstance(answer, ProcessStatus | NotFound), "The answer to a POST is read as a status.")
    if isinstance(answer, Accepted):
        claim(200 <= status < 300, f"HTTP {status} is read as accepted.")
        claim(body.lstrip(b" \t\r\n\xef\xbb\xbf\xff\xfe\x00")[:1] != b"<", "A web page is read as accepted.")
        claim(not _is_error(body), "An error of Kraken's is read as accepted.")
    if isinstance(answer, Refused | FailedValidation | AlreadyImported | WaveRefused):
        claim(status in (400, 413, 422), f"HTTP {status} is read as a refusal.")
    _check(answer)


def _read_status(given: tuple[int, dict[str, str], bytes]) -> None:
    status, heads, body = given
    answer = read_status(status=status, headers=heads, body=body, now=NOW)
    claim(not isinstance(answer, Accepted | Refused), "A status is read as the answer to a POST.")
    if isinstance(answer, NotFound):
        claim(status == 404, f"HTTP {status} proves that a record is not there.")
        claim(_said(body, "code") == {"not_found"}, "What does not say not_found proves that.")
    if isinstance(answer, ProcessStatus):
        claim(status == 200, f"HTTP {status} is read as a status.")
        if state_of_status(status=answer.status) is not State.UNRECOGNISED:
            claim(_said(body, "status") == {answer.status}, "A status that contradicts itself is believed.")
        for time in (answer.created_at, answer.changed_at):
            claim(time is None or time.utcoffset() == timedelta(0), "A time is not in UTC.")
        _check_reasons(answer)
    _check(answer)


def _check_reasons(answer: ProcessStatus) -> None:
    """Claim that a bad end has a reason, and that an open record has none."""
    state = state_of_status(status=answer.status)
    found = reasons(answer=answer, state=state)
    if state in (State.ERRORED, State.DRY_RUN_ERRORED, State.UNRECOGNISED):
        claim(found, "An error is not explained.")
    claim(not found or state in ENDED_AT_KRAKEN | {State.UNRECOGNISED}, "What is open is explained.")
    for finding in found:
        _check_finding(finding)


def _read_listing_refusal(given: tuple[int, dict[str, str], bytes]) -> None:
    status, heads, _ = given
    answer = read_refused_listing(status=status, headers=heads, now=NOW)
    claim(not isinstance(answer, NotFound) or status in (404, 405, 410), "A listing is missing for nothing.")
    _check(answer)


def _check(answer: Answer) -> None:
    """Claim what every answer must be: texts that a database holds, and waits that end."""
    if isinstance(answer, Throttled):
        _check_wait(answer.retry_after)
    if isinstance(answer, Misrouted):
        _check_text(answer.reason, most=100)
    if isinstance(answer, ProcessStatus):
        _check_text(answer.status, most=_LONGEST_TEXT)
        _check_finding(answer.latest_error)
    if isinstance(answer, ProcessStatus | AlreadyImported):
        claim(answer.kraken_identifier != "", "An identifier is blank.")
        _check_text(answer.kraken_identifier or "", most=_LONGEST_TEXT)
    found = getattr(answer, "findings", None) or (getattr(answer, "finding", None),)
    claim(len(found) <= 200, "There are too many findings.")
    for finding in found:
        _check_finding(finding)


def _check_finding(finding: Finding | None) -> None:
    if finding is not None:
        for text in (finding.code, finding.path, finding.detail, finding.domain, finding.event):
            _check_text(text, most=_LONGEST_TEXT)
        claim(len(f"{finding.code}{finding.path}".encode()) < _INDEXED, "No index can hold a finding.")


def _check_text(text: str, *, most: int) -> None:
    claim(len(text) <= most, f"A text has {len(text):,} characters.")
    claim("\x00" not in text and text.encode(errors="replace") == text.encode(errors="ignore"), "No UTF-8.")


def _check_wait(seconds: float | None) -> None:
    claim(seconds is None or 0 <= seconds <= _LONGEST_HOUR, f"A wait takes {seconds} s.")


def _pairs(body: bytes) -> list[tuple[str, Any]]:
    """Return the pairs of an object in their order, including repeated ones; none for other values."""
    try:
        text = body.decode(errors="replace")
        document = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return []
    return list(document) if isinstance(document, _Pairs) else []


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with all its pairs."""


def _said(body: bytes, name: str) -> set[Any]:
    return {value if isinstance(value, str) else repr(value) for key, value in _pairs(body) if key == name}


def _is_error(body: bytes) -> bool:
    said = dict(_pairs(body))
    errors = said.get("errors")
    is_listed = isinstance(errors, list) and not isinstance(errors, _Pairs) and bool(errors)
    return is_listed or (isinstance(said.get("code"), str) and isinstance(said.get("detail"), str))


def _read_headers(value: str) -> None:
    for headers in (
        {"Retry-After": value},
        {"Retry-After": value, "Date": value},
        {"Retry-After": "9", "Date": value},
    ):
        _check_wait(retry_after(headers=headers, now=NOW))
    time = http_date(value=value)
    claim(time is None or time.utcoffset() == timedelta(0), "A date is not in UTC.")


def _read_own_date(time: datetime) -> None:
    claim(http_date(value=format_datetime(time, usegmt=True)) == time, "A date is read as another one.")


def _read_findings(document: Any) -> None:
    found = findings_of(document=document)
    claim(1 <= len(found) <= 200, "A refusal has no finding, or too many.")
    claim(all(isinstance(part, str) for each in found for part in (each.code, each.path)), "No text.")
    shared = about_the_wave(findings=found)
    claim(shared is None or shared[1] in found, "A wave is stopped for what Kraken did not say.")
    claim(all(each.origin == "kraken" for each in reasons_of(data=document)), "A reason is not Kraken's.")


def _read_names(given: tuple[str, Any]) -> None:
    dialect, document = given
    found = findings_of(document=document)
    called = named(findings=found, answers=get_dialect(name=dialect).answers)
    claim(len(called) == len(found), "A finding was lost, or made, when it was named.")
    for before, after in zip(found, called, strict=True):
        claim((before.path, before.detail) == (after.path, after.detail), "A finding is told otherwise.")
        claim(is_unnamed(finding=before) or after == before, "A code that Kraken gave was replaced.")
        claim(after.is_named or after.code == INVALID, "An unknown refusal has a code.")


_SENTENCES: Final[tuple[Any, ...]] = (
    {
        "customers": {
            "0": {"email": ["This field is required.", "Expected a list of items but got type str."]}
        }
    },
    {"supply_addresses": [{"meter_points": [{"dr_in_progress": ["It is disputed."]}]}]},
    {"supply_point": {"identifier": ['"1" is not a valid supply point identifier.']}},
)


_PERSONAL: Final = ("Zdenka Quillfeather", "0161 496 0999", "zdenka.q@example.org", "12 Quagmire Crescent")
_echoes: Final = st.lists(
    st.sampled_from(_PERSONAL) | st.text("abc .,'\"“”:;-\n•{}", max_size=12), min_size=1, max_size=12
).map(" ".join)
_long: Final = st.builds(lambda words, pad: "x " * pad + words, _echoes, st.integers(0, 510))


def _read_echo(given: tuple[str, str, str, bool]) -> None:
    detail, code, path, is_flat = given
    payload = orjson.dumps({"customers": [{"name": _PERSONAL[0], "more": list(_PERSONAL[1:])}], "balance": 1})
    error: Any = {"detail": detail, "code": code, "attr": path, "domain": detail}
    body = serialised({"errors": [error]} if is_flat else {path: {"0": {path: [detail]}}})
    answer = read_create(status=400, headers={}, body=body, now=NOW)
    if not isinstance(answer, Refused):
        return
    for finding in mask_findings(answer.findings, payload):
        shown = repr(finding).casefold()
        for value in _PERSONAL:
            claim(value.casefold() not in shown, "A personal value is told.")
            # If only the beginning of a name is shown, the name counts as shown.
            for end in range(8, len(value)):
                claim(not finding.detail.endswith(value[:end]), "The beginning of a personal value is told.")


def _read_array(given: tuple[bytes, list[int]]) -> None:
    body, cuts = given
    whole, parts = _objects([body]), _objects(_cut(body, cuts))
    claim(whole == parts, "An array is read otherwise when it arrives in other parts.")
    if whole is None:
        raise BrokenArray("It is none.")
    claim(whole == _oracle(body), "An array is read as something else.")


def _objects(parts: list[bytes]) -> list[Any] | None:
    array, found = JsonArray(), []
    try:
        for part in parts:
            found += array.feed(chunk=part)
        array.close()
    except BrokenArray:
        return None
    return found


def _oracle(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return "no JSON"


def _cut(body: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    return [body[begin:end] for begin, end in pairwise(places)]


PARSERS: Final = (
    Parser(
        name="answer to validate and create",
        inputs=answers_to_posts,
        read=_read_post,
        always=tuple((status, {}, body) for body in GIANTS for status in (201, 400)),
    ),
    Parser(
        name="answer of the status endpoint",
        inputs=answers_to_questions,
        read=_read_status,
        always=tuple((status, {}, body) for body in GIANTS for status in (200, 404)),
    ),
    Parser(name="refused listing", inputs=answers_to_posts, read=_read_listing_refusal),
    Parser(name="findings of a refusal", inputs=documents(*REFUSALS) | values, read=_read_findings),
    Parser(
        name="codes of a refusal",
        inputs=st.tuples(st.sampled_from(dialect_names()), documents(*REFUSALS, *_SENTENCES) | values),
        read=_read_names,
    ),
    Parser(
        name="masked echo of a refusal",
        inputs=st.tuples(
            _echoes | _long, texts | st.just("invalid"), texts | st.just("customers"), st.booleans()
        ),
        read=_read_echo,
    ),
    Parser(name="Retry-After and Date", inputs=dates | st.integers().map(str), read=_read_headers),
    Parser(
        name="Date that was written",
        inputs=st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, tz=UTC)),
        read=_read_own_date,
    ),
    Parser(
        name="listing as it arrives",
        inputs=st.tuples(bodies(*LISTED), st.lists(st.integers(0, 500), max_size=6)),
        read=_read_array,
        refusals=(BrokenArray,),
        always=tuple((body, [5]) for body in GIANTS),
    ),
)
