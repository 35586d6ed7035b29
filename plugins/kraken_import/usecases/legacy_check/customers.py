"""Who may migrate, who is there and who may be planned: three statements that must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from kraken_import.usecases.legacy_check.misfits import Misfit, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from transforms.database import UnableToQuery, place_in, read_sql, sentences, shown, statement_in, stripped
from transforms.dialect import Dialect
from transforms.extract import candidate_pages
from transforms.selection import Selection, rule_names, rule_parameters, select

_PAGES: Final = 4
"""So many pages at least, that what leads from one to the next is seen."""
_PAGE: Final = 1_000
_CHAR_NUMBER: Final = 1042
_ANY_RULE: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """The customers to look at, without blanks around their keys, and what is wrong with their keys."""

    identifiers: Sequence[str] = ()
    misfits: Sequence[Misfit] = ()
    middle: Any = None
    """A key in the middle, as the database delivers it."""


def first_customers(*, connection: Connection, statement: Statement, limit: int) -> Customers:
    """Return the first `limit` candidates, whatever their order. Raises `UnableToQuery`."""
    with sentences(place=place_in(statement.file)):
        result = connection.execute(
            statement_in(statement.file, parameters=statement.parameters),
            {"after": None, "row_limit": limit},
        )
        is_char = bool(result.cursor) and result.cursor.description[0][1] == _CHAR_NUMBER
        keys = list(result.scalars())[:limit]
    texts = [key for key in keys if isinstance(key, str) and key.strip()]
    padded = 0 if is_char else sum(key != key.strip() for key in texts)
    misfits = []
    if padded:
        misfits.append(
            misfit(
                code="padded_key",
                file=statement.file,
                column="external_identifier",
                says=f"delivers keys ({padded:,} of {len(keys):,}) with blanks around them, without "
                "which they are asked for: compare and deliver btrim(…) in every statement",
            )
        )
    return Customers(
        identifiers=list(dict.fromkeys(key.strip() for key in texts)),
        misfits=misfits,
        middle=texts[len(texts) // 2] if texts else None,
    )


def order_misfits(*, engine: Engine, dialect: Dialect, statement: Statement, number: int) -> Iterator[Misfit]:
    """Yield why the first `number` candidates cannot be read page by page, as a wave reads them."""
    read = 0
    try:
        for page in candidate_pages(
            engine=engine, dialect=dialect, size=max(min(_PAGE, number // _PAGES), 1)
        ):
            read += len(page)
            if read > number:
                return
    except UnableToQuery as problem:
        yield Misfit(code="candidate_order", sentence=str(problem), file=shown(statement.file))


def existing_misfits(
    *, connection: Connection, statement: Statement, customers: Sequence[str], of: str
) -> Iterator[Misfit]:
    """Yield what `existing.sql` says otherwise of customers that file `of` selects."""
    clause = statement_in(statement.file, parameters=statement.parameters)
    with sentences(place=place_in(statement.file)):
        unasked = connection.execute(clause, {"identifiers": []}).first()
        found = {
            stripped(key) for key in connection.execute(clause, {"identifiers": list(customers)}).scalars()
        }
    if unasked is not None or not found <= set(customers):
        yield misfit(
            code="stranger",
            file=statement.file,
            says="returns customers that it was not asked for: it must select by :identifiers",
        )
    if missing := len(set(customers) - found):
        yield misfit(
            code="not_existing",
            file=statement.file,
            says=f"does not know {missing:,} of the {len(customers):,} customers that {of} selects, so that "
            "a wave which names them is refused: make both look at the same customers",
        )


def planned_misfits(
    *, connection: Connection, statement: Statement, candidates: str, customers: Sequence[str]
) -> Iterator[Misfit]:
    """Yield how many of the candidates cannot be planned into a cohort."""
    inner = read_sql(statement.file)
    clause = text(
        f"WITH candidate AS (\n{inner}\n)\nSELECT candidate.external_identifier FROM candidate "
        "WHERE candidate.external_identifier = ANY (CAST(:identifiers AS text[]))"
    )
    with sentences(place=place_in(statement.file)):
        rows = connection.execute(clause, {"identifiers": list(customers)}).scalars()
        found = {stripped(key) for key in rows}
    if missing := len(set(customers) - found):
        yield misfit(
            code="not_planned",
            file=statement.file,
            severity="warning",
            says=f"leaves out {missing:,} of the {len(customers):,} customers that {candidates} selects, so "
            "that no cohort has them: make sure that this is meant",
        )


def planned_customers(*, engine: Engine, dialect: Dialect, number: int) -> list[str]:
    """The first customers that may be planned. Raises `UnableToQuery`."""
    pages = select(engine=engine, dialect=dialect, selection=Selection(rule=_ANY_RULE), page=number)
    return [each.external_identifier for each in next(pages, [])]


def rule_misfits(*, engine: Engine, dialect: Dialect) -> Iterator[Misfit]:
    """Yield the rules of `sql/plan` that cannot be run."""
    for rule in rule_names(dialect=dialect.name):
        given: dict[str, str] = {}
        try:
            # A text of digits passes for a number as well.
            given |= dict.fromkeys(rule_parameters(dialect=dialect.name, rule=rule), "1")
            # For no row at all, since a rule may have to look at every customer for its first one.
            rows = 1 if rule == _ANY_RULE else 0
            selection = Selection(rule=rule, parameters=given)
            next(select(engine=engine, dialect=dialect, selection=selection, page=rows), None)
        except UnableToQuery as problem:
            if given and "SQLSTATE 22" in str(problem):
                # The value that was made up for a parameter is of another kind.
                continue
            yield Misfit(code="rule", sentence=str(problem), file=f"{rule}.sql")
