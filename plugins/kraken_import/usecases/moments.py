"""Moments in sentences for people: in UTC, whatever the zone of a database's sessions."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(*, at: datetime) -> str:
    """A moment to the minute, with its zone: 2026-12-01 20:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
