"""Whether any statement of the tracking database grows with all that was ever migrated.

    .venv/bin/python benchmarks/growth.py [--records 10000000] [--events 100000000] [--waves 2000]

A separate Postgres is started in a temporary folder (below --folder), given the project's schema, and
filled: import processes of live waves and of their rehearsals, attempts, events, errors, payloads, answers,
money, shared values, holds, cohorts, reruns. Where the disk has no room for as much, it is filled as far as
it has. Then every statement of sql/tracking is explained as it runs, and rolled back. One line for each:
the records that it is about, milliseconds, milliseconds a thousand records, partitions that it locks, rows
that it reads and writes, tables that it scans.

It ends with 1 when a statement, other than the named maintenance, scans a large table of which it needs less
than a tenth, reads much more than it is about, locks the partitions of other waves, or takes more than 50 ms
a thousand records (75 for the build); records are read and written by the thousand. The rules are made for a
hundred waves or more: of fewer, one is a large part of its tables, and Postgres rightly reads them whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.ground import own_postgres
from benchmarks.growth_cases import MAINTENANCE
from benchmarks.growth_explain import Found, explain, forgotten, sample_of
from benchmarks.growth_fill import Scale, fill
from kraken_import.tracking import migrate
from transforms.database import engine_to

_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "1GB",
    "autovacuum": "off",
    "max_locks_per_transaction": "512",
}
_SPARE: Final = 0.2
"""Share of the free disk that is left alone."""


def main() -> int:
    """Fill a database, explain every statement, print the table and the verdict."""
    parser = argparse.ArgumentParser(description="Explain every statement at scale.")
    parser.add_argument("--records", type=int, default=10_000_000, help="import processes")
    parser.add_argument("--events", type=int, default=100_000_000, help="events of them")
    parser.add_argument("--waves", type=int, default=2_000, help="waves that they are in (even)")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the database is"
    )
    options = parser.parse_args()
    if options.waves < 20 or options.waves % 2 or options.records < 20 * options.waves:
        parser.error("--waves must be even and at least 20, and --records at least twenty times as many.")
    if names := forgotten():
        print(
            f"benchmarks/growth_cases.py and sql/tracking do not agree about {', '.join(names)}.",
            file=sys.stderr,
        )
        return 1
    wanted = Scale(records=options.records, events=options.events, waves=options.waves)
    scale = _fitting(wanted=wanted, free=shutil.disk_usage(options.folder).free)
    if scale != wanted:
        print(f"The disk has room for {scale.records:,} records and {scale.events:,} events.")
    with own_postgres(name="growth", settings=_SETTINGS, folder=options.folder) as cluster:
        found = _measure(dsn=cluster.create_database(name="tracking"), scale=scale)
    return _print(found=found)


def _measure(*, dsn: str, scale: Scale) -> list[Found]:
    started = time.monotonic()
    engine = engine_to(dsn)
    migrate.upgrade(engine=engine)
    fill(
        dsn=dsn,
        scale=scale,
        tell=lambda what: print(f"{time.monotonic() - started:6,.0f} s  {what}", flush=True),
    )
    with engine.connect() as connection:
        size = connection.exec_driver_sql(
            "SELECT pg_size_pretty(pg_database_size(current_database()))"
        ).scalar_one()
    engine.dispose()
    print(
        f"{time.monotonic() - started:6,.0f} s  {scale.records:,} records, {scale.events:,} events: {size}."
    )
    return explain(dsn=dsn, sample=sample_of(dsn=dsn, scale=scale))


def _fitting(*, wanted: Scale, free: int) -> Scale:
    """The scale, or as much of it as the disk has room for."""
    share = min(1.0, free * (1 - _SPARE) / wanted.size)
    return Scale(records=int(wanted.records * share), events=int(wanted.events * share), waves=wanted.waves)


def _print(*, found: Sequence[Found]) -> int:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("statement", no_wrap=True)
    for heading in ("records", "ms", "ms/1,000", "partitions", "rows read", "written"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("scans", no_wrap=True)
    for each in found:
        table.add_row(
            each.name,
            f"{each.about:,}",
            f"{each.milliseconds:,.1f}",
            f"{each.per_thousand:,.1f}",
            f"{each.partitions:,}",
            f"{each.read:,}",
            f"{each.written:,}",
            ", ".join(sorted(each.scanned)),
        )
    console = Console(highlight=False, width=200)
    console.print(table)
    for each in found:
        if each.broken and each.is_excused:
            console.print(f"{each.name} {'; '.join(each.broken)}: {MAINTENANCE[each.name]}.")
    broken = [each for each in found if each.broken and not each.is_excused]
    for each in broken:
        console.print(f"{each.name} {'; '.join(each.broken)}.")
    console.print(f"{len(found)} cases, {len(broken)} break a rule.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
