"""Turns what a database refuses into one sentence: which file, which SQLSTATE, what to do. Never a value.

Postgres quotes values and keys in its own messages, SQLAlchemy the parameters, and libpq parts of a URI, so
perhaps of its password. So an error's own words are passed on only where they name nothing but tables,
columns, functions and types; and they are taken out of the error itself, since a traceback prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy import URL, Engine, TextClause, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, ResourceClosedError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from transforms.cpu_clock import watched
from transforms.encryption import NO_TLS, UNTRUSTED, demanded_by_dsn, why_untrusted
from transforms.project import located

_ROOT: Final = Path(__file__).resolve().parents[1]

Place: TypeAlias = Callable[[int | None], str]
"""The name of the SQL's file, and the line in it, for a line of the statement that was sent."""


_POSTGRES: Final = ("postgres", "postgresql", "generic", "")
"""Types of a Connection that lead to a Postgres."""


class UnableToQuery(Exception):
    """SQL, rights or data do not do as they are: trying again changes nothing. One sentence."""


class DatabaseInterrupted(Exception):
    """The database went away or broke the work off: the same work is worth another try. One sentence."""


class PatientPool(QueuePool):
    """A pool that says in one sentence, worth another try, that all its connections are in use."""

    def connect(self) -> PoolProxiedConnection:
        """A connection. Raises `DatabaseInterrupted` when none is given back in time."""
        try:
            return super().connect()
        except PoolExhausted:
            raise DatabaseInterrupted(f"The work on a database {_EXHAUSTED}.") from None


class Kind(Enum):
    """What the caller can do about an error."""

    DATA = "data"
    """Values of some customer do not fit the SQL: the others can still be read."""
    PERMANENT = "permanent"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error of a database. `reason` is the part of a sentence that follows the file's name."""

    kind: Kind
    reason: str
    state: str = "no SQLSTATE"
    """The SQLSTATE and its name."""
    line: int | None = None

    def sentence(self, *, place: Place) -> str:
        """The whole sentence."""
        return f"{place(self.line)} {self.reason}."


# The advice by SQLSTATE, or by its first two characters.
_TRANSIENT: Final = frozenset({"08", "40", "53", "57P01", "57P02", "57P03", "57P05", "25P03", "55P03", "58"})
_DATA: Final = frozenset({"22", "21000", "P0001"})
_EXHAUSTED: Final = "found all connections of its process in use: try again"
_NAMES_ONLY: Final = frozenset(
    {"42501", "42702", "42703", "42725", "42803", "42804", "42846", "42883", "42P01", "42P18", "3F000"}
)
_ADVICE: Final[dict[str, str]] = {
    "25006": "tries to write, and the database is only read here: make it a SELECT",
    "42501": "needs a right that the database's user does not have: have it granted",
    "42601": "is not valid SQL: correct it",
    "42": "does not fit the legacy database: correct it",
    "3F": "does not fit the legacy database: correct it",
    "57014": "was broken off, by statement_timeout or by hand: make it faster, or raise the timeout",
    "22": "meets a value that it cannot convert or calculate with: mend the value, or the SQL",
    "21000": "finds several rows where it allows one: mend the rows, or the SQL",
    "P0001": "calls a function that refuses what it is given: mend the value, or the SQL",
    "23": "breaks a constraint of the database: mend the SQL",
    "": "cannot be run: correct it",
}


_UNREACHABLE: Final = (
    ("timeout expired", "it does not answer in time: check the host and the network"),
    ("could not translate host name", "no such host is known: check the host"),
    ("Connection refused", "the connection is refused: check the port, and that the database runs"),
    ("starting up", "it is starting up: try again"),
    ("shutting down", "it is shutting down: try again"),
    ("too many", "all its connections are in use: try again"),
    ("connection slots", "all its connections are in use: try again"),
    ("pg_hba.conf", "the server takes no such login from this machine (pg_hba.conf): have it allowed"),
    ("authentication failed", "the login is refused: check the user and the password"),
    ("no password supplied", "the login is refused, since no password was given: give one"),
    ('role "', "the login is refused: check the user"),
    ('database "', "there is no such database, or the user may not connect to it: check its name"),
    ("certificate", UNTRUSTED),
    ("SSL", NO_TLS),
)
"""What libpq says when there is no connection, and what that means; its own words quote the URI."""


