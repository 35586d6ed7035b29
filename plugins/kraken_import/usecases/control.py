"""What people order a wave to do while it runs: pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from kraken_import.tracking import control
from kraken_import.tracking.control import Action, Named, Standing
from kraken_import.usecases.faults import BadRequest

CANCELLED: Final = "cancelled"
"""The stop code of a wave that never goes on."""


class UnknownWave(BadRequest):
    """No wave has this id or name, or several have it."""


def control_wave(
    *, tracking: Engine, wave: str, action: Action, ordered_by: str, reason: str | None, now: datetime
) -> str:
    """Pause, resume or cancel the wave with this id or name; one sentence on what that means.

    Once it has returned no create is intended any more, and those already intended stop leaving within a
    second or two. Raises `BadRequest` for an order that makes no sense.
    """
    reason = (reason or "").strip() or None
    with tracking.begin() as connection:
        named = _one(wave=wave, found=control.find(connection=connection, wave=wave.strip()))
        standing = control.lock(connection=connection, wave_id=named.id)
        _check(named=named, standing=standing, action=action)
        because = f" ({reason})" if reason else ""
        control.order(
            connection=connection,
            wave_id=named.id,
            action=action,
            ordered_by=ordered_by,
            reason=reason,
            stop_reason=(
                f"{CANCELLED} by {ordered_by}{because}: what was not created is free for another wave."
            ),
            at=now,
        )
    return f"{_title(named)} {_MEANS[action]}"


_MEANS: Final[dict[Action, str]] = {
    "pause": "is paused: no further create is sent until it is resumed; what Kraken has is still polled.",
    "resume": "goes on.",
    "cancel": "is cancelled for good: no further create is sent; what Kraken has is polled to its end.",
}


def _one(*, wave: str, found: Sequence[Named]) -> Named:
    if not found:
        raise UnknownWave(f"There is no wave {wave!r}: give the id or the name of one in migration.wave.")
    if len(found) > 1:
        listed = ", ".join(f"{each.id} ({each.mode}, {each.dialect})" for each in found)
        raise UnknownWave(f"Several waves are called {wave!r}: give the id of one: {listed}.")
    return found[0]


def _check(*, named: Named, standing: Standing, action: Action) -> None:
    title = _title(named)
    if standing.stop_code == CANCELLED:
        raise BadRequest(f"{title} was cancelled before: it cannot be changed any more.")
    if action == "resume" and standing.paused_at is None:
        raise BadRequest(f"{title} is not paused: there is nothing to resume.")
    if action == "pause" and standing.paused_at is not None:
        raise BadRequest(f"{title} is paused already, since {standing.paused_at:%Y-%m-%d %H:%M} UTC.")
    if action == "pause" and standing.stop_code is not None:
        raise BadRequest(f"{title} has been stopped ({standing.stop_code}): there is nothing to pause.")
    if standing.finished_at is not None and not standing.has_unsettled:
        raise BadRequest(f"{title} has ended: there is nothing to {action}.")


def _title(named: Named) -> str:
    return f"Wave {named.id} {named.name!r} ({named.mode}, {named.dialect})"
