"""What a task works on: a batch of a wave, or a rerun's part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRef:
    """A wave, as its own run sees it or, with the number of a rerun, as that rerun does."""

    wave_id: int
    rerun: int | None = None

    @property
    def values(self) -> dict[str, int | None]:
        """The statement parameters that identify it."""
        return {"wave_id": self.wave_id, "rerun_id": self.rerun}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRef:
    """A batch of a wave; with the number of a rerun only the records that it selected."""

    wave_id: int
    batch: int
    rerun: int | None = None

    @classmethod
    def read(cls, *, values: Mapping[str, Any]) -> BatchRef:
        """Read what `plain` wrote."""
        rerun = values.get("rerun_id")
        return cls(
            wave_id=int(values["wave_id"]),
            batch=int(values["batch"]),
            rerun=None if rerun is None else int(rerun),
        )

    @property
    def plain(self) -> dict[str, int]:
        """Return it as an XCom and a trigger carry it."""
        return {name: value for name, value in self.values.items() if value is not None}

    @property
    def values(self) -> dict[str, int | None]:
        """The statement parameters that identify it."""
        return {"wave_id": self.wave_id, "batch": self.batch, "rerun_id": self.rerun}

    @property
    def wave(self) -> WaveRef:
        """The wave, seen the same way."""
        return WaveRef(wave_id=self.wave_id, rerun=self.rerun)
