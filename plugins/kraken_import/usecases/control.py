"""Orders to a running wave: pause, resume, cancel; or to everything: stop."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.orders import Order
from kraken_import.tracking import control
from kraken_import.tracking.control import Action, Named, Standing, Stopped
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc

CANCELLED: Final = "cancelled"
"""The stop code of a wave that never goes on."""

STOP_ALL: Final = "stop_all"
"""The stop code of what stop_all has stopped; clearing its run lets it go on."""


_MOST_NAMED: Final = 20
"""More waves than this are counted, not named."""


class UnknownWave(BadRequest):
    """No wave has this id or name, or several have it."""


class UnknownKraken(BadRequest):
    """No wave was ever planned for this Connection or Kraken."""


def control_wave(*, tracking: Engine, wave: str, action: Action, order: Order) -> str:
    """Pause, resume or cancel the wave with this id or name. Returns one sentence on what that means.

    Once it has returned no create is intended any more, and those already intended stop leaving within a
    second or two. Raises `BadRequest` for an order that makes no sense.
    """
    if not wave.strip():
        raise BadRequest(f"Say which wave to {action}, by its id or name.")
    with tracking.begin() as connection:
        named = find_wave(connection=connection, wave=wave.strip())
        standing = control.lock(connection=connection, wave_id=named.id)
        _check(named=named, standing=standing, action=action)
        control.carry_out(
            connection=connection,
            wave_id=named.id,
            action=action,
            order=order,
            stop_reason=(
                f"{CANCELLED} by {order.by}{order.because}: what was not created is free for another wave."
            ),
        )
    if action == "resume" and standing.stop_code is not None:
        return (
            f"{title(named=named)} is no longer paused, but it stays stopped ({standing.stop_code}): "
            f"{standing.stop_reason}"
        )
    return f"{title(named=named)} {_MEANS[action]}"


def stop_all(*, tracking: Engine, kraken: str | None, order: Order) -> str:
    """Stop every wave and rerun under way, of one Connection or Kraken or of all. Returns what was stopped.

    Once it has returned, earlier plans create nothing more, and intended creates stop leaving within a second
    or two. Clearing a run lets its wave or rerun go on. Raises `UnknownKraken`.
    """
    kraken = (kraken or "").strip().rstrip("/") or None
    whole = "everything" if kraken is None else f"everything that goes to {kraken}"
    with tracking.begin() as connection:
        if kraken is not None:
            known = control.known_krakens(connection=connection)
            if not any(kraken in each for each in known):
                listed = ", ".join(f"{name} ({target})" for name, target in known) or "none"
                raise UnknownKraken(
                    f"No wave was planned for the Connection or Kraken {kraken!r}: leave it empty to stop "
                    f"everything, or choose among {listed}."
                )
        stopped = control.stop_all(
            connection=connection,
            kraken=kraken,
            order=order,
            stop_reason=(
                f"{order.by} stopped {whole}{order.because}: nothing more is created; "
                "clear the run in Airflow to go on where it stopped."
            ),
        )
    if not stopped:
        return "Nothing was under way, so nothing had to be stopped: no wave and no rerun."
    listed = "; ".join(_shown(each) for each in stopped[:_MOST_NAMED])
    more = f"; and {len(stopped) - _MOST_NAMED} more" if len(stopped) > _MOST_NAMED else ""
    reruns = sum(each.kind == "rerun" for each in stopped)
    return (
        f"Stopped {_counted(len(stopped) - reruns, 'wave')} and {_counted(reruns, 'rerun')}: {listed}{more}. "
        "Nothing more is created until their runs are cleared; what Kraken has is polled to its end. "
        "A night that is still to come begins anyway: pause its DAG to prevent that."
    )


def _shown(stopped: Stopped) -> str:
    name = "" if stopped.name is None else f" {stopped.name!r}"
    return f"{stopped.kind} {stopped.id}{name} ({stopped.mode}, {stopped.dialect})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_MEANS: Final[dict[Action, str]] = {
    "pause": "is paused: no further create is sent until it is resumed; what Kraken has is still polled.",
    "resume": "goes on.",
    "cancel": "is cancelled for good: no further create is sent; what Kraken has is polled to its end.",
}


def find_wave(*, connection: Connection, wave: str) -> Named:
    """Return the wave with this id or name. Raises `UnknownWave` when there is none, or more than one."""
    found = control.find(connection=connection, wave=wave)
    if not found:
        raise UnknownWave(f"There is no wave {wave!r}: give the id or the name of one in migration.wave.")
    if len(found) > 1:
        listed = ", ".join(f"{each.id} ({each.mode}, {each.dialect})" for each in found)
        raise UnknownWave(f"Several waves are called {wave!r}: give the id of one: {listed}.")
    return found[0]


def _check(*, named: Named, standing: Standing, action: Action) -> None:
    wave = title(named=named)
    if standing.stop_code == CANCELLED:
        raise BadRequest(f"{wave} was cancelled before: it cannot be changed any more.")
    if action == "resume" and standing.paused_at is None:
        raise BadRequest(f"{wave} is not paused: there is nothing to resume.")
    if action == "pause" and standing.paused_at is not None:
        raise BadRequest(f"{wave} is paused already, since {in_utc(at=standing.paused_at)}.")
    if action == "pause" and standing.stop_code is not None:
        raise BadRequest(f"{wave} has been stopped ({standing.stop_code}): there is nothing to pause.")
    if standing.finished_at is not None and not standing.has_unsettled:
        raise BadRequest(f"{wave} has ended: there is nothing to {action}.")


def title(*, named: Named) -> str:
    """Return a wave as sentences call it."""
    return f"Wave {named.id} {named.name!r} ({named.mode}, {named.dialect})"
