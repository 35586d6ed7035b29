"""An upgrade hands the schema over to its owner, or says in a sentence what that takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine

from kraken_import.local import logins
from kraken_import.local.postgres import SUPERUSER, Cluster
from kraken_import.tracking import migrate, rights, roles
from tests.conftest import NewDatabase, as_user
from tests.integration.tracking.test_roles import engine_of
from tests.integration.tracking.test_schema import wave_of

OLDER = "made_by_an_older_version"


@pytest.fixture
def older(postgres: Cluster, brief_database: NewDatabase) -> Iterator[Engine]:
    """A database as before there were roles: one user, who is no superuser, owns all of it."""
    dsn = brief_database(template="tracking_template")
    name = dsn.rpartition("/")[2]
    with engine_of(dsn).begin() as connection:
        password = postgres.password_of(user=OLDER)
        wave_of(connection)
        connection.exec_driver_sql(
            f"CREATE ROLE {OLDER} LOGIN PASSWORD '{password}'; ALTER DATABASE {name} OWNER TO {OLDER};"
            f" GRANT migration_owner TO {OLDER}; GRANT CREATE ON SCHEMA migration TO {OLDER};"
            f" REASSIGN OWNED BY migration_owner TO {OLDER};"
            " DROP OWNED BY migration_app, migration_reader, migration_auditor;"
            f" REVOKE migration_owner FROM {OLDER}; REVOKE ALL ON SCHEMA migration FROM migration_owner"
        )
    engine = engine_of(as_user(cluster=postgres, dsn=dsn, user=OLDER))
    yield engine
    with engine_of(dsn).begin() as connection:
        connection.exec_driver_sql(f"REASSIGN OWNED BY {OLDER} TO {SUPERUSER}; DROP OWNED BY {OLDER}")
    with engine_of(postgres.dsn(database="postgres")).begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {OLDER}")


def test_an_older_database_is_handed_over_once_an_administrator_has_done_what_one_sentence_says(
    older: Engine, postgres: Cluster, tracking_template: str
) -> None:
    with pytest.raises(roles.UnableToSetRights) as told:
        migrate.upgrade(engine=older)
    sentence = str(told.value)
    assert sentence == (
        "The user of the tracking database is no member of migration_owner: have an administrator of the "
        f"database server run `GRANT migration_owner TO {OLDER}`, then upgrade again."
    )
    with engine_of(postgres.dsn(database="postgres")).begin() as connection:
        connection.exec_driver_sql(sentence.split("`")[1])
    migrate.upgrade(engine=older)
    with older.connect() as connection:
        found = list(roles.objects(connection=connection))
        partitions = connection.exec_driver_sql(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename ~ '_wave_1$'"
        ).scalars()
        assert {each.owner for each in found} | set(partitions) == {rights.OWNER}
    assert [each.name for each in found if each.rights != each.declared.of_roles()] == []


@pytest.fixture
def of_an_administrator(postgres: Cluster, brief_database: NewDatabase) -> Iterator[tuple[Engine, Engine]]:
    """A database whose schema 0023, with a wave, an administrator made, and the engine of another user."""
    dsn = brief_database()
    administrator = engine_of(dsn)
    config = migrate._config()
    with administrator.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA migration")
        config.attributes["connection"] = connection
        command.upgrade(config, "0023")
        password = postgres.password_of(user=OLDER)
        connection.exec_driver_sql(
            f"CREATE ROLE {OLDER} LOGIN PASSWORD '{password}';"
            "CREATE TABLE migration.payload_wave_1 PARTITION OF migration.payload FOR VALUES IN (1);"
            "CREATE TABLE migration.answer_wave_1 PARTITION OF migration.answer FOR VALUES IN (1)"
        )
    yield administrator, engine_of(as_user(cluster=postgres, dsn=dsn, user=OLDER))
    own(administrator, f"REASSIGN OWNED BY {OLDER} TO {SUPERUSER}; DROP OWNED BY {OLDER}")
    with engine_of(postgres.dsn(database="postgres")).begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {OLDER}")


def own(administrator: Engine, statement: str) -> None:
    with administrator.begin() as connection:
        connection.exec_driver_sql(statement)


def test_whose_tables_an_upgrade_may_not_change_is_said_in_a_sentence(
    of_an_administrator: tuple[Engine, Engine],
) -> None:
    administrator, member = of_an_administrator
    own(administrator, f"GRANT migration_owner TO {OLDER}")
    for right in ("SELECT", f"GRANT CREATE ON DATABASE {administrator.url.database} TO {OLDER}"):
        own(administrator, right)
        with pytest.raises(roles.UnableToSetRights, match=f"^Schema .* belongs to {SUPERUSER}, and"):
            migrate.upgrade(engine=member)
    # Once it is handed over, a member needs no right on the database.
    assert migrate.upgrade(engine=administrator) is None
    own(administrator, f"REVOKE CREATE ON DATABASE {administrator.url.database} FROM {OLDER}")
    assert migrate.upgrade(engine=member) is None


def test_tables_of_waves_that_are_anothers_are_left_with_a_sentence(
    of_an_administrator: tuple[Engine, Engine],
) -> None:
    administrator, member = of_an_administrator
    own(
        administrator,
        f"GRANT migration_owner TO {OLDER}; GRANT CREATE ON DATABASE {administrator.url.database} TO {OLDER}",
    )
    with administrator.begin() as connection:
        for each in roles.objects(connection=connection):
            connection.exec_driver_sql(f"ALTER {each.kind} {each.shown} OWNER TO {OLDER}")
    assert migrate.upgrade(engine=member) == (
        f"2 tables of payloads and answers, answer_wave_1 for one, still belong to {SUPERUSER}, which waves "
        "and purges do not mind, and a later upgrade may: have an administrator of the database server run "
        "`kraken-migrate db upgrade` once."
    )
    with member.connect() as connection:
        # As a purge does.
        connection.exec_driver_sql("SET ROLE migration_owner; DROP TABLE migration.payload_wave_1")
    assert migrate.upgrade(engine=administrator) is None


def test_a_user_who_may_create_no_schema_is_told_which_right_to_ask_for(
    postgres: Cluster, brief_database: NewDatabase
) -> None:
    dsn = brief_database()
    name = dsn.rpartition("/")[2]
    with pytest.raises(roles.UnableToSetRights, match=f"`GRANT CREATE ON DATABASE {name} TO {logins.OWNER}`"):
        migrate.upgrade(engine=engine_of(as_user(cluster=postgres, dsn=dsn, user=logins.OWNER)))
