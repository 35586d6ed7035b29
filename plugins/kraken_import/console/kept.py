"""What takes longer to find out than a page may wait: found out beside the pages, and kept for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Final, Generic, TypeVar

from kraken_import.usecases.elsewhere import UnableToRead

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_PATIENCE: Final = 0.15
"""Seconds that a page waits for it."""
_REST: Final = 20.0
"""For how many times as long as it took it is kept: all open pages take a twentieth of a core for it."""
_LEAST: Final = 4.0
"""Seconds between two looks of an open page."""
_MOST: Final = 100
"""How many are kept: the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Generic[_T]):
    """Something that was found out, and when."""

    found: _T
    at: datetime


class Kept(Generic[_T]):
    """What this process has found out, by key. One thread at a time finds out what is under a key."""

    def __init__(
        self,
        *,
        lasts: float | None = None,
        after_a_fault: float | None = None,
        what: str = "What a page shows",
    ) -> None:
        """Keep what is found for so many seconds; None: for as long as it took, many times over.

        What could not be found out is tried again after `after_a_fault` seconds; None: after as long. `what`
        names it in the log, with its key as `{key}`.
        """
        self._lasts = lasts
        self._after_a_fault = lasts if after_a_fault is None else after_a_fault
        self._what = what
        # Until when each is shown without finding it out again.
        self._known: dict[Hashable, tuple[float, Known[_T] | None]] = {}
        self._working: dict[Hashable, Thread] = {}
        self._lock = Lock()

    def of(
        self, *, key: Hashable, find_out: Callable[[], _T], patience: float = _PATIENCE
    ) -> Known[_T] | None:
        """Return what is known, as it stood a while ago; None while it is found out for the first time."""
        with self._lock:
            until, known = self._known.get(key, (0.0, None))
            if time.monotonic() < until:
                return known
            working = self._working.get(key)
            if working is None or not working.is_alive():
                working = Thread(target=self._work, args=(key, find_out), daemon=True)
                self._working[key] = working
                working.start()
        working.join(timeout=patience)
        with self._lock:
            return self._known.get(key, (0.0, None))[1]

    def has_failed(self, *, key: Hashable) -> bool:
        """Return whether nothing is known, since it could not be found out."""
        with self._lock:
            return key in self._known and self._known[key][1] is None

    def _work(self, key: Hashable, find_out: Callable[[], _T]) -> None:
        began = time.monotonic()
        try:
            found: Known[_T] | None = Known(found=find_out(), at=datetime.now(UTC))
        except Exception as error:
            # Its words may quote a customer. The page asks again.
            kind = str(error) if isinstance(error, UnableToRead) else type(error).__name__
            _log.error("%s could not be found out (%s).", self._what.format(key=key), kind)
            found = None
        lasts = self._lasts if found else self._after_a_fault
        if lasts is None:
            lasts = max(_LEAST, _REST * (time.monotonic() - began))
        with self._lock:
            before = self._known.pop(key, (0.0, None))[1]
            self._known[key] = (time.monotonic() + lasts, found or before)
            del self._working[key]
            while len(self._known) > _MOST:
                self._known.pop(next(iter(self._known)))
