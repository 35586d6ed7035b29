"""`kraken-migrate rerun-show`: what a rerun mended, and a list of who is left, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import AsJson, TrackingDsn
from kraken_import.cli.output import show
from kraken_import.domain.lifecycle import Mode
from kraken_import.reporting.page import csv_text
from kraken_import.tracking.reruns import Left
from kraken_import.usecases.parties import refused_by, traced
from kraken_import.usecases.rerun_result import RerunResult, result_of
from kraken_import.usecases.triage import UNMAPPED, mapped_of
from transforms.private import write_private

app = typer.Typer()

ListFolder = Annotated[
    Path | None,
    typer.Option("--folder", help="Write who is left, and why, as CSV into this folder.", file_okay=False),
]

_HEADER = (
    "external_identifier",
    "wave",
    "from_state",
    "state",
    "by_whom",
    "code",
    "path",
    "legacy_column",
    "explanation",
)


@app.command(name="rerun-show")
def rerun_show(
    *,
    rerun: Annotated[int, typer.Argument(metavar="RERUN", min=1, help="The rerun's number.")],
    folder: ListFolder = None,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """Show what a rerun mended, and who refused the others, by cause; write who is left with --folder."""
    with tracking_database(option=tracking_dsn) as tracking:
        found, left = result_of(tracking=tracking, rerun=rerun)
    files = [] if folder is None else [str(_write(found=found, left=left, folder=folder))]
    data = {
        "rerun": found.rerun.id,
        "mended": found.mended,
        "left": found.left,
        "sentence": found.sentence,
        "outcome": found.rerun.outcome,
        "outcome_reason": found.rerun.outcome_reason,
        "package_version": found.rerun.package_version,
        "mapping_digest": found.rerun.mapping_digest,
        "mapped_otherwise": list(found.mapped_otherwise),
        "files": files,
    }
    show(data=data, lines=[*lines(found=found), *(f"  {file}" for file in files)], as_json=as_json)


def write_left(*, tracking: Engine, rerun: int, folder: Path) -> Path:
    """Write who a rerun has left, and why. Returns the file."""
    found, left = result_of(tracking=tracking, rerun=rerun)
    return _write(found=found, left=left, folder=folder)


def lines(*, found: RerunResult) -> list[str]:
    """Return what became of a rerun, in lines."""
    rerun = found.rerun
    through = "are in Kraken already" if rerun.mode is Mode.LIVE else "were rehearsed with success"
    alone = f", {rerun.in_kraken:,} more {through} and were left alone" if rerun.in_kraken else ""
    return [
        f"Rerun {rerun.id}: {rerun.records:,} records{alone}.",
        *(f"{way.records:>9,}  {way.from_state.value} → {way.state.value}" for way in found.ways),
        found.sentence,
        found.mapping,
    ]


def _write(*, found: RerunResult, left: Sequence[Left], folder: Path) -> Path:
    path = folder / f"rerun-{found.rerun.id}.csv"
    mapped = mapped_of(dialect=found.rerun.dialect) if left else UNMAPPED
    rows = (
        (
            each.external_identifier,
            each.wave_id,
            each.from_state.value,
            each.cause.state.value,
            refused_by(cause=each.cause),
            each.cause.code,
            each.cause.path,
            traced(cause=each.cause, mapped=mapped, detail=each.detail).source,
            each.detail,
        )
        for each in left
    )
    write_private(path=path, text=csv_text(header=_HEADER, rows=rows))
    return path
