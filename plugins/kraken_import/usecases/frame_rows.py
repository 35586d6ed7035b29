"""Says what the frames of a wave returned, next to its rehearsal, and what a person must look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kraken_import.tracking.frame_rows import RehearsedRows, WaveRows, of_rehearsal, of_wave
from transforms.dialect import Dialect
from transforms.frame_changes import FrameLine, judge, percent, sentences
from transforms.frame_rows import FrameRows
from transforms.registry import get_dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReview:
    """Rows by frame. `note` says what was counted and what it is compared with; `warnings` are sentences."""

    lines: Sequence[FrameLine]
    warnings: Sequence[str]
    note: str


def review_frames(*, connection: Connection, wave_id: int, dialect: str, claimed: int) -> FrameReview:
    """Return the row counts of a wave's builds; without lines until something is counted."""
    found = get_dialect(name=dialect)
    rows = of_wave(connection=connection, wave_id=wave_id)
    if not rows.whole:
        # The whole was built before rows were counted, so the part that was built again is compared alone.
        rows = WaveRows(whole=rows.again, again=())
    if not rows.whole:
        return FrameReview(lines=(), warnings=(), note="No rows are counted yet.")
    rehearsed = of_rehearsal(connection=connection, wave_id=wave_id)
    earlier = rehearsed.title if rehearsed else ""
    before = rehearsed.frames if rehearsed else ()
    lines = judge(dialect=found, now=rows.whole, before=before, earlier=earlier)
    # A handful of customers may rightly lack what few have: only a clear change is reported.
    again = judge(
        dialect=found,
        now=rows.again,
        before=rows.whole,
        earlier="the build of their whole batches",
        warn_at_zero=False,
    )
    return FrameReview(
        lines=lines,
        warnings=sentences(lines=lines, earlier=earlier)
        + [f"Among the customers built again: {line.warning}" for line in again if line.warning],
        note=" ".join(_notes(dialect=found, rows=rows, rehearsed=rehearsed, claimed=claimed)),
    )


def warnings_in_markdown(*, frames: FrameReview) -> Iterator[str]:
    """Yield each warning as its own paragraph."""
    for warning in frames.warnings:
        yield f"**Warning**: {warning}"


def table_in_markdown(*, frames: FrameReview) -> Iterator[str]:
    """Yield the note, and a table with a line for each frame."""
    if not frames.lines:
        return
    yield f"**Rows by frame**: {frames.note}"
    header = ("frame", "rows", "for each of", "that have one", "rows for each", "rehearsed: both")
    rows = [
        (
            f"`{line.now.frame}`",
            f"{line.now.rows:,}",
            f"`{line.parent}`" if line.parent else "customers asked for",
            percent(line.now.share),
            _number(line.now),
            "–" if line.before is None else f"{percent(line.before.share)}, {_number(line.before)}",
        )
        for line in frames.lines
    ]
    ruler = ("---", "---:", "---", "---:", "---:", "---:")
    yield "\n".join(f"| {' | '.join(row)} |" for row in (header, ruler, *rows))


def _number(rows: FrameRows) -> str:
    return "–" if rows.rows_per_parent is None else f"{rows.rows_per_parent:,.2f}"


def _notes(
    *, dialect: Dialect, rows: WaveRows, rehearsed: RehearsedRows | None, claimed: int
) -> Iterator[str]:
    if rehearsed is None:
        yield "Not compared: no rehearsal of this dialect had ended at this Kraken before."
    elif rehearsed.same_customers:
        yield f"Compared with these customers' batches of {rehearsed.title}."
    else:
        yield f"Compared with {rehearsed.title}: most of these customers were not rehearsed."
    counted, again = (_customers(dialect=dialect, frames=side) for side in (rows.whole, rows.again))
    if counted < claimed:
        yield f"Counted for {counted:,} of {claimed:,} customers."
    if again:
        yield f"{again:,} customers were built again later; the table has the build of their whole batches."


def _customers(*, dialect: Dialect, frames: Sequence[FrameRows]) -> int:
    return sum(each.parents for each in frames if each.frame == dialect.root.name)
