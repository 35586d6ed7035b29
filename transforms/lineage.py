"""Where every field of a payload comes from: legacy tables and columns, and what happens on the way.

Read from the mapping itself, so that it cannot be out of date: the frames say which column becomes which
field, and the SQL says what each column is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from transforms.dialect import CodeValue, Column, Dialect, Frame
from transforms.extract import UnableToExtract, frame_sql
from transforms.registry import get_dialect
from transforms.tracing import Source, UnableToTrace, conditions, trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the values at one generic path come from. Without sources the pipeline itself sets them."""

    path: str
    sources: tuple[Source, ...]
    transform: str
    meaning: str
    required: bool = False
    expected: bool = False
    frames: tuple[str, ...] = ()
    """The frames whose queries deliver it."""

    def __str__(self) -> str:
        return ", ".join(str(source) for source in self.sources) or self.transform


@cache
def lineage(*, name: str) -> Mapping[str, Origin]:
    """The origin of every path of a dialect, lists of objects included.

    Where the SQL of a frame cannot be traced, the origin is its column there.
    """
    dialect = get_dialect(name=name)
    targets = _targets(dialect=dialect)
    origins = [
        Origin(
            path="import_supplier", sources=(), transform="the wave's import supplier", meaning="Whose it is."
        )
    ]
    for frame in dialect.frames:
        traced = _traced(dialect=dialect, frame=frame)
        columns = None if isinstance(traced, str) else traced
        origins.append(
            _origin_of_rows(dialect=dialect, frame=frame, columns=columns, path=targets[frame.name])
        )
        for column in frame.columns:
            names = (column.name, column.decimals) if column.decimals else (column.name,)
            sources = tuple(source for name in names for source in (columns or {}).get(name, ()))
            unsourced = f"constant in {frame.name}.sql" if columns is not None else _unknown(frame, *names)
            origins.append(
                Origin(
                    path=_join(targets[frame.name], *column.place),
                    sources=sources,
                    transform=_transform(column=column, dialect=dialect) if sources else unsourced,
                    meaning=column.meaning,
                    required=column.required,
                    expected=column.expected,
                    frames=(frame.name,),
                )
            )
    found: dict[str, Origin] = {}
    for origin in origins:
        before = found.get(origin.path)
        found[origin.path] = origin if before is None else _both(one=before, other=origin)
    return found


def conditions_of_rows(*, name: str) -> Mapping[str, tuple[Source, ...]]:
    """The legacy columns that decide whether the rows of a list exist, by the path of the list.

    Lists whose query cannot be traced, or asks for nothing, are left out.
    """
    dialect = get_dialect(name=name)
    targets = _targets(dialect=dialect)
    found: dict[str, tuple[Source, ...]] = {}
    for frame in dialect.frames:
        try:
            asked = conditions(sql=frame_sql(dialect=name, name=frame.name)) if frame.parent else ()
        except (UnableToExtract, UnableToTrace):
            continue
        if asked:
            path = targets[frame.name]
            found[path] = tuple(dict.fromkeys((*found.get(path, ()), *asked)))
    return found


def untraceable(*, name: str) -> dict[str, str]:
    """By frame, why the SQL of a dialect does not say where its columns come from, in one sentence each."""
    dialect = get_dialect(name=name)
    traced = {frame.name: _traced(dialect=dialect, frame=frame) for frame in dialect.frames}
    return {frame: found for frame, found in traced.items() if isinstance(found, str)}


def _traced(*, dialect: Dialect, frame: Frame) -> Mapping[str, tuple[Source, ...]] | str:
    """The sources of each column that the SQL of a frame delivers, or a sentence."""
    try:
        return trace(sql=frame_sql(dialect=dialect.name, name=frame.name))
    except (UnableToExtract, UnableToTrace) as problem:
        return str(problem)


def _unknown(frame: Frame, *columns: str) -> str:
    return f"column {' and '.join(columns)} of {frame.name}.sql"


def _origin_of_rows(
    *, dialect: Dialect, frame: Frame, columns: Mapping[str, tuple[Source, ...]] | None, path: str
) -> Origin:
    """The origin of the rows of a frame: of the customers themselves, or of a list."""
    # Where the last part of a key is a constant, a row is one of its parent's.
    keys = ((columns or {}).get(name, ()) for name in reversed(frame.key))
    sources = next(filter(None, keys), ())
    unsourced = "" if columns is not None else _unknown(frame, frame.key[-1])
    if not frame.parent:
        return Origin(
            path=".".join(dialect.identifier_path),
            sources=sources,
            transform=unsourced or "as it is",
            meaning="External identifier.",
            required=True,
            frames=(frame.name,),
        )
    # A key tells which table has the rows.
    tables = (Source(table=source.table, column="", condition=source.condition) for source in sources)
    return Origin(
        path=path,
        sources=tuple(dict.fromkeys(tables)),
        transform=unsourced or f"one for each row of {frame.name}.sql",
        meaning="",
        required=frame.required,
        expected=frame.expected,
        frames=(frame.name,),
    )


def _both(*, one: Origin, other: Origin) -> Origin:
    """The origin of a field that two columns fill."""
    return replace(
        one,
        sources=tuple(dict.fromkeys((*one.sources, *other.sources))),
        transform="; ".join(dict.fromkeys((one.transform, other.transform))),
        meaning=" ".join(dict.fromkeys((one.meaning, other.meaning))),
        frames=tuple(dict.fromkeys((*one.frames, *other.frames))),
    )


def origin_of(*, dialect: str, path: str) -> Origin | None:
    """Return the origin of a generic path, or of the nearest object around it; None for the whole record."""
    origins = lineage(name=dialect)
    while path:
        if path in origins:
            return origins[path]
        path = path.rpartition(".")[0]
    return None


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
