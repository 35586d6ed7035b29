"""CPU seconds and memory of every process of the stack, by what the process does. Linux alone tells them.

A process that has ended has left its seconds to its parent, so the parts add up to all that was used, however
short the life of a process was.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kraken_import.local.processes import Component
from transforms.cpu_clock import cpu_seconds

SCHEDULER: Final = "scheduler"
SUPERVISORS: Final = "task supervisors"
TASKS: Final = "task processes"
DAG_PROCESSOR: Final = "DAG processor"
DAG_FILES: Final = "readings of DAG files"
API_SERVER: Final = "API server"
TRIGGERER: Final = "triggerer"
RUNNER: Final = "trigger runner"
STAND_IN: Final = "stand-in Kraken"
POSTMASTER: Final = "Postgres postmaster"
POSTGRES: Final = "Postgres"
MAINTENANCE: Final = "Postgres maintenance"
PREFIX: Final = "Postgres"
"""Begins the names of what its processes do for all databases, as in "Postgres autovacuum worker"."""

_PARTS: Final = {
    "scheduler": (SCHEDULER, SUPERVISORS, TASKS),
    "dag-processor": (DAG_PROCESSOR, DAG_FILES),
    "api-server": (API_SERVER,),
    "triggerer": (TRIGGERER, RUNNER),
    "simulator": (STAND_IN,),
}
"""What the leader of a component does, then its children, then theirs; the last one for all below."""

PROC: Final = Path("/proc")
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: its own CPU seconds, those of its children that have ended, and its size in bytes."""

    pid: int
    part: str
    own: float
    ended: float
    size: int
    place: str | None = None
    """Of a server process of Postgres: the database that it works on, or what it does for all of them."""


@dataclass(slots=True, kw_only=True)
class Stack:
    """The processes of a stack, found anew by each look."""

    components: Sequence[Component]
    postmaster: int | None

    def processes(self) -> Iterator[Process]:
        """Yield every process that lives now."""
        for component in self.components:
            parts = _PARTS.get(component.name, (component.name,))
            yield from _family(pid=component.pid, parts=parts)
        if self.postmaster is not None:
            yield from _servers(postmaster=self.postmaster)

    def seconds(self) -> dict[str, float]:
        """Return the CPU seconds of each part since the stack was started."""
        found: dict[str, float] = defaultdict(float)
        for process in self.processes():
            part = POSTGRES if process.part == MAINTENANCE else process.part
            found[part] += process.own
            found[_below(part)] += process.ended
        return dict(found)


@dataclass(slots=True, kw_only=True)
class Seen:
    """What samples have shown: the largest process of each part, and the seconds of Postgres' processes.

    It holds one entry for each server process that lives, so it does not grow with the wave.
    """

    peaks: dict[str, int] = field(default_factory=dict)
    _over: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _servers: dict[int, tuple[str, float, float]] = field(default_factory=dict)
    """The place of each server process, its seconds at the first look, and at the last."""
    _began: bool = False

    def note(self, *, processes: Sequence[Process]) -> dict[str, int]:
        """Take a sample. Returns the size of the largest process of each part now."""
        largest: dict[str, int] = {}
        servers: dict[int, tuple[str, float, float]] = {}
        for process in processes:
            largest[process.part] = max(largest.get(process.part, 0), process.size)
            if process.place is not None:
                # A session that was there before has worked for others; a new one for this wave alone.
                known, start = self._servers.pop(process.pid, None), 0.0 if self._began else process.own
                servers[process.pid] = (process.place, known[1] if known else start, process.own)
        for place, first, last in self._servers.values():
            self._over[place] += last - first
        self._servers, self._began = servers, True
        for part, size in largest.items():
            self.peaks[part] = max(self.peaks.get(part, 0), size)
        return largest

    def server_seconds(self) -> dict[str, float]:
        """Return what Postgres' processes were seen to use, by the database or by what they do for all."""
        found = defaultdict(float, self._over)
        for place, first, last in self._servers.values():
            found[place] += last - first
        return dict(found)


def _family(*, pid: int, parts: Sequence[str]) -> Iterator[Process]:
    process = _process(pid=pid, part=parts[0])
    if process is None:
        return
    yield process
    for child in _children(pid=pid):
        yield from _family(pid=child, parts=parts[1:] or parts)


def _below(part: str) -> str:
    """Return what the children of such a process do."""
    for parts in (*_PARTS.values(), (POSTMASTER, POSTGRES)):
        if part in parts[:-1]:
            return parts[parts.index(part) + 1]
    return part


def _servers(*, postmaster: int) -> Iterator[Process]:
    process = _process(pid=postmaster, part=POSTMASTER)
    if process is None:
        return
    yield process
    for pid in _children(pid=postmaster):
        title = _title(pid=pid)
        # "postgres: user database 127.0.0.1(40000) idle", or "postgres: checkpointer".
        words = title.removeprefix("postgres: ").split()
        is_session = len(words) > 2 and "(" in words[2]
        part = POSTGRES if is_session else MAINTENANCE
        # An autovacuum worker's third word is the database.
        place = (
            words[1] if is_session else " ".join((PREFIX, *(word for word in words[:2] if word.isalpha())))
        )
        server = _process(pid=pid, part=part, place=place)
        if server is not None:
            yield server


def _title(*, pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _process(*, pid: int, part: str, place: str | None = None) -> Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_bytes()
        resident, shared = map(int, (PROC / str(pid) / "statm").read_bytes().split()[1:3])
    except (OSError, ValueError):
        return None
    # The name of the program, in brackets, may have blanks.
    fields = text[text.rindex(b")") + 2 :].split()
    ticks = [int(each) for each in fields[11:15]]
    is_server = part in (POSTMASTER, POSTGRES, MAINTENANCE)
    # Exact, but of one thread alone; Postgres' processes have no other.
    exact = cpu_seconds(pid=pid) if is_server else None
    # Shared buffers count in each server process that has touched them.
    pages = resident - shared if is_server else resident
    return Process(
        pid=pid,
        part=part,
        own=exact if exact is not None else (ticks[0] + ticks[1]) * _TICK,
        ended=(ticks[2] + ticks[3]) * _TICK,
        size=pages * _PAGE,
        place=place,
    )


def _children(*, pid: int) -> list[int]:
    found: list[int] = []
    # Each thread lists the children that it has forked.
    with contextlib.suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                text = (thread / "children").read_bytes()
                found.extend(map(int, text.split()))
    return found
