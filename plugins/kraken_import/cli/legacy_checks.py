"""`kraken-migrate legacy-check`: what is wrong with a client's SQL and legacy database, all at once."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from kraken_import.cli.building import DIALECT, settings_for
from kraken_import.cli.databases import legacy_database
from kraken_import.cli.options import AsJson, LegacyDsn, check_dialect
from kraken_import.cli.output import show, table
from kraken_import.cli.problems import ExitCode
from kraken_import.usecases.legacy_check.check import DEFAULT_CUSTOMERS, LegacyCheck, check_legacy
from kraken_import.usecases.legacy_check.misfits import GRADES, Misfit
from transforms.frame_changes import percent
from transforms.registry import get_dialect

app = typer.Typer()
_WIDTH: Final = 110


@app.command(name="legacy-check")
def legacy_check(
    *,
    dialect: Annotated[str, DIALECT],
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="How many customers at most.")
    ] = DEFAULT_CUSTOMERS,
    legacy_dsn: LegacyDsn = None,
    as_json: AsJson = False,
) -> None:
    """Tell everything that is wrong with the SQL of a dialect and the database that it reads."""
    check_dialect(name=dialect)
    known = get_dialect(name=dialect)
    settings = settings_for(dialect=known, now=datetime.now(UTC))
    with legacy_database(option=legacy_dsn) as legacy:
        found = check_legacy(engine=legacy, dialect=known, settings=settings, limit=limit)
    data = {
        "dialect": found.dialect,
        "customers": found.customers,
        **{f"{severity}s": found.number(severity=severity) for severity in GRADES},
        "findings": [asdict(each) for each in found.misfits],
        "frames": [
            {"frame": line.now.frame, "rows": line.now.rows, "of": line.parent, "share": line.now.share}
            for line in found.frames
        ],
    }
    show(data=data, lines=_lines(found=found), as_json=as_json)
    if not found.is_clean:
        raise typer.Exit(ExitCode.REFUSED)


def _lines(*, found: LegacyCheck) -> Iterator[str]:
    """Yield what was found, for people."""
    counts = ", ".join(f"{found.number(severity=severity)} {severity}s" for severity in GRADES)
    yield f"{found.dialect}: {found.statements} statements, {found.customers:,} customers; {counts}."
    yield from told(misfits=found.misfits)
    if found.frames:
        yield ""
        yield from table(
            header=("frame", "rows", "share", "of"),
            rows=[
                (line.now.frame, line.now.rows, percent(line.now.share), line.parent or "customers")
                for line in found.frames
            ],
        )


def told(*, misfits: Sequence[Misfit]) -> Iterator[str]:
    """Yield the lines of findings, each behind an empty one."""
    for each in misfits:
        yield ""
        yield from textwrap.wrap(
            f"{each.severity}: {each.sentence}",
            width=_WIDTH,
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
