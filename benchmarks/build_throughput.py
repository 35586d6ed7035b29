"""How many customers a second are extracted, built and checked on one core, for each dialect.

    .venv/bin/python benchmarks/build_throughput.py [--accounts 10000] [--batch 1000] [--dialect edf_accounts]

A separate Postgres is started in a temporary folder, on another core where there is one, and filled; then
each dialect's customers are extracted, built and checked batch by batch, as a wave does it. Nothing is sent.
CPU seconds are counted, those of Postgres for the extraction too, so that other work on the machine counts
little. It also prints two bounds of the same run: writing the finished payloads with json.dumps, and nothing
but the model's validation of ready-made objects.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event
from sqlalchemy.pool import NullPool

from benchmarks.ground import own_postgres
from kraken_import.generator import load
from kraken_import.generator.values import configured_values
from transforms.build import BuildSettings, build
from transforms.cpu_clock import cpu_seconds
from transforms.database import engine_to
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract
from transforms.models.shape import check_of
from transforms.registry import get_dialect

SEED: Final = 7
_WIDTH: Final = 120
TODAY: Final = date(2026, 11, 21)
"""The generated customers are of the autumn of 2026."""


@dataclass(slots=True, kw_only=True)
class Measured:
    """What one dialect took, in CPU seconds."""

    payloads: int = 0
    rejections: int = 0
    size: int = 0
    extracting: float = 0.0
    reading: float = 0.0
    """Of Postgres, for the extraction."""
    building: float = 0.0
    writing: float = 0.0
    validating: float = 0.0
    peak: int = 0
    """Largest resident size of this process in bytes."""


def main() -> int:
    """Start a database, measure every generated dialect, print one line for each figure."""
    parser = argparse.ArgumentParser(description="Measure extraction and build.")
    parser.add_argument("--accounts", type=int, default=10_000, help="customers of each dialect")
    parser.add_argument("--batch", type=int, default=1_000, help="customers of a batch")
    parser.add_argument("--dialect", choices=load.generated_dialects(), help="this dialect only")
    options = parser.parse_args()
    names = (options.dialect,) if options.dialect else load.generated_dialects()
    cores = sorted(os.sched_getaffinity(0))
    # The server inherits the core that its starter has at the time.
    os.sched_setaffinity(0, cores[1:] or cores)
    with own_postgres(name="build-throughput") as cluster:
        dsn = cluster.create_database(name="legacy").replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = engine_to(dsn, poolclass=NullPool)
        load.fill(
            engine=engine,
            customers=dict.fromkeys(names, options.accounts),
            seed=SEED,
            tell=lambda _: None,
        )
        os.sched_setaffinity(0, cores[:1])
        results = {name: _measure(engine=engine, name=name, batch=options.batch) for name in names}
        _print(results=results)
    return 0


def _measure(*, engine: Engine, name: str, batch: int) -> Measured:
    dialect = get_dialect(name=name)
    measured = Measured()
    last: str | None = None
    reader = _counted(engine=engine, to=measured)
    while identifiers := candidate_identifiers(engine=engine, dialect=dialect, after=last, limit=batch):
        _add_batch(engine=reader, dialect=dialect, identifiers=identifiers, to=measured)
        last = identifiers[-1]
    return measured


def _counted(*, engine: Engine, to: Measured) -> Engine:
    """Return an engine to the same database, whose sessions are counted as they end."""
    counted = engine_to(engine.url, poolclass=NullPool)

    @event.listens_for(counted, "close")
    def add(session: Any, _: object) -> None:
        to.reading += cpu_seconds(pid=session.info.backend_pid) or 0.0

    return counted


def _add_batch(*, engine: Engine, dialect: Dialect, identifiers: list[str], to: Measured) -> None:
    started = time.process_time()
    frames = extract(engine=engine, dialect=dialect, identifiers=identifiers).frames
    extracted = time.process_time()
    result = build(
        dialect=dialect,
        frames=frames,
        identifiers=identifiers,
        settings=BuildSettings(
            import_supplier=dialect.default_import_supplier,
            today=TODAY,
            values=configured_values()[dialect.name],
        ),
    )
    to.building += time.process_time() - extracted
    to.extracting += extracted - started
    to.payloads += len(result.payloads)
    to.rejections += len(result.rejections)
    to.size += sum(len(payload.body) for payload in result.payloads)
    documents = [json.loads(payload.body) for payload in result.payloads]
    check = check_of(dialect.model)
    started = time.process_time()
    for document in documents:
        json.dumps(document)
    to.writing += time.process_time() - started
    started = time.process_time()
    for document in documents:
        check(document)
    to.validating += time.process_time() - started
    to.peak = max(to.peak, psutil.Process().memory_info().rss)


def _print(*, results: dict[str, Measured]) -> None:
    table = Table(
        title="Customers a second on one core: extraction, build and rules",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
    )
    table.add_column("", no_wrap=True)
    for heading in ("whole", "build", "extract s", "Postgres s", "build s", "json", "model", "bytes"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, measured in results.items():
        customers = measured.payloads + measured.rejections
        table.add_row(
            name,
            f"{customers / (measured.extracting + measured.reading + measured.building):,.0f}",
            f"{customers / measured.building:,.0f}",
            *(
                f"{seconds / customers * 1000:.3f}"
                for seconds in (measured.extracting, measured.reading, measured.building)
            ),
            f"{measured.payloads / measured.writing:,.0f}",
            f"{measured.payloads / measured.validating:,.0f}",
            f"{measured.size / max(measured.payloads, 1):,.0f}",
        )
    console = Console(highlight=False)
    console = Console(highlight=False, width=max(console.width, _WIDTH))
    console.print(table)
    console.print(
        "whole: with extraction and Postgres. build: without, rules in it. s: CPU seconds for 1,000. "
        "Bounds: json, json.dumps of the finished payloads; model, validation of "
        "ready-made objects. bytes: of a payload. Largest size of this process: "
        f"{max(measured.peak for measured in results.values()) / 2**20:,.0f} MB."
    )


if __name__ == "__main__":
    sys.exit(main())
