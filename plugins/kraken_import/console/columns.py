"""The legacy columns and rules of each dialect, read once by a process of its own and then kept.

Reading a mapping needs libraries that the API server does without; what is kept of it is a few kilobytes.
"""

from __future__ import annotations

import logging
import time
from threading import Lock, Thread
from typing import Final

from kraken_import.usecases.elsewhere import UnableToRead, read_elsewhere
from kraken_import.usecases.triage import UNMAPPED, Mapped

_log = logging.getLogger(__name__)

_LONGEST: Final = 60.0
"""Seconds that reading a mapping may take."""
_PATIENCE: Final = 0.1
"""Seconds that a page waits for it: the page is shown without columns then, and has them at its next look."""
_CURRENT: Final = 600.0
"""Seconds after which it is read again, beside the pages, so that a corrected mapping needs no restart."""
_AFTER_A_FAULT: Final = 30.0
"""Seconds after which one that could not be read is read again."""


class Columns:
    """The mappings that this process has had read."""

    def __init__(self) -> None:
        # Until when each is shown without reading it again.
        self._read: dict[str, tuple[float, Mapped]] = {}
        self._reading: dict[str, Thread] = {}
        self._lock = Lock()

    def of(self, *, dialect: str, patience: float = _PATIENCE) -> Mapped | None:
        """Return what is known of a dialect's mapping; None while it is being read for the first time."""
        with self._lock:
            known = self._read.get(dialect)
            if known is not None and time.monotonic() < known[0]:
                return known[1]
            reading = self._reading.get(dialect)
            if reading is None or not reading.is_alive():
                reading = Thread(target=self._keep, args=(dialect,), daemon=True)
                self._reading[dialect] = reading
                reading.start()
        if known is None:
            reading.join(timeout=patience)
            known = self._read.get(dialect)
        return None if known is None else known[1]

    def _keep(self, dialect: str) -> None:
        found = _read(dialect=dialect)
        with self._lock:
            _, before = self._read.get(dialect, (0.0, UNMAPPED))
            lasts = _AFTER_A_FAULT if found is None else _CURRENT
            self._read[dialect] = (time.monotonic() + lasts, found or before)


def _read(*, dialect: str) -> Mapped | None:
    try:
        return read_elsewhere(
            module="kraken_import.reporting.columns",
            parsed=lambda document: Mapped.read(document=document),
            words=(dialect,),
            seconds=_LONGEST,
        )
    except UnableToRead as problem:
        _log.warning("The mapping of %s could not be read (%s).", dialect, problem)
        return None


COLUMNS: Final = Columns()
"""Those of this process."""
