"""What people wrote in the tracking database names no erased customer, and still names every other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from tests.integration.conftest import Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_erase import CLEAN, erase

WRITTEN: Final = {
    "asked_body",
    "asked_subject",
    "described",
    "end_reason",
    "name",
    "note",
    "outcome_reason",
    "reason",
    "result",
    "scope",
    "stop_reason",
    "unlisted",
}
"""Columns in which people may write anything."""
OTHERWISE: Final = {("hand_back", "reason"), ("installation", "name")}
"""Columns with such a name for which that is not so: one has Kraken's masked words on its own customer."""
CODED: Final = """
action airflow_run answer answered_by approval archived_by asked_for checked_by closed_by code connection_id
counts currency dag_id decided_by decision detail dialect domain doubts ended_by ended_states error_code
error_path event extent external_identifier file first_error_code first_error_path frame from_state held_by
id import_supplier indexed_path kind kraken kraken_identifier kraken_status ledger looked_by made_by
mapping_digest mode operation ordered_by origin ours outcome over_by owner package_version parameters
parked_from path planned_by policy proved_by requested_by resource restored_by rule run_id selection
severity source stage state stop_code stratum subject target_kraken theirs to_state token version_num
watermark wrapped_by
"""
"""All others: names of people, identifiers, codes and documents, each treated by itself."""
SENTENCE: Final = "Look at {who}, not at {who}-2, A/{who} or X{who}: {who}."
FILLERS: Final = {
    "text": "'x'",
    "boolean": "true",
    "timestamp with time zone": "now()",
    "jsonb": "'{}'",
    "bigint[]": "'{}'",
    "uuid": "gen_random_uuid()",
}


def texts(connection: Connection) -> Iterator[tuple[str, str]]:
    rows = connection.exec_driver_sql(
        "SELECT relname, attname FROM pg_attribute "
        "JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p') AND NOT relispartition "
        "WHERE relnamespace = 'migration'::regnamespace AND attnum > 0 AND NOT attisdropped "
        "AND atttypid::regtype::text IN ('text', 'character varying', 'json', 'jsonb', 'text[]') "
        "ORDER BY 1, 2"
    )
    yield from ((row.relname, row.attname) for row in rows)


def give_a_row(connection: Connection, table: str) -> None:
    """Insert a row, whatever it means, into a table that has none, and let it take any text."""
    checks = connection.exec_driver_sql(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
        (f"migration.{table}",),
    )
    for name in checks.scalars().all():
        connection.exec_driver_sql(f"ALTER TABLE migration.{table} DROP CONSTRAINT {name}")
    if connection.exec_driver_sql(f"SELECT FROM migration.{table} LIMIT 1").rowcount:
        return
    needed = connection.exec_driver_sql(
        "SELECT attname, atttypid::regtype::text AS kind FROM pg_attribute WHERE attrelid = %s::regclass "
        "AND attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = ''",
        (f"migration.{table}",),
    ).all()
    columns = ", ".join(row.attname for row in needed)
    values = ", ".join(FILLERS.get(row.kind, "0") for row in needed)
    connection.exec_driver_sql(f"INSERT INTO migration.{table} ({columns}) VALUES ({values})")


def test_every_text_that_people_write_loses_the_erased_customer_and_no_other(journey: Journey) -> None:
    finished_wave(journey, CLEAN, name="pilot")
    with journey.tracking_superuser.begin() as connection:
        columns = list(texts(connection))
        assert {name for _, name in columns} <= WRITTEN | set(CODED.split())
        written = [each for each in columns if each[1] in WRITTEN and each not in OTHERWISE]
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table, column in written:
            give_a_row(connection, table)
            connection.exec_driver_sql(
                f"UPDATE migration.{table} SET {column} = %s", (SENTENCE.format(who=CLEAN),)
            )
    token = erase(journey, CLEAN).token
    expected = SENTENCE.format(who=CLEAN).replace(f"at {CLEAN},", f"at {token},")
    expected = expected.replace(f": {CLEAN}.", f": {token}.")
    for table, column in written:
        found = {row[column] for row in journey.rows(f"SELECT {column} FROM migration.{table}")}
        assert expected in found, (table, column)
        assert found <= {expected, "Asked for on 3 May"}, (table, column)


APART: Final = (
    ("GB-1", "GB-10"),
    ("GB-1", "GB-1-2"),
    ("GB-1", "GB-1.2"),
    ("GB-1", "A/GB-1"),
    ("GB-1", "GB-1_2"),
    ("100", "1,100"),
    ("100", "100-1"),
    ("100", "100.50"),
    ("a+", "aa"),
    ("(x", "x"),
    ("a\\1b", "a1b"),
    ("Ü.1", "XÜ.1"),
)


def test_an_identifier_is_found_where_it_stands_by_itself(journey: Journey) -> None:
    for who, other in APART:
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql("DELETE FROM migration.restored")
            connection.exec_driver_sql(
                "INSERT INTO migration.restored (restored_at, restored_by, reason) VALUES (now(), 'ann', %s)",
                (f"{who}: {other}, ({who}); GB-7,{who}/ {other}.",),
            )
            token = connection.exec_driver_sql(
                "SELECT migration.erase('TENTACLE_ENERGY', %s, 'ann', 'Asked')", (who,)
            ).scalar_one()
        (found,) = journey.rows("SELECT reason FROM migration.restored")
        # A comma within a number divides its thousands.
        last = who if who == "100" else token
        assert found["reason"] == f"{token}: {other}, ({token}); GB-7,{last}/ {other}."


def test_documents_of_another_suppliers_customer_with_the_same_identifier_stay(journey: Journey) -> None:
    with journey.tracking_superuser.begin() as connection:
        for supplier in ("TENTACLE_ENERGY", "OTHER"):
            connection.exec_driver_sql(
                "INSERT INTO migration.cohort (name, dialect, resource, mode, import_supplier, "
                "target_kraken, rule, parameters, planned_at, policy, planned_by) "
                "VALUES (%(name)s, 'edf_accounts', 'accounts', 'live', %(name)s, 'k', 'r', "
                "jsonb_build_object('who', 'GB-1'::text), now(), '{}', 'ann')",
                {"name": supplier},
            )
        token = connection.exec_driver_sql(
            "SELECT migration.erase('TENTACLE_ENERGY', 'GB-1', 'ann', 'Asked')"
        ).scalar_one()
    rows = journey.rows("SELECT parameters FROM migration.cohort ORDER BY id")
    assert [row["parameters"]["who"] for row in rows] == [token, "GB-1"]
