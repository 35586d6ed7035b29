"""What each status means with each kind of body, at each endpoint: every cell of the table is stated here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from kraken_import.client.answers import (
    Accepted,
    Answer,
    FailedValidation,
    Forbidden,
    Misrouted,
    NotFound,
    ProcessStatus,
    Refused,
    Throttled,
    Unauthorised,
    Unknown,
    read_create,
    read_refused_listing,
    read_status,
    read_validate,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REFUSAL = json.dumps({"customers": {"0": {"landline": ["abcde is not a valid phone number"]}}}).encode()
STATUS = json.dumps({"status": "PENDING", "created_at": None, "latest_error": None}).encode()
NOT_FOUND = json.dumps({"detail": "Not there.", "code": "not_found"}).encode()
FAILED = json.dumps({"code": "import_process_failed_validation", "detail": "Not valid."}).encode()
PAGE = b"\n<!doctype html><title>400 Bad Request</title>"
HTML = {"Content-Type": "text/html; charset=utf-8"}

BODIES: dict[str, tuple[bytes, Mapping[str, str]]] = {
    "nothing": (b"", {}),
    "a page": (PAGE, HTML),
    "a page without a type": (PAGE, {}),
    "a page behind a byte order mark": (b"\xef\xbb\xbf" + PAGE, {}),
    "a page in UTF-16": (PAGE.decode().encode("utf-16"), {}),
    "a refusal called a page": (REFUSAL, HTML),
    "a status called a page": (STATUS, HTML),
    "a sentence": (b"Bad Request", {"Content-Type": "text/plain"}),
    "a JSON string": (b'"Bad Request"', {}),
    "a JSON null": (b"null", {}),
    "a refusal cut short": (REFUSAL[:-3], {}),
    "a status cut short": (STATUS[:-3], {}),
    "an empty object": (b"{}", {}),
    "a list": (b'["Not valid."]', {}),
    "a refusal": (REFUSAL, {}),
    "a refusal not in UTF-8": (REFUSAL.replace(b"abcde", b"abc\xe9"), {}),
    "a refusal with half a character": (REFUSAL.replace(b"abcde", rb"abc\ud83d"), {}),
    "a refusal with a NUL": (REFUSAL.replace(b"abcde", rb"abc\u0000"), {}),
    "a status": (STATUS, {}),
    "a status not in UTF-8": (STATUS.replace(b"null}", b'{"detail": "\xff"}}'), {}),
    "not found": (NOT_FOUND, {}),
    "not found called a page": (NOT_FOUND, HTML),
    "not found, and something else": (NOT_FOUND[:-1] + b', "code": "throttled"}', {}),
    "something else, and not found": (b'{"code": "throttled", ' + NOT_FOUND[1:], {}),
    "a status twice": (STATUS[:-1] + b', "status": "PENDING"}', {}),
    "two statuses": (STATUS[:-1] + b', "status": "PROCESSED"}', {}),
    "two statuses, one with an escape": (STATUS[:-1] + rb', "st\u0061tus": "PROCESSED"}', {}),
    "a status of a page's length": (STATUS.replace(b"PENDING", b"PENDING" * 100), {}),
    "a failed validation": (FAILED, {}),
    "errors in a list": (b'{"errors": [' + FAILED + b"]}", {}),
    "errors of the whole record": (b'{"non_field_errors": ' + FAILED + b"}", {}),
    "an error with a number that is too long": (FAILED[:-1] + b', "n": ' + b"9" * 400 + b"}", {}),
}
SAYS_ERROR = {
    "not found",
    "not found, and something else",
    "something else, and not found",
    "a failed validation",
    "errors in a list",
    "errors of the whole record",
    "an error with a number that is too long",
}
SAYS_FAILED = {"a failed validation", "errors in a list", "errors of the whole record"}
NO_JSON = {
    "nothing",
    "a page",
    "a page without a type",
    "a page behind a byte order mark",
    "a page in UTF-16",
    "a sentence",
    "a JSON string",
    "a JSON null",
    "a refusal cut short",
    "a status cut short",
    "an error with a number that is too long",
}
CALLED_PAGES = {name for name, (_, headers) in BODIES.items() if headers == HTML} | {
    "a page without a type",
    "a page behind a byte order mark",
    "a page in UTF-16",
}

POSTED: dict[int, dict[type, set[str]]] = {
    **{
        # A status of success proves nothing beside a body that says that it is an error.
        status: {
            Misrouted: CALLED_PAGES,
            Unknown: SAYS_ERROR,
            Accepted: set(BODIES) - CALLED_PAGES - SAYS_ERROR,
        }
        for status in (200, 201, 202, 204)
    },
    **{status: {Misrouted: set(BODIES)} for status in (301, 302, 307, 404, 405)},
    # A gateway refuses with a page, a word or nothing: the record is looked up, and is not called invalid.
    **{
        status: {
            Unknown: NO_JSON | CALLED_PAGES,
            FailedValidation: SAYS_FAILED,
            Refused: set(BODIES) - NO_JSON - CALLED_PAGES - SAYS_FAILED,
        }
        for status in (400, 422)
    },
    401: {Unauthorised: set(BODIES)},
    403: {Forbidden: set(BODIES)},
    413: {Refused: set(BODIES)},
    429: {Throttled: set(BODIES)},
    **{status: {Unknown: set(BODIES)} for status in (402, 408, 409, 415, 500, 502, 503, 504)},
}

A_STATUS = {"a status twice", "a status", "a status called a page", "a status not in UTF-8"}
NOT_THERE = {"not found", "not found called a page"}
ASKED: dict[int, dict[type, set[str]]] = {
    # A page instead of a status: another host answers, or a gateway's page for a maintenance.
    200: {
        ProcessStatus: A_STATUS,
        Misrouted: CALLED_PAGES - A_STATUS,
        Unknown: set(BODIES) - A_STATUS - CALLED_PAGES,
    },
    404: {NotFound: NOT_THERE, Misrouted: set(BODIES) - NOT_THERE},
    401: {Unauthorised: set(BODIES)},
    403: {Forbidden: set(BODIES)},
    429: {Throttled: set(BODIES)},
    **{status: {Misrouted: set(BODIES)} for status in (301, 302, 307)},
    **{
        status: {Unknown: set(BODIES)}
        for status in (201, 202, 204, 400, 402, 405, 408, 409, 413, 415, 422, 500, 502, 503, 504)
    },
}

LISTED: dict[int, type] = {
    **dict.fromkeys((301, 302, 307), Misrouted),
    **dict.fromkeys((404, 405, 410), NotFound),
    **dict.fromkeys((201, 204, 400, 409, 413, 422, 500, 502, 503, 504), Unknown),
    401: Unauthorised,
    403: Forbidden,
    429: Throttled,
}


def cells(table: dict[int, dict[type, set[str]]]) -> list[tuple[int, str, type]]:
    """(status, body, answer) of a table, in which each status must say something of each body, and once."""
    for status, row in table.items():
        assert sorted(body for bodies in row.values() for body in bodies) == sorted(BODIES), status
    return [
        (status, body, kind)
        for status, row in table.items()
        for kind, bodies in row.items()
        for body in sorted(bodies)
    ]


@pytest.mark.parametrize("read", [read_validate, read_create])
def test_each_body_of_each_answer_to_a_post_means_what_the_table_says(read: type) -> None:
    found = {}
    for status, body, kind in cells(POSTED):
        raw, headers = BODIES[body]
        given: Answer = read(status=status, headers=headers, body=raw, now=NOW)
        if type(given) is not kind:
            found[status, body] = given
    assert found == {}


def test_each_body_of_each_answer_to_a_status_request_means_what_the_table_says() -> None:
    found = {}
    for status, body, kind in cells(ASKED):
        raw, headers = BODIES[body]
        given = read_status(status=status, headers=headers, body=raw, now=NOW)
        if type(given) is not kind:
            found[status, body] = given
    assert found == {}


@pytest.mark.parametrize(("status", "kind"), LISTED.items())
def test_a_listing_that_was_not_given_is_told_apart_by_its_status(status: int, kind: type) -> None:
    assert type(read_refused_listing(status=status, headers={}, now=NOW)) is kind


@pytest.mark.parametrize(
    "body", ["a refusal not in UTF-8", "a refusal with half a character", "a refusal with a NUL"]
)
def test_a_refusal_that_echoes_broken_characters_keeps_its_path_in_text_that_a_database_holds(
    body: str,
) -> None:
    raw, headers = BODIES[body]
    answer = read_create(status=400, headers=headers, body=raw, now=NOW)
    assert isinstance(answer, Refused)
    (finding,) = answer.findings
    assert finding.path == "customers.0.landline"
    assert "\x00" not in finding.detail
    assert finding.detail.encode().startswith(b"abc")


def test_an_answer_of_nothing_but_brackets_does_not_crash_the_reader() -> None:
    for status, read in ((400, read_create), (200, read_status)):
        assert isinstance(read(status=status, headers={}, body=b"[" * 900_000, now=NOW), Unknown)
