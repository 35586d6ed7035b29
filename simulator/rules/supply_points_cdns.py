"""Rules for supply points with customer details notifications. README.md lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from simulator.rules.common import Problem, objects, phone
from simulator.rules.shape import MOMENT, Shape, many, misshapen, one, required, text
from simulator.rules.supply_points import (
    CONTACT,
    PHONE,
    SUPPLY_POINT,
    contact_problems,
    missing_substation,
    point_problems,
)

RESOURCE: Final = "supply-points"

_SHAPE: Final[Shape] = {
    **SUPPLY_POINT,
    "cdns": many(
        {
            "transaction_date": required(MOMENT),
            "movement_type": required(text(blank=False)),
            "outage_contact": required(one({**CONTACT, "phones": many(PHONE)})),
        }
    ),
}


def fits(payload: Mapping[str, Any], /) -> bool:
    """Whether this is a supply point with notifications, or with nothing at all."""
    return "supply_point" in payload and "accounts" not in payload


def problems(payload: Mapping[str, Any], /) -> Iterator[Problem]:
    """Everything that is wrong with a supply point: with its form, or else with what stands in it."""
    found = misshapen(payload=payload, shape=_SHAPE)
    yield from found
    if not found:
        yield from _content_problems(payload)


def processing_error(payload: Mapping[str, Any], /) -> tuple[str, str] | None:
    """What passes validation and fails later."""
    return missing_substation(payload)


def _content_problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    yield from point_problems(payload)
    for index, notification in objects(payload.get("cdns")):
        path = f"cdns.{index}."
        if datetime.fromisoformat(notification["transaction_date"]).tzinfo is None:
            yield Problem(f"{path}transaction_date", "invalid", "Datetime has wrong format.")
        contact, path = notification["outage_contact"], f"{path}outage_contact."
        yield from contact_problems(contact, path)
        for place, telephone in objects(contact.get("phones")):
            yield from phone(telephone, "number", f"{path}phones.{place}.")
