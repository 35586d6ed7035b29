"""Rows by frame in the tracking database: counted at each build, summed by wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping

from kraken_import.tracking.queries import queries
from transforms.frame_rows import FrameRows

_MOST_NAMES: Final = 3
_COUNTS: Final = ("parents", "parents_with_rows", "rows", "squares")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRows:
    """What the frames of a wave returned: when whole batches were built, and when parts were built again."""

    whole: Sequence[FrameRows]
    again: Sequence[FrameRows]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedRows:
    """What the frames returned in the rehearsal that a wave is compared with."""

    frames: Sequence[FrameRows]
    names: Sequence[str]
    same_customers: bool
    """Whether these are the batches in which the wave's own customers were rehearsed."""

    @property
    def title(self) -> str:
        """The name of the rehearsal, or of the first few of several."""
        names = [repr(name) for name in self.names]
        if len(names) == 1:
            return f"the rehearsal {names[0]}"
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        return f"the rehearsals {', '.join(names[:_MOST_NAMES])}{more}"


def record(
    *, connection: Connection, wave_id: int, batch: int, customers: int, frames: Sequence[FrameRows]
) -> None:
    """Keep the counts of a build in place of those of the build that it replaces.

    `customers` is the number it was asked for, including those left to a rerun because they were refused. If
    it is smaller than the batch, the counts of the whole batch stay.
    """
    scope = {"wave_id": wave_id, "batch": batch, "customers": customers}
    _SQL.run(connection, "clear", **scope)
    _SQL.run(
        connection,
        "add",
        **scope,
        frames=[each.frame for each in frames],
        **{name: [getattr(each, name) for each in frames] for name in _COUNTS},
    )


def of_wave(*, connection: Connection, wave_id: int) -> WaveRows:
    """Return the counts of all batches of a wave together; both sides are empty until something is built."""
    rows = _SQL.run(connection, "of_wave", wave_id=wave_id).mappings().all()
    return WaveRows(
        whole=[_frame_rows(row) for row in rows if not row["again"]],
        again=[_frame_rows(row) for row in rows if row["again"]],
    )


def of_rehearsal(*, connection: Connection, wave_id: int) -> RehearsedRows | None:
    """Return the counts to compare a wave with; None without an earlier rehearsal at its Kraken."""
    rows = _SQL.run(connection, "of_rehearsal", wave_id=wave_id).mappings().all()
    return _rehearsed(rows)


def of_last_rehearsal(
    *, connection: Connection, dialect: str, target_kraken: str | None
) -> RehearsedRows | None:
    """Return the counts of a dialect's last ended rehearsal, at any Kraken when none is named."""
    scope = {"dialect": dialect, "target_kraken": target_kraken}
    return _rehearsed(_SQL.run(connection, "of_last_rehearsal", **scope).mappings().all())


def _rehearsed(rows: Sequence[RowMapping]) -> RehearsedRows | None:
    if not rows:
        return None
    return RehearsedRows(
        frames=[_frame_rows(row) for row in rows],
        names=sorted({name for row in rows for name in row["names"]}),
        same_customers=rows[0]["same_customers"],
    )


def _frame_rows(row: RowMapping) -> FrameRows:
    # Postgres returns a sum of integers as a Decimal.
    return FrameRows(frame=row["frame"], **{name: int(row[name]) for name in _COUNTS})


_SQL = queries(file="frame_rows")
