"""Rules that the revisions of Australian supply points share.

The guides state one thing of a payload: the identifier must be a valid one. All else is inferred, and warns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Final, TypeAlias

import phonenumbers

from transforms.rules import addresses, contacts, identifiers
from transforms.rules.engine import (
    Circumstances,
    Document,
    Fault,
    ObjectRule,
    Rule,
    ValueRule,
    inferred,
    stated,
)
from transforms.rules.values import shown_by_guide

Number: TypeAlias = tuple[str, str, str]
"""A telephone number with its place below the object, and the prefix beside it."""

_DELIVERY_POINT: Final = re.compile(r"[0-9A-Z]*", re.ASCII)
_NO_DIGIT: Final = re.compile(r"\D", re.ASCII)


def point_rules() -> tuple[Rule, ...]:
    """The supply point itself."""
    return (
        *stated(
            "guide",
            "Validate supply point, 400",
            "is not a valid supply point identifier",
            identifiers.valid_identifier("supply_point.identifier", is_valid=identifiers.is_nmi, name="NMI"),
        ),
        *inferred(shown_by_guide("supply_point.supply_type", "ELECTRICITY_DISTRIBUTION")),
    )


def contact_rules(path: str, *, phones: tuple[str, ...], given: Circumstances) -> tuple[Rule, ...]:
    """An outage contact; `phones` are the fields of it with a telephone, or a list of them."""
    numbers = tuple(f"{name}.number" for name in phones)
    kinds = ("MOBILE_VOICE", *given.named("service_types"))
    return (
        *inferred(
            *contacts.email_rules(f"{path}.email_address"),
            shown_by_guide(f"{path}.name_type", "AKA", *given.named("name_types")),
            *(shown_by_guide(f"{path}.{name}.service_type", *kinds) for name in phones),
            existing_phones(path, numbers=numbers, region=given.region),
            usual_phones(path, numbers=numbers, region=given.region),
        ),
        *address_rules(f"{path}.postal_address"),
    )


def address_rules(path: str) -> tuple[Rule, ...]:
    """A postal address, in any country."""
    return inferred(
        addresses.postcode_fits_country(path),
        addresses.state_fits_postcode(path, country="AU"),
        delivery_point(f"{path}.delivery_point_identifier"),
        addresses.needs(
            f"{path}.structured_street_address",
            part="house_number_1",
            needed="street_name",
            code="street_name_required",
            explanation="A house number needs a street name.",
        ),
    )


def delivery_point(path: str) -> Rule:
    """Capital letters and digits, as another Kraken states of the same field."""
    return ValueRule(
        code="invalid_delivery_point_identifier",
        path=path,
        explanation="A postal delivery point has only capital letters and digits.",
        severity="warning",
        holds=lambda value: _DELIVERY_POINT.fullmatch(value) is not None,
    )


def existing_phones(path: str, *, numbers: tuple[str, ...], region: str) -> Rule:
    """Numbers of a person that exist where they are dialled.

    That is the country of the prefix that stands beside the number, of the person's postal address, or the
    region. `numbers` are the places of the numbers below the person.
    """
    return ObjectRule(
        code="invalid_phone_number",
        path=path,
        explanation="A telephone number must exist in the numbering plan of its country.",
        severity="warning",
        faults=partial(_phones, numbers=_numbers(numbers), region=region, kind="invalid"),
        fields=numbers,
    )


def usual_phones(path: str, *, numbers: tuple[str, ...], region: str) -> Rule:
    """Numbers of a person at which a person of the country answers, as `existing_phones` reads them."""
    return ObjectRule(
        code="unusual_phone_number",
        path=path,
        explanation="A telephone number is of another country, or of a service such as voicemail.",
        severity="warning",
        faults=partial(_phones, numbers=_numbers(numbers), region=region, kind="unusual"),
        fields=numbers,
    )


def _phones(
    person: Document, *, numbers: Callable[[Document], Iterator[Number]], region: str, kind: str
) -> Iterator[Fault]:
    for place, number, prefix in numbers(person):
        # Nearly all numbers are of the region.
        if not number or contacts.phone_kind(number, regions=(region,)) == "usual":
            continue
        country = (person.get("postal_address") or {}).get("country") or region
        regions = (_region_of(prefix) or country, country, region)
        if contacts.phone_kind(number, regions=regions) == kind:
            yield Fault(place)


def _numbers(places: tuple[str, ...]) -> Callable[[Document], Iterator[Number]]:
    """What finds the numbers at these places of a person: in a field, an object, or a list of objects."""
    split = tuple(place.rpartition(".") for place in places)

    def find(person: Document) -> Iterator[Number]:
        for holder, _, name in split:
            inside = person.get(holder) if holder else person
            if isinstance(inside, list):
                for index, each in enumerate(inside):
                    yield f"{holder}.{index}.{name}", each.get(name) or "", each.get("prefix") or ""
            elif inside:
                place = f"{holder}.{name}" if holder else name
                yield place, inside.get(name) or "", inside.get("prefix") or ""

    return find


@cache
def _region_of(prefix: str) -> str:
    """The country of an international prefix; empty for none, and for one that no country has."""
    digits = _NO_DIGIT.sub("", prefix).lstrip("0")
    if not digits or len(digits) > 3:
        return ""
    region = phonenumbers.region_code_for_country_code(int(digits))
    return region if len(region) == 2 and region != phonenumbers.UNKNOWN_REGION else ""
