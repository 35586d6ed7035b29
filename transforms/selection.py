"""Selects customers for a cohort from the legacy database, by a rule in `sql/plan/`.

`sql/plan/<dialect>/candidates.sql` says who may be planned: external_identifier, stratum (the account type
by which customers are sampled and counted), exclusion (NULL, or the reasons for which they may have to wait,
with commas between) and whatever the dialect's rules look at. Which of these reasons count is for the caller
to say. A rule is a file beside it, or in `sql/plan/shared/`, that reads `candidate`: it delivers
external_identifier, priority (lower goes first), stratum and exclusion, at most :row_limit rows in the order
of their identifiers, above :after. It may look at :leave_out, the reasons that count. Every other parameter
that it names must be given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, Row, TextClause, text

from transforms.database import Place, UnableToQuery, place_in, read_sql, sentences, shown
from transforms.dialect import Dialect
from transforms.paging import PAGING, Pages, check_paging
from transforms.registry import sql_file, sql_folders

Parameter: TypeAlias = str | int

PAGE: Final = 50_000

LEFT_OUT: Final = ("erroneous_transfer", "open_dispute")
"""Reasons for which Kraken refuses an account, so that a cohort leaves it out unless told otherwise."""

_PART: Final = "plan"
_CANDIDATES: Final = "candidates"
_LEAVE_OUT: Final = "leave_out"
_COLUMNS: Final = ("external_identifier", "priority", "stratum", "exclusion")


class UnableToSelect(UnableToQuery):
    """There is no such rule, its parameters are not those given, or its SQL does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A customer that a rule selects; `exclusion` is the reason for which it is left out, or None."""

    external_identifier: str
    priority: int
    stratum: str
    exclusion: str | None
    reasons: tuple[str, ...] = ()
    """All that the SQL gives, those that do not count included."""


def candidates_sql(*, dialect: str) -> Path:
    """Return the file that says who may be planned. Raises `UnableToSelect`."""
    return _file(dialect=dialect, name=_CANDIDATES)


def rule_names(*, dialect: str) -> tuple[str, ...]:
    """The rules of a dialect, sorted: its own and the shared ones."""
    folders = sql_folders(part=_PART, dialect=dialect)
    found = {file.stem for folder in folders for file in folder.glob("*.sql")}
    return tuple(sorted(found - {_CANDIDATES}))


def rule_parameters(*, dialect: str, rule: str) -> frozenset[str]:
    """Return the parameters that a rule needs. Raises `UnableToSelect`."""
    return frozenset(_statement(dialect=dialect, rule=rule).compile().params) - PAGING - {_LEAVE_OUT}


def check_rule(*, dialect: str, rule: str, parameters: Mapping[str, Parameter]) -> None:
    """Raise `UnableToSelect` unless the rule exists and takes exactly these parameters."""
    wanted = rule_parameters(dialect=dialect, rule=rule)
    if missing := sorted(wanted - set(parameters)):
        raise UnableToSelect(f"Rule {rule} needs {', '.join(missing)}: fill it in.")
    if unread := sorted(set(parameters) - wanted):
        # The caller who gave it believes that it narrows the selection.
        raise UnableToSelect(f"Rule {rule} does not look at {', '.join(unread)}: leave it empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Who is selected: by a rule and its parameters, without those who have a reason to wait."""

    rule: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    leave_out: Collection[str] = LEFT_OUT
    """Reasons for which customers are excluded."""


