"""Finds misspelt names in the `sql/` of a project: a file that nothing reads changes nothing, silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transforms.additions import FILE as ADDITIONS
from transforms.dialect import Dialect
from transforms.project import BadProject
from transforms.sql_files import FOLDER, PARTS, SHARED, overlay
from transforms.wording import meant

_READ: Final[Mapping[str, Collection[str]]] = {
    "reconcile": ("balances.sql",),
    "cutover": ("changes.sql",),
    "legacy_writeback": ("hold.sql", "release.sql"),
}
_ALWAYS: Final = ("candidates.sql", "existing.sql", ADDITIONS)
_UNREAD: Final = (".md", ".txt")
"""What people may write beside the SQL."""
_RULE: Final = re.compile(r"\bcandidate\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the folders and files of a project's `sql/` may be called."""

    dialects: Collection[str]
    """Every dialect that there is."""
    ancestry: Sequence[str]
    """The dialect that is looked at, then those that it extends."""
    frames: Callable[[], Collection[str]]
    """The frames of all dialects in force; asked for only where nothing else knows a shared file."""


def check_overlay(*, dialect: Dialect, names: Names) -> None:
    """Raise `BadProject` for a file of the project's `sql/` that nothing reads.

    What lies in the folders of other dialects than this one and its ancestry is not looked at.
    """
    over = overlay()
    if over is None:
        return
    frames = {f"{frame.name}.sql" for frame in dialect.frames}
    for file in _files(folder=over):
        part, *inside = file.relative_to(over).parts
        known = sorted({*names.dialects, SHARED})
        if inside and part not in PARTS:
            meant = _near(name=part, known=PARTS) or f"there is {_listed(PARTS)}"
        elif len(inside) != 2:
            meant = "a file lies in a folder like sql/extract/edf_accounts/"
        elif inside[0] not in known:
            meant = _near(name=inside[0], known=known) or "no dialect is called like its folder"
        elif inside[0] in {*names.ancestry, SHARED}:
            meant = _misspelt(file=file, part=part, frames=frames, names=names)
        else:
            meant = ""
        if meant:
            told = meant if meant.endswith("?") else f"{meant}."
            raise BadProject(
                f"{file.relative_to(over.parent)} of the project {over.parent} is read by nothing: {told}"
            )


def _misspelt(*, file: Path, part: str, frames: Collection[str], names: Names) -> str:
    """Return what to say of a file in the right folder; blank where it is read."""
    if part == "plan":
        # Any name can be a rule's, so that its text must say that it is one.
        is_rule = file.suffix == ".sql" and _RULE.search(file.read_text(encoding="utf-8", errors="replace"))
        is_read = file.name == "candidates.sql" or is_rule
        return "" if is_read else "a rule selects from candidate; or is candidates.sql meant?"
    is_shared = part == "extract" and file.parent.name == SHARED
    of_others = {each.name for each in (FOLDER / "extract").glob("*/*.sql")} if is_shared else set()
    known = {*_READ.get(part, (*frames, *_ALWAYS)), *of_others}
    if is_shared and file.name == ADDITIONS:
        return f"it belongs into a dialect's own folder, like sql/extract/{names.ancestry[0]}/"
    is_frame = is_shared and file.suffix == ".sql"
    if file.name in known or (is_frame and file.stem in names.frames()):
        return ""
    return _near(name=file.name, known=known) or "correct its name, or remove it"


def _near(*, name: str, known: Collection[str]) -> str:
    found = meant(name=name, among=sorted(known))
    return f"is {found} meant?" if found else ""


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"sql/{name}/" for name in names)


def _files(*, folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and file.suffix not in _UNREAD and not any(part.startswith(".") for part in parts):
            yield file
