"""Purges a wave: its payloads, answers and amounts go, and the outcome of each customer stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.orders import Order
from kraken_import.domain.texts import counted
from kraken_import.tracking import cutover, legal_holds, purge
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases.control import find_wave, title
from kraken_import.usecases.cutover import CALLED
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.legal_holds import in_words
from kraken_import.usecases.moments import in_utc


class UnderLegalHold(BadRequest):
    """A legal hold keeps the wave."""


def purge_wave(*, tracking: Engine, wave: str, order: Order) -> str:
    """Purge the wave with this id or name. Returns one sentence on what that means.

    Nothing is created in the wave from then on; customers that it has not migrated can be named for another
    wave. Raises `BadRequest`, which says what stands in the way, and purges nothing then.
    """
    if not wave.strip():
        raise BadRequest("Say which wave to purge, by its id or name.")
    try:
        with tracking.begin() as connection:
            named = find_wave(connection=connection, wave=wave.strip())
            obstacles = _obstacles(connection=connection, named=named, now=order.at)
            if not obstacles:
                purge.purge(connection=connection, wave_id=named.id, order=order)
    except purge.UnableToDrop:
        raise BadRequest(
            f"{title(named=named)} was not purged: other work holds the tables of payloads and answers, so "
            "try again in a minute."
        ) from None
    # Customers listed as handed back stay listed, and can be owned.
    if obstacles:
        raise BadRequest(f"{title(named=named)} cannot be purged yet: {'; '.join(obstacles)}.")
    return (
        f"{title(named=named)} is purged and closed: its payloads, answers and amounts are gone; states, "
        "errors and sums are kept."
    )


def _obstacles(*, connection: Connection, named: NamedWave, now: datetime) -> list[str]:
    """Return what keeps a wave from being purged. Raises `BadRequest` for one that has been, or is held."""
    legal_holds.keep_waiting(connection=connection)
    standing = purge.lock(connection=connection, wave_id=named.id)
    if standing.purged_at is not None:
        raise BadRequest(f"{title(named=named)} was purged already, on {in_utc(at=standing.purged_at)}.")
    holds = in_words(numbers=legal_holds.of_wave(connection=connection, wave_id=named.id))
    if holds:
        raise UnderLegalHold(f"{title(named=named)} cannot be purged yet: {'; '.join(holds)}.")
    obstacles = not_over(connection=connection, wave_id=named.id, standing=standing)
    # A rehearsal migrates no customer, so it leaves none behind.
    if standing.mode is Mode.LIVE:
        cutover.list_hand_backs(connection=connection, wave_id=named.id, at=now)
        obstacles += [
            f"{count} {CALLED[kind]} have no owner (kraken-migrate own)"
            for kind, count in cutover.unowned(connection=connection, wave_id=named.id).items()
        ]
    return obstacles


def not_over(*, connection: Connection, wave_id: int, standing: purge.Standing) -> list[str]:
    """Return why more may happen to the records of a wave, and what that is; empty when nothing can."""
    obstacles = []
    if standing.finished_at is None:
        obstacles.append("its run has not been summarised")
    obstacles += [
        f"rerun {rerun} has not been summarised"
        for rerun in cutover.running_reruns(connection=connection, wave_id=wave_id)
    ]
    if standing.unended:
        obstacles.append(
            f"{counted(number=standing.unended, noun='record')} "
            f"{'has' if standing.unended == 1 else 'have'} not ended at Kraken"
        )
    return obstacles
