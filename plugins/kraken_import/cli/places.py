"""Where the databases, Kraken and Airflow are: options, environment, file, Connections, local stack.

The first of these that names a system counts, and it must say all of it: a token never goes to an address
that another of them names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn

from kraken_import.cli.problems import WrongUsage
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.domain.wrapping import Wrapping, read_wrapping
from transforms.database import not_postgres
from transforms.project import FILE, PLACES, BadProject, located, read_project

ENVIRONMENT: Final = "the environment"
READER: Final = "tracking_reader"
"""The Connection by which Airflow's console reads."""
STACK: Final = ".run/stack.json"

Database: TypeAlias = Literal["tracking", "legacy"]
ConnectionFields: TypeAlias = Mapping[str, Any]

_VARIABLES: Final = tuple(name.upper() for name in PLACES)
_KRAKEN: Final = ("KRAKEN_URL", "KRAKEN_TOKEN")
_PASSED_ON: Final = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "options", "application_name", "connect_timeout"}
)
"""What a Connection's extra may say to libpq."""


class NothingSaid(WrongUsage):
    """Nothing says where a system is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The DSN of a database, and what said so, for sentences."""

    dsn: str = field(repr=False)
    said_by: str


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a command was started with: the environment, and the folder that it was started in."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    folder: Path = field(default_factory=Path.cwd)

    def database(self, *, name: Database, option: str | None = None, as_owner: bool = False) -> Place:
        """Return where a database is. Raises `NothingSaid`, or `WrongUsage` for what cannot be meant.

        With `as_owner` for the user who owns its schema, where one is named beside that of every day.
        """
        variable = f"{name.upper()}_DSN"
        variables = (f"{name.upper()}_OWNER_DSN", variable) if as_owner else (variable,)
        if option is not None:
            return Place(dsn=_of_option(name=name, value=option), said_by=f"--{name}-dsn")
        for source, said in self._sources():
            for each in variables:
                if value := said().get(each):
                    told = _told(source=source, variable=each)
                    return Place(dsn=read_dsn(name=told, value=value), said_by=told)
            if source == FILE and (fields := self._connection(connection_id=name)):
                told = f"Connection {name}"
                if wrong := not_postgres(connection=name, kind=fields.get("conn_type")):
                    raise WrongUsage(wrong)
                return Place(dsn=dsn_of(fields=fields, name=told), said_by=told)
        raise NothingSaid(
            f"Nothing says where the {name} database is: set {variable} or {variable}_FILE, write {name}_dsn "
            f"into {FILE} of the project, or name it by --{name}-dsn."
        )

    def reader(self) -> Place | None:
        """Return where Airflow's console reads the tracking database; None where no Connection is at hand.

        Raises `WrongUsage` for what cannot be meant.
        """
        fields = self._connection(connection_id=READER)
        if fields is None:
            return None
        told = f"Connection {READER}"
        if wrong := not_postgres(connection=READER, kind=fields.get("conn_type")):
            raise WrongUsage(wrong)
        return Place(dsn=dsn_of(fields=fields, name=told), said_by=told)

    def kraken(self) -> KrakenSettings:
        """Return how to reach Kraken. Raises `NothingSaid`, or `WrongUsage` for what cannot be meant."""
        try:
            return self._kraken()
        except UnableToReadConnection as error:
            raise WrongUsage(str(error)) from None

    def wave_keys(self) -> Wrapping | None:
        """Return what wraps the keys of waves; None where nothing says it. Raises `BadWrappingKeys`."""
        for source, said in self._sources():
            if value := said().get("WAVE_KEYS"):
                return read_wrapping(text=value, named=_told(source=source, variable="WAVE_KEYS"))
            if source == FILE and (fields := self._connection(connection_id="wave_keys")):
                return read_wrapping(
                    text=fields.get("password") or "",
                    named="Connection 'wave_keys'",
                    options=fields.get("extra"),
                )
        return None

    def airflow(self) -> Mapping[str, str]:
        """Return what is said of Airflow: AIRFLOW_URL, and its user and password or its token; may be empty.

        Raises `WrongUsage` for an address without a login.
        """
        for source, said in self._sources():
            found = {name: value for name, value in said().items() if name.startswith("AIRFLOW_")}
            if "AIRFLOW_URL" not in found:
                continue
            if "AIRFLOW_TOKEN" not in found and not {"AIRFLOW_USER", "AIRFLOW_PASSWORD"} <= found.keys():
                raise WrongUsage(
                    f"AIRFLOW_URL in {source} stands without a login: give AIRFLOW_TOKEN, or AIRFLOW_USER "
                    "and AIRFLOW_PASSWORD, in the same place."
                )
            return found
        return {}

    def _kraken(self) -> KrakenSettings:
        for source, said in self._sources():
            found = {name: said()[name] for name in _KRAKEN if name in said()}
            if len(found) == 1:
                (missing,) = set(_KRAKEN) - found.keys()
                raise WrongUsage(f"{next(iter(found))} in {source} needs {missing} in the same place.")
            if found:
                return KrakenSettings.from_connection_fields(
                    host=found["KRAKEN_URL"], password=found["KRAKEN_TOKEN"]
                )
            if source == FILE and (fields := self._connection(connection_id="kraken")):
                return KrakenSettings.from_connection_fields(connection_id="kraken", **_of_kraken(fields))
        raise NothingSaid(
            "Nothing says where Kraken is: set KRAKEN_URL and KRAKEN_TOKEN (or KRAKEN_TOKEN_FILE), or write "
            f"kraken_url and kraken_token_file into {FILE} of the project."
        )

    def _sources(self) -> tuple[tuple[str, Callable[[], Mapping[str, str]]], ...]:
        # Airflow's Connections come behind the file: they say a system's fields, not its variables.
        return (
            (ENVIRONMENT, lambda: self._environment),
            (FILE, lambda: self._file),
            (STACK, lambda: self._stack),
        )

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        return with_files(said=self.environment, folder=self.folder, source=ENVIRONMENT)

    @cached_property
    def _file(self) -> Mapping[str, str]:
        place = located(environment=self.environment, folder=self.folder)
        if place is None:
            return {}
        try:
            found = read_project(folder=place[0], said_by=place[1])
        except BadProject as bad:
            raise WrongUsage(str(bad)) from None
        known = {name.lower(): name for name in _VARIABLES}
        known |= {f"{name.lower()}_file": f"{name}_FILE" for name in _VARIABLES}
        named = {known[name]: value for name, value in found.places.items()}
        return with_files(said=named, folder=found.folder, source=FILE)

    @cached_property
    def _stack(self) -> Mapping[str, str]:
        place = located(environment=self.environment, folder=self.folder)
        folders = (self.folder, *([] if place is None else [place[0]]))
        file = next((folder / STACK for folder in folders if (folder / STACK).is_file()), self.folder / STACK)
        try:
            places = json.loads(file.read_text(encoding="utf-8"))["places"]
            return {name: str(places[name]) for name in _VARIABLES if places.get(name)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _connection(self, *, connection_id: str) -> ConnectionFields | None:
        name = f"AIRFLOW_CONN_{connection_id.upper()}"
        if text := self.environment.get(name, "").strip():
            return read_connection(text=text, name=name)
        if not _is_airflow_configured(environment=self.environment):
            return None
        # Airflow takes seconds to load: only where it is configured and nothing else says where to work.
        from kraken_import.airflow.connections import connection_fields

        return connection_fields(connection_id=connection_id)


def read_dsn(*, name: str, value: str) -> str:
    """Return a DSN in the form that the pipeline takes. Raises `WrongUsage`, without the value."""
    sentence = f"{name} must be a URI like postgresql://user:password@host:5432/database."
    # SQLAlchemy's form names a driver, which libpq does not know.
    value = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", value)
    if not value.startswith(("postgresql://", "postgres://")):
        raise WrongUsage(sentence)
    try:
        parsed = parse_dsn(value)
        sound_ports = all(_is_port(text=port) for port in parsed.get("port", "5432").split(","))
    except psycopg2.ProgrammingError:
        # Not the error's own words: they may repeat the password.
        raise WrongUsage(sentence) from None
    if not sound_ports:
        raise WrongUsage(sentence)
    if not parsed.get("dbname"):
        raise WrongUsage(f"{name} names no database: end it with /database.")
    return "postgresql://" + value.split("://", 1)[1]


def read_connection(*, text: str, name: str) -> ConnectionFields:
    """Return the fields of an Airflow Connection, given as JSON or as a URI. Raises `WrongUsage`."""
    sentence = f"{name} is neither the JSON nor the URI of a Connection: correct it."
    if text.startswith("{"):
        try:
            fields = json.loads(text)
            extra = fields.get("extra") or {}
            return {**fields, "extra": json.loads(extra) if isinstance(extra, str) else extra}
        except (ValueError, AttributeError, RecursionError):
            raise WrongUsage(sentence) from None
    try:
        parts = urlsplit(text)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        extra = json.loads(query.pop("__extra__", "{}")) | query
        port = parts.port
    except (ValueError, TypeError, RecursionError):
        raise WrongUsage(sentence) from None
    if not parts.scheme:
        raise WrongUsage(sentence)
    return {
        "conn_type": parts.scheme,
        "host": unquote(parts.hostname or "") or None,
        "port": port,
        "login": unquote(parts.username or "") or None,
        "password": unquote(parts.password or "") or None,
        "schema": unquote(parts.path.removeprefix("/")) or None,
        "extra": extra,
    }


def dsn_of(*, fields: ConnectionFields, name: str) -> str:
    """Return the DSN that a Postgres Connection stands for. Raises `WrongUsage`."""
    login = quote(fields.get("login") or "", safe="")
    if password := fields.get("password"):
        login += f":{quote(password, safe='')}"
    host = fields.get("host") or ""
    host = f"[{host}]" if ":" in host else quote(host, safe="")
    port = f":{fields['port']}" if fields.get("port") else ""
    extra = fields.get("extra") or {}
    told = {key: str(extra[key]) for key in sorted(_PASSED_ON & extra.keys()) if extra[key] not in (None, "")}
    query = f"?{urlencode(told, quote_via=quote)}" if told else ""
    at = f"{login}@" if login else ""
    return read_dsn(
        name=name, value=f"postgresql://{at}{host}{port}/{quote(fields.get('schema') or '', safe='')}{query}"
    )


def _of_kraken(fields: ConnectionFields) -> dict[str, Any]:
    return {name: fields.get(name) for name in ("host", "schema", "port", "login", "password", "extra")}


def _of_option(*, name: Database, value: str) -> str:
    dsn = read_dsn(name=f"--{name}-dsn", value=value)
    if {"password", "sslpassword"} & parse_dsn(dsn).keys():
        raise WrongUsage(
            f"--{name}-dsn holds a password, which other users of this machine can read: leave it out and "
            f"use {name.upper()}_DSN_FILE, PGPASSWORD or ~/.pgpass."
        )
    return dsn


def with_files(*, said: Mapping[str, str], folder: Path, source: str) -> Mapping[str, str]:
    """Return the variables that are said, or whose file is named. Raises `WrongUsage`."""
    found = {}
    for name in _VARIABLES:
        value, path = said.get(name, "").strip(), said.get(f"{name}_FILE", "").strip()
        if value and path:
            raise WrongUsage(f"{name} and {name}_FILE in {source} exclude each other: leave one out.")
        if path:
            value = _read(path=folder / Path(path).expanduser(), name=f"{name}_FILE")
        if value:
            found[name] = value
    return found


def _read(*, path: Path, name: str) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{name} names {path}, which cannot be read ({type(error).__name__}).") from None
    if not value:
        raise WrongUsage(f"{name} names {path}, which is empty: write the value into it.")
    return value


def _is_airflow_configured(*, environment: Mapping[str, str]) -> bool:
    return bool(environment.get("AIRFLOW_HOME") or environment.get("AIRFLOW_CONFIG"))


def _told(*, source: str, variable: str) -> str:
    return variable if source == ENVIRONMENT else f"{variable.lower()} in {source}"


def _is_port(*, text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65_536
