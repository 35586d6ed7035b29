"""Sessions of the tracking database, settled before their first lock.

The lock of a batch belongs to a session. So the server must notice within a minute that the machine behind
a session is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Engine, event

from kraken_import.tracking.queries import queries

SETTINGS: Final[Mapping[str, str]] = {
    # Together a minute: a client that is gone is found out after 30 s of silence and three probes.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
    # Two plans that claim the same customers wait for each other; one of millions takes minutes.
    "lock_timeout": "30min",
    # The largest statements number, merge or reconcile the records of a wave of millions, in tasks that may
    # take four hours.
    "statement_timeout": "2h",
    # A plan waits in its transaction for pages of the legacy database, a reconciliation for Kraken's listing.
    "idle_in_transaction_session_timeout": "1h",
}
"""What every session gets, unless an operator has chosen otherwise."""


def prepare(*, engine: Engine) -> None:
    """Settle every session of an engine that has none yet."""
    event.listen(engine, "connect", _settle)


def _settle(dbapi_connection: Any, *_: object) -> None:
    # By a statement: poolers refuse parameters at the start that they do not know.
    with dbapi_connection.cursor() as cursor:
        cursor.execute(_SQL["settle"], {"names": list(SETTINGS), "values": list(SETTINGS.values())})
    # A setting goes with the transaction that is rolled back.
    dbapi_connection.commit()


_SQL = queries(file="sessions")
