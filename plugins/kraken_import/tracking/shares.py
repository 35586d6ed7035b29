"""Shares in what one Kraken takes at once: leases, and what was learnt of its limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, Row

from kraken_import.tracking.faults import UnableToUseTracking
from kraken_import.tracking.queries import queries

PROTOCOL: Final = 1
"""How shares are divided. Versions with different divisions would hand out too much together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The requests at once that one session holds, and how many it could use."""

    holder: str
    wants: int
    allowed: int
    """Requests at once that its Connection allows all sessions together."""
    requests: int
    per_second: float | None
    served_at: datetime | None = None
    """When it was last given a request."""
    taken_at: datetime | None = None
    """When it was first taken; None for a share that is taken now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLevel:
    """How many requests at once Kraken was found to take (None: as many as the Connections allow)."""

    places: float | None = None
    met: bool = False
    """Whether Kraken has named the limit itself."""
    refused_at: datetime | None = None
    """When a request other than a create was last refused."""
    calls: int = 0
    """Requests since it was last met or raised."""
    step: int = 1
    usual_seconds: float | None = None
    halved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLevel:
    """How many unfinished accounts Kraken was found to take (None: it has refused none)."""

    accounts: int | None = None
    confirmed: bool = False
    """Whether one that was sent alone was refused lately: several at once may be too many requests."""
    streak: int = 0
    """How often one account more was taken since the limit was last met."""
    calls: int = 0
    """Requests since the limit was last met or tried."""
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is known of one Kraken; for `wait` seconds it wants no create, for `pause` no request at all."""

    requests: RequestLevel
    accounts: AccountLevel
    wait: float
    pause: float
    seen_at: datetime


@contextmanager
def entered(*, engine: Engine, target_kraken: str) -> Iterator[tuple[Connection, Load]]:
    """Open a transaction that alone divides what this Kraken takes. Raises `UnableToUseTracking`."""
    with engine.begin() as connection:
        yield connection, enter(connection=connection, target_kraken=target_kraken)


def enter(*, connection: Connection, target_kraken: str) -> Load:
    """Lock the row of this Kraken for the rest of the transaction. Raises `UnableToUseTracking`."""
    row = connection.exec_driver_sql(
        f"{_SQL['enter']};\n{_SQL['look']}", {"target_kraken": target_kraken, "protocol": PROTOCOL}
    ).one()
    return _load(row=row)


def look(*, connection: Connection, target_kraken: str) -> Load | None:
    """Return what is known of this Kraken; None if no session has used it. Raises `UnableToUseTracking`."""
    row = _SQL.run(connection, "look", target_kraken=target_kraken).one_or_none()
    return None if row is None else _load(row=row)


def shares(*, connection: Connection, target_kraken: str) -> list[Share]:
    """Return every share that has not lapsed, the oldest first."""
    return _SQL.all(connection, Share, "shares", target_kraken=target_kraken)


def keep_share(*, connection: Connection, target_kraken: str, share: Share, lease: timedelta) -> None:
    """Hold this share until the lease has passed."""
    _SQL.run(connection, "keep_share", target_kraken=target_kraken, **asdict(share), lease=lease)


def give_back(*, engine: Engine, holder: str) -> None:
    """Give a share back to the others."""
    with engine.begin() as connection:
        _SQL.run(connection, "give_back", holder=holder)


def learn_requests(
    *, connection: Connection, target_kraken: str, level: RequestLevel, new_calls: int, pause: float
) -> None:
    """Keep what was learnt of the requests at once, how many more were made, and the requested pause."""
    _SQL.run(
        connection,
        "learn_requests",
        target_kraken=target_kraken,
        **asdict(level),
        new_calls=new_calls,
        pause=pause,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCount:
    """Requests of one operation that took at most so many milliseconds; `refused` were answered 429."""

    operation: str
    within_ms: int
    calls: int
    refused: int


def count_requests(*, connection: Connection, target_kraken: str, counts: Sequence[RequestCount]) -> None:
    """Add requests to those of this minute, by how long they took, and forget those of the day before."""
    _SQL.run(
        connection,
        "count_requests",
        target_kraken=target_kraken,
        operations=[each.operation for each in counts],
        within_ms=[each.within_ms for each in counts],
        counts=[each.calls for each in counts],
        refusals=[each.refused for each in counts],
    )


def learn_accounts(*, connection: Connection, target_kraken: str, level: AccountLevel) -> None:
    """Keep what was learnt of how many accounts may be under way."""
    _SQL.run(connection, "learn_accounts", target_kraken=target_kraken, **asdict(level))


def put_off_creates(*, connection: Connection, target_kraken: str, seconds: float) -> None:
    """Hold back all creates to this Kraken for so many seconds, from every session."""
    _SQL.run(connection, "put_off_creates", target_kraken=target_kraken, seconds=seconds)


def count_creates(*, connection: Connection, target_kraken: str, zone: str, more: int) -> tuple[int, float]:
    """Add creates of this day in this zone. Returns their number and the day's remaining seconds."""
    row = _SQL.run(connection, "count_creates", target_kraken=target_kraken, zone=zone, more=more).one()
    return row.creates_of_day, row.seconds_left


def accounts_at_kraken(*, connection: Connection, target_kraken: str, most: int) -> tuple[int, int]:
    """Count accounts that have not ended, up to `most`: including those just being sent, and without them."""
    row = _SQL.run(connection, "accounts_at_kraken", target_kraken=target_kraken, most=most).one()
    return row.all_of_them, row.sure


def _load(*, row: Row[tuple[object, ...]]) -> Load:
    if row.protocol != PROTOCOL:
        raise UnableToUseTracking(
            f"The limits of {row.target_kraken} are kept by another version of this pipeline: let all "
            "machines run the same version, then clear the run in Airflow."
        )
    return Load(
        requests=RequestLevel(
            places=row.requests,
            met=row.requests_met,
            refused_at=row.requests_refused_at,
            calls=row.requests_calls,
            step=row.requests_step,
            usual_seconds=row.usual_seconds,
            halved_at=row.halved_at,
        ),
        accounts=AccountLevel(
            accounts=row.accounts,
            # A limit that was not met for long may have been raised, or learnt in an hour of trouble.
            confirmed=row.accounts_confirmed and row.refused_lately,
            streak=row.accounts_streak,
            calls=row.accounts_calls,
            step=row.accounts_step,
        ),
        wait=row.wait,
        pause=row.pause,
        seen_at=row.seen_at,
    )


_SQL: Final = queries(file="shares")
