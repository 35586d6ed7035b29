"""Compares what was selected, built, accepted and kept with each other, and with what Kraken itself holds.

It looks and writes down, and changes no record: every difference becomes a row that somebody can act on,
and a row is settled when a later run no longer finds it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection

from kraken_import.client.answers import Answer, NotFound, ProcessStatus, Unauthorised
from kraken_import.client.session import KrakenSession, Listed, UnableToList
from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import Mode, State
from kraken_import.tracking import reconciliation
from kraken_import.tracking.reconciliation import Difference, Known, Reconcilable, Scope
from kraken_import.tracking.waves import load_wave
from kraken_import.usecases.calling import fault_of, open_session
from kraken_import.usecases.faults import BadRequest, Retryable
from kraken_import.usecases.parked import parked_difference
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import NEVER_CREATED, difference, signal_of

LOCAL_KINDS: Final = frozenset(
    {
        "wave_count",
        "batch_count",
        "batch_money",
        "history_differs",
        "balance_differs",
        "ledger_missing",
        "ledger_unknown",
        "payload_altered",
        "payload_missing",
    }
)
"""What is compared without Kraken."""

KEPT_KINDS: Final = frozenset({"wave_count", "batch_count", "history_differs"})
"""What can be compared of a purged wave too. What else is open stays open, since nothing can show its end."""

RECORD_KINDS: Final = frozenset(
    {"missing_at_kraken", "identifier_differs", "state_differs", "not_created_here", "parked_record"}
)
"""What Kraken is asked record by record, at least where its listing raises a doubt."""

LISTING_KINDS: Final = frozenset({"unknown_here", "doubled_at_kraken"})
"""What only a listing can show."""

_TO_ASK: Final = frozenset(
    {State.PROCESSED, State.ERRORED, State.CANCELLED, State.REJECTED, State.INVALID, State.PARKED}
)
_PAGE: Final = 500
_LISTED_AT_ONCE: Final = 5_000
_TRIES: Final = 3
_MOST_UNKNOWN: Final = 10_000

T = TypeVar("T")


class NotThisKraken(BadRequest):
    """The wave went through another Connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Waves that were looked at, open differences by kind, and one sentence when there are any."""

    waves: tuple[Reconcilable, ...]
    differences: dict[str, int]
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theirs:
    """How Kraken's side of an import supplier was read."""

    source: str
    doubled: tuple[Difference, ...] = ()


