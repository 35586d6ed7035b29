"""Where every field of a payload comes from: legacy tables and columns, and what happens on the way.

Read from the mapping itself, so that it cannot be out of date: the frames say which column becomes which
field, and the SQL says what each column is made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

import sqlglot
from sqlglot import exp

from transforms.dialect import CodeValue, Column, Dialect, Frame
from transforms.extract import frame_sql
from transforms.registry import get_dialect

_OPEN_END = "99991231"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the values at one generic path come from. Without sources the pipeline itself sets them."""

    path: str
    sources: tuple[Source, ...]
    transform: str
    meaning: str
    required: bool = False
    expected: bool = False

    def __str__(self) -> str:
        return ", ".join(str(source) for source in self.sources) or self.transform


@cache
def lineage(*, name: str) -> Mapping[str, Origin]:
    """The origin of every path of a dialect, lists of objects included. Raises `UnableToTrace`."""
    dialect = get_dialect(name=name)
    targets = _targets(dialect=dialect)
    origins = [
        Origin(
            path="import_supplier", sources=(), transform="the wave's import supplier", meaning="Whose it is."
        )
    ]
    for frame in dialect.frames:
        columns = trace(sql=frame_sql(dialect=dialect.name, name=frame.name))
        origins.append(
            _origin_of_rows(frame=frame, columns=columns, path=targets[frame.name])
            if frame.parent
            else Origin(
                path=".".join(dialect.identifier_path),
                sources=columns[frame.key[0]],
                transform="as it is",
                meaning="External identifier.",
                required=True,
            )
        )
        for column in frame.columns:
            names = (column.name, column.decimals) if column.decimals else (column.name,)
            sources = tuple(source for name in names for source in columns.get(name, ()))
            constant = f"constant in {frame.name}.sql"
            origins.append(
                Origin(
                    path=_join(targets[frame.name], *column.place),
                    sources=sources,
                    transform=_transform(column=column, dialect=dialect) if sources else constant,
                    meaning=column.meaning,
                    required=column.required,
                    expected=column.expected,
                )
            )
    found: dict[str, Origin] = {}
    for origin in origins:
        before = found.get(origin.path)
        found[origin.path] = origin if before is None else _both(one=before, other=origin)
    return found


def _origin_of_rows(*, frame: Frame, columns: Mapping[str, tuple[Source, ...]], path: str) -> Origin:
    """The origin of a list. A key tells which table has its rows."""
    tables = (
        Source(table=source.table, column="", condition=source.condition) for source in columns[frame.key[-1]]
    )
    return Origin(
        path=path,
        sources=tuple(dict.fromkeys(tables)),
        transform=f"one for each row of {frame.name}.sql",
        meaning="",
        required=frame.required,
        expected=frame.expected,
    )


def _both(*, one: Origin, other: Origin) -> Origin:
    """The origin of a field that two columns fill."""
    return replace(
        one,
        sources=tuple(dict.fromkeys((*one.sources, *other.sources))),
        transform="; ".join(dict.fromkeys((one.transform, other.transform))),
        meaning=" ".join(dict.fromkeys((one.meaning, other.meaning))),
    )


def origin_of(*, dialect: str, path: str) -> Origin | None:
    """Return the origin of a generic path, or of the nearest object around it; None for the whole record."""
    origins = lineage(name=dialect)
    while path:
        if path in origins:
            return origins[path]
        path = path.rpartition(".")[0]
    return None


def trace(*, sql: Path) -> Mapping[str, tuple[Source, ...]]:
    """The legacy columns behind every column that a query delivers. Raises `UnableToTrace`."""
    return _columns(query=_parsed(sql=sql), known=_Known(file=sql.name))


def _parsed(*, sql: Path) -> exp.Expr:
    try:
        return sqlglot.parse_one(sql.read_text(encoding="utf-8"), read="postgres")
    except sqlglot.errors.ParseError:
        raise UnableToTrace(f"{sql.name} cannot be read as a query of Postgres.") from None


def empty_columns(*, sql: Path) -> frozenset[str]:
    """Return the columns that a query returns as NULL for every customer. Raises `UnableToTrace`."""
    sides = [select for select in _selects(query=_parsed(sql=sql)) if select.selects]
    empty = [{column.alias_or_name for column in select.selects if _is_null(node=column)} for select in sides]
    return frozenset(set.intersection(*empty)) if empty else frozenset()


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
    while isinstance(node, exp.Alias | exp.Cast | exp.Paren):
        node = node.this
    return isinstance(node, exp.Null)


def _is_false(*, select: exp.Select) -> bool:
    where = select.args.get("where")
    parts = where.this.flatten() if where is not None and isinstance(where.this, exp.And) else ()
    return any(
        isinstance(part, exp.Boolean) and not part.this for part in (*parts, where.this if where else None)
    )


