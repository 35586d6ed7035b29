"""How the last records of a stage ended, for the error budget of a wave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.tracking.queries import queries

BudgetStage: TypeAlias = Literal["validate", "load"]
"""load: creation and what Kraken made of it, since a record ends there only once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """How many of the last records there are, and how many of them failed."""

    settled: int
    failed: int


def recent(
    *, connection: Connection, wave_id: int, stage: BudgetStage, window: int, since: datetime
) -> Recent:
    """The last `window` records of a wave that a stage has settled since then."""
    row = connection.exec_driver_sql(
        _SQL[stage], {"wave_id": wave_id, "window": window, "since": since}
    ).one()
    return Recent(settled=int(row.settled), failed=int(row.failed))


_SQL = queries(file="budget")
