"""Import processes, each kept in a few bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, MutableMapping
from itertools import islice
from typing import Any, Final, NamedTuple

from kraken_import.simulator.keys import Key, Keys

_ROW: Final = struct.Struct("<ddII")


class Process(NamedTuple):
    """An import process. `error` is code and detail of what goes wrong while processing.

    It is a value: one that was changed takes the place of the one before.
    """

    key: Key
    created_at: float
    started_at: float
    """When processing began: later than `created_at` if it was created again in place."""
    number: int
    """The number of creates until this one."""
    is_dry_run: bool = False
    error: tuple[str, str] | None = None
    live_creates: int = 0
    dry_run_creates: int = 0
    listed: int = 1
    """How often the listings show it; tests make it another number."""
    has_event: bool = False
    """Whether its latest event tells when it was created again in place."""
    shown: str | None = None
    """The status last told."""
    named: str = ""
    """Kraken's identifier, where tests have chosen it."""

    @property
    def kraken_identifier(self) -> str:
        """Kraken's identifier of the record."""
        return self.named or f"A-{self.number:08X}"

    def ends_at(self, *, delay: float) -> float:
        """When processing ends, or ended."""
        return self.started_at + delay


_OWN: Final = 4
"""So many fields differ from process to process. The others are alike in nearly all."""


class Processes(MutableMapping[Key, Process]):
    """The processes by key, in the order of their creation.

    What nearly all have in common is kept once; each is 24 bytes, which no garbage collector has to visit.
    """

    __slots__ = ("_common", "_keys", "_numbers", "_rows")

    def __init__(self) -> None:
        self._keys = Keys()
        self._rows: dict[str, bytes] = {}
        self._common: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __getitem__(self, key: Key) -> Process:
        """Return the process of a key."""
        return self._process(key, self._rows[self._keys.text(key=key)])

    def __setitem__(self, key: Key, process: Process) -> None:
        """Put a process in the place of the one before, or last."""
        self._rows[self._keys.text(key=key)] = self._row(process)

    def __delitem__(self, key: Key) -> None:
        """Forget the process of a key."""
        del self._rows[self._keys.text(key=key)]

    def __iter__(self) -> Iterator[Key]:
        """Iterate over the keys."""
        return (self._keys.key(text=text) for text in self._rows)

    def __len__(self) -> int:
        """Return the number of processes."""
        return len(self._rows)

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def find(self, *, key: Key) -> Process | None:
        """The process of a key; None if there is none."""
        row = self._rows.get(self._keys.text(key=key))
        return None if row is None else self._process(key, row)

    def owner(self, *, text: str) -> Process | None:
        """The process that `renew` gave this text for; None if it was forgotten."""
        row = self._rows.get(text)
        return None if row is None else self._process(self._keys.key(text=text), row)

    def renew(self, *, process: Process) -> str:
        """Put a process last, in place of the one before. Returns its key as a text, which is kept once."""
        text = self._keys.text(key=process.key)
        self._rows.pop(text, None)
        self._rows[text] = self._row(process)
        return text

    def page(self, *, start: int = 0, stop: int | None = None) -> Iterator[Process]:
        """Iterate over processes in the order of their creation."""
        for text, row in islice(self._rows.items(), start, stop):
            yield self._process(self._keys.key(text=text), row)

    def starts(self) -> Iterator[float]:
        """When processing began, the latest create first."""
        return (_ROW.unpack(row)[1] for row in reversed(self._rows.values()))

    def _row(self, process: Process) -> bytes:
        common = process[_OWN:]
        number = self._numbers.get(common)
        if number is None:
            number = self._numbers[common] = len(self._common)
            self._common.append(common)
        return _ROW.pack(process.created_at, process.started_at, process.number, number)

    def _process(self, key: Key, row: bytes) -> Process:
        created_at, started_at, number, common = _ROW.unpack(row)
        return Process(key, created_at, started_at, number, *self._common[common])
