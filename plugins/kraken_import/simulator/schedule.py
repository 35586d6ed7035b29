"""The parameters of a create: whether it is a dry run, and the window in which it is scheduled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kraken_import.simulator.rules.declared import Objection

_FURTHEST_END: Final = timedelta(days=4)


def problems(*, task_params: Mapping[str, Any], now: datetime) -> Iterator[Objection]:
    """Yield what is wrong with the `task_params` of a create."""
    if not isinstance(task_params.get("is_dry_run", False), bool):
        yield Objection("task_params.is_dry_run", "invalid", "Must be a valid boolean.")
    times: dict[str, datetime] = {}
    for name in ("schedule_window_start", "schedule_window_end"):
        value = task_params.get(name)
        if value is None:
            continue
        time = _moment(value)
        if time is None:
            yield Objection(f"task_params.{name}", "invalid", "Datetime has wrong format.")
        else:
            times[name] = time
    start, end = times.get("schedule_window_start"), times.get("schedule_window_end")
    if start is not None and start < now:
        yield Objection(
            "task_params.schedule_window_start",
            "schedule_window_start_in_past",
            "The window starts in the past.",
        )
    if end is not None and end - now > _FURTHEST_END:
        yield Objection(
            "task_params.schedule_window_end",
            "schedule_window_end_too_far_in_future",
            "The window ends more than four days ahead.",
        )
    if start is not None and end is not None and start > end:
        yield Objection(
            "task_params.schedule_window_start",
            "schedule_window_start__after_end",
            "The window ends before it starts.",
        )


def _moment(value: Any) -> datetime | None:
    """A time; without an offset it is the instance's own, here UTC."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
