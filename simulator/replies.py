"""What the stand-in answers, in Kraken's words. Pure: facts in, status and JSON document out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from simulator.rules.common import Problem
from simulator.store import Process, Store, iso

KINDS: Final[Mapping[str, str]] = {"accounts": "account", "supply-points": "supply_point"}
"""How Kraken calls a record of each resource."""

_ENDED: Final = frozenset(("PROCESSED", "ERRORED", "CANCELLED", "DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED"))

LISTINGS: Final[Mapping[str, frozenset[str]]] = {
    "all-account-import-processes": frozenset(("PENDING", "IN_PROGRESS", "PROCESSED", "ERRORED")),
    "pending-account-import-processes": frozenset(("PENDING", "IN_PROGRESS")),
    "imported-account-import-processes": frozenset(("PROCESSED",)),
}
"""Which statuses each listing of v1 shows. Dry runs are in none of them."""


class Reply(NamedTuple):
    """A status, a JSON document, and headers beyond the usual."""

    status: int
    document: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()


NO_SUCH_PAGE: Final = Reply(404, {"detail": "Not found."})
NO_SUCH_PROCESS: Final = Reply(404, {"detail": "The requested resource was not found.", "code": "not_found"})
NO_CREDENTIALS: Final = Reply(
    401, {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
)
WRONG_TOKEN: Final = Reply(401, {"detail": "Invalid token.", "code": "authentication_failed"})
EXPIRED_TOKEN: Final = Reply(401, {"detail": "The token has expired.", "code": "authentication_failed"})
FORBIDDEN: Final = Reply(403, {"detail": "You may not do this.", "code": "permission_denied"})
SUPPLIER_PAUSED: Final = Reply(
    400,
    {
        "detail": "The migration of this import supplier is not ongoing.",
        "code": "import_supplier_migration_not_ongoing",
    },
)
FAILED_VALIDATION: Final = Reply(
    400,
    {
        "code": "import_process_failed_validation",
        "detail": "The import process is not valid: validate it to learn why.",
        "domain": "import_process",
    },
)


def refused(*, resource: str, style: str, problems: Sequence[Problem]) -> Reply:
    """A payload's problems: `flat`, `nested`, or `auto`, which is what the resource's documents show."""
    if style == "nested" or (style == "auto" and resource != "accounts"):
        return Reply(400, _nested(problems))
    kind = KINDS[resource]
    return Reply(
        400,
        {
            "detail": f"Could not validate {kind} data.",
            "code": f"{kind}_failed_validation",
            "errors": [{"detail": message, "code": code, "attr": path} for path, code, message in problems],
        },
    )


def already_imported(*, process: Process) -> Reply:
    """There is an import process of this key."""
    kind = KINDS[process.key.resource]
    identifier = process.key.external_identifier
    if kind == "account":
        words, same = "account number", {"account_id": process.kraken_identifier}
    else:
        words, same = "supply point identifier", {"supply_point_identifier": identifier}
    return Reply(
        400,
        {
            "non_field_errors": {
                "detail": f"The import process with the {words} {identifier} has already been imported.",
                "code": f"{kind}_import_process_already_imported",
            },
            **same,
        },
    )


def not_allowed(*, method: str) -> Reply:
    """The page knows no such method."""
    return Reply(405, {"detail": f'Method "{method}" not allowed.', "code": "method_not_allowed"})


def listing(*, store: Store, import_supplier: str, statuses: frozenset[str], now: float) -> Reply:
    """The accounts of an import supplier in one array, however many they are."""
    entries = []
    for key, process in store.processes.items():
        if key.resource != "accounts" or key.import_supplier != import_supplier:
            continue
        status = store.status(process=process, now=now)
        if status not in statuses:
            continue
        is_imported = status == "PROCESSED"
        entry = {
            "external_account_number": key.external_identifier,
            "kraken_account_number": process.kraken_identifier if is_imported else None,
            "account_created_at": iso(time=process.created_at + store.delay) if is_imported else None,
        }
        entries += [entry] * process.listed
    return Reply(200, entries)


def throttled(*, seconds: float) -> Reply:
    """Too much at once; Retry-After has whole seconds."""
    return Reply(
        429,
        {"detail": "Retry once other ongoing accounts have finished.", "code": "throttled"},
        ((b"retry-after", str(max(1, round(seconds))).encode()),),
    )


def status(*, process: Process, status: str, now: float, delay: float) -> Reply:
    """How an import process stands; `now` in seconds since 1970."""
    ended = status in _ENDED
    created_at = iso(time=process.created_at)
    modified_at = iso(time=process.created_at + delay if ended else now)
    kind = KINDS[process.key.resource]
    error = None
    if process.error and status.endswith("ERRORED"):
        domain = "account_import" if kind == "account" else "import_process"
        error = {"code": process.error[0], "detail": process.error[1], "domain": domain}
    document: dict[str, Any] = {
        "status": status,
        "kraken_identifier": process.kraken_identifier if status == "PROCESSED" else None,
        "created_at": created_at,
        "modified_at": modified_at,
    }
    if kind == "supply_point":
        event = "ERRORED" if error else "PROCESSED" if status == "PROCESSED" else "CREATED"
        document["latest_event"] = {
            "event": f"EVENT_SUPPLY_POINT_IMPORT_PROCESS_{event}",
            "occurred_at": created_at if event == "CREATED" else modified_at,
            "data": error,
        }
    document["latest_error"] = error
    return Reply(200, document)


def _nested(problems: Sequence[Problem]) -> dict[str, Any]:
    """Messages under their fields; those of an object with faulty fields as its `non_field_errors`."""
    document: dict[str, Any] = {}
    for path, _, message in problems:
        *parents, name = path.split(".")
        node = document
        for parent in parents:
            below = node.setdefault(parent, {})
            if isinstance(below, list):
                below = node[parent] = {"non_field_errors": below}
            node = below
        messages = node.setdefault(name, [])
        if isinstance(messages, dict):
            messages = messages.setdefault("non_field_errors", [])
        messages.append(message)
    return document