async def reconcile(
    *,
    systems: Systems,
    connection_id: str,
    now: datetime,
    wave_id: int | None = None,
) -> Reconciled:
    """Reconcile a wave, or every live wave of a Connection that has something processed or parked.

    Raises `BadRequest` for a wave that is not there or not of this Kraken, `SystemicFault` and `Retryable`
    when Kraken cannot be asked: nothing is settled then that was not looked at.
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
    for scope, members in groups.items():
        # Kraken's listing stands in a temporary table, which belongs to one connection.
        with systems.tracking.connect() as connection:
            found.update(
                await _reconcile_supplier(
                    connection=connection,
                    systems=systems,
                    scope=scope,
                    waves=members,
                    now=now,
                )
            )
    return Reconciled(
        waves=tuple(wave for members in groups.values() for wave in members),
        differences=dict(found),
        failure=_failure(found=found),
    )


def _check(
    *, waves: Sequence[Reconcilable], wave_id: int, connection_id: str, kraken: KrakenSettings
) -> None:
    if not waves:
        raise BadRequest(f"There is no wave {wave_id}: the view migration.wave_progress shows all of them.")
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
        f"{found.total()} {several} open after reconciliation ({listed}): see "
        "migration.reconciliation_difference, and docs/how-to/reconcile.md for what to do."
    )


async def _reconcile_supplier(
    *,
    connection: Connection,
    systems: Systems,
    scope: Scope,
    waves: Sequence[Reconcilable],
    now: datetime,
) -> dict[str, int]:
    """Reconcile the waves of one import supplier; open differences by kind."""
    found: Counter[str] = Counter()
    wave = load_wave(connection=connection, wave_id=waves[0].id)
    connection.rollback()
    async with open_session(systems=systems, wave=wave) as session:
        asker = _Asker(
            connection=connection, session=session, fault_of=partial(fault_of, wave=wave), scope=scope
        )
        live = [wave for wave in waves if wave.mode is Mode.LIVE]
        theirs = await asker.read_listing() if live else _Theirs(source="none")
        for each in waves:
            found.update(
                await _reconcile_wave(connection=connection, asker=asker, wave=each, theirs=theirs, now=now)
            )
        if theirs.source == "listing":
            found.update(
                await _reconcile_listing(
                    connection=connection, asker=asker, scope=scope, theirs=theirs, now=now
                )
            )
    return dict(found)


async def _reconcile_wave(
    *, connection: Connection, asker: _Asker, wave: Reconcilable, theirs: _Theirs, now: datetime
) -> dict[str, int]:
    """Compare a wave with itself, and a live one with Kraken; its open differences by kind."""
    differences = await _in_thread(_compare, connection, wave)
    kinds: Collection[str] = LOCAL_KINDS if wave.purged_at is None else KEPT_KINDS
    source = "none"
    if wave.mode is Mode.LIVE:
        source = theirs.source
        is_listed = source == "listing"
        differences += [found for found in theirs.doubled if found.wave_id == wave.id]
        differences += await asker.ask(wave_id=wave.id, listed=is_listed)
        kinds = {*kinds, *RECORD_KINDS, *(LISTING_KINDS if is_listed else ())}
    counted = reconciliation.counts(connection=connection, wave_id=wave.id)
    if counted["claimed"] != counted["selected"] + counted["handed_on"] and not any(
        difference.kind == "batch_count" for difference in differences
    ):
        here = reconciliation.customers(here=counted["selected"], handed_on=counted["handed_on"])
        differences.append(
            Difference(kind="wave_count", ours=here, theirs=f"{counted['claimed']} claimed", wave_id=wave.id)
        )
    return _keep(
        connection=connection,
        scope=wave.scope,
        differences=differences,
        kinds=kinds,
        source=source,
        counted={**counted, **asker.counted},
        now=now,
    )


async def _reconcile_listing(
    *, connection: Connection, asker: _Asker, scope: Scope, theirs: _Theirs, now: datetime
) -> dict[str, int]:
    """Compare the whole listing with all waves; open differences by kind that belong to no wave."""
    unknown, asker.counted["unknown_here"] = await _in_thread(_unknown_here, connection, scope)
    found = _keep(
        connection=connection,
        scope=scope,
        differences=[*unknown, *(found for found in theirs.doubled if found.wave_id is None)],
        kinds=LISTING_KINDS,
        source="listing",
        counted=asker.counted,
        now=now,
    )
    reconciliation.end_listing(connection=connection)
    connection.commit()
    return found


class _Asker:
    """Asks Kraken about one import supplier."""

    def __init__(
        self,
        *,
        connection: Connection,
        session: KrakenSession,
        fault_of: Callable[..., Exception | None],
        scope: Scope,
    ) -> None:
        self._connection = connection
        self._session = session
        self._fault_of = fault_of
        self._scope = scope
        self.counted: dict[str, int] = {}

    async def read_listing(self) -> _Theirs:
        """Read what Kraken lists into a temporary table, where it has a listing at all."""
        if self._scope.resource != "accounts":
            return _Theirs(source="status")
        await self._write(reconciliation.begin_listing)
        for imported in (False, True):
            if not await self._read_one(imported=imported):
                return _Theirs(source="status")
        await self._write(reconciliation.close_listing)
        doubled = await _in_thread(_doubled, self._connection, self._scope)
        return _Theirs(source="listing", doubled=tuple(doubled))

    async def ask(self, *, wave_id: int, listed: bool) -> list[Difference]:
        """Ask for each record that the listing raises a doubt about, or without one for each that has ended.

        A listing is older than what it is compared with; what the status endpoint says is the last word.
        """
        found: list[Difference] = []
        asked = 0
        after = 0
        while page := await _in_thread(self._page, wave_id, listed, after):
            after = page[-1].id
            asked += len(page)
            exchanges = await self._session.statuses(
                resource=self._scope.resource,
                import_supplier=self._scope.import_supplier,
                external_identifiers=(known.external_identifier for known in page),
            )
            for known, exchange in zip(page, exchanges, strict=True):
                difference = self._judge(known=known, answer=exchange.answer)
                if difference is not None:
                    found.append(replace(difference, wave_id=wave_id))
            if len(page) < _PAGE:
                break
        self.counted["asked_one_by_one"] = asked
        if listed:
            self.counted["confirmed_although_listed_otherwise"] = asked - len(found)
        return found

    def _page(self, wave_id: int, listed: bool, after: int) -> list[Known]:
        with self._connection.begin():
            if listed:
                return reconciliation.suspects(
                    connection=self._connection,
                    wave_id=wave_id,
                    never_created=NEVER_CREATED,
                    after=after,
                    most=_PAGE,
                )
            return reconciliation.settled(
                connection=self._connection, wave_id=wave_id, states=_TO_ASK, after=after, most=_PAGE
            )

    def _judge(self, *, known: Known, answer: Answer) -> Difference | None:
        if known.state is State.PARKED and not isinstance(answer, Unauthorised):
            return parked_difference(known=known, answer=answer)
        if not isinstance(answer, ProcessStatus | NotFound):
            raise self._fault_of(signal=signal_of(answer=answer), problem=self._session.problem) or Retryable(
                "Kraken gave no usable answer about a record: nothing that was not looked at is settled."
            )
        return judge(known=known, answer=answer)

    async def _read_one(self, *, imported: bool) -> bool:
        """Read one of the listings; whether Kraken has it."""
        for _ in range(_TRIES):
            await self._write(partial(reconciliation.forget_listed, imported=imported))
            try:
                number = await self._copy(imported=imported)
            except UnableToList as problem:
                if isinstance(problem.answer, NotFound):
                    return False
                fault = self._fault_of(signal=signal_of(answer=problem.answer), problem=self._session.problem)
                if fault is not None:
                    raise fault from None
            else:
                self.counted["listed_imported" if imported else "listed"] = number
                return True
        raise Retryable("Kraken's listing could not be read to its end: it is tried again.")

    async def _copy(self, *, imported: bool) -> int:
        number = 0
        waiting: list[Listed] = []
        entries = self._session.listing(imported=imported, import_supplier=self._scope.import_supplier)
        async with aclosing(entries) as pages:
            async for page in pages:
                number += len(page)
                waiting += page
                if len(waiting) >= _LISTED_AT_ONCE:
                    await self._add(imported=imported, listed=waiting)
                    waiting = []
        await self._add(imported=imported, listed=waiting)
        return number

    async def _add(self, *, imported: bool, listed: Sequence[Listed]) -> None:
        await self._write(
            partial(
                reconciliation.add_listed,
                imported=imported,
                listed=[(entry.external_identifier, entry.kraken_identifier) for entry in listed],
            )
        )

    async def _write(self, statement: Callable[..., None]) -> None:
        def run() -> None:
            with self._connection.begin():
                statement(connection=self._connection)

        await asyncio.to_thread(run)


def judge(*, known: Known, answer: ProcessStatus | NotFound) -> Difference | None:
    """The difference between a record and what Kraken says of it; None when there is none to act on."""
    kind = difference(state=known.state, kraken_identifier=known.kraken_identifier, answer=answer)
    if kind is None:
        return None
    ours, theirs = known.state.value, "unknown" if isinstance(answer, NotFound) else answer.status
    if kind == "identifier_differs" and isinstance(answer, ProcessStatus):
        ours, theirs = known.kraken_identifier or "none", answer.kraken_identifier or "none"
    return Difference(kind=kind, external_identifier=known.external_identifier, ours=ours, theirs=theirs)


def _compare(connection: Connection, wave: Reconcilable) -> list[Difference]:
    """Everything that can be compared without Kraken."""
    with connection.begin():
        kept = [
            *reconciliation.batches(connection=connection, wave_id=wave.id),
            *reconciliation.attempts(connection=connection, wave_id=wave.id),
        ]
        if wave.purged_at is not None:
            return kept
        return [
            *kept,
            *reconciliation.money(connection=connection, wave_id=wave.id),
            *reconciliation.batch_sums(connection=connection, wave_id=wave.id),
            *_payloads(connection=connection, wave_id=wave.id),
        ]


def _payloads(*, connection: Connection, wave_id: int) -> Iterator[Difference]:
    """Payloads that are no longer what was built. Purged ones cannot be looked at."""
    if not reconciliation.has_payloads(connection=connection, wave_id=wave_id):
        return
    for identifier, wanted, body in reconciliation.payload_hashes(connection=connection, wave_id=wave_id):
        found = None if body is None else hashlib.sha256(body).digest()
        if found != wanted:
            yield Difference(
                kind="payload_missing" if found is None else "payload_altered",
                external_identifier=identifier,
                ours="none" if found is None else found.hex()[:16],
                theirs=wanted.hex()[:16],
                wave_id=wave_id,
            )


def _unknown_here(connection: Connection, scope: Scope) -> tuple[list[Difference], int]:
    with connection.begin():
        return reconciliation.unknown_here(connection=connection, scope=scope, most=_MOST_UNKNOWN)


def _doubled(connection: Connection, scope: Scope) -> list[Difference]:
    with connection.begin():
        return reconciliation.doubled(connection=connection, scope=scope)


def _keep(
    *,
    connection: Connection,
    scope: Scope,
    differences: Sequence[Difference],
    kinds: Collection[str],
    source: str,
    counted: dict[str, int],
    now: datetime,
) -> dict[str, int]:
    """Write down what was found, settle what was not found again; open differences by kind."""
    if connection.in_transaction():
        connection.rollback()
    with connection.begin():
        reconciliation.keep(connection=connection, scope=scope, differences=differences, at=now)
        reconciliation.resolve(connection=connection, scope=scope, kinds=kinds, at=now)
        still_open = reconciliation.open_kinds(connection=connection, scope=scope)
        reconciliation.record_run(
            connection=connection,
            scope=scope,
            source=source,
            counted=counted,
            differences=sum(still_open.values()),
            at=now,
        )
    return still_open


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    return await asyncio.to_thread(work, *arguments)
