"""Finds the dialects: every module or package under `transforms/dialects/` that has a `DIALECT`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Final

from transforms import dialects
from transforms.additions import FILE, with_additions
from transforms.dialect import Dialect
from transforms.sql_files import FOLDER
from transforms.wording import shown_value

_SQL_FOLDER: Final = FOLDER / "extract"


class UnknownDialect(Exception):
    """No dialect has this name."""


@cache
def dialect_names() -> tuple[str, ...]:
    """The names of all dialects, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(dialects.__path__)))


def check_dialect(*, name: str) -> None:
    """Raise `UnknownDialect` where there is no dialect of this name; none is loaded."""
    if name not in dialect_names():
        raise UnknownDialect(
            f"There is no dialect {shown_value(value=name)}: the dialects are {', '.join(dialect_names())}."
        )


def get_dialect(*, name: str) -> Dialect:
    """The dialect of this name, with what its adopter adds. Raises `UnknownDialect` and `BadAddition`."""
    check_dialect(name=name)
    return _loaded(name=name)


def delivered_dialect(*, name: str) -> Dialect:
    """The dialect without what its adopter adds: its title, zone and answers, which no file can spoil."""
    found = import_module(f"{dialects.__name__}.{name}").DIALECT
    if not isinstance(found, Dialect) or found.name != name:
        raise TypeError(f"transforms/dialects/{name} must define DIALECT, a Dialect with name={name!r}.")
    return found


@cache
def _loaded(*, name: str) -> Dialect:
    return with_additions(dialect=delivered_dialect(name=name), file=_SQL_FOLDER / name / FILE)


def dialect_description(*, name: str) -> str:
    """The docstring of a dialect's module, for people."""
    return import_module(f"{dialects.__name__}.{name}").__doc__ or ""
