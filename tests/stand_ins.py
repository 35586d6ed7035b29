"""Stand-in Krakens, each a process of its own, forked from one that has imported what they need."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKED = multiprocessing.get_context("forkserver")


def make_ready() -> None:
    """Import what stand-ins need, once and in the environment of now: that takes half a second of CPU."""
    _FORKED.set_forkserver_preload([__name__, "kraken_import.simulator.__main__"])
    forkserver.ensure_running()


def begin(*, arguments: Sequence[str], log: Path) -> BaseProcess:
    """Begin a stand-in, as `python -m kraken_import.simulator` would with these arguments."""
    process = _FORKED.Process(target=_serve, args=(list(arguments), log), daemon=True)
    process.start()
    return process


def _serve(arguments: list[str], log: Path) -> None:
    from kraken_import.simulator.__main__ import main

    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    sys.argv = ["simulator", *arguments]
    sys.exit(main())
