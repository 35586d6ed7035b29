"""Options and arguments that several commands share."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from kraken_import.cli.problems import WrongUsage
from kraken_import.domain.orders import Order

TrackingDsn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--tracking-dsn", metavar="URI", help="The tracking database, without a password.", show_default=False
    ),
]
LegacyDsn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--legacy-dsn", metavar="URI", help="The legacy database, without a password.", show_default=False
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
WaveArgument: TypeAlias = Annotated[str, typer.Argument(metavar="WAVE", help="The wave, by its id or name.")]
WaveOption: TypeAlias = Annotated[
    str | None, typer.Option("--wave", metavar="WAVE", help="Only of this wave, by its id or name.")
]
DialectOption: TypeAlias = Annotated[str | None, typer.Option("--dialect", help="Only of this dialect.")]
Reason: TypeAlias = Annotated[
    str | None, typer.Option("--reason", help="Why, in your words; it is kept with the order.")
]
Folder: TypeAlias = Annotated[
    Path, typer.Option("--folder", help="The folder that the files are written into.", file_okay=False)
]

HERE: Final = Path()
"""The folder that files are written into where none is named."""


def order(*, reason: str | None) -> Order:
    """Return an order of the user of this machine, given now."""
    return Order(by=getpass.getuser(), reason=reason, at=datetime.now(UTC))


def check_dialect(*, name: str | None) -> None:
    """Raise `WrongUsage` for a dialect that does not exist."""
    # Only now: reading the dialects loads pandas.
    from transforms import registry

    if name is not None:
        try:
            registry.check_dialect(name=name)
        except registry.UnknownDialect as unknown:
            raise WrongUsage(str(unknown)) from None