def select(
    *,
    engine: Engine,
    dialect: Dialect,
    selection: Selection,
    page: int = PAGE,
) -> Iterator[list[Selected]]:
    """Yield what a selection takes, in pages, from one read-only snapshot.

    Raises `UnableToSelect`, and `DatabaseInterrupted` when the same call is worth another try.
    """
    rule = selection.rule
    check_rule(dialect=dialect.name, rule=rule, parameters=selection.parameters)
    statement = _statement(dialect=dialect.name, rule=rule)
    given: dict[str, object] = dict(selection.parameters)
    if _LEAVE_OUT in statement.compile().params:
        given[_LEAVE_OUT] = sorted(selection.leave_out)
    source = shown(_file(dialect=dialect.name, name=rule))
    pages = Pages(source=source)
    with _snapshot(engine=engine) as connection:
        after: str | None = None
        while True:
            with _as_select(place=_place(dialect=dialect.name, rule=rule)):
                rows = _rows(connection, statement, {**given, "after": after, "row_limit": page}, source)

                def next_after(key: str) -> str | None:
                    values = {**given, "after": key, "row_limit": 1}
                    found = _rows(connection, statement, values, source)
                    return found[0][0] if found else None

                keys = pages.checked(keys=[row[0] for row in rows], next_after=next_after)
            if not rows:
                return
            yield [
                _selected(identifier=key, row=row, source=source, leave_out=selection.leave_out)
                for key, row in zip(keys, rows, strict=True)
            ]
            after = rows[-1][0]


def _rows(
    connection: Connection, statement: TextClause, values: Mapping[str, object], source: str
) -> Sequence[Row[Any]]:
    result = connection.execute(statement, values)
    if tuple(result.keys()) != _COLUMNS:
        raise UnableToSelect(f"{source} must deliver exactly {', '.join(_COLUMNS)}, in this order.")
    return result.fetchall()


def _selected(*, identifier: str, row: Row[Any], source: str, leave_out: Collection[str]) -> Selected:
    _, priority, stratum, exclusion = row
    if type(priority) is not int:
        raise UnableToSelect(f"{source} must deliver priority as a whole number, never NULL.")
    if not isinstance(stratum, str) or not (exclusion is None or isinstance(exclusion, str)):
        raise UnableToSelect(
            f"{source} must deliver stratum and exclusion as text, and stratum never NULL: see the columns "
            "of its candidates.sql too."
        )
    reasons = tuple(reason for part in (exclusion or "").split(",") if (reason := part.strip()))
    return Selected(
        external_identifier=identifier,
        priority=priority,
        stratum=stratum,
        exclusion=next((reason for reason in reasons if reason in leave_out), None),
        reasons=reasons,
    )


@contextmanager
def _snapshot(*, engine: Engine) -> Iterator[Connection]:
    with sentences(place=lambda _: "Reading the legacy database", raises=UnableToSelect):
        with (
            engine.connect().execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            ) as connection,
            connection.begin(),
        ):
            yield connection


@contextmanager
def _as_select(*, place: Place | None = None) -> Iterator[None]:
    try:
        with sentences(place=place or str, raises=UnableToSelect):
            yield
    except UnableToSelect:
        raise
    except UnableToQuery as error:
        raise UnableToSelect(str(error)) from None


def _place(*, dialect: str, rule: str) -> Place:
    """Return which of the statement's two files an error is in."""
    candidates, chosen = (_file(dialect=dialect, name=name) for name in (_CANDIDATES, rule))
    # Each file begins after one line of ours.
    end = 1 + _lines(candidates)

    def place(line: int | None) -> str:
        if line is None:
            return shown(chosen)
        if line <= end:
            return place_in(candidates)(line - 1)
        return place_in(chosen)(line - end - 2)

    return place


def _lines(file: Path) -> int:
    return read_sql(file).count("\n") + 1


@cache
def _statement(*, dialect: str, rule: str) -> TextClause:
    if rule not in rule_names(dialect=dialect):
        rules = ", ".join(rule_names(dialect=dialect))
        raise UnableToSelect(f"There is no rule {rule!r} for {dialect}: the rules are {rules}.")
    with _as_select():
        candidates, chosen = (_file(dialect=dialect, name=name) for name in (_CANDIDATES, rule))
        outer, inner = read_sql(chosen), read_sql(candidates)
        check_paging(statement=text(outer), source=shown(chosen))
    # As a subquery, since a rule may begin with WITH. It keeps the order of the rule's rows.
    return text(f"WITH candidate AS (\n{inner}\n)\nSELECT * FROM (\n{outer}\n) AS chosen")


def _file(*, dialect: str, name: str) -> Path:
    file = sql_file(part=_PART, dialect=dialect, name=name)
    if file is None:
        raise UnableToSelect(f"sql/plan/{dialect}/{name}.sql is missing: write it.")
    return file
