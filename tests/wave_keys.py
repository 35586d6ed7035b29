"""Wrapping keys of tests: a list that a test may change under a running wave."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from kraken_import.domain.wrapping import Wrapping, read_wrapping

FIRST, SECOND, THIRD = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))


@dataclass(kw_only=True)
class Keys:
    """A source of wrapping keys that is whatever the test says, and counts how often it is read."""

    text: str = FIRST
    reads: int = 0
    named: str = "Connection 'wave_keys'"

    def read(self) -> Wrapping | None:
        """Return what wraps now."""
        self.reads += 1
        return read_wrapping(text=self.text, named=self.named)

    def check_silence(self) -> None:
        """Do nothing: what a test says is certain."""
