"""The kinds of fault: which requests each can strike, and which fields configure it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OPERATIONS: Final = ("any", "validate", "create", "status", "list", "token")
_EACH: Final = OPERATIONS[1:]
_OF_THE_API: Final = ("validate", "create", "status", "list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`defaults` are those of its fields, `how` its variants, the first of which is the usual one."""

    fields: frozenset[str] = frozenset()
    how: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = _EACH
    knows_key: bool = True
    statuses: str = ""
    takes_status: Callable[[Mapping[str, Any]], bool] = lambda _: True


def _is_number(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 599


def _is_http_error(fields: Mapping[str, Any]) -> bool:
    return _is_number(fields["status"], least=400)


def _is_answer(fields: Mapping[str, Any]) -> bool:
    """Whether an HTTP status can be answered with this body."""
    status = fields["status"]
    return _is_number(status, least=200) and (
        status not in (204, 205, 304) or fields.get("how", "html") == "empty"
    )


def _is_name(fields: Mapping[str, Any]) -> bool:
    return isinstance(fields["status"], str) and bool(fields["status"])


def _kind(*names: str, usually: Mapping[str, Any] | None = None, **rest: Any) -> Kind:
    """A kind with these fields. A fault strikes each operation of its kind unless told otherwise."""
    ways = rest.get("how", ())
    defaults = {"operation": "any", **({"how": ways[0]} if ways else {}), **(usually or {})}
    return Kind(fields=frozenset((*names, *(("how",) if ways else ()))), defaults=defaults, **rest)


_LOSSES: Final = ("close", "reset")
_ERROR: Final[Mapping[str, Any]] = {
    "statuses": "an HTTP status from 400 to 599",
    "takes_status": _is_http_error,
}
_NAME: Final[Mapping[str, Any]] = {"statuses": "the name of a status", "takes_status": _is_name}
_CREATE: Final[Mapping[str, Any]] = {"operations": ("create",)}
_STATUS: Final[Mapping[str, Any]] = {"operations": ("status",)}

KINDS: Final[Mapping[str, Kind]] = {
    # The connection.
    "drop_upload": _kind(how=_LOSSES, operations=("validate", "create"), knows_key=False),
    "drop_before": _kind(how=_LOSSES),
    "drop_after": _kind(how=_LOSSES),
    "drop_status_line": _kind(how=_LOSSES),
    "drop_body": _kind(how=_LOSSES),
    "slow": _kind("seconds"),
    "late": _kind("seconds", how=("answer", "silence", "close", "reset")),
    "hang": _kind(),
    # Whole answers.
    "error": _kind(
        "status", "retry_after", "seconds", "words", "named", "path", usually={"status": 503}, **_ERROR
    ),
    "error_after": _kind("status", "retry_after", "seconds", usually={"status": 502}, **_ERROR),
    "garbled": _kind(
        "status",
        "effect",
        how=("html", "broken_json", "empty", "invalid_utf8"),
        statuses="an HTTP status from 200 to 599, and one without a body is empty",
        takes_status=_is_answer,
    ),
    "maintenance": _kind(
        "status", "retry_after", "seconds", how=("json", "html", *_LOSSES), usually={"status": 503}, **_ERROR
    ),
    "limit_in_flight": _kind("most", "status", "retry_after", "seconds", usually={"status": 429}, **_ERROR),
    "throttle": _kind("seconds", "retry_after", usually={"operation": "create", "retry_after": "seconds"}),
    "limit_in_progress": _kind(
        "most", "seconds", "retry_after", usually={"retry_after": "seconds"}, **_CREATE
    ),
    "unauthorised": _kind(),
    "forbidden": _kind(),
    "supplier_paused": _kind(operations=_OF_THE_API),
    # Creates.
    "failed_validation": _kind(**_CREATE),
    "imported_elsewhere": _kind("account_id", "kraken_identifier", **_CREATE),
    "recreate": _kind("event", how=("refuse", "accept", "in_place"), **_CREATE),
    # Statuses.
    "unknown_status": _kind("status", "words", usually={"status": "ON_HOLD"}, **_STATUS, **_NAME),
    "never_ends": _kind(
        "status",
        usually={"status": "IN_PROGRESS"},
        statuses="PENDING or IN_PROGRESS",
        takes_status=lambda fields: fields["status"] in ("PENDING", "IN_PROGRESS"),
        **_STATUS,
    ),
    "backwards": _kind("status", **_STATUS, **_NAME),
    "invisible": _kind("seconds", **_STATUS),
    "forgotten": _kind(how=("refuse", "accept"), operations=("status", "create")),
    # The clock.
    "skew": _kind("seconds", how=("clock", "created_at")),
    "no_date": _kind(),
}
"""By name. The README beside this says what each does."""

FIELDS: Final = frozenset(name for kind in KINDS.values() for name in kind.fields)
