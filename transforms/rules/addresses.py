"""Postcodes, states, and the parts of an address that need each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from transforms.rules.engine import Document, Fault, ObjectRule, Rule, ValueRule

_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "AU": re.compile(r"\d{4}", re.ASCII),
    "GB": re.compile(
        r"(?:GIR ?0AA|BFPO ?\d{1,4}|(?:[A-Z]\d{1,2}|[A-Z][A-HJ-Y]\d{1,2}|[A-Z]\d[A-Z]|[A-Z][A-HJ-Y]\d[A-Z])"
        r" *\d[ABD-HJLNP-UW-Z]{2})",
        re.ASCII | re.IGNORECASE,
    ),
    "PT": re.compile(r"[1-9]\d{3}-\d{3}", re.ASCII),
    "US": re.compile(r"\d{5}(-\d{4})?", re.ASCII),
}

_STATES: Final[Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]]] = {
    "AU": {
        "NSW": (("1000", "2599"), ("2619", "2899"), ("2921", "2999")),
        "ACT": (("0200", "0299"), ("2600", "2618"), ("2900", "2920")),
        "VIC": (("3000", "3999"), ("8000", "8999")),
        "QLD": (("4000", "4999"), ("9000", "9999")),
        "SA": (("5000", "5999"),),
        "WA": (("6000", "6999"),),
        "TAS": (("7000", "7999"),),
        "NT": (("0800", "0999"),),
    },
    "US": {
        "MA": (("01000", "02799"), ("05501", "05544")),
        "RI": (("02800", "02999"),),
        "NH": (("03000", "03899"),),
        "NY": (("00501", "00544"), ("06390", "06390"), ("10000", "14999")),
    },
}
"""The first and last postcodes of each state's ranges; of the US those in which a client supplies."""


def postcode(path: str, *, country: str) -> Rule:
    """The form of postcodes in a country. Raises KeyError for a country without one here."""
    form = _FORMS[country]
    return ValueRule(
        code="invalid_postcode",
        path=path,
        explanation=f"A postcode must have the form of {country}.",
        holds=lambda value: form.fullmatch(value) is not None,
    )


def postcode_fits_country(path: str) -> Rule:
    """The form of the postcode in the country that the address names; others than those known pass."""

    def faults(address: Document) -> Iterator[Fault]:
        code, form = address.get("postal_code"), _FORMS.get(address.get("country") or "")
        if code and form is not None and not form.fullmatch(code):
            yield Fault("postal_code")

    return ObjectRule(
        code="invalid_postcode",
        path=path,
        explanation="A postcode must have the form of its country.",
        faults=faults,
        fields=("postal_code",),
    )


def state_fits_postcode(path: str, *, country: str) -> Rule:
    """A state and a postcode that contradict each other: a warning, since published examples do."""
    states = _STATES[country]

    def faults(address: Document) -> Iterator[Fault]:
        if (address.get("country") or country) != country:
            return
        code, ranges = address.get("postal_code"), states.get(address.get("administrative_area") or "")
        fits = ranges is None or any(first <= code[: len(first)] <= last for first, last in ranges if code)
        if code and _FORMS[country].fullmatch(code) and not fits:
            yield Fault("postal_code")

    return ObjectRule(
        code="state_does_not_fit_postcode",
        path=path,
        explanation="The postcode belongs to another state than the one given.",
        severity="warning",
        faults=faults,
        fields=("postal_code",),
    )


def needs(path: str, *, part: str, needed: str, code: str, explanation: str) -> Rule:
    """One field of an object that makes no sense without another."""
    return ObjectRule(
        code=code,
        path=path,
        explanation=explanation,
        faults=_missing(part=part, needed=needed),
        fields=(needed,),
    )


def _missing(*, part: str, needed: str) -> Callable[[Document], Iterator[Fault]]:
    def faults(node: Document) -> Iterator[Fault]:
        if node.get(part) and not node.get(needed):
            yield Fault(needed)

    return faults
