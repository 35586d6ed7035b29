"""Processes that play histories side by side, each on a database of its own in one Postgres."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from benchmarks.ground import own_postgres
from kraken_import.local.postgres import Cluster
from proofs.simulation.ground import SETTINGS, Ground, Memory, lay
from proofs.simulation.history import History, play

_MEMORY = Path("/dev/shm")  # noqa: S108
_ENOUGH_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Plays histories in its processes."""

    pool: Pool
    jobs: int

    def play(
        self, *, seeds: range, ablation: str | None = None, until_wrong: bool = False
    ) -> Iterator[History]:
        """The histories of these seeds in order; up to the first that is wrong, where that is enough."""
        # What is begun is played to its end, so little is begun where one may be enough.
        most = self.jobs * (2 if until_wrong else 50)
        for start in range(0, len(seeds), most):
            for history in self.pool.imap(partial(_play, ablation=ablation), seeds[start : start + most]):
                yield history
                if until_wrong and history.wrong:
                    return


@contextmanager
def players(*, jobs: int) -> Iterator[Player]:
    """So many processes, and a Postgres that is gone afterwards."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    folder = _MEMORY if has_room else None
    with own_postgres(name="histories", settings=SETTINGS, folder=folder) as cluster:
        # Before the others: it makes what they share.
        lay(cluster=cluster, number=0).close()
        context = multiprocessing.get_context("spawn")
        numbers: SimpleQueue[int] = context.SimpleQueue()
        for number in range(1, jobs + 1):
            numbers.put(number)
        with context.Pool(jobs, initializer=_begin, initargs=(cluster, numbers)) as pool:
            yield Player(pool=pool, jobs=jobs)


_mine: list[tuple[Ground, Memory]] = []


def _begin(cluster: Cluster, numbers: SimpleQueue[int]) -> None:
    # What a killed process leaves half-done is meant to be left so, and what it would still say counts not.
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    ground = lay(cluster=cluster, number=numbers.get())
    _mine.append((ground, Memory(legacy=ground.legacy)))


def _play(seed: int, *, ablation: str | None) -> History:
    ((ground, memory),) = _mine
    return play(seed=seed, ground=ground, memory=memory, ablation=ablation)
