"""Pause, resume or cancel a wave, or stop everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.kinds.kind import AtOnce, Kind, Progress, Scope
from kraken_import.console.values import wave_id_of
from kraken_import.domain.orders import Order
from kraken_import.tracking import control as orders
from kraken_import.tracking.actions import NewAction
from kraken_import.usecases.control import control_wave, stop_all

_WORDS: Final[Mapping[orders.Action, tuple[str, str]]] = {
    "pause": (
        "Pause",
        "No further create is sent until it is resumed; what Kraken has is still asked about.",
    ),
    "resume": ("Resume", "Creates are sent again."),
    "cancel": (
        "Cancel",
        "No further create is sent, ever; what was not created is free for another wave, and what Kraken has "
        "is asked about to its end.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWave(AtOnce):
    """An order to one wave."""

    name: orders.Action
    act: Act = Act.CONTROL

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what the order means for the wave."""
        wave = asked.wave(wave_id=wave_id_of(values=values))
        word, means = _WORDS[self.name]
        return Scope(
            title=f"{word} wave {wave.name}",
            words=f"Wave {wave.id} {wave.name!r} ({wave.mode}, {wave.dialect}). {means}",
            button=word,
            dialect=wave.dialect,
            wave_id=wave.id,
            is_dangerous=self.name == "cancel",
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Give the order. Raises `BadRequest` where it makes no sense now."""
        order = Order(by=action.ordered_by, reason=action.reason, at=datetime.now(UTC))
        said = control_wave(tracking=asked.writer, wave=str(scope.wave_id), action=self.name, order=order)
        return Progress(sentence=said, outcome="done")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAll(AtOnce):
    """Stops every wave and rerun."""

    name: str = "stop_all"
    act: Act = Act.CONTROL

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what the order means."""
        return Scope(
            title="Stop everything",
            words="Every wave and rerun under way, of every dialect and Kraken: nothing more is created "
            "until their runs are cleared; what Kraken has is asked about to its end.",
            button="Stop everything",
            is_dangerous=True,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Give the order."""
        order = Order(by=action.ordered_by, reason=action.reason, at=datetime.now(UTC))
        # All users read this order, and not each may read of each wave.
        said = stop_all(tracking=asked.writer, kraken=None, order=order, names=False)
        return Progress(sentence=said, outcome="done")


KINDS: Final[tuple[Kind, ...]] = (
    ControlWave(name="pause"),
    ControlWave(name="resume"),
    ControlWave(name="cancel"),
    StopAll(),
)
