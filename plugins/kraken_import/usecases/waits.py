"""What a batch waits for while it is polled, and when that is over. Times are the event loop's seconds."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from dataclasses import dataclass, field
from typing import Final

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.rounds import Round
from kraken_import.usecases.waiting import Why, say

_log = logging.getLogger(__name__)

_LONGEST_WAIT_FOR_AN_END: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """When a waiting batch goes on: after so many seconds, and what else must have happened by then.

    If Kraken throttles it, a record must have ended, if any was open; if it is paused, it must have been
    resumed or stopped; in an outage Kraken must answer again or be given up.
    """

    why: Why
    seconds: float


class Voice:
    """Writes to the log of the task whose context it was made in, from any other context."""

    __slots__ = ("_context",)

    def __init__(self) -> None:
        self._context = contextvars.copy_context()

    def say(self, sentence: str) -> None:
        """Log what is waited for."""
        self._context.run(say, sentence)

    def warn(self, hiccup: BaseException) -> None:
        """Log that polling failed just now."""
        self._context.run(_log.warning, "Could not poll (%s): trying again.", type(hiccup).__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Wait:
    """One waiting batch: until everything has ended, until a time, or until it may go on creating."""

    ref: BatchRef
    until: float
    resumption: Resumption | None
    began: float
    is_over: asyncio.Future[None]
    voice: Voice = field(default_factory=Voice)
    still_open: int | None = None
    """Records open after the last round; None before the first, and after one that has not counted them."""
    ended: int = 0
    was_paused: bool = False
    hiccup: BaseException | None = None
    """Why the last round could not be held."""

    @property
    def resume_at(self) -> float:
        """The earliest time at which it may go on."""
        return self.began + (0.0 if self.resumption is None else self.resumption.seconds)

    def count(self, *, found: Round) -> None:
        """Record the result of a round, and end the wait if everything has ended."""
        self.hiccup = None
        self.ended += found.ended
        self.still_open = found.still_open
        if self.resumption is None and found.still_open == 0:
            self.end()

    def judge(self, *, now: float, is_paused: bool | None) -> None:
        """End the wait if it is over; where `is_paused` is not known (None), only time counts."""
        if now >= self.until:
            if self.hiccup is None:
                self.end()
            else:
                self.fail(self.hiccup)
        elif self.resumption is None or is_paused is None:
            return
        elif is_paused:
            self.was_paused = True
        elif self.was_paused or (now >= self.resume_at and not self._waits_for_an_end(now)):
            self.end()

    def _waits_for_an_end(self, now: float) -> bool:
        # Open records may not end for hours; the next try finds out whether a limit still holds.
        return (
            self.resumption is not None
            and self.resumption.why == "throttled"
            and self.still_open != 0
            and not self.ended
            and now < self.resume_at + _LONGEST_WAIT_FOR_AN_END
        )

    def end(self) -> None:
        """Let the batch go on."""
        if not self.is_over.done():
            self.is_over.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Let the batch end with this error."""
        if not self.is_over.done():
            self.is_over.set_exception(error)
