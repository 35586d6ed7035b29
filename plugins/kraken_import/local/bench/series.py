"""Figures over the time of a wave: what has ended, memory, and the size of tables, in a file."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from kraken_import.local.bench import processes
from transforms.private import private_file

SECONDS: Final = "seconds"
STEPS: Final = ("built", "created", "ended")
MEMORY: Final = (
    processes.TASKS,
    processes.SUPERVISORS,
    processes.RUNNER,
    processes.SCHEDULER,
    processes.API_SERVER,
    processes.DAG_PROCESSOR,
    processes.STAND_IN,
    processes.POSTGRES,
)
TABLES: Final = ("payload", "answer", "import_event", "import_process", "shared_value")
OTHER_TABLES: Final = "other tables"
COLUMNS: Final = (SECONDS, *STEPS, *MEMORY, *TABLES, OTHER_TABLES)

_BETWEEN: Final = 2.0
"""Seconds from one row to the next: 1,350 rows of a wave of three quarters of an hour."""
_SIZES: Final = text("""
SELECT coalesce(parent.relname, part.relname) AS name, sum(pg_total_relation_size(part.oid)) AS size
FROM pg_class AS part
LEFT JOIN pg_inherits ON pg_inherits.inhrelid = part.oid
LEFT JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
WHERE part.relnamespace = CAST('migration' AS regnamespace) AND part.relkind = 'r'
GROUP BY 1
""")


class Series:
    """Writes a row every other second. It keeps nothing but when it has written the last."""

    def __init__(self, *, file: TextIOWrapper, tracking: Engine) -> None:
        self.reached: Mapping[str, int] = {}
        """How many records of the wave have come so far, by STEPS, as far as is known."""
        self._file = file
        self._writer = csv.DictWriter(file, fieldnames=COLUMNS, restval="")
        self._writer.writeheader()
        self._tracking = tracking
        self._next = 0.0

    def note(self, seconds: float, sizes: Mapping[str, int]) -> None:
        """Write a row if one is due; `sizes` has the largest process of each part."""
        if seconds < self._next:
            return
        self._next = seconds + _BETWEEN
        memory = {name: sizes[name] for name in MEMORY if name in sizes}
        row: dict[str, Any] = {SECONDS: f"{seconds:.1f}", **dict.fromkeys(STEPS, 0), **self.reached, **memory}
        self._writer.writerow({**row, **self._tables()})
        self._file.flush()

    def _tables(self) -> dict[str, int]:
        """Return the sizes of the tables of tracking; nothing while the database is not to be asked."""
        try:
            with self._tracking.connect() as connection:
                sizes = {row.name: int(row.size) for row in connection.execute(_SIZES)}
        except SQLAlchemyError:
            return {}
        known = {name: sizes.pop(name, 0) for name in TABLES}
        return {**known, OTHER_TABLES: sum(sizes.values())}


@contextmanager
def series_in(*, path: Path, tracking: Engine) -> Iterator[Series]:
    """Write figures over time to a file that only its owner reads."""
    with private_file(path=path) as raw, TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        yield Series(file=file, tracking=tracking)


def rows_of(*, path: Path) -> Iterator[dict[str, float | None]]:
    """Yield the rows of a file, one after the other; None for what was not known."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: float(value) if value else None for name, value in row.items()}
