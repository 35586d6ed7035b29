"""Values that must be unique among the customers of a wave, kept as digests to compare across batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.queries import queries

_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """A digest, the record it belongs to, and the rule that requires it to be unique."""

    import_process_id: int
    digest: bytes
    code: str
    path: str


def replace(
    *, connection: Connection, wave_id: int, built: Sequence[int], values: Sequence[SharedValue]
) -> None:
    """Keep the values of these import processes in place of those of an earlier build."""
    _SQL.run(
        connection,
        "replace",
        wave_id=wave_id,
        built=list(built),
        ids=[value.import_process_id for value in values],
        digests=[value.digest for value in values],
        codes=[value.code for value in values],
        paths=[value.path for value in values],
    )


def shared(*, connection: Connection, wave_id: int) -> Iterator[Mapping[Key, list[tuple[str, str]]]]:
    """Yield pages of valid records that share a value not reported before: (code, path) by try.

    The caller may change the records of a page: that does not affect the following pages.
    """
    rows = connection.exec_driver_sql(
        _SQL["shared"],
        {"wave_id": wave_id, "refused": [State.REJECTED.value, State.INVALID.value]},
        # A server-side cursor: a value that all customers share makes as many rows as there are customers.
        execution_options={"stream_results": True, "max_row_buffer": _PAGE},
    )
    page: dict[Key, list[tuple[str, str]]] = {}
    for row in rows:
        key = Key(id=row.id, wave_id=wave_id, attempt=row.attempt)
        # In the order of the records, so that all shared values of a record are in one page.
        if len(page) == _PAGE and key not in page:
            yield page
            page = {}
        page.setdefault(key, []).append((row.code, row.path))
    if page:
        yield page


_SQL = queries(file="shared_values")
