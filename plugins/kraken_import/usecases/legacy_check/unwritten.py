"""Statements that a project has not written yet, so that the package's read tables of another database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from kraken_import.usecases.legacy_check.misfits import Misfit, listed
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.project import project
from transforms.sql_files import FOLDER

_MOST: Final = 4


def unwritten(
    *, statements: Mapping[str, Statement], missing: Mapping[Path, Sequence[str]]
) -> dict[str, Statement]:
    """Return the statements of the package that stand in for a project's and cannot be run, by name.

    `missing` has by file the tables that the database does not have.
    """
    return {
        name: statement
        for name, statement in statements.items()
        if missing.get(statement.file) and _is_to_be_written(file=statement.file)
    }


def unwritten_misfits(
    *,
    dialect: str,
    left: Collection[Statement],
    statements: Collection[Statement],
    missing: Mapping[Path, Sequence[str]],
) -> Iterator[Misfit]:
    """Yield one misfit for all the statements that are `left` to be written."""
    if not left:
        return
    tables = list(dict.fromkeys(table for each in left for table in missing[each.file]))
    is_begun = any(not _is_to_be_written(file=each.file) for each in statements)
    advice = (
        f"write {listed(names=_places(dialect=dialect, left=left), most=_MOST)} in the project"
        if is_begun
        else f"begin your own in sql/ of the project by `kraken-migrate dialect new {dialect} --legacy`"
    )
    yield Misfit(
        code="unwritten",
        sentence=f"{len(left)} of {len(statements)} statements of {dialect} are still the package's, which "
        f"reads tables that the database does not have ({listed(names=tables, most=_MOST)}): {advice}.",
    )


def _places(*, dialect: str, left: Iterable[Statement]) -> list[str]:
    """Return where the project's own files belong."""
    return [
        f"sql/{each.file.relative_to(FOLDER).parts[0]}/{dialect}/{each.file.name}"
        for each in left
        if each.file.is_relative_to(FOLDER)
    ]


def _is_to_be_written(*, file: Path) -> bool:
    """Whether a file is the package's although there is a project that could have its own."""
    here = project()
    return (
        here is not None
        and (here.folder / "sql").resolve() != FOLDER.resolve()
        and file.is_relative_to(FOLDER)
    )
