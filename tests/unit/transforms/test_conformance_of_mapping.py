"""How the conformance tests know a query that delivers nothing, and that there are dialects to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.registry import dialect_names
from transforms.tracing import empty_columns, selects_nobody


def test_there_are_dialects_to_look_at() -> None:
    assert len(dialect_names()) >= 5


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
