"""Meters, registers, readings and consumption of British supply points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from transforms.findings import Severity
from transforms.rules.dates import day_after, day_before
from transforms.rules.engine import Document, Fault, ObjectRule, Rule

_PAIRED_TPRS: Final = frozenset(f"{number:05}" for number in range(1201, 1230, 2))
"""The only TPRs that two registers of a meter may share."""


def register_rules(path: str) -> tuple[Rule, ...]:
    """Registers of the electricity meters at a path."""

    def repeated_ids(meter: Document) -> Iterator[Fault]:
        yield from _repeated(meter, field="register_id", allowed=frozenset())

    def repeated_tprs(meter: Document) -> Iterator[Fault]:
        yield from _repeated(meter, field="tpr", allowed=_PAIRED_TPRS)

    return (
        ObjectRule(
            code="meter_with_duplicate_register_ids",
            path=path,
            explanation="The registers of a meter must have different identifiers.",
            faults=repeated_ids,
            fields=("registers.register_id",),
        ),
        ObjectRule(
            code="registers_have_duplicate_tprs",
            path=path,
            explanation="The registers of a meter must have different time pattern regimes.",
            faults=repeated_tprs,
            fields=("registers.tpr",),
        ),
    )


def reading_rules(path: str, *, today: date) -> tuple[Rule, ...]:
    """Readings of the meters at a path. A meter without registers is a gas meter."""
    transfer, history = "transfer_readings", "reading_history"
    return (
        *_register_of_reading(
            path,
            name=transfer,
            none="reading_without_register_id",
            unknown="reading_register_id_not_recognised",
        ),
        *_register_of_reading(
            path,
            name=history,
            none="no_register_id_for_reading",
            unknown="historical_reading_register_id_not_recognised",
        ),
        *(
            rule
            for name in (transfer, history)
            for rule in (
                _each_reading(
                    path,
                    name=name,
                    field="reading_value",
                    code="min_value",
                    explanation="A reading must not be negative.",
                    is_wrong=lambda _, reading: reading["reading_value"].startswith("-"),
                ),
                _each_reading(
                    path,
                    name=name,
                    field="reading_date",
                    code="future_reading",
                    explanation="A reading lies in the future.",
                    is_wrong=lambda _, reading: reading["reading_date"] > today.isoformat(),
                ),
                _each_reading(
                    path,
                    name=name,
                    field="reading_value",
                    code="reading_exceeds_register",
                    explanation="A reading has more digits than its register shows.",
                    severity="warning",
                    is_wrong=_exceeds,
                ),
            )
        ),
        ObjectRule(
            code="reading_below_previous",
            path=path,
            explanation="A reading is lower than the one before: the register rolled over, or one is wrong.",
            severity="warning",
            faults=_falling,
            fields=(f"{history}.reading_value", f"{transfer}.reading_value"),
        ),
    )


def prepay_rules(path: str) -> tuple[Rule, ...]:
    """Prepay fields stand on prepay meters only."""

    def faults(meter: Document) -> Iterator[Fault]:
        if meter.get("prepay_details") and not meter.get("is_prepay"):
            yield Fault("prepay_details")

    return (
        ObjectRule(
            code="prepay_details_on_non_prepay_meter",
            path=path,
            explanation="Only a prepay meter may have prepay details.",
            faults=faults,
            fields=("prepay_details",),
        ),
    )


def consumption_rules(path: str, *, today: date) -> tuple[Rule, ...]:
    """EACs and AQs of the supply points at a path."""

    def repeated(point: Document) -> Iterator[Fault]:
        seen = set()
        for index, entry in enumerate(point.get("eac_history") or ()):
            key = (entry["tpr"], entry["effective_from"])
            if key in seen:
                yield Fault(f"eac_history.{index}")
            seen.add(key)

    def missing(point: Document) -> Iterator[Fault]:
        known = {entry["tpr"] for entry in point.get("eac_history") or ()}
        for number, meter in enumerate(point.get("meters") or ()):
            for index, register in enumerate(meter.get("registers") or ()):
                if register.get("is_settlement") is not False and register.get("tpr") not in known:
                    yield Fault(f"meters.{number}.registers.{index}.tpr")

    def open_ends(point: Document) -> Iterator[Fault]:
        if sum("effective_to" not in entry for entry in point.get("aq_history") or ()) > 1:
            yield Fault("aq_history")

    def gaps(point: Document) -> Iterator[Fault]:
        entries = sorted(
            (entry["effective_from"], entry.get("effective_to") or "")
            for entry in point.get("aq_history") or ()
        )
        if any(end and day_after(end) != start for (_, end), (start, _) in pairwise(entries)):
            yield Fault("aq_history")

    def none_today(point: Document) -> Iterator[Fault]:
        entries = point.get("aq_history")
        if entries is not None and all(
            (entry.get("effective_to") or "9999") < today.isoformat() for entry in entries
        ):
            yield Fault("aq_history")

    return (
        ObjectRule(
            code="repeated_eac_for_tpr",
            path=path,
            explanation="A time pattern regime may have one estimated consumption from a day on.",
            faults=repeated,
            fields=("eac_history",),
        ),
        ObjectRule(
            code="missing_eacs_for_active_register_tpr",
            path=path,
            explanation="The regime of every settlement register needs an estimated consumption.",
            faults=missing,
            fields=("meters.registers.tpr",),
        ),
        ObjectRule(
            code="multiple_open_ended_aqs_in_meterpoint_aq_history",
            path=path,
            explanation="Only the last annual quantity may be without an end.",
            faults=open_ends,
            fields=("aq_history",),
        ),
        ObjectRule(
            code="gaps_or_overlaps_in_aq_history",
            path=path,
            explanation="An annual quantity must begin on the day after the one before it ends.",
            faults=gaps,
            fields=("aq_history",),
        ),
        ObjectRule(
            code="no_current_or_future_aq_entry_found",
            path=path,
            explanation="One annual quantity must hold today or later.",
            faults=none_today,
            fields=("aq_history",),
        ),
    )


def transfer_rules(*, points: str) -> tuple[Rule, ...]:
    """What the day of the transfer asks of an account: `points` is where its supply points are."""
    address, _, name = points.partition(".")

    def each_meter(account: Document) -> Iterator[tuple[str, Document, Document]]:
        for outer, place in enumerate(account.get(address) or ()):
            for middle, point in enumerate(place.get(name) or ()):
                for inner, meter in enumerate(point.get("meters") or ()):
                    yield f"{address}.{outer}.{name}.{middle}.meters.{inner}", point, meter

    def dates(account: Document) -> Iterator[Fault]:
        billed_to = account.get("last_billed_to_date")
        for path, _, meter in each_meter(account):
            for index, reading in enumerate(meter.get("transfer_readings") or ()):
                if billed_to and reading["reading_date"] != billed_to:
                    yield Fault(f"{path}.transfer_readings.{index}.reading_date")

    def vends(account: Document) -> Iterator[Fault]:
        billed_to = account.get("last_billed_to_date")
        for path, point, meter in each_meter(account):
            vended = (meter.get("prepay_details") or {}).get("transfer_vend_read_date")
            if billed_to and vended:
                due = day_before(billed_to) if point["supply_type"] == "GAS" else billed_to
                if vended not in (due, billed_to):
                    yield Fault(f"{path}.prepay_details.transfer_vend_read_date")

    def billed_later(account: Document) -> Iterator[Fault]:
        billed_to = account.get("last_billed_to_date")
        for path, _, meter in each_meter(account):
            for index, reading in enumerate(meter.get("reading_history") or ()):
                if billed_to and reading["billed"] and reading["reading_date"] > billed_to:
                    yield Fault(f"{path}.reading_history.{index}.reading_date")

    below = f"{points}.meters"
    return (
        ObjectRule(
            code="transfer_reading_dates_must_match_last_billed_to_date",
            path="",
            explanation="A transfer reading must be of the day to which the account is billed.",
            faults=dates,
            fields=(f"{below}.transfer_readings.reading_date",),
        ),
        ObjectRule(
            code="transfer_vend_read_date_must_match_last_billed_to_date",
            path="",
            explanation="A prepay meter must be read on the day of the last bill; gas on the day before.",
            faults=vends,
            fields=(f"{below}.prepay_details.transfer_vend_read_date",),
        ),
        ObjectRule(
            code="billed_reading_after_last_billed_to_date",
            path="",
            explanation="No reading after the day to which the account is billed can be billed.",
            faults=billed_later,
            fields=(f"{below}.reading_history.reading_date",),
        ),
        *_one_transfer_reading(points=points),
    )


def _one_transfer_reading(*, points: str) -> tuple[Rule, ...]:
    """Exactly one transfer reading for each settlement register, and for each gas meter."""

    def counted(point: Document) -> Iterator[tuple[int, int]]:
        for index, meter in enumerate(point.get("meters") or ()):
            if meter.get("removed_on"):
                continue
            readings = Counter(reading.get("register_id") for reading in meter.get("transfer_readings") or ())
            if point["supply_type"] == "GAS":
                yield index, sum(readings.values())
            else:
                for register in meter.get("registers") or ():
                    if register.get("is_settlement") is not False:
                        yield index, readings[register["register_id"]]

    def rule(*, code: str, fuel: str, explanation: str, is_wrong: Callable[[int], bool]) -> Rule:
        def faults(point: Document) -> Iterator[Fault]:
            if point["supply_type"] == fuel:
                for index, readings in counted(point):
                    if is_wrong(readings):
                        yield Fault(f"meters.{index}.transfer_readings")

        return ObjectRule(
            code=code,
            path=points,
            explanation=explanation,
            faults=faults,
            fields=("meters.transfer_readings",),
        )

    return (
        rule(
            code="missing_transfer_reading_for_register",
            fuel="ELECTRICITY",
            explanation="Every settlement register needs a transfer reading.",
            is_wrong=lambda readings: readings == 0,
        ),
        rule(
            code="multiple_transfer_readings_for_register",
            fuel="ELECTRICITY",
            explanation="A register may have one transfer reading.",
            is_wrong=lambda readings: readings > 1,
        ),
        rule(
            code="active_gas_meter_without_transfer_reading",
            fuel="GAS",
            explanation="Every gas meter needs a transfer reading.",
            is_wrong=lambda readings: readings == 0,
        ),
        rule(
            code="active_gas_meter_with_multiple_transfer_readings",
            fuel="GAS",
            explanation="A gas meter may have one transfer reading.",
            is_wrong=lambda readings: readings > 1,
        ),
    )


def _repeated(meter: Document, *, field: str, allowed: frozenset[str]) -> Iterator[Fault]:
    seen = set()
    for index, register in enumerate(meter.get("registers") or ()):
        value = register.get(field)
        if value in seen and value not in allowed:
            yield Fault(f"registers.{index}.{field}")
        if value is not None:
            seen.add(value)


def _register_of_reading(path: str, *, name: str, none: str, unknown: str) -> tuple[Rule, ...]:
    return (
        _each_reading(
            path,
            name=name,
            field="register_id",
            code=none,
            explanation="A reading of an electricity meter must name its register.",
            is_wrong=lambda meter, reading: bool(meter.get("registers")) and not reading.get("register_id"),
        ),
        _each_reading(
            path,
            name=name,
            field="register_id",
            code=unknown,
            explanation="A reading names a register that its meter does not have.",
            is_wrong=_of_no_register,
        ),
    )


def _each_reading(
    path: str,
    *,
    name: str,
    field: str,
    code: str,
    explanation: str,
    is_wrong: Callable[[Document, Document], bool],
    severity: Severity = "error",
) -> Rule:
    def faults(meter: Document) -> Iterator[Fault]:
        for index, reading in enumerate(meter.get(name) or ()):
            if is_wrong(meter, reading):
                yield Fault(f"{name}.{index}.{field}")

    return ObjectRule(
        code=code,
        path=path,
        explanation=explanation,
        severity=severity,
        faults=faults,
        fields=(f"{name}.{field}",),
    )


def _of_no_register(meter: Document, reading: Document) -> bool:
    named = reading.get("register_id")
    return bool(named) and named not in {register["register_id"] for register in meter.get("registers") or ()}


def _exceeds(meter: Document, reading: Document) -> bool:
    digits = _digits(meter, reading)
    return digits is not None and len(reading["reading_value"].partition(".")[0].lstrip("-0")) > digits


def _digits(meter: Document, reading: Document) -> int | None:
    for register in meter.get("registers") or ():
        if register["register_id"] == reading.get("register_id"):
            return int(register["number_of_digits"])
    digits = meter.get("gas_number_of_digits")
    return None if digits is None else int(digits)


def _falling(meter: Document) -> Iterator[Fault]:
    """The first fall of each register, wherever the later reading stands."""
    rows = [
        (
            reading.get("register_id") or "",
            reading["reading_date"],
            reading["reading_value"],
            f"{name}.{index}",
        )
        for name in ("reading_history", "transfer_readings")
        for index, reading in enumerate(meter.get(name) or ())
    ]
    rows.sort()
    for (one, _, before, _), (other, _, after, place) in pairwise(rows):
        if one == other and float(after) < float(before):
            yield Fault(f"{place}.reading_value")
            return
