"""Rows by frame as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from transforms.frame_changes import FrameLine

FRAMES_HEADER: Final = (
    "frame",
    "rows",
    "parent",
    "parents",
    "parents_with_rows",
    "rehearsed_rows",
    "rehearsed_parents",
    "rehearsed_parents_with_rows",
    "warning",
)


def frame_rows(*, lines: Iterable[FrameLine]) -> Iterator[Sequence[Any]]:
    """Yield the table's rows. What was not rehearsed is blank, and the parent where it is the customers."""
    for line in lines:
        now, before = line.now, line.before
        yield (
            now.frame,
            now.rows,
            line.parent,
            now.parents,
            now.parents_with_rows,
            *(("", "", "") if before is None else (before.rows, before.parents, before.parents_with_rows)),
            line.warning,
        )
