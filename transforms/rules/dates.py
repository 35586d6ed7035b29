"""Dates that cannot be. ISO dates compare as texts; times are compared as times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from transforms.findings import Severity
from transforms.rules.engine import Document, Fault, ObjectRule, Rule, ValueRule

_AGREEMENTS: Final = "gaps_or_overlaps_in_agreement_dates"


def not_in_future(
    path: str, *, today: date, code: str = "date_in_future", severity: Severity = "error"
) -> Rule:
    """A date that must have come already."""
    now = today.isoformat()
    return ValueRule(
        code=code,
        path=path,
        explanation="The date is in the future.",
        severity=severity,
        holds=lambda value: value <= now,
    )


def not_in_past(path: str, *, today: date, code: str = "date_in_past", severity: Severity = "error") -> Rule:
    """A date that must not be in the past."""
    now = today.isoformat()
    return ValueRule(
        code=code,
        path=path,
        explanation="The date is in the past.",
        severity=severity,
        holds=lambda value: value >= now,
    )


def plausible_birth(path: str, *, today: date) -> Rule:
    """A date of birth is not in the future, and not more than 120 years ago."""
    first, last = f"{today.year - 120:04}", today.isoformat()
    return ValueRule(
        code="implausible_date_of_birth",
        path=path,
        explanation="A date of birth is in the future, or more than 120 years ago.",
        severity="warning",
        holds=lambda value: first <= value <= last,
    )


def ordered(
    path: str,
    *,
    start: str,
    end: str,
    code: str = "start_date_later_than_end_date",
    severity: Severity = "error",
) -> Rule:
    """A period that must not end before it begins."""

    def faults(node: Document) -> Iterator[Fault]:
        first, last = node.get(start), node.get(end)
        if first and last and last < first:
            yield Fault(end)

    return ObjectRule(
        code=code,
        path=path,
        explanation=f"{end} must not be before {start}.",
        severity=severity,
        faults=faults,
        fields=(end,),
        needs=(end,),
    )


def times_ordered(path: str, *, first: str, then: str, code: str) -> Rule:
    """Two times with offsets, one after the other."""

    def faults(node: Document) -> Iterator[Fault]:
        one, other = moment(node.get(first)), moment(node.get(then))
        if one and other and other < one:
            yield Fault(then)

    return ObjectRule(
        code=code,
        path=path,
        explanation=f"{then} must not be before {first}.",
        faults=faults,
        fields=(then,),
        needs=(then,),
    )


def agreement_rules(path: str, *, supply_start: str = "") -> tuple[Rule, ...]:
    """Agreements of the supply points at a path: none ends before it begins, and they are consecutive."""
    return (
        ordered(f"{path}.agreements", start="effective_from", end="effective_to"),
        consecutive_agreements(path, supply_start=supply_start),
    )


def consecutive_agreements(path: str, *, supply_start: str = "") -> Rule:
    """Agreements of the supply points at a path: consecutive, apart from those of an earlier supply.

    `supply_start` names the supply point's own date; without one there is no such exception. An agreement
    ends on the first day that no longer counts.
    """

    def faults(point: Document) -> Iterator[Fault]:
        agreements = sorted(
            (agreement["effective_from"], agreement.get("effective_to") or "9999")
            for agreement in point.get("agreements") or ()
            if agreement.get("effective_from")
        )
        for (_, end), (start, _) in pairwise(agreements):
            if end > start:
                yield Fault("agreements", "Two of them overlap.")
            elif end < start and end > (point.get(supply_start) or ""):
                yield Fault("agreements", "There is a gap between two of them.")

    return ObjectRule(
        code=_AGREEMENTS,
        path=path,
        explanation="Agreements must follow each other without gap or overlap.",
        faults=faults,
        fields=("agreements",),
    )


def moment(text: str | None) -> datetime | None:
    """Return a time in UTC, the default offset; None for no time, and for one that does not exist."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def day_after(day: str) -> str:
    """Return the next day; empty for a text that is not a day, and after the last possible day."""
    return _shifted(day, 1)


def day_before(day: str) -> str:
    """Return the day before; empty for a text that is not a day, and before the first possible day."""
    return _shifted(day, -1)


@lru_cache(maxsize=4096)
def _shifted(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return ""
