"""Rows by frame: the rows that the SQL of each frame returned, counted while the frames are nested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRows:
    """What one frame delivered. The parents of the first frame are the customers asked for."""

    frame: str
    parents: int
    parents_with_rows: int
    rows: int
    squares: int
    """Sum over the parents of the square of their rows: it tells how much they vary."""

    @property
    def share(self) -> float | None:
        """Share of the parents that have a row; None without parents."""
        return self.parents_with_rows / self.parents if self.parents else None

    @property
    def rows_per_parent(self) -> float | None:
        """Rows for each parent; None without parents."""
        return self.rows / self.parents if self.parents else None

    def __add__(self, other: FrameRows) -> FrameRows:
        return FrameRows(
            frame=self.frame,
            parents=self.parents + other.parents,
            parents_with_rows=self.parents_with_rows + other.parents_with_rows,
            rows=self.rows + other.rows,
            squares=self.squares + other.squares,
        )


def counted(*, frame: str, parents: int, owners: Sequence[Hashable], rows: int | None = None) -> FrameRows:
    """The counts of a frame. `owners` names the parent of each row, `rows` counts those without one too."""
    by_parent = Counter(owners).values()
    return FrameRows(
        frame=frame,
        parents=parents,
        parents_with_rows=len(by_parent),
        rows=len(owners) if rows is None else rows,
        squares=sum(number * number for number in by_parent),
    )


def added(batches: Iterable[Sequence[FrameRows]]) -> list[FrameRows]:
    """The counts of several batches together, by frame."""
    total: dict[str, FrameRows] = {}
    for batch in batches:
        for each in batch:
            known = total.get(each.frame)
            total[each.frame] = each if known is None else known + each
    return list(total.values())
