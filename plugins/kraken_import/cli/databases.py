"""Engines of the tracking and legacy databases: reached and of the right schema before a command begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from kraken_import.cli.places import Place, Surroundings
from kraken_import.cli.problems import UnableToReach, WrongSchema
from kraken_import.domain.wrapping import Wrapping
from kraken_import.tracking import migrate, vault
from kraken_import.tracking.faults import speak_in_sentences
from transforms.database import engine_to, unreachable_because
from transforms.encryption import demanded_by_dsn, distrust

_CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOfPlaces:
    """Wrapping keys from where the databases are named too, read when one is needed."""

    named: str = "WAVE_KEYS"

    def read(self) -> Wrapping | None:
        """Return what wraps; None where nothing says it."""
        return Surroundings().wave_keys()

    def check_silence(self) -> None:
        """Do nothing: what is not said here is not there."""


@contextmanager
def engine_of(*, dsn: str) -> Iterator[Engine]:
    """Open an engine for a plain libpq URI."""
    engine = engine_to(dsn, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def tracking_database(*, option: str | None = None, as_owner: bool = False) -> Iterator[Engine]:
    """Open the tracking database, with `as_owner` for the user who owns its schema where one is named.

    Raises `UnableToReach` or `WrongSchema` before anything is read.
    """
    place = Surroundings().database(name="tracking", option=option, as_owner=as_owner)
    check_database(place=place)
    with engine_of(dsn=place.dsn) as engine:
        check_schema(engine=engine, place=place)
        vault.attach(engine=engine, source=KeysOfPlaces())
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
        added: dict[str, Any] = dict(demanded_by_dsn(dsn=place.dsn))
        psycopg2.connect(place.dsn, connect_timeout=_CONNECT_SECONDS, **added).close()
    except psycopg2.OperationalError as error:
        if sentence := distrust(error=error, named=place.said_by):
            raise UnableToReach(sentence) from None
        raise UnableToReach(
            f"No database answers at {place.said_by}: {unreachable_because(error=error)}."
        ) from None


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
