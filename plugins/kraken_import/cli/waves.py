"""`kraken-migrate wave`: how waves stand, and orders to them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from sqlalchemy import Engine

from kraken_import.cli import leftovers
from kraken_import.cli.databases import legacy_database, tracking_database
from kraken_import.cli.following import draw
from kraken_import.cli.options import (
    AsJson,
    DialectOption,
    LegacyDsn,
    Reason,
    TrackingDsn,
    WaveArgument,
    check_dialect,
    order,
)
from kraken_import.cli.output import at, show, table
from kraken_import.cli.problems import WrongUsage
from kraken_import.tracking.control import Action
from kraken_import.tracking.overview import RerunLine, WaveLine
from kraken_import.usecases.control import control_wave, stop_all
from kraken_import.usecases.following import follow_wave
from kraken_import.usecases.overview import WaveOverview, list_waves, show_wave
from kraken_import.usecases.standing import standing
from kraken_import.usecases.triage import mapped_of
from transforms.money import written

_FOLLOW_SECONDS: Final = 2.0

app = typer.Typer(help="See how waves stand, and give them orders.", no_args_is_help=True)


@app.command(name="list")
def list_(
    *,
    dialect: DialectOption = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many waves at most.")] = 50,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """List the waves, the newest first, a line each."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking:
        found = list_waves(tracking=tracking, most=most, dialect=dialect)
    header = ("id", "name", "mode", "dialect", "customers", "planned", "state")
    lines = table(header=header, rows=[_row(wave=each) for each in found])
    show(
        data=[{**asdict(each), "standing": standing(wave=each)} for each in found],
        lines=lines or ["There is no wave yet."],
        as_json=as_json,
    )


@app.command(name="show")
def show_(
    *,
    wave: WaveArgument,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Draw it until it has ended: funnel, pace, causes, what to do. "
            "A file gets a line for each change.",
        ),
    ] = False,
    tracking_dsn: TrackingDsn = None,
    as_json: AsJson = False,
) -> None:
    """Show how a wave stands: counts, money, who asked for it and approved it, and its reruns."""
    if follow and as_json:
        raise WrongUsage("Give --follow or --json, not both: a wave that is followed is no single document.")
    with tracking_database(option=tracking_dsn) as tracking:
        found = show_wave(tracking=tracking, wave=wave)
        if follow and (screen := Console()).is_terminal:
            _draw(tracking=tracking, wave=found.wave, screen=screen)
            return
        show(data=asdict(found), lines=_lines(found=found), as_json=as_json)
        while follow and found.wave.outcome is None:
            time.sleep(_FOLLOW_SECONDS)
            before, found = found, show_wave(tracking=tracking, wave=str(found.wave.id))
            if (before.states, before.standing) != (found.states, found.standing):
                typer.echo(_change(found=found))


@app.command()
def pause(*, wave: WaveArgument, reason: Reason = None, tracking_dsn: TrackingDsn = None) -> None:
    """Send no further create of a wave until it is resumed."""
    _control(wave=wave, action="pause", reason=reason, tracking_dsn=tracking_dsn)


@app.command()
def resume(*, wave: WaveArgument, reason: Reason = None, tracking_dsn: TrackingDsn = None) -> None:
    """Let a paused wave go on."""
    _control(wave=wave, action="resume", reason=reason, tracking_dsn=tracking_dsn)


@app.command()
def cancel(*, wave: WaveArgument, reason: Reason = None, tracking_dsn: TrackingDsn = None) -> None:
    """Send no further create of a wave, for good."""
    _control(wave=wave, action="cancel", reason=reason, tracking_dsn=tracking_dsn)


