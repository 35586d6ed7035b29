"""Where reports are kept: any place that Airflow's object storage reaches, a folder by default.

`MIGRATION_REPORTS` names it (`file:///var/reports`, `s3://connection@bucket/reports`); the default is the
folder `reports` below AIRFLOW_HOME. A wave's files are in `<dag>/wave-<number>/`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from airflow.sdk import ObjectStoragePath

from transforms.private import write_private

VARIABLE: Final = "MIGRATION_REPORTS"
PAGE: Final = "index.html"

_FOLDER: Final = re.compile(r"wave-([0-9]{1,18})", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


class UnableToWriteReport(Exception):
    """The place for reports cannot be written to."""


def location() -> ObjectStoragePath:
    """Return the place for reports."""
    home = os.environ.get("AIRFLOW_HOME", "~/airflow")
    # Not `as_uri`: object storage takes a path as it is, blanks included.
    default = f"file://{Path(home).expanduser().resolve() / 'reports'}"
    return ObjectStoragePath(os.environ.get(VARIABLE, "").strip() or default)


def folder_of(*, wave_id: int) -> str:
    """Return the folder of a wave's report, below that of its DAG."""
    return f"wave-{wave_id}"


def wave_of(*, folder: str) -> int | None:
    """Return the wave whose report is in a folder of this name; None for another folder."""
    found = _FOLDER.fullmatch(folder)
    return None if found is None else int(found[1])


def seconds_since_written(*, dag_id: str, wave_id: int) -> float | None:
    """Return the age of a report; None where there is none, or its place does not tell."""
    if not _NAME.fullmatch(dag_id):
        return None
    try:
        written = (location() / dag_id / folder_of(wave_id=wave_id) / PAGE).stat().st_mtime
    except (OSError, ValueError, ImportError, AttributeError, KeyError, TypeError):
        return None
    return time.time() - float(written)


def write_report(*, dag_id: str, wave_id: int, files: Mapping[str, str]) -> str:
    """Write a report in place of an earlier one. Returns its page's address. Raises `UnableToWriteReport`."""
    try:
        folder = location() / dag_id / folder_of(wave_id=wave_id)
        if folder.protocol != "file":
            folder.mkdir(parents=True, exist_ok=True)
        # The page is written last: a reader who finds it finds its tables.
        for name in sorted(files, key=lambda name: name == PAGE):
            if folder.protocol == "file":
                write_private(path=Path(folder.path) / name, text=files[name])
            else:
                (folder / name).write_text(files[name], encoding="utf-8")
        return str(folder / PAGE)
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise UnableToWriteReport(
            f"The report of wave {wave_id} could not be written ({reason}): make the place that {VARIABLE} "
            "names writable, or name another one, and clear this task."
        ) from None


def delete_report(*, dag_id: str, wave_id: int) -> bool:
    """Delete a report. Returns whether there was one. Raises `UnableToWriteReport`."""
    if not _NAME.fullmatch(dag_id) or not dag_id.strip("."):
        return False
    try:
        folder = location() / dag_id / folder_of(wave_id=wave_id)
        if not folder.exists():
            return False
        folder.rmdir(recursive=True)
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise UnableToWriteReport(
            f"The report of wave {wave_id} could not be deleted ({reason}): make the place that {VARIABLE} "
            "names writable, and clear this task."
        ) from None
    return True


def read_report(*, dag_id: str, folder: str, name: str) -> bytes | None:
    """Return a file of a report; None when there is none."""
    if not all(_NAME.fullmatch(part) and part.strip(".") for part in (dag_id, folder, name)):
        return None
    try:
        return bytes((location() / dag_id / folder / name).read_bytes())
    except (OSError, ValueError, ImportError):
        return None
