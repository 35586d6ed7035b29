"""`kraken-migrate key`: the keys that seal payloads and answers."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import TrackingDsn
from kraken_import.usecases.keys import rotate_keys

app = typer.Typer(help="Change the key that the keys of waves are wrapped with.", no_args_is_help=True)


@app.callback()
def _key() -> None:
    """Keep `rotate` a command of its own, since Typer makes a single one the group itself."""


@app.command()
def rotate(*, tracking_dsn: TrackingDsn = None) -> None:
    """Wrap the keys of all waves by the wrapping key that is named first, as TRACKING_OWNER_DSN.

    Waves may go on meanwhile.
    """
    with tracking_database(option=tracking_dsn, as_owner=True) as tracking:
        typer.echo(rotate_keys(tracking=tracking, now=datetime.now(UTC)))
