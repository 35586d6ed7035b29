"""The requirements of the day to which an account is billed.

A register of electricity, or a gas meter, may have a day of its own: it goes before its supply point's, and
that before the account's. A meter that was installed later than all of them has not been billed at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from transforms.rules.dates import day_before
from transforms.rules.engine import Document, Fault, ObjectRule, Prepare, Rule
from transforms.rules.supply_points import (
    Point,
    each_point,
    is_billable,
    is_electricity,
    is_half_hourly,
    place_of,
)

_OPEN: Final = "9999"
_NONE: Final[Mapping[str, str]] = {}


class Billed(NamedTuple):
    """A meter, and to which days it is billed."""

    number: int
    meter: Document
    default: str
    """The meter's own day, its point's or the account's; empty if there is none."""
    registers: Mapping[str, str]
    """The days of registers that have their own."""

    @property
    def days(self) -> set[str]:
        """Every day to which it is billed."""
        return set(self.registers.values()) or ({self.default} if self.default else set())

    @property
    def has_own(self) -> bool:
        """Whether it has a day that is not its point's or the account's."""
        return bool(self.registers) or bool(self.meter.get("last_billed_to_date"))


class Supply(NamedTuple):
    """A supply point with its meters, and the day to which its point or account is billed."""

    each: Point
    meters: Sequence[Billed]
    shared: str
    """Empty if there is none."""

    def days(self) -> set[str]:
        """Every day to which the meters in place are billed."""
        days: set[str] = set()
        for billed in self.meters:
            if billed.meter.get("removed_on"):
                continue
            days.update(billed.registers.values())
            if billed.default and (not billed.registers or billed.meter.get("last_billed_to_date")):
                days.add(billed.default)
        return days or ({self.shared} if self.shared else days)


_Supplies: TypeAlias = Sequence[Supply]


def transfer_reading_dates(*, points: str) -> Rule:
    """A transfer reading is of the day to which its register or meter is billed."""

    def faults(supplies: _Supplies) -> Iterator[Fault]:
        for each, meters, _ in supplies:
            end = each.point.get("supply_end_date")
            for billed in meters:
                for index, reading in enumerate(billed.meter.get("transfer_readings") or ()):
                    due = billed.registers.get(reading.get("register_id"), billed.default)
                    if due and reading["reading_date"] not in (due, end):
                        place = place_of_meter(each, billed, points=points)
                        yield Fault(f"{place}.transfer_readings.{index}.reading_date")

    return ObjectRule(
        code="transfer_reading_dates_must_match_last_billed_to_date",
        path="",
        explanation="A transfer reading must be of the day to which its register or meter is billed.",
        faults=faults,
        prepare=_supplies_of(points),
        fields=(f"{points}.meters.transfer_readings.reading_date",),
    )


def vend_read_dates(*, points: str) -> Rule:
    """A prepay meter is read for its vends on the day before the one to which it is billed.

    That day itself passes: one sentence of the source asks for a match, and another for the day before.
    """

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed, vended in _vends(account, points=points):
            days = billed.days
            if days and vended not in days and vended not in {day_before(day) for day in days}:
                yield Fault(_vend(each, billed, points=points))

    return _vend_rule(
        points=points,
        code="transfer_vend_read_date_must_match_last_billed_to_date",
        explanation="A prepay meter's vends must be read on the day before that of its last bill.",
        faults=faults,
    )


def vend_read_a_day_late(*, points: str) -> Rule:
    """Vends read on the day of the last bill itself, and not on the day before."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed, vended in _vends(account, points=points):
            if vended in billed.days:
                yield Fault(_vend(each, billed, points=points))

    return _vend_rule(
        points=points,
        code="vend_read_on_last_billed_to_date",
        explanation="The vends were read on the day of the last bill: the day before it is meant.",
        faults=faults,
    )


def billed_readings(*, points: str) -> Rule:
    """Readings after the day to which a register or meter is billed are not billed."""

    def faults(supplies: _Supplies) -> Iterator[Fault]:
        for each, meters, _ in supplies:
            for billed in meters:
                for index, reading in enumerate(billed.meter.get("reading_history") or ()):
                    due = billed.registers.get(reading.get("register_id"), billed.default)
                    if due and reading["billed"] and reading["reading_date"] > due:
                        place = place_of_meter(each, billed, points=points)
                        yield Fault(f"{place}.reading_history.{index}.reading_date")

    return ObjectRule(
        code="billed_reading_after_last_billed_to_date",
        path="",
        explanation="No reading after the day to which its meter is billed can be billed.",
        faults=faults,
        prepare=_supplies_of(points),
        fields=(f"{points}.meters.reading_history.reading_date",),
    )


def covering_agreement(*, points: str, today: date) -> Rule:
    """An agreement of each point on supply holds on the days to which its meters are billed."""
    now = today.isoformat()

    def faults(supplies: _Supplies) -> Iterator[Fault]:
        for supply in supplies:
            each = supply.each
            agreements = each.point.get("agreements")
            if not agreements or not is_billable(each.point, today=now):
                continue
            for day in supply.days():
                for agreement in agreements:
                    if agreement["effective_from"] <= day < (agreement.get("effective_to") or _OPEN):
                        break
                else:
                    yield Fault(f"{place_of(each, points=points)}.agreements")
                    break

    return ObjectRule(
        code="no_agreement_covering_last_billed_to_date",
        path="",
        explanation="An agreement must hold on the day to which the account or its meter is billed.",
        faults=faults,
        prepare=_supplies_of(points),
        fields=(f"{points}.agreements",),
    )


def billed_before_leaving(*, points: str, today: date) -> Rule:
    """A customer who has left an address is billed to the end there.

    A warning: Kraken looks at it only where its settings import the addresses of the past.
    """
    now = today.isoformat()

    def faults(supplies: _Supplies) -> Iterator[Fault]:
        for supply in supplies:
            each = supply.each
            left = each.address.get("customer_at_supply_address_to_date")
            if not left or left > now:
                continue
            last = min(left, each.point.get("supply_end_date") or left)
            days = supply.days()
            # Whether the last day of a stay counts is said nowhere, so a day less passes.
            if days and max(days) < day_before(last):
                name, _, _ = points.partition(".")
                yield Fault(f"{name}.{each.outer}.customer_at_supply_address_to_date")

    return ObjectRule(
        code="unbilled_former_supply_address",
        path="",
        where=f"{points.partition('.')[0]}.customer_at_supply_address_to_date",
        explanation="A customer who has left an address should be billed to the last day there.",
        severity="warning",
        faults=faults,
        prepare=_supplies_of(points),
        fields=(f"{points.partition('.')[0]}.customer_at_supply_address_to_date",),
    )


def some_day_of_gas_meters(*, points: str, today: date) -> Rule:
    """A gas meter that was billed says to which day, if neither its point nor the account does."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _undated(account, points=points, today=today.isoformat()):
            if not is_electricity(each.point):
                yield Fault(f"{place_of_meter(each, billed, points=points)}.last_billed_to_date")

    return ObjectRule(
        code="last_billed_to_date_not_found",
        path="",
        explanation="Neither the gas meter nor its account says to which day it is billed.",
        faults=faults,
        fields=(f"{points}.meters.last_billed_to_date",),
    )


