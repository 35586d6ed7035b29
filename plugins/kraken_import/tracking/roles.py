"""Makes the roles of the tracking database, and gives each what `rights` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from psycopg2 import errors
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from kraken_import.tracking.rights import (
    APP,
    AUDITOR,
    DECLARED,
    GROUPS,
    OWNER,
    READER,
    SCHEMA,
    Privileges,
    Rights,
)
from transforms.sql_files import FOLDER

_MAKE: Final = FOLDER / "roles" / "tracking.sql"
_RAW: Final = {"no_parameters": True}
"""For statements in which a percent sign is no parameter."""
_PAGE: Final = 100
"""Partitions that one transaction hands over: each takes several locks, and a server has some thousands."""


class UnableToSetRights(Exception):
    """The user may not make the roles, or does not own what they are to have. One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object of the schema. `shown` is how GRANT names it, `rights` what PUBLIC and our roles may do."""

    kind: str
    name: str
    shown: str
    owner: str
    rights: Mapping[str, Privileges]

    @property
    def declared(self) -> Rights | None:
        """What stands here of it; None for an object that is not the pipeline's."""
        if self.kind == "SCHEMA":
            return SCHEMA
        return DECLARED[self.kind].get(self.name)


def make_roles(*, connection: Connection) -> None:
    """Make the roles that are missing, and this connection's user an owner. Raises `UnableToSetRights`."""
    user = str(connection.execute(text("SELECT quote_ident(current_user)")).scalar_one())
    missing = _missing(connection=connection)
    try:
        if missing:
            with connection.begin_nested():
                connection.exec_driver_sql(_MAKE.read_text(encoding="utf-8"), execution_options=_RAW)
        if not _is_owner(connection=connection):
            with connection.begin_nested():
                connection.exec_driver_sql(f"GRANT {OWNER} TO CURRENT_USER")
    except ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise UnableToSetRights(_sentence(user=user, missing=_missing(connection=connection))) from None


@contextmanager
def in_a_sentence(*, connection: Connection) -> Iterator[None]:
    """Say which right the user of an upgrade lacks for its steps. Raises `UnableToSetRights`."""
    user, database = connection.exec_driver_sql(
        "SELECT quote_ident(current_user), quote_ident(current_database())"
    ).one()
    others = connection.execute(text(_OTHERS)).scalars().all()
    try:
        yield
    except ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        if others:
            raise UnableToSetRights(_belongs(owners=others)) from None
        raise UnableToSetRights(
            "The user of the tracking database may not create schema migration there: have an administrator "
            f"of the database server run `GRANT CREATE ON DATABASE {database} TO {user}`, then upgrade again."
        ) from None


def hand_over(*, connection: Connection) -> None:
    """Give the schema and every object of the pipeline to the owner, and each role exactly its rights.

    Raises `UnableToSetRights` where another user owns what this connection's may not give away.
    """
    found = [each for each in objects(connection=connection) if each.declared is not None]
    handed = [each for each in found if each.owner != OWNER]
    # The schema first: the new owner of a table must be allowed to create one in it.
    order = sorted(handed, key=lambda each: each.kind != "SCHEMA")
    statements = [f"ALTER {each.kind} {each.shown} OWNER TO {OWNER}" for each in order]
    statements += [statement for each in found for statement in _corrections(of=each)]
    try:
        if statements:
            connection.exec_driver_sql(";".join(statements))
    except ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise UnableToSetRights(_belongs(owners=sorted({each.owner for each in handed}) or [OWNER])) from None
    _open_database(connection=connection)


def hand_over_partitions(*, engine: Engine) -> str | None:
    """Give the owner the tables of payloads and answers that an earlier version's user has made.

    Returns a sentence on those that are another user's, and stay so; None where none are.
    """
    while True:
        with engine.begin() as connection:
            names = connection.execute(text(_PARTITIONS), {"most": _PAGE, "owner": OWNER}).scalars().all()
            if not names:
                return _left(connection=connection)
            connection.exec_driver_sql(";".join(f"ALTER TABLE {name} OWNER TO {OWNER}" for name in names))


def objects(*, connection: Connection) -> Iterator[Found]:
    """Yield the schema, and what is in it but for partitions, indexes and sequences of identity columns."""
    for row in connection.execute(text(_OBJECTS), {"roles": list(GROUPS[1:])}):
        rights = {role: frozenset(privileges) for role, privileges in (row.rights or {}).items()}
        yield Found(kind=row.kind, name=row.name, shown=row.shown, owner=row.owner, rights=rights)


def is_owner(*, connection: Connection) -> bool:
    """Return whether the user of a connection may do what only the owner should."""
    return not _missing(connection=connection) and _is_owner(connection=connection)


def may_read(*, connection: Connection) -> bool | None:
    """Return whether the user of a connection may read what pages show; None where the schema is missing."""
    return _may(connection=connection, table="wave")


def sees_payloads(*, connection: Connection) -> bool:
    """Return whether the user of a connection may read payloads."""
    return bool(_may(connection=connection, table="payload"))


def _may(*, connection: Connection, table: str) -> bool | None:
    return connection.execute(text(_MAY), {"table": table}).scalar_one_or_none()


def _left(*, connection: Connection) -> str | None:
    row = connection.execute(text(_LEFT), {"owner": OWNER}).one()
    if not row.tables:
        return None
    many = "1 table" if row.tables == 1 else f"{row.tables:,} tables"
    return (
        f"{many} of payloads and answers, {row.example} for one, still belong to {row.owners}, which waves "
        "and purges do not mind, and a later upgrade may: have an administrator of the database server run "
        "`kraken-migrate db upgrade` once."
    )


