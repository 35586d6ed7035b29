"""Sessions of the tracking database that belong to simulated processes, in virtual time.

Each is lent a real session of a real server, and ends with its process or when the weather breaks it: what it
had not committed is rolled back, and what it had locked is free. Between two transactions others have a turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as PhysicalConnection  # noqa: N812
from psycopg2.extensions import cursor as PhysicalCursor  # noqa: N812
from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.pool import NullPool

from kraken_import.tracking.faults import speak_in_sentences
from proofs.simulation.loop import PROCESS, Crashed, Process, VirtualLoop, give_way
from transforms.database import engine_to

OPTIONS: Final = "-c TimeZone=UTC -c lock_timeout=5s -c statement_timeout=60s"
_LEFT_BEHIND: Final = ("advisory", " TEMP", "set_config")


class Database:
    """The database of one history: its clock, and how it breaks. `backends` are free sessions."""

    def __init__(self, *, loop: VirtualLoop, dsn: str, backends: list[PhysicalConnection]) -> None:
        self.loop = loop
        self.rng = random.Random(loop.rng.random())
        self.clock_offset = 0.0
        """Seconds by which its clock is ahead of the seed's time."""
        self.set_back_at: float | None = None
        """When its clock was set back, in virtual time."""
        self.began = 1_800_000_000.0
        self.is_away = False
        self.breaks = 0.0
        """The share of statements and commits at which a session breaks."""
        self.statements = 0
        self.open_transactions: set[Session] = set()
        self.sessions: dict[Session, None] = {}
        self._dsn = dsn
        self._backends = backends
        self._last = 0.0
        loop.check = self.check

    def engine(self) -> Engine:
        """An engine whose sessions belong to the process that opens them."""
        _CURRENT[:] = [self]
        engine = _engine()
        # What it asks a server at first is not part of a history.
        engine.connect().close()
        self.statements, self._last = 0, 0.0
        return engine

    def set_clock(self, *, by: float) -> None:
        """Set its clock forward, or back."""
        self.clock_offset += by
        if by < 0:
            self.set_back_at = self.loop.time()

    def present(self) -> float:
        """Its time, in seconds since the epoch."""
        return self.began + self.loop.time() + self.clock_offset

    def stamp(self) -> str:
        """Its time for the next statement: later than for the one before, unless the clock was set back."""
        now = self.present()
        if 0 <= self._last - now < 0.01:
            now = self._last + 1e-6
        self._last = now
        return f"SET simulation.present TO '{now:.6f}'; "

    def check(self) -> None:
        """Raise when a transaction is left open while something is awaited."""
        if self.open_transactions:
            raise RuntimeError("A transaction is open over an await.")

    def end(self) -> None:
        """End every session that is left: their processes are gone."""
        for session in tuple(self.sessions):
            session.vanish()

    def open(self) -> Session:
        """A session of the process that runs."""
        process = PROCESS.get()
        if process is not None:
            process.count()
        if self.is_away:
            raise psycopg2.OperationalError("connection to server failed: the database is away")
        return Session(database=self, process=process, physical=self._lend())

    def _lend(self) -> PhysicalConnection:
        if self._backends:
            return self._backends.pop()
        return psycopg2.connect(self._dsn, options=OPTIONS)

    def take_back(self, physical: PhysicalConnection, *, is_clean: bool) -> None:
        """Keep a real session for another; first end what the one before has left in it."""
        physical.rollback()
        if not is_clean:
            physical.set_session(isolation_level="default", readonly="default", autocommit=True)
            with physical.cursor() as cursor:
                cursor.execute("DISCARD ALL")
            physical.autocommit = False
        self._backends.append(physical)


_CURRENT: Final[list[Database]] = []


@cache
def _engine() -> Engine:
    """One for all histories of this process, of which one is played at a time."""
    engine = engine_to("postgresql+simulated://", creator=lambda: _CURRENT[0].open(), poolclass=NullPool)
    return speak_in_sentences(engine=engine)


