"""The Authorization header of requests: the Connection's own token, or one that is obtained and renewed.

A token obtained by signing in serves all sessions of a process, in all its threads and event loops. It is
renewed after four fifths of its life while requests use it, in a thread that one of them starts, and
obtained again when Kraken refuses it. Tokens are not stored or logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import os
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from kraken_import.client.answers import Throttled, Unauthorised
from kraken_import.client.settings import SECRETS, KrakenSettings, UnableToReadConnection
from kraken_import.client.sign_in import UnableToSignIn, sign_in

_RENEW_AFTER: Final = 0.8
"""The share of its life after which a token is renewed."""

_TRIES_IN_TIME: Final = 10
"""How often a renewal that fails for now is tried before the old token expires."""

_AFTER_FAILURE: Final = 0.25
_AFTER_REFUSAL: Final = 2.0
"""Seconds for which one failure answers all requests, so that they do not all sign in at once."""

_UNLESS_TOLD: Final = 10.0
_LONGEST_PAUSE: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Token:
    """An Authorization header, until when it is good, and whether it may be replaced after a 401.

    Both times are on the process's monotonic clock.
    """

    value: str = field(repr=False)
    renew_at: float = math.inf
    ends_at: float = math.inf
    is_first: bool = True
    has_worked: bool = False

    @property
    def may_be_renewed(self) -> bool:
        """Whether it has worked, or did not replace another token that was refused."""
        return self.is_first or self.has_worked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """A sign-in that gave no token, and until when it is not repeated."""

    problem: UnableToSignIn
    until: float

    def told(self, *, now: float) -> UnableToSignIn:
        """Return the same error for one more request, since each raises its own exception."""
        answer = self.problem.answer
        if isinstance(answer, Throttled):
            answer = replace(answer, retry_after=max(0.0, self.until - now))
        return UnableToSignIn(problem=self.problem.problem, answer=answer, takes_back=self.problem.takes_back)


_Flight: TypeAlias = "Future[Token | _Failure]"


class Source:
    """Supplies the tokens of one login to all threads of the process."""

    def __init__(self, *, settings: KrakenSettings) -> None:
        self.settings = settings
        """How to sign in; replaced when the Connection is read again."""
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._failure: _Failure | None = None
        self._flight: _Flight | None = None
        self._is_refused = False

    async def token(self) -> Token:
        """Return a token that is valid now. Raises `UnableToSignIn`."""
        token = self._token
        if token is not None and time.monotonic() < token.renew_at:
            return token
        found = self._look()
        return _landed(found if isinstance(found, Token) else await asyncio.wrap_future(found))

    def obtain(self) -> str:
        """Return a new token, even if there is a valid one. Blocks meanwhile. Raises `UnableToSignIn`."""
        with self._lock:
            flight = self._flight or self._begin()
        return _landed(flight.result()).value

    def has_other_than(self, *, token: Token) -> bool:
        """Return whether a token is no longer the current one."""
        return self._token is not token

    def drop(self, *, refused: Token) -> None:
        """Drop the token that Kraken refuses, so that the next request obtains another."""
        with self._lock:
            if self._token is refused:
                self._token, self._failure, self._is_refused = None, None, True

    def give_up(self, *, refused: Token) -> str:
        """Stop using a token that replaced a refused one and is refused as well.

        Returns what a person must do about it.
        """
        problem = (
            f"Kraken refused (401) a token that it had just issued for the {SECRETS[self.settings.sign_in]} "
            f"of Connection {self.settings.connection_id!r}: ask Kraken's support whether it may import data"
        )
        with self._lock:
            if self._token is refused:
                self._token = None
                self._failure = _Failure(
                    problem=UnableToSignIn(problem=problem, answer=Unauthorised()),
                    until=time.monotonic() + _AFTER_REFUSAL,
                )
        return problem

    def _look(self) -> Token | _Flight:
        """Return the token, or the sign-in that will bring one. Raises `UnableToSignIn`."""
        with self._lock:
            now = time.monotonic()
            token, failure = self._token, self._failure
            if failure is not None and now >= failure.until:
                failure = None
            if token is None or now >= token.ends_at:
                if failure is not None:
                    raise failure.told(now=now)
                return self._flight or self._begin()
            if failure is not None and failure.problem.takes_back:
                raise failure.told(now=now)
            if now >= token.renew_at and failure is None and self._flight is None:
                self._begin()
            return token

    def _begin(self) -> _Flight:
        """Sign in, in a separate thread that a waiting event loop cannot end. The caller holds the lock."""
        flight: _Flight = Future()
        # A caller that waits may be cancelled, and the sign-in goes on for the others.
        flight.set_running_or_notify_cancel()
        threading.Thread(target=self._fly, args=(flight,), name="kraken-sign-in", daemon=True).start()
        # Not before: callers would wait forever for a sign-in that cannot begin.
        self._flight = flight
        return flight

    def _fly(self, flight: _Flight) -> None:
        began_at = time.monotonic()
        landed: Token | _Failure | None = None
        try:
            try:
                issued = asyncio.run(sign_in(settings=self.settings))
            except UnableToSignIn as problem:
                landed = self._failed(problem)
            else:
                # Kraken issued it after it was asked for, so it does not end before this.
                landed = Token(
                    value=issued.value,
                    renew_at=began_at + issued.life * _RENEW_AFTER,
                    ends_at=began_at + issued.life,
                )
        finally:
            self._land(flight, landed)

    def _land(self, flight: _Flight, landed: Token | _Failure | None) -> None:
        with self._lock:
            self._flight = None
            if isinstance(landed, Token):
                landed.is_first = not self._is_refused
                self._token, self._failure, self._is_refused = landed, None, False
            else:
                self._failure = landed
        if landed is None:
            flight.set_exception(RuntimeError("Signing in to Kraken broke off."))
        else:
            flight.set_result(landed)

    def _failed(self, problem: UnableToSignIn) -> _Failure:
        _log.warning("%s", problem)
        now = time.monotonic()
        if isinstance(problem.answer, Throttled):
            asked = problem.answer.retry_after
            return _Failure(
                problem=problem,
                until=now + min(_UNLESS_TOLD if asked is None else asked, _LONGEST_PAUSE),
            )
        token = self._token
        if problem.takes_back or token is None or now >= token.ends_at:
            pause = _AFTER_REFUSAL if problem.needs_a_person else _AFTER_FAILURE
            return _Failure(problem=problem, until=now + pause)
        pause = max(_AFTER_REFUSAL, (token.ends_at - token.renew_at) / _TRIES_IN_TIME)
        return _Failure(problem=problem, until=min(now + pause, token.ends_at))


def source_of(*, settings: KrakenSettings) -> Source | None:
    """Return the process's one source for this login at this Kraken; None if the Connection has the token."""
    if settings.sign_in == "none":
        return None
    secret = hashlib.sha256(settings.token.encode()).hexdigest()
    key = (settings.target, settings.sign_in_path, settings.sign_in, settings.login, secret)
    with _ONE_AT_A_TIME:
        source = _SOURCES.setdefault(key, Source(settings=settings))
    source.settings = settings
    return source


