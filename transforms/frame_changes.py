"""What about the rows of a wave's frames a person must look at.

A child that is missing breaks no rule: a supply point without agreements is a sound payload. Only the counts
of a whole wave show that its SQL has lost them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

from transforms.dialect import Dialect, Frame
from transforms.extract import UnableToExtract, frame_sql
from transforms.frame_rows import FrameRows

LEAST_CUSTOMERS: Final = 30
"""Below this many customers on either side nothing is compared: chance alone makes large differences."""
SHARE_POINTS: Final = 0.05
"""How far the share of parents with rows must be from the earlier one before it counts as changed."""
ROWS_SHARE: Final = 0.1
"""The same for rows by parent, as a part of the earlier number."""
DEVIATIONS: Final = 3.3
"""And how many standard errors either must be away: chance does that once in a thousand comparisons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLine:
    """A frame with its earlier counts (None: not known), and one sentence if a person must look at it."""

    parent: str
    """The parent frame; empty for the first one."""
    now: FrameRows
    before: FrameRows | None
    warning: str = ""

    @property
    def is_empty_as_before(self) -> bool:
        """Whether the frame had no row for its parents either time."""
        return not self.now.rows and self.before is not None and self.before.parents > 0 == self.before.rows


def judge(
    *,
    dialect: Dialect,
    now: Sequence[FrameRows],
    before: Sequence[FrameRows] = (),
    earlier: str = "",
    warn_at_zero: bool = True,
) -> list[FrameLine]:
    """A line for each frame of the dialect that was counted, with a warning where one is due.

    `earlier` names what `before` was counted in. A frame without any row is warned of whatever was before,
    unless `warn_at_zero` is off; a change must be clear (`SHARE_POINTS`, `ROWS_SHARE`, `DEVIATIONS`).
    """
    counts = {each.frame: each for each in now}
    past = {each.frame: each for each in before}
    customers = [found[dialect.root.name].parents for found in (counts, past) if dialect.root.name in found]
    lines = []
    for frame in dialect.frames:
        if frame.name not in counts:
            continue
        here, there = counts[frame.name], past.get(frame.name)
        warning = ""
        if here.parents and not here.rows and warn_at_zero:
            warning = _emptied(dialect=dialect, frame=frame, now=here, before=there, earlier=earlier)
        elif there is not None and len(customers) == 2:
            warning = _changed(
                dialect=dialect, frame=frame, sides=(here, there), customers=customers, earlier=earlier
            )
        lines.append(FrameLine(parent=frame.parent, now=here, before=there, warning=warning))
    return lines


def sentences(*, lines: Sequence[FrameLine], earlier: str = "") -> list[str]:
    """Return the warnings of the lines; frames that were empty before too come last, in one sentence."""
    warned = [line for line in lines if line.warning]
    known = [line for line in warned if line.is_empty_as_before]
    if len(known) < 2:
        return [line.warning for line in warned]
    *names, last = [line.now.frame for line in known]
    return [line.warning for line in warned if line not in known] + [
        f"Frames {', '.join(names)} and {last} have not one row, and had none in {earlier} either: make sure "
        "that the legacy database has nothing for them."
    ]


def _emptied(
    *, dialect: Dialect, frame: Frame, now: FrameRows, before: FrameRows | None, earlier: str
) -> str:
    beside = ""
    if before is not None and before.share is not None:
        had = f"{percent(before.share)} had one" if before.rows else "none had one either"
        beside = f" (in {earlier} {had})"
    return (
        f"Frame {frame.name} has not one row for the {now.parents:,} {_parents(frame=frame)}{beside}: check "
        f"that {_file(dialect=dialect, frame=frame)} finds what the legacy database has."
    )


def _changed(
    *,
    dialect: Dialect,
    frame: Frame,
    sides: tuple[FrameRows, FrameRows],
    customers: Sequence[int],
    earlier: str,
) -> str:
    """The sentence for a clear change; empty without one."""
    # Rows of one customer resemble each other, so the evidence is counted in customers.
    sizes = [min(side.parents, number) for side, number in zip(sides, customers, strict=True)]
    if min(sizes) < LEAST_CUSTOMERS:
        return ""
    now, before = sides
    shares = [side.parents_with_rows / side.parents for side in sides]
    means = [side.rows / side.parents for side in sides]
    if abs(shares[0] - shares[1]) > SHARE_POINTS and _share_deviations(shares, sizes) > DEVIATIONS:
        what = (
            f"{percent(shares[0])} of the {_parents(frame=frame)} have a row of frame {frame.name}, and "
            f"{percent(shares[1])} had one in {earlier}"
        )
    elif abs(means[0] - means[1]) > ROWS_SHARE * means[1] and _mean_deviations(sides, sizes) > DEVIATIONS:
        what = (
            f"Frame {frame.name} has {means[0]:,.2f} rows for each of the {now.parents:,} "
            f"{_parents(frame=frame)}, and had {means[1]:,.2f} for each of {before.parents:,} in {earlier}"
        )
    else:
        return ""
    return f"{what}: find out why, beginning with {_file(dialect=dialect, frame=frame)}."


def _share_deviations(shares: Sequence[float], sizes: Sequence[int]) -> float:
    """Return how many standard errors two shares are apart."""
    # One hit and one miss more on each side: near 0 and 1 the plain formula takes chance for proof.
    likely = [(share * size + 1) / (size + 2) for share, size in zip(shares, sizes, strict=True)]
    error = sqrt(sum(each * (1 - each) / (size + 2) for each, size in zip(likely, sizes, strict=True)))
    return abs(likely[0] - likely[1]) / error


def _mean_deviations(sides: Sequence[FrameRows], sizes: Sequence[int]) -> float:
    """Return how many standard errors two means are apart."""
    means = [side.rows / side.parents for side in sides]
    # The wider spread counts for both: a small wave may have missed the few customers with many rows.
    spread = max(side.squares / side.parents - mean**2 for side, mean in zip(sides, means, strict=True))
    error = sqrt(max(spread, 0) * sum(1 / size for size in sizes))
    return abs(means[0] - means[1]) / error if error else inf


def percent(share: float | None) -> str:
    """Format a share as people write it."""
    return "–" if share is None else f"{100 * share:.1f} %"


def _parents(*, frame: Frame) -> str:
    return f"rows of frame {frame.parent}" if frame.parent else "customers"


def _file(*, dialect: Dialect, frame: Frame) -> str:
    try:
        folder = frame_sql(dialect=dialect.name, name=frame.name).parent.name
    except UnableToExtract:
        # It existed when the batch was built; the counts are worth showing without it.
        folder = dialect.name
    return f"sql/extract/{folder}/{frame.name}.sql"
