"""How the last records of each stage ended, for the error budget of a wave or of a rerun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import AWAITING, ENDED_AT_KRAKEN, SUCCEEDED, State
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import WaveRef

BudgetStage: TypeAlias = Literal["validate", "load"]
"""The two stages with an error budget: validation, and creation with processing."""

Stage: TypeAlias = Literal["validate", "create", "process"]
"""What has a budget: an accepted create counts as a success at once, however its processing ends."""

AGES: Final = (0, 1, 5, 15, 60)
"""Minutes after Kraken accepted a record at which its processing is compared with that of others."""

_IN_KRAKEN: Final = AWAITING | ENDED_AT_KRAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCause:
    """Why records failed: a code and a path without indexes, never a value."""

    code: str
    path: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRecords:
    """The number of latest records of a stage, how many of them failed, and the main causes first.

    For processing: among those that Kraken accepted at least `minutes` ago, ended or not.
    """

    stage: Stage
    minutes: int
    seen: int
    failed: int
    causes: tuple[BudgetCause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The last so many records of a stage, of those since then. `now` stands in for the database's clock."""

    records: int
    since: datetime
    now: datetime | None = None


def recent(
    *, connection: Connection, ref: WaveRef, stage: BudgetStage, span: Span, ages: Sequence[int] = AGES
) -> list[LatestRecords]:
    """Return the last records of each stage that a wave's own run, or a rerun, has had.

    Processing is looked at among records of each of these `ages`.

    A failure that only repeats the result of the record's previous try is left out. Stages are in order, the
    youngest first; a stage without a record is left out.
    """
    rows = _SQL.run(
        connection,
        "recent",
        **ref.values,
        stage=stage,
        window=span.records,
        since=span.since,
        now=span.now,
        ages=list(ages),
        answered=sorted(_IN_KRAKEN | {State.INVALID}),
        accepted=sorted(_IN_KRAKEN),
        ended_badly=sorted(ENDED_AT_KRAKEN - SUCCEEDED),
    )
    counts = sorted(rows, key=lambda row: (row.stage, row.minutes, -row.records, row.code or "", row.path))
    found = []
    for (name, minutes), group in groupby(counts, key=lambda row: (row.stage, row.minutes)):
        counted = list(group)
        causes = tuple(
            BudgetCause(code=row.code, path=row.path, records=int(row.records))
            for row in counted
            if row.failed
        )
        found.append(
            LatestRecords(
                stage=name,
                minutes=int(minutes),
                seen=sum(int(row.records) for row in counted),
                failed=sum(cause.records for cause in causes),
                causes=causes,
            )
        )
    return found


def answered(*, connection: Connection, ref: WaveRef, since: datetime, most: int) -> int:
    """Count the creates of a wave's own run, or of a rerun, answered since then; at most `most`."""
    values = {**ref.values, "since": since, "most": most}
    return int(_SQL.run(connection, "answered", **values).scalar_one())


_SQL = queries(file="budget")
