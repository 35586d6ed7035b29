"""A tracking database of another version, or without rights: one sentence, and no value."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.pool import NullPool

from kraken_import.tracking import listing
from kraken_import.tracking.faults import UnableToUseTracking, speak_in_sentences
from transforms.database import engine_to, hushed

VALUE = "SECRET-" + "4711"
"""Put together, since a traceback shows the lines that it went through."""


@pytest.fixture
def engine(tracking_dsn: str) -> Iterator[Engine]:
    """An engine as tasks have it."""
    engine = engine_to(tracking_dsn, poolclass=NullPool)
    yield speak_in_sentences(engine=engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "SELECT no_such FROM migration.wave WHERE name = :name",
            "42703.: bring it up to date with `kraken-mig",
        ),
        (
            "SELECT 1 FROM migration.no_such WHERE 'x' = :name",
            "42P01.: bring it up to date with `kraken-migrate db upgrade",
        ),
        (
            "UPDATE migration.wave_purge SET reason = :name",
            "42501.: make it a member of migration_app",
        ),
        ("SELECT CAST(:name AS integer)", "22P02, invalid text representation"),
    ],
)
def test_what_the_tracking_database_refuses_is_one_sentence_without_values(
    engine: Engine, statement: str, sentence: str
) -> None:
    statements = (statement, "SELECT id FROM migration.wave WHERE name = :name")

    def act() -> None:
        with engine.connect() as connection:
            for each in statements:
                connection.execute(text(each), {"name": VALUE})

    with pytest.raises(UnableToUseTracking, match=sentence) as failed:
        act()
    assert VALUE not in "".join(traceback.format_exception(failed.value))
    assert failed.value.__suppress_context__


def test_a_lost_connection_stays_what_callers_try_again(engine: Engine) -> None:
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_an_error_that_no_sentence_replaces_has_no_word_of_the_driver(tracking_dsn: str) -> None:
    engine = hushed(engine=engine_to(tracking_dsn, poolclass=NullPool))
    with engine.connect() as connection, pytest.raises(DataError) as failed:
        connection.execute(text("SELECT CAST(:name AS date)"), {"name": VALUE})
    printed = "".join(traceback.format_exception(failed.value))
    assert "SQLSTATE 22007, invalid datetime format" in printed
    assert VALUE not in printed


def test_a_copy_that_is_refused_is_one_sentence_without_the_line_that_it_was_at(engine: Engine) -> None:
    with engine.connect() as connection:
        listing.begin(connection=connection)
        connection.exec_driver_sql("ALTER TABLE theirs ALTER external_identifier TYPE integer USING 0")
        with pytest.raises(UnableToUseTracking, match="22P02") as failed:
            listing.add(connection=connection, imported=True, listed=[(VALUE, None)])
    assert VALUE not in "".join(traceback.format_exception(failed.value))
