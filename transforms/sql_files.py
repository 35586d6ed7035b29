"""Where the SQL is: `sql/` at the top of a checkout, inside this package where that is installed.

The `sql/` of a utility's own project lies over it, file by file: what is found there wins, and everything
else comes from the package. Never for `sql/tracking` and `sql/legacy`, which are this package's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from transforms.project import project

_HERE: Final = Path(__file__).resolve().parent

FOLDER: Final = next(folder for folder in (_HERE / "sql", _HERE.parent / "sql") if folder.is_dir())

CHECKOUT: Final = None if FOLDER.parent == _HERE else _HERE.parent
"""The checkout that this package lies in; None where it is installed without one."""

PARTS: Final = ("extract", "plan", "reconcile", "cutover", "legacy_writeback")
"""The folders of `sql/` that a project may have too."""
SHARED: Final = "shared"


def overlay() -> Path | None:
    """Return the `sql/` of the project in force; None without one, or where it is the package's own."""
    found = project()
    folder = None if found is None else found.folder / "sql"
    is_one = folder is not None and folder.is_dir() and folder.resolve() != FOLDER.resolve()
    return folder if is_one else None


def folders(*, part: str, dialects: Sequence[tuple[str, Path | None]]) -> tuple[Path, ...]:
    """Return where a file of a part is looked for, in this order.

    `dialects` is the dialect and those that it extends, each with the `sql/` that came with it, if any: first
    the folders of each by name, then the shared ones; in each of these the project's before the others.
    """
    over = overlay()
    homes = [home for _, home in dialects if home is not None]
    named = [(name, root) for name, home in dialects for root in (over, home or FOLDER)]
    shared = [(SHARED, root) for root in (over, *homes, FOLDER)]
    return tuple(dict.fromkeys(root / part / name for name, root in (*named, *shared) if root is not None))
