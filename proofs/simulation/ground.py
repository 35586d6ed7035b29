"""What histories run on: a real Postgres whose time is virtual, and legacy customers built once.

`migration.present()` is the one place where the SQL reads the time. Here its owner replaces it by a setting
of the session, and chance by what follows from it; nothing else about the schema is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as PhysicalConnection  # noqa: N812
from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from kraken_import.local.postgres import Cluster
from kraken_import.tracking import migrate
from proofs.simulation.sessions import OPTIONS
from transforms.build import BuildResult, build
from transforms.database import engine_to
from transforms.dialect import Dialect
from transforms.extract import Extract, candidate_pages, extract
from transforms.registry import get_dialect

DIALECTS: Final = (
    "national_grid_accounts",
    "plenitude_accounts",
    "essential_supply_points_cdns",
    "edf_accounts",
)
CUSTOMERS: Final = 40
SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
}
"""Histories ask for answers, not for durability; and nothing may run in the background."""

_building: Any = import_module("kraken_import.usecases.build")
_LATER: Final = """
    UPDATE legacy.party SET last_name = last_name || 'son';
    UPDATE legacy.details_notification SET last_name = last_name || 'son';
    UPDATE legacy.party_contact SET value = 'mended' || contact_id || '@mail.example.com'
    WHERE value LIKE 'test@%'
"""
"""Changes to the customers in the legacy system while they are migrated."""

_VIRTUAL: Final = """
    CREATE SCHEMA simulation;
    CREATE FUNCTION simulation.random() RETURNS double precision LANGUAGE sql STABLE AS $$
        SELECT ('x' || left(md5(current_setting('simulation.present')), 8))::bit(32)::bigint / 4294967296.0
    $$;
    CREATE OR REPLACE FUNCTION migration.present() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT to_timestamp(current_setting('simulation.present')::double precision)
    $$;
    DO $body$
    DECLARE definition text;
    BEGIN
        FOR definition IN
            SELECT pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = 'migration'::regnamespace AND prosrc LIKE '%random()%'
        LOOP
            EXECUTE replace(definition, 'random()', 'simulation.random()');
        END LOOP;
    END
    $body$;
"""
_FORGET: Final = """
    DO $body$
    DECLARE
        gone text;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR gone IN
            SELECT inhrelid::regclass::text FROM pg_inherits
            WHERE inhparent IN ('migration.payload'::regclass, 'migration.answer'::regclass)
        LOOP
            EXECUTE 'DROP TABLE ' || gone;
        END LOOP;
        SELECT string_agg(oid::regclass::text, ', ') INTO gone
        FROM pg_class
        WHERE relnamespace = 'migration'::regnamespace AND relkind = 'r' AND relname <> 'schema_version'
            AND pg_relation_size(oid) > 0;
        IF gone IS NOT NULL THEN
            EXECUTE 'TRUNCATE ' || gone || ' RESTART IDENTITY CASCADE';
        END IF;
        PERFORM setval(oid::regclass, 1, false)
        FROM pg_class WHERE relnamespace = 'migration'::regnamespace AND relkind = 'S';
    END
    $body$
"""


@dataclass(kw_only=True)
class Ground:
    """The databases of one worker. `legacy` holds the customers as they are at first, and later."""

    tracking_dsn: str
    legacy: tuple[Engine, ...]
    backends: list[PhysicalConnection] = field(default_factory=list)
    customers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The external identifiers of a dialect's customers, in their order."""
    _plain: PhysicalConnection | None = None

    @property
    def plain(self) -> PhysicalConnection:
        """A session outside of the history, for what looks at it."""
        if self._plain is None:
            self._plain = psycopg2.connect(self.tracking_dsn, options=OPTIONS)
            self._plain.autocommit = True
        return self._plain

    def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of the tracking database."""
        with self.plain.cursor() as cursor:
            cursor.execute(query, values)
            names = [each.name for each in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def forget(self) -> None:
        """Empty the tracking database for the next history."""
        with self.plain.cursor() as cursor:
            cursor.execute(_FORGET)

    def close(self) -> None:
        """Close every session."""
        for session in (*self.backends, *([self._plain] if self._plain else ())):
            session.close()
        for engine in self.legacy:
            engine.dispose()


def lay(*, cluster: Cluster, number: int) -> Ground:
    """Return the databases of worker `number`; the first call makes what all of them share."""
    tracking = cluster.create_database(name="histories")
    legacy = [cluster.create_database(name=name) for name in ("customers", "customers_later")]
    _prepare(tracking=tracking, legacy=legacy)
    ground = Ground(
        tracking_dsn=cluster.create_database(name=f"histories_{number}", template="histories"),
        legacy=tuple(_engine(dsn) for dsn in legacy),
    )
    for name in DIALECTS:
        pages = candidate_pages(engine=ground.legacy[0], dialect=get_dialect(name=name), size=1_000)
        ground.customers[name] = tuple(each for page in pages for each in page)
    return ground


def _prepare(*, tracking: str, legacy: Sequence[str]) -> None:
    for dsn, changes in zip(legacy, ("", _LATER), strict=True):
        engine = _engine(dsn, poolclass=NullPool)
        if not load.ready(engine=engine):
            load.create_schema(engine=engine)
            for name in DIALECTS:
                load.generate(engine=engine, dialect=name, first=1, last=CUSTOMERS, seed=7)
            with engine.begin() as connection:
                if changes:
                    connection.exec_driver_sql(changes.replace("%", "%%"))
    engine = _engine(tracking, poolclass=NullPool)
    with engine.connect() as connection:
        if connection.exec_driver_sql("SELECT to_regnamespace('simulation')").scalar() is not None:
            return
    migrate.upgrade(engine=engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(_VIRTUAL.replace("%", "%%"))


def _engine(dsn: str, **options: Any) -> Engine:
    return engine_to(dsn, **options)


class Memory:
    """Remembers what was read and built: both depend only on their arguments.

    The first time each is really done, so that a thousand histories cost no more builds than one.
    """

    def __init__(self, *, legacy: Sequence[Engine]) -> None:
        self._versions = {id(engine): version for version, engine in enumerate(legacy)}
        self._read: dict[Any, Extract] = {}
        self._built: dict[Any, BuildResult] = {}
        self._keys: dict[int, Any] = {}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let builds remember until the block ends."""
        before = _building.extract, _building.build, _building.BLOCK
        _building.extract, _building.build, _building.BLOCK = self._extract, self._build, _BLOCK
        try:
            yield
        finally:
            _building.extract, _building.build, _building.BLOCK = before

    def _extract(
        self, *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], with_balances: bool
    ) -> Extract:
        key = (self._versions[id(engine)], dialect.name, tuple(identifiers))
        if key not in self._read:
            found = extract(
                engine=engine, dialect=dialect, identifiers=identifiers, with_balances=with_balances
            )
            # When it was read is not part of a history.
            self._read[key] = replace(found, watermark=_WATERMARK)
            self._keys[id(found.frames)] = key
        return self._read[key]

    def _build(self, *, frames: Mapping[str, Any], settings: Any, **others: Any) -> BuildResult:
        key = (self._keys[id(frames)], settings.import_supplier, settings.today)
        if key not in self._built:
            self._built[key] = build(frames=frames, settings=settings, **others)
        return self._built[key]


_BLOCK: Final = 2
"""Half of the customers of a batch, so that builds are also killed between two blocks."""
_WATERMARK: Final = datetime(2026, 11, 1, tzinfo=UTC)
