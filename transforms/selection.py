"""Selects customers for a cohort from the legacy database, by a rule in `sql/plan/`.

`sql/plan/<dialect>/candidates.sql` says who may be planned: external_identifier, stratum (the account type
by which customers are sampled and counted), exclusion (NULL, or the reason for which they must wait) and
whatever the dialect's rules look at. A rule is a file beside it, or in `sql/plan/shared/`, that reads
`candidate`: it delivers external_identifier, priority (lower goes first), stratum and exclusion, at most
:row_limit rows in the order of their identifiers, above :after. Every other parameter that it names must
be given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import DataError, ProgrammingError

from transforms.dialect import Dialect

Parameter: TypeAlias = str | int

PAGE: Final = 50_000

_SQL_FOLDER: Final = Path(__file__).resolve().parents[1] / "sql" / "plan"
_CANDIDATES: Final = "candidates"
_PAGING: Final = frozenset({"after", "row_limit"})
_COLUMNS: Final = ("external_identifier", "priority", "stratum", "exclusion")


class UnableToSelect(Exception):
    """There is no such rule, its parameters are not those given, or its SQL does not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A customer that a rule selects; `exclusion` is the reason for which it must wait, or None."""

    external_identifier: str
    priority: int
    stratum: str
    exclusion: str | None


def rule_names(*, dialect: str) -> tuple[str, ...]:
    """The rules of a dialect, sorted: its own and the shared ones."""
    folders = (_SQL_FOLDER / dialect, _SQL_FOLDER / "shared")
    found = {file.stem for folder in folders for file in folder.glob("*.sql")}
    return tuple(sorted(found - {_CANDIDATES}))


def rule_parameters(*, dialect: str, rule: str) -> frozenset[str]:
    """What must be given to a rule. Raises `UnableToSelect`."""
    return frozenset(_statement(dialect=dialect, rule=rule).compile().params) - _PAGING


def check_rule(*, dialect: str, rule: str, parameters: Mapping[str, Parameter]) -> None:
    """Raise `UnableToSelect` unless the rule exists and wants exactly these parameters."""
    wanted = rule_parameters(dialect=dialect, rule=rule)
    if missing := sorted(wanted - set(parameters)):
        raise UnableToSelect(f"Rule {rule} needs {', '.join(missing)}: fill it in.")
    if unread := sorted(set(parameters) - wanted):
        # Whoever gave it believes that it narrows the selection.
        raise UnableToSelect(f"Rule {rule} does not look at {', '.join(unread)}: leave it empty.")


def select(
    *, engine: Engine, dialect: Dialect, rule: str, parameters: Mapping[str, Parameter], page: int = PAGE
) -> Iterator[list[Selected]]:
    """What a rule selects, in pages, from one read-only snapshot. Raises `UnableToSelect`."""
    check_rule(dialect=dialect.name, rule=rule, parameters=parameters)
    statement = _statement(dialect=dialect.name, rule=rule)
    source = _file(dialect=dialect.name, name=rule).relative_to(_SQL_FOLDER.parents[1])
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    after: str | None = None
    with snapshot as connection, connection.begin():
        while True:
            try:
                result = connection.execute(statement, {**parameters, "after": after, "row_limit": page})
            except (ProgrammingError, DataError) as error:
                reason = str(error.orig).splitlines()[0]
                raise UnableToSelect(f"{source} cannot be run on the legacy database: {reason}.") from None
            if tuple(result.keys()) != _COLUMNS:
                raise UnableToSelect(f"{source} must deliver exactly {', '.join(_COLUMNS)}, in this order.")
            rows = [Selected(**row._mapping) for row in result]
            if not rows:
                return
            yield rows
            after = rows[-1].external_identifier


@cache
def _statement(*, dialect: str, rule: str) -> TextClause:
    if rule not in rule_names(dialect=dialect):
        rules = ", ".join(rule_names(dialect=dialect))
        raise UnableToSelect(f"There is no rule {rule!r} for {dialect}: the rules are {rules}.")
    candidates = _file(dialect=dialect, name=_CANDIDATES).read_text(encoding="utf-8")
    chosen = _file(dialect=dialect, name=rule).read_text(encoding="utf-8")
    # A query of its own, since a rule may begin with WITH.
    return text(
        f"WITH candidate AS (\n{candidates}\n)\n"
        f"SELECT * FROM (\n{chosen}\n) AS chosen ORDER BY external_identifier"
    )


def _file(*, dialect: str, name: str) -> Path:
    for folder in (dialect, "shared"):
        file = _SQL_FOLDER / folder / f"{name}.sql"
        if file.is_file():
            return file
    raise UnableToSelect(f"sql/plan/{dialect}/{name}.sql is missing: write it.")
