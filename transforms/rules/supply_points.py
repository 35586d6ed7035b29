"""British supply points: which of them Kraken bills, and what it requires of them. Dates compare as texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from transforms.rules.dates import day_after
from transforms.rules.engine import Document, Fault, ObjectRule, Rule

_UNMETERED: Final = frozenset("BD")
_HALF_HOURLY: Final = frozenset("CDEFG")
_OPEN: Final = "9999"
"""Later than every date that is sent."""


class Point(NamedTuple):
    """A supply point of an account, and its place among the addresses and among the points of its own."""

    outer: int
    inner: int
    address: Document
    point: Document


def each_point(account: Document, *, points: str) -> Iterator[Point]:
    """The supply points of an account; `points` is their path, an address list and a list in each address."""
    addresses, _, name = points.partition(".")
    for outer, address in enumerate(account.get(addresses) or ()):
        for inner, point in enumerate(address.get(name) or ()):
            yield Point(outer, inner, address, point)


def place_of(point: Point, *, points: str) -> str:
    """The path of a supply point with its indexes."""
    addresses, _, name = points.partition(".")
    return f"{addresses}.{point.outer}.{name}.{point.inner}"


def is_electricity(point: Document) -> bool:
    """Whether this is an MPAN."""
    return point.get("supply_type") == "ELECTRICITY"


def is_gas(point: Document) -> bool:
    """Whether this is an MPRN."""
    return point.get("supply_type") == "GAS"


def is_billable(point: Document, *, today: str) -> bool:
    """Whether its supply has no end, or one that is still to come."""
    return (point.get("supply_end_date") or _OPEN) > today


def is_unmetered(point: Document) -> bool:
    """Whether its measurement class is one of those without meters."""
    return point.get("measurement_class") in _UNMETERED


def is_half_hourly(point: Document) -> bool:
    """Whether it is settled half-hourly, by its measurement class or by profile class 0."""
    return point.get("measurement_class") in _HALF_HOURLY or point.get("profile_class") == 0


def some_supply(*, points: str, today: date) -> Rule:
    """An account whose supply points have all ended is not migrated."""
    day = today.isoformat()

    def faults(account: Document) -> Iterator[Fault]:
        every = [each.point for each in each_point(account, points=points)]
        if not any(is_billable(point, today=day) for point in every):
            yield Fault(points.partition(".")[0])

    return ObjectRule(
        code="no_supply_point_on_supply",
        path="",
        where=f"{points}.supply_end_date",
        explanation="An account needs a supply point whose supply has not ended.",
        faults=faults,
        fields=(points.partition(".")[0],),
    )


def no_loss_in_progress(path: str, *, today: date) -> Rule:
    """A supply that is about to end must end before its customer migrates."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if point["supply_end_date"] > day:
            yield Fault("supply_end_date")

    return ObjectRule(
        code="loss_in_progress",
        path=path,
        explanation="The supply ends on a day to come: migrate the customer once it has ended.",
        faults=faults,
        fields=("supply_end_date",),
        needs=("supply_end_date",),
    )


def no_future_start(path: str, *, today: date) -> Rule:
    """The supply of a point that is billed has begun."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if point["supply_start_date"] > day and is_billable(point, today=day):
            yield Fault("supply_start_date")

    return ObjectRule(
        code="future_supply_start_date",
        path=path,
        explanation="The date is in the future.",
        faults=faults,
        fields=("supply_start_date",),
        needs=("supply_start_date",),
    )


def has_agreement(path: str, *, today: date) -> Rule:
    """A supply point that is billed needs an agreement."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if not point.get("agreements") and is_billable(point, today=day):
            yield Fault("agreements")

    return ObjectRule(
        code="meter_point_with_no_agreement",
        path=path,
        explanation="A meter point on supply needs an agreement.",
        faults=faults,
        fields=("agreements",),
    )


def no_agreement_off_supply(path: str, *, today: date) -> Rule:
    """An agreement must not go on where the supply has ended."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if is_billable(point, today=day):
            return
        for index, agreement in enumerate(point["agreements"]):
            if not agreement.get("effective_to"):
                yield Fault(f"agreements.{index}.effective_to")

    return ObjectRule(
        code="meterpoint_with_agreement_not_on_supply",
        path=path,
        explanation="The supply has ended, and this agreement has no end.",
        faults=faults,
        fields=("agreements.effective_to",),
        needs=("supply_end_date", "agreements"),
    )


def no_early_agreement(path: str) -> Rule:
    """Agreements begin with the supply; those that ended before it belong to an earlier one."""

    def faults(point: Document) -> Iterator[Fault]:
        start = point["supply_start_date"]
        for index, agreement in enumerate(point.get("agreements") or ()):
            end = agreement.get("effective_to")
            if agreement["effective_from"] < start and (not end or start < end):
                yield Fault(f"agreements.{index}.effective_from")

    return ObjectRule(
        code="agreement_start_date_before_supply_start_date",
        path=path,
        explanation="An agreement must not begin before the supply that it is for.",
        faults=faults,
        fields=("agreements.effective_from",),
        needs=("supply_start_date",),
    )


def has_active_meter(path: str, *, today: date) -> Rule:
    """A supply point that is billed needs a meter in place, unless it is unmetered."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        if any(not meter.get("removed_on") for meter in point.get("meters") or ()):
            return
        if is_billable(point, today=day) and not is_unmetered(point):
            yield Fault("meters")

    return ObjectRule(
        code="meter_point_with_no_meters",
        path=path,
        explanation="A meter point on supply needs a meter in place, or an unmetered measurement class.",
        faults=faults,
        fields=("meters",),
    )


