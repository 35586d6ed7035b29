"""Where the two readers differ, grouped, and what explains a difference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from proofs.audit.readers import SHAPE, Objection

Reader: TypeAlias = Literal["ours", "stand-in", "contract"]

AS_IT_IS: Final = "as it is"
"""The result for a document without a change."""

_WHOSE: Final = re.compile(r"customer \d+:? ")
_INDEX: Final = re.compile(r"\.\d+(?=[. ])")
MEND: Final = (
    "Mend the reader whom the source does not bear out; where it can be read in two ways, say so in "
    "proofs/audit/explained.py."
)
"""What to do about differences that are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why one reader refuses what the other accepts, by the place and the words of a source."""

    refused_by: Reader
    code: str
    """As a pattern of file names."""
    path: str
    """Generic, as a pattern of file names."""
    source: str
    reason: str
    changes: tuple[str, ...] = ("*",)
    """What must have been changed for it, as patterns of file names: a row about blanks is about no more."""

    def covers(self, difference: Difference) -> bool:
        """Whether this is about that difference."""
        return (
            self.refused_by == difference.refused_by
            and fnmatchcase(difference.code, self.code)
            and fnmatchcase(difference.path, self.path)
            and any(fnmatchcase(difference.change, change) for change in self.changes)
        )


@dataclass(slots=True, kw_only=True)
class Difference:
    """What one reader refuses with a code at a generic path, and the other takes."""

    refused_by: Reader
    code: str
    path: str
    example: str
    times: int = 1

    @property
    def change(self) -> str:
        """The change in the example, without indexes."""
        return _INDEX.sub("", _WHOSE.sub("", self.example, count=1))


def compare(
    *,
    told: Sequence[str],
    ours: Sequence[frozenset[Objection]],
    theirs: Sequence[frozenset[Objection]],
) -> list[Difference]:
    """The differences between two readings of the same documents, one by one."""
    found: list[Difference] = []
    for example, one, other in zip(told, ours, theirs, strict=True):
        if _agree(one, other):
            continue
        sides: tuple[tuple[Reader, Iterable[Objection]], ...] = (
            ("ours", one),
            ("stand-in", _comparable(one, other)),
        )
        for reader, objections in sides:
            found += (
                Difference(refused_by=reader, code=each.code, path=each.path, example=example)
                for each in objections
            )
    return found


def gathered(differences: Iterable[Difference]) -> list[Difference]:
    """Return one for each reader, code and path, with the first example; the most frequent first."""
    found: dict[tuple[Reader, str, str], Difference] = {}
    for each in differences:
        key = (each.refused_by, each.code, each.path)
        if key in found:
            found[key].times += each.times
        else:
            found[key] = replace(each)
    return sorted(found.values(), key=lambda each: (-each.times, each.refused_by, each.code, each.path))


def unexplained(*, differences: Iterable[Difference], explained: Sequence[Explained]) -> list[Difference]:
    """Those that no explanation covers."""
    return [each for each in differences if not _is_explained(each, explained)]


def meant(*, differences: Iterable[Difference], explained: Sequence[Explained]) -> list[Difference]:
    """The others."""
    return [each for each in differences if _is_explained(each, explained)]


def _is_explained(difference: Difference, explained: Sequence[Explained]) -> bool:
    return any(each.covers(difference) for each in explained)


def _comparable(one: frozenset[Objection], other: frozenset[Objection]) -> frozenset[Objection]:
    """Return the stand-in's refusals, without its rules where our model refuses: ours are then not run."""
    if any(each.code == SHAPE for each in one):
        return frozenset(each for each in other if each.code == SHAPE)
    return other


def _agree(one: frozenset[Objection], other: frozenset[Objection]) -> bool:
    """Whether both take a document, or refuse it for one reason: the same code, or a place in common."""
    if not one or not other:
        return not one and not other
    codes = {each.code for each in one} & {each.code for each in other} - {SHAPE}
    return bool(codes) or any(_near(left.path, right.path) for left in one for right in other)


def _near(left: str, right: str) -> bool:
    """Whether one place is the other, or holds it."""
    return not left or not right or f"{left}.".startswith(f"{right}.") or f"{right}.".startswith(f"{left}.")
