"""`kraken-migrate report`: the report of a wave as it stands now."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from kraken_import.cli.databases import tracking_database
from kraken_import.cli.leftovers import folder_of
from kraken_import.cli.options import HERE, AsJson, Folder, TrackingDsn, WaveArgument
from kraken_import.cli.output import show
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.report import wave_report
from transforms.private import write_private

app = typer.Typer()


@app.command()
def report(
    *, wave: WaveArgument, folder: Folder = HERE, tracking_dsn: TrackingDsn = None, as_json: AsJson = False
) -> None:
    """Write the report of a wave as it stands now: a page, and CSV files beside it."""
    with tracking_database(option=tracking_dsn) as tracking:
        with tracking.connect() as connection:
            named = find_wave(connection=connection, wave=wave)
        texts = wave_report(tracking=tracking, wave_id=named.id, now=datetime.now(UTC))
    into = folder_of(wave=named, within=folder)
    for name, text in texts.items():
        write_private(path=into / name, text=text)
    files = [str(into / name) for name in texts]
    lines = [f"The report of wave {named.id} {named.name!r}:", *(f"  {file}" for file in files)]
    show(data={"wave_id": named.id, "files": files}, lines=lines, as_json=as_json)
