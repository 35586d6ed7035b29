"""What meter points and their agreements are refused for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, Final

from kraken_import.simulator.rules.declared import Breach, Check, Context, Found
from kraken_import.simulator.rules.edf.billed import billed_to
from kraken_import.simulator.rules.edf.book import (
    BOOK,
    add_flag,
    add_order,
    add_unique,
    has_ended,
    is_active,
    once,
    points_of,
    repeated,
)
from kraken_import.simulator.rules.values import as_day, day_after, is_mpan, is_mprn, objects

_ON: Final = "EnergyAccount"
_POINTS: Final = ("ElectricityMeterPoint", "GasMeterPoint")
_AGREEMENTS: Final = ("ElectricityAgreement", "GasAgreement")

add_order("supply_start_date", "supply_end_date", *_POINTS)
add_order("effective_from", "effective_to", *_AGREEMENTS, "GasAnnualQuantity")
add_order(
    "effective_from_date", "effective_to_date", "ElectricityCapacityValue", "ElectricityConfigurationPeriod"
)
add_order(
    "effective_from",
    "effective_to",
    "EnergyTaxExemption",
    code="start_date_same_as_end_date",
    may_be_equal=False,
)
add_flag(
    "et_in_progress",
    True,
    *_POINTS,
    code="erroneous_transfer_not_in_progress",
    says="et_in_progress: an erroneous transfer is under way.",
)
add_flag(
    "dr_in_progress",
    True,
    *_POINTS,
    code="disputed_read_in_progress",
    says="dr_in_progress: a disputed reading is under way.",
)
add_unique(
    "eac_history",
    "effective_from",
    "tpr",
    on="ElectricityMeterPoint",
    code="repeated_eac_for_tpr",
    says="A TPR has two entries of one day.",
)
add_unique(
    "meter_points",
    "identifier",
    on="EnergyLegacySupplyAddress",
    code="duplicate_meter_points_provided",
    says="A meter point is there twice.",
)
for _kind in _AGREEMENTS:
    add_unique(
        "characteristics",
        "code",
        on=_kind,
        code="children_with_duplicate_values",
        says="A code is there twice.",
    )


def _identifier(is_one: Any) -> Check:
    def check(point: Found, _: Context) -> Iterator[Breach]:
        if not is_one(value=point["identifier"]):
            says = f"{point['identifier']} is not a valid supply point identifier."
            yield Breach("identifier", says)

    return check


for _kind, _name, _is_one in zip(_POINTS, ("MPAN", "MPRN"), (is_mpan, is_mprn), strict=True):
    BOOK.add(
        "invalid_supply_point_identifier",
        on=_kind,
        at="identifier",
        says=f"identifier: no {_name}, or one whose check digits do not check it.",
        check=_identifier(_is_one),
    )


def _spans(items: Any, start: str, end: str) -> list[tuple[date, date | None]]:
    """The periods of a list in their order."""
    spans = []
    for item in items or ():
        begins = as_day(item[start])
        if begins:
            spans.append((begins, as_day(item.get(end))))
    if len(spans) > 1:
        spans.sort(key=lambda span: (span[0], span[1] or date.max))
    return spans


@once
def _agreements_of(account: Found, context: Context) -> tuple[list[tuple[date, date | None]], ...]:
    """The periods of the agreements of each meter point."""
    return tuple(
        [
            _spans(point.get("agreements"), "effective_from", "effective_to")
            for _, point in points_of(account, context)
        ]
    )


@BOOK.rule("gaps_or_overlaps_in_agreement_dates", on=_ON)
def _consecutive(account: Found, context: Context) -> Iterator[Breach]:
    """Agreements overlap or leave a gap, but after one that ended before supply began; ends are exclusive."""
    points = points_of(account, context)
    for (path, point), spans in zip(points, _agreements_of(account, context), strict=True):
        if len(spans) < 2:
            continue
        supply = as_day(point["supply_start_date"])
        for (_start, end), (start, _end) in pairwise(spans):
            is_historic = end is not None and supply is not None and end <= supply
            if end is None or end > start or (end < start and not is_historic):
                yield Breach(f"{path}.agreements", "There is a gap, or two overlap.")
                break


@BOOK.rule("agreement_start_date_before_supply_start_date", on=_POINTS)
def _before_supply(point: Found, _: Context) -> Iterator[Breach]:
    """An agreement of this supply starts before supply_start_date; one that had ended by then is historic,
    which another rule allows.
    """
    supply = as_day(point["supply_start_date"])
    for index, agreement in objects(point.get("agreements")):
        start = as_day(agreement["effective_from"])
        if not (supply and start and start < supply):
            continue
        end = as_day(agreement.get("effective_to"))
        if end is None or end > supply:
            where = f"agreements.{index}.effective_from"
            yield Breach(where, f"Supply started on {supply}.")


@BOOK.rule(
    "multiple_open_ended_tax_exemptions",
    "overlapping_effective_dates_for_tax_exemptions",
    on=_POINTS,
    at="ccl_exemptions vat_exemptions",
    amid="ccl_exemptions vat_exemptions",
)
def _exemptions(point: Found, _: Context) -> Iterator[Breach]:
    """Several are open-ended, or two overlap."""
    for name in ("ccl_exemptions", "vat_exemptions"):
        spans = _spans(point.get(name), "effective_from", "effective_to")
        if sum(end is None for _, end in spans) > 1:
            yield Breach(name, "One may be open-ended.", "multiple_open_ended_tax_exemptions")
        elif any(end is None or end > start for (_, end), (start, _) in pairwise(spans)):
            yield Breach(name, "Two overlap.", "overlapping_effective_dates_for_tax_exemptions")


@BOOK.rule(
    "gaps_or_overlaps_in_periods",
    "zero_length_periods",
    on="ElectricityMeterPoint",
    at="capacity_values configuration_periods",
    amid="capacity_values configuration_periods",
)
def _periods(point: Found, _: Context) -> Iterator[Breach]:
    """A period starts neither on the end of the one before nor a day later, or ends on the day it starts."""
    for name in ("capacity_values", "configuration_periods"):
        spans = _spans(point.get(name), "effective_from_date", "effective_to_date")
        if any(start == end for start, end in spans):
            yield Breach(name, "A period ends on the day it starts.", "zero_length_periods")
        elif any(
            end is None or start not in (end, day_after(end)) for (_, end), (start, _) in pairwise(spans)
        ):
            yield Breach(name, "There is a gap, or two overlap.", "gaps_or_overlaps_in_periods")


@BOOK.rule(
    "configuration_period_starts_in_future",
    "latest_configuration_period_not_open_ended",
    on="ElectricityMeterPoint",
    at="configuration_periods",
)
def _configured(point: Found, context: Context) -> Iterator[Breach]:
    """A configuration period starts in the future, or the last one ends."""
    spans = _spans(point.get("configuration_periods"), "effective_from_date", "effective_to_date")
    if any(start > context.today for start, _ in spans):
        yield Breach("configuration_periods", "One has not begun.", "configuration_period_starts_in_future")
    if spans and spans[-1][1] is not None:
        code = "latest_configuration_period_not_open_ended"
        yield Breach("configuration_periods", "The last one must have no end.", code)


@BOOK.rule("agents_and_mpids_to_appoint_provided", on="ElectricityMeterPoint", amid="agents")
def _agents(point: Found, _: Context) -> Iterator[Breach]:
    """agents is given together with dc_to_appoint or mop_to_appoint."""
    if point.get("agents") and any(point.get(name) for name in ("dc_to_appoint", "mop_to_appoint")):
        yield Breach("agents", "Give one of the two.")


@BOOK.rule(
    "multiple_open_ended_aqs_in_meterpoint_aq_history",
    "gaps_or_overlaps_in_aq_history",
    on="GasMeterPoint",
    at="aq_history",
)
def _quantities(point: Found, _: Context) -> Iterator[Breach]:
    """Several entries are open-ended, or one does not start on the day after the end of the one before."""
    spans = _spans(point.get("aq_history"), "effective_from", "effective_to")
    if sum(end is None for _, end in spans) > 1:
        code = "multiple_open_ended_aqs_in_meterpoint_aq_history"
        yield Breach("aq_history", "One may be open-ended.", code)
    elif any(end is None or start != day_after(end) for (_, end), (start, _) in pairwise(spans)):
        yield Breach("aq_history", "There is a gap, or two overlap.", "gaps_or_overlaps_in_aq_history")


@BOOK.rule("no_current_or_future_aq_entry_found", on=_ON)
def _current_quantity(account: Found, context: Context) -> Iterator[Breach]:
    """A gas meter point on supply with an active meter has no entry in aq_history that lasts until today."""
    for path, point in points_of(account, context):
        if point["supply_type"] != "GAS" or has_ended(point, context.today):
            continue
        spans = _spans(point.get("aq_history"), "effective_from", "effective_to")
        lasts = any(end is None or end >= context.today for _, end in spans)
        if not lasts and any(is_active(meter) for _, meter in objects(point.get("meters"))):
            yield Breach(f"{path}.aq_history", "None is current.")


@BOOK.rule("meter_point_with_no_agreement", "meterpoint_with_agreement_not_on_supply", on=_ON)
def _agreed(account: Found, context: Context) -> Iterator[Breach]:
    """A point on supply has no agreement past the day billed to, or one is in force after supply ended."""
    billed = min(billed_to(account, context), default=date.min)
    points = points_of(account, context)
    for (path, point), spans in zip(points, _agreements_of(account, context), strict=True):
        if not has_ended(point, context.today):
            if not any(end is None or end > billed for _, end in spans):
                code = "meter_point_with_no_agreement"
                yield Breach(f"{path}.agreements", "It is on supply without an agreement.", code)
        elif any(start <= context.today and (end is None or end > context.today) for start, end in spans):
            code = "meterpoint_with_agreement_not_on_supply"
            yield Breach(f"{path}.agreements", "Supply has ended, and one is in force.", code)


@BOOK.rule(
    "loss_in_progress", "future_supply_end_date", on=_ON, at="supply_addresses", amid="supply_end_date"
)
def _losses(account: Found, context: Context) -> Iterator[Breach]:
    """supply_end_date of a meter point is in the future, for which there are two codes."""
    for path, point in points_of(account, context):
        end = as_day(point.get("supply_end_date"))
        if end is not None and end > context.today:
            for code in ("loss_in_progress", "future_supply_end_date"):
                yield Breach(f"{path}.supply_end_date", f"Supply ends in the future, on {end}.", code)


@BOOK.rule("future_supply_start_date", on=_ON)
def _starts(account: Found, context: Context) -> Iterator[Breach]:
    """supply_start_date of a meter point is in the future."""
    for path, point in points_of(account, context):
        start = as_day(point["supply_start_date"])
        if start is not None and start > context.today:
            where = f"{path}.supply_start_date"
            yield Breach(where, f"Supply starts in the future, on {start}.")


@BOOK.rule("no_supply_point_on_supply", on=_ON, amid="supply_end_date")
def _on_supply(account: Found, context: Context) -> Iterator[Breach]:
    """There are meter points, and supply of all of them has ended."""
    points = [point for _, point in points_of(account, context)]
    if points and all(has_ended(point, context.today) for point in points):
        yield Breach("supply_addresses", "No meter point is on supply.")


@BOOK.rule("multiple_property_administrators", on="EnergyLegacySupplyAddress")
def _administrators(address: Found, _: Context) -> Iterator[Breach]:
    """There is more than one property administrator."""
    if len(address.get("property_administrators") or ()) > 1:
        yield Breach("property_administrators", "There may be one.")


@BOOK.rule(
    "duplicate_bespoke_rates",
    "no_register_id_or_rate_type_provided_for_bespoke_elec_rate",
    on=_AGREEMENTS,
    at="bespoke_tariff_rates",
)
def _bespoke(agreement: Found, _: Context) -> Iterator[Breach]:
    """A rate is there twice, or a register of one has neither register_id nor rate_type."""
    rates = agreement.get("bespoke_tariff_rates") or ()
    if len(rates) > 1 and repeated(repr(rate) for rate in rates):
        yield Breach("bespoke_tariff_rates", "A rate is there twice.", "duplicate_bespoke_rates")
    for index, rate in enumerate(rates):
        for place, register in objects(rate.get("registers")):
            if not register.get("register_id") and not register.get("rate_type"):
                code = "no_register_id_or_rate_type_provided_for_bespoke_elec_rate"
                where = f"bespoke_tariff_rates.{index}.registers.{place}"
                yield Breach(where, "Name the register or the type of rate.", code)


@BOOK.rule("market_participant_not_found", on=_POINTS, at="mpid")
def _participant(point: Found, _: Context) -> Iterator[Breach]:
    """mpid is GONE, which is how the stand-in plays a participant that is not there."""
    if point["mpid"] == "GONE":
        yield Breach("mpid", "There is no market participant GONE.")
