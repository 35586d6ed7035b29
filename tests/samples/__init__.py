"""The customers of the published guides: raw frames as the legacy database delivers them, and the payload."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from transforms.dialect import Dialect

_HERE = Path(__file__).parent

TODAY = date(2026, 11, 21)
"""The day on which the tests build payloads."""

_DAYS = {"edf_accounts": date(2020, 3, 26)}
"""When a guide's example speaks of days to come: a past day on which they had not come."""


def day_of(*, dialect: Dialect) -> date:
    """The day on which the guide's customer is built to be its example, word for word."""
    return _DAYS.get(dialect.name, TODAY)


def expected_payload(*, dialect: Dialect) -> dict[str, Any]:
    """The payload that the guide prints."""
    loaded: dict[str, Any] = json.loads(_text(_HERE / dialect.name / "payload.json"))
    assert loaded, f"tests/samples/{dialect.name}/payload.json is empty: put the guide's example there."
    return loaded


def identifier_of(*, dialect: Dialect) -> str:
    """The external identifier of the guide's customer."""
    node: Any = expected_payload(dialect=dialect)
    for part in dialect.identifier_path:
        assert part in node, (
            f"The guide's example of {dialect.name} has no {'.'.join(dialect.identifier_path)}."
        )
        node = node[part]
    return str(node)


def sample_rows(*, dialect: Dialect) -> dict[str, list[dict[str, Any]]]:
    """The raw rows of every frame, for one customer."""
    rows = {frame.name: _rows(dialect=dialect, frame=frame.name) for frame in dialect.frames}
    root = dialect.root.name
    assert rows[root], f"tests/samples/{dialect.name}/frames/{root}.json has no row: put the SQL's there."
    return rows


def _rows(*, dialect: Dialect, frame: str) -> list[dict[str, Any]]:
    file = _HERE / dialect.name / "frames" / f"{frame}.json"
    assert file.is_file(), (
        f"tests/samples/{dialect.name}/frames/{frame}.json is missing: put the SQL's rows there."
    )
    loaded: list[dict[str, Any]] = json.loads(_text(file))
    return loaded


def as_frames(*, dialect: Dialect, rows: dict[str, list[dict[str, Any]]]) -> dict[str, pd.DataFrame]:
    """Rows as the untyped frames that an extract returns."""
    return {
        frame.name: _as_frame(names=tuple(frame.column_names), rows=rows[frame.name])
        for frame in dialect.frames
    }


def _as_frame(*, names: tuple[str, ...], rows: list[dict[str, Any]]) -> pd.DataFrame:
    # Thousands of tests change a value of one frame: the others are made once, and copied.
    told = repr([[row[name] for name in names] for row in rows])
    key = (names, told)
    if key not in _MADE:
        if len(_MADE) >= _MOST:
            _MADE.clear()
        _MADE[key] = pd.DataFrame(
            {name: pd.Series([row[name] for row in rows], dtype=object) for name in names}
        )
    # Nothing that is written to a copy is seen in another.
    return _MADE[key].copy(deep=False)


_MADE: dict[tuple[tuple[str, ...], str], pd.DataFrame] = {}
_MOST = 500


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
