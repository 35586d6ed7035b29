"""Where the SQL is: `sql/` at the top of a checkout, inside this package where that is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent

FOLDER: Final = next(folder for folder in (_HERE / "sql", _HERE.parent / "sql") if folder.is_dir())

CHECKOUT: Final = None if FOLDER.parent == _HERE else _HERE.parent
"""The checkout that this package lies in; None where it is installed without one."""
