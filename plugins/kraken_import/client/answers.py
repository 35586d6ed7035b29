"""Kraken's answers, told apart by what the caller must do. Pure: bytes in, one of the classes below out.

Sources: the customer-migration guides (both shapes of 400) and the served OpenAPI document. A body is
never required where a status code says enough. A refusal of Kraken's is JSON: any other 400 comes from
something on the way, so it says nothing about the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

import orjson

from transforms.findings import Finding

_SUPPLIER_PAUSED: Final = "import_supplier_migration_not_ongoing"
_FAILED_VALIDATION: Final = "import_process_failed_validation"
_ALREADY_IMPORTED: Final = "_import_process_already_imported"
_NO_FIELD: Final = "non_field_errors"

_UNSPECIFIED: Final = "invalid"
"""Code of an error for which Kraken gives only a message (Django style)."""

_MOST_FINDINGS: Final = 200
_LONGEST_DETAIL: Final = 1_000
_LONGEST_WAIT: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Valid, or scheduled for creation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The record is invalid: nothing was created."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedValidation:
    """Invalid at creation, without detail: validating again tells why."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyImported:
    """Kraken has this record: a lost answer, an earlier wave, or somebody else's. The status tells."""

    kraken_identifier: str | None
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierPaused:
    """The migration of the import supplier is paused or complete: no record of it can succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Too much at once; `retry_after` in seconds where Kraken says so."""

    retry_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthorised:
    """401: the token is wrong or has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """403: the token may not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """Kraken knows no such import process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misrouted:
    """Whatever answered is no data-import API: a wrong host, a redirect, a gateway's own page."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """How an import process stands. Both times are put onto our own clock by the answer's Date header.

    `changed_at` is when the latest event of the process occurred; None where Kraken names none.
    """

    status: str
    kraken_identifier: str | None
    created_at: datetime | None
    latest_error: Finding | None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The request never left; `never_tried` when that was not for Kraken or the network."""

    reason: str
    never_tried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer, or none that says anything: the request may or may not have had its effect."""

    reason: str


Answer: TypeAlias = (
    Accepted
    | Refused
    | FailedValidation
    | AlreadyImported
    | SupplierPaused
    | Throttled
    | Unauthorised
    | Forbidden
    | NotFound
    | Misrouted
    | ProcessStatus
    | NotSent
    | Unknown
)


def read_validate(*, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    """Read the answer to a validation."""
    return _read_post(status=status, headers=headers, body=body, now=now)


def read_create(*, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    """Read the answer to a create."""
    return _read_post(status=status, headers=headers, body=body, now=now)


def read_status(*, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    """Read the answer of the status endpoint. Only Kraken's own `not_found` proves that nothing is there."""
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    document = _json(body=body)
    if status == 404:
        if isinstance(document, dict) and document.get("code") == "not_found":
            return NotFound()
        return Misrouted(reason="a 404 that is not Kraken's own")
    if status == 200 and isinstance(document, dict) and isinstance(document.get("status"), str):
        identifier, event = document.get("kraken_identifier"), document.get("latest_event")
        occurred_at = event.get("occurred_at") if isinstance(event, dict) else None
        return ProcessStatus(
            status=document["status"],
            kraken_identifier=identifier if isinstance(identifier, str) and identifier else None,
            created_at=_on_our_clock(time=_time(document.get("created_at")), headers=headers, now=now),
            latest_error=_latest_error(document.get("latest_error")),
            changed_at=_on_our_clock(time=_time(occurred_at), headers=headers, now=now),
        )
    if status == 200 and is_web_page(headers=headers, body=body):
        return Misrouted(reason="a web page instead of a status")
    if status == 400 and isinstance(_read_refusal(document=document), SupplierPaused):
        return SupplierPaused()
    return Unknown(reason=f"HTTP {status} without a readable status")


def read_refused_listing(*, status: int, headers: Mapping[str, str], now: datetime) -> Answer:
    """Read the answer of a listing that was not given. A 404 says that this Kraken has no such listing."""
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    return NotFound() if status in (404, 405, 410) else Unknown(reason=f"HTTP {status} without a listing")


def findings_of(*, document: Any) -> tuple[Finding, ...]:
    """Every error of a 400's body, nested (Django style) or flat, in one form; at least one."""
    findings: list[Finding] = []
    for path, code, detail in _errors(document):
        findings.append(_finding(code=code, path=path, detail=detail))
        if len(findings) == _MOST_FINDINGS:
            break
    return tuple(findings) or (
        _finding(code=_UNSPECIFIED, path="", detail="Kraken refused the record without saying why."),
    )


