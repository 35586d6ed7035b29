"""Values that no two customers of a wave may have, kept as digests to compare batches with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kraken_import.lifecycle import State
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """A digest, whose it is, and the rule that wants it to be unique."""

    import_process_id: int
    digest: bytes
    code: str
    path: str


def replace(
    *, connection: Connection, wave_id: int, built: Sequence[int], values: Sequence[SharedValue]
) -> None:
    """Keep the values of these import processes in place of those of an earlier build."""
    connection.exec_driver_sql(
        _SQL["replace"],
        {
            "wave_id": wave_id,
            "built": list(built),
            "ids": [value.import_process_id for value in values],
            "digests": [value.digest for value in values],
            "codes": [value.code for value in values],
            "paths": [value.path for value in values],
        },
    )


def shared(*, connection: Connection, wave_id: int) -> list[tuple[Key, str, str]]:
    """(try, code, path) of every valid record that has a value of another one, unless it was told before."""
    rows = connection.exec_driver_sql(
        _SQL["shared"],
        {"wave_id": wave_id, "refused": [State.REJECTED.value, State.INVALID.value]},
    )
    return [(Key(id=row.id, wave_id=wave_id, attempt=row.attempt), row.code, row.path) for row in rows]


_SQL = queries(file="shared_values")
