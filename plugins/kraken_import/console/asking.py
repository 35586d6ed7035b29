"""What every route of the console is given: who asks, of which tracking database, and what they may read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from sqlalchemy import Connection, Engine

from kraken_import.console.access import Act, Answer, Caller, Surroundings
from kraken_import.console.forms import FIELD, check, token
from kraken_import.console.pages import page
from kraken_import.console.values import number_of
from kraken_import.tracking import overview, sessions
from kraken_import.tracking.overview import WaveLine

_MOST_DIGITS: Final = 18
"""Of a number that the tracking database can be asked about."""


class NotAllowed(Exception):
    """The user's permissions in Airflow do not allow this; the message says which one is missing."""


class NotFound(Exception):
    """There is no such thing, or none that this user may read; the message says what was looked for."""


@contextmanager
def reading(*, engine: Engine, seconds: int = 20) -> Iterator[Connection]:
    """Give a connection that only reads, and waits for no statement for ever."""
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        sessions.bound(connection=connection, seconds=seconds)
        yield connection


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: its user, its tracking database, and the page that answers it."""

    request: Request
    surroundings: Surroundings
    caller: Caller
    place: str
    at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When it was asked, before anything was read: milliseconds since 1970."""
    _reading: list[Connection] = field(default_factory=list, init=False)

    @property
    def is_live(self) -> bool:
        """Whether a page that is open asks for what it shows, and no person has just done anything."""
        return self.request.headers.get("x-console") == "live"

    @property
    def shown(self) -> int:
        """When what the open page shows was read, as it was told."""
        return number_of(text=self.request.headers.get("x-console-shown", "")) or 0

    @cached_property
    def dialects(self) -> list[str]:
        """The dialects of this database whose waves the user may read, in force or not."""
        with self.read() as connection:
            known = overview.dialects(connection=connection)
        named = dict.fromkeys([*self.surroundings.places()[self.place], *known])
        return [each for each in named if self.caller.may_read(dialect=each)]

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that only reads, sees no payload, and waits for no statement for ever.

        What is read while another part of the page reads has the same connection.
        """
        if self._reading:
            yield self._reading[-1]
            return
        with reading(engine=self.reader) as connection:
            self._reading.append(connection)
            try:
                yield connection
            finally:
                self._reading.pop()

    @property
    def reader(self) -> Engine:
        """The tracking database as the role that sees no payload."""
        return self.surroundings.reader(place=self.place)

    @property
    def writer(self) -> Engine:
        """The tracking database as the role of tasks."""
        return self.surroundings.writer(place=self.place)

    def wave(self, *, wave_id: int) -> WaveLine:
        """Return a wave that the user may read. Raises `NotFound`: whether there is another is not told."""
        with self.read() as connection:
            found = overview.waves(connection=connection, most=1, wave_id=wave_id)
        if not found or not self.caller.may_read(dialect=found[0].dialect):
            raise NotFound(
                f"There is no wave {wave_id} that you may see: the list of waves has those there are."
            )
        return found[0]

    def may(self, act: Act, dialect: str | None) -> bool:
        """Return whether the user may do this."""
        return self.caller.may(act=act, dialect=dialect)

    def require(self, *, act: Act, dialect: str | None) -> None:
        """Raise `NotAllowed` unless the user may do this."""
        if not self.may(act, dialect):
            of = f" of {dialect}" if dialect else ""
            raise NotAllowed(
                f"{self.caller.name} may look and not do this: Airflow gives no permission to "
                f"{act.value}{of}."
            )

    def require_form(self, *, sent: str) -> None:
        """Raise `ForeignForm` unless our own page sent this form."""
        check(
            request=self.request,
            key=self.surroundings.key(),
            user=self.caller.name,
            sent=sent,
            home=self.surroundings.home(),
        )

    def airflow(self, *, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call Airflow's REST API as the user. What it answers is told to no other user."""
        _ = self.caller.name
        return self.surroundings.airflow(request=self.request, method=method, path=path, body=body)

    def page(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Return a page with what all pages show."""
        return page(template=template, status=status, asked=self, **values)

    def link(self, *parts: object) -> str:
        """Return the address of a page of the console."""
        root = self.request.scope.get("root_path", "").rstrip("/")
        return "/".join([root, self.place, *(str(part) for part in parts)])

    @property
    def form_token(self) -> str:
        """What every form carries in its field `form_token`."""
        return token(key=self.surroundings.key(), user=self.caller.name)

    @property
    def form_field(self) -> str:
        """The name of that field."""
        return FIELD


def surroundings_of(request: Request) -> Surroundings:
    """Return what the console that was asked has around it."""
    surroundings: Surroundings = request.app.state.surroundings
    return surroundings


async def _caller(request: Request) -> Caller:
    return await surroundings_of(request).caller(request=request)


def _asked(request: Request, caller: Annotated[Caller, Depends(_caller)], place: str) -> Asked:
    surroundings = surroundings_of(request)
    if place not in surroundings.places():
        raise NotFound("There is no such tracking database: choose one at the top of the page.")
    named = [str(value) for value in (*request.path_params.values(), *request.query_params.values())]
    if any("\0" in value for value in named):
        raise NotFound("This address holds a sign that no name has: go back.")
    if any(len(value) > _MOST_DIGITS and value.lstrip("-").isdigit() for value in named):
        raise NotFound("A number in this address is larger than any that there is: go back.")
    return Asked(request=request, surroundings=surroundings, caller=caller, place=place)


SignedIn = Annotated[Caller, Depends(_caller)]
Ask = Annotated[Asked, Depends(_asked)]
