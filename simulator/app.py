"""The ASGI application. Raw ASGI, because a stand-in must never be what a benchmark waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import unquote

import orjson

from simulator import control, replies, schedule
from simulator.faults import Fault, Faults
from simulator.replies import Reply
from simulator.rules import form_of
from simulator.rules.common import Problem
from simulator.store import Key, Store

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PREFIX: Final = "/v2/data-import/"
_LISTINGS: Final = "/v1/data-import/"
_CONTROL: Final = "/simulator/"
_JSON: Final = (b"content-type", b"application/json")


class _Refused(Exception):
    """The body cannot be read as a payload."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class _Dropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True, kw_only=True)
class Simulator:
    """The stand-in. `authorizations` are the values of the Authorization header that it accepts."""

    authorizations: frozenset[bytes]
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
        except _Refused as refusal:
            reply = refusal.reply
        except _Dropped:
            # uvicorn hands out a method of its request cycle, which alone knows the connection.
            cast(Any, receive).__self__.transport.abort()
            return
        content = orjson.dumps(reply.document)
        length = (b"content-length", str(len(content)).encode())
        headers = [_JSON, length, *reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Mapping[str, Any], body: bytes) -> Reply:
        # The raw path, because an identifier may have a percent-encoded slash in it.
        path: str = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        method: str = scope["method"]
        if path.startswith(_CONTROL):
            return control.answer(
                method=method,
                path=path.removeprefix(_CONTROL),
                query=scope["query_string"],
                body=body,
                store=self.store,
                faults=self.faults,
                now=time.time(),
            )
        if not path.startswith((_PREFIX, _LISTINGS)):
            return replies.NO_SUCH_PAGE
        unauthorised = self._authorise(scope["headers"])
        if unauthorised is not None:
            return unauthorised
        if path.startswith(_LISTINGS):
            return await self._listing(method, path.removeprefix(_LISTINGS))
        resource, *parts = path.removeprefix(_PREFIX).split("/")
        if resource not in replies.KINDS:
            return replies.NO_SUCH_PAGE
        # A path ends in a slash, and no part of it is empty.
        if not parts or parts.pop() or "" in parts:
            return replies.NO_SUCH_PAGE
        match method, parts:
            case "POST", ["validate"]:
                return await self._validate(resource, body)
            case "POST", []:
                return await self._create(resource, body)
            case "GET", [supplier, identifier]:
                return await self._status(Key(resource, unquote(supplier), unquote(identifier)))
            case _, [] | ["validate"] | [_, _]:
                return replies.not_allowed(method=method)
        return replies.NO_SUCH_PAGE

    def _authorise(self, headers: Iterable[tuple[bytes, bytes]]) -> Reply | None:
        given = next((value for name, value in headers if name == b"authorization"), None)
        if given is None:
            return replies.NO_CREDENTIALS
        # HTTP does not count blanks around a value, but the parser leaves them at its end.
        return None if given.rstrip() in self.authorizations else replies.WRONG_TOKEN

    async def _validate(self, resource: str, body: bytes) -> Reply:
        payload, _ = self._open(body, needs_task_params=False)
        key = _key(resource, payload)
        struck = await self._strike_before("validate", key)
        if struck is not None:
            return struck
        problems = list(form_of(resource=resource, payload=payload).problems(payload))
        if problems:
            return replies.refused(resource=resource, style=self.error_style, problems=problems)
        return self._strike_after("validate", key) or Reply(200, {})

    async def _create(self, resource: str, body: bytes) -> Reply:
        payload, task_params = self._open(body, needs_task_params=True)
        key = _key(resource, payload)
        struck = await self._strike_before("create", key) or self._strike_create(key)
        if struck is not None:
            return struck
        now = time.time()
        window = list(schedule.problems(task_params=task_params, now=datetime.fromtimestamp(now, UTC)))
        if window:
            return replies.refused(resource=resource, style=self.error_style, problems=window)
        form = form_of(resource=resource, payload=payload)
        if next(form.problems(payload), None) is not None:
            return replies.FAILED_VALIDATION
        is_dry_run = task_params.get("is_dry_run", False)
        if not self.store.may_create(key=key, is_dry_run=is_dry_run, now=now):
            process = self.store.processes[key]
            process.refused_creates += 1
            return replies.already_imported(process=process)
        self.store.create(key=key, is_dry_run=is_dry_run, error=form.processing_error(payload), now=now)
        return self._strike_after("create", key) or Reply(201, {})

    async def _status(self, key: Key) -> Reply:
        struck = await self._strike_before("status", key)
        if struck is not None:
            return struck
        now = time.time()
        process = self.store.processes.get(key)
        if process is None:
            return replies.NO_SUCH_PROCESS
        hidden = self._struck("invisible", "status", key)
        if hidden is not None and now - process.created_at < hidden.seconds:
            return replies.NO_SUCH_PROCESS
        unknown = self._struck("unknown_status", "status", key)
        status = self.store.status(process=process, now=now)
        if unknown is not None:
            status = str(unknown.status or "ON_HOLD")
        reply = replies.status(process=process, status=status, now=now, delay=self.store.delay)
        return self._strike_after("status", key) or reply

    async def _listing(self, method: str, path: str) -> Reply:
        which, *parts = path.split("/")
        statuses = replies.LISTINGS.get(which)
        if statuses is None or len(parts) != 2 or not parts[0] or parts[1]:
            return replies.NO_SUCH_PAGE
        if method != "GET":
            return replies.not_allowed(method=method)
        key = Key("accounts", unquote(parts[0]), "")
        struck = await self._strike_before("list", key)
        if struck is not None:
            return struck
        listed = replies.listing(
            store=self.store, import_supplier=key.import_supplier, statuses=statuses, now=time.time()
        )
        return self._strike_after("list", key) or listed

    async def _strike_before(self, operation: str, key: Key) -> Reply | None:
        """The faults that any operation may meet before it takes effect."""
        if not self.faults.active:
            return None
        slow = self._struck("slow", operation, key)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        if self._struck("drop_before", operation, key):
            raise _Dropped
        error = self._struck("error", operation, key)
        if error is not None:
            return Reply(int(error.status or 503), {"detail": "Something went wrong."})
        for kind, reply in (
            ("unauthorised", replies.EXPIRED_TOKEN),
            ("forbidden", replies.FORBIDDEN),
            ("supplier_paused", replies.SUPPLIER_PAUSED),
        ):
            if self._struck(kind, operation, key):
                return reply
        return None

    def _strike_create(self, key: Key) -> Reply | None:
        """The faults that only a create meets."""
        if not self.faults.active:
            return None
        if self._struck("failed_validation", "create", key):
            return replies.FAILED_VALIDATION
        throttle = self._struck("throttle", "create", key)
        if throttle is not None:
            return replies.throttled(seconds=throttle.seconds)
        limit = next((fault for fault in self.faults.active if fault.kind == "limit_in_progress"), None)
        if limit is not None and self.store.in_progress(now=time.time()) >= limit.most:
            return replies.throttled(seconds=limit.seconds)
        return None

    def _strike_after(self, operation: str, key: Key) -> Reply | None:
        """The faults that hide an effect that was had."""
        if not self.faults.active:
            return None
        if self._struck("drop_after", operation, key):
            raise _Dropped
        error = self._struck("error_after", operation, key)
        return Reply(int(error.status or 502), {"detail": "Something went wrong."}) if error else None

    def _struck(self, kind: str, operation: str, key: Key) -> Fault | None:
        return self.faults.strikes(kind=kind, operation=operation, key=key.external_identifier)

    def _open(self, body: bytes, *, needs_task_params: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Payload and task parameters. Raises `_Refused` for an envelope of the wrong form."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _Refused(Reply(400, {"detail": "JSON parse error.", "code": "parse_error"})) from None
        if not isinstance(document, dict):
            raise _Refused(Reply(400, {"detail": "An object is required.", "code": "invalid"}))
        if self.envelope == "bare":
            if "payload" in document:
                raise self._lacks("import_supplier")
            return document, {}
        payload, task_params = document.get("payload"), document.get("task_params")
        if not isinstance(payload, dict):
            raise self._lacks("payload")
        if needs_task_params and not isinstance(task_params, dict):
            raise self._lacks("task_params")
        return payload, task_params if isinstance(task_params, dict) else {}

    def _lacks(self, name: str) -> _Refused:
        problem = Problem(name, "required", "This field is required.")
        return _Refused(replies.refused(resource="accounts", style=self.error_style, problems=[problem]))


def _key(resource: str, payload: Mapping[str, Any]) -> Key:
    """The key of a payload that is not checked yet."""
    if resource == "accounts":
        identifier = payload.get("external_account_number")
    else:
        point = payload.get("supply_point")
        identifier = point.get("identifier") if isinstance(point, dict) else None
    return Key(resource, str(payload.get("import_supplier")), str(identifier))


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
