"""Extraction from a real Postgres: one snapshot, no writing, and SQL files that break their contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from tests.samples import identifier_of
from transforms.extract import UnableToExtract, extract
from transforms.reading import BatchReader
from transforms.registry import get_dialect

EDF = get_dialect(name="edf_accounts")
ME = identifier_of(dialect=EDF)


@pytest.fixture
def other(legacy_superuser: Engine) -> Iterator[Engine]:
    """A second way to the same database, for what others do meanwhile."""
    engine = create_engine(legacy_superuser.url, poolclass=NullPool)
    yield engine
    engine.dispose()


def test_what_others_commit_in_mid_extraction_is_not_seen_in_half(
    legacy_engine: Engine, other: Engine
) -> None:
    before = extract(engine=legacy_engine, dialect=EDF, identifiers=[ME]).frames
    statements = []

    def interfere(*arguments: Any) -> None:
        statements.append(arguments[2])
        # The first statement takes the snapshot: the time; the second reads accounts, the third customers.
        if len(statements) == 3:
            with other.begin() as connection:
                connection.execute(text("UPDATE legacy.note SET body = 'Rewritten'"))

    event.listen(legacy_engine, "before_cursor_execute", interfere)
    during = extract(engine=legacy_engine, dialect=EDF, identifiers=[ME]).frames
    event.remove(legacy_engine, "before_cursor_execute", interfere)
    after = extract(engine=legacy_engine, dialect=EDF, identifiers=[ME]).frames
    assert during["notes"].equals(before["notes"])
    assert after["notes"]["body"].tolist() == ["Rewritten"]


def test_the_customers_of_a_batch_are_looked_up_and_no_table_is_read_whole(
    legacy_superuser: Engine, tmp_path: Path
) -> None:
    with legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE customer AS SELECT n::text AS id, repeat('x', 100) AS name "
            "FROM generate_series(1, 20_000) AS n; "
            "CREATE UNIQUE INDEX ON customer (id); ANALYZE customer"
        )
    file = tmp_path / "customers.sql"
    file.write_text(
        "EXPLAIN SELECT * FROM customer "
        "JOIN unnest(CAST(:identifiers AS text[])) AS asked (id) ON asked.id = customer.id"
    )
    asked = [str(each) for each in range(1, 20_000, 20)]
    with legacy_superuser.begin() as connection:
        reader = BatchReader(connection=connection, identifiers=asked, raises=UnableToExtract)
        reader.begin()
        plan = " ".join(row[0] for row in reader.read(file=file, path="customers").rows)
    assert "Nested Loop" in plan
    assert "Index Scan" in plan


def test_no_account_of_others_is_walked_through_for_the_few_rows_of_a_small_table(
    legacy_superuser: Engine, tmp_path: Path
) -> None:
    with legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE billed AS SELECT n AS number, 'GB-' || n AS name, repeat('x', 99) AS holder "
            "FROM generate_series(1, 20_000) AS n; "
            "CREATE UNIQUE INDEX ON billed (number); CREATE UNIQUE INDEX ON billed (name); "
            "CREATE TABLE debt AS SELECT n * 40 AS number, n AS amount FROM generate_series(1, 200) AS n; "
            "CREATE INDEX ON debt (number); ANALYZE billed, debt"
        )
    file = tmp_path / "debts.sql"
    file.write_text(
        "EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM billed "
        "JOIN debt ON debt.number = billed.number "
        "WHERE billed.name = ANY (CAST(:identifiers AS text[]))"
    )
    asked = [f"GB-{each}" for each in range(1, 1_001)]
    with legacy_superuser.begin() as connection:
        reader = BatchReader(connection=connection, identifiers=asked, raises=UnableToExtract)
        reader.begin()
        plan = " ".join(row[0] for row in reader.read(file=file, path="debts").rows)
    assert "actual" in plan
    assert "Rows Removed by Filter" not in plan


def test_sql_that_writes_is_stopped_by_the_database(legacy_engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "accounts.sql").write_text(
        "UPDATE legacy.account SET balance = 0 WHERE account_number = ANY (CAST(:identifiers AS text[]))\n"
        "RETURNING account_number AS external_identifier"
    )
    with pytest.raises(UnableToExtract, match=r"accounts\.sql tries to write, .* make it a SELECT"):
        extract(engine=legacy_engine, dialect=_with_sql_in(tmp_path), identifiers=[ME])


def test_a_column_that_is_named_twice_is_refused_since_one_would_silently_win(
    legacy_engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "accounts.sql").write_text(
        "SELECT account_number AS external_identifier, 1 AS balance, 2 AS balance FROM legacy.account\n"
        "WHERE account_number = ANY (CAST(:identifiers AS text[]))"
    )
    with pytest.raises(UnableToExtract, match=r"accounts\.sql delivers column balance twice"):
        extract(engine=legacy_engine, dialect=_with_sql_in(tmp_path), identifiers=[ME])


def test_a_file_that_is_not_there_is_one_sentence(legacy_engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UnableToExtract, match=r"accounts\.sql is missing"):
        extract(engine=legacy_engine, dialect=_with_sql_in(tmp_path), identifiers=[ME])


def test_whole_numbers_beside_nothing_stay_whole(legacy_engine: Engine) -> None:
    """The digits of the electricity meter are NULL, and those of the gas meter a number."""
    digits = extract(engine=legacy_engine, dialect=EDF, identifiers=[ME]).frames["meters"]
    values = digits["gas_number_of_digits"].tolist()
    assert {type(value) for value in values} == {int, type(None)}


def test_asking_for_no_customers_gives_empty_frames_with_all_their_columns(legacy_engine: Engine) -> None:
    frames = extract(engine=legacy_engine, dialect=EDF, identifiers=[]).frames
    for frame in EDF.frames:
        assert frames[frame.name].empty
        assert set(frames[frame.name].columns) == set(frame.column_names)


def _with_sql_in(folder: Path) -> Any:
    # An absolute path as the name leads the loader to a folder of the test's own.
    return replace(EDF, name=str(folder), frames=EDF.frames[:1])


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_today_is_the_day_in_sydney_whatever_the_zone_of_the_session(
    legacy_superuser: Engine, zone: str
) -> None:
    dialect = get_dialect(name="essential_supply_points_accounts")
    point = identifier_of(dialect=dialect)
    today = datetime.now(ZoneInfo(dialect.zone)).date()
    engine = create_engine(
        legacy_superuser.url, poolclass=NullPool, connect_args={"options": f"-c timezone={zone}"}
    )
    for day, is_there in ((today, True), (today + timedelta(days=1), False)):
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE legacy.occupancy SET moved_in = :day FROM legacy.supply_point AS point "
                    "WHERE occupancy.premise_id = point.premise_id AND point.identifier = :point"
                ),
                {"day": f"{day:%Y%m%d}", "point": point},
            )
        frames = extract(engine=engine, dialect=dialect, identifiers=[point]).frames
        assert (len(frames["accounts"]) > 0, len(frames["customers"]) > 0) == (is_there, is_there)
