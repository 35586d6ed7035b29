"""Rules for GB accounts about days that must fit each other, and what they leave without a value.

The codes are Kraken's own. Dates in the form YYYY-MM-DD sort as texts, so they are compared as such.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from simulator.rules.common import Problem, objects

_NO_LATER: Final = "start_date_later_than_end_date"


def problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the days of an account whose form is right."""
    for name, start, end in (
        ("payment_schedules", "start_date", "end_date"),
        ("statements", "bill_period_from_date", "bill_period_to_date"),
    ):
        for index, period in objects(payload.get(name)):
            yield from _in_order(period, start, end, f"{name}.{index}.")
    for index, ledger in objects(payload.get("ledgers")):
        yield from _statement(ledger, f"ledgers.{index}.")
    billed_to = payload.get("last_billed_to_date")
    for place, address in objects(payload.get("supply_addresses")):
        for index, point in objects(address.get("meter_points")):
            yield from _meter_point(point, billed_to, f"supply_addresses.{place}.meter_points.{index}.")


def _in_order(holder: Mapping[str, Any], start: str, end: str, path: str) -> Iterator[Problem]:
    if holder.get(start) and holder.get(end) and holder[end] < holder[start]:
        yield Problem(f"{path}{end}", _NO_LATER, f"{end} is earlier than {start}.")


def _statement(ledger: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """The history lies before the last statement's close, the current transactions after it."""
    closed = ledger.get("last_statement_closing_date")
    if not closed:
        return
    for index, each in objects(ledger.get("historical_statement_transactions")):
        if each["transaction_date"] > closed:
            yield Problem(
                f"{path}historical_statement_transactions.{index}.transaction_date",
                "historical_statement_transaction_after_last_statement_closing_date",
                f"The last statement closed on {closed}.",
            )
    for index, each in objects(ledger.get("current_statement_transactions")):
        if each["transaction_date"] <= closed and not each.get("to_prepay_meter_serial_number"):
            yield Problem(
                f"{path}current_statement_transactions.{index}.transaction_date",
                "current_statement_transaction_before_current_statement_opening_date",
                f"The last statement closed on {closed}.",
            )
    if (ledger.get("last_statement_issue_date") or closed) < closed:
        yield Problem(
            f"{path}last_statement_issue_date",
            "last_statement_issued_before_closing_date",
            f"The last statement closed on {closed}.",
        )


def _meter_point(point: Mapping[str, Any], billed_to: str | None, path: str) -> Iterator[Problem]:
    yield from _in_order(point, "supply_start_date", "supply_end_date", path)
    yield from _annual_quantities([each for _, each in objects(point.get("aq_history"))], path)
    estimated = {each["tpr"] for _, each in objects(point.get("eac_history"))}
    is_gas = point["supply_type"] == "GAS"
    for index, meter in objects(point.get("meters")):
        here = f"{path}meters.{index}."
        if billed_to:
            yield from _read_at_last_bill(meter, billed_to, here)
        # A meter that was taken away is neither read for the transfer nor estimated any more.
        if meter.get("removed_on"):
            continue
        yield from _gas_read(meter, here) if is_gas else _registers_read(meter, here)
        for tpr in (register.get("tpr") for register in _settlement(meter)):
            if tpr and tpr not in estimated:
                yield Problem(
                    f"{path}eac_history", "missing_eacs_for_active_register_tpr", f"TPR {tpr} has no EAC."
                )


def _annual_quantities(entries: Sequence[Mapping[str, Any]], path: str) -> Iterator[Problem]:
    """Each begins on the day after the one before it ended, and only the last has no end."""
    for index, entry in enumerate(entries):
        yield from _in_order(entry, "effective_from", "effective_to", f"{path}aq_history.{index}.")
    periods = sorted((entry["effective_from"], entry.get("effective_to")) for entry in entries)
    if sum(end is None for _, end in periods) > 1:
        code, why = "multiple_open_ended_aqs_in_meterpoint_aq_history", "Several AQs have no end."
    elif any(end != _day_before(start) for (_, end), (start, _) in itertools.pairwise(periods)):
        code, why = "gaps_or_overlaps_in_aq_history", "The AQ history has gaps or overlaps."
    else:
        return
    yield Problem(f"{path}aq_history", code, why)


def _read_at_last_bill(meter: Mapping[str, Any], billed_to: str, path: str) -> Iterator[Problem]:
    """Transfer readings are of the day up to which was billed, a prepay meter's vend of the day before."""
    for index, reading in objects(meter.get("transfer_readings")):
        if reading["reading_date"] != billed_to:
            yield Problem(
                f"{path}transfer_readings.{index}.reading_date",
                "transfer_reading_dates_must_match_last_billed_to_date",
                f"The account was billed to {billed_to}.",
            )
    vend = meter.get("prepay_details")
    if vend and vend["transfer_vend_read_date"] not in (billed_to, _day_before(billed_to)):
        yield Problem(
            f"{path}prepay_details.transfer_vend_read_date",
            "transfer_vend_read_date_must_match_last_billed_to_date",
            f"The account was billed to {billed_to}.",
        )


def _gas_read(meter: Mapping[str, Any], path: str) -> Iterator[Problem]:
    readings = len(meter.get("transfer_readings") or ())
    if readings == 0:
        code = "active_gas_meter_without_transfer_reading"
    elif readings > 1:
        code = "active_gas_meter_with_multiple_transfer_readings"
    else:
        return
    yield Problem(f"{path}transfer_readings", code, "The meter needs one transfer reading.")


def _registers_read(meter: Mapping[str, Any], path: str) -> Iterator[Problem]:
    read = [reading.get("register_id") for _, reading in objects(meter.get("transfer_readings"))]
    for register in _settlement(meter):
        number = register["register_id"]
        if number not in read:
            code = "missing_transfer_reading_for_register"
        elif read.count(number) > 1:
            code = "multiple_transfer_readings_for_register"
        else:
            continue
        yield Problem(f"{path}transfer_readings", code, f"Register {number} needs one transfer reading.")


def _settlement(meter: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The registers that settle: all but those that say they do not."""
    return [each for _, each in objects(meter.get("registers")) if each.get("is_settlement") is not False]


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
