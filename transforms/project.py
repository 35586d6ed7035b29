"""A utility's own project: a folder with `kraken-migrate.toml`, outside of this package.

It is the folder that KRAKEN_MIGRATE_PROJECT names, or else the nearest one with the file, from the working
folder upwards; or there is none. Its `sql/` lies over the package's (`transforms/sql_files.py`), its
`dialects/` beside the package's (`transforms/registry.py`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from transforms.wording import meant

VARIABLE: Final = "KRAKEN_MIGRATE_PROJECT"
FILE: Final = "kraken-migrate.toml"
DISTRIBUTION: Final = "kraken-migration"
PLACES: Final = (
    "tracking_dsn",
    "tracking_owner_dsn",
    "legacy_dsn",
    "wave_keys",
    "kraken_url",
    "kraken_token",
    "airflow_url",
    "airflow_user",
    "airflow_password",
    "airflow_token",
)
"""What its file may say of where the systems are, each also as the name of a file, with _file behind it."""
_REQUIRES: Final = "requires"
_DIALECTS: Final = "dialects"


class BadProject(Exception):
    """The project in force cannot be used as it is. One sentence that names the file and what to do."""


class OtherVersionRequired(BadProject):
    """The project is written for another version of this package, or does not say for which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that has been read. `places` is what its file says beside: where the systems are."""

    folder: Path
    said_by: str
    """What led to it, for people."""
    requires: str = ""
    """The versions of this package that it is written for; blank for any."""
    dialects: tuple[str, ...] = ()
    """The dialects that it migrates; empty for every one that there is."""
    places: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def file(self) -> Path:
        """The file that makes the folder a project."""
        return self.folder / FILE


def located(
    *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> tuple[Path, str] | None:
    """Return the project's folder and what led to it, unread; None where there is no project.

    It is looked for with the environment and from the folder of this process, if no others are given.
    """
    here = _working_folder() if folder is None else folder.absolute()
    if named := (os.environ if environment is None else environment).get(VARIABLE, "").strip():
        path = Path(named).expanduser()
        return path if here is None else here / path, VARIABLE
    around = () if here is None else (here, *here.parents)
    found = next((folder for folder in around if _is_project(folder=folder)), None)
    return None if found is None else (found, "the working folder")


@cache
def project() -> Project | None:
    """Return the project in force, or None. Raises `BadProject`."""
    place = located()
    if place is None:
        return None
    folder, said_by = place
    found = read_project(folder=folder, said_by=said_by)
    _check_version(project=found)
    return found


def read_project(*, folder: Path, said_by: str) -> Project:
    """Return a folder's project, whatever version it is written for. Raises `BadProject`."""
    file = folder / FILE
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadProject(
            f"{said_by} names {folder} as the project, which has no {FILE}: name a folder that has, or make "
            "one with kraken-migrate init."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        # Not the error's own words: they may repeat a line with a password.
        raise BadProject(f"{file} cannot be read ({type(error).__name__}): correct it.") from None
    for name in sorted(said.keys() - {_REQUIRES, _DIALECTS}):
        _check_place(file=file, name=name, value=said[name])
    if said.get(_DIALECTS) == []:
        raise BadProject(f"{file} names no dialect: name some, or leave {_DIALECTS} out to migrate all.")
    requires, dialects = said.pop(_REQUIRES, ""), said.pop(_DIALECTS, [])
    if not isinstance(requires, str):
        raise BadProject(f'{file} says {_REQUIRES} without quotes: write it like {_REQUIRES} = ">=0.1".')
    if not isinstance(dialects, list) or not all(isinstance(name, str) for name in dialects):
        raise BadProject(f'{file} says {_DIALECTS}, which is a list: write {_DIALECTS} = ["acme_accounts"].')
    return Project(
        folder=folder,
        said_by=said_by,
        requires=requires,
        dialects=tuple(dict.fromkeys(dialects)),
        places=said,
    )


def _check_place(*, file: Path, name: str, value: Any) -> None:
    """Raise `BadProject` for what says no place: every process refuses it, not the command line alone."""
    known = [*PLACES, *(f"{place}_file" for place in PLACES)]
    if name not in known and (found := meant(name=name, among=(_REQUIRES, _DIALECTS, *known), likeness=0.8)):
        raise BadProject(f"{file} says {name}, which nothing reads: is {found} meant?")
    if name not in known or not isinstance(value, str):
        raise BadProject(
            f"{file} says {name}, which is not a text with a name that is known: write {', '.join(PLACES)}, "
            f"or one of them with _file, or {_REQUIRES} or {_DIALECTS}."
        )


def require_project(*, folder: Path) -> None:
    """Raise `BadProject` unless the project in force is the one in this folder.

    A component of Airflow that does not know of the project would send customers as the package's own SQL
    and codes have them.
    """
    if not (folder / FILE).is_file():
        raise BadProject(
            f"The DAG file names {folder} as its project, which has no {FILE}: keep the file in the dags/ of "
            "the project, or name the project's folder in it."
        )
    found = project()
    if found is None or found.folder.resolve() != folder.resolve():
        inside = "no project" if found is None else f"the project {found.folder}"
        raise BadProject(
            f"This process works with {inside}, and the DAG file belongs to {folder}: set "
            f"{VARIABLE}={folder} for every component of Airflow."
        )


def _working_folder() -> Path | None:
    """The folder of this process; None where it was removed, as one of a release that has been replaced."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _is_project(*, folder: Path) -> bool:
    try:
        return (folder / FILE).is_file()
    except PermissionError:
        # Commands run in a home that is closed to their user, such as root's.
        return False


def _check_version(*, project: Project) -> None:
    if not project.requires:
        return
    try:
        wanted = SpecifierSet(project.requires)
    except InvalidSpecifier:
        # Not known to fit either, and told by the same exit code.
        raise OtherVersionRequired(
            f'{project.file} says {_REQUIRES} = "{project.requires}", which is no range of versions: write '
            f'it like {_REQUIRES} = ">=0.1,<0.2".'
        ) from None
    installed = installed_version()
    if installed is not None and not wanted.contains(installed, prereleases=True):
        raise OtherVersionRequired(
            f"{project.file} is written for {DISTRIBUTION} {project.requires}, and {installed} is installed: "
            f"install a version that fits, or try the project with this one and correct {_REQUIRES}."
        )


def installed_version() -> str | None:
    """The version of this package; None in a checkout that is not installed, which is no release."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return None
