"""Projects of a utility's own, made for a test and in force until its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from transforms import digests, lineage, project, registry, selection

CACHED = (
    project.project,
    registry.sources,
    registry.dialect_names,
    registry._loaded,
    lineage.lineage,
    selection._statement,
    digests.build_version,
)


def forget() -> None:
    """Have the next question ask for the project, and for its dialects, anew."""
    for each in CACHED:
        each.cache_clear()
    for name in [name for name in sys.modules if name.startswith("kraken_migration_project")]:
        del sys.modules[name]


def write(*, folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project's files. Returns the folder."""
    for name, text in {"kraken-migrate.toml": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def in_force(*, folder: Path) -> Iterator[Path]:
    """Work with the project in this folder, as a process with its variable does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(project.VARIABLE, str(folder))
        forget()
        try:
            yield folder
        finally:
            patch.undo()
            forget()
