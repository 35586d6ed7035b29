"""`kraken-migrate purge`, `archive` and `restored`: what is kept, where, and what a copy lacks."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import Reason, TrackingDsn, WaveArgument, order
from kraken_import.cli.problems import WrongUsage
from kraken_import.usecases.archive import archive_events
from kraken_import.usecases.purge import purge_wave
from kraken_import.usecases.restored import end_restored, say_restored

app = typer.Typer()


@app.command()
def purge(*, wave: WaveArgument, reason: Reason = None, tracking_dsn: TrackingDsn = None) -> None:
    """Delete payloads, answers and amounts of a finished wave for good, and close it."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(purge_wave(tracking=tracking, wave=wave, order=order(reason=reason)))


@app.command(name="restored")
def restored_(
    *,
    over: Annotated[
        bool, typer.Option("--over", help="End it: a full reconciliation has found no difference since.")
    ] = False,
    unlisted: Annotated[
        str | None,
        typer.Option(
            "--unlisted", help="With --over: what Kraken's support said of imports that no listing shows."
        ),
    ] = None,
    reason: Reason = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Say that the tracking database was restored: each create waits for a look-up until it is over."""
    if unlisted is not None and not over:
        raise WrongUsage("Give --unlisted together with --over: it belongs to the end.")
    with tracking_database(option=tracking_dsn) as tracking:
        ordered = order(reason=reason)
        if over:
            typer.echo(end_restored(tracking=tracking, order=ordered, unlisted=unlisted))
        else:
            typer.echo(say_restored(tracking=tracking, order=ordered))


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