def engine_to(url: URL | str, /, **options: Any) -> Engine:
    """Return an engine for a URL or a plain libpq URI; its errors quote no parameters and no values."""
    if isinstance(url, str) and url.startswith("postgresql://"):
        options["connect_args"] = options.get("connect_args", {}) | demanded_by_dsn(dsn=url)
        url = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    return watched(engine=hushed(engine=create_engine(url, hide_parameters=True, **options)))


def hushed(*, engine: Engine) -> Engine:
    """Take the driver's words out of every error that the engine raises. Returns the engine."""
    if not event.contains(engine, "handle_error", _hush):
        event.listen(engine, "handle_error", _hush)
    return engine


def _hush(context: ExceptionContext) -> None:
    # In place: SQLAlchemy raises what it makes of the driver's error from that error, and both are printed.
    original, why = context.original_exception, ""
    # No SQLSTATE says that a server was not trusted.
    if isinstance(original, psycopg2.OperationalError) and original.pgcode is None:
        why = why_untrusted(error=original)
    for error in (context.sqlalchemy_exception, original):
        if isinstance(error, SQLAlchemyError | psycopg2.Error):
            error.args = (why or state_of(error=error),)


@contextmanager
def driver_errors(*, place: Place, raises: type[Exception] = UnableToQuery) -> Iterator[None]:
    """Turn what psycopg2 itself raises, as from a COPY, into the same as `sentences`."""
    try:
        yield
    except psycopg2.Error as error:
        raise refusal(error=error, place=place, raises=raises) from None


def unreachable_because(*, error: Exception) -> str:
    """Return why no connection came about, in words of ours: libpq's quote the URI."""
    words = str(error)
    found = (sentence for sign, sentence in _UNREACHABLE if sign in words)
    return next(found, "it cannot be reached: check the host, the port and the network")


def fault_of(*, error: Exception) -> Fault:
    """Return what an error of SQLAlchemy, of psycopg2 or of reading its rows means, without any value."""
    if isinstance(error, ResourceClosedError):
        return Fault(kind=Kind.PERMANENT, reason="delivers no rows: it must be one SELECT")
    if isinstance(error, PoolExhausted):
        return Fault(kind=Kind.TRANSIENT, reason=_EXHAUSTED)
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, ValueError) and not isinstance(error, SQLAlchemyError):
        return Fault(
            kind=Kind.DATA,
            reason="delivers a value that has no text or lies outside the calendar: cast it to text",
        )
    if isinstance(cause, RecursionError):
        # The driver reads JSON by functions that call themselves.
        return Fault(
            kind=Kind.DATA,
            reason="delivers JSON that is nested too deeply: mend the value, or cast it to text",
        )
    state = getattr(cause, "pgcode", None)
    if state is None:
        return _without_state(cause=cause)
    if {state, state[:2]} & _TRANSIENT:
        return Fault(
            kind=Kind.TRANSIENT,
            reason=f"was interrupted by the database ({_state(state)}): try again",
            state=_state(state),
        )
    kind = Kind.DATA if {state, state[:2]} & _DATA else Kind.PERMANENT
    advice = _ADVICE.get(state) or _ADVICE.get(state[:2]) or _ADVICE[""]
    said = f"; {cause.diag.message_primary}" if state in _NAMES_ONLY else ""
    return Fault(
        kind=kind,
        reason=f"{advice} ({_state(state)}{said})",
        state=_state(state),
        line=_line(cause=cause),
    )


