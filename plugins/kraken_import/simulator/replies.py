"""The stand-in's answers, in Kraken's words. Pure: facts in, status and JSON document out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from email.utils import formatdate
from itertools import islice, repeat
from typing import Any, Final, NamedTuple

import orjson

from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.store import Store, iso

KINDS: Final[Mapping[str, str]] = {"accounts": "account", "supply-points": "supply_point"}
"""How Kraken calls a record of each resource."""

_ENDED: Final = frozenset(("PROCESSED", "ERRORED", "CANCELLED", "DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED"))

LISTINGS: Final[Mapping[str, frozenset[str]]] = {
    "all-account-import-processes": frozenset(("PENDING", "IN_PROGRESS", "PROCESSED", "ERRORED")),
    "pending-account-import-processes": frozenset(("PENDING", "IN_PROGRESS")),
    "imported-account-import-processes": frozenset(("PROCESSED",)),
}
"""Which statuses each listing of v1 shows. Dry runs are in none of them."""
_ENTRIES_OF_A_PART: Final = 500


class Reply(NamedTuple):
    """A status, a JSON document or the body, and headers beyond the usual.

    A body is its bytes, or an iterator over parts that are made while they are sent.
    """

    status: int
    document: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"

    @property
    def content(self) -> bytes:
        """The body. Parts can be read once."""
        if isinstance(self.document, Iterator):
            return b"".join(self.document)
        return self.document if isinstance(self.document, bytes) else orjson.dumps(self.document)


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


def refused(*, resource: str, style: str, problems: Sequence[Objection]) -> Reply:
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


def already_imported(*, key: Key, account_id: str, supply_point_identifier: str | None = None) -> Reply:
    """There is an import process of this key, or a record under the identifier that is given."""
    kind = KINDS[key.resource]
    identifier = key.external_identifier
    if kind == "account":
        words, same = "account number", {"account_id": account_id}
    else:
        words = "supply point identifier"
        same = {"supply_point_identifier": supply_point_identifier or identifier}
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


def listing(
    *, store: Store, import_supplier: str, statuses: frozenset[str], now: float, shift: float
) -> Reply:
    """The accounts of an import supplier in one array, however many they are, as they are now.

    Times are printed `shift` seconds ahead of `now`.
    """
    # Of now: what is created while the parts are on their way must not hide what was there.
    processes = (
        process
        for process in store.processes.snapshot()
        if process.key.resource == "accounts" and process.key.import_supplier == import_supplier
    )

    def entries() -> Iterator[bytes]:
        for process in processes:
            status = store.status(process=process, now=now)
            if status not in statuses:
                continue
            is_imported = status == "PROCESSED"
            ended_at = process.ends_at(delay=store.delay) + shift
            entry = {
                "external_account_number": process.key.external_identifier,
                "kraken_account_number": process.kraken_identifier if is_imported else None,
                "account_created_at": iso(time=ended_at) if is_imported else None,
            }
            yield from repeat(orjson.dumps(entry), process.listed)

    return Reply(200, _array(entries()))


def _array(entries: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of a JSON array, because a million entries would take half a gigabyte at once."""
    before = b"["
    while some := list(islice(entries, _ENTRIES_OF_A_PART)):
        yield before + b",".join(some)
        before = b","
    yield b"[]" if before == b"[" else b"]"


def throttled(*, retry_after: tuple[bytes, bytes] | None, status: int = 429) -> Reply:
    """Too much at once."""
    document = {"detail": "Retry once other ongoing accounts have finished.", "code": "throttled"}
    return Reply(status, document, (retry_after,) if retry_after else ())


def retry_after(*, form: str | None, seconds: float, now: float) -> tuple[bytes, bytes] | None:
    """Return the header in whole seconds, or as a `date` by Kraken's clock; None where it is not wanted."""
    if form is None:
        return None
    wait = max(1, round(seconds))
    text = str(wait) if form == "seconds" else formatdate(now + wait, usegmt=True)
    return b"retry-after", text.encode()


def broken(*, status: int, retry_after: tuple[bytes, bytes] | None = None, words: str = "") -> Reply:
    """An error of the server, without a code; one that repeats what was sent has these words in it."""
    document: dict[str, Any] = {"detail": "Something went wrong."}
    if words:
        paths = ("customers.0.family_name", f"customers.{words}")
        errors = [{"detail": f"Not accepted: {words}.", "code": "invalid", "attr": path} for path in paths]
        document = {"detail": f"{words} went wrong.", "code": "account_failed_validation", "errors": errors}
    return Reply(status, document, (retry_after,) if retry_after else ())


def garbled(*, how: str, reply: Reply) -> Reply:
    """Return the same answer with a body that is not a JSON document."""
    match how:
        case "html":
            page = b"<!doctype html>\n<html><head><title>%d</title></head><body>Sorry.</body></html>\n"
            return reply._replace(document=page % reply.status, content_type=b"text/html; charset=utf-8")
        case "broken_json":
            return reply._replace(document=reply.content[:-1])
        case "empty":
            return reply._replace(document=b"")
    note = {"note": "?"}
    document = orjson.loads(reply.content)
    whole = document | note if isinstance(document, dict) else [*document, note]
    return reply._replace(document=orjson.dumps(whole).replace(b'"note":"?"', b'"note":"\xff"'))


def status(
    *, process: Process, status: str, now: float, delay: float, shifts: tuple[float, float] = (0.0, 0.0)
) -> Reply:
    """How an import process stands; `now` in seconds since 1970.

    Times are printed the first of `shifts` in seconds ahead, and created_at another second of them.
    """
    shift, created_shift = shifts
    ended = status in _ENDED
    created_at = iso(time=process.created_at + shift + created_shift)
    modified_at = iso(time=(process.ends_at(delay=delay) if ended else now) + shift)
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
    if kind == "supply_point" or process.has_event:
        event = "ERRORED" if error else "PROCESSED" if status == "PROCESSED" else "CREATED"
        begun_at = iso(time=process.started_at + shift) if process.has_event else created_at
        document["latest_event"] = {
            "event": f"EVENT_{kind.upper()}_IMPORT_PROCESS_{event}",
            "occurred_at": begun_at if event == "CREATED" else modified_at,
            "data": error,
        }
    document["latest_error"] = error
    return Reply(200, document)


def _nested(problems: Sequence[Objection]) -> dict[str, Any]:
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
