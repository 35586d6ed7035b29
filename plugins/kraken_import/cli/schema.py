"""`kraken-migrate db`: the schema of the tracking database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from kraken_import.cli.databases import check_database, check_schema, engine_of, tracking_database
from kraken_import.cli.options import AsJson, TrackingDsn
from kraken_import.cli.output import show
from kraken_import.cli.places import Surroundings
from kraken_import.cli.problems import Problem
from kraken_import.tracking import installation, migrate, roles
from transforms.database import fault_of

app = typer.Typer(
    help="Look at the tracking database, bring it up to date, or let another Airflow use it.",
    no_args_is_help=True,
)


class UnableToMigrateTracking(Problem):
    """The tracking database refused its schema."""


@app.command()
def check(*, tracking_dsn: TrackingDsn = None, as_json: AsJson = False) -> None:
    """Say whether the tracking database has the schema of this version; exit code 4 if it has not."""
    place = Surroundings().database(name="tracking", option=tracking_dsn)
    check_database(place=place)
    with engine_of(dsn=place.dsn) as engine:
        standing = migrate.standing(engine=engine)
        if as_json:
            show(data={**asdict(standing), "is_current": standing.is_current}, lines=(), as_json=True)
        check_schema(engine=engine, place=place)
    if not as_json:
        typer.echo(
            f"The tracking database at {place.said_by} has schema {standing.found}, as this version needs."
        )


@app.command()
def upgrade(*, tracking_dsn: TrackingDsn = None) -> None:
    """Bring the schema of the tracking database up to date, by TRACKING_OWNER_DSN where it is set."""
    place = Surroundings().database(name="tracking", option=tracking_dsn, as_owner=True)
    check_database(place=place)
    with engine_of(dsn=place.dsn) as engine:
        before = migrate.standing(engine=engine)
        if before.is_newer:
            check_schema(engine=engine, place=place)
        bring_up_to_date(engine=engine)
    if before.is_current:
        typer.echo(f"The tracking database at {place.said_by} has schema {before.wanted} already.")
    else:
        typer.echo(
            f"The tracking database at {place.said_by} had {before.in_words}, and now {before.wanted}."
        )


@app.command(name="take-over")
def take_over(*, tracking_dsn: TrackingDsn = None) -> None:
    """Let another Airflow use the tracking database at once; stop the one that uses it before."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(let_go(engine=tracking))


def let_go(*, engine: Engine) -> str:
    """Let go of the Airflow that holds the tracking database. Returns which, in a sentence."""
    held = installation.free(engine=engine)
    if held is None:
        return "No Airflow holds the tracking database: the first one that plans, validates or creates will."
    return (
        f"{held.name}, last seen at {held.seen_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, no longer holds "
        "the tracking database: the next Airflow that plans, validates or creates will, so let one alone run."
    )


def bring_up_to_date(*, engine: Engine) -> None:
    """Create or upgrade the schema, and warn of tables left to another user.

    Raises `UnableToMigrateTracking`.
    """
    try:
        left = migrate.upgrade(engine=engine)
    except roles.UnableToSetRights as error:
        raise UnableToMigrateTracking(str(error)) from None
    except DBAPIError as error:
        raise UnableToMigrateTracking(
            f"The tracking database could not be brought up to date ({fault_of(error=error).state}): its "
            "user must be allowed to create schema migration."
        ) from None
    if left is not None:
        typer.echo(left, err=True)
