"""What a person orders: who it was, why, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kraken_import.domain.texts import LONGEST_NAME, LONGEST_REASON, plain

OF_AN_ORDER: Final = "console-"
"""Begins the id of a run that an order of the console began; the rest is the id of the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who ordered something, and when. A reason of blanks counts as none."""

    by: str
    reason: str | None
    at: datetime

    def __post_init__(self) -> None:
        """Strip the reason, and take out of both what cannot be seen."""
        reason = plain(text=self.reason or "", most=LONGEST_REASON).strip()
        object.__setattr__(self, "reason", reason or None)
        object.__setattr__(self, "by", plain(text=self.by, most=LONGEST_NAME))

    @property
    def because(self) -> str:
        """The reason for a sentence, in brackets after a blank; empty without one."""
        return f" ({self.reason})" if self.reason else ""
