"""Each role of the databases may do what it needs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from kraken_import.tracking import rights, roles
from tests.conftest import NewDatabase, as_user
from tests.integration.tracking.test_schema import wave_of
from transforms.sql_files import FOLDER

AsUser = Callable[[str], Engine]
VIEWS = ["hold_history", "money_part", "wave_progress"]
KEPT = ["payload", "answer", "shared_value", "wave_key", "erasure_key"]
"""What only tasks may read, or the owner alone."""
CONCERNED = [
    "import_process",
    "import_error",
    "import_attempt",
    "record_money",
    "cohort_customer",
    "hand_back",
    "late_change",
]
"""What names customers, and is no history."""
HISTORY = [name for name, each in rights.TABLES.items() if each == rights.TABLES["import_event"]]


@pytest.fixture
def as_login(postgres: Cluster, tracking_superuser: Engine, tracking_superuser_dsn: str) -> Iterator[AsUser]:
    """An engine on a tracking database with one wave, by the name of the user."""
    with tracking_superuser.begin() as connection:
        wave_of(connection)
    made: list[Engine] = []

    def make(user: str) -> Engine:
        made.append(engine_of(as_user(cluster=postgres, dsn=tracking_superuser_dsn, user=user)))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def engine_of(dsn: str) -> Engine:
    return create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool)


def refuses(engine: Engine, statement: str) -> bool:
    """Whether a statement is refused for want of a right; where it is not, it is undone."""
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
        except ProgrammingError as error:
            return isinstance(error.orig, InsufficientPrivilege)
        return False


def test_every_object_of_the_schema_has_exactly_the_rights_that_are_declared(
    tracking_superuser: Engine,
) -> None:
    with tracking_superuser.begin() as connection:
        wave_of(connection)
    with tracking_superuser.connect() as connection:
        found = list(roles.objects(connection=connection))
    assert {each.shown: each.rights for each in found} == {
        each.shown: None if each.declared is None else each.declared.of_roles() for each in found
    }
    assert {each.owner for each in found} == {rights.OWNER}
    names = {kind: {each.name for each in found if each.kind == kind} for kind in rights.DECLARED}
    assert names == {kind: declared.keys() for kind, declared in rights.DECLARED.items()}


def test_what_runs_as_the_owner_looks_for_names_where_only_the_owner_can_put_them(
    tracking_superuser: Engine,
) -> None:
    with tracking_superuser.connect() as connection:
        paths = connection.exec_driver_sql(
            "SELECT DISTINCT proconfig FROM pg_proc"
            " WHERE pronamespace = 'migration'::regnamespace AND prosecdef"
        ).scalars()
        assert list(paths) == [["search_path=pg_catalog, pg_temp"]]


FORBIDDEN = {
    logins.APP: [
        *(
            f"UPDATE migration.{name} SET {column} = NULL"
            for name, column in {
                "import_event": "error_code",
                "wave_decision": "decided_by",
                "wave_purge": "reason",
                "stop_order": "reason",
                "event_archive": "deleted_at",
                "payload": "body",
                "wave_key": "secret",
                "legal_hold": "reason",
            }.items()
        ),
        *(
            f"DELETE FROM migration.{name}"
            for name in (*HISTORY, "payload", "answer", "import_process", "wave")
        ),
        *(f"TRUNCATE migration.{name}" for name in rights.TABLES if name not in VIEWS),
        "ALTER TABLE migration.import_event DISABLE TRIGGER import_event_is_append_only",
        "ALTER TABLE migration.import_event DISABLE TRIGGER ALL",
        "DROP TRIGGER import_event_is_append_only ON migration.import_event",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION migration.refuse_change() RETURNS trigger LANGUAGE sql AS ''",
        "DROP FUNCTION migration.refuse_change() CASCADE",
        "ALTER TABLE migration.wave ADD COLUMN own text",
        "ALTER TABLE migration.wave DROP CONSTRAINT wave_pkey CASCADE",
        "DROP TABLE migration.payload_wave_1",
        "DELETE FROM migration.payload_wave_1",
        "DROP TABLE migration.wave CASCADE",
        "CREATE TABLE migration.own (one integer)",
        "DROP SCHEMA migration CASCADE",
        "CREATE SCHEMA own",
        "GRANT migration_owner TO migration_app",
        "SET ROLE migration_owner",
        "UPDATE migration.schema_version SET version_num = '0001'",
        "SELECT migration.erase('supplier', 'customer', 'app', 'none')",
        "SELECT FROM migration.erasure_key",
        "UPDATE migration.wave_key SET secret = 'own' WHERE wave_id = 1",
        "DELETE FROM migration.wave_key",
        "SET migration.erases = 'on'; UPDATE migration.record_decision SET reason = ''",
    ],
    logins.READER: [
        *(f"SELECT FROM migration.{name}" for name in KEPT),
        *(f"INSERT INTO migration.{name} DEFAULT VALUES" for name in rights.TABLES if name not in VIEWS),
        "UPDATE migration.wave SET paused_at = now()",
        "DELETE FROM migration.told",
        "SELECT migration.drop_partitions(1)",
        "SELECT migration.add_partitions(2)",
        "SELECT migration.delete_archived(1, 1)",
        "SELECT migration.erase('supplier', 'customer', 'reader', 'none')",
        "SELECT migration.drop_answers(1, 9)",
        "SELECT migration.end_hold(1, 'reader', 'none')",
        "SELECT nextval('migration.question')",
        "SELECT FROM migration.wave FOR UPDATE",
        "SET ROLE migration_app",
    ],
    logins.AUDITOR: [
        *(f"SELECT FROM migration.{name}" for name in (*KEPT, *CONCERNED)),
        *(f"INSERT INTO migration.{name} DEFAULT VALUES" for name in HISTORY),
        *(f"DELETE FROM migration.{name}" for name in HISTORY),
        "SELECT migration.drop_partitions(1)",
        "SELECT migration.present()",
        "SET ROLE migration_reader",
    ],
    logins.LEGACY: ["SELECT FROM migration.wave", "SELECT migration.present()"],
}


@pytest.mark.parametrize("user", FORBIDDEN)
def test_no_role_may_do_more_than_it_needs(as_login: AsUser, user: str) -> None:
    engine = as_login(user)
    assert [each for each in FORBIDDEN[user] if not refuses(engine, each)] == []


ALLOWED = {
    logins.READER: [f"SELECT FROM migration.{name}" for name in rights.TABLES if name not in KEPT]
    + ["SELECT migration.may_create(1, NULL), migration.present()"],
    logins.AUDITOR: [
        f"SELECT FROM migration.{name}" for name in (*HISTORY, "wave", "rerun", "batch", "hold_history")
    ],
}


@pytest.mark.parametrize("user", ALLOWED)
def test_readers_and_auditors_may_read_what_is_theirs(as_login: AsUser, user: str) -> None:
    engine = as_login(user)
    assert [each for each in ALLOWED[user] if refuses(engine, each)] == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("SELECT migration.drop_partitions(1)", "wave 1 is not purged"),
        ("SELECT migration.drop_answers(1, 9)", "wave 1 is not over"),
        ("SELECT migration.blank_details(1, 9, 9)", "wave 1 is not over"),
        ("UPDATE migration.wave SET purged_at = now(); SELECT migration.drop_partitions(1)", "is not purged"),
        (
            "UPDATE migration.wave SET purged_at = now(); SELECT migration.add_partitions(1)",
            "wave 1 is purged",
        ),
        ("SELECT migration.add_partitions(-5)", "there is no wave -5"),
        ("SELECT migration.add_partitions(2)", "there is no wave 2"),
        ("SELECT migration.add_partitions(1)", "wave 1 has its tables already"),
        ("SELECT migration.destroy_key(1)", "wave 1 is not purged"),
        ("UPDATE migration.wave SET purged_at = now(); SELECT migration.destroy_key(1)", "is not purged"),
        ("UPDATE migration.import_process SET erased_at = NULL", "only an erasure says that"),
    ],
)
def test_what_runs_as_the_owner_does_one_thing_under_its_own_condition(
    as_login: AsUser, statement: str, sentence: str
) -> None:
    with pytest.raises(Exception, match=sentence), as_login(logins.APP).connect() as connection:
        connection.exec_driver_sql(statement)


def test_events_of_a_wave_that_is_not_purged_stay_whatever_file_is_claimed_for_them(as_login: AsUser) -> None:
    with as_login(logins.APP).connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.event_archive VALUES (1, 'none', '', 3, 2 ^ 62, 'app', now())"
        )
        for statement in ("SELECT", "UPDATE migration.wave SET purged_at = now()"):
            connection.exec_driver_sql(statement)
            assert connection.exec_driver_sql("SELECT migration.delete_archived(1, 9)").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM migration.import_event").scalar_one() == 3


def test_what_tasks_delete_as_the_owner_is_recorded_with_it(as_login: AsUser) -> None:
    with as_login(logins.APP).connect() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET finished_at = now(), outcome = 'failed', outcome_reason = 'none';"
            "INSERT INTO migration.outage"
            " (target_kraken, is_silent, began_at, next_try_at, gives_up_at, ended_at)"
            " VALUES ('kraken', true, now(), now(), now(), now() - interval '1 day');"
            "SELECT migration.drop_answers(1, 5), migration.blank_details(1, 9, 6);"
            "SELECT migration.delete_compared(now(), 9, 7)"
        )
        found = connection.exec_driver_sql(
            "SELECT kind, wave_id, amount, days FROM migration.retention ORDER BY kind"
        )
        assert found.all() == [("answers", 1, 1, 5), ("details", 1, 0, 6), ("runs", None, 1, 7)]


def test_a_legal_hold_ends_once_and_auditors_see_who_held_and_who_ended_it(as_login: AsUser) -> None:
    with as_login(logins.APP).begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.legal_hold (external_identifier, reason, held_by, held_at)"
            " VALUES ('run-0', 'court', 'ann', now())"
        )
        ends = [
            connection.exec_driver_sql(f"SELECT migration.end_hold(1, '{by}', 'over')").scalar_one()
            for by in ("bob", "eve")
        ]
        assert ends == [True, False]
    with as_login(logins.AUDITOR).connect() as connection:
        (seen,) = connection.exec_driver_sql("SELECT * FROM migration.hold_history").mappings()
    assert (seen["held_by"], seen["reason"], seen["ended_by"]) == ("ann", "court", "bob")
    assert "run-0" not in seen.values()


def test_the_legacy_roles_read_customers_or_hold_them_and_do_nothing_else(
    postgres: Cluster, legacy_superuser_dsn: str
) -> None:
    statements = {
        "SELECT FROM legacy.account": {logins.LEGACY},
        "SELECT FROM legacy.migration_hold": {logins.LEGACY, logins.WRITEBACK},
        "INSERT INTO legacy.migration_hold SELECT WHERE false": {logins.WRITEBACK},
        "DELETE FROM legacy.migration_hold": {logins.WRITEBACK},
        "UPDATE legacy.account SET account_number = ''": set(),
        "DELETE FROM legacy.account": set(),
        "SELECT FROM generator.mark": set(),
        "CREATE TABLE legacy.own (one integer)": set(),
        "CREATE SCHEMA own": set(),
    }
    engines = {
        user: engine_of(as_user(cluster=postgres, dsn=legacy_superuser_dsn, user=user))
        for user in (logins.LEGACY, logins.WRITEBACK)
    }
    for statement, allowed in statements.items():
        assert {user for user, engine in engines.items() if not refuses(engine, statement)} == allowed


def test_databases_of_one_server_may_make_the_roles_that_they_share_at_once(
    postgres: Cluster, brief_database: NewDatabase
) -> None:
    statements = (
        (FOLDER / "roles" / "tracking.sql").read_text(encoding="utf-8").replace("migration_", "once_")
    )

    def make(dsn: str) -> None:
        with engine_of(dsn).begin() as connection:
            connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
            # Until another waits for this one to commit what it has made.
            connection.exec_driver_sql("SELECT pg_sleep(0.1)")

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, [brief_database() for _ in range(2)]))
    with engine_of(postgres.dsn(database="postgres")).begin() as connection:
        connection.exec_driver_sql("DROP ROLE once_owner, once_app, once_reader, once_auditor")
