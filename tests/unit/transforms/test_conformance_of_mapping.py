"""What every dialect must keep to with its SQL: what is needed is filled, and customers are selected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from tests.samples import expected_payload
from tests.unit.transforms.test_conformance import DIALECTS, each_dialect, paths
from transforms.dialect import Dialect
from transforms.extract import frame_sql
from transforms.lineage import empty_columns, lineage, selects_nobody

ROOT = Path(__file__).resolve().parents[3]


def required_paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The generic paths without which a payload is refused."""
    for name, field in model.model_fields.items():
        if not field.is_required():
            continue
        path = f"{above}.{name}" if above else name
        yield path
        for inner in get_args(field.annotation) or (field.annotation,):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from required_paths(inner, path)


def with_objects(known: set[str]) -> set[str]:
    """Paths, and those of the objects around them."""
    return known | {
        ".".join(path.split(".")[:depth]) for path in known for depth in range(1, path.count(".") + 1)
    }


@each_dialect
def test_no_query_delivers_null_for_what_is_needed(dialect: Dialect) -> None:
    """Needed are keys, what a frame requires or expects, and what the guide's own payload has."""
    sent = paths(expected_payload(dialect=dialect))
    targets: dict[str, str] = {}
    missing = []
    for frame in dialect.frames:
        above = [targets[frame.parent], frame.target] if frame.parent else []
        targets[frame.name] = ".".join(part for part in above if part)
        empty = empty_columns(sql=frame_sql(dialect=dialect.name, name=frame.name))
        needed = [*frame.key] + [
            column.name
            for column in frame.columns
            if column.required
            or column.expected
            or ".".join((*filter(None, [targets[frame.name]]), *column.place)) in sent
        ]
        missing += [f"{name} of {frame.name}.sql" for name in needed if name in empty]
    assert not missing, f"In sql/extract/{dialect.name} only NULL stands for {', '.join(missing)}."


@each_dialect
def test_there_are_customers_to_migrate_and_to_plan(dialect: Dialect) -> None:
    files = [
        frame_sql(dialect=dialect.name, name="candidates"),
        ROOT / "sql" / "plan" / dialect.name / "candidates.sql",
    ]
    silent = [str(file.relative_to(ROOT)) for file in files if not file.is_file() or selects_nobody(sql=file)]
    assert not silent, f"No customer is selected by {' and '.join(silent)}: say there who may migrate."


@each_dialect
def test_every_required_field_of_the_model_is_filled_by_a_frame(dialect: Dialect) -> None:
    filled = with_objects(set(lineage(name=dialect.name)))
    unfilled = [path for path in required_paths(dialect.model) if path not in filled]
    assert not unfilled, f"The model of {dialect.name} requires {', '.join(unfilled)}: no frame fills it."


def test_there_are_dialects_to_look_at() -> None:
    assert len(DIALECTS) >= 5


@pytest.mark.parametrize(
    ("sql", "empty", "nobody"),
    [
        ("SELECT a.x AS one, NULL AS two, CAST(NULL AS text) AS three FROM s.a", {"two", "three"}, False),
        ("SELECT (NULL)::text AS one, 'GB' AS two, coalesce(NULL, a.x) AS three FROM s.a", {"one"}, False),
        # One side of a union is enough to fill a column.
        ("SELECT NULL AS one, NULL AS two FROM s.a UNION ALL SELECT x, NULL AS two FROM s.b", {"two"}, False),
        ("SELECT a.x AS one FROM s.a WHERE false", set(), True),
        ("SELECT a.x AS one FROM s.a WHERE a.x > 1 AND false -- say here who", set(), True),
        ("SELECT a.x AS one FROM s.a WHERE a.x > 1 AND (a.y OR false)", set(), False),
        ("SELECT a.x AS one FROM s.a WHERE a.is_closed = false", set(), False),
        ("SELECT a.x AS one FROM s.a WHERE false UNION SELECT b.x FROM s.b", set(), False),
    ],
)
def test_a_query_that_delivers_nothing_is_known(
    tmp_path: Path, sql: str, empty: set[str], nobody: bool
) -> None:
    file = tmp_path / "frame.sql"
    file.write_text(sql)
    assert empty_columns(sql=file) == empty
    assert selects_nobody(sql=file) is nobody
