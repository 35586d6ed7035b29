"""Divides a Kraken's limits into shares, and learns those limits from its answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from kraken_import.client.gate import Seen
from kraken_import.tracking.shares import AccountLevel, RequestLevel, Share

_CALLS_BETWEEN_PROBES: Final = 200
_LEFT_BY: Final = 0.05
"""The largest part of a limit that is given up when Kraken names it."""

_STEP: Final = 0.02
"""The largest part by which a limit is raised, or filled, at a time where Kraken may refuse it."""

_DOUBTED_AFTER: Final = 5
"""Accounts beyond a limit that are taken one by one before it no longer counts as a limit."""

_TROUBLED: Final = 0.1
"""The part of requests without a usable answer from which on Kraken takes fewer."""

_FEWEST: Final = 10
"""Number of requests below which a part means nothing."""

_SLOWER: Final = 3.0
_SLOW: Final = 1.0
"""Seconds a request takes on average: a quicker Kraken shows no sign of overload."""

_LATELY: Final = timedelta(minutes=1)
_BETWEEN_HALVINGS: Final = timedelta(seconds=10)
_RECOVERS: Final = 1.5
_LEFT_IN_TROUBLE: Final = 8
"""One in so many of the allowed requests stays: records that Kraken fails on do not prove overload."""

_INERTIA: Final = 0.1
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_NOW: Final = datetime.max.replace(tzinfo=UTC)


def divide(*, limit: int, shares: Sequence[Share]) -> dict[str, int]:
    """Return the requests at once that each holder is due: what it wants, or an even part of the limit.

    What one does not want goes to the others. With fewer places than shares they take turns.
    """
    # Holders without a place come first, those who have waited longest before the others. Every holder must
    # compute the same order: otherwise each could leave the places to the others, and none would take one.
    turns = sorted(
        shares,
        key=lambda share: (
            share.requests > 0,
            share.served_at or _NEVER,
            share.taken_at or _NOW,
            share.holder,
        ),
    )
    wants = {share.holder: share.wants for share in turns}
    due = dict.fromkeys(wants, 0)
    left = limit
    while left > 0 and wants:
        part = max(1, left // len(wants))
        for holder in wants:
            given = min(part, wants[holder], left)
            due[holder] += given
            wants[holder] -= given
            left -= given
        wants = {holder: wanted for holder, wanted in wants.items() if wanted > 0}
    return due


def limit_of(*, level: RequestLevel, allowed: int) -> int:
    """Return the largest number of requests at once of all shares together."""
    return allowed if level.places is None else max(1, min(allowed, int(level.places)))


def after_requests(
    *,
    level: RequestLevel,
    seen: Seen,
    granted: int,
    allowed: int,
    now: datetime,
    of_creates: bool = False,
) -> RequestLevel:
    """Return what a share of `granted` requests at once has shown about the limit of all of them.

    `of_creates` says that only creates were seen, which may have been refused because of accounts.
    """
    if not seen.calls:
        return level
    places = min(level.places or allowed, float(allowed))
    usual = _usual(level=level, seen=seen)
    if seen.refused:
        served = 1 - seen.refused / seen.calls
        # Of a burst, Kraken serves as many as it takes. If all were refused it says nothing about how many.
        too_many = granted * min(1 - served, 0.5) if served else 0.0
        lost = min(max(too_many, 1.0), max(places * _LEFT_BY, too_many))
        return replace(
            level,
            places=max(1.0, places - lost),
            met=True,
            refused_at=level.refused_at if of_creates else now,
            calls=0,
            step=1,
            usual_seconds=usual,
        )
    if _is_overloaded(level=level, seen=seen):
        if not _is_calm(level=level, now=now):
            return level
        least = max(1.0, min(places, allowed / _LEFT_IN_TROUBLE))
        # What is slower from now on becomes normal.
        return replace(
            level, places=max(least, places / 2), halved_at=now, step=1, calls=0, usual_seconds=usual
        )
    level = replace(level, usual_seconds=usual, calls=min(level.calls + seen.calls, _CALLS_BETWEEN_PROBES))
    if level.places is None or level.places > allowed:
        # The larger number that another Connection allows was not tried.
        return level
    return _raised(level=level, places=places, allowed=allowed, now=now)


def are_too_many(*, level: RequestLevel, now: datetime) -> bool:
    """Return whether a refused create was one request too many: other requests were refused lately."""
    return level.refused_at is not None and now - level.refused_at < _LATELY


def may_probe(*, level: AccountLevel) -> bool:
    """Return whether one account more than Kraken was found to take may be tried."""
    return level.accounts is not None and (not level.confirmed or level.calls >= _CALLS_BETWEEN_PROBES)


def portion(*, room: int, level: AccountLevel) -> int:
    """Return how many of the accounts for which there is room go at once: few near a certain limit."""
    if level.accounts is None or not level.confirmed:
        return room
    return min(room, max(1, int(level.accounts * _STEP), room // 2))


def probed(*, level: AccountLevel) -> AccountLevel:
    """Return the level once such a try is under way."""
    return replace(level, calls=0)


def after_creates(
    *,
    level: AccountLevel,
    accepted: int,
    refused: int,
    at_kraken: int,
    was_probe: bool,
    sent: int,
    is_repeated: bool = False,
) -> AccountLevel:
    """Return what creates sent together have shown, with this many unfinished accounts at Kraken.

    `is_repeated`: others were refused just before, for the same cause.
    """
    if refused:
        known = level.accounts or 1
        least = int(known * (1 - _LEFT_BY))
        # With far fewer at Kraken than it took before, the cause is another; and where several were under
        # way, one may have been refused for being too many requests at once.
        is_near = level.accounts is not None and at_kraken >= least
        return AccountLevel(
            accounts=max(1, at_kraken, known if is_repeated else least),
            confirmed=is_near and (level.confirmed or sent == 1),
        )
    if was_probe and accepted and level.accounts is not None:
        # It takes more than was assumed, so the next steps are larger: only slightly while the limit is
        # certain.
        streak = level.streak + 1
        is_sure = level.confirmed and streak < _DOUBTED_AFTER
        longest = max(1, int(level.accounts * _STEP)) if is_sure else level.step * 2
        return replace(
            level,
            accounts=level.accounts + level.step,
            step=min(level.step * 2, longest),
            confirmed=is_sure,
            streak=streak,
        )
    return level


def _raised(*, level: RequestLevel, places: float, allowed: int, now: datetime) -> RequestLevel:
    if level.met:
        if level.calls < _CALLS_BETWEEN_PROBES:
            return level
        places += level.step
        level = replace(level, calls=0, step=level.step * 2)
    elif _is_calm(level=level, now=now):
        places *= _RECOVERS
        level = replace(level, halved_at=now)
    if places >= allowed:
        return RequestLevel(usual_seconds=level.usual_seconds, refused_at=level.refused_at)
    return replace(level, places=places)


def _is_calm(*, level: RequestLevel, now: datetime) -> bool:
    """Return whether it was not halved just now. A future time is from before the clock was set back."""
    return level.halved_at is None or not timedelta() <= now - level.halved_at < _BETWEEN_HALVINGS


def _is_overloaded(*, level: RequestLevel, seen: Seen) -> bool:
    if seen.calls < _FEWEST:
        return False
    if seen.troubled >= _TROUBLED * seen.calls:
        return True
    usual = level.usual_seconds
    return usual is not None and seen.seconds_each > max(_SLOW, _SLOWER * usual)


def _usual(*, level: RequestLevel, seen: Seen) -> float | None:
    if seen.calls < _FEWEST:
        return level.usual_seconds
    if level.usual_seconds is None:
        return seen.seconds_each
    return level.usual_seconds + _INERTIA * (seen.seconds_each - level.usual_seconds)
