"""Faults named by what the caller must do. Every message is one sentence for a person."""

from __future__ import annotations

from kraken_import.domain.stops import StopCode


class BadRequest(Exception):
    """The request cannot be carried out: fail at once, and say so to the person who asked."""


class Retryable(Exception):
    """A temporary fault of the infrastructure: the same task is worth another try."""


class SystemicFault(Exception):
    """No record of the wave can succeed: it is stopped, and nothing more is sent."""

    def __init__(self, *, code: StopCode, reason: str, stopped_now: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.stopped_now = stopped_now
        """Whether this fault stopped the wave, and not an earlier one, so that it is announced only once."""
