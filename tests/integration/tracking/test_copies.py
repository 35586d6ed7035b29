"""Rows arrive as they are in the binary form of COPY, and a COPY that is refused fails in a sentence."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import psycopg2
import pytest
from sqlalchemy import Engine

from kraken_import.tracking import copies, evidence
from kraken_import.tracking.faults import UnableToUseTracking
from tests.integration.tracking.test_schema import wave_of

ROWS = [
    (0, 0, b"", datetime(2000, 1, 1, tzinfo=UTC)),
    (-1, -1, b"\0\n\\.\xff", datetime(1899, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    (2**63 - 1, 2**31 - 1, bytes(range(256)) * 400, datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
    (-(2**63), -(2**31), b"more", datetime(2100, 6, 1, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))),
]


@pytest.mark.parametrize("rows", [ROWS, []])
def test_rows_arrive_as_they_are(empty_dsn: str, rows: list[tuple[int, int, bytes, datetime]]) -> None:
    data = copies.rows(
        columns=4,
        fields=(
            (copies.bigint(big), copies.integer(small), copies.bytea(body), copies.timestamptz(at))
            for big, small, body, at in rows
        ),
    )
    connection = psycopg2.connect(empty_dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE kept (big bigint, small integer, body bytea, at timestamptz)")
            cursor.copy_expert("COPY kept FROM STDIN WITH (FORMAT binary)", io.BytesIO(data))
            cursor.execute("SELECT big, small, body, at FROM kept")
            found = [(big, small, bytes(body), at) for big, small, body, at in cursor]
    finally:
        connection.close()
    assert found == rows


def test_a_payload_without_a_place_is_refused_in_a_sentence(tracking_engine: Engine) -> None:
    with tracking_engine.connect() as connection:
        without_place = wave_of(connection) + 1
        with pytest.raises(UnableToUseTracking, match=r"^Copying to or from the tracking database .*23514"):
            evidence.add_payloads(
                connection=connection,
                wave_id=without_place,
                payloads=[(1, 1, b'{"name": "Ada"}')],
                at=datetime.now(UTC),
            )
