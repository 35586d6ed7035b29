"""When a record is due to be asked about: one rule in SQL, on which all askers agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

BEGAN = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
NEXT_LOOK = "SELECT migration.next_look(%s, %s, %s, %s)"


@pytest.fixture
def connection(tracking_engine: Engine) -> Iterator[Connection]:
    with tracking_engine.connect() as connection:
        yield connection


def next_look(
    connection: Connection, *, looked: float | None, record: int = 1, seen: float = 100_000
) -> float:
    """Seconds after the create, or after the last look, at which a record is due."""
    looked_at = None if looked is None else BEGAN + timedelta(seconds=looked)
    values = (BEGAN, looked_at, record, BEGAN + timedelta(seconds=seen))
    due: datetime = connection.exec_driver_sql(NEXT_LOOK, values).scalar_one()
    return (due - max(BEGAN, looked_at or BEGAN)).total_seconds()


@pytest.mark.parametrize(
    ("looked", "seconds"),
    [
        (None, 1),
        # Asked about before its last create: that look says nothing of this one.
        (-300, 1),
        (0, 1),
        (4, 2),
        (20, 6),
        (100, 26),
        (236, 60),
        (86_400, 60),
    ],
)
def test_a_record_is_due_after_a_second_and_a_quarter_of_its_age_at_the_last_look_and_after_a_minute(
    connection: Connection, looked: float | None, seconds: float
) -> None:
    found = [next_look(connection, looked=looked, record=record) / seconds for record in range(200)]
    assert 0.8 <= min(found) < 0.85
    assert 1.15 < max(found) <= 1.2
    # Two askers agree.
    assert found[7] == next_look(connection, looked=looked, record=7) / seconds


def test_a_record_is_not_always_early_or_always_late(connection: Connection) -> None:
    looks = [next_look(connection, looked=1000 + look) for look in range(50)]
    assert max(looks) - min(looks) > 15


@pytest.mark.parametrize("looked", [None, 3600])
def test_what_was_looked_at_in_a_time_to_come_is_due_at_once(
    connection: Connection, looked: float | None
) -> None:
    began_ahead = -60 if looked is None else 10
    latest = max(0.0, looked or 0.0)
    assert next_look(connection, looked=looked, seen=began_ahead) == began_ahead - latest
