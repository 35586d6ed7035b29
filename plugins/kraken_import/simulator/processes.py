"""Import processes, each kept in a few bytes."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, MutableMapping
from itertools import islice
from typing import Any, Final, NamedTuple

from kraken_import.simulator.keys import Key, Keys

_ROW: Final = struct.Struct("<ddIII")
"""Three fields of the process, where the others are, and its place in the order; 0 is no process."""
_LAST: Final = struct.Struct("<II")
"""The last two of them."""
_PLACE: Final = struct.Struct("<I")
_SIZE: Final = _ROW.size
_LAST_AT: Final = _SIZE - _LAST.size
_PLACE_AT: Final = _SIZE - _PLACE.size
_HOLE: Final = (1 << 32) - 1


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

    def told(self, *, status: str) -> Process:
        """The process with another status last told, sooner than `_replace` makes it."""
        values: list[Any] = list(self)
        values[_SHOWN] = status
        return Process(*values)

    def ends_at(self, *, delay: float) -> float:
        """When processing ends, or ended."""
        return self.started_at + delay


_OWN: Final = 4
"""So many fields differ from process to process. The others are alike in nearly all."""
_LIVE_CREATES: Final = Process._fields.index("live_creates") - _OWN
_DRY_RUN_CREATES: Final = Process._fields.index("dry_run_creates") - _OWN
_SHOWN: Final = Process._fields.index("shown")
_FEW: Final = 1_000
"""So many holes are left in the order before it is looked at whether they are too many."""


class Processes(MutableMapping[Key, Process]):
    """The processes by key, in the order of their creation.

    What nearly all have in common is kept once; each is 28 bytes in one row of them by the number of its key,
    and four in the order. `keys` may be shared with others that count by key.
    """

    __slots__ = ("_common", "_held", "_numbers", "_order", "_repeated", "_rows", "_times", "numbering")

    def __init__(self, *, keys: Keys | None = None) -> None:
        self.numbering = keys or Keys()
        self._rows = bytearray()
        self._order = array("I")
        self._held = 0
        self._common: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._times: list[int] = []
        """How many processes have each of what they have in common."""
        self._repeated: set[int] = set()
        """The numbers of those that were created live more than once."""

    def __getitem__(self, key: Key) -> Process:
        """Return the process of a key."""
        process = self.find(key=key)
        if process is None:
            raise KeyError(key)
        return process

    def __setitem__(self, key: Key, process: Process) -> None:
        """Put a process in the place of the one before, or last."""
        self._put(self.numbering.number(key=key), process, is_last=False)

    def __delitem__(self, key: Key) -> None:
        """Forget the process of a key."""
        number = self.numbering.find(key=key)
        if number is None or not self._remove(number):
            raise KeyError(key)
        start = number * _SIZE
        self._rows[start : start + _SIZE] = bytes(_SIZE)

    def __iter__(self) -> Iterator[Key]:
        """Iterate over the keys."""
        return (self.numbering.key(number=number) for number in self._order if number != _HOLE)

    def __len__(self) -> int:
        """Return the number of processes."""
        return self._held

    def find(self, *, key: Key) -> Process | None:
        """The process of a key; None if there is none."""
        number = self.numbering.find(key=key)
        return None if number is None else self._of(key, number)

    def owner(self, *, number: int) -> Process | None:
        """The process that `renew` gave this number for; None if it was forgotten."""
        return self._of(self.numbering.key(number=number), number)

    def renew(self, *, process: Process) -> int:
        """Put a process last, in place of the one before. Returns the number of its key."""
        number = self.numbering.number(key=process.key)
        self._put(number, process, is_last=True)
        return number

    def page(self, *, start: int = 0, stop: int | None = None) -> Iterator[Process]:
        """Iterate over processes in the order of their creation."""
        return self._read(self._rows, self._places(start, stop))

    def snapshot(self) -> Iterator[Process]:
        """Iterate over the processes as they are now, whatever changes meanwhile, in their order."""
        return self._read(bytes(self._rows), array("I", self._places(0, None)))

    def starts(self) -> Iterator[float]:
        """When processing began, the latest create first."""
        return (
            _ROW.unpack_from(self._rows, number * _SIZE)[1]
            for number in reversed(self._order)
            if number != _HOLE
        )

    def creates(self) -> tuple[int, int]:
        """Return how many live creates and dry runs there were, of all processes together."""
        live = dry_run = 0
        for common, times in zip(self._common, self._times, strict=True):
            live += common[_LIVE_CREATES] * times
            dry_run += common[_DRY_RUN_CREATES] * times
        return live, dry_run

    def repeated(self) -> Iterator[Key]:
        """Iterate over the keys that were created live more than once, in the order of their creation."""
        return (self.numbering.key(number=number) for number in sorted(self._repeated, key=self._place))

    def _places(self, start: int, stop: int | None) -> Iterable[int]:
        """The numbers of some keys, in the order of their creation."""
        if len(self._order) == self._held:
            return self._order[start:stop]
        return islice((number for number in self._order if number != _HOLE), start, stop)

    def _place(self, number: int) -> int:
        """Where a process is in the order, from 1 on; 0 if there is none."""
        start = number * _SIZE
        if start >= len(self._rows):
            return 0
        place: int = _PLACE.unpack_from(self._rows, start + _PLACE_AT)[0]
        return place

    def _put(self, number: int, process: Process, *, is_last: bool) -> None:
        start = number * _SIZE
        missing = start + _SIZE - len(self._rows)
        if missing > 0:
            self._rows.extend(bytes(missing))
        before, place = _LAST.unpack_from(self._rows, start + _LAST_AT)
        if place and is_last:
            self._remove(number)
            place = 0
        elif place:
            self._times[before] -= 1
            self._repeated.discard(number)
        if not place:
            self._order.append(number)
            self._held += 1
            place = len(self._order)
        common = process[_OWN:]
        which = self._numbers.get(common)
        if which is None:
            which = self._numbers[common] = len(self._common)
            self._common.append(common)
            self._times.append(0)
        _ROW.pack_into(
            self._rows,
            start,
            process.created_at,
            process.started_at,
            process.number,
            which,
            place,
        )
        self._times[which] += 1
        if process.live_creates > 1:
            self._repeated.add(number)

    def _remove(self, number: int) -> bool:
        """Take a process out of the order. Returns whether there was one."""
        place = self._place(number)
        if not place:
            return False
        self._times[_LAST.unpack_from(self._rows, number * _SIZE + _LAST_AT)[0]] -= 1
        self._repeated.discard(number)
        self._order[place - 1] = _HOLE
        self._held -= 1
        if len(self._order) > 2 * self._held + _FEW:
            self._close_holes()
        return True

    def _close_holes(self) -> None:
        """Move the processes together, so that those created again and again take no room."""
        self._order = array("I", (number for number in self._order if number != _HOLE))
        for place, number in enumerate(self._order, start=1):
            _PLACE.pack_into(self._rows, number * _SIZE + _PLACE_AT, place)

    def _read(self, rows: bytes | bytearray, numbers: Iterable[int]) -> Iterator[Process]:
        return (self._process(self.numbering.key(number=number), rows, number) for number in numbers)

    def _of(self, key: Key, number: int) -> Process | None:
        if (number + 1) * _SIZE > len(self._rows):
            return None
        created_at, started_at, own, common, place = _ROW.unpack_from(self._rows, number * _SIZE)
        return Process(key, created_at, started_at, own, *self._common[common]) if place else None

    def _process(self, key: Key, rows: bytes | bytearray, number: int) -> Process:
        created_at, started_at, own, common, _ = _ROW.unpack_from(rows, number * _SIZE)
        return Process(key, created_at, started_at, own, *self._common[common])
