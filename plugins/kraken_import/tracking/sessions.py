"""Sessions of the tracking database: configured before their first lock, and each with its own backend.

The lock of a batch belongs to a session. So the server must notice within a minute that the machine behind
a session is gone, and a pooler must not lend the session's backend to others between two transactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event

from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.queries import queries

SETTINGS: Final[Mapping[str, str]] = {
    # Together a minute: a vanished client is noticed after 30 s of silence and three probes.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
    # Two plans that claim the same customers wait for each other; planning millions takes minutes.
    "lock_timeout": "30min",
    # The largest statements number, merge or reconcile the records of a wave of millions, in tasks that may
    # take four hours.
    "statement_timeout": "2h",
    # A plan's transaction waits for pages of the legacy database, a reconciliation's for Kraken's listing.
    "idle_in_transaction_session_timeout": "1h",
    # Every cursor is read to its end: a plan optimised for first rows would walk the key of all records.
    "cursor_tuple_fraction": "1",
}
"""What every session gets, unless an operator has chosen otherwise."""

_PREPARED: Final[WeakSet[Engine]] = WeakSet()
_ONE_AT_A_TIME: Final = Lock()


def prepare(*, engine: Engine) -> None:
    """Check once that an engine's sessions keep their backends, and configure them and all that follow.

    Raises `UnableToUseTracking` for a pooler that changes backends between transactions.
    """
    # Outside the lock too: a database that does not answer must not make the other threads wait.
    if engine in _PREPARED:
        return
    with _ONE_AT_A_TIME:
        if engine in _PREPARED:
            return
        with engine.connect() as first, engine.connect() as second:
            refuse_shared_backends(first=first, second=second)
            # Not before: a setting made behind such a pooler stays with backends that others use.
            for connection in (first, second):
                _settle(connection.connection.dbapi_connection)
        event.listen(engine, "connect", _settle)
        _PREPARED.add(engine)


def bound(*, connection: Connection, seconds: int = 20) -> None:
    """Have each statement of this transaction end within what a person waits for, whatever locks it meets."""
    _SQL.run(connection, "bound", seconds=seconds)


def refuse_shared_backends(*, first: Connection, second: Connection) -> None:
    """Raise `UnableToUseTracking` if transactions of these connections do not each keep their backend.

    A pooler gives a transaction the backend that was free last, or each in turn: the second connection gets
    the first one's, or the first one gets another in its next transaction.
    """
    seen = {_backend(first), _backend(first)}
    with second.begin():
        held = _SQL.run(second, "backend").scalar_one()
        # With a single backend, a further transaction would wait for this one forever.
        if held not in seen:
            seen.add(_backend(first))
    if len(seen) > 1 or held in seen:
        raise UnableToUseTracking(
            "A pooler in front of the tracking database changes the backend between transactions, which "
            "breaks the locks that keep a customer from being created twice: let the Connection lead to the "
            "database itself, or switch the pooler to session pooling (in PgBouncer: pool_mode = session)."
        )


def _backend(connection: Connection) -> int:
    with connection.begin():
        return int(_SQL.run(connection, "backend").scalar_one())


def _settle(dbapi_connection: Any, *_: object) -> None:
    # By a statement: poolers refuse startup parameters that they do not know.
    with dbapi_connection.cursor() as cursor:
        cursor.execute(_SQL["settle"], {"names": list(SETTINGS), "values": list(SETTINGS.values())})
    # A setting is lost with the transaction that is rolled back.
    dbapi_connection.commit()


_SQL = queries(file="sessions")
