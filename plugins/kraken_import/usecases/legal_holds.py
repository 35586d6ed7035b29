"""Legal holds: nothing of a wave, or of a customer, is purged or erased until the hold has ended."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine

from kraken_import.domain.orders import Order
from kraken_import.tracking import legal_holds
from kraken_import.tracking.legal_holds import LegalHold
from kraken_import.usecases.control import find_wave, title
from kraken_import.usecases.faults import BadRequest


def hold(*, tracking: Engine, wave: str | None, external_identifier: str | None, order: Order) -> str:
    """Hold a wave, or a customer in whatever wave. Returns one sentence. Raises `BadRequest`.

    It begins when what is being purged, deleted or erased just now has ended, and counts for all that comes.
    """
    reason = _reason(order=order)
    try:
        with tracking.begin() as connection:
            legal_holds.lock(connection=connection)
            named = None if wave is None else find_wave(connection=connection, wave=wave)
            is_known = external_identifier is None or legal_holds.is_known(
                connection=connection, external_identifier=external_identifier
            )
            number = legal_holds.add(
                connection=connection,
                wave_id=None if named is None else named.id,
                external_identifier=external_identifier,
                by=order.by,
                reason=reason,
            )
    except legal_holds.TakingUnderWay:
        raise BadRequest(
            "Nothing is held yet: a purge, retention or an erasure has been at work for a minute, so try it "
            "again."
        ) from None
    what = "The customer" if named is None else title(named=named)
    if number is None:
        raise BadRequest(f"{what} is under a legal hold already: `kraken-migrate hold list` shows it.")
    if not is_known:
        return (
            f"Legal hold {number} is for an identifier that no wave and no cohort has: if it is misspelt, "
            f"nothing keeps the customer, so look it up, and end hold {number} if it is wrong."
        )
    return f"{what} is under legal hold {number}: nothing of it is purged or erased until that ends."


def holds(*, tracking: Engine) -> list[LegalHold]:
    """Return the holds in force, the oldest first."""
    with tracking.connect() as connection:
        return legal_holds.in_force(connection=connection)


def end_hold(*, tracking: Engine, number: int, order: Order) -> str:
    """End a hold. Returns one sentence. Raises `BadRequest`."""
    reason = _reason(order=order)
    with tracking.begin() as connection:
        if not legal_holds.end(connection=connection, number=number, by=order.by, reason=reason):
            raise BadRequest(
                f"No legal hold {number} is in force: `kraken-migrate hold list` shows those that are."
            )
    return f"Legal hold {number} has ended: what it kept may be purged and erased again."


def _reason(*, order: Order) -> str:
    if order.reason is None:
        raise BadRequest("Say why by --reason: it is kept for those who ask.")
    return order.reason


def in_words(*, numbers: Iterable[int]) -> list[str]:
    """Return what stands in the way of purging or erasing, for each hold that is in force."""
    return [f"legal hold {number} is in force (kraken-migrate hold list)" for number in numbers]
