"""Which legacy columns a query is made of, read from the query alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

import sqlglot
from sqlglot import exp

from transforms.database import UnableToQuery, read_sql

_OPEN_END: Final = "99991231"

# It tells of each index of an array that it shifts, and repeats the SQL that it does not understand: nothing
# for the log of a wave's report.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class UnableToTrace(Exception):
    """The SQL of a frame leaves open which table a column belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A legacy column, or a table where the column is empty.

    `condition` says which of its rows, for example "kind 'TEL'".
    """

    table: str
    column: str
    condition: str = ""

    def __str__(self) -> str:
        named = f"{self.table}.{self.column}" if self.column else self.table
        return f"{named} ({self.condition})" if self.condition else named


def trace(*, sql: Path) -> Mapping[str, tuple[Source, ...]]:
    """The legacy columns behind every column that a query delivers. Raises `UnableToTrace`."""
    return _columns(query=_parsed(sql=sql), known=_Known(file=sql.name))


def _parsed(*, sql: Path) -> exp.Expr:
    try:
        # A colon that is no parameter has a backslash, which Postgres never sees.
        parsed = sqlglot.parse_one(read_sql(sql).replace("\\:", ":"), read="postgres")
    except UnableToQuery as error:
        raise UnableToTrace(str(error)) from None
    except (sqlglot.errors.SqlglotError, RecursionError):
        parsed = None
    if parsed is None:
        raise UnableToTrace(f"{sql.name} cannot be read as a query of Postgres.")
    return parsed


def empty_columns(*, sql: Path) -> frozenset[str]:
    """Return the columns that a query returns as NULL for every customer. Raises `UnableToTrace`."""
    sides = [select for select in _selects(query=_parsed(sql=sql)) if select.selects]
    empty = [{column.alias_or_name for column in select.selects if _is_null(node=column)} for select in sides]
    return frozenset(set.intersection(*empty)) if empty else frozenset()


def constant_columns(*, sql: Path) -> frozenset[str]:
    """Return the columns whose value a query says itself, so that it is the same for every customer.

    NULL is one too. Raises `UnableToTrace`.
    """
    sides = [select for select in _selects(query=_parsed(sql=sql)) if select.selects]
    said = [{column.alias_or_name for column in select.selects if _is_said(node=column)} for select in sides]
    return frozenset(set.intersection(*said)) if said else frozenset()


def tables_of(*, sql: Path) -> frozenset[tuple[str, str]]:
    """Return the schema, blank where none is named, and the name of each table that a query reads.

    Raises `UnableToTrace`.
    """
    query = _parsed(sql=sql)
    inside = {cte.alias for cte in query.find_all(exp.CTE)}
    return frozenset(
        (_folded(table.args.get("db")), _folded(table.this))
        for table in query.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and (table.db or table.name not in inside)
    )


def _folded(name: exp.Expr | None) -> str:
    """Return a name as Postgres knows it: in small letters unless it is quoted."""
    if name is None:
        return ""
    return name.name if name.args.get("quoted") else name.name.lower()


def conditions(*, sql: Path) -> tuple[Source, ...]:
    """Return the legacy columns that decide whether a query returns a row, other than those that join tables.

    They are those of its own WHERE and of its inner joins. Raises `UnableToTrace`.
    """
    query, known = _parsed(sql=sql), _Known(file=sql.name)
    for cte in getattr(query, "ctes", ()):
        inner = _columns(query=cte.this, known=known)
        known = replace(known, ctes={**known.ctes, cte.alias: _renamed(columns=inner, named=cte)})
    found: dict[Source, None] = {}
    for select in _selects(query=query):
        own = _relations(query=select, known=known)
        inside = known.inside(relations=own)
        for part in _deciding(select=select):
            said = _condition(condition=part) if isinstance(part, exp.EQ) else ""
            for column in part.find_all(exp.Column):
                sources = _of_column(column=column, own=own, known=inside, condition=said)
                found.update(dict.fromkeys(sources))
    return tuple(found)


def _deciding(*, select: exp.Select) -> Iterator[exp.Expr]:
    """Yield the conditions of a query on values: no two joined columns, and not which customers it is for."""
    where = select.args.get("where")
    asked = [where.this] if where is not None else []
    joins = select.args.get("joins") or ()
    asked += [join.args["on"] for join in joins if join.args.get("on") is not None and not join.side]
    for condition in asked:
        for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
            is_join = isinstance(part, exp.EQ) and all(
                isinstance(side, exp.Column) for side in (part.left, part.right)
            )
            if not is_join and not part.find(exp.Placeholder, exp.Query):
                yield part


def selects_nobody(*, sql: Path) -> bool:
    """Whether a query says by a plain `false` that it returns no row. Raises `UnableToTrace`."""
    return all(_is_false(select=select) for select in _selects(query=_parsed(sql=sql)))


def _selects(*, query: exp.Expr) -> Iterator[exp.Select]:
    """Yield the query itself, or the parts of its union."""
    if isinstance(query, exp.SetOperation):
        for side in (query.left, query.right):
            yield from _selects(query=side)
    elif isinstance(query, exp.Subquery):
        yield from _selects(query=query.this)
    elif isinstance(query, exp.Select):
        yield query


def _is_null(*, node: exp.Expr) -> bool:
    return isinstance(_bare(node=node), exp.Null)


def _is_said(*, node: exp.Expr) -> bool:
    return isinstance(_bare(node=node), exp.Null | exp.Literal | exp.Boolean)


def _bare(*, node: exp.Expr) -> exp.Expr:
    """Return what stands inside of names, casts and parentheses."""
    while isinstance(node, exp.Alias | exp.Cast | exp.Paren):
        node = node.this
    return node


def _is_false(*, select: exp.Select) -> bool:
    where = select.args.get("where")
    parts = where.this.flatten() if where is not None and isinstance(where.this, exp.And) else ()
    return any(
        isinstance(part, exp.Boolean) and not part.this for part in (*parts, where.this if where else None)
    )


_Columns: TypeAlias = Mapping[str, tuple[Source, ...]]


class _Produced(dict[str, tuple[Source, ...]]):
    """The columns of what a function returns: whatever they are called, they are made of its arguments."""

    def __init__(self, *, sources: Iterable[Source]) -> None:
        super().__init__()
        self.sources = tuple(sources)


_Relation: TypeAlias = str | _Columns
"""A table's name, or the columns of a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The meanings of names; inner names hide outer ones."""

    file: str
    relations: Mapping[str, _Relation] = field(default_factory=dict)
    ctes: Mapping[str, _Columns] = field(default_factory=dict)

    def inside(self, *, relations: Mapping[str, _Relation]) -> _Known:
        return replace(self, relations={**self.relations, **relations})


