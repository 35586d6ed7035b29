"""What the days that an account, a meter point, a meter or a register is billed to are refused for.

A day on a register or gas meter counts before one on its meter point, and that before the account's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.book import (
    BOOK,
    has_ended,
    is_active,
    is_lead,
    meters_of,
    once,
    points_of,
    settlement_registers,
)
from kraken_import.simulator.rules.values import amount, as_day, day_after

_ON: Final = "EnergyAccount"
_BILLED: Final = "last_billed_to_date"
_METERED_BY_HALF_HOURS: Final = frozenset("CDEFG")


def own_dates(meter: Found) -> list[date]:
    """The days that a meter itself is billed to, as a gas meter or on its registers."""
    days = []
    for register in meter.get("registers") or ():
        if _BILLED in register and register.get("is_settlement") is not False:
            day = as_day(register[_BILLED])
            if day:
                days.append(day)
    day = as_day(meter.get(_BILLED))
    if day:
        days.append(day)
    return days


@once
def billed_above(account: Found, context: Context) -> tuple[date, ...]:
    """The days that account and meter points are billed to."""
    days = [as_day(account.get(_BILLED))]
    days += [as_day(point.get(_BILLED)) for _, point in points_of(account, context)]
    return tuple([day for day in days if day])


@once
def billed_to(account: Found, context: Context) -> tuple[date, ...]:
    """The days that account and meter points are billed to, and their meters and registers."""
    own = [day for _, _, meter in meters_of(account, context) for day in own_dates(meter)]
    return (*billed_above(account, context), *own)


def _above(account: Found, point: Found, meter: Found) -> set[date]:
    """Return the days to take for a meter without its own; one that has ended may be billed to its end."""
    days = [as_day(point.get(_BILLED)), as_day(account.get(_BILLED))]
    if any(days):
        days += as_day(meter.get("removed_on")), as_day(point.get("supply_end_date"))
    return {day for day in days if day}


def is_fully_billed(account: Found, point: Found, meter: Found) -> bool:
    """Whether a meter was removed before the day that its account or meter point is billed to."""
    removed, day = as_day(meter.get("removed_on")), as_day(point.get(_BILLED)) or as_day(account.get(_BILLED))
    return removed is not None and day is not None and removed < day and not own_dates(meter)


def _by_register(meter: Found) -> dict[str, date]:
    days = {each["register_id"]: as_day(each.get(_BILLED)) for each in meter.get("registers") or ()}
    return {name: day for name, day in days.items() if day} if any(days.values()) else {}


def is_half_hourly(point: Found) -> bool:
    """Whether a meter point says that it is settled by half hours."""
    return point.get("measurement_class") in _METERED_BY_HALF_HOURS or point.get("profile_class") == 0


@BOOK.rule("transfer_reading_dates_must_match_last_billed_to_date", on=_ON, at="supply_addresses")
def _transfer_readings(account: Found, context: Context) -> Iterator[Breach]:
    """A transfer reading is not of the day that its register, meter, meter point or account is billed to."""
    for path, point, meter in meters_of(account, context):
        readings = meter.get("transfer_readings")
        if not readings:
            continue
        own, registers = as_day(meter.get(_BILLED)), _by_register(meter)
        above: set[date] | None = None
        for index, reading in enumerate(readings):
            billed = own or registers.get(reading.get("register_id") or "")
            if billed is None and above is None:
                above = _above(account, point, meter)
            days = {billed} if billed else above
            if days and as_day(reading["reading_date"]) not in days:
                where = f"{path}.transfer_readings.{index}.reading_date"
                yield Breach(where, "It is not of the day that is billed to.")


@BOOK.rule("transfer_vend_read_date_must_match_last_billed_to_date", on=_ON, amid="prepay_details")
def _vends(account: Found, context: Context) -> Iterator[Breach]:
    """The transfer vend of a prepay meter is neither of the day that is billed to nor of the day before."""
    for path, point, meter in meters_of(account, context):
        details = meter.get("prepay_details")
        if not details:
            continue
        days = set(own_dates(meter)) or _above(account, point, meter)
        vend = as_day(details["transfer_vend_read_date"])
        if vend and days and not days & {vend, day_after(vend)}:
            where = f"{path}.prepay_details.transfer_vend_read_date"
            yield Breach(where, "It is not of the day before the one billed to.")


@BOOK.rule("billed_reading_after_last_billed_to_date", on=_ON, at="supply_addresses")
def _billed_readings(account: Found, context: Context) -> Iterator[Breach]:
    """A historical reading that is billed is after the day that its register or meter is billed to."""
    for path, point, meter in meters_of(account, context):
        readings = meter.get("reading_history")
        if not readings:
            continue
        own, registers = as_day(meter.get(_BILLED)), _by_register(meter)
        above = max(_above(account, point, meter), default=None)
        for index, reading in enumerate(readings):
            if not reading["billed"]:
                continue
            day = own or registers.get(reading.get("register_id") or "") or above
            taken = as_day(reading["reading_date"])
            if day and taken and taken > day:
                where = f"{path}.reading_history.{index}.reading_date"
                yield Breach(where, f"Billed to {day}.")


def _was_billed(account: Found) -> bool:
    books = [account, *(account.get("ledgers") or ())]
    names = ("historical_statement_transactions", "last_statement_closing_date")
    # A balance that is left out is assumed to be zero, so that a zero tells no more than none.
    return any(book.get(name) for book in books for name in names) or any(
        amount(book.get("last_statement_balance")) for book in books
    )


@BOOK.rule("last_billed_to_date_not_found", on=_ON)
def _not_found(account: Found, context: Context) -> Iterator[Breach]:
    """A billed account tells neither on itself nor on point, meter or each register what it is billed to."""
    if account.get(_BILLED) or not _was_billed(account):
        return
    if account.get("smart_read_frequency") == "HALF_HOURLY":
        return
    for path, point in points_of(account, context):
        meters = point.get("meters") or ()
        is_exchanged = not all(map(is_active, meters))
        if point.get(_BILLED) or point.get("supply_end_date") or is_half_hourly(point) or is_exchanged:
            continue
        for index, meter in enumerate(meters):
            where = f"{path}.meters.{index}"
            if point["supply_type"] == "GAS" and not meter.get(_BILLED):
                yield Breach(f"{where}.{_BILLED}", "Say what is billed.")
            for place, register in settlement_registers(meter):
                if not register.get(_BILLED):
                    yield Breach(f"{where}.registers.{place}.{_BILLED}", "Say what is billed.")


@BOOK.rule(
    "no_last_billed_to_date_on_exchanged_meter",
    "last_billed_to_date_on_new_meter",
    on=_ON,
    at="supply_addresses",
    amid="removed_on",
)
def _exchanged(account: Found, context: Context) -> Iterator[Breach]:
    """Exchanged: no day is told anywhere, or the old meter has one and its replacement has one too."""
    for path, point in points_of(account, context):
        meters = point.get("meters") or ()
        old = [(index, own_dates(meter)) for index, meter in enumerate(meters) if not is_active(meter)]
        if not old:
            continue
        new = [(index, own_dates(meter)) for index, meter in enumerate(meters) if is_active(meter)]
        is_told = bool(point.get(_BILLED) or account.get(_BILLED) or any(days for _, days in new))
        for index, days in old:
            if not days and not is_told:
                code = "no_last_billed_to_date_on_exchanged_meter"
                yield Breach(f"{path}.meters.{index}", "Say what is billed.", code)
        if any(days for _, days in old):
            for index, days in new:
                if days:
                    code = "last_billed_to_date_on_new_meter"
                    yield Breach(f"{path}.meters.{index}", "The old meter is what is billed.", code)


@BOOK.rule("no_agreement_covering_last_billed_to_date", on=_ON, amid="agreements")
def _covered(account: Found, context: Context) -> Iterator[Breach]:
    """A meter point on supply has agreements, and none is in force on the day that it is billed to."""
    for path, point in points_of(account, context):
        agreements = point.get("agreements")
        if not agreements or has_ended(point, context.today):
            continue
        days = [day for meter in point.get("meters") or () for day in own_dates(meter)]
        if not days:
            day = as_day(point.get(_BILLED)) or as_day(account.get(_BILLED))
            days = [day] if day else []
        if days and not _is_one_in_force(agreements, days):
            yield Breach(f"{path}.agreements", "None is in force on the day billed to.")


def _is_one_in_force(agreements: Sequence[Found], days: Sequence[date]) -> bool:
    for agreement in agreements:
        start, end = as_day(agreement["effective_from"]), as_day(agreement.get("effective_to"))
        if start is not None:
            for day in days:
                if start <= day and (end is None or day < end):
                    return True
    return False


@BOOK.rule("cannot_determine_responsible_for_billing_from_date", on=_ON)
def _billing_start(account: Found, context: Context) -> Iterator[Breach]:
    """There is no last_billed_to_date, no last_statement_closing_date and no agreement."""
    books = [account, *(account.get("ledgers") or ())]
    if any(book.get("last_statement_closing_date") for book in books) or billed_to(account, context):
        return
    # Said of this flag alone.
    if is_lead(account) and any(book.get("last_statement_issue_date") for book in books):
        return
    if not any(point.get("agreements") for _, point in points_of(account, context)):
        yield Breach(_BILLED, "Tell from when to bill.")
