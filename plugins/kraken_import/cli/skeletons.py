"""The files that a new project, and a new dialect, begin with, as templates in `skeleton/`.

`dialect/` has those of a dialect of its own, in a checkout (`make new-dialect`) and in a project; `project/`
has those of a project (`kraken-migrate init`). Paths are those below the checkout or the project.
"""

from __future__ import annotations

import keyword
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kraken_import.cli.problems import WrongUsage
from transforms.project import project
from transforms.registry import sources
from transforms.sources import NAME, places_in
from transforms.sql_files import SHARED

_HERE: Final = Path(__file__).resolve().parent / "skeleton"
_ENDING: Final = ".txt"
_SAMPLE: Final[Mapping[str, str]] = {
    "payload.json": "{}\n",
    "frames/accounts.json": "[]\n",
    "frames/customers.json": "[]\n",
}


def check_name(*, name: str, option: str, folder: Path | None = None) -> None:
    """Raise `WrongUsage` unless a new dialect can be called so. `option` is what the caller said it by.

    It is to be of the project in `folder`, or else of the one in force.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name == SHARED:
        raise WrongUsage(
            f"{option} must be small letters, digits and underscores, beginning with a letter, no Python "
            f"word and not {SHARED}: for example acme_accounts, not {name!r}."
        )
    if (place := dialect_places(folder=folder).get(name)) is not None:
        raise WrongUsage(f"There is a dialect {name} already: see {place}.")


def dialect_places(*, folder: Path | None) -> dict[str, str]:
    """Return where each dialect is that the project in `folder`, or else the one in force, has."""
    here = project()
    if folder is None or (here is not None and here.folder.resolve() == folder.resolve()):
        return {name: source.place for name, source in sources().items()}
    return places_in(folder=folder)


def dialect_files(*, name: str, dialects: str, samples: str) -> dict[str, str]:
    """Return the text of each file of a dialect of its own, empty as yet, by path.

    `dialects` and `samples` are the folders of dialects and samples.
    """
    filled = _filled(folder="dialect", values={"name": name, "title": title_of(name=name)})
    queries = ("accounts", "customers", "candidates", "existing")
    return {
        f"{dialects}/{name}.py": filled["dialect.py"],
        **{f"sql/extract/{name}/{query}.sql": filled[f"{query}.sql"] for query in queries},
        f"sql/plan/{name}/candidates.sql": filled["plan_candidates.sql"],
        **{f"{samples}/{name}/{file}": text for file, text in _SAMPLE.items()},
    }


def project_files(*, name: str, parent: str | None, requires: str) -> dict[str, str]:
    """Return the text of each file of a project that migrates the dialect `name`, by path.

    The dialect extends `parent`, or is the package's own where both are the same, or stands for itself.
    """
    values = {
        "name": name,
        "title": title_of(name=name),
        "parent": parent or name,
        "requires": requires,
    }
    filled = _filled(folder="project", values=values)
    module = filled.pop("extends.py")
    if parent is None:
        filled |= dialect_files(name=name, dialects="dialects", samples="samples")
    elif parent != name:
        filled[f"dialects/{name}.py"] = module
    return filled


def extending_file(*, name: str, parent: str) -> str:
    """Return the module of a dialect that extends another one."""
    values = {"name": name, "title": title_of(name=name), "parent": parent, "requires": ""}
    return _filled(folder="project", values=values)["extends.py"]


def title_of(*, name: str) -> str:
    """Return how people may call a dialect of this name at first."""
    return name.replace("_", " ").capitalize()


def _filled(*, folder: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the templates of a folder, filled in, by their path without its ending."""
    home = _HERE / folder
    return {
        str(file.relative_to(home)).removesuffix(_ENDING): string.Template(
            file.read_text(encoding="utf-8")
        ).substitute(values)
        for file in sorted(home.rglob(f"*{_ENDING}"))
    }