def _columns(*, query: exp.Expr, known: _Known, by_place: bool = False) -> _Columns:
    """Return the columns of a query, by the names that it gives them, or by their places."""
    for cte in getattr(query, "ctes", ()):
        inner = _columns(query=cte.this, known=known)
        known = replace(known, ctes={**known.ctes, cte.alias: _renamed(columns=inner, named=cte)})
    if isinstance(query, exp.SetOperation):
        left = _columns(query=query.left, known=known, by_place=by_place)
        # Only the names of the first SELECT count, and the others need not have any.
        right = _columns(query=query.right, known=known, by_place=True)
        if len(left) != len(right):
            number = len(list(_selects(query=query.left))) + 1
            raise UnableToTrace(
                f"{known.file}: SELECT {number} of its {query.key.upper()} delivers {len(right)} columns, "
                f"and those before it {len(left)} ({', '.join(left)}), so column {_unpaired(left, right)} "
                "cannot be traced: deliver the same columns in the same order in each SELECT."
            )
        return {
            name: tuple(dict.fromkeys(sources + others))
            for (name, sources), others in zip(left.items(), right.values(), strict=True)
        }
    if isinstance(query, exp.Subquery):
        inner = _columns(query=query.this, known=known, by_place=by_place)
        return _renamed(columns=inner, named=query)
    if isinstance(query, exp.Values):
        return _renamed(columns=_of_values(values=query, known=known), named=query)
    if not isinstance(query, exp.Select):
        raise UnableToTrace(f"{known.file}: only SELECT can be traced.")
    return _of_select(query=query, known=known, by_place=by_place)


def _unpaired(left: _Columns, right: _Columns) -> str:
    """Return the first column of the longer side that the other one lacks."""
    names = list(left)
    return names[len(right)] if len(right) < len(names) else f"number {len(names) + 1}"


def _of_select(*, query: exp.Select, known: _Known, by_place: bool) -> _Columns:
    own = _relations(query=query, known=known)
    found: dict[str, tuple[Source, ...]] = {}
    for place, projection in enumerate(query.selects, start=1):
        if projection.is_star:
            behind = _star(projection=projection, own=own, known=known)
            found |= {f"{place}.{name}": each for name, each in behind.items()} if by_place else behind
            continue
        sources = _sources(node=projection, own=own, known=known.inside(relations=own))
        name = str(place) if by_place else projection.alias_or_name or f"?column{place}?"
        found[name] = tuple(dict.fromkeys(sources))
    return found


def _star(*, projection: exp.Expr, own: Mapping[str, _Relation], known: _Known) -> _Columns:
    """Return the columns behind a *, which only a query inside of the statement names."""
    named = projection.table if isinstance(projection, exp.Column) else ""
    found: dict[str, tuple[Source, ...]] = {}
    for behind in [own.get(named, "")] if named else own.values():
        if isinstance(behind, str | _Produced):
            raise UnableToTrace(f"{known.file}: * does not say which columns there are: name them.")
        found |= behind
    return found


def _of_values(*, values: exp.Values, known: _Known) -> _Columns:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in values.expressions]
    found: dict[str, tuple[Source, ...]] = {}
    for number, cells in enumerate(zip(*rows, strict=False), start=1):
        sources = (source for cell in cells for source in _sources(node=cell, own={}, known=known))
        found[f"column{number}"] = tuple(dict.fromkeys(sources))
    return found


