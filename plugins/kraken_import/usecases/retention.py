"""Deletes what is kept for longer than the setting says, wave by wave, and logs what it did.

It may be broken off and repeated at any point: what is gone is not due any more. Each statement is about a
bounded number of rows, in a transaction of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.orders import Order
from kraken_import.domain.retention import Kind
from kraken_import.tracking import legal_holds, processes, purge, retention
from kraken_import.tracking.retention import DueWave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.purge import UnderLegalHold, not_over, purge_wave

_PAGE: Final = 10_000
_BY: Final = "retention"
_RECORDED: Final[frozenset[Kind]] = frozenset({"answers", "details", "runs"})


class _Held(Exception):
    """A legal hold keeps the wave."""


DeleteReport = Callable[[DueWave], bool]
"""Deletes the report of a wave. Returns whether there was one."""


@dataclass(slots=True, kw_only=True)
class Retained:
    """What was deleted, by kind; how many waves a legal hold keeps; and why others are kept, by wave."""

    deleted: Counter[str] = field(default_factory=Counter)
    held: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def failure(self) -> str | None:
        """One sentence on what is kept for longer than it may be; None where nothing is."""
        if not self.refused:
            return None
        wave_id, first = next(iter(self.refused.items()))
        return (
            f"{len(self.refused)} waves are kept for longer than the setting allows, wave {wave_id} for "
            f"example ({first.rstrip('.')}): see to what each needs, and the next run takes them."
        )


def retain(*, tracking: Engine, days: Mapping[Kind, int], delete_report: DeleteReport) -> Retained:
    """Delete what is older than the days of its kind, by the database's clock. Returns what was done.

    A wave with records that are open, or that a run or a rerun still works on, and one under a legal hold
    keeps all it has.
    """
    now = processes.present(engine=tracking)
    work = _Work(tracking=tracking, delete_report=delete_report, now=now)
    for kind, kept in days.items():
        before = now - timedelta(days=kept)
        if kind == "runs":
            work.log(kind=kind, wave_id=None, amount=work.delete_runs(before=before, days=kept), days=kept)
            continue
        with tracking.connect() as connection:
            waves = retention.due(connection=connection, kind=kind, before=before)
        for wave in waves:
            amount = work.take(kind=kind, wave=wave, days=kept)
            if amount is not None:
                work.log(kind=kind, wave_id=wave.id, amount=amount, days=kept)
    return work.done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    tracking: Engine
    delete_report: DeleteReport
    now: datetime
    done: Retained = field(default_factory=Retained)

    def take(self, *, kind: Kind, wave: DueWave, days: int) -> int | None:
        """Delete one kind of data of a wave. Returns how much; None where the wave keeps it."""
        try:
            with self._taking(wave=wave) as connection:
                standing = purge.lock(connection=connection, wave_id=wave.id)
                obstacles = not_over(connection=connection, wave_id=wave.id, standing=standing)
            if not obstacles:
                return self._delete(kind=kind, wave=wave, days=days)
            self.done.refused[wave.id] = "; ".join(obstacles)
        except (_Held, UnderLegalHold):
            self.done.held.add(wave.id)
        except BadRequest as refusal:
            self.done.refused[wave.id] = str(refusal)
        except retention.NotOver:
            self.done.refused[wave.id] = "a record of it was opened again meanwhile"
        except purge.UnableToDrop:
            self.done.refused[wave.id] = "other work holds the table of its answers"
        return None

    def delete_runs(self, *, before: datetime, days: int) -> int:
        """Delete old comparisons and outages. Returns their number."""
        return self._in_pages(
            lambda connection: retention.delete_runs(
                connection=connection, before=before, most=_PAGE, days=days
            )
        )

    def log(self, *, kind: Kind, wave_id: int | None, amount: int, days: int) -> None:
        """Count what was deleted, and record it; also that a wave had none, so that it is not due again.

        What the owner of the schema deletes is recorded where it is deleted.
        """
        self.done.deleted[kind] += amount
        if kind not in _RECORDED:
            with self.tracking.begin() as connection:
                retention.record(connection=connection, kind=kind, wave_id=wave_id, amount=amount, days=days)

    def _delete(self, *, kind: Kind, wave: DueWave, days: int) -> int:
        if kind == "payloads":
            order = Order(by=_BY, reason="The days that the setting keeps them are over", at=self.now)
            purge_wave(tracking=self.tracking, wave=str(wave.id), order=order)
            return 1
        if kind == "answers":
            with self._taking(wave=wave) as connection:
                retention.drop_answers(connection=connection, wave_id=wave.id, days=days)
            return 1
        if kind == "reports":
            with self._taking(wave=wave):
                return int(self.delete_report(wave))
        if kind == "digests":
            return self._in_pages(
                lambda connection: retention.delete_digests(
                    connection=connection, wave_id=wave.id, most=_PAGE
                ),
                wave=wave,
            )
        return self._in_pages(
            lambda connection: retention.blank_details(
                connection=connection, wave_id=wave.id, most=_PAGE, days=days
            ),
            wave=wave,
        )

    @contextmanager
    def _taking(self, *, wave: DueWave | None) -> Iterator[Connection]:
        """Yield a connection in whose transaction no hold begins. Raises `_Held` where one is in force."""
        with self.tracking.begin() as connection:
            legal_holds.keep_waiting(connection=connection)
            if wave is not None and legal_holds.of_wave(connection=connection, wave_id=wave.id):
                raise _Held
            yield connection

    def _in_pages(self, take: Callable[[Connection], int], *, wave: DueWave | None = None) -> int:
        """Repeat a statement, each time in its own transaction, until nothing is left. Returns the sum."""
        total = 0
        while True:
            with self._taking(wave=wave) as connection:
                amount = take(connection)
            total += amount
            if not amount:
                return total
