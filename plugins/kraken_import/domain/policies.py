"""Settings of a policy as a Connection, a cohort or a form states them: read, and compared by strictness."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias

from kraken_import.domain.lifecycle import Mode
from transforms.wording import shown_value

Approval: TypeAlias = Literal["required", "unattended"]
"""Who lets a wave pass its gate: a person, or its failure threshold."""

_DAY: Final = 24 * 60
_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Settings of a policy; None where a setting is not given. Shares lie between 0 and 1."""

    mode: Mode | None = None
    approval: Approval | None = None
    approval_minutes: Decimal | None = None
    require_rehearsal: bool | None = None
    four_eyes: bool | None = None
    reruns_ask: bool | None = None
    threshold: Decimal | None = None
    """Share of failed records above which a run ends failed, and an unattended gate stops the wave."""
    error_share: Decimal | None = None
    error_count: int | None = None
    error_window: int | None = None
    requests_in_flight: int | None = None
    """Requests to Kraken under way at once, for each batch."""
    schedule_window: str | None = None
    """Between which hours of each day Kraken may process, in the dialect's zone, for example 22:00-06:00."""

    @property
    def said(self) -> dict[str, Any]:
        """The settings that are given, by name."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


BUILT_IN: Final = PolicySettings(
    mode=Mode.REHEARSAL,
    approval="unattended",
    approval_minutes=Decimal(720),
    require_rehearsal=False,
    four_eyes=False,
    reruns_ask=True,
    threshold=Decimal("0.1"),
    error_share=Decimal("0.5"),
    error_window=200,
)
"""What applies where a setting is not given."""


def read_policy(*, values: Mapping[str, Any]) -> PolicySettings:
    """Read settings from plain values; null is not given. Raises `ValueError` with a sentence's end."""
    unknown = sorted(set(values) - set(_READERS))
    if unknown:
        raise ValueError(
            f"names setting {shown_value(value=unknown[0])}, which is not known: the settings are "
            f"{', '.join(_READERS)}"
        )
    read = {}
    for name, value in values.items():
        if value is None:
            continue
        try:
            read[name] = _READERS[name](value)
        except ValueError as error:
            raise ValueError(f"has a wrong {name}: it must be {error}") from None
    return PolicySettings(**read)


def plain_values(*, policy: PolicySettings) -> dict[str, Any]:
    """Return the given settings as JSON values; `read_policy` reads them back."""
    return {name: _plain(value) for name, value in policy.said.items()}


def over(*, said: PolicySettings, base: PolicySettings) -> PolicySettings:
    """Return the settings of `said`, and those of `base` where `said` gives none."""
    return PolicySettings(**{**base.said, **said.said})


def loosened(*, said: PolicySettings, least: PolicySettings) -> str | None:
    """Return the first setting in which `said` is looser than `least`; None when none is looser."""
    for name, strictness in _STRICTNESS.items():
        wanted, bound = getattr(said, name), getattr(least, name)
        if wanted is not None and bound is not None and strictness(wanted) < strictness(bound):
            return name
    # A longer window hides a burst from the share, a shorter one starves the count: neither is stricter.
    if None not in (said.error_window, least.error_window) and said.error_window != least.error_window:
        return "error_window"
    if said.schedule_window and least.schedule_window:
        wanted, bound = said.schedule_window, least.schedule_window
        if not _is_within(window=wanted, bound=bound):
            return "schedule_window"
    return None


def times_of(*, window: str) -> tuple[time, time]:
    """Return the begin and end of a daily window; an end before the begin is on the next day."""
    begin, end = window.split("-")
    return time.fromisoformat(begin), time.fromisoformat(end)


def _is_within(*, window: str, bound: str) -> bool:
    (begin, length), (first, longest) = _minutes_of(window), _minutes_of(bound)
    return (begin - first) % _DAY + length <= longest


def _minutes_of(window: str) -> tuple[int, int]:
    """Return the minute of the day when a daily window begins, and its length in minutes."""
    begin, end = (each.hour * 60 + each.minute for each in times_of(window=window))
    return begin, (end - begin) % _DAY


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.value if isinstance(value, Mode) else value


def _mode(value: Any) -> Mode:
    try:
        return Mode(value)
    except ValueError:
        raise ValueError("live or rehearsal") from None


def _approval(value: Any) -> str:
    if value not in ("required", "unattended"):
        raise ValueError("required or unattended")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _number(*, least: int, most: int, says: str) -> Callable[[Any], Decimal]:
    def read(value: Any) -> Decimal:
        number = _decimal(value)
        if not number.is_finite() or not least <= number <= most:
            raise ValueError(says)
        if number != Decimal(str(float(number))):
            # It is kept as JSON, and must be read back as the same number.
            raise ValueError(f"{says}, with at most 15 digits")
        return number

    return read


def _decimal(value: Any) -> Decimal:
    """Return the number that a value is or spells; NaN for every other value."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    try:
        return Decimal(str(value)) if isinstance(value, float | str) else Decimal("NaN")
    except InvalidOperation:
        return Decimal("NaN")


def _whole(*, least: int, most: int) -> Callable[[Any], int]:
    says = f"a whole number from {least} to {most}"
    read_number = _number(least=least, most=most, says=says)

    def read(value: Any) -> int:
        number = read_number(value)
        if number != number.to_integral_value():
            raise ValueError(says)
        return int(number)

    return read


def _minutes(value: Any) -> Decimal:
    number = _number(least=0, most=10_080, says="a number above 0, up to 10080")(value)
    if not number:
        raise ValueError("a number above 0, up to 10080")
    return number


def _daily_window(value: Any) -> str:
    found = value.replace(" ", "") if isinstance(value, str) else ""
    if not _WINDOW.fullmatch(found) or found[:5] == found[6:]:
        raise ValueError("two times of the day like 22:00-06:00")
    return found


_share: Final = _number(least=0, most=1, says="a number from 0 to 1")

_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "mode": _mode,
    "approval": _approval,
    "approval_minutes": _minutes,
    "require_rehearsal": _flag,
    "four_eyes": _flag,
    "reruns_ask": _flag,
    "threshold": _share,
    "error_share": _share,
    "error_count": _whole(least=0, most=2_147_483_647),
    "error_window": _whole(least=1, most=100_000),
    "requests_in_flight": _whole(least=1, most=256),
    "schedule_window": _daily_window,
}

_STRICTNESS: Final[dict[str, Callable[[Any], Any]]] = {
    "approval": lambda value: value == "required",
    "require_rehearsal": bool,
    "four_eyes": bool,
    "reruns_ask": bool,
    "threshold": lambda value: -value,
    "error_share": lambda value: -value,
    "error_count": lambda value: -value,
    "requests_in_flight": lambda value: -value,
}
"""The higher, the stricter."""
