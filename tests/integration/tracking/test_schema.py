"""The tracking database keeps its promises by itself: states, comments, history, purging, guarded moves."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from kraken_import.domain.lifecycle import LEGAL_MOVES, Mode, State
from kraken_import.tracking import gate, migrate, processes, waves
from kraken_import.tracking.evidence import Answer, Key
from kraken_import.tracking.processes import BuiltRecord, Move
from kraken_import.tracking.queries import SQL_FOLDER
from kraken_import.tracking.refs import BatchRef, WaveRef
from transforms.findings import Finding

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def wave_of(connection: Connection, *, run_id: str = "run", mode: Mode = Mode.LIVE) -> int:
    """A planned wave of three customers in one batch."""
    wave = waves.NewWave(
        name=run_id,
        dialect="edf_accounts",
        resource="accounts",
        mode=mode,
        import_supplier="X",
        target_kraken="https://kraken:443",
        connection_id="kraken",
        requested=None,
        batch_size=10,
        requests_in_flight=None,
        failure_threshold=Decimal("0.1"),
        dag_id="dag",
        run_id=run_id,
    )
    wave_id = waves.add_wave(connection=connection, wave=wave, at=NOW)
    processes.claim(
        connection=connection,
        wave_id=wave_id,
        wave=wave,
        page=processes.Page(identifiers=[f"{run_id}-{number}" for number in range(3)]),
        at=NOW,
    )
    waves.close_planning(connection=connection, wave_id=wave_id, already_claimed=0)
    return wave_id


def first_process(connection: Connection, wave_id: int) -> int:
    found = processes.in_states(
        connection=connection, ref=BatchRef(wave_id=wave_id, batch=0), states=(State.PLANNED,)
    )
    return min(key.id for key in found.values())


def state_of(connection: Connection, process_id: int) -> State:
    row = connection.execute(
        text("SELECT state FROM migration.import_process WHERE id = :id"), {"id": process_id}
    )
    return State(row.scalar_one())


def test_the_check_constraint_names_exactly_the_states(tracking_engine: Engine) -> None:
    with tracking_engine.connect() as connection:
        definition = connection.execute(
            text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conname = 'import_process_state_check'"
            )
        ).scalar_one()
    assert set(re.findall(r"'(\w+)'", definition)) == {state.value for state in State}


def test_every_table_and_every_column_has_a_comment(tracking_engine: Engine) -> None:
    with tracking_engine.connect() as connection:
        silent = connection.execute(
            text(
                """
                SELECT class.relname, attribute.attname
                FROM pg_class AS class
                JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum >= 0
                WHERE class.relnamespace = CAST('migration' AS regnamespace)
                    AND class.relkind IN ('r', 'p', 'v')
                    AND class.relname <> 'schema_version'
                    AND NOT attribute.attisdropped
                    AND col_description(class.oid, attribute.attnum) IS NULL
                """
            )
        ).all()
    assert silent == []


def test_upgrading_again_changes_nothing(tracking_superuser: Engine) -> None:
    migrate.upgrade(engine=tracking_superuser)
    migrate.upgrade(engine=tracking_superuser)


def test_an_upgrade_numbers_openings_and_stops_as_they_happened(empty_dsn: str) -> None:
    engine = create_engine(empty_dsn.replace("postgresql://", "postgresql+psycopg2://", 1))
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA migration")
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.exec_driver_sql(
            "INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, batch_size, failure_threshold, dag_id, run_id, started_at, stopped_at,"
            " stop_code, stop_reason)"
            " SELECT name, 'edf_accounts', 'accounts', 'live', 'X', 'https://kraken:443', 'kraken', 10, 0.1,"
            " 'dag', name, started_at::timestamptz, stopped_at::timestamptz, 'forbidden', 'Forbidden.'"
            " FROM (VALUES ('first', '2026-11-01', '2026-11-02'), ('second', '2026-11-01', '2026-11-04'))"
            " AS given (name, started_at, stopped_at)"
        )
        connection.exec_driver_sql(
            "INSERT INTO migration.rerun (dialect, mode, target_kraken, selection, failure_threshold, dag_id,"
            " run_id, requested_at, opened_at)"
            " VALUES ('edf_accounts', 'live', 'https://kraken:443', '{}', 0.1, 'dag', 'rerun', now(),"
            " '2026-11-03')"
        )
    migrate.upgrade(engine=engine)
    with engine.connect() as connection:
        held = connection.exec_driver_sql(
            "SELECT wave.name, migration.may_create(wave.id, NULL), migration.may_create(wave.id, rerun.id)"
            " FROM migration.wave CROSS JOIN migration.rerun ORDER BY wave.id"
        ).all()
    engine.dispose()
    assert [tuple(row) for row in held] == [("first", False, True), ("second", False, False)]


def test_an_upgrade_tells_holds_that_are_done_from_those_to_be_looked_at(empty_dsn: str) -> None:
    engine = create_engine(empty_dsn.replace("postgresql://", "postgresql+psycopg2://", 1))
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA migration")
        config.attributes["connection"] = connection
        command.upgrade(config, "0015")
        connection.exec_driver_sql(
            "INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, batch_size, failure_threshold, dag_id, run_id, started_at)"
            " VALUES ('first', 'edf_accounts', 'accounts', 'live', 'X', 'https://kraken:443', 'kraken', 10,"
            " 0.1, 'dag', 'run', now());"
            " INSERT INTO migration.batch (wave_id, batch, customers) SELECT id, 0, 3 FROM migration.wave;"
            " INSERT INTO migration.import_process (target_kraken, mode, resource,"
            " import_supplier, external_identifier, dialect, wave_id, batch, airflow_run, state,"
            " payload_hash, first_error_code, planned_at, settled_at)"
            " SELECT target_kraken, mode, resource, import_supplier, 'run-' || no, dialect, id, 0, run_id,"
            " CASE no WHEN 0 THEN 'processed' ELSE 'errored' END, 'hash', 'code', now(), now()"
            " FROM migration.wave CROSS JOIN generate_series(0, 2) AS no;"
            " INSERT INTO migration.legacy_hold (import_process_id, held_at, released_at)"
            " SELECT id, now(), CASE external_identifier WHEN 'run-1' THEN now() END"
            " FROM migration.import_process"
        )
    migrate.upgrade(engine=engine)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT external_identifier, hold.done_at IS NOT NULL AS done, first_error_code"
            " FROM migration.legacy_hold AS hold JOIN migration.import_process ON id = import_process_id"
            " ORDER BY external_identifier"
        ).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [
        ("run-0", True, None),
        ("run-1", True, "code"),
        ("run-2", False, "code"),
    ]


def test_an_upgrade_counts_the_records_that_are_there_and_then_keeps_the_counts(empty_dsn: str) -> None:
    engine = create_engine(empty_dsn.replace("postgresql://", "postgresql+psycopg2://", 1))
    config = Config()
    config.set_main_option("script_location", str(SQL_FOLDER / "migrations"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA migration")
        config.attributes["connection"] = connection
        command.upgrade(config, "0026")
        connection.exec_driver_sql(
            "INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, batch_size, failure_threshold, dag_id, run_id, started_at)"
            " SELECT 'wave ' || no, 'edf_accounts', 'accounts', 'live', 'X', 'https://kraken:443', 'kraken',"
            " 10, 0.1, 'dag', 'run ' || no, now() FROM generate_series(1, 2) AS no;"
            " INSERT INTO migration.batch (wave_id, batch, customers)"
            " SELECT id, batch, 20 FROM migration.wave CROSS JOIN generate_series(0, 1) AS batch;"
            " INSERT INTO migration.import_process (target_kraken, mode, resource,"
            " import_supplier, external_identifier, dialect, wave_id, batch, airflow_run, state, planned_at)"
            " SELECT target_kraken, mode, resource, import_supplier, id || '-' || no, dialect, id,"
            " mod(no, 2), run_id, CASE WHEN mod(no, 3) = 0 THEN 'rejected' ELSE 'planned' END,"
            " now() - no * interval '1 hour'"
            " FROM migration.wave CROSS JOIN generate_series(0, 39) AS no"
        )
    migrate.upgrade(engine=engine)
    assert_counted(engine)
    for statement in (
        "UPDATE migration.import_process SET state = 'rejected' WHERE mod(id, 5) = 0",
        "UPDATE migration.import_process SET batch = 1 - batch WHERE mod(id, 7) = 0",
        "UPDATE migration.import_process SET polled_at = now()",
        "UPDATE migration.import_process SET wave_id = 2, batch = 0, state = 'planned' WHERE wave_id = 1",
        "INSERT INTO migration.import_process (target_kraken, mode, resource, import_supplier,"
        " external_identifier, dialect, wave_id, batch, airflow_run, state, planned_at)"
        " SELECT target_kraken, mode, resource, import_supplier, key, dialect, 1, 0, airflow_run, 'planned',"
        " now() FROM migration.import_process"
        " CROSS JOIN LATERAL (VALUES (external_identifier), ('new-' || id)) AS given (key)"
        " ON CONFLICT (target_kraken, mode, resource, import_supplier, external_identifier)"
        " DO UPDATE SET state = 'rejected', wave_id = excluded.wave_id, batch = excluded.batch",
    ):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert_counted(engine)
    engine.dispose()


def assert_counted(engine: Engine) -> None:
    """Compare the counts that moves keep with the records themselves."""
    counted = "GROUP BY wave_id, batch, state"
    with engine.connect() as connection:
        kept = connection.exec_driver_sql(
            "SELECT wave_id, batch, state, sum(records) FROM migration.state_count "
            f"{counted} HAVING sum(records) <> 0"
        )
        there = connection.exec_driver_sql(
            f"SELECT wave_id, batch, state, count(*) FROM migration.import_process {counted}"
        )
        assert {tuple(row) for row in kept} == {tuple(row) for row in there}


@pytest.mark.parametrize(
    "statement", ["UPDATE migration.import_event SET attempt = 9", "DELETE FROM migration.import_event"]
)
def test_history_cannot_be_changed_even_by_an_owner(tracking_superuser: Engine, statement: str) -> None:
    with tracking_superuser.begin() as connection:
        wave_of(connection)
    with pytest.raises(DatabaseError, match="append-only"), tracking_superuser.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("table", ["import_process", "wave"])
def test_what_a_history_refers_to_is_never_deleted(tracking_superuser: Engine, table: str) -> None:
    with pytest.raises(DatabaseError, match="never deleted"), tracking_superuser.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM migration.{table}")


def test_a_record_of_no_wave_is_refused(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
    with pytest.raises(IntegrityError), tracking_engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET wave_id = %s WHERE wave_id = %s", (wave_id + 1, wave_id)
        )


def test_a_key_exists_once_for_a_kraken_and_mode(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
    copy = (
        "INSERT INTO migration.import_process (target_kraken, mode, resource, import_supplier, "
        "external_identifier, dialect, wave_id, batch, airflow_run, planned_at) "
        "SELECT target_kraken, {mode}, "
        "resource, import_supplier, external_identifier, dialect, wave_id, batch, airflow_run, planned_at "
        f"FROM migration.import_process WHERE wave_id = {wave_id} AND mode = 'live'"
    )
    with pytest.raises(IntegrityError), tracking_engine.begin() as connection:
        connection.exec_driver_sql(copy.format(mode="mode"))
    with tracking_engine.begin() as connection:
        connection.exec_driver_sql(copy.format(mode="'rehearsal'"))


def test_purging_a_wave_drops_its_partitions_and_keeps_its_outcome(tracking_superuser: Engine) -> None:
    with tracking_superuser.begin() as connection:
        kept, purged = wave_of(connection, run_id="kept"), wave_of(connection, run_id="purged")
        for wave_id in (kept, purged):
            process_id = first_process(connection, wave_id)
            processes.record_build(
                connection=connection,
                ref=WaveRef(wave_id=wave_id),
                built=[BuiltRecord(id=process_id, attempt=0, body=b"{}")],
                at=NOW,
            )
    with tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"DROP TABLE migration.payload_wave_{purged}, migration.answer_wave_{purged}"
        )
        left = connection.exec_driver_sql("SELECT wave_id FROM migration.payload").scalars().all()
        built = connection.exec_driver_sql(
            "SELECT count(*) FROM migration.import_process WHERE state = 'built'"
        ).scalar_one()
    assert left == [kept]
    assert built == 2


def test_the_last_payload_is_that_of_the_last_try_that_still_has_one(tracking_superuser: Engine) -> None:
    with tracking_superuser.begin() as connection:
        wave_id, later = wave_of(connection), wave_of(connection, run_id="later")
        process_id = first_process(connection, wave_id)
        for number in (1, 2, 3):
            processes.record_build(
                connection=connection,
                ref=WaveRef(wave_id=wave_id),
                built=[BuiltRecord(id=process_id, attempt=number - 1, body=b"%d" % number)],
                at=NOW.replace(hour=number),
            )
        # The third try was of a wave that is purged.
        connection.exec_driver_sql(
            "UPDATE migration.import_attempt SET wave_id = %s WHERE attempt = 3", (later,)
        )
        connection.exec_driver_sql(
            f"DROP TABLE migration.payload_wave_{later}, migration.answer_wave_{later}"
        )
        customer = {"dialect": "edf_accounts", "external_identifier": "run-0", "mode": Mode.LIVE}
        found = [
            gate.last_payload(connection=connection, target_kraken=kraken, **customer)
            for kraken in ("https://kraken:443", None, "https://other:443")
        ]
    assert [payload and (payload.body, payload.wave_name) for payload in found] == [
        (b"2", "run"),
        (b"2", "run"),
        None,
    ]


def test_what_was_wrong_on_the_way_is_gone_from_who_has_arrived(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        process_id = first_process(connection, wave_id)
        attempts = processes.record_build(
            connection=connection,
            ref=WaveRef(wave_id=wave_id),
            built=[BuiltRecord(id=process_id, attempt=0, body=b"{}")],
            at=NOW,
        )
        key = Key(id=process_id, wave_id=wave_id, attempt=attempts[process_id])
        lost = Finding(code="unknown_to_kraken", path="", detail="Kraken does not know it any more.")
        seen = []
        for step in (
            Move(key=key, to=State.PARKED, findings=(lost,)),
            Move(key=key, to=State.PROCESSED),
        ):
            assert processes.move(connection=connection, moves=[step], stage="status", at=NOW) == 1
            seen += connection.execute(
                text("SELECT first_error_code FROM migration.import_process WHERE id = :id"),
                {"id": process_id},
            ).scalars()
    assert seen == ["unknown_to_kraken", None]


def test_a_step_of_an_older_attempt_is_left_out(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        process_id = first_process(connection, wave_id)
        for attempt, body in enumerate((b'{"a":1}', b'{"a":2}')):
            processes.record_build(
                connection=connection,
                ref=WaveRef(wave_id=wave_id),
                built=[BuiltRecord(id=process_id, attempt=attempt, body=body)],
                at=NOW,
            )
        stale = Move(key=Key(id=process_id, wave_id=wave_id, attempt=1), to=State.VALID)
        assert processes.move(connection=connection, moves=[stale], stage="validate", at=NOW) == 0
        assert state_of(connection, process_id) is State.BUILT


def test_a_build_that_was_overtaken_by_another_changes_nothing(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        process_id = first_process(connection, wave_id)
        given = {"connection": connection, "ref": WaveRef(wave_id=wave_id), "at": NOW}
        # Both workers saw the record before either of them had built it.
        first, second = (BuiltRecord(id=process_id, attempt=0, body=body) for body in (b"{}", b"[]"))
        assert processes.record_build(built=[first], **given) == {process_id: 1}
        refused = Move(key=Key(id=process_id, wave_id=wave_id, attempt=1), to=State.INVALID)
        assert processes.move(connection=connection, moves=[refused], stage="validate", at=NOW) == 1
        assert processes.record_build(built=[second], **given) == {}
        assert state_of(connection, process_id) is State.INVALID


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(State), max_size=12))
def test_only_legal_moves_are_ever_taken_and_each_leaves_one_event(
    tracking_engine: Engine, steps: list[State]
) -> None:
    with tracking_engine.connect() as connection:
        wave_id = wave_of(connection)
        process_id = first_process(connection, wave_id)
        processes.record_build(
            connection=connection,
            ref=WaveRef(wave_id=wave_id),
            built=[BuiltRecord(id=process_id, attempt=0, body=b"{}")],
            at=NOW,
        )
        events = 2
        state = State.BUILT
        connection.exec_driver_sql("UPDATE migration.import_process SET intended_at = planned_at")
        for wanted in steps:
            if wanted.value.startswith("dry_run"):
                continue
            step = Move(
                key=Key(id=process_id, wave_id=wave_id, attempt=1),
                to=wanted,
                answer=Answer(http_status=200, body=b"x"),
                findings=(Finding(code="c", path="a.0.b", detail="d"),),
            )
            taken = processes.move(connection=connection, moves=[step], stage="status", at=NOW)
            assert taken == (1 if wanted in LEGAL_MOVES[state] else 0)
            state, events = (wanted, events + 1) if taken else (state, events)
            assert state_of(connection, process_id) is state
        counted = {
            table: connection.execute(
                text(f"SELECT count(*) FROM migration.{table} WHERE import_process_id = :id"),
                {"id": process_id},
            ).scalar_one()
            for table in ("import_event", "import_error", "answer")
        }
        assert counted == {"import_event": events, "import_error": events - 2, "answer": events - 2}
        connection.rollback()


def test_a_stopped_wave_intends_nothing_more(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        wave_id = wave_of(connection)
        planned = processes.in_states(
            connection=connection, ref=BatchRef(wave_id=wave_id, batch=0), states=(State.PLANNED,)
        )
        built = [key.id for key in planned.values()]
        processes.record_build(
            connection=connection,
            ref=WaveRef(wave_id=wave_id),
            built=[BuiltRecord(id=process_id, attempt=0, body=b"{}") for process_id in built],
            at=NOW,
        )
        valid = [Move(key=Key(id=each, wave_id=wave_id, attempt=1), to=State.VALID) for each in built]
        assert processes.move(connection=connection, moves=valid, stage="validate", at=NOW) == 3
        assert (
            len(
                processes.intend(
                    connection=connection, ref=BatchRef(wave_id=wave_id, batch=0), most=1, at=NOW
                )
            )
            == 1
        )
    waves.stop_wave(engine=tracking_engine, wave_id=wave_id, code="forbidden", reason="First.", at=NOW)
    waves.stop_wave(engine=tracking_engine, wave_id=wave_id, code="other", reason="Second.", at=NOW)
    with tracking_engine.begin() as connection:
        assert (
            processes.intend(connection=connection, ref=BatchRef(wave_id=wave_id, batch=0), most=9, at=NOW)
            == []
        )
        assert waves.load_wave(connection=connection, wave_id=wave_id).stop_reason == "First."
