"""Samples of the stack while a wave runs: peaks, Postgres' processes, and figures over time."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from kraken_import.local.bench.processes import Seen, Stack

_SAMPLE_SECONDS = 0.5

Note = Callable[[float, Mapping[str, int]], None]
"""Takes the seconds since the beginning, and the size of the largest process of each part."""


@contextlib.contextmanager
def sampled(*, stack: Stack, note: Note | None = None) -> Iterator[Seen]:
    """Look at every process twice a second until the block ends, and once more at its end."""
    seen = Seen()
    over = threading.Event()
    began = time.monotonic()

    def sample() -> None:
        while True:
            sizes = seen.note(processes=list(stack.processes()))
            if note is not None:
                note(time.monotonic() - began, sizes)
            if over.is_set():
                return
            over.wait(_SAMPLE_SECONDS)

    with ThreadPoolExecutor(max_workers=1) as sampler:
        sampling = sampler.submit(sample)
        try:
            yield seen
        finally:
            over.set()
        # Figures without samples would not be what they seem.
        sampling.result()
