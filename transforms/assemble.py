"""Nests cleaned frames into one document for each customer, and keeps the place of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from transforms.bookings import orient
from transforms.clean import FloatInFrame, NoTextInFrame, Problem, clean_column
from transforms.database import shown
from transforms.dialect import Column, Dialect, Frame
from transforms.extract import UnableToExtract, frame_sql
from transforms.findings import Finding
from transforms.frame_rows import FrameRows, counted
from transforms.wording import meant

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """How legacy values are read. Days before `today` are past."""

    zone: ZoneInfo
    """Of times without an offset."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The legacy codes of each setting that is configured."""
    today: date | None = None


class FrameContractBroken(Exception):
    """A frame is not what its SQL must return; the message names the SQL file and the column."""


@dataclass(slots=True, kw_only=True)
class Assembled:
    """Documents, findings and warnings by external identifier. Customers with findings must not be sent."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    warnings: dict[str, list[Finding]] = field(default_factory=dict)
    frames: list[FrameRows] = field(default_factory=list)
    """The rows of each frame."""

    def refuse(self, *, customer: str, code: str, path: str, detail: str) -> None:
        """Record why a customer cannot be sent."""
        finding = Finding(code=code, path=path, detail=detail)
        self.findings.setdefault(customer, []).append(finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """The keys of a frame's rows, and whose rows they are."""

    rows: list[Key]
    customers: list[str]
    first: dict[Key, int]
    """The first row of each key."""
    has_gaps: bool
    """Whether a part of some key has no value."""


@dataclass(slots=True, kw_only=True)
class _Nested:
    """The rows of a frame after nesting, in parallel lists; `parents` and `positions` give each its path."""

    frame: Frame
    customers: list[str]
    documents: list[dict[str, Any]]
    parents: list[int]
    positions: list[int]
    rows: dict[Key, int]
    path: str
    """The place of the rows in a document, without indexes."""


def assemble(
    *,
    dialect: Dialect,
    frames: Mapping[str, pd.DataFrame],
    identifiers: Sequence[str],
    conventions: Conventions,
) -> Assembled:
    """Nest the children of each customer by key; a fault of one customer never affects another.

    `frames` holds an object-typed frame for each of the dialect's, by name. A row without its parent, or with
    an empty or repeated key, is a finding about its customer: nothing is dropped. Raises
    `FrameContractBroken` for a frame of another form or with customers that were not asked for.
    """
    assembled = Assembled()
    wanted = set(identifiers)
    nested: dict[str, _Nested] = {}
    for frame in dialect.frames:
        data = _checked(dialect=dialect, frame=frame, frames=frames)
        keys = _keys(dialect=dialect, frame=frame, data=data)
        if not wanted.issuperset(keys.customers):
            raise FrameContractBroken(
                _strangers(dialect=dialect, frame=frame, keys=keys.customers, wanted=wanted)
            )
        documents, problems = _documents(
            dialect=dialect, frame=frame, data=data, length=len(keys.rows), conventions=conventions
        )
        parent = nested.get(frame.parent)
        this = _nest(frame=frame, parent=parent, keys=keys, documents=documents, into=assembled)
        nested[frame.name] = this
        assembled.frames.append(_counted(this=this, parent=parent, customers=len(wanted)))
        _tell(problems=problems, nested=nested, this=this, into=assembled)
        if (frame.required or frame.expected) and parent is not None:
            _miss_children(nested=nested, this=this, parent=parent, into=assembled)
        if frame.send_empty and parent is not None:
            for document in parent.documents:
                document.setdefault(frame.target, [])
    root = nested[dialect.root.name]
    assembled.documents = dict(zip(root.customers, root.documents, strict=True))
    return assembled


def _tell(
    *,
    problems: Sequence[tuple[int, str, Problem]],
    nested: Mapping[str, _Nested],
    this: _Nested,
    into: Assembled,
) -> None:
    """Add faults in values to the findings of their customers."""
    # A setting without values is one thing to do, however many rows it is about.
    told = set()
    for row, column_path, problem in problems:
        customer = this.customers[row]
        if problem.code == "unmapped_code":
            if (customer, column_path) in told:
                continue
            told.add((customer, column_path))
        finding = Finding(
            code=problem.code,
            path=_join(_path(nested=nested, this=this, row=row), column_path),
            detail=problem.detail,
            severity=problem.severity,
        )
        kept = into.warnings if problem.severity == "warning" else into.findings
        kept.setdefault(customer, []).append(finding)


def _keys(*, dialect: Dialect, frame: Frame, data: Mapping[str, list[Any]]) -> _Keys:
    # Legacy keys are padded with blanks as often as values are.
    parts = [[part.strip() if type(part) is str else part for part in data[name]] for name in frame.key]
    rows = list(zip(*parts, strict=True))
    try:
        first = dict(zip(reversed(rows), range(len(rows) - 1, -1, -1), strict=True))
    except TypeError:
        source = _source(dialect=dialect, frame=frame)
        raise FrameContractBroken(
            f"{source} delivers a list or an object as {' or '.join(frame.key)}: turn it into text."
        ) from None
    return _Keys(rows=rows, customers=parts[0], first=first, has_gaps=any(None in part for part in parts))


