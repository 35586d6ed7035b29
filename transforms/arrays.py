"""Lists as parameters of SQL: one literal each, which Postgres reads much faster than a constant a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from psycopg2.extensions import QuotedString

_Write: TypeAlias = Callable[[Sequence[Any]], str]


class ArrayLiteral:
    """A list for psycopg2, written once however often it is sent.

    Without a `cast` Postgres takes the type from what the list is compared with or converted to.
    """

    __slots__ = ("_cast", "_quoted")

    def __init__(self, text: str, *, cast: str = "") -> None:
        self._quoted = QuotedString(text)
        self._cast = f"::{cast}".encode() if cast else b""

    def __conform__(self, _: object) -> ArrayLiteral:
        """Return itself: it is what psycopg2 asks for."""
        return self

    def prepare(self, connection: Any) -> None:
        """Take the encoding of a connection."""
        self._quoted.prepare(connection)

    def getquoted(self) -> bytes:
        """Return the literal as it stands in a statement."""
        quoted: bytes = self._quoted.getquoted()
        return quoted + self._cast


def text_array(*, texts: Sequence[str]) -> ArrayLiteral:
    """Return texts as one value of type text[]."""
    return ArrayLiteral(f"{{{_texts(texts) if texts else ''}}}", cast="text[]")


def with_arrays(*, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a statement with its lists as literals, as far as their types are known.

    Each list must be compared with values of a known type in the statement, or converted to one.
    """
    return {
        name: _array(values=value) if type(value) is list and value else value
        for name, value in values.items()
    }


def _array(*, values: list[Any]) -> Any:
    kinds = set(map(type, values))
    there = values
    if type(None) in kinds:
        kinds.discard(type(None))
        there = [value for value in values if value is not None]
    write = _writer(kinds=kinds, values=there)
    if write is None:
        return values
    if there is values:
        return ArrayLiteral(f"{{{write(values)}}}")
    parts = ("NULL" if value is None else write((value,)) for value in values)
    return ArrayLiteral(f"{{{','.join(parts)}}}")


def _writer(*, kinds: set[type], values: Sequence[Any]) -> _Write | None:
    """Return what writes these values; None where psycopg2 does it as well."""
    if all(issubclass(kind, str) for kind in kinds):
        return _texts
    if len(kinds) > 1:
        return None
    (kind,) = kinds
    # Postgres reads a literal of long values twice.
    return None if kind is bytes and max(map(len, values)) > _SHORT else _WRITERS.get(kind)


def _texts(values: Sequence[str]) -> str:
    whole = '","'.join(values)
    if "\\" in whole or whole.count('"') != 2 * (len(values) - 1):
        whole = '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f'"{whole}"'


def _plain(values: Sequence[Any]) -> str:
    return ",".join(map(str, values))


def _bytes(values: Sequence[bytes]) -> str:
    return ",".join([f'"\\\\x{value.hex()}"' for value in values])


def _times(values: Sequence[datetime]) -> str:
    return ",".join([f'"{value.isoformat()}"' for value in values])


_SHORT: Final = 256
_WRITERS: Final[Mapping[type, _Write]] = {
    bool: _plain,
    int: _plain,
    Decimal: _plain,
    bytes: _bytes,
    datetime: _times,
}
