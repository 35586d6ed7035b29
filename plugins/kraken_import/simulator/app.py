"""The ASGI application. Raw ASGI, because a benchmark must never wait for the stand-in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from kraken_import.simulator import replies, routes, schedule
from kraken_import.simulator.control import Control
from kraken_import.simulator.faults import Faults
from kraken_import.simulator.judge import Judge
from kraken_import.simulator.keys import Key
from kraken_import.simulator.replies import Reply
from kraken_import.simulator.routes import Envelope, Route
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.store import Creation, Store
from kraken_import.simulator.strikes import Recreation, Strikes
from kraken_import.simulator.suppliers import DEFAULTS
from kraken_import.simulator.tokens import Issuer
from kraken_import.simulator.visits import Cut, Dropped, Message, Receive, Send, Traffic, Visit

_CONTROL: Final = "/simulator/"
_AT_ONCE: Final = b"/v2/data-import/"
_UNUSUAL: Final = re.compile(rb"[?#\x80-\xff]")
"""Of a target that is more than a path."""


@dataclass(slots=True, kw_only=True)
class Simulator:
    """The stand-in.

    `authorizations` are headers that it always accepts, beside what the `issuer` issued; `suppliers` are the
    codes of the import suppliers that it knows, each with the form of its payloads.
    """

    authorizations: frozenset[bytes]
    store: Store
    issuer: Issuer = field(default_factory=Issuer)
    envelope: str = "wrapped"
    error_style: str = "auto"
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], float] = time.time
    suppliers: Mapping[str, str] = field(default_factory=lambda: DEFAULTS)
    traffic: Traffic = field(init=False)
    strikes: Strikes = field(init=False)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        """Give the faults and the judge access to the store."""
        self.traffic = Traffic(keys=self.store.processes.numbering)
        self.judge = Judge(store=self.store, suppliers=self.suppliers)
        self.strikes = Strikes(faults=self.faults, store=self.store, traffic=self.traffic)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        # The raw path, because an identifier may have a percent-encoded slash in it.
        path: str = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        visit = Visit(receive=receive, traffic=self.traffic, clock=self.clock)
        try:
            if path.startswith(_CONTROL):
                reply = self._control(scope, path, await visit.body())
            else:
                reply = await self._serve(scope, path, visit)
            await visit.answer(reply=reply, send=send)
        except Dropped as dropped:
            await visit.drop(how=dropped.how)
        except Cut as cut:
            await visit.cut(cut=cut)
        finally:
            visit.leave()

    def begin(self, *, method: str, target: bytes) -> Begun | None:
        """Count a request that can be answered as soon as its body is there; None if this one cannot."""
        if self.faults.active or not target.startswith(_AT_ONCE) or _UNUSUAL.search(target):
            return None
        route = routes.find(method=method, path=target.decode())
        if isinstance(route, Reply):
            return None
        visit = Visit(receive=_nothing, traffic=self.traffic, clock=self.clock)
        visit.enter(operation=route.operation)
        return Begun(simulator=self, route=route, visit=visit)

    def answer(self, *, begun: Begun, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Reply:
        """Answer a request that was begun."""
        opened = self._open(begun.route, body, begun.visit)
        refusal = self._authorise(headers)
        if refusal is not None:
            return refusal
        return opened if isinstance(opened, Reply) else self._do(begun.route, opened, begun.visit)

    def _control(self, scope: Mapping[str, Any], path: str, body: bytes) -> Reply:
        control = Control(store=self.store, faults=self.faults, traffic=self.traffic, issuer=self.issuer)
        return control.answer(
            method=scope["method"],
            path=path.removeprefix(_CONTROL),
            query=scope["query_string"],
            body=body,
            now=self.clock(),
        )

    async def _serve(self, scope: Mapping[str, Any], path: str, visit: Visit) -> Reply:
        """Answer a request of the API: find out what it asks, let the faults strike, and do it."""
        route = routes.find(method=scope["method"], path=path)
        if isinstance(route, Reply):
            await visit.body()
            return (self._authorise(scope["headers"]) if routes.is_api(path=path) else None) or route
        visit.enter(operation=route.operation)
        if self.faults.active:
            self.strikes.upload(visit=visit)
        if route.operation == "token":
            return await self._serve_token(await visit.body(), visit)
        opened = self._open(route, await visit.body(), visit)
        stopped = self.strikes.gate(visit=visit) if self.faults.active else None
        stopped = stopped or self._authorise(scope["headers"])
        if stopped is not None:
            return stopped
        if isinstance(opened, Reply):
            return opened
        if self.faults.active:
            return await self._serve_struck(route, opened, visit)
        return self._do(route, opened, visit)

    async def _serve_token(self, body: bytes, visit: Visit) -> Reply:
        """Answer a sign-in, which needs no token."""
        if self.faults.active:
            reply = self.strikes.gate(visit=visit) or await self.strikes.before(visit=visit)
            if reply is not None:
                return reply
        reply = self.issuer.answer(body=body, now=self.clock(), shift=visit.shift)
        return await self.strikes.after(visit=visit, reply=reply) if self.faults.active else reply

    async def _serve_struck(self, route: Route, opened: Envelope, visit: Visit) -> Reply:
        reply = await self.strikes.before(visit=visit)
        if reply is not None:
            return reply
        return await self.strikes.after(visit=visit, reply=self._do(route, opened, visit))

    def _open(self, route: Route, body: bytes, visit: Visit) -> Envelope | Reply:
        """Read the body, and note whom the request is about."""
        opened: Envelope | Reply = _NO_BODY
        visit.key = route.key
        if route.key is None:
            opened = routes.open_envelope(
                body=body,
                is_bare=self.envelope == "bare",
                needs_task_params=route.operation == "create",
                style=self.error_style,
            )
            if isinstance(opened, Envelope):
                visit.key = routes.key_of(resource=route.resource, payload=opened.payload)
        if visit.key is not None:
            number = self.traffic.note(operation=route.operation, key=visit.key)
            visit.number = number or visit.number
        return opened

    def _do(self, route: Route, opened: Envelope, visit: Visit) -> Reply:
        key = visit.key
        assert key is not None
        match route.operation:
            case "validate":
                return self._validate(key, opened, visit)
            case "create":
                return self._create(key, opened, visit)
            case "status":
                return self._status(key, visit)
        return replies.listing(
            store=self.store,
            import_supplier=key.import_supplier,
            statuses=replies.LISTINGS[route.which],
            now=self.clock(),
            shift=visit.shift,
        )

    def _authorise(self, headers: Iterable[tuple[bytes, bytes]]) -> Reply | None:
        given = next((value for name, value in headers if name == b"authorization"), None)
        if given is None:
            return replies.NO_CREDENTIALS
        # HTTP does not count blanks around a value, but the parser leaves them at its end.
        given = given.rstrip()
        if given in self.authorizations:
            return None
        refusal = self.issuer.refusal(token=given, now=self.clock())
        self.issuer.refused_requests += refusal is not None
        return refusal

    def _validate(self, key: Key, opened: Envelope, visit: Visit) -> Reply:
        problems = self._judge(key, opened.payload, visit)
        if problems:
            return replies.refused(resource=key.resource, style=self.error_style, problems=problems)
        return Reply(200, {})

    def _judge(self, key: Key, payload: Mapping[str, Any], visit: Visit) -> tuple[Objection, ...]:
        """Judge a payload on the day that Kraken's clock shows."""
        now = self.clock()
        today = datetime.fromtimestamp(now + visit.shift, UTC).date()
        return self.judge.objections(key=key, payload=payload, today=today, now=now)

    def _create(self, key: Key, opened: Envelope, visit: Visit) -> Reply:
        payload, task_params = opened
        now = self.clock()
        struck = self.strikes.create(visit=visit, now=now) if self.faults.active else None
        if struck is not None:
            return struck
        clock = datetime.fromtimestamp(now + visit.shift, UTC)
        window = list(schedule.problems(task_params=task_params, now=clock))
        if window:
            return replies.refused(resource=key.resource, style=self.error_style, problems=window)
        if self._judge(key, payload, visit):
            return replies.FAILED_VALIDATION
        is_dry_run = task_params.get("is_dry_run", False)
        process = self.store.processes.find(key=key)
        again = _USUAL
        if process is not None:
            if self.faults.active:
                again = self.strikes.recreation(visit=visit, process=process, now=now)
            may_create = again.is_forgotten or self.store.may_create(
                key=key, is_dry_run=is_dry_run, now=now, recreate=again.accepted
            )
            if not may_create:
                self.traffic.refuse(key=key)
                return replies.already_imported(key=key, account_id=process.kraken_identifier)
        form = self.judge.form(key=key)
        assert form is not None
        self.store.create(
            key=key,
            made=Creation(
                is_dry_run=is_dry_run,
                references=form.references(payload),
                error=form.processing_error(payload),
                in_place=again.in_place,
                has_event=again.has_event,
            ),
            now=now,
        )
        return Reply(201, {})

    def _status(self, key: Key, visit: Visit) -> Reply:
        now = self.clock()
        process = self.store.processes.find(key=key)
        if process is None:
            return replies.NO_SUCH_PROCESS
        status = self.store.status(process=process, now=now)
        if self.faults.active:
            if self.strikes.is_hidden(visit=visit, process=process, now=now):
                return replies.NO_SUCH_PROCESS
            told = self.strikes.status(visit=visit, process=process, status=status)
            process = self.store.processes[key]
        else:
            told = status
        if process.shown != told:
            self.store.processes[key] = process = process.told(status=told)
        return replies.status(
            process=process,
            status=told,
            now=now,
            delay=self.store.delay,
            shifts=(visit.shift, visit.created_shift),
        )


_NO_BODY: Final = Envelope({}, {})
_USUAL: Final = Recreation()


class Begun(NamedTuple):
    """A request that was counted, and needs nothing but its body."""

    simulator: Simulator
    route: Route
    visit: Visit

    def reply(self, *, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Reply:
        """Return the answer to it."""
        return self.simulator.answer(begun=self, headers=headers, body=body)


async def _nothing() -> Message:
    raise AssertionError("The body was read already.")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
