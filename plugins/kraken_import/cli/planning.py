"""`kraken-migrate plan`: what the next scheduled night of each dialect would take, and what waits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import AsJson, DialectOption, TrackingDsn, check_dialect
from kraken_import.cli.output import show, table
from kraken_import.domain.nights import SCHEDULE, scheduled
from kraken_import.usecases.coming import Night, nights_to_come

app = typer.Typer()


@app.command()
def plan(*, dialect: DialectOption = None, tracking_dsn: TrackingDsn = None, as_json: AsJson = False) -> None:
    """Show which cohorts the next scheduled night of each dialect takes, and what the others wait for."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking:
        nights = nights_to_come(
            tracking=tracking,
            schedule=scheduled(environment=os.environ),
            now=datetime.now(UTC),
            dialect=dialect,
        )
    lines = [line for night in nights for line in _lines(night=night)]
    show(
        data=[{**asdict(night), "customers": night.customers} for night in nights],
        lines=lines or ["No cohort waits for a wave."],
        as_json=as_json,
    )


def _lines(*, night: Night) -> Iterator[str]:
    going = [each for each in night.cohorts if each.goes]
    if night.problem is not None:
        begins = f"no night takes these cohorts. {night.problem.removesuffix('.')}"
    elif night.begins_at is None:
        begins = f"nights are not scheduled ({SCHEDULE} is empty)"
    else:
        cohorts = f"{len(going)} cohort{'' if len(going) == 1 else 's'}"
        takes = f"{cohorts}, {night.customers:,} customers" if going else "nothing"
        begins = f"the night of {night.begins_at:%Y-%m-%d %H:%M} ({night.zone}) takes {takes}"
    yield f"{night.dialect}, to {night.target_kraken}: {begins}."
    if going:
        first = going[0]
        yield f"  {first.cohort.mode.value}, import supplier {first.cohort.import_supplier}. {first.policy}"
    rows = [
        (
            each.cohort.name,
            str(each.cohort.wave_date or ""),
            each.cohort.mode.value,
            each.cohort.customers,
            each.standing,
        )
        for each in night.cohorts
    ]
    yield from (
        f"  {line}" for line in table(header=("cohort", "date", "mode", "customers", "state"), rows=rows)
    )
