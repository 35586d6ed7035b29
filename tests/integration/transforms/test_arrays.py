"""A list reaches Postgres as it is, whatever its values hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import psycopg2
import pytest

from transforms.arrays import ArrayLiteral, text_array, with_arrays


class _Word(StrEnum):
    VALID = "valid"


LISTS: list[tuple[str, list[Any]]] = [
    ("text", ["plain", "", " ", "NULL", "null", "a,b", "{a}", 'say "so"', "\\", "\\'", "it's", "%(a)s"]),
    ("text", ["é\n\t漢"]),
    ("text", ["first", None, 'with "gaps"', None]),
    ("text", [None, None]),
    ("text", [_Word.VALID, "text"]),
    ("bigint", [0, -1, 2**63 - 1, None]),
    ("boolean", [True, False, None]),
    ("numeric", [Decimal("0.10"), Decimal("-12345678901234567890.0123456789"), Decimal("1E-12"), None]),
    ("bytea", [b"", b"\x00\x01\\\"'{},", bytes(range(256)), None]),
    ("bytea", [b"short", bytes(range(256)) * 9]),
    (
        "timestamptz",
        [
            datetime(2026, 11, 21, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(1850, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            None,
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), LISTS)
def test_a_list_arrives_as_it_was(empty_dsn: str, kind: str, values: list[Any]) -> None:
    sent = with_arrays(values={"values": values})
    (found,) = _asked(dsn=empty_dsn, statement=f"SELECT %(values)s::{kind}[]", values=sent)
    read = [bytes(value) if isinstance(value, memoryview) else value for value in found]
    assert read == values
    # The same amount may have other digits: 0.10 is not 0.1.
    assert [str(value) for value in read] == [str(value) for value in values] or kind == "timestamptz"


def test_what_is_no_list_or_has_several_types_is_left_to_the_driver() -> None:
    values = {"none": [], "tuple": (1, 2), "text": "text", "mixed": [1, Decimal(1)], "number": 1}
    assert with_arrays(values=values) == values


def test_long_bytes_are_left_to_the_driver_and_short_ones_are_not() -> None:
    sent = with_arrays(values={"short": [b"s" * 256], "long": [b"s", b"l" * 257]})
    assert isinstance(sent["short"], ArrayLiteral)
    assert sent["long"] == [b"s", b"l" * 257]


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1"])
def test_texts_have_a_type_by_themselves_and_are_sent_again_in_the_encoding_of_the_session(
    empty_dsn: str, encoding: str
) -> None:
    texts = ["Müller", 'a "b"', ""]
    sent = text_array(texts=texts)
    for _ in range(2):
        found = _asked(
            dsn=empty_dsn,
            statement="SELECT array_agg(given) FROM unnest(%(texts)s) AS given",
            values={"texts": sent},
            encoding=encoding,
        )
        assert found == (texts,)


def test_no_text_is_an_empty_array(empty_dsn: str) -> None:
    statement = "SELECT cardinality(%(texts)s), pg_typeof(%(texts)s)::text"
    assert _asked(dsn=empty_dsn, statement=statement, values={"texts": text_array(texts=[])}) == (0, "text[]")


def test_a_text_with_a_nul_is_refused_before_it_is_sent(empty_dsn: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        _asked(dsn=empty_dsn, statement="SELECT %(texts)s", values={"texts": text_array(texts=["a\0b"])})


def _asked(*, dsn: str, statement: str, values: dict[str, Any], encoding: str = "UTF8") -> tuple[Any, ...]:
    connection = psycopg2.connect(dsn)
    try:
        connection.set_client_encoding(encoding)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found: tuple[Any, ...] = cursor.fetchone()
            return found
    finally:
        connection.close()