def _checked(
    *, dialect: Dialect, frame: Frame, frames: Mapping[str, pd.DataFrame]
) -> Mapping[str, list[Any]]:
    """Return the columns of a frame by name."""
    if frame.name not in frames:
        raise FrameContractBroken(f"Frame {frame.name} of {dialect.name} is missing.")
    data = frames[frame.name]
    names, delivered = frame.column_names, data.columns.tolist()
    missing = [name for name in names if name not in delivered]
    unknown = [str(name) for name in delivered if name not in names]
    if missing:
        source = _source(dialect=dialect, frame=frame)
        found = meant(name=missing[0], among=unknown)
        misspelt = f", or is {found} meant, which it delivers?" if found else "."
        raise FrameContractBroken(f"{source} does not deliver column {', '.join(missing)}: add it{misspelt}")
    if unknown:
        source = _source(dialect=dialect, frame=frame)
        raise FrameContractBroken(
            f"{source} delivers column {', '.join(unknown)}, which nothing reads: "
            f"declare it in sql/extract/{dialect.name}/columns.toml, or remove it."
        )
    # All at once: pandas takes longer to find a column than to copy it.
    return dict(zip(delivered, data.to_numpy(dtype=object).T.tolist(), strict=True))


def _documents(
    *,
    dialect: Dialect,
    frame: Frame,
    data: Mapping[str, list[Any]],
    length: int,
    conventions: Conventions,
) -> tuple[list[dict[str, Any]], list[tuple[int, str, Problem]]]:
    tree: dict[str, Any] = {}
    problems = []
    for column in frame.columns:
        if column.setting in conventions.values:
            column = replace(column, codes=conventions.values[column.setting])
        try:
            cleaned, found = clean_column(
                column=column,
                values=data[column.name],
                decimals=data[column.decimals] if column.decimals else None,
                zone=conventions.zone,
                today=conventions.today,
            )
        except (FloatInFrame, NoTextInFrame) as error:
            source = _source(dialect=dialect, frame=frame)
            raise FrameContractBroken(f"{source}, column {column.name}: {error}.") from None
        problems += [(row, ".".join(column.place), problem) for row, problem in found.items()]
        branch = tree
        for part in column.place[:-1]:
            branch = branch.setdefault(part, {})
        name = column.place[-1]
        if name in branch:
            cleaned, twice = _either(one=branch[name], other=cleaned)
            problems += [(row, ".".join(column.place), _two_values(column=column)) for row in twice]
        branch[name] = cleaned
    documents = _objects(tree=tree, length=length)
    if any(column.sign == "by_type" for column in frame.columns):
        fitting = {column.place[-1]: column.fits for column in frame.columns if column.fits is not None}
        for document in documents:
            orient(booking=document, fitting=fitting)
    for column in frame.columns:
        if column.sends_null:
            _send_null(documents=documents, place=column.place)
    return documents, problems


