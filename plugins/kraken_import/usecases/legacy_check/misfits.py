"""What does not fit between a client's SQL and database and what the dialect reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from transforms.database import shown

Grade: TypeAlias = Literal["error", "warning", "note"]

GRADES: Final[Sequence[Grade]] = ("error", "warning", "note")
_FEW: Final = 0.05
"""Below this share of rows it is the data of some customers, which preflight names, and not the SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One thing to mend: `sentence` says what is wrong, where, and what to do, without a person's values.

    A note is about the data of a few customers, who are rejected alone: nothing in the SQL is wrong.
    """

    code: str
    sentence: str
    file: str = ""
    """The SQL file as people know it; empty for what several files share."""
    column: str = ""
    severity: Grade = "error"


def misfit(
    *, code: str, says: str, file: Path | None = None, column: str = "", severity: Grade = "error"
) -> Misfit:
    """Return a misfit of a file, whose sentence is the file's name and what is said of it."""
    place = "" if file is None else shown(file)
    return Misfit(
        code=code,
        sentence=f"{place} {says}.".lstrip(),
        file=place,
        column=column,
        severity=severity,
    )


def graded(*, severity: Grade, rows: int, among: int) -> Grade:
    """Return how much a fault of so many rows matters."""
    return "note" if rows < _FEW * among else severity


def in_order(*, misfits: Iterable[Misfit]) -> list[Misfit]:
    """Errors, warnings and notes, each as they were found, and once."""
    return sorted(dict.fromkeys(misfits), key=lambda each: GRADES.index(each.severity))


def listed(*, names: Sequence[str], most: int = 5) -> str:
    """The names with commas between; of many the first ones, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
