"""`kraken-migrate own`, `crosswalk`, `late-changes`, `differences`: what a wave leaves, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from sqlalchemy import Engine

from kraken_import.cli import leftovers
from kraken_import.cli.databases import legacy_database, tracking_database
from kraken_import.cli.leftovers import Listing
from kraken_import.cli.options import (
    HERE,
    AsJson,
    DialectOption,
    Folder,
    LegacyDsn,
    TrackingDsn,
    WaveArgument,
    WaveOption,
    check_dialect,
)
from kraken_import.cli.output import show
from kraken_import.cli.problems import WrongUsage
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases.cutover import live_wave

app = typer.Typer()


@app.command()
def own(
    *,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Who sees to it.")],
    wave: WaveOption = None,
    kind: Annotated[
        Literal["hand_back", "late_change", "difference"] | None,
        typer.Option("--kind", help="Only leftovers of this kind."),
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Only leftovers of this code.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="What the owner says; no personal data.")] = None,
    dialect: DialectOption = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Give what a wave leaves to an owner: all of it, one kind, or one code."""
    if wave is None and kind != "difference":
        raise WrongUsage(
            "Say which wave by --wave, or --kind difference for what no wave has: leftovers belong to a wave."
        )
    check_dialect(name=dialect)
    ownership = Ownership(owner=owner.strip(), code=code, note=note, at=datetime.now(UTC))
    with tracking_database(option=tracking_dsn) as tracking:
        named = _named(tracking=tracking, wave=wave, dialect=dialect)
        said = leftovers.own(tracking=tracking, wave=named, ownership=ownership, kind=kind, dialect=dialect)
    typer.echo(said)


@app.command()
def crosswalk(
    *,
    wave: WaveArgument,
    folder: Folder = HERE,
    dialect: DialectOption = None,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """Write who of a live wave is in Kraken as what, who is handed back and why, and who is undecided."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking:
        named = live_wave(tracking=tracking, name=wave, dialect=dialect)
        into = leftovers.folder_of(wave=named, within=folder)
        _show(listed=leftovers.crosswalk(tracking=tracking, wave=named, folder=into), as_json=as_json)


@app.command(name="late-changes")
def late_changes(
    *,
    wave: WaveArgument,
    folder: Folder = HERE,
    dialect: DialectOption = None,
    tracking_dsn: TrackingDsn = None,
    legacy_dsn: LegacyDsn = None,
    as_json: AsJson = False,
) -> None:
    """Write what reached the legacy system after customers of a live wave were read from it."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking, legacy_database(option=legacy_dsn) as legacy:
        named = live_wave(tracking=tracking, name=wave, dialect=dialect)
        into = leftovers.folder_of(wave=named, within=folder)
        listed = leftovers.late_changes(tracking=tracking, legacy=legacy, wave=named, folder=into)
        _show(listed=listed, as_json=as_json)


@app.command()
def differences(
    *,
    wave: WaveOption = None,
    folder: Folder = HERE,
    dialect: DialectOption = None,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """Write what reconciliation found and is still open, of one live wave or of all and of none."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking:
        named = _named(tracking=tracking, wave=wave, dialect=dialect)
        into = leftovers.folder_of(wave=named, within=folder)
        listed = leftovers.differences(tracking=tracking, wave=named, dialect=dialect, folder=into)
        _show(listed=listed, as_json=as_json)


def _named(*, tracking: Engine, wave: str | None, dialect: str | None) -> NamedWave | None:
    return None if wave is None else live_wave(tracking=tracking, name=wave, dialect=dialect)


def _show(*, listed: Listing, as_json: bool) -> None:
    files = [str(file) for file in listed.files]
    lines = [*listed.lines, *(f"  {file}" for file in files)]
    show(data={**listed.counts, "files": files}, lines=lines, as_json=as_json)
