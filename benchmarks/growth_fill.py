"""Fills a tracking database with waves that have ended, and with two that are at work, by set-based SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg2

_NAME: Final = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_SLICE: Final = 50
"""Waves that are written in one transaction: as many tables as it may lock at a time."""
_MANY: Final = 40_000
"""Records among which a wave can be large."""
_ADDED_LATER: Final = (
    "import_process",
    "import_attempt",
    "import_event",
    "import_error",
    "record_money",
    "shared_value",
    "cohort_customer",
)
"""Tables whose indexes are made once their rows are there."""
BYTES_A_RECORD: Final = 2_000
BYTES_AN_EVENT: Final = 200
"""With their indexes, and the log of what is written at the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much there is. Rehearsals count as records of their own.

    Two waves are at work, and large; of those that have ended, one is large enough to be asked about page by
    page, as is its rehearsal. All others share what is left. Of few records, every wave has as many.
    """

    records: int
    events: int
    waves: int

    @property
    def at_work(self) -> int:
        """Records of a wave at work."""
        return min(200_000, self.records // (10 if self.records >= _MANY else self.waves))

    @property
    def looked_at(self) -> int:
        """Records of the wave that has ended and is asked about."""
        return min(20_000, self.records // (40 if self.records >= _MANY else self.waves))

    @property
    def per_wave(self) -> int:
        """Records of any other wave."""
        return max(1, (self.records - 2 * (self.at_work + self.looked_at)) // (self.waves - 4))

    def size_of(self, *, wave_id: int) -> int:
        """Records of this wave."""
        if wave_id > self.waves - 2:
            return self.at_work
        return self.looked_at if wave_id in (self.waves - 5, self.waves - 4) else self.per_wave

    def batch_of(self, *, wave_id: int) -> int:
        """Records of a batch of this wave."""
        return max(1, min(1_000, -(-self.size_of(wave_id=wave_id) // 4)))

    @property
    def size(self) -> int:
        """Bytes that it takes on the disk, about."""
        return self.records * BYTES_A_RECORD + self.events * BYTES_AN_EVENT

    @property
    def values(self) -> dict[str, int]:
        """The parameters of the statements."""
        return {
            "waves": self.waves,
            "per_wave": self.per_wave,
            "at_work": self.at_work,
            "looked_at": self.looked_at,
            "each": max(6, self.events // self.records),
        }


def fill(*, dsn: str, scale: Scale, tell: Callable[[str], None]) -> None:
    """Fill the migrated, empty database at `dsn`, analyse it, and tell how far it is."""
    _, *parts = _NAME.split(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    statements = dict(zip(parts[::2], parts[1::2], strict=True))
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            _prepare(cursor=cursor)
            cursor.execute(statements["waves"], scale.values)
            cursor.execute(statements["batches"], scale.values)
            indexes = _drop_indexes(cursor=cursor)
        for first in range(1, scale.waves + 1, _SLICE):
            last = min(scale.waves, first + _SLICE - 1)
            with connection, connection.cursor() as cursor:
                for name in ("partitions", "processes", "attempts", "events", "parts"):
                    cursor.execute(statements[name], {**scale.values, "first": first, "last": last})
            if last % (_SLICE * 10) == 0:
                tell(f"{last:,} of {scale.waves:,} waves are written.")
        for index in indexes:
            with connection, connection.cursor() as cursor:
                cursor.execute(index)
        with connection, connection.cursor() as cursor:
            cursor.execute(statements["ends"], scale.values)
        tell("The indexes are made.")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    finally:
        connection.close()


def _prepare(*, cursor: Any) -> None:
    # What is written is whole by itself: a check of each row against its parent would take hours.
    cursor.execute("SET session_replication_role = replica")
    cursor.execute("SET maintenance_work_mem = '1GB'")
    cursor.execute("SET work_mem = '128MB'")
    cursor.execute("SET synchronous_commit = off")


def _drop_indexes(*, cursor: Any) -> list[str]:
    """Drop indexes that belong to no constraint. Returns the statements that make them again."""
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY (SELECT ('migration.' || name)::regclass FROM unnest(%s) AS name)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        (list(_ADDED_LATER),),
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _, definition in found]
