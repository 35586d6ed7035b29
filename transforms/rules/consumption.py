"""Estimated annual consumption of electricity (EAC) and annual quantities of gas (AQ)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from transforms.rules.dates import day_after
from transforms.rules.engine import Document, Fault, ObjectRule, Rule
from transforms.rules.supply_points import is_billable, is_electricity, is_gas, is_half_hourly


def eac_once(path: str) -> Rule:
    """A time pattern regime has one EAC from a day on."""

    def faults(point: Document) -> Iterator[Fault]:
        seen = set()
        for index, entry in enumerate(point["eac_history"]):
            key = (entry.get("tpr"), entry.get("effective_from"))
            if key in seen:
                yield Fault(f"eac_history.{index}")
            seen.add(key)

    return ObjectRule(
        code="repeated_eac_for_tpr",
        path=path,
        explanation="A time pattern regime may have one estimated consumption from a day on.",
        faults=faults,
        fields=("eac_history",),
        needs=("eac_history",),
    )


def eac_given(path: str, *, today: date) -> Rule:
    """Each settlement register in place has an EAC, where a point is on supply and not half-hourly.

    A register without a time pattern regime is not asked for one: that is another rule's matter.
    """
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if not is_electricity(point) or is_half_hourly(point) or not is_billable(point, today=day):
            return
        known = {entry.get("tpr") for entry in point.get("eac_history") or ()}
        for number, meter in enumerate(point.get("meters") or ()):
            if meter.get("removed_on"):
                continue
            for index, register in enumerate(meter.get("registers") or ()):
                tpr = register.get("tpr")
                if tpr and tpr not in known and register.get("is_settlement") is not False:
                    yield Fault(f"meters.{number}.registers.{index}.tpr")

    return ObjectRule(
        code="missing_eacs_for_active_register_tpr",
        path=path,
        explanation="The regime of every settlement register needs an estimated consumption.",
        faults=faults,
        fields=("meters.registers.tpr",),
    )


def one_open_aq(path: str) -> Rule:
    """Only the last AQ is without an end."""

    def faults(point: Document) -> Iterator[Fault]:
        if sum(not entry.get("effective_to") for entry in point["aq_history"]) > 1:
            yield Fault("aq_history")

    return ObjectRule(
        code="multiple_open_ended_aqs_in_meterpoint_aq_history",
        path=path,
        explanation="Only the last annual quantity may be without an end.",
        faults=faults,
        fields=("aq_history",),
        needs=("aq_history",),
    )


def consecutive_aqs(path: str) -> Rule:
    """Each AQ begins on the day after the one before it ends."""

    def faults(point: Document) -> Iterator[Fault]:
        entries = sorted(
            (entry["effective_from"], entry.get("effective_to") or "") for entry in point["aq_history"]
        )
        if any(day_after(end) != start for (_, end), (start, _) in pairwise(entries)):
            yield Fault("aq_history")

    return ObjectRule(
        code="gaps_or_overlaps_in_aq_history",
        path=path,
        explanation="An annual quantity must begin on the day after the one before it ends.",
        faults=faults,
        fields=("aq_history",),
        needs=("aq_history",),
    )


def current_aq(path: str, *, today: date) -> Rule:
    """A gas point on supply has an AQ that holds today or later."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if not is_gas(point) or not is_billable(point, today=day):
            return
        if all((entry.get("effective_to") or "9999") < day for entry in point.get("aq_history") or ()):
            yield Fault("aq_history")

    return ObjectRule(
        code="no_current_or_future_aq_entry_found",
        path=path,
        explanation="One annual quantity must hold today or later.",
        faults=faults,
        fields=("aq_history",),
    )
