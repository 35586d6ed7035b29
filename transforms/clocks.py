"""The meaning of a local time on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)


def is_skipped(*, wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks in `zone` never show a local time, since they go forward over it."""
    before, after = _offsets(wall=wall, zone=zone)
    return before < after


def is_repeated(*, wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks in `zone` show a local time twice, since they go back over it."""
    before, after = _offsets(wall=wall, zone=zone)
    return before > after


def instants(*, wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When clocks in `zone` reach a local time: the first and the last instant, in UTC; mostly they are one.

    A time that is skipped is passed at the moment of the change. `wall` is in whole minutes.
    """
    before, after = _offsets(wall=wall, zone=zone)
    naive = wall.replace(tzinfo=UTC)
    first, last = naive - before, naive - after
    if first <= last:
        return first, last
    # Between the two, the offset changes.
    change = last
    while change.astimezone(zone).utcoffset() == before:
        change += _MINUTE
    return change, change


def _offsets(*, wall: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """Return the offset before and after a change of the clocks; the same twice where there is none."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None
    assert after is not None
    return before, after
