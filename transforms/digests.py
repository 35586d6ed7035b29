"""Finds out what builds payloads: the version of this package, and a digest of a dialect's mapping.

The digest covers the dialect's modules and those that it extends, the SQL of its frames, the columns and code
maps that a project adds, and the code that all dialects share. What a Connection configures is not in it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from transforms.additions import FILE
from transforms.code_files import FOLDER
from transforms.project import installed_version, project
from transforms.registry import ancestry, get_dialect, sources, sql_file, sql_folders
from transforms.sql_files import CHECKOUT
from transforms.versions import BuildVersion

_SHARED: Final = Path(__file__).resolve().parent
_ELSEWHERE: Final = ("dialects", "sql")
"""Folders of which only what the dialect has counts."""
_NOT_BUILDING: Final = frozenset(
    {"compare", "digests", "encryption", "frame_changes", "lineage", "memory", "paging", "private", "project"}
    | {"quiet", "selection", "tracing", "triage", "versions"}
)
"""Modules at the top that decide no payload: they select, compare, explain or write files."""
_BYTES: Final = 8


@cache
def build_version(*, dialect: str) -> BuildVersion:
    """Return what builds this dialect's payloads in this process. Raises as `get_dialect` does."""
    return BuildVersion(package=_package(), mapping=mapping_digest(dialect=dialect))


def mapping_digest(*, dialect: str) -> str:
    """Return the digest of a dialect's mapping as its files are now; a checkout and a wheel have the same."""
    digest = hashlib.blake2b(digest_size=_BYTES)
    for name, file in sorted(_parts(dialect=dialect), key=lambda part: part[0]):
        digest.update(f"{name}\0".encode())
        # Line ends are no difference: a checkout on another system may have others.
        digest.update(hashlib.blake2b(file.read_bytes().replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest()


def _parts(*, dialect: str) -> Iterator[tuple[str, Path]]:
    """Yield every file of a mapping with a name that does not depend on where it is installed."""
    yield from _shared_code()
    yield from _sql(dialect=dialect)
    here = project()
    for number, name in enumerate(ancestry(name=dialect)):
        yield from _code(name=name, place=f"{number}")
        yield from _additions(name=name, place=f"{number}")
        if here is not None:
            for file in sorted((here.folder / FOLDER / name).glob("[!.]*.csv")):
                yield f"codes/{number}/{file.name}", file


def _shared_code() -> Iterator[tuple[str, Path]]:
    for file in _SHARED.rglob("*.py"):
        inside = file.relative_to(_SHARED)
        at_top = len(inside.parts) == 1
        if inside.parts[0] not in _ELSEWHERE and not (at_top and file.stem in _NOT_BUILDING):
            yield f"shared/{inside.as_posix()}", file


def _sql(*, dialect: str) -> Iterator[tuple[str, Path]]:
    frames = [("extract", frame.name) for frame in get_dialect(name=dialect).frames]
    for part, name in (*frames, ("reconcile", "balances")):
        if file := sql_file(part=part, dialect=dialect, name=name):
            yield f"{part}/{name}.sql", file


def _additions(*, name: str, place: str) -> Iterator[tuple[str, Path]]:
    own = (folder / FILE for folder in sql_folders(part="extract", dialect=name) if folder.name == name)
    if file := next((file for file in own if file.is_file()), None):
        yield f"columns/{place}", file


def _code(*, name: str, place: str) -> Iterator[tuple[str, Path]]:
    """Yield the modules of a dialect, and those beside it that dialects of a project share."""
    spec = find_spec(sources()[name].module)
    if spec is None or spec.origin is None:
        return
    file = Path(spec.origin)
    if spec.submodule_search_locations is None:
        yield f"code/{place}/{file.name}", file
    else:
        for each in file.parent.rglob("*.py"):
            yield f"code/{place}/{each.relative_to(file.parent).as_posix()}", each
    if sources()[name].is_bundled:
        return
    beside = file.parent if spec.submodule_search_locations is None else file.parent.parent
    for each in beside.glob("_*.py"):
        yield f"code/{place}/beside/{each.name}", each
    for each in beside.glob("_[!_]*/**/*.py"):
        yield f"code/{place}/beside/{each.relative_to(beside).as_posix()}", each


def _package() -> str | None:
    """Return the version of this package; in a checkout what its pyproject.toml says."""
    if (found := installed_version()) is not None or CHECKOUT is None:
        return found
    said = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return f"{said['project']['version']} (checkout)"
