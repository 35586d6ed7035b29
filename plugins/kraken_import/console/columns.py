"""The legacy columns and rules of each dialect, read once by a process of its own and then kept.

Reading a mapping needs libraries that the API server does without; what is kept of it is a few kilobytes.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from kraken_import.console.kept import Kept
from kraken_import.usecases.elsewhere import read_elsewhere
from kraken_import.usecases.triage import UNMAPPED, Mapped

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
        self._kept: Kept[Mapped] = Kept(
            lasts=_CURRENT, after_a_fault=_AFTER_A_FAULT, what="The legacy columns of {key}"
        )

    def of(self, *, dialect: str, patience: float = _PATIENCE) -> Mapped | None:
        """Return what is known of a dialect's mapping; None while it is being read for the first time."""
        known = self._kept.of(key=dialect, find_out=partial(_read, dialect=dialect), patience=patience)
        if known is not None:
            return known.found
        return UNMAPPED if self._kept.has_failed(key=dialect) else None


def _read(*, dialect: str) -> Mapped:
    return read_elsewhere(
        module="kraken_import.reporting.columns",
        parsed=lambda document: Mapped.read(document=document),
        words=(dialect,),
        seconds=_LONGEST,
    )


COLUMNS: Final = Columns()
"""Those of this process."""