def _belongs(*, owners: Iterable[str]) -> str:
    return (
        f"Schema migration of the tracking database belongs to {', '.join(owners)}, and the user of the "
        f"upgrade may not hand it over to {OWNER}: upgrade once as that user or as an administrator, who "
        f"must be a member of {OWNER} and allowed to create schemas in this database."
    )


def _corrections(*, of: Found) -> Iterable[str]:
    if of.declared is None or of.rights == of.declared.of_roles():
        return
    on = f"{of.kind} {of.shown}"
    yield f"REVOKE ALL ON {on} FROM PUBLIC, {APP}, {READER}, {AUDITOR}"
    for role, privileges in of.declared.of_roles().items():
        yield f"GRANT {', '.join(sorted(privileges))} ON {on} TO {role}"


def _open_database(*, connection: Connection) -> None:
    """Let the roles connect, and tasks have temporary tables, where the database is this user's own."""
    row = connection.execute(text(_DATABASE)).one()
    if not row.is_own:
        return
    for role, privilege in ((APP, "CONNECT, TEMPORARY"), (READER, "CONNECT"), (AUDITOR, "CONNECT")):
        if role in row.closed_to:
            connection.exec_driver_sql(f"GRANT {privilege} ON DATABASE {row.name} TO {role}")


def _missing(*, connection: Connection) -> list[str]:
    there = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    return [role for role in GROUPS if role not in there]


def _is_owner(*, connection: Connection) -> bool:
    return bool(
        connection.execute(
            text("SELECT pg_has_role(CAST(:owner AS name), 'USAGE')"), {"owner": OWNER}
        ).scalar_one()
    )


def _sentence(*, user: str, missing: list[str]) -> str:
    made = [f"CREATE ROLE {role} NOLOGIN" for role in missing]
    statements = "; ".join([*made, f"GRANT {OWNER} TO {user}"])
    lacks = f"may not make the roles {', '.join(missing)}" if missing else f"is no member of {OWNER}"
    return (
        f"The user of the tracking database {lacks}: have an administrator of the database server run "
        f"`{statements}`, then upgrade again."
    )


_MAY: Final = """
SELECT has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')
FROM pg_class
WHERE relnamespace = to_regnamespace('migration') AND relname = :table
"""

_OBJECTS: Final = """
WITH object AS (
    SELECT 'SCHEMA' AS kind, nspname AS name, 'migration' AS shown, nspowner AS owner,
        coalesce(nspacl, acldefault('n', nspowner)) AS acl
    FROM pg_namespace
    WHERE nspname = 'migration'
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname,
        format('migration.%I', relname), relowner,
        coalesce(relacl, acldefault(CAST(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS "char"), relowner))
    FROM pg_class
    WHERE relnamespace = to_regnamespace('migration')
        AND relkind IN ('r', 'p', 'v', 'm', 'S')
        AND NOT relispartition
        AND NOT (
            relkind = 'S'
            AND EXISTS (
                SELECT FROM pg_depend
                WHERE classid = CAST('pg_class' AS regclass) AND objid = pg_class.oid AND deptype = 'i'
            )
        )
    UNION ALL
    SELECT 'FUNCTION', proname,
        format('migration.%I(%s)', proname, pg_get_function_identity_arguments(oid)), proowner,
        coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc
    WHERE pronamespace = to_regnamespace('migration')
)
SELECT object.kind, object.name, object.shown, pg_get_userbyid(object.owner) AS owner,
    (
        SELECT jsonb_object_agg(role, privileges)
        FROM (
            SELECT coalesce(pg_roles.rolname, 'PUBLIC') AS role, jsonb_agg(given.privilege_type) AS privileges
            FROM aclexplode(object.acl) AS given
            LEFT JOIN pg_roles ON pg_roles.oid = given.grantee
            WHERE given.grantee = 0 OR pg_roles.rolname = ANY (:roles)
            GROUP BY 1
        ) AS granted
    ) AS rights
FROM object
ORDER BY object.kind, object.shown
"""

_PARTITIONS: Final = """
SELECT format('migration.%I', relname)
FROM pg_class
WHERE relnamespace = to_regnamespace('migration')
    AND relispartition
    AND relkind = 'r'
    AND pg_get_userbyid(relowner) <> :owner
    AND pg_has_role(relowner, 'USAGE')
ORDER BY oid
LIMIT :most
"""

_LEFT: Final = """
SELECT count(*) AS tables, min(relname) AS example,
    string_agg(DISTINCT pg_get_userbyid(relowner), ', ') AS owners
FROM pg_class
WHERE relnamespace = to_regnamespace('migration')
    AND relispartition
    AND relkind = 'r'
    AND pg_get_userbyid(relowner) <> :owner
"""

_OTHERS: Final = """
SELECT DISTINCT pg_get_userbyid(owner) AS name
FROM (
    SELECT nspowner AS owner FROM pg_namespace WHERE nspname = 'migration'
    UNION ALL
    SELECT relowner FROM pg_class WHERE relnamespace = to_regnamespace('migration')
    UNION ALL
    SELECT proowner FROM pg_proc WHERE pronamespace = to_regnamespace('migration')
) AS object
WHERE NOT pg_has_role(owner, 'USAGE')
ORDER BY name
"""

_DATABASE: Final = """
SELECT quote_ident(datname) AS name, pg_has_role(datdba, 'USAGE') AS is_own,
    ARRAY(
        SELECT role
        FROM unnest(ARRAY['migration_app', 'migration_reader', 'migration_auditor']) AS role
        WHERE NOT has_database_privilege(role, datname, 'CONNECT')
            OR (role = 'migration_app' AND NOT has_database_privilege(role, datname, 'TEMPORARY'))
    ) AS closed_to
FROM pg_database
WHERE datname = current_database()
"""
