"""What the headers of an answer say about time: how long to wait, and when it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

_LONGEST_WAIT: Final = 3_600.0


def retry_after(*, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, at most an hour; None when it cannot be read.

    A date in it is read by the clock of the answering server, which its Date header shows.
    """
    value = headers.get("Retry-After")
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        until = on_our_clock(time=http_date(value=value), headers=headers, now=now)
        if until is None:
            return None
        seconds = (until - now) / timedelta(seconds=1)
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def http_date(*, value: str | None) -> datetime | None:
    """Return the time of an HTTP date; None when the value is not one."""
    return None if value is None else _time_of(value)


# All answers of a second carry the same date.
@lru_cache(maxsize=8)
def _time_of(value: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(value)
        # The last hours of the calendar may lie beyond its end in UTC.
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def on_our_clock(*, time: datetime | None, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Convert a time in an answer to our own clock, where the answer says when it was sent."""
    sent_at = http_date(value=headers.get("Date"))
    if time is None or sent_at is None:
        return time
    with suppress(OverflowError):
        return time + (now - sent_at)
    return time
