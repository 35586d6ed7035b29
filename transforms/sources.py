"""Finds where dialects are, without loading any: in this package, in the project, in other packages."""

from __future__ import annotations

import pkgutil
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Final

from transforms import dialects
from transforms.project import Project, project
from transforms.sql_files import SHARED

GROUP: Final = "kraken_migration.dialects"
NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""How a dialect may be called: it is part of the names of modules, DAGs and folders."""

_OWN: Final = "dialects"
"""The folder of a project that has its dialects."""
_IMPORTED_AS: Final = "kraken_migration_project"
"""The package that a project's dialects are imported under, apart from every other name at the top."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a dialect comes from. `problem` is a sentence if it cannot be used, whatever its module says."""

    name: str
    module: str = ""
    place: str
    """Its file or folder, for people."""
    sql: Path | None = None
    """The `sql/` that came with it from another package."""
    is_bundled: bool = False
    """Whether it is one of this package's own."""
    problem: str = ""

    def clashing(self, *, other: Source) -> Source:
        """Return the same as unusable, since another dialect has its name."""
        problem = (
            f"Two dialects are called {self.name}, in {self.place} and in {other.place}: give one of them "
            "another name."
        )
        return replace(self, problem=problem)


def found_sources() -> Iterator[Source]:
    """Yield all that there are; several may have one name. Raises `BadProject`."""
    for source in (*_bundled(), *_of_project(), *_of_packages()):
        problem = source.problem or _misnamed(source=source)
        yield replace(source, problem=problem) if problem else source


def places_in(*, folder: Path) -> dict[str, str]:
    """Return where each dialect is that a project in this folder has, by name; none is loaded."""
    found = {source.name: source.place for source in (*_bundled(), *_of_packages())}
    for module in pkgutil.iter_modules([str(folder / _OWN)]):
        if not module.name.startswith("_"):
            found[module.name] = str(folder / _OWN / module.name)
    return found


def what_failed(*, error: Exception) -> str:
    """Return the kind of an error of a module, the line that it comes from, and its first words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f", {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    said = str(error)
    if isinstance(error, SyntaxError):
        where, said = f", {Path(error.filename or '').name} line {error.lineno}", error.msg
    words = (said.splitlines() or [""])[0][:_LONGEST].rstrip(".")
    return f"{type(error).__name__}{where}: {words}"


def _misnamed(*, source: Source) -> str:
    """Return why no dialect can be called so; blank where one can."""
    if source.name == SHARED:
        return (
            f"{source.place} cannot be a dialect called {SHARED}, since sql/extract/{SHARED}/ is for all "
            "dialects: rename it, or begin its name with an underscore."
        )
    if NAME.fullmatch(source.name):
        return ""
    return (
        f"{source.place} cannot be a dialect, whose name has small letters, digits and underscores: "
        "rename it, or begin its name with an underscore."
    )


def _bundled() -> Iterator[Source]:
    for module in pkgutil.iter_modules(dialects.__path__):
        imported_as = f"{dialects.__name__}.{module.name}"
        place = imported_as.replace(".", "/")
        yield Source(name=module.name, module=imported_as, place=place, is_bundled=True)


def _of_project() -> Iterator[Source]:
    found = project()
    if found is None or not (found.folder / _OWN).is_dir():
        return
    _adopt(project=found)
    for module in pkgutil.iter_modules([str(found.folder / _OWN)]):
        # What several dialects of the project share.
        if not module.name.startswith("_"):
            place = found.folder / _OWN / (module.name if module.ispkg else f"{module.name}.py")
            yield Source(name=module.name, module=f"{_IMPORTED_AS}.{module.name}", place=str(place))
            # Python takes the folder, and would leave the file beside it out without a word.
            if module.ispkg and (beside := place.with_suffix(".py")).is_file():
                yield Source(name=module.name, place=str(beside))
    # Python takes such a folder for no package, and would leave it out without a word.
    for place in sorted({file.parent for file in (found.folder / _OWN).glob("[!_.]*/*.py")}):
        if not (place / "__init__.py").is_file() and not place.with_suffix(".py").is_file():
            problem = (
                f"{place} has no __init__.py, which must define DIALECT: write one, or begin the folder's "
                "name with an underscore."
            )
            yield Source(name=place.name, place=str(place), problem=problem)


def _adopt(*, project: Project) -> None:
    """Make the package that stands for the project's folder of dialects."""
    spec = ModuleSpec(_IMPORTED_AS, None, is_package=True)
    spec.submodule_search_locations = [str(project.folder / _OWN)]
    sys.modules[_IMPORTED_AS] = module_from_spec(spec)


def _of_packages() -> Iterator[Source]:
    for point in entry_points(group=GROUP):
        yield _of_package(point=point)


def _of_package(*, point: EntryPoint) -> Source:
    whose = point.dist.name if point.dist is not None else "a package"
    told = ""
    try:
        spec = find_spec(point.module)
    except Exception as error:
        # Whatever the package above it raises: only its own dialects are lost.
        spec, told = None, f" ({what_failed(error=error)})"
    if spec is None or spec.origin is None:
        problem = (
            f"The dialect {point.name} of {whose} is to be in {point.module}, which is not there{told}: "
            f"install {whose} again, or correct its entry point."
        )
        return Source(name=point.name, place=whose, problem=problem)
    return Source(
        name=point.name,
        module=point.module,
        place=f"{point.module} of {whose}",
        sql=Path(spec.origin).parent / "sql",
    )
