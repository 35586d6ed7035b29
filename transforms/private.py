"""Files that only their owner can read: what names customers, and what a log may come to hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def make_private_folder(*, path: Path) -> None:
    """Create a folder, and those above it, for its owner alone; one that is there stays as it is."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if not missing:
        # For the usual error where the name is that of a file.
        path.mkdir(exist_ok=True)


def write_private(*, path: Path, text: str) -> None:
    """Write a file in UTF-8, all of it or nothing, in a folder that is made if it is missing."""
    make_private_folder(path=path.parent)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    try:
        with _opened(path=unfinished, flags=os.O_CREAT | os.O_EXCL | os.O_WRONLY) as file:
            file.write(text.encode())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def private_file(*, path: Path, append: bool = False) -> Iterator[IO[bytes]]:
    """Open a file to write it from its beginning, or to append to it; its folder is made if it is missing."""
    make_private_folder(path=path.parent)
    flags = os.O_CREAT | os.O_WRONLY | (os.O_APPEND if append else os.O_TRUNC)
    with _opened(path=path, flags=flags) as file:
        yield file


def _opened(*, path: Path, flags: int) -> IO[bytes]:
    descriptor = os.open(path, flags, FILE_MODE)
    # It may have been there, from a version that left it open to others.
    if os.fstat(descriptor).st_uid == os.getuid():
        os.fchmod(descriptor, FILE_MODE)
    return os.fdopen(descriptor, "ab" if flags & os.O_APPEND else "wb")