def _renamed(*, columns: _Columns, named: exp.Expr) -> _Columns:
    """Return the columns under the names that an alias such as `AS v (kind, value)` gives them."""
    names = [each.name for each in named.args["alias"].columns] if named.args.get("alias") else []
    if isinstance(columns, _Produced) or not names:
        return columns
    kept = list(columns.items())
    return {
        names[number] if number < len(names) else name: sources for number, (name, sources) in enumerate(kept)
    }


def _relations(*, query: exp.Select, known: _Known) -> dict[str, _Relation]:
    """Return what each name of the FROM clause stands for."""
    start = query.args.get("from_") or query.args.get("from")
    relations = [start.this] if start is not None else []
    relations += [join.this for join in query.args.get("joins") or ()]
    relations += query.args.get("laterals") or []
    own: dict[str, _Relation] = {}
    for relation in relations:
        own |= _relation(relation=relation, known=known.inside(relations=own))
    return own


def _relation(*, relation: exp.Expr, known: _Known) -> dict[str, _Relation]:
    """Return what the names of one relation stand for; those of a join in parentheses are several."""
    inner = relation.this if isinstance(relation, exp.Lateral | exp.Subquery) else relation
    if isinstance(relation, exp.Subquery) and isinstance(inner, exp.Table | exp.Subquery):
        own = _relation(relation=inner, known=known)
        for join in inner.args.get("joins") or ():
            own |= _relation(relation=join.this, known=known.inside(relations=own))
        return own
    name = relation.alias_or_name
    if isinstance(relation, exp.Table) and not relation.db and relation.name in known.ctes:
        return {name: _renamed(columns=known.ctes[relation.name], named=relation)}
    if isinstance(relation, exp.Table) and isinstance(relation.this, exp.Identifier):
        table = f"{relation.db}.{relation.name}" if relation.db else relation.name
        if relation.args.get("alias") and relation.args["alias"].columns:
            # Which of its columns have these names, only the database knows.
            return {name: _Produced(sources=[Source(table=table, column="")])}
        return {name: table}
    if isinstance(inner, exp.Query | exp.Values):
        return {name: _renamed(columns=_columns(query=inner, known=known), named=relation)}
    return {name: _Produced(sources=_sources(node=inner, own={}, known=known))}


def _sources(*, node: exp.Expr, own: Mapping[str, _Relation], known: _Known) -> Iterator[Source]:
    conditions: dict[int, str] = {}
    # Expressions that only decide or sort are not sources.
    ignored = {
        id(column)
        for order in node.find_all(exp.Order)
        for part in order.expressions
        for column in part.find_all(exp.Column)
    }
    chosen_by = [case.this for case in node.find_all(exp.Case) if case.this is not None]
    ignored |= {id(column) for part in chosen_by for column in part.find_all(exp.Column)}
    decisions = [(part.this, part.expression) for part in node.find_all(exp.Filter)]
    decisions += [(part.args["true"], part.this) for part in node.find_all(exp.If)]
    for decided, condition in decisions:
        ignored |= {id(column) for column in condition.find_all(exp.Column)}
        conditions |= {id(column): _condition(condition=condition) for column in decided.find_all(exp.Column)}
    for part in node.walk(bfs=False, prune=lambda inner: isinstance(inner, exp.Query | exp.Values)):
        if isinstance(part, exp.Query | exp.Values):
            yield from _inner_sources(query=part, known=known)
        elif isinstance(part, exp.Column) and id(part) not in ignored:
            yield from _of_column(column=part, own=own, known=known, condition=conditions.get(id(part), ""))


def _of_column(
    *, column: exp.Column, own: Mapping[str, _Relation], known: _Known, condition: str
) -> Iterator[Source]:
    name = column.table or (next(iter(own)) if len(own) == 1 else "")
    # A function's rows may stand for themselves: `jsonb_array_elements(…) AS item`, and then `item`.
    if not column.table and isinstance(known.relations.get(column.name), _Produced):
        name = column.name
    behind = known.relations.get(name)
    if behind is None:
        raise UnableToTrace(
            f"{known.file}: column {column.name} may belong to several tables: write the table before it."
        )
    if isinstance(behind, str):
        yield Source(table=behind, column=column.name, condition=condition)
    elif isinstance(behind, _Produced):
        yield from behind.sources
    else:
        yield from behind.get(column.name, ())


def _inner_sources(*, query: exp.Expr, known: _Known) -> Iterator[Source]:
    """Yield the results of a query inside an expression; of EXISTS, the tables that it reads."""
    delivered = [source for sources in _columns(query=query, known=known).values() for source in sources]
    yield from delivered
    select = query.find(exp.Select)
    if not delivered and select is not None:
        for behind in _relations(query=select, known=known).values():
            if isinstance(behind, str):
                yield Source(table=behind, column="")


def _condition(*, condition: exp.Expr) -> str:
    """Return equalities with texts, for people; the open end of a time slice is omitted."""
    return ", ".join(
        f"{equality.left.name} '{equality.right.name}'"
        for equality in condition.find_all(exp.EQ)
        if isinstance(equality.left, exp.Column)
        and isinstance(equality.right, exp.Literal)
        and equality.right.name != _OPEN_END
    )
