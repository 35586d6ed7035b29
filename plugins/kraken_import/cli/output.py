"""What commands write: lines for people, or one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import typer


def show(*, data: Any, lines: Iterable[str], as_json: bool) -> None:
    """Write the data as JSON if that was asked for, otherwise the lines."""
    text = json.dumps(data, default=_plain, indent=2, ensure_ascii=False) if as_json else "\n".join(lines)
    typer.echo(text)


def table(*, header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table with aligned columns, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(each) for each in column) for column in zip(header, *cells, strict=True)]
    rights = [
        all(each.replace(",", "").isdigit() for each in column if each) for column in zip(*cells, strict=True)
    ]
    return [
        "  ".join(
            each.rjust(width) if right else each.ljust(width)
            for each, width, right in zip(row, widths, rights, strict=True)
        ).rstrip()
        for row in ([*header], *cells)
    ]


def at(*, when: datetime | None) -> str:
    """Return a time for people, in UTC; blank for none."""
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return at(when=value)
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    """Return what JSON can hold for a value that it cannot. Money stays exact, as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | Decimal | Path):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON.")