@app.command(name="stop-all")
def stop_all_(
    *,
    kraken: Annotated[
        str | None, typer.Option("--kraken", help="Only what goes to this Connection or address.")
    ] = None,
    reason: Reason = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Send no further create of any wave or rerun until its run is cleared in Airflow."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(stop_all(tracking=tracking, kraken=kraken, order=order(reason=reason)))


@app.command()
def close(
    *,
    wave: WaveArgument,
    dialect: DialectOption = None,
    tracking_dsn: TrackingDsn = None,
    legacy_dsn: LegacyDsn = None,
) -> None:
    """Close a live wave; refused while anything that it leaves has no owner."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking, legacy_database(option=legacy_dsn) as legacy:
        typer.echo(leftovers.close(tracking=tracking, legacy=legacy, wave=wave, dialect=dialect))


@app.command(name="open")
def open_(*, wave: WaveArgument, dialect: DialectOption = None, tracking_dsn: TrackingDsn = None) -> None:
    """Open a closed wave again, so that its records can be rerun."""
    check_dialect(name=dialect)
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(leftovers.open_again(tracking=tracking, wave=wave, dialect=dialect))


def _draw(*, tracking: Engine, wave: WaveLine, screen: Console) -> None:
    mapped = mapped_of(dialect=wave.dialect)
    draw(
        look=lambda: follow_wave(tracking=tracking, wave_id=wave.id, mapped=mapped),
        console=screen,
        seconds=_FOLLOW_SECONDS,
    )


def _change(*, found: WaveOverview) -> str:
    counts = ", ".join(f"{state.value} {records:,}" for state, records in sorted(found.states.items()))
    return f"{datetime.now(UTC):%H:%M:%S} UTC  {counts}; {found.standing}"


def _control(*, wave: str, action: Action, reason: str | None, tracking_dsn: str | None) -> None:
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(control_wave(tracking=tracking, wave=wave, action=action, order=order(reason=reason)))


def _row(*, wave: WaveLine) -> Sequence[object]:
    said = standing(wave=wave)
    place = (str(wave.id), wave.name, wave.mode, wave.dialect)
    return *place, wave.claimed, at(when=wave.started_at), said


def _lines(*, found: WaveOverview) -> Iterator[str]:
    wave = found.wave
    yield f"Wave {wave.id} {wave.name!r}: {wave.mode}, {wave.dialect}, to {wave.target_kraken}"
    yield f"State: {found.standing}"
    if found.restored is not None:
        yield f"Tracking database: {found.restored}"
    yield f"Planned: {at(when=wave.started_at)}, {wave.claimed:,} customers, run {found.run}"
    if wave.finished_at is not None:
        yield f"Ended: {at(when=wave.finished_at)}"
    yield f"Asked for by: {wave.requested_by or 'not known'}"
    yield f"Approval: {found.approval}"
    yield f"Policy: {found.policy}"
    yield f"Built by: {found.built_by.in_words}"
    yield "Customers by state:"
    yield from (f"{records:>12,}  {state.value}" for state, records in sorted(found.states.items()))
    for line in found.money:
        ledger = f" {line.ledger}" if line.ledger else ""
        sums = {
            "legacy": line.legacy,
            "handed on": line.handed_on,
            "rejected by our build": line.rejected,
            "in payloads": line.payload,
            "held back at our gate": line.held_back,
            "refused by Kraken": line.refused,
            "ended by Kraken": line.failed,
            "parked": line.parked,
            "under way": line.underway,
            "accepted": line.accepted,
        }
        yield f"Money in {line.currency}{ledger}:"
        yield from (f"{written(cents=cents):>16}  {name}" for name, cents in sums.items())
    if found.reruns:
        yield "Reruns:"
        yield from (f"  {_rerun(rerun=each)}" for each in found.reruns)


def _rerun(*, rerun: RerunLine) -> str:
    by = f" by {rerun.requested_by}" if rerun.requested_by else ""
    if rerun.stop_reason is not None:
        state = f"stopped ({rerun.stop_code}): {rerun.stop_reason}"
    else:
        state = rerun.outcome or "under way"
        state += f": {rerun.outcome_reason}" if rerun.outcome_reason else ""
    other = f"; built by another mapping, {rerun.mapping_digest}" if rerun.is_mapped_otherwise else ""
    asked = f"{rerun.id}, asked for{by} on {at(when=rerun.requested_at)}, {rerun.records:,} records"
    return f"{asked}, {state}{other}"
