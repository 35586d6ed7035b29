"""The policy of a wave as people give it: read and checked before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking.waves import Policy
from kraken_import.usecases.faults import BadRequest

_FARTHEST: Final = timedelta(days=4)
"""Kraken takes no schedule window that ends later."""


def read_time(*, name: str, value: str | None) -> datetime | None:
    """A date and time with its offset; None for none. Raises `BadRequest`."""
    if value is None or not value.strip():
        return None
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        raise BadRequest(
            f"The {name} of the schedule window must be a date and time like 2026-12-01T18:00:00+00:00."
        ) from None
    if time.utcoffset() is None:
        raise BadRequest(
            f"The {name} of the schedule window needs an offset, as in 18:00:00+00:00 or 18:00:00Z."
        )
    return time


def check_policy(*, policy: Policy, kraken: KrakenSettings, connection_id: str, now: datetime) -> None:
    """Raise `BadRequest` for a schedule window that Kraken would refuse, or for impossible numbers."""
    start, end = policy.schedule_window_start, policy.schedule_window_end
    if start is not None and start <= now:
        raise BadRequest(
            f"The schedule window starts in the past ({start.isoformat()}): choose a later start."
        )
    if end is not None and end > now + _FARTHEST:
        raise BadRequest(
            f"The schedule window ends more than four days ahead ({end.isoformat()}): choose an earlier end."
        )
    if end is not None and end <= now:
        raise BadRequest(f"The schedule window has ended already ({end.isoformat()}): choose a later end.")
    if start is not None and end is not None and start >= end:
        raise BadRequest("The schedule window starts after its end: exchange the two.")
    if (start or end) and kraken.envelope == "bare":
        raise BadRequest(
            f"Connection {connection_id!r} sends payloads bare, which has no place for a schedule window: "
            "set its envelope to wrapped, or leave the window out."
        )
    if not 0 <= policy.error_share <= 1:
        raise BadRequest(f"The error budget's share must lie between 0 and 1, not at {policy.error_share}.")
    if policy.error_count is not None and policy.error_count < 0:
        raise BadRequest(f"The error budget's number must be 0 or more, not {policy.error_count}.")
    if policy.error_window < 1:
        raise BadRequest(f"The error budget's window must be 1 or more, not {policy.error_window}.")
    if policy.approval_minutes <= 0:
        raise BadRequest(
            f"The minutes to wait for approval must be more than 0, not {policy.approval_minutes}."
        )


def window_is_over(*, policy: Policy, now: datetime) -> bool:
    """Whether Kraken would refuse a create because its schedule window has ended."""
    return policy.schedule_window_end is not None and policy.schedule_window_end <= now


def task_params(*, policy: Policy, is_dry_run: bool, sent_until: datetime) -> Mapping[str, Any] | None:
    """What a create is sent with besides its payload.

    Kraken refuses a window whose start has passed when the create arrives, so that one is left out: then it
    may begin at once, as the window says too.
    """
    params: dict[str, Any] = {}
    if is_dry_run:
        params["is_dry_run"] = True
    if policy.schedule_window_start is not None and policy.schedule_window_start > sent_until:
        params["schedule_window_start"] = policy.schedule_window_start.isoformat()
    if policy.schedule_window_end is not None:
        params["schedule_window_end"] = policy.schedule_window_end.isoformat()
    return params or None