_Columns: TypeAlias = Mapping[str, tuple[Source, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The meanings of names: a table's name, or the columns of a query; inner names hide outer ones."""

    file: str
    relations: Mapping[str, str | _Columns] = field(default_factory=dict)
    ctes: Mapping[str, _Columns] = field(default_factory=dict)

    def inside(self, *, relations: Mapping[str, str | _Columns]) -> _Known:
        return replace(self, relations={**self.relations, **relations})


def _columns(*, query: exp.Expr, known: _Known) -> _Columns:
    if isinstance(query, exp.Query):
        for cte in query.ctes:
            known = replace(known, ctes={**known.ctes, cte.alias: _columns(query=cte.this, known=known)})
    if isinstance(query, exp.SetOperation):
        left, right = (_columns(query=side, known=known) for side in (query.left, query.right))
        return {
            name: tuple(dict.fromkeys(sources + others))
            for (name, sources), others in zip(left.items(), right.values(), strict=True)
        }
    if isinstance(query, exp.Subquery):
        return _columns(query=query.this, known=known)
    if not isinstance(query, exp.Select):
        raise UnableToTrace(f"{known.file}: only SELECT can be traced.")
    own = _relations(query=query, known=known)
    found: dict[str, tuple[Source, ...]] = {}
    for projection in query.selects:
        sources = _sources(node=projection, own=own, known=known.inside(relations=own))
        found[projection.alias_or_name] = tuple(dict.fromkeys(sources))
    return found


def _relations(*, query: exp.Select, known: _Known) -> dict[str, str | _Columns]:
    """Return what each name of the FROM clause stands for."""
    own: dict[str, str | _Columns] = {}
    start = query.args.get("from_") or query.args.get("from")
    relations = [start.this] if start is not None else []
    relations += [join.this for join in query.args.get("joins") or ()]
    relations += query.args.get("laterals") or []
    for relation in relations:
        name = relation.alias_or_name
        if isinstance(relation, exp.Table) and not relation.db and relation.name in known.ctes:
            own[name] = known.ctes[relation.name]
        elif isinstance(relation, exp.Table) and isinstance(relation.this, exp.Identifier):
            own[name] = f"{relation.db}.{relation.name}" if relation.db else relation.name
        else:
            inner = relation.this if isinstance(relation, exp.Lateral) else relation
            query_inside = inner.find(exp.Query)
            own[name] = (
                {}
                if query_inside is None
                else _columns(query=query_inside, known=known.inside(relations=own))
            )
    return own


def _sources(*, node: exp.Expr, own: Mapping[str, str | _Columns], known: _Known) -> Iterator[Source]:
    conditions: dict[int, str] = {}
    # Expressions that only decide or sort are not sources.
    ignored = {
        id(column)
        for order in node.find_all(exp.Order)
        for part in order.expressions
        for column in part.find_all(exp.Column)
    }
    decisions = [(part.this, part.expression) for part in node.find_all(exp.Filter)]
    decisions += [(part.args["true"], part.this) for part in node.find_all(exp.If)]
    for decided, condition in decisions:
        ignored |= {id(column) for column in condition.find_all(exp.Column)}
        conditions |= {id(column): _condition(condition=condition) for column in decided.find_all(exp.Column)}
    for part in node.walk(bfs=False, prune=lambda inner: isinstance(inner, exp.Query)):
        if isinstance(part, exp.Query):
            yield from _inner_sources(query=part, known=known)
        elif isinstance(part, exp.Column) and id(part) not in ignored:
            name = part.table or (next(iter(own)) if len(own) == 1 else "")
            behind = known.relations.get(name)
            if behind is None:
                raise UnableToTrace(
                    f"{known.file}: column {part.name} may belong to several tables: write the table "
                    "before it."
                )
            if isinstance(behind, str):
                yield Source(table=behind, column=part.name, condition=conditions.get(id(part), ""))
            else:
                yield from behind.get(part.name, ())


def _inner_sources(*, query: exp.Query, known: _Known) -> Iterator[Source]:
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


def _targets(*, dialect: Dialect) -> dict[str, str]:
    """The generic path of the objects that each frame's rows become."""
    targets: dict[str, str] = {}
    for frame in dialect.frames:
        targets[frame.name] = _join(targets[frame.parent], frame.target) if frame.parent else ""
    return targets


def _transform(*, column: Column, dialect: Dialect) -> str:
    """What happens to a value between the query and the payload, in a few words."""
    match column.kind:
        case "text":
            return "trimmed" + (", blank is sent" if column.keep_blank else "")
        case "code" | "codes":
            setting = f"; setting {column.setting}" if column.setting else ""
            return f"{column.kind}: {_pairs(codes=column.codes or {})}{setting}"
        case "configured":
            own = dialect.default_values.get(column.setting)
            return f"configured values, setting {column.setting}" + (f": {_pairs(codes=own)}" if own else "")
        case "texts":
            return "list of texts"
        case "date":
            return (
                "date"
                + (", plus one day" if column.is_last_day else "")
                + (", left out when it is over" if column.if_past else "")
            )
        case "timestamp":
            return "time with offset"
        case "money":
            signs = {
                "kept": "amount",
                "debit_positive": "amount, sign turned",
                "by_type": "amount, sign by the type",
            }
            return signs[column.sign]
        case "decimal":
            return "whole and decimals joined" if column.decimals else "number, digit for digit"
        case "integer":
            return "whole number"
        case "unsent":
            return "not sent: a value gives a warning"
        case _:
            return "JSON, as it is"


def _pairs(*, codes: Mapping[str, CodeValue]) -> str:
    return ", ".join(f"{code or 'blank'} → {_shown(value)}" for code, value in codes.items())


def _shown(value: object) -> str:
    return "left out" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)
