"""`kraken-migrate purge` and `archive`: what is kept of waves that are over, and where."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import Reason, TrackingDsn, WaveArgument, order
from kraken_import.usecases.archive import archive_events
from kraken_import.usecases.purge import purge_wave

app = typer.Typer()


@app.command()
def purge(*, wave: WaveArgument, reason: Reason = None, tracking_dsn: TrackingDsn = None) -> None:
    """Delete payloads, answers and amounts of a finished wave for good, and close it."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(purge_wave(tracking=tracking, wave=wave, order=order(reason=reason)))


@app.command()
def archive(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the files are to be.", file_okay=False)
    ],
    days: Annotated[
        int, typer.Option("--days", min=0, max=99_999, help="Days since the purge of a wave.")
    ] = 30,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Move the events of waves purged some time ago into files, and delete them from the database."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(
            archive_events(
                tracking=tracking,
                folder=folder.expanduser().resolve(),
                after=timedelta(days=days),
                archived_by=getpass.getuser(),
                now=datetime.now(UTC),
            )
        )
