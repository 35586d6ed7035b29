"""What a wave is compared with on our own side: its plan, its history, its money, its payloads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from sqlalchemy import Connection

from kraken_import.tracking import reconciliation
from kraken_import.tracking.reconciliation import Difference, Reconcilable

PAYLOAD_KINDS: Final = frozenset({"payload_altered", "payload_missing"})

LOCAL_KINDS: Final = PAYLOAD_KINDS | {
    "wave_count",
    "batch_count",
    "batch_money",
    "history_differs",
    "balance_differs",
    "ledger_missing",
    "ledger_unknown",
}
"""Kinds of difference that are found without Kraken."""

KEPT_KINDS: Final = frozenset({"wave_count", "batch_count", "history_differs"})
"""Kinds that can be compared in a purged wave too. Others stay open, since nothing can prove them gone."""


def local_differences(*, connection: Connection, wave: Reconcilable) -> Iterator[Difference]:
    """Yield the differences found without Kraken and without reading payloads; of a purged wave no money."""
    compared = [reconciliation.batches, reconciliation.attempts]
    if wave.purged_at is None:
        compared += [reconciliation.money, reconciliation.batch_sums]
    yield from chain.from_iterable(compare(connection=connection, wave_id=wave.id) for compare in compared)


def wave_count(*, wave_id: int, counted: dict[str, int]) -> Difference | None:
    """Return the difference between a wave's claimed and its actual customers, if there is one."""
    if counted["claimed"] == counted["selected"] + counted["handed_on"]:
        return None
    here = reconciliation.customers(here=counted["selected"], handed_on=counted["handed_on"])
    return Difference(kind="wave_count", ours=here, theirs=f"{counted['claimed']} claimed", wave_id=wave_id)


def payload_differences(
    *, connection: Connection, wave_id: int, since: datetime | None
) -> Iterator[Difference]:
    """Yield payloads that are no longer what was built, of those built from `since` on, or of all.

    Purged payloads cannot be compared.
    """
    if not reconciliation.has_payloads(connection=connection, wave_id=wave_id):
        return
    for identifier, wanted, body in reconciliation.payload_hashes(
        connection=connection, wave_id=wave_id, since=since
    ):
        found = None if body is None else hashlib.sha256(body).digest()
        if found != wanted:
            yield Difference(
                kind="payload_missing" if found is None else "payload_altered",
                external_identifier=identifier,
                ours="none" if found is None else found.hex()[:16],
                theirs=wanted.hex()[:16],
                wave_id=wave_id,
            )
