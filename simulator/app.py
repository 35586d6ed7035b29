"""The ASGI application. Raw ASGI, because a stand-in must never be what a benchmark waits for."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson

from simulator.faults import Fault, Faults, UnknownFault
from simulator.rules import form_of
from simulator.rules.common import Problem
from simulator.store import Key, Process, Store, iso

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_RESOURCES: Final = {"accounts": "account", "supply-points": "supply_point"}
_PREFIX: Final = "/v2/data-import/"
_FURTHEST_WINDOW: Final = timedelta(days=4)


class Reply(NamedTuple):
    """A status, a JSON document, and headers beyond the usual."""

    status: int
    document: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _Dropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True, kw_only=True)
class Simulator:
    """The stand-in: `tokens` are the Authorization headers it accepts."""

    tokens: Sequence[str]
    store: Store
    envelope: str = "wrapped"
    error_style: str = "auto"
    faults: Faults = field(default_factory=Faults)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = await _body(receive)
        try:
            reply = await self._answer(scope, body)
        except _Dropped:
            # uvicorn hands out its request cycle here, which alone knows the connection.
            receive.__self__.transport.abort()  # type: ignore[attr-defined]
            return
        content = orjson.dumps(reply.document)
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(content)).encode()),
                    *reply.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Mapping[str, Any], body: bytes) -> Reply:
        path: str = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        method: str = scope["method"]
        if path.startswith("/simulator/"):
            return self._manage(method, path.removeprefix("/simulator/"), scope["query_string"], body)
        if not path.startswith(_PREFIX):
            return Reply(404, {"detail": "Not found."})
        if not self._knows(scope["headers"]):
            return Reply(401, {"detail": "Invalid token.", "code": "authentication_failed"})
        parts = path.removeprefix(_PREFIX).split("/")
        if parts[0] not in _RESOURCES or parts[-1]:
            return Reply(404, {"detail": "Not found."})
        match method, parts[1:-1]:
            case "POST", ["validate"]:
                return await self._validate(parts[0], body)
            case "POST", []:
                return await self._create(parts[0], body)
            case "GET", [supplier, identifier]:
                return await self._status(Key(parts[0], unquote(supplier), unquote(identifier)))
        return Reply(405, {"detail": f'Method "{method}" not allowed.'})

    def _knows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        return any(hmac.compare_digest(given, token.encode()) for token in self.tokens)

    async def _validate(self, resource: str, body: bytes) -> Reply:
        payload, _, refusal = self._open(body, needs_task_params=False)
        if refusal is not None:
            return refusal
        key = _key(resource, payload)
        struck = await self._strike("validate", key)
        if struck is not None:
            return struck
        problems = list(form_of(resource=resource, payload=payload).problems(payload))
        if problems:
            return self._refuse(resource, problems)
        self._drop("drop_after", "validate", key)
        return Reply(200, {})

    async def _create(self, resource: str, body: bytes) -> Reply:
        payload, task_params, refusal = self._open(body, needs_task_params=True)
        if refusal is not None:
            return refusal
        key = _key(resource, payload)
        struck = await self._strike("create", key)
        if struck is not None:
            return struck
        identifier = key.external_identifier
        now = time.time()
        if self._struck("failed_validation", "create", identifier):
            return _failed_validation()
        throttle = self._struck("throttle", "create", identifier)
        if throttle is not None:
            return _throttled(throttle.seconds)
        limit = next((fault for fault in self.faults.active if fault.kind == "limit_in_progress"), None)
        if limit is not None and self.store.in_progress(now=now) >= limit.most:
            return _throttled(limit.seconds)
        form = form_of(resource=resource, payload=payload)
        if next(form.problems(payload), None) is not None:
            return _failed_validation()
        window = list(_window_problems(task_params, now))
        if window:
            return self._refuse(resource, window)
        is_dry_run = task_params.get("is_dry_run") is True
        if not self.store.may_create(key=key, is_dry_run=is_dry_run, now=now):
            return _already_imported(self.store.processes[key])
        self.store.create(key=key, is_dry_run=is_dry_run, error=form.processing_error(payload), now=now)
        self._drop("drop_after", "create", key)
        return Reply(201, {})

    async def _status(self, key: Key) -> Reply:
        struck = await self._strike("status", key)
        if struck is not None:
            return struck
        now = time.time()
        process = self.store.processes.get(key)
        if process is not None:
            hidden = self._struck("invisible", "status", key.external_identifier)
            if hidden is not None and now - process.created_at < hidden.seconds:
                process = None
        if process is None:
            return Reply(404, {"detail": "The requested resource was not found.", "code": "not_found"})
        status = self.store.status(process=process, now=now)
        unknown = self._struck("unknown_status", "status", key.external_identifier)
        if unknown is not None:
            status = str(unknown.status or "ON_HOLD")
        return Reply(200, _status_document(process, status, now=now, delay=self.store.delay))

    async def _strike(self, operation: str, key: Key) -> Reply | None:
        """The faults that any operation may meet."""
        if not self.faults.active:
            return None
        identifier = key.external_identifier
        slow = self._struck("slow", operation, identifier)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        self._drop("drop_before", operation, key)
        error = self._struck("error", operation, identifier)
        if error is not None:
            return Reply(int(error.status or 503), {"detail": "Something went wrong."})
        if self._struck("unauthorised", operation, identifier):
            return Reply(401, {"detail": "The token has expired.", "code": "authentication_failed"})
        if self._struck("forbidden", operation, identifier):
            return Reply(403, {"detail": "You may not do this.", "code": "permission_denied"})
        if self._struck("supplier_paused", operation, identifier):
            return Reply(
                400,
                {
                    "detail": "The migration of this import supplier is not ongoing.",
                    "code": "import_supplier_migration_not_ongoing",
                },
            )
        return None

    def _struck(self, kind: str, operation: str, identifier: str) -> Fault | None:
        return self.faults.strikes(kind=kind, operation=operation, key=identifier)

    def _drop(self, kind: str, operation: str, key: Key) -> None:
        if self._struck(kind, operation, key.external_identifier):
            raise _Dropped

    def _open(
        self, body: bytes, *, needs_task_params: bool
    ) -> tuple[dict[str, Any], dict[str, Any], Reply | None]:
        """Payload and task parameters, or the refusal of an envelope of the wrong form."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return {}, {}, Reply(400, {"detail": "JSON parse error.", "code": "parse_error"})
        if not isinstance(document, dict):
            return {}, {}, Reply(400, {"detail": "An object is required.", "code": "invalid"})
        if self.envelope == "bare":
            if "payload" in document:
                return {}, {}, Reply(400, {"import_supplier": ["This field is required."]})
            return document, {}, None
        payload, task_params = document.get("payload"), document.get("task_params")
        if not isinstance(payload, dict):
            return {}, {}, Reply(400, {"payload": ["This field is required."]})
        if needs_task_params and not isinstance(task_params, dict):
            return {}, {}, Reply(400, {"task_params": ["This field is required."]})
        return payload, task_params or {}, None

    def _refuse(self, resource: str, problems: Sequence[Problem]) -> Reply:
        style = self.error_style
        if style == "auto":
            style = "flat" if resource == "accounts" else "nested"
        if style == "nested":
            return Reply(400, _nested(problems))
        kind = _RESOURCES[resource]
        return Reply(
            400,
            {
                "detail": f"Could not validate {kind} data.",
                "code": f"{kind}_failed_validation",
                "errors": [
                    {"detail": message, "code": code, "attr": path} for path, code, message in problems
                ],
            },
        )

    def _manage(self, method: str, path: str, query: bytes, body: bytes) -> Reply:
        match method, path:
            case "GET", "health":
                return Reply(200, {"status": "ok"})
            case "GET", "ledger":
                return Reply(200, self._ledger(parse_qs(query.decode())))
            case "POST", "reset":
                self.store.reset()
                self.faults.active.clear()
                return Reply(200, {})
            case "DELETE", "faults":
                self.faults.active.clear()
                return Reply(200, {})
            case "POST", "faults":
                try:
                    self.faults.set(wanted=orjson.loads(body))
                except (orjson.JSONDecodeError, UnknownFault) as error:
                    return Reply(400, {"detail": str(error)})
                return Reply(201, {})
        return Reply(404, {"detail": "Not found."})

    def _ledger(self, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """How often each key was really created; `?summary=1` leaves the keys out."""
        processes = self.store.processes
        ledger: dict[str, Any] = {
            "live_creates": sum(process.live_creates for process in processes.values()),
            "dry_run_creates": sum(process.dry_run_creates for process in processes.values()),
            "created_more_than_once": [
                key.external_identifier for key, process in processes.items() if process.live_creates > 1
            ],
        }
        if "summary" not in query:
            now = time.time()
            ledger["keys"] = [
                {
                    "resource": key.resource,
                    "import_supplier": key.import_supplier,
                    "external_identifier": key.external_identifier,
                    "created": process.live_creates,
                    "dry_runs": process.dry_run_creates,
                    "status": self.store.status(process=process, now=now),
                }
                for key, process in processes.items()
            ]
        return ledger


def _key(resource: str, payload: Mapping[str, Any]) -> Key:
    if resource == "accounts":
        identifier = payload.get("external_account_number")
    else:
        point = payload.get("supply_point")
        identifier = point.get("identifier") if isinstance(point, dict) else None
    return Key(resource, str(payload.get("import_supplier")), str(identifier))


def _status_document(process: Process, status: str, *, now: float, delay: float) -> dict[str, Any]:
    ended = status in ("PROCESSED", "ERRORED", "DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED")
    created_at = iso(time=process.created_at)
    modified_at = iso(time=process.created_at + delay if ended else now)
    kind = _RESOURCES[process.key.resource]
    error = None
    if process.error and ended:
        domain = "account_import" if kind == "account" else "import_process"
        error = {"code": process.error[0], "detail": process.error[1], "domain": domain}
    document: dict[str, Any] = {
        "status": status,
        "kraken_identifier": process.kraken_identifier if status == "PROCESSED" else None,
        "created_at": created_at,
        "modified_at": modified_at,
        "latest_error": error,
    }
    if kind == "supply_point":
        event = "ERRORED" if error else "PROCESSED" if status == "PROCESSED" else "CREATED"
        document["latest_event"] = {
            "event": f"EVENT_SUPPLY_POINT_IMPORT_PROCESS_{event}",
            "occurred_at": modified_at if ended else created_at,
            "data": error,
        }
    return document


def _failed_validation() -> Reply:
    return Reply(
        400,
        {
            "code": "import_process_failed_validation",
            "detail": "The import process is not valid: validate it to learn why.",
            "domain": "import_process",
        },
    )


def _already_imported(process: Process) -> Reply:
    kind = _RESOURCES[process.key.resource]
    identifier = process.key.external_identifier
    same = (
        {"account_id": process.kraken_identifier}
        if kind == "account"
        else {"supply_point_identifier": identifier}
    )
    return Reply(
        400,
        {
            "non_field_errors": {
                "detail": f"The import process of {identifier} has already been imported.",
                "code": f"{kind}_import_process_already_imported",
            },
            **same,
        },
    )


def _throttled(seconds: float) -> Reply:
    return Reply(
        429,
        {"detail": "Retry once other ongoing accounts have finished.", "code": "throttled"},
        ((b"retry-after", str(max(1, round(seconds))).encode()),),
    )


def _window_problems(task_params: Mapping[str, Any], now: float) -> Iterable[Problem]:
    times: dict[str, datetime] = {}
    for name in ("schedule_window_start", "schedule_window_end"):
        value = task_params.get(name)
        if value is None:
            continue
        try:
            times[name] = datetime.fromisoformat(value)
            age = times[name].timestamp() - now
        except (TypeError, ValueError):
            yield Problem(name, "invalid", "Datetime has wrong format.")
            continue
        if name == "schedule_window_start" and age < 0:
            yield Problem(name, "schedule_window_start_in_past", "The window starts in the past.")
        if name == "schedule_window_end" and age > _FURTHEST_WINDOW.total_seconds():
            yield Problem(
                name, "schedule_window_end_too_far_in_future", "The window ends too far in the future."
            )
    start, end = times.get("schedule_window_start"), times.get("schedule_window_end")
    if start is not None and end is not None and start.timestamp() > end.timestamp():
        yield Problem(
            "schedule_window_start", "schedule_window_start__after_end", "The window ends before it starts."
        )


def _nested(problems: Sequence[Problem]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for path, _, message in problems:
        *parents, name = path.split(".")
        node = document
        for parent in parents:
            following = node.setdefault(parent, {})
            node = following if isinstance(following, dict) else {}
        messages = node.setdefault(name, [])
        if isinstance(messages, list):
            messages.append(message)
    return document


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
