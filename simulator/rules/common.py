"""Checks that several forms of payload share. Every one yields problems and raises nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, NamedTuple

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z0-9-]{2,}")
_REFUSED_EMAIL: Final = re.compile(r"(?i)^(test@|xxx@)|@test\.(com|co\.uk)$|\.(xxx|xx)$")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{5,18}")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SIGNS: Final = {"PAYMENT": 1, "CREDIT": 1, "CHARGE": -1, "SUPPLY_CHARGE": -1, "REPAYMENT": -1}


class Problem(NamedTuple):
    """Why a payload is refused: dotted path with indexes, Kraken's code, and a sentence."""

    path: str
    code: str
    message: str


def objects(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a list with their indexes; nothing for anything else."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def email(holder: Mapping[str, Any], name: str, path: str = "") -> Iterator[Problem]:
    """An address that is none, or one that Kraken refuses."""
    value = holder.get(name)
    if not value:
        return
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        yield Problem(f"{path}{name}", "invalid", "Enter a valid email address.")
    elif _REFUSED_EMAIL.search(value):
        yield Problem(
            f"{path}{name}", "possible_test_email_address", f"{value} is not a permitted email address"
        )


def phone(holder: Mapping[str, Any], name: str, path: str = "") -> Iterator[Problem]:
    """A telephone number with anything but digits in it."""
    value = holder.get(name)
    if value and not (isinstance(value, str) and _PHONE.fullmatch(value)):
        yield Problem(f"{path}{name}", "invalid_phone_number", f"{value} is not a valid phone number")


def reached(person: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """What is wrong with the ways to reach a person."""
    yield from email(person, "email", path)
    yield from phone(person, "mobile", path)
    yield from phone(person, "landline", path)


def as_day(value: Any) -> date | None:
    """A date, or None for what is none."""
    return _day(value) if isinstance(value, str) else None


# Migrated accounts have few dates between them, and each of them many.
@lru_cache(maxsize=50_000)
def _day(value: str) -> date | None:
    if not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def amount(value: Any) -> Decimal:
    """A decimal text as a number; zero for what is none, which `decimals` reports."""
    try:
        return Decimal(value) if isinstance(value, str) else Decimal(0)
    except InvalidOperation:
        return Decimal(0)


def added_up(transactions: Any) -> Decimal:
    """What the transactions of a list add up to; those of a prepay meter are on no statement."""
    return sum(
        (
            _SIGNS.get(transaction.get("type", ""), 0) * amount(transaction.get("amount"))
            for _, transaction in objects(transactions)
            if not transaction.get("to_prepay_meter_serial_number")
        ),
        Decimal(0),
    )


def obsolete_tariff(payload: Mapping[str, Any], *, points: str) -> tuple[str, str] | None:
    """The error of a tariff that Kraken no longer has, at the points that the addresses list as `points`."""
    for _, address in objects(payload.get("supply_addresses")):
        for _, point in objects(address.get(points)):
            for _, agreement in objects(point.get("agreements")):
                if "OBSOLETE" in str(agreement.get("tariff_code")):
                    return "tariff_code_not_found", f"Tariff {agreement['tariff_code']} does not exist."
    return None


def agreements(value: Any, path: str, *, supply_start: date | None) -> Iterator[Problem]:
    """Agreements that end before they start, overlap, or leave a gap after the start of supply."""
    periods = []
    for index, agreement in objects(value):
        here = f"{path}{index}."
        start, end = as_day(agreement.get("effective_from")), as_day(agreement.get("effective_to"))
        if start is None:
            continue
        if end is not None and end < start:
            yield Problem(
                f"{here}effective_to", "start_date_later_than_end_date", "An agreement ends before it starts."
            )
        periods.append((start, end))
    periods.sort(key=lambda period: period[0])
    for (_, end), (start, _) in itertools.pairwise(periods):
        if end is None or end > start:
            yield Problem(path.rstrip("."), "gaps_or_overlaps_in_agreement_dates", "The agreements overlap.")
        elif start > end and (supply_start is None or end > supply_start):
            yield Problem(
                path.rstrip("."),
                "gaps_or_overlaps_in_agreement_dates",
                "There is a gap between the agreements.",
            )
