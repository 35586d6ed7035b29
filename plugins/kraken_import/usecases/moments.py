"""Times in sentences for people: in UTC, whatever the zone of a database session."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(*, at: datetime) -> str:
    """Format a time to the minute, with its zone: 2026-12-01 20:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
