"""Identifiers of supply points and of people, by their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any, Final

import nmicheck
from stdnum.es import cups
from stdnum.exceptions import ValidationError
from stdnum.pt import nif

from transforms.rules.engine import Rule, UniqueRule, ValueRule

_CODE: Final = "invalid_supply_point_identifier"
_MPAN: Final = re.compile(r"\d{13}", re.ASCII)
_MPRN: Final = re.compile(r"\d{6,10}", re.ASCII)
_PRIMES: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_NMI: Final = re.compile(r"[0-9A-HJ-NP-Z]{10}[0-9]?", re.ASCII)
_CPE: Final = re.compile(r"PT\d{16}[A-Z]{2}", re.ASCII)


def is_mpan(value: str) -> bool:
    """Thirteen digits; the last is the weighted sum of the others modulo 11, modulo 10.

    Distributors are not looked up: new ones are licensed nearly every year.
    """
    return bool(_MPAN.fullmatch(value)) and _weighted(value[:-1], _PRIMES) % 10 == int(value[-1])


def is_mprn(value: str) -> bool:
    """Six to ten digits; the last two are the weighted sum of the others (weights n…1) modulo 11."""
    if not looks_like_mprn(value):
        return False
    body, check = value[:-2], value[-2:]
    return _weighted(body, range(len(body), 0, -1)) == int(check)


def looks_like_mprn(value: str) -> bool:
    """Six to ten digits, with any check digits."""
    return bool(_MPRN.fullmatch(value))


def is_nmi(value: str) -> bool:
    """Ten characters, without I and O; an eleventh is AEMO's check digit."""
    if not _NMI.fullmatch(value):
        return False
    return len(value) == 10 or bool(nmicheck.nmi_checksum_valid(value))


def is_cpe(value: str) -> bool:
    """A Portuguese CPE or CUI: PT, sixteen digits, two letters by the procedure of the Spanish CUPS."""
    return bool(_CPE.fullmatch(value)) and cups.calc_check_digits(value) == value[18:]


def is_nif(value: str) -> bool:
    """A Portuguese tax number."""
    try:
        return bool(nif.validate(value) == value)
    except ValidationError:
        return False


def valid_identifier(path: str, *, is_valid: Callable[[str], bool], name: str) -> Rule:
    """The identifier of a supply point, where all at this path are of one kind."""

    def holds(value: Any) -> bool:
        return is_valid(value)

    return ValueRule(
        code=_CODE, path=path, explanation=f"The check digits of the {name} must be right.", holds=holds
    )


def unique_identifier(path: str, *, unless: tuple[str, ...] = ()) -> Rule:
    """A supply point is supplied to one customer at a time.

    `unless` has the paths of fields that end a supply: a customer who has left does not block the next.
    """
    return UniqueRule(
        code="duplicate_supply_point",
        path=path,
        explanation="Another customer of the wave is supplied at the same supply point.",
        severity="warning",
        unless=unless,
    )


def unique_serial_number(path: str, *, unless: tuple[str, ...] = ()) -> Rule:
    """One meter at two customers is nearly always a mistake; import and export meters are not.

    `unless` has the paths of what ends a supply or removes a meter.
    """
    return UniqueRule(
        code="duplicate_meter_serial_number",
        path=path,
        explanation="Another customer of the wave has a meter with the same serial number.",
        severity="warning",
        unless=unless,
    )


def _weighted(digits: str, weights: Sequence[int]) -> int:
    total: int = sum(map(mul, map(int, digits), weights))
    return total % 11