class Session:
    """What SQLAlchemy takes for a connection of psycopg2's."""

    def __init__(self, *, database: Database, process: Process | None, physical: PhysicalConnection) -> None:
        self.database = database
        self.process = process
        self._physical: PhysicalConnection | None = physical
        self._is_clean = True
        database.sessions[self] = None
        if process is not None:
            process.holds[self] = None

    @property
    def closed(self) -> int:
        """Not 0 once it has ended."""
        return int(self._physical is None)

    @property
    def physical(self) -> PhysicalConnection:
        """The real session. Raises `InterfaceError` once this one has ended."""
        if self.process is not None and self.process.is_dead:
            raise Crashed
        if self._physical is None:
            raise psycopg2.InterfaceError("connection already closed")
        return self._physical

    def vanish(self) -> None:
        """End it, as the server does for a client that is gone."""
        if self._physical is not None:
            physical, self._physical = self._physical, None
            self.database.open_transactions.discard(self)
            del self.database.sessions[self]
            self.database.take_back(physical, is_clean=self._is_clean)
        if self.process is not None:
            self.process.holds.pop(self, None)

    def close(self) -> None:
        """End it."""
        self.vanish()

    def cursor(self, *names: Any, **options: Any) -> Any:
        """A cursor that runs in virtual time."""
        cursor: Any = self.physical.cursor(*names, **options | {"cursor_factory": _Cursor})
        cursor.session = self
        return cursor

    def step(self, *, query: str) -> None:
        """Before a statement: crash, break, or begin a transaction."""
        self._count()
        self._break_perhaps()
        self.database.statements += 1
        self._is_clean = self._is_clean and not any(word in query for word in _LEFT_BEHIND)
        self.database.open_transactions.add(self)

    def commit(self) -> None:
        """Commit. The process may be killed, and the session broken, before it or after it."""
        physical = self.physical
        had_work = self in self.database.open_transactions
        if had_work:
            self._count()
            self._break_perhaps()
        physical.commit()
        self.database.open_transactions.discard(self)
        if had_work:
            self._count()
            self._break_perhaps()
            self._give_way()

    def rollback(self) -> None:
        """Roll back."""
        if self.process is not None and self.process.is_dead:
            raise Crashed
        if self._physical is None:
            raise psycopg2.InterfaceError("connection already closed")
        had_work = self in self.database.open_transactions
        self._physical.rollback()
        self.database.open_transactions.discard(self)
        if had_work:
            self._give_way()

    def _give_way(self) -> None:
        if not self.database.open_transactions:
            give_way()

    def _count(self) -> None:
        if self.process is not None:
            self.process.count()

    def _break_perhaps(self) -> None:
        database = self.database
        is_broken = database.breaks and self.process is not None and database.rng.random() < database.breaks
        if database.is_away or is_broken:
            self.vanish()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.physical, name)

    def set_isolation_level(self, level: Any) -> None:
        """As psycopg2 does, which learns by statements alone that a session has ended."""
        self._is_clean = False
        if self._physical is not None:
            self._physical.set_isolation_level(level)

    def set_session(self, *values: Any, **named: Any) -> None:
        """The same."""
        self._is_clean = False
        if self._physical is not None:
            self._physical.set_session(*values, **named)


class _Cursor(PhysicalCursor):
    session: Session

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
        text = query if isinstance(query, str) else query.decode()
        self.session.step(query=text)
        stamp = self.session.database.stamp()
        if self.name is None:
            super().execute(stamp + text, vars)
            return
        with self.session.physical.cursor() as plain:
            plain.execute(stamp)
        super().execute(text, vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        self.session.step(query=str(sql))
        with self.session.physical.cursor() as plain:
            plain.execute(self.session.database.stamp())
        super().copy_expert(sql, file, size)


class Dialect(PGDialect_psycopg2):
    """psycopg2's, of sessions that are settled already."""

    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None] | None:
        """There is nothing to settle."""
        return None

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back what is still there."""
        if not dbapi_connection.closed:
            dbapi_connection.rollback()


registry.register("postgresql.simulated", __name__, "Dialect")
