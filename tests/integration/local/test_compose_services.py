"""What the services of docker-compose.yml run once, run here against a real Postgres."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from psycopg2 import sql
from psycopg2.extensions import parse_dsn
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from kraken_import.local.postgres import Cluster
from kraken_import.tracking import migrate, roles
from tests.conftest import ROOT
from tests.unit.test_prepare import prepare

ROLES = ("airflow", "tracking", "legacy")
APPS = ("tracking_app", "tracking_reader", "legacy_app")


@pytest.fixture
def folder(tmp_path: Path, postgres: Cluster) -> Iterator[Path]:
    """A prepared folder whose superuser's password is the server's; roles and databases end with the test."""
    (tmp_path / "secrets").mkdir()
    password = parse_dsn(postgres.dsn(database="postgres"))["password"]
    (tmp_path / "secrets" / "postgres_password").write_text(password)
    assert prepare.main(["--demo"], {}, tmp_path) == 0
    yield tmp_path
    with closing(psycopg2.connect(postgres.dsn(database="postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name in ROLES:
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            for name in (*ROLES, *APPS):
                cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def run(*words: str, service: str, folder: Path, postgres: Cluster) -> None:
    """Run a service's command with this machine's folders in place of the container's."""
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    wanted = compose["services"][service]
    files = {
        config["target"]: ROOT / compose["configs"][config["source"]]["file"]
        for config in wanted.get("configs", [])
    }
    places = {"/run/secrets": folder / "secrets", "/backups": folder / "backups", **files}
    script = (wanted["entrypoint"][2] if "entrypoint" in wanted else wanted["command"][-1]).replace("$$", "$")
    for there, here in places.items():
        script = script.replace(there, str(here))
    where = parse_dsn(postgres.dsn(database="postgres"))
    environment = {
        **wanted["environment"],
        "PATH": f"{postgres.binaries}{os.pathsep}{os.defpath}",
        "PGHOST": where["host"],
        "PGPORT": where["port"],
        "SECRETS": str(folder / "secrets"),
    }
    done = subprocess.run(
        ["sh", "-c", script, service, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def connected(*, name: str, database: str, folder: Path, postgres: Cluster) -> Any:
    password = (folder / "secrets" / f"{name}_password").read_text()
    where = parse_dsn(postgres.dsn(database=database))
    return closing(psycopg2.connect(**{**where, "user": name, "password": password}))


def test_each_role_owns_its_database_and_sees_no_other_however_often_they_are_made(
    folder: Path, postgres: Cluster
) -> None:
    for _ in range(2):
        run(service="databases", folder=folder, postgres=postgres)
        run(service="legacy-database", folder=folder, postgres=postgres)
    for name in ROLES:
        with connected(name=name, database=name, folder=folder, postgres=postgres) as own:
            with own.cursor() as cursor:
                cursor.execute("CREATE SCHEMA migration")
                cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
                assert cursor.fetchone() == (False,)
        (other,) = {"airflow", "tracking"} - {name} if name != "legacy" else {"tracking"}
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            connected(name=name, database=other, folder=folder, postgres=postgres)


def test_the_owner_upgrades_and_tasks_work_on_what_they_do_not_own(folder: Path, postgres: Cluster) -> None:
    run(service="databases", folder=folder, postgres=postgres)
    where = make_url(postgres.dsn(database="tracking").replace("://", "+psycopg2://", 1))
    password = (folder / "secrets" / "tracking_password").read_text()
    owner = create_engine(where.set(username="tracking", password=password), poolclass=NullPool)
    migrate.upgrade(engine=owner)
    with connected(name="tracking_app", database="tracking", folder=folder, postgres=postgres) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM migration.wave FOR UPDATE")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("DROP TABLE migration.told")


def test_the_console_reads_what_pages_show_and_no_payload(folder: Path, postgres: Cluster) -> None:
    run(service="databases", folder=folder, postgres=postgres)
    where = make_url(postgres.dsn(database="tracking").replace("://", "+psycopg2://", 1))
    password = (folder / "secrets" / "tracking_password").read_text()
    owner = create_engine(where.set(username="tracking", password=password), poolclass=NullPool)
    migrate.upgrade(engine=owner)
    password = (folder / "secrets" / "tracking_reader_password").read_text()
    reader = create_engine(where.set(username="tracking_reader", password=password), poolclass=NullPool)
    with reader.connect() as connection:
        assert roles.may_read(connection=connection)
        assert not roles.sees_payloads(connection=connection)
    named = urlsplit((folder / "secrets" / "tracking_reader_dsn").read_text())
    assert (named.username, named.password) == ("tracking_reader", password)


def test_a_role_whose_password_file_changed_has_the_new_password(folder: Path, postgres: Cluster) -> None:
    run(service="databases", folder=folder, postgres=postgres)
    (folder / "secrets" / "tracking_password").write_text("it's another")
    run(service="databases", folder=folder, postgres=postgres)
    with connected(name="tracking", database="tracking", folder=folder, postgres=postgres):
        pass


def test_a_backup_has_both_databases_and_can_be_restored(folder: Path, postgres: Cluster) -> None:
    run(service="databases", folder=folder, postgres=postgres)
    with connected(name="tracking", database="tracking", folder=folder, postgres=postgres) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.commit()
    (folder / "backups").mkdir()
    run(service="backup", folder=folder, postgres=postgres)
    dumps = sorted((folder / "backups").iterdir())
    assert [dump.name.split("-")[0] for dump in dumps] == ["airflow", "tracking"]
    assert all(dump.suffix == ".dump" and dump.stat().st_mode & 0o077 == 0 for dump in dumps)
    with connected(name="tracking", database="tracking", folder=folder, postgres=postgres) as connection:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kept SET one = 2")
        connection.commit()
    run(dumps[1].name, service="restore", folder=folder, postgres=postgres)
    with connected(name="tracking", database="tracking", folder=folder, postgres=postgres) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT one FROM kept")
            assert cursor.fetchone() == (1,)
