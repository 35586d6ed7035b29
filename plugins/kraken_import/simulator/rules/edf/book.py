"""The rulebook of a British account, and what its rules share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import wraps
from typing import Any, Final, TypeVar

from kraken_import.simulator.rules.declared import Breach, Context, Found, Rulebook
from kraken_import.simulator.rules.values import as_day, as_moment, objects

Fact = TypeVar("Fact")

BOOK: Final = Rulebook(source="served:")

DOMESTIC: Final = frozenset(
    ("DOMESTIC", "DOMESTIC_VACANT", "DOMESTIC_OCCUPIER", "DOMESTIC_THIRD_PARTY_BILLED")
)
_DAY_LENGTH: Final = len("2019-08-01")
OCCUPIER: Final = frozenset(("DOMESTIC_OCCUPIER", "BUSINESS_OCCUPIER"))


def is_domestic(account: Found) -> bool:
    """Whether the account says that it is of a household."""
    return account.get("account_type") in DOMESTIC


def is_lead(account: Found) -> bool:
    """Whether the account leads a portfolio."""
    return account.get("account_type") == "PORTFOLIO_LEAD" or account.get("is_portfolio_lead") is True


def repeated(values: Iterable[Any]) -> list[Any]:
    """The values that are there more than once; those that are left out or blank do not count."""
    there = [value for value in values if value]
    if len(set(there)) == len(there):
        return []
    return [value for value, times in Counter(there).items() if times > 1]


def once(find: Callable[[Found, Context], Fact]) -> Callable[[Found, Context], Fact]:
    """Make a function find its fact of the whole account once in a judgement, however many rules ask."""

    @wraps(find)
    def known(account: Found, context: Context) -> Fact:
        facts = context.facts
        if find in facts:
            fact: Fact = facts[find]
            return fact
        fact = facts[find] = find(account, context)
        return fact

    return known


def _without_registers(point: Found) -> Found:
    """A meter point as Kraken knows it: a gas meter has no registers, whatever stands under this name."""
    meters = point.get("meters") or ()
    if point["supply_type"] != "GAS" or not any("registers" in meter for meter in meters):
        return point
    known = [{name: meter[name] for name in meter if name != "registers"} for meter in meters]
    return {**point, "meters": known}


@once
def points_of(account: Found, _: Context) -> tuple[tuple[str, Found], ...]:
    """The meter points of an account with their paths."""
    return tuple(
        [
            (f"supply_addresses.{place}.meter_points.{index}", _without_registers(point))
            for place, address in objects(account.get("supply_addresses"))
            for index, point in objects(address.get("meter_points"))
        ]
    )


@once
def meters_of(account: Found, context: Context) -> tuple[tuple[str, Found, Found], ...]:
    """The meters of an account with their paths, each after its meter point."""
    return tuple(
        [
            (f"{path}.meters.{index}", point, meter)
            for path, point in points_of(account, context)
            for index, meter in objects(point.get("meters"))
        ]
    )


def has_ended(point: Found, today: date) -> bool:
    """Whether supply has ended. A meter point whose end is open or to come is billable."""
    end = as_day(point.get("supply_end_date"))
    return end is not None and end <= today


def is_active(meter: Found) -> bool:
    """Whether a meter is still in its place."""
    return meter.get("removed_on") is None


def settlement_registers(meter: Found) -> Iterator[tuple[int, Found]]:
    """The registers that are billed by, which a register is unless it says otherwise."""
    for index, register in objects(meter.get("registers")):
        if register.get("is_settlement") is not False:
            yield index, register


def add_order(
    start: str, end: str, *on: str, code: str = "start_date_later_than_end_date", may_be_equal: bool = True
) -> None:
    """Declare for kinds of object that their `end` is not before their `start`, or not on it either."""

    def check(holder: Found, _: Context) -> Iterator[Breach]:
        begins, ends = holder.get(start), holder.get(end)
        if begins is None or ends is None or (begins < ends and len(begins) == len(ends) == _DAY_LENGTH):
            return
        first, last = as_moment(begins), as_moment(ends)
        if first and last and (last < first or (last == first and not may_be_equal)):
            yield Breach(end, f"{end} is before {start}, or on it where it may not be.")

    before = "before" if may_be_equal else "on or before"
    for kind in on:
        BOOK.add(code, on=kind, says=f"{end} is {before} {start}.", check=check, needs=end)


def add_unique(field: str, *names: str, on: str, code: str, says: str) -> None:
    """Declare for a list that no two of its objects have the same values under these names."""

    def check(holder: Found, _: Context) -> Iterator[Breach]:
        listed = holder.get(field) or ()
        if len(listed) < 2:
            return
        # As text, because some of them may have any type.
        values = [tuple([str(item.get(name)) for name in names]) for item in listed if item.get(names[0])]
        if len(set(values)) < len(values):
            yield Breach(field, says)

    BOOK.add(code, on=on, at=field, says=says, check=check)


def add_flag(field: str, value: Any, *on: str, code: str, says: str) -> None:
    """Declare that a field has not this one value."""

    def check(holder: Found, _: Context) -> Iterator[Breach]:
        if holder.get(field) is value:
            yield Breach(field, says)

    for kind in on:
        BOOK.add(code, on=kind, at=field, says=says, check=check)


def add_past(field: str, *on: str, code: str) -> None:
    """Declare that a date or time is not in the future; a day that has begun is not."""

    def check(holder: Found, context: Context) -> Iterator[Breach]:
        value = holder.get(field)
        day = as_day(value)
        if day is None and value is not None:
            moment = as_moment(value)
            day = moment.date() if moment else None
        if day is not None and day > context.today:
            yield Breach(field, f"{field} is in the future.")

    for kind in on:
        BOOK.add(code, on=kind, at=field, says=f"{field} is in the future.", check=check)
