"""Rows as COPY takes them in its binary form: long bytes go to Postgres as they are, and not as digits."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = struct.pack("!h", -1)
_FIELDS: Final = struct.Struct("!h")
_LENGTH: Final = struct.Struct("!i")
_INTEGER: Final = struct.Struct("!ii")
_BIGINT: Final = struct.Struct("!iq")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def rows(*, columns: int, fields: Iterable[tuple[bytes, ...]]) -> bytes:
    """Return rows of so many columns, whose fields the functions below have made."""
    begin = _FIELDS.pack(columns)
    parts = [_HEADER]
    for row in fields:
        parts.append(begin)
        parts += row
    parts.append(_END)
    return b"".join(parts)


def bigint(value: int, /) -> bytes:
    """Return a field of type bigint."""
    return _BIGINT.pack(8, value)


def integer(value: int, /) -> bytes:
    """Return a field of type integer."""
    return _INTEGER.pack(4, value)


def bytea(value: bytes, /) -> bytes:
    """Return a field of type bytea."""
    return _LENGTH.pack(len(value)) + value


def timestamptz(value: datetime, /) -> bytes:
    """Return a field of type timestamptz, of a time with an offset."""
    return bigint((value - _EPOCH) // _MICROSECOND)
