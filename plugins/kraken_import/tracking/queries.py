"""Named SQL statements from `sql/tracking/*.sql`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult

from kraken_import.tracking.faults import tracking_copies
from transforms.arrays import with_arrays
from transforms.cpu_clock import at_work, clocked
from transforms.sql_files import FOLDER

SQL_FOLDER = FOLDER / "tracking"

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_T = TypeVar("_T")
_AT_ONCE: Final = 1 << 16


class Statements(dict[str, str]):
    """The statements of one file by name.

    What is given to one beside its name are its parameters, psycopg2's `%(name)s`: a list becomes an array,
    whose type the statement must say unless it compares it with a column.
    """

    def __init__(self, statements: Iterable[tuple[str, str]], /, *, file: str) -> None:
        super().__init__(statements)
        self._file = file

    def run(self, connection: Connection, name: str, /, **values: Any) -> CursorResult[Any]:
        """Execute a statement. Returns its result."""
        with self._clocked(name):
            return connection.exec_driver_sql(self[name], with_arrays(values=values) or None)

    def all(self, connection: Connection, kind: Callable[..., _T], name: str, /, **values: Any) -> list[_T]:
        """Return one `kind` for each row of a query, whose columns are its fields."""
        with self._clocked(name):
            rows = connection.exec_driver_sql(self[name], with_arrays(values=values) or None)
            return [kind(**row) for row in rows.mappings()]

    def one(self, connection: Connection, kind: Callable[..., _T], name: str, /, **values: Any) -> _T | None:
        """Return the only row of a query in the same way; None where it has none."""
        row = self.run(connection, name, **values).mappings().one_or_none()
        return None if row is None else kind(**row)

    def copy_in(self, connection: Connection, name: str, /, *, data: bytes) -> None:
        """Give a COPY its rows. Raises `UnableToUseTracking`, and `DatabaseInterrupted`."""
        with self._clocked(name), tracking_copies(), closing(connection.connection.cursor()) as cursor:
            at_work(connection=connection)
            cursor.copy_expert(self[name], io.BytesIO(data), _AT_ONCE)

    def _clocked(self, name: str) -> AbstractContextManager[None]:
        return clocked(line=f"tracking.{self._file}.{name}")


@cache
def queries(*, file: str) -> Statements:
    """Return the statements of one file by name: each begins at a line `-- name: …`."""
    _, *parts = _NAME.split((SQL_FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    return Statements(zip(parts[::2], parts[1::2], strict=True), file=file)
