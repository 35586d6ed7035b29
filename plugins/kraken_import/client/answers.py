"""Kraken's answers, told apart by what the caller must do. Pure: bytes in, one of the classes below out.

Sources: the customer-migration guides (both shapes of 400) and the served OpenAPI document. A body is
not required where a status code says enough. Kraken refuses in JSON: any other 400 comes from a component
on the way, so it says nothing about the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson

from kraken_import.client.headers import on_our_clock, retry_after
from kraken_import.client.refusals import (
    NO_FIELD,
    Shared,
    about_the_wave,
    finding_of,
    findings_of,
    is_error,
    reason_of,
    reasons_of,
)
from transforms.findings import Finding

_SUPPLIER_PAUSED: Final = "import_supplier_migration_not_ongoing"
_FAILED_VALIDATION: Final = "import_process_failed_validation"
_ALREADY_IMPORTED: Final = "_import_process_already_imported"

_BEFORE_TEXT: Final = b" \t\n\r\v\f\xef\xbb\xbf\xfe\xff\x00"
"""Blanks, and the byte order marks that some editors write at the beginning of a text."""

LONGEST_NAME: Final = 200
"""Longest status or identifier in characters: a longer text is neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Valid, or scheduled for creation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The record is invalid: nothing was created."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedValidation:
    """Invalid at creation, without detail: another validation tells why."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyImported:
    """Kraken has this record: from a lost answer, an earlier wave or another client. Its status tells."""

    kraken_identifier: str | None
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierPaused:
    """The migration of the import supplier is paused or complete: no record of it can succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRefused:
    """Kraken refuses something that every record of the wave is sent with: none was or can be created."""

    what: Shared
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Too many requests at once; `retry_after` in seconds where Kraken gives it."""

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
    """The answer does not come from a data-import API: a wrong host, a redirect, a gateway's own page."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The latest event of an import process: Kraken's name for it, and the errors in its data."""

    name: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """How an import process stands. Both times are converted to our own clock by the answer's Date header.

    `changed_at` is when the latest event of the process occurred; None where Kraken names none.
    """

    status: str
    kraken_identifier: str | None
    created_at: datetime | None
    latest_error: Finding | None
    changed_at: datetime | None = None
    latest_event: Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The request was not sent; `never_tried` when neither Kraken nor the network was the reason."""

    reason: str
    never_tried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer, or one that settles nothing: the request may or may not have had its effect."""

    reason: str


Answer: TypeAlias = (
    Accepted
    | Refused
    | FailedValidation
    | AlreadyImported
    | SupplierPaused
    | WaveRefused
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
    """Read the answer of the status endpoint. Only Kraken's own `not_found` proves its absence."""
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    document = _json(body=body)
    if status == 404:
        if _says(document=document, body=body, name="code") == "not_found":
            return NotFound()
        return Misrouted(reason="a 404 that is not Kraken's own")
    said = _says(document=document, body=body, name="status") if status == 200 else None
    if said is not None:
        event = document.get("latest_event")
        occurred_at = event.get("occurred_at") if isinstance(event, dict) else None
        return ProcessStatus(
            status=said,
            kraken_identifier=read_identifier(value=document.get("kraken_identifier")),
            created_at=on_our_clock(time=_time(document.get("created_at")), headers=headers, now=now),
            latest_error=reason_of(value=document.get("latest_error")),
            changed_at=on_our_clock(time=_time(occurred_at), headers=headers, now=now),
            latest_event=_event(event),
        )
    if status == 200 and is_web_page(headers=headers, body=body):
        return Misrouted(reason="a web page instead of a status")
    if status == 400 and isinstance(_read_refusal(document=document), SupplierPaused):
        return SupplierPaused()
    return Unknown(reason=f"HTTP {status} without a readable status")


def read_refused_listing(*, status: int, headers: Mapping[str, str], now: datetime) -> Answer:
    """Read the answer to a refused listing. A 404 says that this Kraken does not have such a listing."""
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    return NotFound() if status in (404, 405, 410) else Unknown(reason=f"HTTP {status} without a listing")


def _read_post(*, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    if 200 <= status < 300:
        if is_web_page(headers=headers, body=body):
            return Misrouted(reason=f"a web page (HTTP {status})")
        return Unknown(reason=f"HTTP {status} with an error") if _is_refusal(body=body) else Accepted()
    common = _read_common(status=status, headers=headers, now=now)
    if common is not None:
        return common
    if status in (404, 405):
        return Misrouted(reason=f"HTTP {status} to a POST")
    if status == 413:
        # The status itself says that nothing was taken in, whichever component set the limit.
        return Refused(
            findings=(
                finding_of(
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
    """Return whether this is a sign-in page or the like: a gateway's answer, not Kraken's."""
    is_html = headers.get("Content-Type", "").lower().startswith("text/html")
    return is_html or body.lstrip(_BEFORE_TEXT)[:1] == b"<"


def _is_refusal(*, body: bytes) -> bool:
    """Return whether the body calls itself, or may call itself, an error, whatever its status."""
    if b'errors"' not in body and b'"code"' not in body:
        return False
    document = _json(body=body)
    return document is None or (
        isinstance(document, dict)
        and bool(document.get("errors") or document.get(NO_FIELD) or is_error(value=document))
    )


def _read_refusal(*, document: Any) -> Answer:
    findings = findings_of(document=document)
    codes = {finding.code for finding in findings}
    if _SUPPLIER_PAUSED in codes:
        return SupplierPaused()
    of_the_wave = about_the_wave(findings=findings)
    if of_the_wave is not None:
        return WaveRefused(what=of_the_wave[0], finding=of_the_wave[1])
    for finding in findings:
        if finding.code == _FAILED_VALIDATION:
            return FailedValidation(finding=finding)
        if finding.code.endswith(_ALREADY_IMPORTED):
            account = document.get("account_id") if isinstance(document, dict) else None
            return AlreadyImported(kraken_identifier=read_identifier(value=account), finding=finding)
    return Refused(findings=findings)


def read_identifier(*, value: Any) -> str | None:
    """Return Kraken's identifier of a record; None when the value cannot be one."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME else None


def _says(*, document: Any, body: bytes, name: str) -> str | None:
    """Return the text under a name, if it is of plausible length and the same wherever the name recurs."""
    said = document.get(name) if isinstance(document, dict) else None
    if not isinstance(said, str) or len(said) > LONGEST_NAME:
        return None
    # Readers of JSON take the last one. A name may also be spelt with escapes.
    if body.count(f'"{name}"'.encode()) < 2 and rb"\u00" not in body:
        return said
    with suppress(ValueError, RecursionError):
        pairs = json.loads(body.decode(errors="replace"), object_pairs_hook=list)
        return said if all(value == said for key, value in pairs if key == name) else None
    return None


def _event(value: Any) -> Event | None:
    name = value.get("event") if isinstance(value, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        name = ""
    found = reasons_of(data=value.get("data")) if isinstance(value, dict) else ()
    return Event(name=name, findings=found) if name or found else None


def _json(*, body: bytes) -> Any:
    """Return the document, or None when the body is not JSON. Replaces what a text column cannot hold."""
    # A NUL is legal in JSON, and a Postgres text cannot hold it.
    body = body.replace(b"\\u0000", b"\\ufffd")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _lenient_json(body=body)


def _lenient_json(*, body: bytes) -> Any:
    """Read JSON that contains bytes outside UTF-8 or lone surrogates: echoes of what was sent."""
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
