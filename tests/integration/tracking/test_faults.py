"""A tracking database of another version, or without rights: one sentence, and no value."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from kraken_import.tracking.faults import UnableToUseTracking, speak_in_sentences


@pytest.fixture
def engine(tracking_dsn: str) -> Iterator[Engine]:
    """An engine as tasks have it."""
    url = tracking_dsn.replace("://", "+psycopg2://", 1)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    yield speak_in_sentences(engine=engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "SELECT no_such FROM migration.wave WHERE name = :name",
            "42703.: bring it up to date with `make mig",
        ),
        (
            "SELECT 1 FROM migration.no_such WHERE 'x' = :name",
            "42P01.: bring it up to date with `make migrate",
        ),
        (
            "SELECT set_config('role', 'reads_nothing', true) WHERE '' <> :name",
            "42501.: grant it all on schema",
        ),
        ("SELECT CAST(:name AS integer)", "22P02, invalid text representation"),
    ],
)
def test_what_the_tracking_database_refuses_is_one_sentence_without_values(
    engine: Engine, statement: str, sentence: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reads_nothing') THEN"
            " CREATE ROLE reads_nothing; END IF; END $$"
        )
    statements = (statement, "SELECT id FROM migration.wave WHERE name = :name")

    def act() -> None:
        with engine.connect() as connection:
            for each in statements:
                connection.execute(text(each), {"name": "SECRET-4711"})

    with pytest.raises(UnableToUseTracking, match=sentence) as failed:
        act()
    assert "SECRET" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_a_lost_connection_stays_what_callers_try_again(engine: Engine) -> None:
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
