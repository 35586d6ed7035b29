"""Refusals of the tracking database, as one sentence without a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from transforms.database import (
    DatabaseInterrupted,
    Kind,
    UnableToQuery,
    driver_errors,
    fault_of,
    hushed,
)

_BROKEN_OFF: Final = {
    "55P03": "waited too long for a lock: try again, and if that goes on look in pg_stat_activity for who "
    "holds it",
    "57014": "was broken off, by statement_timeout or by hand: try again, and if that goes on raise the "
    "timeout in the options of the Connection",
}
"""Faults of a session's own limits: worth another try, since the database's other work has passed by then."""

_OUTDATED: Final = frozenset({"42P01", "42703", "42704", "42883", "3F000", "23514"})


class UnableToUseTracking(UnableToQuery):
    """The tracking database has another schema than this version needs, or its user lacks a right."""


def tracking_fault(*, error: SQLAlchemyError) -> Exception:
    """Return the exception that stands for an error of the tracking database."""
    fault = fault_of(error=error)
    state = _state(error=error)
    if state in _BROKEN_OFF:
        return DatabaseInterrupted(
            f"The work on the tracking database {_BROKEN_OFF[state]} (SQLSTATE {state})."
        )
    if fault.kind is Kind.TRANSIENT:
        return DatabaseInterrupted(f"The work on the tracking database {fault.reason}.")
    if state in _OUTDATED:
        return UnableToUseTracking(
            f"The tracking database does not have the schema that this version needs (SQLSTATE {state}): "
            "bring it up to date with `kraken-migrate db upgrade` while no wave runs."
        )
    if state in ("42501", "25006"):
        return UnableToUseTracking(
            f"The user of the tracking database may not do what this needs (SQLSTATE {state}): make it a "
            "member of migration_app, and upgrade once as a member of migration_owner."
        )
    return UnableToUseTracking(f"Work on the tracking database {fault.reason}.")


def speak_in_sentences(*, engine: Engine) -> Engine:
    """Make an engine of the tracking database raise `UnableToUseTracking` instead of errors with values.

    What a lock's or a statement's time limit has ended raises `DatabaseInterrupted`; other temporary faults
    remain the `OperationalError` that callers know. Returns the engine.
    """

    def speak(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if error is None:
            return
        if not isinstance(error, OperationalError) or _state(error=error) in _BROKEN_OFF:
            raise tracking_fault(error=error) from None

    event.listen(hushed(engine=engine), "handle_error", speak)
    return engine


@contextmanager
def giving_way(*, to: tuple[type[psycopg2.Error], ...], raises: type[Exception]) -> Iterator[None]:
    """Raise `raises` where other work holds a lock, as one of these errors of the driver says."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, to):
            raise raises from None
        raise


def tracking_copies() -> AbstractContextManager[None]:
    """Return a context in which a COPY, which the driver runs itself, fails in a sentence too."""
    return driver_errors(
        place=lambda _: "Copying to or from the tracking database", raises=UnableToUseTracking
    )


def _state(*, error: SQLAlchemyError) -> str | None:
    return getattr(getattr(error, "orig", None), "pgcode", None)
