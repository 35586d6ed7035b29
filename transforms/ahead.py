"""Loads the package's own dialects ahead, for the processes that are forked from this one.

A forked process shares them instead of importing them itself, and asks here first whether a file has changed
since: then it forgets them all, and reads them anew as if they had never been loaded.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Final

from transforms import dialects

_PACKAGE: Final = __package__ or "transforms"
_FOLDER: Final = Path(__file__).resolve().parent
_LOADED: Final[list[str]] = []
_FILES: Final[dict[Path, tuple[int, int, int]]] = {}


def load_ahead() -> None:
    """Load every dialect of this package that can be loaded, and note what its files are."""
    _FILES.update(_files())
    before = set(sys.modules)
    for module in pkgutil.iter_modules(dialects.__path__):
        # The process that needs it says what is wrong with it.
        with suppress(Exception):
            import_module(f"{dialects.__name__}.{module.name}")
    # What else they may have loaded is no mapping, and stays for as long as this process.
    _LOADED.extend(name for name in sys.modules if name not in before and name.startswith(f"{_PACKAGE}."))


def forget_changed() -> bool:
    """Forget what was loaded ahead if a file was changed, added or removed. Returns whether it was."""
    if not _LOADED or _files() == _FILES:
        return False
    for name in _LOADED:
        sys.modules.pop(name, None)
        parent, _, child = name.rpartition(".")
        # `from package import module` would find it there.
        if parent in sys.modules and hasattr(sys.modules[parent], child):
            delattr(sys.modules[parent], child)
    _LOADED.clear()
    invalidate_caches()
    return True


def _files() -> Mapping[Path, tuple[int, int, int]]:
    """Return each file of this package with its time, its size, and its number on the disk."""
    found = {}
    for path in _FOLDER.rglob("*.py"):
        with suppress(FileNotFoundError):
            about = path.stat()
            found[path] = (about.st_mtime_ns, about.st_size, about.st_ino)
    return found
