"""Which records a page or an order is about, as its address or form says it: by numbers, codes and paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kraken_import.console.asking import Asked
from kraken_import.domain.lifecycle import State
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.triage import LEFT, Matching
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.triage import NO_ERROR

MOST_WAVES: Final = 20
_MOST_TICKED: Final = 100
_CRITERIA: Final = ("code", "path", "stage", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Records of some waves of one dialect, mode and Kraken."""

    waves: Sequence[WaveLine]
    matching: Matching
    values: Mapping[str, str]
    """What addresses say of them."""

    @property
    def dialect(self) -> str:
        """The dialect of the waves."""
        return self.waves[0].dialect

    @property
    def wave_id(self) -> int | None:
        """The wave, where it is one."""
        return self.waves[0].id if len(self.waves) == 1 else None

    @property
    def is_live(self) -> bool:
        """Whether the waves are live."""
        return self.waves[0].mode == "live"

    @property
    def where(self) -> str:
        """The waves in words."""
        if len(self.waves) == 1:
            wave = self.waves[0]
            return f"wave {wave.id} {wave.name!r} ({wave.mode}, {wave.dialect})"
        listed = ", ".join(str(wave.id) for wave in self.waves)
        return f"waves {listed} ({self.waves[0].mode}, {self.dialect})"

    @property
    def words(self) -> str:
        """What they are, in words without identifiers."""
        match = self.matching
        said = [f"{match.state.value} " if match.state else "", f"records of {self.where}"]
        if match.code is not None:
            said.append(f" with {match.code or NO_ERROR}")
        if match.path is not None and match.code != "":
            said.append(f" at {match.path or 'the whole record'}")
        if match.stage and match.code != "":
            said.append(f" in step {match.stage}")
        if match.ids is not None:
            said.append(", those that were ticked")
        elif match.code is None and match.state is None:
            said.append(", all that did not come through")
        return "".join(said)


def chosen(*, asked: Asked, values: Mapping[str, str]) -> Chosen:
    """Return what is meant. Raises `NotFound` for a wave that may not be read, and `BadRequest`."""
    numbers = _numbers(text=values.get("wave", ""), most=MOST_WAVES, what="a wave")
    if not numbers:
        raise BadRequest("Say which wave: go to its page, and press the button there.")
    waves = [asked.wave(wave_id=number) for number in dict.fromkeys(numbers)]
    if len({(wave.dialect, wave.mode, wave.target_kraken) for wave in waves}) > 1:
        raise BadRequest("These waves are of several dialects, modes or Krakens: choose one of them.")
    state = values.get("state") or None
    if state is not None and state not in LEFT:
        raise BadRequest(f"There is nothing to mend about records in that state: choose {_listed()}.")
    ticked = values.get("records")
    return Chosen(
        waves=waves,
        matching=Matching(
            wave_ids=[wave.id for wave in waves],
            code=values.get("code"),
            path=values.get("path"),
            stage=values.get("stage") or None,
            state=None if state is None else State(state),
            ids=None if ticked is None else _numbers(text=ticked, most=_MOST_TICKED, what="records"),
        ),
        values={"wave": ",".join(str(wave.id) for wave in waves)}
        | {name: values[name] for name in _CRITERIA if name in values},
    )


def _numbers(*, text: str, most: int, what: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    if len(parts) > most or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise BadRequest(f"The address does not say {what}: go back, and choose there.")
    return [int(part) for part in parts]


def _listed() -> str:
    return ", ".join(sorted(state.value for state in LEFT))
