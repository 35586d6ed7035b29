"""Loads the dialects: this package's, those of the project in force, and those that other packages bring.

A dialect is a module or package with a `DIALECT`: under `transforms/dialects/`, under `dialects/` of the
project, or named by an entry point of the group `kraken_migration.dialects`. One that cannot be loaded is
still known by its name, and whatever asks for it gets the reason in one sentence: the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from transforms.additions import FILE, with_additions
from transforms.code_files import FOLDER, check_codes_folder, maps, with_codes
from transforms.dialect import Dialect
from transforms.extending import with_changes_of
from transforms.overlay import Names, check_overlay
from transforms.project import BadProject, project
from transforms.sources import Source, found_sources, what_failed
from transforms.sql_files import folders
from transforms.wording import shown_value


class UnknownDialect(Exception):
    """No dialect has this name."""


class BrokenDialect(BadProject):
    """A dialect that is named, or whose module is there, cannot be used. One sentence."""


@cache
def dialect_names() -> tuple[str, ...]:
    """The names of the dialects in force, sorted. Raises `BadProject`."""
    found = project()
    return tuple(sorted(found.dialects if found is not None and found.dialects else sources()))


def check_dialect(*, name: str) -> None:
    """Raise `UnknownDialect` where there is no dialect of this name; none is loaded."""
    if name not in dialect_names():
        raise UnknownDialect(
            f"There is no dialect {shown_value(value=name)}: the dialects are {', '.join(dialect_names())}."
        )


def get_dialect(*, name: str) -> Dialect:
    """The dialect of this name, with what its adopter adds.

    Raises `UnknownDialect`, `BadAddition` and `BrokenDialect`.
    """
    check_dialect(name=name)
    return _loaded(name=name)


def extendable_dialect(*, name: str) -> Dialect:
    """The same of a dialect that another may extend, whether it is in force or not."""
    if name not in sources():
        known = ", ".join(sorted(sources()))
        raise UnknownDialect(f"There is no dialect {shown_value(value=name)} to extend: there are {known}.")
    return _loaded(name=name)


def delivered_dialect(*, name: str) -> Dialect:
    """The dialect without what its adopter adds: its title, zone and answers, which no file can spoil.

    Also one that is not in force, so that another can extend it. Raises `BrokenDialect`.
    """
    source = _source(name=name)
    if source.problem:
        raise BrokenDialect(source.problem)
    try:
        found = import_module(source.module).DIALECT
    except Exception as error:
        if source.is_bundled:
            raise
        raise BrokenDialect(
            f"The dialect {name} cannot be loaded from {source.place} ({what_failed(error=error)}): "
            "correct it."
        ) from error
    if not isinstance(found, Dialect) or found.name != name:
        raise BrokenDialect(f"{source.place} must define DIALECT, a Dialect with name={name!r}.")
    return found


def problem_of(*, name: str) -> str | None:
    """Return why a dialect cannot be used, in one sentence; None where it can."""
    try:
        delivered_dialect(name=name)
    except BrokenDialect as broken:
        return str(broken)
    return None


def usable_dialects() -> tuple[str, ...]:
    """The dialects in force that can be loaded, sorted. Only a project's own are loaded to find out."""
    known = sources()
    return tuple(
        name
        for name in dialect_names()
        if (known[name].is_bundled and not known[name].problem) or problem_of(name=name) is None
    )


def dialect_description(*, name: str) -> str:
    """The docstring of a dialect's module, for people."""
    return import_module(_source(name=name).module).__doc__ or ""


def ancestry(*, name: str) -> tuple[str, ...]:
    """The dialect, and those that it extends, the nearest first. Raises `BrokenDialect`."""
    found = [name]
    while (source := sources().get(found[-1])) is not None and not source.is_bundled:
        parent = delivered_dialect(name=found[-1]).parent
        if not parent:
            break
        if parent in found:
            raise BrokenDialect(f"The dialect {name} extends itself: correct its parent in {source.place}.")
        found.append(parent)
    return tuple(found)


def sql_folders(*, part: str, dialect: str) -> tuple[Path, ...]:
    """Return the folders in which a dialect's SQL is looked for, in this order. Raises `BrokenDialect`.

    They are its own, then those of the dialects that it extends, then the shared ones.
    """
    known = sources()
    return folders(
        part=part,
        dialects=[(name, known[name].sql if name in known else None) for name in ancestry(name=dialect)],
    )


def sql_file(*, part: str, dialect: str, name: str) -> Path | None:
    """Return the file `<name>.sql` that counts for a dialect; None where there is none."""
    path = sql_path(part=part, dialect=dialect, name=name)
    return path if path.is_file() else None


def sql_path(*, part: str, dialect: str, name: str) -> Path:
    """Return the same file; where there is none, the place to write it."""
    paths = [folder / f"{name}.sql" for folder in sql_folders(part=part, dialect=dialect)]
    return next((path for path in paths if path.is_file()), paths[0])


def codes_file(*, dialect: str, name: str) -> Path | None:
    """Return the file of the project that counts as this code map of a dialect; None where Python has it."""
    here = project()
    if here is None:
        return None
    for each in ancestry(name=dialect):
        file = here.folder / FOLDER / each / f"{name}.csv"
        if file.is_file():
            own, theirs = (maps(dialect=delivered_dialect(name=one)).get(name) for one in (dialect, each))
            return file if own == theirs else None
    return None


@cache
def sources() -> Mapping[str, Source]:
    """Return where each dialect comes from, by name, those included that cannot be used.

    None is loaded. Raises `BadProject`.
    """
    found: dict[str, Source] = {}
    for source in found_sources():
        before = found.get(source.name)
        found[source.name] = source if before is None else before.clashing(other=source)
    here = project()
    for name in () if here is None else here.dialects:
        if here is not None and name not in found:
            problem = (
                f"{here.file} names the dialect {shown_value(value=name)}, which is not there: write it into "
                f"dialects/, or name one of {', '.join(sorted(found))}."
            )
            found[name] = Source(name=name, place=str(here.file), problem=problem)
    return found


def _source(*, name: str) -> Source:
    found = sources().get(name)
    if found is None:
        raise BrokenDialect(
            f"There is no dialect {shown_value(value=name)} to extend or to run: there are "
            f"{', '.join(sorted(sources()))}."
        )
    return found


@cache
def _loaded(*, name: str) -> Dialect:
    """The dialect with the additions to those that it extends, whose SQL it has, and then its own.

    What it changes in Python wins over the additions to those that it extends.
    """
    dialect = delivered_dialect(name=name)
    names = ancestry(name=name)
    here = project()
    codes = None if here is None else here.folder / FOLDER
    if codes is not None:
        check_codes_folder(folder=codes, dialects=sources().keys())
    for each in reversed(names):
        own = (folder for folder in sql_folders(part="extract", dialect=each) if folder.name == each)
        if file := next((folder / FILE for folder in own if (folder / FILE).is_file()), None):
            dialect = with_additions(dialect=dialect, file=file, whose=each)
        if codes is not None:
            dialect = with_codes(dialect=dialect, folder=codes / each)
        if each != name:
            parent = delivered_dialect(name=each)
            dialect = with_changes_of(dialect=dialect, own=delivered_dialect(name=name), parent=parent)
    check_overlay(dialect=dialect, names=Names(dialects=sources().keys(), ancestry=names, frames=_frames))
    return dialect


def _frames() -> set[str]:
    """The frames of all dialects in force that can be loaded."""
    usable = (name for name in dialect_names() if problem_of(name=name) is None)
    return {frame.name for name in usable for frame in delivered_dialect(name=name).frames}