def some_day_of_registers(*, points: str, today: date) -> Rule:
    """A settlement register that was billed says to which day, if neither its point nor the account does."""

    def faults(account: Document) -> Iterator[Fault]:
        for each, billed in _undated(account, points=points, today=today.isoformat()):
            if is_electricity(each.point) and not is_half_hourly(each.point):
                for index, register in enumerate(billed.meter.get("registers") or ()):
                    if register.get("is_settlement") is False or register.get("last_billed_to_date"):
                        continue
                    place = place_of_meter(each, billed, points=points)
                    yield Fault(f"{place}.registers.{index}.last_billed_to_date")

    return ObjectRule(
        code="last_billed_to_date_not_found",
        path="",
        explanation="Neither the register nor its account says to which day it is billed.",
        faults=faults,
        fields=(f"{points}.meters.registers.last_billed_to_date",),
    )


def _vend_rule(
    *, points: str, code: str, explanation: str, faults: Callable[[Document], Iterator[Fault]]
) -> Rule:
    return ObjectRule(
        code=code,
        path="",
        where=f"{points}.meters.prepay_details.transfer_vend_read_date",
        explanation=explanation,
        faults=faults,
        fields=(f"{points}.meters.prepay_details.transfer_vend_read_date",),
    )


def _vends(account: Document, *, points: str) -> Iterator[tuple[Point, Billed, str]]:
    """(point, meter, vend read date) of each prepay meter."""
    for each in each_point(account, points=points):
        for billed in each_billed(account, each.point):
            vended = (billed.meter.get("prepay_details") or {}).get("transfer_vend_read_date")
            if vended:
                yield each, billed, vended


def _vend(each: Point, billed: Billed, *, points: str) -> str:
    return f"{place_of_meter(each, billed, points=points)}.prepay_details.transfer_vend_read_date"


@cache
def _supplies_of(points: str) -> Prepare:
    """What gives the supply points of an account with their meters: one function, so that rules share it."""

    def supplies(account: Document) -> _Supplies:
        return [
            Supply(each, tuple(each_billed(account, each.point)), _shared(account, each.point))
            for each in each_point(account, points=points)
        ]

    return supplies


def each_billed(account: Document, point: Document) -> Iterator[Billed]:
    """The meters of a supply point with the days to which they are billed."""
    shared = _shared(account, point)
    for index, meter in enumerate(point.get("meters") or ()):
        own = _NONE
        for register in meter.get("registers") or ():
            if day := register.get("last_billed_to_date"):
                own = {**own, register["register_id"]: day}
        default = meter.get("last_billed_to_date") or ""
        if not default and shared and (meter.get("installed_on") or "") <= shared:
            default = shared
        yield Billed(index, meter, default, own)


def _shared(account: Document, point: Document) -> str:
    return point.get("last_billed_to_date") or account.get("last_billed_to_date") or ""


def _undated(account: Document, *, points: str, today: str) -> Iterator[tuple[Point, Billed]]:
    """Meters in place without a day, where the account has been billed before, and not by half hours."""
    # Whether an account that is read by half hours is billed by them too is said nowhere.
    if account.get("smart_read_frequency") == "HALF_HOURLY":
        return
    if account.get("last_billed_to_date") or not any(
        book.get("historical_statement_transactions") for book in (account, *(account.get("ledgers") or ()))
    ):
        return
    for each in each_point(account, points=points):
        meters = each.point.get("meters") or ()
        is_exchanged = any(meter.get("removed_on") for meter in meters)
        if is_exchanged or each.point.get("last_billed_to_date") or not is_billable(each.point, today=today):
            continue
        for billed in each_billed(account, each.point):
            if not billed.meter.get("last_billed_to_date"):
                yield each, billed


def place_of_meter(each: Point, billed: Billed, *, points: str) -> str:
    """The path of a meter with its indexes."""
    return f"{place_of(each, points=points)}.meters.{billed.number}"
