"""Kraken's side of a reconciliation: its listing, and its answers about single records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from kraken_import.client.answers import Answer, NotFound, ProcessStatus, Unauthorised
from kraken_import.client.session import KrakenSession, ListedAccount, UnableToList
from kraken_import.domain.lifecycle import State
from kraken_import.tracking import listing
from kraken_import.tracking.listing import Page
from kraken_import.tracking.reconciliation import Difference, KnownRecord, Scope
from kraken_import.usecases.faults import Retryable
from kraken_import.usecases.parked import parked_difference
from kraken_import.usecases.verdicts import difference, signal_of

RECORD_KINDS: Final = frozenset(
    {"missing_at_kraken", "identifier_differs", "state_differs", "not_created_here", "parked_record"}
)
"""Kinds that Kraken is asked about record by record, at least where its listing raises a doubt."""

LISTING_KINDS: Final = frozenset({"unknown_here", "doubled_at_kraken"})
"""Kinds that only a listing can show."""

TO_ASK: Final = frozenset(
    {State.PROCESSED, State.ERRORED, State.CANCELLED, State.REJECTED, State.INVALID, State.PARKED}
)
"""States whose records are asked about one by one where Kraken has no listing."""

_PAGE: Final = 500
_LISTED_AT_ONCE: Final = 5_000
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Records that were asked about together, and what differs."""

    records: int
    differences: list[Difference]


class KrakenSide:
    """What Kraken has of one import supplier."""

    def __init__(
        self,
        *,
        connection: Connection,
        session: KrakenSession,
        fault_of: Callable[..., Exception | None],
        scope: Scope,
        is_restored: bool = False,
    ) -> None:
        self._is_restored = is_restored
        self._connection = connection
        self._session = session
        self._fault_of = fault_of
        self._scope = scope
        self.counted: dict[str, int] = {}
        """Number of records in each listing."""

    async def read_listing(self) -> bool:
        """Read Kraken's listing into a temporary table, and aggregate it. Returns whether it has one."""
        await self._write(listing.begin)
        if self._scope.resource != "accounts":
            return False
        for imported in (False, True):
            if not await self._read_one(imported=imported):
                return False
        await self._write(listing.aggregate)
        return True

    async def ask(self, *, wave_id: int) -> AsyncGenerator[Asked, None]:
        """Ask about each doubted record of a wave, some at a time.

        A listing is older than what it is compared with, so the status endpoint has the last word.
        """
        after = 0
        while (page := await asyncio.to_thread(self._page, wave_id, after)) is not None:
            after = page.last
            exchanges = await self._session.statuses(
                resource=self._scope.resource,
                import_supplier=self._scope.import_supplier,
                external_identifiers=(known.external_identifier for known in page.records),
            )
            judged = [
                self._judge(known=known, answer=exchange.answer)
                for known, exchange in zip(page.records, exchanges, strict=True)
            ]
            yield Asked(
                records=len(page.records),
                differences=[replace(found, wave_id=wave_id) for found in judged if found is not None],
            )
            if page.doubted < _PAGE:
                return

    def _page(self, wave_id: int, after: int) -> Page | None:
        with self._connection.begin():
            return listing.doubted_page(connection=self._connection, wave_id=wave_id, after=after, most=_PAGE)

    def _judge(self, *, known: KnownRecord, answer: Answer) -> Difference | None:
        if known.state is State.PARKED and not isinstance(answer, Unauthorised):
            return parked_difference(known=known, answer=answer)
        if not isinstance(answer, ProcessStatus | NotFound):
            raise self._fault_of(signal=signal_of(answer=answer), problem=self._session.problem) or Retryable(
                "Kraken gave no usable answer about a record: differences that were not checked stay open."
            )
        return judge(known=known, answer=answer, is_restored=self._is_restored)

    async def _read_one(self, *, imported: bool) -> bool:
        """Read one of the listings. Returns whether Kraken has it."""
        for _ in range(_TRIES):
            await self._write(partial(listing.forget, imported=imported))
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
        waiting: list[ListedAccount] = []
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

    async def _add(self, *, imported: bool, listed: Sequence[ListedAccount]) -> None:
        entries = ((entry.external_identifier, entry.kraken_identifier) for entry in listed)
        await self._write(partial(listing.add, imported=imported, listed=entries))

    async def _write(self, statement: Callable[..., None]) -> None:
        def run() -> None:
            with self._connection.begin():
                statement(connection=self._connection)

        await asyncio.to_thread(run)


def judge(
    *, known: KnownRecord, answer: ProcessStatus | NotFound, is_restored: bool = False
) -> Difference | None:
    """Return the difference between a record and what Kraken says of it; None when there is none."""
    kind = difference(
        state=known.state,
        kraken_identifier=known.kraken_identifier,
        answer=answer,
        is_restored=is_restored,
    )
    if kind is None:
        return None
    ours, theirs = known.state.value, "unknown" if isinstance(answer, NotFound) else answer.status
    if kind == "identifier_differs" and isinstance(answer, ProcessStatus):
        ours, theirs = known.kraken_identifier or "none", answer.kraken_identifier or "none"
    return Difference(kind=kind, external_identifier=known.external_identifier, ours=ours, theirs=theirs)