def final_reading(path: str, *, today: date) -> Rule:
    """Where the supply of a metered point has ended, a reading of that day is needed."""
    day = today.isoformat()

    def faults(point: Document) -> Iterator[Fault]:
        end, meters = point["supply_end_date"], point.get("meters")
        if end <= day and meters and end not in _days_read(*meters):
            yield Fault("meters")

    return ObjectRule(
        code="no_reading_on_supply_end_date",
        path=path,
        explanation="The supply has ended, and no reading is of its last day.",
        faults=faults,
        fields=("meters",),
        needs=("supply_end_date",),
    )


def points_once(path: str) -> Rule:
    """A meter point is listed once at the address with this path."""

    def faults(address: Document) -> Iterator[Fault]:
        seen = set()
        for index, point in enumerate(address.get("meter_points") or ()):
            identifier = point.get("identifier")
            if identifier in seen:
                yield Fault(f"meter_points.{index}.identifier")
            seen.add(identifier)

    return ObjectRule(
        code="duplicate_meter_points_provided",
        path=path,
        explanation="A meter point can be listed at an address once.",
        faults=faults,
        fields=("meter_points.identifier",),
    )


def import_beside_export(*, points: str) -> Rule:
    """A meter for import and export is at both their points, and only one of them exports."""

    def faults(account: Document) -> Iterator[Fault]:
        every = list(each_point(account, points=points))
        kinds = defaultdict(list)
        for each in every:
            for serial in {meter.get("meter_serial_number") for meter in each.point.get("meters") or ()}:
                kinds[serial].append(each.point.get("export_type"))
        for each in every:
            if each.point.get("export_type") != "IMPORT_EXPORT":
                continue
            for index, meter in enumerate(each.point.get("meters") or ()):
                there = kinds[meter.get("meter_serial_number")]
                if len(there) == 1 or there.count("IMPORT_EXPORT") > 1:
                    place = place_of(each, points=points)
                    yield Fault(f"{place}.meters.{index}.meter_serial_number")

    return ObjectRule(
        code="import_meter_not_found_for_export_meter",
        path="",
        where=f"{points}.export_type",
        explanation="A meter of import and export must also be at one meter point of import only.",
        faults=faults,
        fields=(f"{points}.meters.meter_serial_number",),
    )


def serial_numbers_once(path: str) -> Rule:
    """Meters of a point share a serial number only if each follows the other on the day after its removal."""

    def faults(point: Document) -> Iterator[Fault]:
        meters = point.get("meters") or ()
        if len(meters) < 2:
            return
        before: dict[str, str] = {}
        rows = [
            (meter.get("installed_on") or "", meter.get("removed_on") or "", index)
            for index, meter in enumerate(meters)
        ]
        for installed, removed, index in sorted(rows):
            serial = meters[index].get("meter_serial_number")
            if serial in before and (not before[serial] or day_after(before[serial]) != installed):
                yield Fault(f"meters.{index}.meter_serial_number")
            before[serial] = removed

    return ObjectRule(
        code="multiple_non_dmex_meters_with_serial_number",
        path=path,
        explanation="Meters share a serial number only if one is installed a day after the other's removal.",
        faults=faults,
        fields=("meters.meter_serial_number",),
    )


def reason_only_for_refusal(path: str) -> Rule:
    """A customer who wants a smart meter gives no reason against one."""

    def faults(interest: Document) -> Iterator[Fault]:
        if interest["type"] == "INTERESTED":
            yield Fault("refusal_reason")

    return ObjectRule(
        code="smart_refusal_reason_given_for_interest",
        path=path,
        explanation="A customer who wants a smart meter must not have a reason against one.",
        faults=faults,
        fields=("refusal_reason",),
        needs=("type", "refusal_reason"),
    )


def _days_read(*meters: Document) -> set[str]:
    return {
        reading["reading_date"]
        for meter in meters
        for name in ("transfer_readings", "reading_history")
        for reading in meter.get(name) or ()
    }
