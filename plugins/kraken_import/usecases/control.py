"""Orders to a running wave: pause, resume, cancel; or to everything: stop."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.orders import Order
from kraken_import.domain.stops import StopCode
from kraken_import.domain.texts import flaw_of
from kraken_import.tracking import control, waves
from kraken_import.tracking.control import Action, Standing, StoppedRun
from kraken_import.tracking.reruns import NamedWave, waves_named
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.wave_request import AirflowRun

_MOST_NAMED: Final = 20
"""More waves than this are counted, not named."""


class UnknownWave(BadRequest):
    """No wave has this id or name, or several have it."""


class NameTaken(BadRequest):
    """Another wave of this dialect, mode and Kraken is called so."""


class UnknownKraken(BadRequest):
    """No wave was ever planned for this Connection or Kraken."""


def is_known(*, tracking: Engine, wave: str) -> bool:
    """Return True where a database tracks the wave with this id or name. Raises `UnknownWave` otherwise."""
    if not wave.strip():
        raise BadRequest("Say which wave, by its id or name.")
    with tracking.connect() as connection:
        find_wave(connection=connection, wave=wave.strip())
    return True


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
                f"{StopCode.CANCELLED} by {order.by}{order.because}: what was not created is free for "
                "another wave."
            ),
        )
    if action == "resume" and standing.stop_code is not None:
        return (
            f"{title(named=named)} is no longer paused, but it stays stopped ({standing.stop_code}): "
            f"{standing.stop_reason}"
        )
    return f"{title(named=named)} {_MEANS[action]}"


def stop_all(*, tracking: Engine, kraken: str | None, order: Order, names: bool = True) -> str:
    """Stop every wave and rerun under way, of one Connection or Kraken or of all. Returns what was stopped.

    Once it has returned, earlier plans create nothing more, and intended creates stop leaving within a second
    or two. Clearing a run lets its wave or rerun go on. Without `names` what was stopped is counted only, for
    readers who may not know of all waves. Raises `UnknownKraken`.
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
    listed = f": {'; '.join(_shown(each) for each in stopped[:_MOST_NAMED])}" if names else ""
    more = f"; and {len(stopped) - _MOST_NAMED} more" if names and len(stopped) > _MOST_NAMED else ""
    reruns = sum(each.kind == "rerun" for each in stopped)
    return (
        f"Stopped {_counted(len(stopped) - reruns, 'wave')} and {_counted(reruns, 'rerun')}{listed}{more}. "
        "Nothing more is created until their runs are cleared; what Kraken has is polled to its end. "
        "A night that is still to come begins anyway: pause its DAG to prevent that."
    )


def _shown(stopped: StoppedRun) -> str:
    name = "" if stopped.name is None else f" {stopped.name!r}"
    return f"{stopped.kind} {stopped.id}{name} ({stopped.mode}, {stopped.dialect})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_MEANS: Final[dict[Action, str]] = {
    "pause": "is paused: no further create is sent until it is resumed; what Kraken has is still polled.",
    "resume": "goes on.",
    "cancel": "is cancelled for good: no further create is sent; what Kraken has is polled to its end.",
}


def find_wave(*, connection: Connection, wave: str, dialect: str | None = None) -> NamedWave:
    """Return the wave with this id or name, of a dialect if one is given.

    Raises `UnknownWave` when there is none, or more than one.
    """
    if flaw := flaw_of(text=wave):
        raise UnknownWave(f"There is no wave of a name that {flaw}.")
    named = waves_named(connection=connection, name=wave)
    found = [each for each in named if dialect in (None, each.dialect)]
    if not found:
        of = f" of {dialect}" if dialect else ""
        raise UnknownWave(f"There is no wave {wave!r}{of}: give the id or the name of one in migration.wave.")
    if len(found) > 1:
        listed = ", ".join(f"{each.id} ({each.mode}, {each.dialect})" for each in found)
        raise UnknownWave(f"Several waves are called {wave!r}: give the id of one: {listed}.")
    return found[0]


def run_of_wave(*, tracking: Engine, wave: str) -> AirflowRun:
    """Return the run of the wave with this id or name.

    Raises `UnknownWave`, and `BadRequest` for a closed one, whose run is not to be cleared.
    """
    with tracking.connect() as connection:
        named = find_wave(connection=connection, wave=wave)
        if named.closed_at is not None:
            raise BadRequest(
                f"{title(named=named)} is closed since {in_utc(at=named.closed_at)}, so its run is not to be "
                "cleared: `kraken-migrate wave open` first, unless it was purged."
            )
        run = waves.run_of(connection=connection, wave_id=named.id)
    return AirflowRun(dag_id=run.dag_id, run_id=run.run_id)


def check_name_is_free(*, tracking: Engine, name: str, dialect: str, mode: Mode, target: str | None) -> None:
    """Raise `NameTaken` where planning a wave would find its name taken, before any run is started for it.

    A name is free for another Kraken. Where `target` is not known, that of all waves counts if it is one.
    """
    with tracking.connect() as connection:
        found = [
            each
            for each in waves_named(connection=connection, name=name)
            if (each.name, each.dialect, each.mode) == (name, dialect, mode)
        ]
        targets = {known for _, known in control.known_krakens(connection=connection)} if found else set()
    for each in found:
        if each.target_kraken == target or targets == {each.target_kraken}:
            raise NameTaken(
                f"{title(named=each)} has this name already: choose another one by --name, or leave it out."
            )


def _check(*, named: NamedWave, standing: Standing, action: Action) -> None:
    wave = title(named=named)
    if standing.stop_code == StopCode.CANCELLED:
        raise BadRequest(f"{wave} was cancelled before: it cannot be changed any more.")
    if action == "resume" and standing.paused_at is None:
        raise BadRequest(f"{wave} is not paused: there is nothing to resume.")
    if action == "pause" and standing.paused_at is not None:
        raise BadRequest(f"{wave} is paused already, since {in_utc(at=standing.paused_at)}.")
    if action == "pause" and standing.stop_code is not None:
        raise BadRequest(f"{wave} has been stopped ({standing.stop_code}): there is nothing to pause.")
    if standing.finished_at is not None and not standing.has_unsettled:
        raise BadRequest(f"{wave} has ended: there is nothing to {action}.")


def title(*, named: NamedWave) -> str:
    """Return a wave as sentences call it."""
    return f"Wave {named.id} {named.name!r} ({named.mode}, {named.dialect})"
