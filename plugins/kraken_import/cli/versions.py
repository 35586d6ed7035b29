"""Which version of the package this is."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import typer

from kraken_import.tracking.migrate import known_steps

_DISTRIBUTION: Final = "kraken-migration"


def package() -> str:
    """Return the name and the version of the package."""
    with suppress(PackageNotFoundError):
        return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"
    return f"{_DISTRIBUTION}, not installed as a distribution"


def print_version(wanted: bool) -> None:
    """Print the version and end. For an option, whose value Typer gives by place."""
    if wanted:
        typer.echo(f"{package()}, for schema {max(known_steps())} of the tracking database")
        raise typer.Exit