def _either(*, one: Sequence[Any], other: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The value of each row from the column that has one, and the rows in which both have."""
    both = [
        row for row, (left, right) in enumerate(zip(one, other, strict=True)) if None not in (left, right)
    ]
    return [right if left is None else left for left, right in zip(one, other, strict=True)], both


def _two_values(*, column: Column) -> Problem:
    return Problem(
        code="ambiguous_value",
        detail=f"Column {column.name} and another one for the same field both have a value: deliver one.",
    )


def _send_null(*, documents: Sequence[dict[str, Any]], place: Sequence[str]) -> None:
    *way, last = place
    for document in documents:
        node: dict[str, Any] | None = document
        for part in way:
            node = None if node is None else node.get(part)
        if node is not None:
            node.setdefault(last, None)


def _objects(*, tree: Mapping[str, Any], length: int) -> list[dict[str, Any]]:
    """Return one object for each row from a tree of columns; empty values are left out."""
    objects: list[dict[str, Any]] = [{} for _ in range(length)]
    for name, values in tree.items():
        if isinstance(values, list):
            # Column by column: most columns are sparse, and an object is only touched for what it has.
            for whole, value in zip(objects, values, strict=True):
                if value is not None:
                    whole[name] = value
    for name, branch in tree.items():
        if isinstance(branch, dict):
            for whole, part in zip(objects, _objects(tree=branch, length=length), strict=True):
                if part:
                    whole[name] = part
    return objects


def _nest(
    *,
    frame: Frame,
    parent: _Nested | None,
    keys: _Keys,
    documents: list[dict[str, Any]],
    into: Assembled,
) -> _Nested:
    parents = [0] * len(documents)
    if parent is not None:
        depth, known = len(parent.frame.key), parent.rows
        parents = [known.get(key[:depth], -1) for key in keys.rows]
    this = _Nested(
        frame=frame,
        customers=keys.customers,
        documents=documents,
        parents=parents,
        positions=[0] * len(documents) if parent is None else _attach(frame, documents, parents, parent),
        rows=keys.first,
        path=_join(parent.path if parent else "", frame.target),
    )
    if len(keys.first) < len(documents) or -1 in parents or keys.has_gaps:
        _refuse_rows(this=this, parent=parent, keys=keys.rows, into=into)
    return this


def _attach(
    frame: Frame, documents: Sequence[dict[str, Any]], parents: Sequence[int], parent: _Nested
) -> list[int]:
    """Put each document into its parent's list. Returns their places there, 0 for one without a parent."""
    *places, target = frame.target.split(".")
    positions = []
    last, siblings = -1, []
    for row, document in zip(parents, documents, strict=True):
        if row < 0:
            positions.append(0)
            continue
        # Rows of one parent mostly follow each other.
        if row != last:
            holder = parent.documents[row]
            for place in places:
                holder = holder.setdefault(place, {})
            last, siblings = row, holder.setdefault(target, [])
        positions.append(len(siblings))
        siblings.append(document)
    return positions


def _refuse_rows(*, this: _Nested, parent: _Nested | None, keys: Sequence[Key], into: Assembled) -> None:
    """Name the rows whose key is empty or repeated, and those without a parent."""
    frame = this.frame
    refuse = partial(into.refuse, path=this.path)
    for row, key in enumerate(keys):
        customer = this.customers[row]
        if None in key:
            empty = ", ".join(name for name, value in zip(frame.key, key, strict=True) if value is None)
            refuse(
                customer=customer,
                code="missing_value",
                detail=f"A row of frame {frame.name} has no value in its key {empty}.",
            )
        elif this.rows[key] != row:
            refuse(
                customer=customer,
                code="duplicate_key",
                detail=f"Frame {frame.name} has the same key {', '.join(frame.key)} twice.",
            )
        # A key without a value has been named above: that is why the row has no parent.
        if parent is not None and this.parents[row] < 0 and None not in key[: len(parent.frame.key)]:
            refuse(
                customer=customer,
                code="orphaned_child",
                detail=f"A row of frame {frame.name} belongs to no row of frame {parent.frame.name}.",
            )


def _counted(*, this: _Nested, parent: _Nested | None, customers: int) -> FrameRows:
    if parent is None:
        return counted(frame=this.frame.name, parents=customers, owners=this.customers)
    return counted(
        frame=this.frame.name,
        parents=len(parent.documents),
        owners=[row for row in this.parents if row >= 0],
        rows=len(this.parents),
    )


def _miss_children(*, nested: Mapping[str, _Nested], this: _Nested, parent: _Nested, into: Assembled) -> None:
    childless = set(range(len(parent.documents))).difference(this.parents)
    for row in sorted(childless):
        document = parent.documents[row]
        if any(document.get(name) in values for name, values in this.frame.unless.items()):
            continue
        finding = Finding(
            code="missing_child",
            path=_join(_path(nested=nested, this=parent, row=row), this.frame.target),
            detail=f"Frame {this.frame.name} has no row for a row of frame {parent.frame.name}.",
            severity="error" if this.frame.required else "warning",
        )
        kept = into.findings if this.frame.required else into.warnings
        kept.setdefault(parent.customers[row], []).append(finding)


def _path(*, nested: Mapping[str, _Nested], this: _Nested, row: int) -> str:
    """Return the place of a row in its document, with indexes; empty for the root."""
    parts: list[str] = []
    while this.frame.parent and row >= 0:
        parts[:0] = [this.frame.target, str(this.positions[row])]
        row, this = this.parents[row], nested[this.frame.parent]
    return _join(*parts)


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _strangers(*, dialect: Dialect, frame: Frame, keys: Sequence[Any], wanted: set[str]) -> str:
    """Explain what is wrong with the customers that a frame returns when not all of them were asked for."""
    source = _source(dialect=dialect, frame=frame)
    others = set(keys) - wanted
    if others & {None, ""}:
        return f"{source} returns rows without external_identifier: whose they are is unknown."
    if others <= {each.strip() for each in wanted}:
        return (
            f"{source} returns customers that differ from those it was asked for only by blanks around "
            "their identifiers: ask for them without blanks."
        )
    if {str(each) for each in others} <= wanted:
        return f"{source} returns an external_identifier that is not a text: write CAST(… AS text)."
    return f"{source} returns customers that it was not asked for: it must select by :identifiers."


def _source(*, dialect: Dialect, frame: Frame) -> str:
    try:
        return shown(frame_sql(dialect=dialect.name, name=frame.name))
    except UnableToExtract:
        return f"sql/extract/{dialect.name}/{frame.name}.sql"
