"""Decides how many creates may leave now: as far as Kraken takes more accounts and the daily limit allows.

A task that intends creates locks the row of this Kraken until the intents are committed, so that no two
tasks take the same room. Where no limit is known, nothing is locked and nothing counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from kraken_import.client.answers import Accepted, Throttled
from kraken_import.client.gate import Seen
from kraken_import.client.session import Exchange
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import shares
from kraken_import.tracking.shares import AccountLevel, Load
from kraken_import.usecases.levels import (
    Creates,
    after_creates,
    after_requests,
    are_too_many,
    may_probe,
    portion,
    probed,
)
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.waiting import HoldBack, throttled

_LONG: Final = 5.0
"""Seconds to wait in the worker; for longer waits it is given back."""

_AFTER_A_REFUSAL: Final = 1.0
_WHILE_NONE_IS_TAKEN: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How many creates may be intended now; if none, for how many seconds, or until when."""

    most: int
    is_probe: bool = False
    """Whether this is one more than Kraken was found to take."""
    seconds: float = 0.0
    held: HoldBack | None = None
    """Why the worker is given back, where the wait is long."""
    limit: int | None = None
    """Accounts that Kraken takes at once, if all of them are under way."""
    is_free: bool = False
    """Whether no limit of Kraken's is known, so that more may be intended before these are answered."""


def admit(*, connection: Connection, kraken: KrakenSettings, most: int) -> Admission:
    """Return how many of `most` creates may be intended in this transaction. Raises `UnableToUseTracking`."""
    target = kraken.target
    load = shares.look(connection=connection, target_kraken=target)
    if load is None or not _is_limited(load=load, kraken=kraken):
        return Admission(most=most, is_free=True)
    load = shares.enter(connection=connection, target_kraken=target)
    if load.wait > 0:
        held = throttled(seconds=load.wait) if load.wait > _LONG else None
        return Admission(most=0, seconds=load.wait, held=held)
    if kraken.creates_per_day is not None:
        done, seconds = shares.count_creates(
            connection=connection, target_kraken=target, zone=kraken.zone or "UTC", more=0
        )
        most = min(most, kraken.creates_per_day - done)
        if most <= 0:
            return Admission(most=0, held=_enough_for_today(kraken=kraken, seconds=seconds))
    return _within_accounts(connection=connection, kraken=kraken, level=load.accounts, most=most)


def count(*, connection: Connection, kraken: KrakenSettings, creates: int) -> None:
    """Count creates of the day, if it has a limit; a negative number takes back creates without effect."""
    if kraken.creates_per_day is not None and creates:
        shares.enter(connection=connection, target_kraken=kraken.target)
        shares.count_creates(
            connection=connection, target_kraken=kraken.target, zone=kraken.zone or "UTC", more=creates
        )


def learn(*, systems: Systems, admission: Admission, exchanges: Sequence[Exchange], places: int) -> None:
    """Record what the creates of a chunk, recorded already and sent `places` at a time, have shown."""
    answers = [exchange.answer for exchange in exchanges]
    put_off = [answer for answer in answers if isinstance(answer, Throttled)]
    # Without a status it was a sign-in that was put off, not a create.
    refused = sum(isinstance(each.answer, Throttled) and each.http_status is not None for each in exchanges)
    accepted = sum(isinstance(answer, Accepted) for answer in answers)
    kraken = systems.kraken
    if not (put_off or admission.is_probe):
        return
    with shares.entered(engine=systems.tracking, target_kraken=kraken.target) as (connection, load):
        too_many = are_too_many(level=load.requests, now=load.seen_at)
        if refused and (too_many or (len(exchanges) > 1 and not load.accounts.confirmed)):
            _blame_requests(
                connection=connection, kraken=kraken, load=load, exchanges=exchanges, places=places
            )
        under_way, at_kraken = shares.accounts_at_kraken(
            connection=connection, target_kraken=kraken.target, most=_most_counted(level=load.accounts)
        )
        # Where none is under way, no other account was in the way, and none makes room by ending.
        if (refused and under_way and not too_many) or (admission.is_probe and not put_off):
            level = after_creates(
                level=load.accounts,
                seen=Creates(
                    sent=len(exchanges),
                    accepted=accepted,
                    refused=refused,
                    at_kraken=at_kraken,
                    was_probe=admission.is_probe,
                    is_repeated=load.wait > 0,
                ),
            )
            shares.learn_accounts(connection=connection, target_kraken=kraken.target, level=level)
        if put_off:
            said = [answer.retry_after for answer in put_off if answer.retry_after is not None]
            usual = _AFTER_A_REFUSAL if under_way else _WHILE_NONE_IS_TAKEN
            shares.put_off_creates(
                connection=connection,
                target_kraken=kraken.target,
                seconds=max([_AFTER_A_REFUSAL, *said] if said else [usual]),
            )


def _blame_requests(
    *,
    connection: Connection,
    kraken: KrakenSettings,
    load: Load,
    exchanges: Sequence[Exchange],
    places: int,
) -> None:
    """Lower the requests at once: while no limit of accounts is certain, a 429 may be about requests."""
    sent = [exchange for exchange in exchanges if exchange.http_status is not None]
    refused = sum(isinstance(each.answer, Throttled) for each in sent)
    seen = Seen(calls=len(sent), refused=refused, of_creates=True)
    level = after_requests(
        level=load.requests,
        seen=seen,
        granted=places,
        allowed=kraken.requests_at_once,
        now=load.seen_at,
    )
    shares.learn_requests(
        connection=connection, target_kraken=kraken.target, level=level, new_calls=0, pause=0.0
    )


def _within_accounts(
    *, connection: Connection, kraken: KrakenSettings, level: AccountLevel, most: int
) -> Admission:
    limits = [each for each in (level.accounts, kraken.accounts_at_once) if each is not None]
    if not limits:
        return Admission(most=most)
    limit = min(limits)
    under_way, _ = shares.accounts_at_kraken(
        connection=connection, target_kraken=kraken.target, most=max(limits) + 1
    )
    room = limit - under_way
    is_learnt = kraken.accounts_at_once is None or limit < kraken.accounts_at_once
    if room > 0:
        return Admission(most=min(most, portion(room=room, level=level) if is_learnt else room))
    # What was learnt may be too little; a limit in the Connection is never exceeded to find out.
    has_room = kraken.accounts_at_once is None or under_way < kraken.accounts_at_once
    if is_learnt and has_room and (room == 0 or not level.confirmed) and may_probe(level=level):
        shares.learn_accounts(connection=connection, target_kraken=kraken.target, level=probed(level=level))
        return Admission(most=1, is_probe=True)
    return Admission(most=0, limit=limit)


def _enough_for_today(*, kraken: KrakenSettings, seconds: float) -> HoldBack:
    zone = kraken.zone or "UTC"
    return HoldBack(
        why="throttled",
        seconds=seconds,
        sentence=(
            f"The {kraken.creates_per_day:,} creates that {kraken.target} gets in a day are used up: it goes "
            f"on after midnight ({zone}); to go on today, raise creates_per_day of the Connection."
        ),
    )


def _is_limited(*, load: Load, kraken: KrakenSettings) -> bool:
    return (
        load.wait > 0
        or load.accounts.accounts is not None
        or kraken.accounts_at_once is not None
        or kraken.creates_per_day is not None
    )


def _most_counted(*, level: AccountLevel) -> int:
    """Return the number to count to where a limit was met: more than the limit can be."""
    return _MANY if level.accounts is None else 2 * level.accounts + _FURTHER


_MANY: Final = 1_000_000
_FURTHER: Final = 1_000