def _read_post(*, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    if 200 <= status < 300:
        if is_web_page(headers=headers, body=body):
            return Misrouted(reason=f"a web page (HTTP {status})")
        return Accepted()
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    if status in (404, 405):
        return Misrouted(reason=f"HTTP {status} to a POST")
    if status == 413:
        # It says of itself why, and that nothing was taken in, whoever on the way set the limit.
        return Refused(
            findings=(
                _finding(
                    code="payload_too_large",
                    path="",
                    detail="The payload is too large for Kraken, or for a gateway before it.",
                ),
            )
        )
    if status in (400, 422):
        document = None if is_web_page(headers=headers, body=body) else _json(body=body)
        if isinstance(document, dict | list):
            return _read_refusal(document=document)
        return Unknown(reason=f"HTTP {status} without Kraken's reasons")
    return Unknown(reason=f"HTTP {status}")


def _read_common(*, status: int, headers: Mapping[str, str], now: datetime) -> Answer | None:
    if status == 401:
        return Unauthorised()
    if status == 403:
        return Forbidden()
    if status == 429:
        return Throttled(retry_after=retry_after(headers=headers, now=now))
    if 300 <= status < 400:
        return Misrouted(reason=f"a redirect (HTTP {status})")
    if status >= 500:
        return Unknown(reason=f"HTTP {status}")
    return None


def is_web_page(*, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this is a sign-in page or the like: a gateway's answer, and no consent of Kraken's."""
    is_html = headers.get("Content-Type", "").lower().startswith("text/html")
    return is_html or body.lstrip()[:1] == b"<"


def _read_refusal(*, document: Any) -> Answer:
    findings = findings_of(document=document)
    codes = {finding.code for finding in findings}
    if _SUPPLIER_PAUSED in codes:
        return SupplierPaused()
    for finding in findings:
        if finding.code == _FAILED_VALIDATION:
            return FailedValidation(finding=finding)
        if finding.code.endswith(_ALREADY_IMPORTED):
            account = document.get("account_id") if isinstance(document, dict) else None
            return AlreadyImported(
                kraken_identifier=account if isinstance(account, str) and account else None,
                finding=finding,
            )
    return Refused(findings=findings)


def _errors(document: Any) -> Iterator[tuple[str, str, str]]:
    """(path, code, detail) of every error, walking both shapes without recursion."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            yield ".".join(path), _UNSPECIFIED, node
        elif isinstance(node, dict):
            listed = node.get("errors")
            if not path and isinstance(listed, list) and listed:
                waiting.extend(((), error) for error in reversed(listed))
                continue
            detail = node.get("detail", node.get("message"))
            if isinstance(detail, str) and isinstance(node.get("code"), str):
                attribute = node.get("attr")
                yield ".".join(path) or _path(attribute), node["code"], detail
                continue
            # Beside the errors of the whole record Kraken repeats identifiers, which are no errors.
            inner = (
                {_NO_FIELD: node[_NO_FIELD]} if not path and _NO_FIELD in node and len(node) <= 2 else node
            )
            for key, value in reversed(inner.items()):
                waiting.append((path if key == _NO_FIELD else (*path, str(key)), value))
        elif isinstance(node, list):
            for index, value in reversed(list(enumerate(node))):
                nested = isinstance(value, dict | list) and not _is_error(value)
                waiting.append(((*path, str(index)) if nested else path, value))


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("code"), str) and "detail" in value


def _path(attribute: Any) -> str:
    if not isinstance(attribute, str) or attribute == _NO_FIELD:
        return ""
    dotted = attribute.replace("[", ".").replace("]", "").strip(".")
    return dotted.removesuffix(f".{_NO_FIELD}")


def _finding(*, code: str, path: str, detail: str) -> Finding:
    return Finding(code=code, path=path, detail=detail[:_LONGEST_DETAIL], origin="kraken")


def _latest_error(value: Any) -> Finding | None:
    if not isinstance(value, dict):
        return None
    code, detail = value.get("code"), value.get("detail")
    return _finding(
        code=code if isinstance(code, str) and code else _UNSPECIFIED,
        path="",
        detail=detail if isinstance(detail, str) else "Kraken gives no detail.",
    )


def _json(*, body: bytes) -> Any:
    """The document, or None when the body is no JSON. What no text column can hold is replaced."""
    # A NUL is legal in JSON and in no text of Postgres.
    body = body.replace(b"\\u0000", b"\\ufffd")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _lenient_json(body=body)


def _lenient_json(*, body: bytes) -> Any:
    """JSON that bytes outside of UTF-8, or half a character, have crept into: echoes of what was sent."""
    with suppress(ValueError, RecursionError):
        document = json.loads(body.decode(errors="replace"))
        return orjson.loads(json.dumps(document, ensure_ascii=False).encode(errors="replace"))
    return None


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _on_our_clock(*, time: datetime | None, headers: Mapping[str, str], now: datetime) -> datetime | None:
    sent_at = http_date(value=headers.get("Date"))
    if time is None or sent_at is None:
        return time
    with suppress(OverflowError):
        return time + (now - sent_at)
    return time


def retry_after(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds of a Retry-After header, an hour at most; None for one that says nothing.

    A date in it is told by the clock of whoever answers, as their Date is.
    """
    value = headers.get("Retry-After")
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        seconds = float(value)
    else:
        until = _on_our_clock(time=http_date(value=value), headers=headers, now=now)
        if until is None:
            return None
        seconds = (until - now) / timedelta(seconds=1)
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def http_date(*, value: str | None) -> datetime | None:
    """The time of an HTTP date; None for what is none."""
    if value is None:
        return None
    try:
        time = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
