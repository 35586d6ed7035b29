"""How many payloads a second are extracted and built on one core, from generated customers.

    python benchmarks/build_throughput.py [--accounts 10000] [--batch 1000]

A Postgres of its own is started in a temporary folder, on another core where there is one, and filled; then
each dialect's customers are extracted and built batch by batch, as a wave does it. Nothing is sent.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from legacy import load
from stack import postgres
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract
from transforms.registry import get_dialect

SEED: Final = 7
TODAY: Final = date(2026, 11, 21)
"""The generated customers are of the autumn of 2026."""


@dataclass(slots=True, kw_only=True)
class Measured:
    """What one dialect took. CPU seconds are this process's own: they tell more on a busy machine."""

    payloads: int = 0
    rejections: int = 0
    size: int = 0
    extracting: float = 0.0
    building: float = 0.0
    cpu: float = 0.0


def main() -> int:
    """Start a database, measure every generated dialect, print one line for each figure."""
    parser = argparse.ArgumentParser(description="Measure extraction and build.")
    parser.add_argument("--accounts", type=int, default=10_000, help="customers of each dialect")
    parser.add_argument("--batch", type=int, default=1_000, help="customers of a batch")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    home = Path(tempfile.mkdtemp(prefix="kraken-build-throughput-"))
    # The server's user is not this one when this runs as root.
    home.chmod(0o755)
    # The server inherits the core that its starter has at the time.
    os.sched_setaffinity(0, cores[1:] or cores)
    cluster = postgres.open_cluster(home=home / "postgres", port=_free_port(), settings={"fsync": "off"})
    try:
        cluster.start()
        dsn = cluster.create_database(name="legacy").replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = create_engine(dsn, poolclass=NullPool)
        load.fill(
            engine=engine,
            customers=dict.fromkeys(load.generated_dialects(), options.accounts),
            seed=SEED,
            tell=lambda _: None,
        )
        os.sched_setaffinity(0, cores[:1])
        for name in load.generated_dialects():
            _print(name=name, measured=_measure(engine=engine, name=name, batch=options.batch))
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _measure(*, engine: Engine, name: str, batch: int) -> Measured:
    dialect = get_dialect(name=name)
    measured = Measured()
    last: str | None = None
    while identifiers := candidate_identifiers(engine=engine, dialect=dialect, after=last, limit=batch):
        _add_batch(engine=engine, dialect=dialect, identifiers=identifiers, to=measured)
        last = identifiers[-1]
    return measured


def _add_batch(*, engine: Engine, dialect: Dialect, identifiers: list[str], to: Measured) -> None:
    cpu, started = time.process_time(), time.perf_counter()
    frames = extract(engine=engine, dialect=dialect, identifiers=identifiers).frames
    extracted = time.perf_counter()
    result = build(
        dialect=dialect,
        frames=frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier=dialect.default_import_supplier, today=TODAY),
    )
    to.building += time.perf_counter() - extracted
    to.extracting += extracted - started
    to.cpu += time.process_time() - cpu
    to.payloads += len(result.payloads)
    to.rejections += len(result.rejections)
    to.size += sum(len(payload.body) for payload in result.payloads)


def _print(*, name: str, measured: Measured) -> None:
    customers = measured.payloads + measured.rejections
    print(name)
    print(f"  customers             {customers:>10,}  ({measured.rejections:,} rejected)")
    print(f"  bytes a payload       {measured.size / max(measured.payloads, 1):>10,.0f}")
    print(f"  extracting            {measured.extracting:>10.2f} s")
    print(f"  building              {measured.building:>10.2f} s")
    print(f"  customers/s           {customers / (measured.extracting + measured.building):>10,.0f}")
    print(f"  customers/CPU second  {customers / measured.cpu:>10,.0f}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
