"""Engines of the tracking and legacy databases: reached and of the right schema before a command begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.cli.places import Place, Surroundings
from kraken_import.cli.problems import UnableToReach, WrongSchema
from kraken_import.tracking import migrate
from kraken_import.tracking.faults import speak_in_sentences

_CONNECT_SECONDS = 5


@contextmanager
def engine_of(*, dsn: str) -> Iterator[Engine]:
    """Open an engine for a plain libpq URI."""
    engine = create_engine(
        dsn.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool, hide_parameters=True
    )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def tracking_database(*, option: str | None = None) -> Iterator[Engine]:
    """Open the tracking database. Raises `UnableToReach` or `WrongSchema` before anything is read."""
    place = Surroundings().database(name="tracking", option=option)
    check_database(place=place)
    with engine_of(dsn=place.dsn) as engine:
        check_schema(engine=engine, place=place)
        yield speak_in_sentences(engine=engine)


@contextmanager
def legacy_database(*, option: str | None = None) -> Iterator[Engine]:
    """Open the legacy database. Raises `UnableToReach`."""
    place = Surroundings().database(name="legacy", option=option)
    check_database(place=place)
    with engine_of(dsn=place.dsn) as engine:
        yield engine


def check_database(*, place: Place) -> None:
    """Open and close one connection. Raises `UnableToReach`."""
    try:
        psycopg2.connect(place.dsn, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg2.OperationalError as error:
        # libpq's second line asks whether the server is running; the first says what happened.
        reason = str(error).strip().splitlines()[0].removeprefix("connection to server ").rstrip(".")
        raise UnableToReach(f"No database answers at {place.said_by}: {reason}.") from None


def check_schema(*, engine: Engine, place: Place) -> None:
    """Raise `WrongSchema` unless the tracking database has the schema of this version."""
    standing = migrate.standing(engine=engine)
    if standing.is_current:
        return
    if standing.is_newer:
        raise WrongSchema(
            f"The tracking database at {place.said_by} has schema {standing.found}, which is newer than "
            f"{standing.wanted} of this version: install the version that the pipeline runs with."
        )
    raise WrongSchema(
        f"The tracking database at {place.said_by} has {standing.in_words}, and this version needs "
        f"{standing.wanted}: bring it up to date with `kraken-migrate db upgrade` while no wave runs."
    )
