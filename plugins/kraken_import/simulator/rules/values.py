"""Values that several rules read: dates, amounts, telephone numbers and the identifiers of supply points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import mul
from typing import Any, Final

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_NO_DIGITS: Final = re.compile(r"[\s().\-/\u2010-\u2015]|(?i:(?:,|;|#|x|extn?\.?|extension)\s*\d{1,7}$)")
_NUMBER: Final = re.compile(r"\+?\d{5,15}", re.ASCII)
_BRITISH: Final = re.compile(r"(?i)(GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})")
_DELIVERY_POINT: Final = re.compile(r"[A-Z0-9]*", re.ASCII)
_MPAN_PRIMES: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_CPE: Final = re.compile(r"PT(\d{16})([A-Z]{2})", re.ASCII)
_CPE_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_NMI: Final = re.compile(r"[A-HJ-NP-Z0-9]{10}\d?", re.ASCII)


def objects(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a list with their indexes; nothing for a list that is left out."""
    return enumerate(value or ())


# Migrated accounts have few dates between them, and each of them many.
_DAYS: Final[dict[Any, date | None]] = {None: None}
_MOST_DAYS: Final = 50_000
is_known_day: Final = _DAYS.__contains__
"""Whether a text is a date that was read lately."""


def as_day(value: Any) -> date | None:
    """Return a date, or None for a value that is not one."""
    try:
        return _DAYS[value]
    except (KeyError, TypeError):
        return _day(value)


def _day(value: Any) -> date | None:
    if type(value) is not str or not _DATE.fullmatch(value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    if len(_DAYS) >= _MOST_DAYS:
        _DAYS.clear()
        _DAYS[None] = None
    _DAYS[value] = day
    return day


def as_moment(value: Any) -> datetime | None:
    """Return a date, or date and time, in UTC if no offset is given; None for a value that is neither."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        return None


def amount(value: Any) -> Decimal:
    """A decimal text as a number; zero where it is left out."""
    return Decimal(value or 0)


def is_email(*, value: str) -> bool:
    """Whether a text has the form of an address."""
    return _EMAIL.fullmatch(value) is not None


def is_phone(*, value: str) -> bool:
    """Return whether a text can be dialled: digits as people write them, no more than E.164 allows."""
    return _NUMBER.fullmatch(_NO_DIGITS.sub("", value.strip())) is not None


def is_british_postcode(*, value: str) -> bool:
    """Whether a text has the form of a postcode of the United Kingdom."""
    return _BRITISH.fullmatch(value.strip()) is not None


def is_mpan(*, value: str) -> bool:
    """Return whether a text is an MPAN core: thirteen digits, the last of which checks the others."""
    if not (len(value) == 13 and value.isascii() and value.isdigit()):
        return False
    total: int = sum(map(mul, map(int, value), _MPAN_PRIMES))
    return total % 11 % 10 == int(value[12])


def is_mprn(*, value: str) -> bool:
    """Return whether a text is an MPRN: six to ten digits, the last two of which check the others."""
    if not (6 <= len(value) <= 10 and value.isascii() and value.isdigit()):
        return False
    digits = value[:-2]
    total = sum(int(digit) * (len(digits) - place) for place, digit in enumerate(digits))
    return total % 11 == int(value[-2:])


def is_delivery_point(*, value: str) -> bool:
    """Return whether a text consists of capital letters and numbers; a blank one does not."""
    return _DELIVERY_POINT.fullmatch(value) is not None


def is_nmi(*, value: str) -> bool:
    """Whether a text is an NMI: ten characters, and perhaps the digit that checks them."""
    if not _NMI.fullmatch(value):
        return False
    return len(value) == 10 or int(value[10]) == _nmi_checksum(value[:10])


def _nmi_checksum(nmi: str) -> int:
    """Every other character's code doubled from the right, and all their digits added up."""
    total = 0
    for place, character in enumerate(reversed(nmi)):
        total += sum(map(int, str(ord(character) * (2 if place % 2 == 0 else 1))))
    return -total % 10


def is_cpe(*, value: str) -> bool:
    """Whether a text is a Portuguese CPE or CUI: PT, sixteen digits, and the letters that check them."""
    parts = _CPE.fullmatch(value)
    if parts is None:
        return False
    rest = int(parts[1]) % 529
    return parts[2] == _CPE_LETTERS[rest // 23] + _CPE_LETTERS[rest % 23]


def day_after(day: date) -> date:
    """Return the next day; the last possible day has none."""
    return day if day == date.max else day + timedelta(days=1)