def forget_tokens() -> None:
    """Let every login be signed in again, as a forked process must: it does not inherit sign-in threads."""
    _SOURCES.clear()


class Authorization:
    """What one session authorises its requests with.

    `refresh` reads the settings again: once for a Connection's token that Kraken refuses, and again only
    after the replacement has worked; and once for a secret that yields no token that Kraken accepts.
    """

    def __init__(self, *, settings: KrakenSettings, refresh: Callable[[], Awaitable[KrakenSettings]]) -> None:
        self._target = settings.target
        self._refresh = refresh
        self._lock = asyncio.Lock()
        self._read_for: Source | None = None
        self._source = source_of(settings=settings)
        self._fixed = None if self._source else Token(value=settings.authorization)
        self.problem: str | None = None
        """Why Kraken accepts no token, and what a person must do: a sentence without its end."""

    async def token(self) -> Token:
        """Return the token for a request. Raises `UnableToSignIn`."""
        source = self._source
        if self._fixed is not None:
            return self._fixed
        assert source is not None
        try:
            token = await source.token()
        except UnableToSignIn as error:
            if not error.needs_a_person:
                raise
            self.problem = error.problem
            async with self._lock:
                has_another = await self._has_another_source(than=source)
            if not has_another:
                raise
            return await self.token()
        self.problem = None
        return token

    async def renew(self, *, refused: Token) -> bool:
        """Replace a token after a 401, unless that was just done. Returns whether to try again."""
        async with self._lock:
            source = self._source
            if source is None:
                return await self._renew_fixed(refused)
            if source.has_other_than(token=refused):
                return True
            if refused.may_be_renewed:
                source.drop(refused=refused)
                return True
            self.give_up(refused=refused)
            return await self._has_another_source(than=source)

    def give_up(self, *, refused: Token) -> None:
        """Report a token that replaced a refused one and is refused as well."""
        source = self._source
        if source is None or refused.may_be_renewed or source.has_other_than(token=refused):
            return
        self.problem = source.give_up(refused=refused)

    async def _renew_fixed(self, refused: Token) -> bool:
        if self._fixed is not refused:
            return True
        if not refused.may_be_renewed:
            return False
        if await self._read_again():
            return True
        refused.is_first = refused.has_worked = False
        return False

    async def _has_another_source(self, *, than: Source) -> bool:
        """Read the Connection again, once for a source that fails. Returns whether they come otherwise."""
        if self._source is than and self._read_for is not than:
            self._read_for = than
            await self._read_again()
        return self._source is not than

    async def _read_again(self) -> bool:
        """Read the Connection again. Returns whether its settings can be used."""
        try:
            settings = await self._refresh()
        except UnableToReadConnection:
            return False
        if settings.target != self._target:
            # The Connection points to another Kraken now: this wave's records must not follow it.
            return False
        self._source = source_of(settings=settings)
        self._fixed = None if self._source else Token(value=settings.authorization, is_first=False)
        return True


def _landed(found: Token | _Failure) -> Token:
    if isinstance(found, Token):
        return found
    raise found.told(now=time.monotonic())


_ONE_AT_A_TIME: Final = threading.Lock()
_SOURCES: Final[dict[tuple[str, str, str, str | None, str], Source]] = {}

os.register_at_fork(after_in_child=forget_tokens)
