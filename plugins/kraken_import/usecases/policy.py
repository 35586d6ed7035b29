"""The policy of a wave: combined from what people set, and checked before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.policies import (
    BUILT_IN,
    PolicySettings,
    loosened,
    over,
    plain_values,
    read_policy,
    times_of,
)
from kraken_import.tracking.waves import Policy, Wave
from kraken_import.usecases.faults import BadRequest
from transforms.clocks import instants

Window: TypeAlias = tuple[datetime | None, datetime | None]
"""When Kraken may begin (None: at once) and must have ended (None: no end)."""

_FARTHEST: Final = timedelta(days=4)
"""Kraken refuses a schedule window that ends later than this."""


def read_time(*, name: str, value: str | None) -> datetime | None:
    """Read a date and time with its offset; None for none. Raises `BadRequest`."""
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


def read_settings(*, values: Mapping[str, Any]) -> PolicySettings:
    """Read settings as a form gives them. Raises `BadRequest`."""
    try:
        return read_policy(values=values)
    except ValueError as error:
        raise BadRequest(f"The form {error}.") from None


def resolve(*, said: PolicySettings, least: PolicySettings, whose: str) -> PolicySettings:
    """Return the complete policy: what is given, else what `least` gives, else the default.

    Raises `BadRequest` when a given setting is looser than that of `least`, which `whose` names for people.
    """
    # A caller may have made the settings itself.
    said = read_settings(values=plain_values(policy=said))
    name = loosened(said=said, least=least)
    if name is not None:
        wanted, bound = (plain_values(policy=each)[name] for each in (said, least))
        raise BadRequest(
            f"{name} {_word(wanted)} is looser than the {_word(bound)} of {whose}: leave {name} empty, or "
            "choose something stricter."
        )
    return over(said=over(said=said, base=least), base=BUILT_IN)


def wave_policy(*, settings: PolicySettings, window: Window) -> Policy:
    """Return the policy of a wave from complete settings and the window in which Kraken may process it."""
    said = settings.said
    others = ("mode", "threshold", "requests_in_flight", "schedule_window")
    return Policy(
        **{name: value for name, value in said.items() if name not in others},
        schedule_window_start=window[0],
        schedule_window_end=window[1],
    )


def next_window(*, window: str, zone: str, at: datetime) -> tuple[datetime, datetime]:
    """Return the begin and end of a daily window's first occurrence that has not ended.

    Where clocks change, a time that comes twice makes the window shorter, never longer, and a skipped time
    becomes the moment of the change. A window that is skipped as a whole comes a day later.
    """
    begin, end = times_of(window=window)
    place = ZoneInfo(zone)
    today = at.astimezone(place).date()
    for day in (today + timedelta(days=days) for days in (-1, 0, 1, 2)):
        last = day if begin < end else day + timedelta(days=1)
        found = _occurrence(first=(day, begin), last=(last, end), zone=place)
        if found is not None and found[1] > at:
            return found
    raise AssertionError("A daily window comes again within three days.")


def window_of(*, settings: PolicySettings, wanted: Window, zone: str, whose: str, now: datetime) -> Window:
    """Return when Kraken may process a wave: as wanted, else the next occurrence of the daily window.

    During the window it may begin at once. Raises `BadRequest` if `wanted` leaves the daily window.
    """
    daily = settings.schedule_window
    if daily is None:
        return wanted
    begin, end = next_window(window=daily, zone=zone, at=wanted[0] or now)
    if wanted == (None, None):
        return (None if begin <= now else begin), end
    if begin > (wanted[0] or now) or wanted[1] is None or wanted[1] > end:
        raise BadRequest(
            f"The schedule window leaves the {daily} ({zone}) of {whose}: leave start and end empty, or "
            "choose both within it."
        )
    return wanted


def in_words(*, settings: PolicySettings, window: str | None) -> str:
    """Describe a complete policy in a sentence; `window` says when Kraken may process, None: at any time."""
    minutes = settings.approval_minutes or Decimal(0)
    parts = []
    if settings.approval == "required":
        other = ", but not the one who asked for it" if settings.four_eyes else ""
        parts.append(f"a person must approve it within {minutes.normalize():,f} minutes{other}")
        parts.append("reruns need a new approval" if settings.reruns_ask else "its approval covers reruns")
    else:
        parts.append(f"no approval is needed, and more than {_percent(settings.threshold)} refused stops it")
    if settings.require_rehearsal:
        parts.append("only payloads that were rehearsed are created")
    number = "" if settings.error_count is None else f", or more than {settings.error_count:,} records,"
    parts.append(
        f"clearly more than {_percent(settings.error_share)}{number} failed of the last "
        f"{settings.error_window:,} stops it"
    )
    parts.append(f"more than {_percent(settings.threshold)} failed makes its run red")
    if settings.requests_in_flight is not None:
        parts.append(f"at most {settings.requests_in_flight} requests of a batch are under way at once")
    if window is not None:
        parts.append(f"Kraken may process it {window}")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def wave_in_words(*, wave: Wave) -> str:
    """Describe the current policy of a planned wave in one sentence."""
    policy = wave.policy
    settings = PolicySettings(
        threshold=wave.failure_threshold,
        requests_in_flight=wave.requests_in_flight,
        **{
            each.name: getattr(policy, each.name)
            for each in fields(policy)
            if not each.name.startswith("schedule_window")
        },
    )
    window = window_in_words(window=(policy.schedule_window_start, policy.schedule_window_end))
    return in_words(settings=settings, window=window)


def daily_window_in_words(*, settings: PolicySettings, zone: str) -> str | None:
    """Say between which hours of each day Kraken may process; None for at any time."""
    if settings.schedule_window is None:
        return None
    begin, end = settings.schedule_window.split("-")
    return f"between {begin} and {end} ({zone})"


def window_in_words(*, window: Window) -> str | None:
    """Say when Kraken may process, with times in UTC; None for at any time."""
    start, end = (None if each is None else f"{each.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for each in window)
    said = " ".join(part for part in (start and f"from {start}", end and f"until {end}") if part)
    return said or None


def check_policy(*, policy: Policy, kraken: KrakenSettings, connection_id: str, now: datetime) -> None:
    """Raise `BadRequest` for a schedule window that Kraken would refuse, or for a contradiction."""
    start, end = policy.schedule_window_start, policy.schedule_window_end
    # Not all days are 24 hours long where clocks change.
    now = now.astimezone(UTC)
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
        raise BadRequest("The schedule window starts after its end: swap the two.")
    if (start or end) and kraken.envelope == "bare":
        raise BadRequest(
            f"Connection {connection_id!r} sends payloads bare, which has no place for a schedule window: "
            "set its envelope to wrapped, or leave the window out."
        )
    if policy.four_eyes and policy.approval != "required":
        raise BadRequest("Four eyes need a question at the gate: set approval to required.")


def window_is_over(*, policy: Policy, now: datetime) -> bool:
    """Return whether Kraken would refuse a create because its schedule window has ended."""
    return policy.schedule_window_end is not None and policy.schedule_window_end <= now


def task_params(*, policy: Policy, is_dry_run: bool, sent_until: datetime) -> Mapping[str, Any] | None:
    """Return what a create is sent with besides its payload.

    Kraken refuses a window whose start has passed when the create arrives, so a past start is left out: then
    processing may begin at once, as the window says too.
    """
    params: dict[str, Any] = {}
    if is_dry_run:
        params["is_dry_run"] = True
    if policy.schedule_window_start is not None and policy.schedule_window_start > sent_until:
        params["schedule_window_start"] = policy.schedule_window_start.isoformat()
    if policy.schedule_window_end is not None:
        params["schedule_window_end"] = policy.schedule_window_end.isoformat()
    return params or None


def _occurrence(
    *, first: tuple[date, time], last: tuple[date, time], zone: ZoneInfo
) -> tuple[datetime, datetime] | None:
    """Return the instants of a window, the shorter one where its times come twice; None if it is skipped."""
    begins, ends = (instants(wall=datetime.combine(*moment), zone=zone) for moment in (first, last))
    if begins[1] < ends[0]:
        return begins[1], ends[0]
    # Both are within the hour that comes twice: the first time counts.
    return (begins[0], ends[0]) if begins[0] < ends[0] else None


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _percent(share: Decimal | None) -> str:
    return f"{((share or Decimal(0)) * 100).normalize():f} %"
