"""How much memory the stack's processes take while something runs."""

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psutil

from kraken_import.local.running import Running
from kraken_import.local.stopping import cluster_of

_SAMPLE_SECONDS = 0.5
_SLICE_SECONDS = 2.0
"""Only the peaks are kept of each period of this length, so that a long wave needs little memory."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """The peaks of every process, slice of time by slice. Sizes are in bytes, seconds since the beginning."""

    _slices: dict[tuple[str, int], dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def note(self, *, component: str, pid: int, seconds: float, size: int) -> None:
        """Record how large a process is."""
        of_process, place = self._slices[component, pid], int(seconds // _SLICE_SECONDS)
        of_process[place] = max(of_process.get(place, 0), size)

    def peaks(self) -> dict[str, int]:
        """The largest size that one process of each component reached."""
        return {name: largest for name, (largest,) in self.by_part(parts=1, until=0.0).items()}

    def by_part(self, *, parts: int, until: float, since: float = 0.0) -> dict[str, Sequence[int]]:
        """Return the same for each of `parts` equal parts of a period; later sizes are in the last of them.

        Both ends are seconds since the beginning. A part in which a component had no process is 0.
        """
        found: dict[str, list[int]] = defaultdict(lambda: [0] * parts)
        for (component, _), slices in self._slices.items():
            largest = found[component]
            for place, size in slices.items():
                # By its middle a slice belongs to exactly one part.
                at = (place + 0.5) * _SLICE_SECONDS
                if at < since:
                    continue
                part = min(int((at - since) * parts / (until - since)), parts - 1) if until > since else -1
                largest[part] = max(largest[part], size)
        return dict(found)


@contextlib.contextmanager
def sampled(*, running: Running) -> Iterator[Memory]:
    """Keep the memory of every component's processes up to date until the block ends."""
    memory = Memory()
    over = threading.Event()
    began = time.monotonic()

    def sample() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            seconds = time.monotonic() - began
            for name, pid, size in _sizes(running=running):
                memory.note(component=name, pid=pid, seconds=seconds, size=size)

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield memory
    finally:
        over.set()
        sampler.join()


def _sizes(*, running: Running) -> Iterator[tuple[str, int, int]]:
    leaders = {component.pid: component.name for component in running.components}
    for name, process in _members(leaders=leaders):
        with contextlib.suppress(psutil.Error):
            yield name, process.pid, process.memory_info().rss
    postmaster = cluster_of(ports=running.ports).postmaster()
    for process in postmaster.children() if postmaster else ():
        with contextlib.suppress(psutil.Error):
            memory = process.memory_info()
            # Shared buffers count in each server process that has touched them.
            yield "postgres", process.pid, memory.rss - getattr(memory, "shared", 0)


def _members(*, leaders: dict[int, str]) -> Iterator[tuple[str, psutil.Process]]:
    """Yield every process that descends from a leader, by one query, since it is asked twice a second."""
    parents: dict[int, int] = {}
    known: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            parents[process.pid] = process.ppid()
            known[process.pid] = process
    for pid, process in known.items():
        ancestor: int | None = pid
        while ancestor is not None and ancestor not in leaders:
            ancestor = parents.get(ancestor)
        if ancestor is not None:
            yield leaders[ancestor], process
