"""One pooled asynchronous session with a Kraken, for one task.

It limits the requests in flight, limits the time of each, never sends a create again once the first may
have left, and keeps bodies, headers and tokens out of every log and exception.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol, Self

import aiohttp
from yarl import URL

from kraken_import.client.answers import (
    LONGEST_NAME,
    Answer,
    NotSent,
    Throttled,
    Unauthorised,
    Unknown,
    read_create,
    read_identifier,
    read_refused_listing,
    read_status,
    read_validate,
)
from kraken_import.client.gate import LONG_PAUSE, Gate, GateClosed
from kraken_import.client.json_array import BrokenArray, JsonArray
from kraken_import.client.network import Deadline, PunctualBody, read_body, trust, way_to
from kraken_import.client.requests import (
    IMPOSSIBLE_IDENTIFIER,
    Request,
    create_request,
    listing_request,
    status_request,
    validate_request,
)
from kraken_import.client.settings import KrakenSettings
from kraken_import.client.sign_in import UnableToSignIn
from kraken_import.client.tokens import Authorization, Token

_TRIES: Final = 5
_CHUNK_SECONDS: Final = 2.0
_DISTANT: Final = 0.02
"""Seconds of an answer that is waited for far longer than it takes to send the request and to read it."""
_FIRST_BACKOFF: Final = 0.25
_LONGEST_BACKOFF: Final = 8.0


class UnableToList(Exception):
    """Kraken gave no listing, or only a part; `answer` says why, if Kraken answered."""

    def __init__(self, *, answer: Answer) -> None:
        super().__init__(type(answer).__name__)
        self.answer = answer


class _Reader(Protocol):
    def __call__(self, *, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccount:
    """An account that Kraken lists; Kraken's own identifier is set once it has imported the account."""

    external_identifier: str
    kraken_identifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How a request ended: the answer, its HTTP status (None without one) and its body as received."""

    answer: Answer
    http_status: int | None
    body: bytes = field(repr=False)


_OPERATIONS: Final[Mapping[_Reader, str]] = {
    read_validate: "validate",
    read_create: "create",
    read_status: "status",
}
"""What a request is counted as, by what reads its answer."""


class KrakenSession:
    """`async with KrakenSession(settings=…, refresh=…) as kraken: …`.

    Requests pass the `gate`; without one, the settings limit the requests at once.

    `refresh` reads the settings again after a 401. It is called once for a token, and again only after
    the token in its place has worked; concurrent 401s share one call, and each request is repeated once.
    """

    def __init__(
        self,
        *,
        settings: KrakenSettings,
        refresh: Callable[[], Awaitable[KrakenSettings]],
        gate: Gate | None = None,
        tries: int = _TRIES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tries = tries
        self._gate = gate or Gate(places=settings.requests_in_flight)
        self._authorization = Authorization(settings=settings, refresh=refresh)
        self._session: aiohttp.ClientSession | None = None
        # `connect` includes the name look-up.
        self._timeout = aiohttp.ClientTimeout(
            total=settings.request_timeout, connect=settings.connect_timeout
        )
        self._proxy: URL | None = None
        self._proxy_headers: dict[str, str] = {}
        self._headers: dict[str, str] = {}

    @property
    def requests_in_flight(self) -> int:
        """The number of requests that may be under way at once now; at least one."""
        return max(1, min(self._gate.places, self._settings.requests_in_flight))

    def chunk(self, *, rounds: int, most: int) -> int:
        """The number of requests to prepare together: so many rounds of what may be under way at once.

        Where few may be, as many more as are answered in about two seconds, up to `most`: while a chunk is
        prepared and its answers are recorded, none is under way.
        """
        in_flight, seconds_each = self.requests_in_flight, self._gate.seconds_each
        soon = int(in_flight * _CHUNK_SECONDS / seconds_each) if seconds_each else 0
        return max(rounds * in_flight, min(most, soon))

    @property
    def is_distant(self) -> bool:
        """Whether answers take so long that the places should never be empty between two chunks.

        Even the quickest does: on a machine whose cores are busy all of them wait for its own work instead.
        """
        return self._gate.soonest >= _DISTANT

    def seconds_for(self, *, requests: int) -> float:
        """Return how long so many requests take at present; 0 before the first answer."""
        return requests * self._gate.seconds_each / self.requests_in_flight

    def expecting(self, *, requests: int) -> AbstractContextManager[None]:
        """Need places for so many requests meanwhile, though fewer are sent while there are fewer."""
        return self._gate.expecting(requests=requests)

    @property
    def pause(self) -> float:
        """The seconds for which Kraken has asked for no requests at all."""
        return self._gate.pause

    @property
    def problem(self) -> str | None:
        """Why Kraken refuses the tokens of each sign-in, and what a person must do; None for no problem.

        A sentence without its end.
        """
        return self._authorization.problem

    async def __aenter__(self) -> Self:
        trusted = await asyncio.to_thread(
            trust, ca_bundle=self._settings.ca_bundle, shown=self._settings.shown_certificate
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.requests_in_flight, ssl=trusted),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        way = way_to(address=self._settings.base_url)
        self._proxy, self._proxy_headers, self._headers = way.proxy, way.proxy_headers, way.headers
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def validate(self, *, resource: str, payload: bytes) -> Exchange:
        """Validate a payload, again while Kraken gives no usable answer."""
        request = validate_request(envelope=self._settings.envelope, resource=resource, payload=payload)
        return await self._repeatedly(request=request, read=read_validate)

    async def validations(self, *, resource: str, payloads: Iterable[bytes]) -> list[Exchange]:
        """Validate several payloads. Returns the exchanges in the same order."""
        requests = [
            validate_request(envelope=self._settings.envelope, resource=resource, payload=each)
            for each in payloads
        ]
        return await self._each(requests=requests, read=read_validate)

    async def status(self, *, resource: str, import_supplier: str, external_identifier: str) -> Exchange:
        """Ask for the status of an import process, again while Kraken gives no usable answer."""
        request = status_request(
            resource=resource, import_supplier=import_supplier, external_identifier=external_identifier
        )
        return await self._repeatedly(request=request, read=read_status)

    async def statuses(
        self, *, resource: str, import_supplier: str, external_identifiers: Iterable[str]
    ) -> list[Exchange]:
        """Ask for the status of several import processes. Returns the exchanges in the same order."""
        requests = [
            status_request(resource=resource, import_supplier=import_supplier, external_identifier=each)
            for each in external_identifiers
        ]
        return await self._each(requests=requests, read=read_status)

    async def probe(self, *, resource: str, import_supplier: str) -> Exchange:
        """Ask once about a record that cannot exist, to see whether Kraken answers and takes this token."""
        request = status_request(
            resource=resource, import_supplier=import_supplier, external_identifier=IMPOSSIBLE_IDENTIFIER
        )
        return await self._pass(request=request, read=read_status)

    async def listing(
        self, *, imported: bool, import_supplier: str
    ) -> AsyncGenerator[list[ListedAccount], None]:
        """Yield every account of an import supplier that Kraken has an import process for, a few at a time.

        It is read while it arrives, so memory does not grow with it. A broken listing cannot be resumed: the
        caller discards what came and asks again. Raises `UnableToList`.
        """
        request = listing_request(imported=imported, import_supplier=import_supplier)
        async with AsyncExitStack() as place:
            try:
                await place.enter_async_context(self._gate)
            except GateClosed as closed:
                raise UnableToList(answer=Throttled(retry_after=closed.seconds)) from None
            for may_renew in (True, False):
                try:
                    token = await self._authorization.token()
                    async with self._listing_response(request=request, token=token) as response:
                        if response.status == 200:
                            token.has_worked = True
                            array = JsonArray()
                            async for chunk in response.content.iter_any():
                                if objects := array.feed(chunk=chunk):
                                    yield [_listed(entry=entry) for entry in objects]
                            array.close()
                            return
                        refused = read_refused_listing(
                            status=response.status, headers=response.headers, now=self._clock()
                        )
                except UnableToSignIn as error:
                    raise UnableToList(answer=error.answer) from None
                except (aiohttp.ClientError, TimeoutError, OSError, BrokenArray) as error:
                    raise UnableToList(answer=Unknown(reason=type(error).__name__)) from None
                is_token = isinstance(refused, Unauthorised)
                if not (may_renew and is_token and await self._authorization.renew(refused=token)):
                    if is_token:
                        self._authorization.give_up(refused=token)
                    raise UnableToList(answer=refused)

    def _listing_response(
        self, *, request: Request, token: Token
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("KrakenSession is used outside of `async with`.")
        return self._session.request(
            request.method,
            URL(self._settings.base_url + request.path, encoded=True),
            headers={"Authorization": token.value, **self._headers},
            allow_redirects=False,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
            # However long the whole listing takes, data must keep arriving.
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self._settings.connect_timeout,
                sock_read=self._settings.request_timeout,
            ),
        )

    async def create(
        self,
        *,
        resource: str,
        payload: bytes,
        task_params: Mapping[str, Any] | None = None,
        deadline: Deadline,
    ) -> Exchange:
        """Send a create once, and never after its deadline.

        Repeated only while no connection could be made at all. `Unknown` means that the create may have been
        done, `NotSent` that it was not. Raises `UnableToSendTaskParams`.
        """
        request = create_request(
            envelope=self._settings.envelope, resource=resource, payload=payload, task_params=task_params
        )
        for attempt in range(self._tries):
            exchange = await self._pass(request=request, read=read_create, deadline=deadline)
            if not isinstance(exchange.answer, NotSent) or attempt + 1 == self._tries:
                break
            await asyncio.sleep(_backoff(attempt=attempt))
        return exchange

    async def _each(self, *, requests: Sequence[Request], read: _Reader) -> list[Exchange]:
        """Send several requests, each again while Kraken gives no usable answer. Returns them in order.

        Only as many as can be under way have a task of their own. One that is sent again waits beside them,
        so that it holds up no other.
        """
        exchanges: dict[int, Exchange] = {}
        turns = iter(range(len(requests)))
        again: dict[int, asyncio.Task[Exchange]] = {}

        async def work() -> None:
            for turn in turns:
                exchange = exchanges[turn] = await self._pass(request=requests[turn], read=read)
                if self._wait(answer=exchange.answer, attempt=0) is not None:
                    again[turn] = asyncio.create_task(
                        self._repeatedly(request=requests[turn], read=read, first=exchange)
                    )

        try:
            # Otherwise a session would never seem to need more places than it has.
            with self._gate.expecting(requests=len(requests)):
                at_once = min(len(requests), self._settings.requests_in_flight)
                await asyncio.gather(*(work() for _ in range(at_once)))
            exchanges.update(zip(again, await asyncio.gather(*again.values()), strict=True))
        finally:
            for repeated in again.values():
                repeated.cancel()
        return [exchanges[turn] for turn in range(len(requests))]

    async def _repeatedly(
        self, *, request: Request, read: _Reader, first: Exchange | None = None
    ) -> Exchange:
        """Send a request until there is a usable answer; `first` is how it ended, if it was sent before."""
        for attempt in range(self._tries):
            exchange = first or await self._pass(request=request, read=read)
            first = None
            wait = self._wait(answer=exchange.answer, attempt=attempt)
            if wait is None:
                break
            await asyncio.sleep(wait)
        return exchange

    def _wait(self, *, answer: Answer, attempt: int) -> float | None:
        """Return the seconds until the request is sent again; None where it is not."""
        if not isinstance(answer, Unknown | NotSent | Throttled) or attempt + 1 == self._tries:
            return None
        wait = _backoff(attempt=attempt)
        if isinstance(answer, Throttled) and answer.retry_after is not None:
            if answer.retry_after > LONG_PAUSE:
                return None
            wait += answer.retry_after
        return wait

    async def _pass(self, *, request: Request, read: _Reader, deadline: Deadline | None = None) -> Exchange:
        """Send a request as soon as it has a place and Kraken has not asked for a pause."""
        if self._gate.enter_now():
            try:
                return await self._send(request=request, read=read, deadline=deadline)
            finally:
                self._gate.leave()
        try:
            async with asyncio.timeout(deadline.left if deadline else None) as limit, self._gate:
                limit.reschedule(None)
                return await self._send(request=request, read=read, deadline=deadline)
        except TimeoutError:
            if not limit.expired():
                raise
            return _unsent(reason="its turn came too late", never_tried=True)
        except GateClosed as closed:
            if read is read_create:
                return _unsent(reason="Kraken asks for a pause", never_tried=True)
            return Exchange(answer=Throttled(retry_after=closed.seconds), http_status=None, body=b"")

    async def _send(self, *, request: Request, read: _Reader, deadline: Deadline | None) -> Exchange:
        try:
            token = await self._authorization.token()
            exchange = await self._once(
                request=request, read=read, deadline=deadline, authorization=token.value
            )
            if isinstance(exchange.answer, Unauthorised) and await self._authorization.renew(refused=token):
                token = await self._authorization.token()
                exchange = await self._once(
                    request=request, read=read, deadline=deadline, authorization=token.value
                )
        except UnableToSignIn as error:
            return Exchange(answer=error.answer, http_status=None, body=b"")
        if isinstance(exchange.answer, Unauthorised):
            self._authorization.give_up(refused=token)
        elif exchange.http_status is not None:
            token.has_worked = True
        return exchange

    async def _once(
        self, *, request: Request, read: _Reader, deadline: Deadline | None, authorization: str
    ) -> Exchange:
        began = asyncio.get_running_loop().time()
        if deadline and deadline.left <= 0:
            return _unsent(reason="its turn came too late", never_tried=True)
        exchange = await self._exchange(
            request=request, read=read, deadline=deadline, authorization=authorization
        )
        self._gate.saw(
            answer=exchange.answer,
            seconds=asyncio.get_running_loop().time() - began,
            is_create=read is read_create,
            operation=_OPERATIONS.get(read, ""),
        )
        return exchange

    async def _exchange(
        self, *, request: Request, read: _Reader, deadline: Deadline | None, authorization: str
    ) -> Exchange:
        if self._session is None:
            raise RuntimeError("KrakenSession is used outside of `async with`.")
        status: int | None = None
        timeout = self._timeout
        if deadline and (left := deadline.left) < self._settings.connect_timeout:
            timeout = aiohttp.ClientTimeout(total=self._settings.request_timeout, connect=left)
        body_sent = PunctualBody(request.body or b"", deadline=deadline) if deadline else None
        try:
            async with self._session.request(
                request.method,
                URL(self._settings.base_url + request.path, encoded=True),
                data=body_sent or request.body,
                headers={"Authorization": authorization, **self._headers},
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                timeout=timeout,
            ) as response:
                status, headers = response.status, response.headers
                body = b""
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    body = await read_body(response=response)
                    answer = read(status=status, headers=headers, body=body, now=self._clock())
                    return Exchange(answer=answer, http_status=status, body=body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return _unsent(reason=type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if body_sent is not None and body_sent.is_late:
                return _unsent(reason="its turn came too late", never_tried=True)
            if status is None:
                return _lost(reason=type(error).__name__, http_status=None)
        # The status was read, the body was not: a 2xx needs none, any other status proves too little.
        if 200 <= status < 300 or status in (401, 403, 413, 429):
            answer = read(status=status, headers=headers, body=b"", now=self._clock())
            return Exchange(answer=answer, http_status=status, body=b"")
        return _lost(reason="a broken body", http_status=status)


def _listed(*, entry: Mapping[str, Any]) -> ListedAccount:
    """Read an entry. Raises `BrokenArray` when its account number is missing or impossible."""
    number, identifier = entry.get("external_account_number"), entry.get("kraken_account_number")
    if not isinstance(number, str) or not number:
        raise BrokenArray("An entry of the listing has no external_account_number.")
    if len(number) > LONGEST_NAME:
        raise BrokenArray("An entry of the listing has an external_account_number that is too long.")
    return ListedAccount(external_identifier=number, kraken_identifier=read_identifier(value=identifier))


def _backoff(*, attempt: int) -> float:
    """Return the seconds to wait: exponential with full jitter, so that tasks do not retry in step."""
    return random.uniform(0, min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**attempt))


def _unsent(*, reason: str, never_tried: bool = False) -> Exchange:
    return Exchange(answer=NotSent(reason=reason, never_tried=never_tried), http_status=None, body=b"")


def _lost(*, reason: str, http_status: int | None) -> Exchange:
    return Exchange(answer=Unknown(reason=reason), http_status=http_status, body=b"")
