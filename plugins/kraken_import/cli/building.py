"""`kraken-migrate payload`, `diff`, `preflight`: what would be sent, without any call."""

from __future__ import annotations

import getpass
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

import typer

from kraken_import.cli import preflights
from kraken_import.cli.databases import legacy_database, tracking_database
from kraken_import.cli.differing import differing
from kraken_import.cli.options import HERE, AsJson, Folder, LegacyDsn, TrackingDsn, check_dialect
from kraken_import.cli.output import show
from kraken_import.cli.payloads import print_payloads
from kraken_import.cli.places import NothingSaid, Surroundings
from kraken_import.cli.problems import WrongUsage
from kraken_import.client.settings import KrakenSettings
from kraken_import.usecases.build import payload_settings
from transforms.build import BuildSettings
from transforms.dialect import Dialect
from transforms.registry import get_dialect

app = typer.Typer()
DIALECT: Final = typer.Argument(metavar="DIALECT", help="The dialect, for example edf_accounts.")


@app.command()
def payload(
    *,
    dialect: Annotated[str, DIALECT],
    identifiers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[IDENTIFIER]...", help="The customers' external identifiers."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="The first so many that may migrate, instead.")
    ] = None,
    legacy_dsn: LegacyDsn = None,
) -> None:
    """Print exactly what validate would be sent: a JSON object, or JSON Lines. Personal data."""
    check_dialect(name=dialect)
    if bool(identifiers) == (limit is not None):
        raise WrongUsage("Say whose payload to print: external identifiers, or --limit 10.")
    kraken = _kraken(dialect=dialect)
    with legacy_database(option=legacy_dsn) as legacy:
        print_payloads(
            engine=legacy,
            dialect=get_dialect(name=dialect),
            identifiers=tuple(dict.fromkeys(identifiers or ())),
            limit=limit,
            kraken=kraken,
        )


@app.command()
def diff(
    *,
    dialect: Annotated[str, DIALECT],
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="The customer's external identifier.")
    ],
    tracking_dsn: TrackingDsn = None,
    legacy_dsn: LegacyDsn = None,
) -> None:
    """Compare a payload built now with those of the last rehearsal and live try. Personal data."""
    check_dialect(name=dialect)
    kraken = _kraken(dialect=dialect)
    with tracking_database(option=tracking_dsn) as tracking, legacy_database(option=legacy_dsn) as legacy:
        lines = differing(
            tracking=tracking,
            legacy=legacy,
            dialect=get_dialect(name=dialect),
            identifier=identifier,
            kraken=kraken,
        )
    typer.echo("\n".join(lines))


@app.command()
def preflight(
    *,
    dialect: Annotated[str, DIALECT],
    customers: Annotated[
        int, typer.Option("--customers", min=1, help="How many customers at most.")
    ] = preflights.DEFAULT_CUSTOMERS,
    folder: Folder = HERE,
    tracking_dsn: TrackingDsn = None,
    legacy_dsn: LegacyDsn = None,
    as_json: AsJson = False,
) -> None:
    """Build and check customers without any call, and write what to mend at the source."""
    check_dialect(name=dialect)
    known, kraken = get_dialect(name=dialect), _kraken(dialect=dialect)
    with legacy_database(option=legacy_dsn) as legacy:
        checked = preflights.check(engine=legacy, dialect=known, wanted=customers, kraken=kraken)
    # Without a tracking database there is nothing to compare with.
    with suppress(NothingSaid), tracking_database(option=tracking_dsn) as tracking:
        checked.rehearsed = preflights.last_rehearsal(tracking=tracking, dialect=known, kraken=kraken)
        if problem := preflights.keep(tracking=tracking, checked=checked, by=getpass.getuser()):
            typer.echo(problem, err=True)
    files = [str(file) for file in preflights.write(checked=checked, folder=folder / "preflight")]
    data = {
        "customers": checked.customers,
        "would_be_sent": checked.payloads,
        "with_a_warning": checked.warned,
        "rejected": checked.rejected,
        "causes": [asdict(cause) for cause in checked.causes.causes()],
        "files": files,
    }
    show(
        data=data,
        lines=preflights.lines_of(checked=checked, wanted=customers, files=files),
        as_json=as_json,
    )


def settings_for(*, dialect: Dialect, now: datetime) -> BuildSettings:
    """Return what payloads are built with: what the Connection says, or after a sentence the defaults."""
    kraken = _kraken(dialect=dialect.name)
    if kraken is None:
        return BuildSettings(import_supplier=dialect.default_import_supplier, today=now.date())
    return payload_settings(dialect=dialect, kraken=kraken, now=now)


def _kraken(*, dialect: str) -> KrakenSettings | None:
    """Return the settings that payloads are built with; None, after a sentence, for the defaults."""
    try:
        return Surroundings().kraken()
    except NothingSaid:
        typer.echo(
            f"Built with the defaults of {dialect}: nothing says where Kraken is, so its Connection's import "
            "suppliers and configured values are not known.",
            err=True,
        )
        return None
