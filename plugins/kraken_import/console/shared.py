"""Pages that many people leave open: read once for all who may see the same, and shown to each of them.

A page is made with a `Witness` in its user's place, who writes down each answer about the user that the page
has asked for: which dialects may be read, what may be ordered, and on a few pages the name. It is shown to
another user only where all these answers are the same, asked anew for each request. A page that a person
loads, or that an order leads to, is always read for itself: only what a page asks for later, by itself, may
be shared.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import Final, TypeAlias

from fastapi import Response

from kraken_import.console import pages
from kraken_import.console.access import Act, Caller
from kraken_import.console.asking import Asked

CURRENT: Final = 4.0
"""Seconds for which a page is shown to others, and after which an open page asks again.

A page is asked for again when this time is over for what it shows. With what console.js adds, so that open
pages do not all ask at once, and with the time that reading takes, none shows what is older than five
seconds.
"""
_REST: Final = 4.0
"""A page is shown for at least so many times as long as it took to make: where the database is slow, all open
pages take a quarter of a core of it for each."""
_LONGEST: Final = 30.0
"""Seconds that a request waits for a page that another one reads; then it reads for itself."""
_MOST: Final = 200
"""Addresses of which it is remembered what their pages asked about users: the latest."""
_COMPRESSION: Final = 5

Question: TypeAlias = tuple[str, Act | None, str | None]
"""What a page asks about its user: which kind of question, what is to be done, and of which dialect."""
Address: TypeAlias = tuple[str, str, bytes]
"""Where the console is, the path of a page, and its query."""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A user whose answers are written down."""

    caller: Caller
    answers: dict[Question, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The user's name: a page that asks for it is shown to no other."""
        found = self.caller.name
        self.answers["name", None, None] = found
        return found

    def may_read(self, *, dialect: str) -> bool:
        """Return whether the user may read the DAG of a dialect's waves."""
        return self._noted(("may_read", None, dialect))

    def may(self, *, act: Act, dialect: str | None) -> bool:
        """Return whether the user may do this by REST."""
        return self._noted(("may", Act(act), dialect))

    def may_see_personal_data(self, *, dialect: str) -> bool:
        """Return whether the user may see what was sent to Kraken and what it answered."""
        return self._noted(("may_see_personal_data", None, dialect))

    def _noted(self, question: Question) -> bool:
        found = bool(_answer(caller=self.caller, question=question))
        self.answers[question] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPage:
    """A page that was made: what it answered to which questions, and when its reading began."""

    body: bytes
    packed: bytes
    """The same, compressed."""
    mark: str
    answers: Mapping[Question, object]
    read_at: int
    """Milliseconds since 1970: no user is shown an older page than the one before."""
    until: float
    """Until when it is shown to others, on this process's monotonic clock."""

    @property
    def left(self) -> float:
        """Seconds for which it is still shown to others."""
        return max(0.0, self.until - time.monotonic())

    def suits(self, *, caller: Caller, shown: int) -> bool:
        """Return whether this user may be shown it, after a page that was read at `shown`."""
        return self.read_at >= shown and _is_answered_alike(answers=self.answers, caller=caller)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A page that is being made, and what came of it."""

    done: Event = field(default_factory=Event)
    answers: Mapping[Question, object] = field(default_factory=dict)
    page: SharedPage | None = None
    fault: Exception | None = None


class SharedPages:
    """The pages that this process has made in the last seconds. They hold nothing of what customers are."""

    def __init__(self) -> None:
        self._pages: dict[Address, list[SharedPage]] = {}
        self._questions: dict[Address, tuple[Question, ...]] = {}
        """What the last page of an address asked: those who answer it alike wait for one another."""
        self._readings: dict[tuple[Address, tuple[object, ...], int], _Reading] = {}
        self._writes = 0
        self._lock = Lock()

    def forget(self) -> None:
        """Show nothing that was read up to now: something was written."""
        with self._lock:
            self._writes += 1
            self._pages.clear()

    def page(
        self, *, address: Address, caller: Caller, shown: int, make: Callable[[Witness], tuple[bytes, int]]
    ) -> SharedPage:
        """Return the page of an address for this user; `make` returns its text, and when reading began.

        Of several who ask at once and may see the same, one reads it and the others wait.
        """
        with self._lock:
            known = self._pages.get(address, ())
            questions = self._questions.get(address, ())
        for page in known:
            if page.left and page.suits(caller=caller, shown=shown):
                return page
        group = tuple(_answer(caller=caller, question=each) for each in questions)
        with self._lock:
            key = (address, group, self._writes)
            reading = self._readings.get(key)
            own = _Reading()
            if reading is None:
                self._readings[key] = own
        if reading is not None and reading.done.wait(timeout=_LONGEST):
            if reading.page is not None and reading.page.suits(caller=caller, shown=shown):
                return reading.page
            if reading.fault is not None and _is_answered_alike(answers=reading.answers, caller=caller):
                raise reading.fault
        try:
            return self._made(address=address, caller=caller, make=make, reading=own, writes=key[2])
        finally:
            with self._lock:
                if self._readings.get(key) is own:
                    del self._readings[key]
            own.done.set()

    def _made(
        self,
        *,
        address: Address,
        caller: Caller,
        make: Callable[[Witness], tuple[bytes, int]],
        reading: _Reading,
        writes: int,
    ) -> SharedPage:
        began, witness = time.monotonic(), Witness(caller=caller)
        reading.answers = witness.answers
        try:
            body, read_at = make(witness)
        except Exception as fault:
            reading.fault = fault
            raise
        found = SharedPage(
            body=body,
            packed=gzip.compress(body, _COMPRESSION, mtime=0),
            mark=f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"',
            answers=witness.answers,
            read_at=read_at,
            until=began + max(CURRENT, _REST * (time.monotonic() - began)),
        )
        reading.page = found
        with self._lock:
            if writes == self._writes:
                self._keep(address=address, page=found)
        return found

    def _keep(self, *, address: Address, page: SharedPage) -> None:
        for where in list(self._pages):
            # What those who may see the same were shown before is replaced.
            left = [
                each
                for each in self._pages[where]
                if each.left and (where != address or each.answers != page.answers)
            ]
            if left:
                self._pages[where] = left
            else:
                del self._pages[where]
        self._pages.setdefault(address, []).append(page)
        self._questions.pop(address, None)
        self._questions[address] = tuple(page.answers)
        while len(self._questions) > _MOST:
            self._questions.pop(next(iter(self._questions)))


def shared(*, asked: Asked, make: Callable[[Asked], Response]) -> Response:
    """Return a page: of those that open pages ask for by themselves, one that was made for others as well."""
    if not asked.is_live:
        return make(asked)

    def made(witness: Witness) -> tuple[bytes, int]:
        found = replace(asked, caller=witness)
        return bytes(make(found).body), found.at

    scope = asked.request.scope
    known: SharedPages = asked.request.app.state.shared_pages
    page = known.page(
        address=(scope.get("root_path", ""), scope["path"], scope["query_string"]),
        caller=asked.caller,
        shown=asked.shown,
        make=made,
    )
    return _response(asked=asked, page=page)


def _response(*, asked: Asked, page: SharedPage) -> Response:
    """Return a page as an open page takes it: when it was read, and in how many seconds to ask again."""
    headers = {
        "ETag": page.mark,
        "X-Console-Read": str(page.read_at),
        "X-Console-Next": f"{page.left:.2f}",
        "Vary": "Accept-Encoding",
    }
    wanted = asked.request.headers
    if wanted.get("if-none-match") == page.mark:
        return pages.answer(body=b"", status=304, headers=headers)
    if "gzip" in wanted.get("accept-encoding", ""):
        return pages.answer(body=page.packed, headers=headers | {"Content-Encoding": "gzip"})
    return pages.answer(body=page.body, headers=headers)


def _is_answered_alike(*, answers: Mapping[Question, object], caller: Caller) -> bool:
    return all(_answer(caller=caller, question=each) == known for each, known in answers.items())


def _answer(*, caller: Caller, question: Question) -> object:
    kind, act, dialect = question
    if kind == "may" and act is not None:
        return caller.may(act=act, dialect=dialect)
    if kind == "may_read" and dialect is not None:
        return caller.may_read(dialect=dialect)
    if kind == "may_see_personal_data" and dialect is not None:
        return caller.may_see_personal_data(dialect=dialect)
    return caller.name
