"""Named SQL statements from `sql/tracking/*.sql`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from transforms.sql_files import FOLDER

SQL_FOLDER = FOLDER / "tracking"

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries(*, file: str) -> Mapping[str, str]:
    """Return the statements of one file by name: each begins at a line `-- name: …`.

    Parameters are psycopg2's (`%(name)s`), since lists must become Postgres arrays.
    """
    _, *parts = _NAME.split((SQL_FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))
