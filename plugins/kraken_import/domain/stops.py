"""The codes of a stop: why a wave or a rerun creates nothing more.

The run book says of each what to do, and a test keeps the two equal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class StopCode(StrEnum):
    """What stopped a wave or a rerun, as people read it beside the reason."""

    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    SUPPLIER_PAUSED = "import_supplier_migration_not_ongoing"
    SUPPLIER_REFUSED = "import_supplier_refused"
    TASK_PARAMS_REFUSED = "task_params_refused"
    ENVELOPE_REFUSED = "envelope_refused"
    MISROUTED = "misrouted"
    OTHER_KRAKEN = "other_kraken"
    SEALED = "sealed"
    """A payload or an answer could not be opened, or its place was given another."""
    UNREACHABLE = "kraken_unreachable"
    ERROR_BUDGET = "error_budget"
    THRESHOLD = "threshold"
    WINDOW_OVER = "schedule_window_over"
    REJECTED = "rejected"
    """A person rejected it at the gate."""
    NOT_APPROVED = "not_approved"
    """No answer came in time at the gate, or the approval does not cover what is to be created."""
    CANCELLED = "cancelled"
    """It never goes on."""
    STOP_ALL = "stop_all"
    """Clearing its run lets it go on."""
    CLOSED = "closed"
    """It was closed, as migration.hindrance says; it goes on when it is opened again."""


DECIDED: Final = (StopCode.CANCELLED, StopCode.REJECTED, StopCode.NOT_APPROVED)
"""Stops that a person decided: no rerun continues where nothing was to be created."""
