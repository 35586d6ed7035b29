"""Compares what was selected, built, accepted and kept with each other, and with what Kraken itself holds.

It reads and reports, and changes no record: every difference becomes a row that a person can act on, and is
settled when a later run no longer finds it. Records that have not changed since they were found correct are
skipped, except once a week.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import Connection

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import comparisons, listing, processes, reconciliation, restored
from kraken_import.tracking.comparisons import Extent, Run, Standing
from kraken_import.tracking.listing import NO_DOUBTS, WITHOUT_LISTING, Doubts
from kraken_import.tracking.reconciliation import Difference, Reconcilable, Scope
from kraken_import.tracking.waves import load_wave
from kraken_import.usecases.calling import fault_of, open_session
from kraken_import.usecases.comparing import (
    KEPT_KINDS,
    LOCAL_KINDS,
    PAYLOAD_KINDS,
    local_differences,
    payload_differences,
    wave_count,
)
from kraken_import.usecases.extents import extent_of, payloads_from
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.kraken_side import LISTING_KINDS, RECORD_KINDS, TO_ASK, KrakenSide
from kraken_import.usecases.restored import settled_after
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import NEVER_CREATED

_KEPT_AT_ONCE: Final = 1_000
_MOST_UNKNOWN: Final = 10_000

T = TypeVar("T")


class NotThisKraken(BadRequest):
    """The wave went through another Connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Waves that were compared, open differences by kind, and one sentence when there are any.

    `skipped` counts those waves in which nothing had changed.
    """

    waves: tuple[Reconcilable, ...]
    differences: dict[str, int]
    failure: str | None
    skipped: frozenset[int] = frozenset()


async def reconcile(
    *,
    systems: Systems,
    connection_id: str,
    now: datetime,
    wave_id: int | None = None,
    full: bool = False,
) -> Reconciled:
    """Reconcile a wave, or every live wave of a Connection that has something processed or parked.

    `full` compares all of each wave; a wave that is given by number is always compared in full. Raises
    `BadRequest` for a wave that does not exist or belongs to another Kraken, `SystemicFault` and `Retryable`
    when Kraken cannot be asked: then no difference is settled that was not checked.
    """
    with systems.tracking.connect() as connection:
        waves = reconciliation.waves(connection=connection, connection_id=connection_id, wave_id=wave_id)
    if wave_id is not None:
        _check(waves=waves, wave_id=wave_id, connection_id=connection_id, kraken=systems.kraken)
    groups: dict[Scope, list[Reconcilable]] = defaultdict(list)
    for wave in waves:
        if wave.target_kraken == systems.kraken.target:
            groups[replace(wave.scope, wave_id=None)].append(wave)
    found: Counter[str] = Counter()
    skipped: set[int] = set()
    for scope, members in groups.items():
        # Kraken's listing is in a temporary table, which belongs to one connection.
        with systems.tracking.connect() as connection:
            comparison = _Comparison(
                connection=connection,
                scope=scope,
                waves=members,
                is_full=full or wave_id is not None,
                now=now,
            )
            await comparison.run(systems=systems)
        found.update(comparison.found)
        skipped |= comparison.skipped
    return Reconciled(
        waves=tuple(wave for members in groups.values() for wave in members),
        differences=dict(found),
        failure=_failure(found=found),
        skipped=frozenset(skipped),
    )


def _check(
    *, waves: Sequence[Reconcilable], wave_id: int, connection_id: str, kraken: KrakenSettings
) -> None:
    if not waves:
        raise BadRequest(f"There is no wave {wave_id}: `kraken-migrate wave list` shows all of them.")
    (wave,) = waves
    if wave.connection_id != connection_id:
        raise NotThisKraken(f"Wave {wave.name!r} went through Connection {wave.connection_id!r}.")
    if wave.target_kraken != kraken.target:
        raise BadRequest(
            f"Connection {connection_id!r} leads to {kraken.target}, but wave {wave.name!r} went to "
            f"{wave.target_kraken}: point it back to reconcile that wave."
        )


def _failure(*, found: Counter[str]) -> str | None:
    if not found:
        return None
    listed = ", ".join(f"{kind} {number}" for kind, number in sorted(found.items()))
    several = "difference is" if found.total() == 1 else "differences are"
    return (
        f"{found.total()} {several} open after reconciliation ({listed}): "
        "`kraken-migrate differences` lists them, and docs/how-to/reconcile.md says what to do."
    )


class _Comparison:
    """The comparison of all waves of one import supplier with themselves and with Kraken."""

    def __init__(
        self,
        *,
        connection: Connection,
        scope: Scope,
        waves: Sequence[Reconcilable],
        is_full: bool,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._waves = waves
        self._ids = [wave.id for wave in waves]
        self._is_full = is_full
        self._is_restored = False
        self._visible_until = now
        self._now = now
        self.found: Counter[str] = Counter()
        self.skipped: set[int] = set()

    async def run(self, *, systems: Systems) -> None:
        """Compare; then `found` has the open differences by kind, `skipped` the number of unchanged waves."""
        first = load_wave(connection=self._connection, wave_id=self._ids[0])
        self._is_restored = restored.in_force(connection=self._connection, wave_id=first.id) is not None
        self._connection.rollback()
        # Before Kraken is asked for anything.
        self._visible_until = processes.present(engine=systems.tracking) - settled_after(systems=systems)
        async with open_session(systems=systems, wave=first) as session:
            kraken = KrakenSide(
                connection=self._connection,
                session=session,
                fault_of=partial(fault_of, wave=first),
                scope=self._scope,
                is_restored=self._is_restored,
            )
            source = "none"
            if any(wave.mode is Mode.LIVE for wave in self._waves):
                source = "listing" if await kraken.read_listing() else "status"
            if source == "listing":
                await self._in_thread(self._keep_doubled)
            # Before anything is compared, so that whatever changes meanwhile is compared the next time.
            standings = await self._in_thread(self._standings)
            doubts: dict[int, Doubts] = {}
            if source == "listing":
                doubts = await self._in_thread(self._doubts)
            for wave in self._waves:
                await self._reconcile_wave(
                    wave=wave,
                    standing=standings[wave.id],
                    doubts=WITHOUT_LISTING if source == "status" else doubts.get(wave.id, NO_DOUBTS),
                    kraken=kraken,
                    source=source if wave.mode is Mode.LIVE else "none",
                )
            if source == "listing":
                await self._in_thread(self._reconcile_listing, kraken.counted)
            await self._in_thread(partial(listing.end, connection=self._connection))

    async def _reconcile_wave(
        self, *, wave: Reconcilable, standing: Standing, doubts: Doubts, kraken: KrakenSide, source: str
    ) -> None:
        """Compare what has changed in a wave with itself, and what is in doubt with Kraken."""
        extent = extent_of(
            standing=standing,
            doubts=doubts,
            is_closed=wave.closed_at is not None,
            is_full=self._is_full or source == "none",
            now=self._now,
        )
        is_local = extent in (Extent.FULL, Extent.CHANGED)
        counted: dict[str, int] = {}
        kinds: set[str] = set()
        if is_local:
            counted |= await self._in_thread(self._compare, wave)
            kinds |= LOCAL_KINDS if wave.purged_at is None else KEPT_KINDS
            # Separately, since it takes longest: the rows of what was found so far are free for their owners.
            since = payloads_from(extent=extent, standing=standing)
            await self._in_thread(self._compare_payloads, wave, since)
        if source != "none" and extent is not Extent.SKIPPED:
            counted |= kraken.counted
            counted |= await self._ask(wave=wave, kraken=kraken, source=source)
            kinds |= RECORD_KINDS | (LISTING_KINDS if source == "listing" else set())
        if extent is Extent.SKIPPED:
            self.skipped.add(wave.id)
        run = Run(
            source=source,
            extent=extent,
            counted=counted,
            watermark=standing.watermark,
            doubts=doubts.mark,
            compared_at=standing.read_at if is_local else standing.compared_at,
            full_at=self._now if extent is Extent.FULL else standing.full_at,
            visible_until=self._visible_until,
        )
        await self._in_thread(self._settle, wave.scope, kinds, run)

    async def _ask(self, *, wave: Reconcilable, kraken: KrakenSide, source: str) -> dict[str, int]:
        """Ask Kraken about the doubted records of a wave. Returns how many there were."""
        if source == "status":
            states = TO_ASK | NEVER_CREATED if self._is_restored else TO_ASK
            await self._in_thread(
                partial(listing.doubt_all, connection=self._connection, wave_id=wave.id, states=states)
            )
        asked = differ = 0
        async with aclosing(kraken.ask(wave_id=wave.id)) as pages:
            async for page in pages:
                asked += page.records
                differ += len(page.differences)
                await self._in_thread(self._keep, page.differences)
        confirmed = {"confirmed_although_listed_otherwise": asked - differ} if source == "listing" else {}
        return {"asked_one_by_one": asked, **confirmed}

    def _standings(self) -> dict[int, Standing]:
        return comparisons.standings(
            connection=self._connection, wave_ids=self._ids, payload_kinds=PAYLOAD_KINDS
        )

    def _doubts(self) -> dict[int, Doubts]:
        return listing.doubts(connection=self._connection, wave_ids=self._ids, never_created=NEVER_CREATED)

    def _keep_doubled(self) -> None:
        self._keep(listing.doubled(connection=self._connection, scope=self._scope, wave_ids=self._ids))

    def _compare(self, wave: Reconcilable) -> dict[str, int]:
        """Compare a wave with itself. Returns the number of its records at each stage."""
        kinds = self._keep(local_differences(connection=self._connection, wave=wave))
        counted = reconciliation.counts(connection=self._connection, wave_id=wave.id)
        count = wave_count(wave_id=wave.id, counted=counted)
        if count is not None and "batch_count" not in kinds:
            self._keep([count])
        return counted

    def _compare_payloads(self, wave: Reconcilable, since: datetime | None) -> None:
        if wave.purged_at is None:
            self._keep(payload_differences(connection=self._connection, wave_id=wave.id, since=since))

    def _reconcile_listing(self, counted: dict[str, int]) -> None:
        """Compare the whole listing with all waves, for what belongs to none."""
        unknown, number = listing.unknown_here(
            connection=self._connection, scope=self._scope, most=_MOST_UNKNOWN
        )
        self._keep(unknown)
        run = Run(
            source="listing",
            extent=Extent.FULL,
            counted={**counted, "unknown_here": number},
            visible_until=self._visible_until,
        )
        self._settle(self._scope, LISTING_KINDS, run)

    def _keep(self, differences: Iterable[Difference]) -> set[str]:
        """Write down what was found, a page at a time. Returns its kinds."""
        kinds: set[str] = set()
        remaining = iter(differences)
        while page := list(islice(remaining, _KEPT_AT_ONCE)):
            kinds.update(found.kind for found in page)
            reconciliation.keep(
                connection=self._connection, scope=self._scope, differences=page, at=self._now
            )
        return kinds

    def _settle(self, scope: Scope, kinds: Collection[str], run: Run) -> None:
        """Settle what was looked for and not found again, and record the run."""
        reconciliation.resolve(connection=self._connection, scope=scope, kinds=kinds, at=self._now)
        still_open = reconciliation.open_kinds(connection=self._connection, scope=scope)
        comparisons.record_run(
            connection=self._connection,
            scope=scope,
            run=run,
            differences=sum(still_open.values()),
            at=self._now,
        )
        self.found.update(still_open)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """Do the work in a separate transaction, off the event loop."""

        def run() -> T:
            with self._connection.begin():
                return work(*arguments)

        return await asyncio.to_thread(run)