def _without_state(*, cause: Any) -> Fault:
    # Raised by the driver itself, before or after the server had a say.
    if isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        return Fault(
            kind=Kind.TRANSIENT, reason="was interrupted: the connection to the database was lost; try again"
        )
    if isinstance(cause, psycopg2.DataError):
        return Fault(kind=Kind.DATA, reason=_ADVICE["22"])
    if isinstance(cause, psycopg2.ProgrammingError):
        return Fault(kind=Kind.PERMANENT, reason="is empty, or cannot be run: it must be one statement")
    return Fault(kind=Kind.PERMANENT, reason=_ADVICE[""])


def state_of(*, error: SQLAlchemyError | psycopg2.Error) -> str:
    """Return the SQLSTATE of an error, and its name."""
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "pgcode", None)
    return "no SQLSTATE" if state is None else _state(state)


def _state(state: str) -> str:
    try:
        name = errorcodes.lookup(state).lower().replace("_", " ")
    except KeyError:
        return f"SQLSTATE {state}"
    return f"SQLSTATE {state}, {name}"


def _line(*, cause: Any) -> int | None:
    """The line of the statement that an error points at."""
    position, query = cause.diag.statement_position, getattr(cause.cursor, "query", None)
    if position is None or query is None:
        return None
    return int(query.decode("utf-8", errors="replace")[: int(position)].count("\n")) + 1


@contextmanager
def sentences(*, place: Place, raises: type[Exception] = UnableToQuery) -> Iterator[None]:
    """Turn errors of a database into `raises`, or into `DatabaseInterrupted` if trying again may help."""
    try:
        yield
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        raise refusal(error=error, place=place, raises=raises) from None


def refusal(*, error: Exception, place: Place, raises: type[Exception] = UnableToQuery) -> Exception:
    """Return the exception that stands for an error: with its sentence, and none of its values."""
    fault = fault_of(error=error)
    chosen = DatabaseInterrupted if fault.kind is Kind.TRANSIENT else raises
    return chosen(fault.sentence(place=place))


def not_postgres(*, connection: str, kind: str | None) -> str:
    """Return why a Connection of this type cannot be used; blank for one that leads to a Postgres."""
    # A driver behind the type, as in postgresql+psycopg2, is SQLAlchemy's and leads to the same database.
    if (kind or "").partition("+")[0] in _POSTGRES:
        return ""
    return (
        f"Connection {connection} is of type {kind}, and only Postgres is read: name a Postgres, into which "
        "another system's tables are copied first (docs/how-to/use-your-own-legacy-database.md)."
    )


def place_in(file: Path) -> Place:
    """The place of a statement that is one file."""

    def place(line: int | None) -> str:
        return shown(file) if line is None else f"{shown(file)}, line {line},"

    return place


def shown(file: Path) -> str:
    """Return the path of a file as people know it: in this package, or in a project by its folder's name."""
    place = located()
    if place is not None and file.is_relative_to(place[0]):
        return str(file.relative_to(place[0].parent))
    return str(file.relative_to(_ROOT)) if file.is_relative_to(_ROOT) else str(file)


@cache
def statement_in(file: Path, *, parameters: frozenset[str]) -> TextClause:
    """The statement in a file that may name these parameters. Raises `UnableToQuery`."""
    statement = text(read_sql(file))
    check_parameters(statement=statement, parameters=parameters, source=shown(file))
    return statement


def read_sql(file: Path) -> str:
    """The text of a file. Raises `UnableToQuery` for one that is missing or not in UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UnableToQuery(f"{shown(file)} is missing: write it.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UnableToQuery(f"{shown(file)}, line {line}, is not in UTF-8: save the file as UTF-8.") from None


def check_parameters(*, statement: TextClause, parameters: frozenset[str], source: str) -> None:
    """Raise `UnableToQuery` for a parameter that nothing gives: a wrong name, or a colon meant as a colon."""
    unknown = sorted(set(statement.compile().params) - parameters)
    if unknown:
        given = " and ".join(f":{name}" for name in sorted(parameters))
        raise UnableToQuery(
            f"{source} names :{unknown[0]}, which is not one of its parameters: name {given}, and write "
            "\\: for a colon."
        )


def stripped(value: Any) -> Any:
    """Return a key without the blanks that pad it in CHAR columns; other types as they are."""
    return value.strip() if type(value) is str else value
