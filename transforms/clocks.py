"""The meaning of a local time on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)


def instants(*, wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When clocks in `zone` reach a local time: the first and the last instant, in UTC; mostly they are one.

    A time that is skipped is passed at the moment of the change. `wall` is in whole minutes.
    """
    before, after = offsets(wall=wall.replace(tzinfo=zone))
    naive = wall.replace(tzinfo=UTC)
    first, last = naive - before, naive - after
    if first <= last:
        return first, last
    # Between the two, the offset changes.
    change = last
    while change.astimezone(zone).utcoffset() == before:
        change += _MINUTE
    return change, change


def offsets(*, wall: datetime) -> tuple[timedelta, timedelta]:
    """The offsets before and after a change of the clocks; the same twice where there is none at that time.

    Clocks show a time twice where the first is larger, and skip it where the second is. `wall` has a zone.
    """
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    return before, after
