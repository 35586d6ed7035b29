"""What meter points and their agreements are refused for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any, Final

from kraken_import.simulator.rules.declared import Check, Context, Found, Objection
from kraken_import.simulator.rules.edf.billed import billed_dates
from kraken_import.simulator.rules.edf.book import (
    BOOK,
    add_flag,
    add_order,
    add_unique,
    has_ended,
    is_active,
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
    def check(point: Found, _: Context) -> Iterator[Objection]:
        if not is_one(value=point["identifier"]):
            code = "invalid_supply_point_identifier"
            says = f"{point['identifier']} is not a valid supply point identifier."
            yield Objection("identifier", code, says)

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
    spans = ((as_day(item[start]), as_day(item.get(end))) for _, item in objects(items))
    return sorted(
        ((begins, ends) for begins, ends in spans if begins), key=lambda span: (span[0], span[1] or date.max)
    )


@BOOK.rule("gaps_or_overlaps_in_agreement_dates", on=_ON)
def _consecutive(account: Found, _: Context) -> Iterator[Objection]:
    """Agreements overlap or leave a gap, but after one that ended before supply began; ends are exclusive."""
    for path, point in points_of(account):
        if len(point.get("agreements") or ()) < 2:
            continue
        supply = as_day(point["supply_start_date"])
        for (_start, end), (start, _end) in pairwise(
            _spans(point["agreements"], "effective_from", "effective_to")
        ):
            is_historic = end is not None and supply is not None and end <= supply
            if end is None or end > start or (end < start and not is_historic):
                code = "gaps_or_overlaps_in_agreement_dates"
                yield Objection(f"{path}.agreements", code, "There is a gap, or two overlap.")
                break


def _before_supply(point: Found, _: Context) -> Iterator[Objection]:
    supply = as_day(point["supply_start_date"])
    for index, agreement in objects(point.get("agreements")):
        start, end = as_day(agreement["effective_from"]), as_day(agreement.get("effective_to"))
        if supply and start and start < supply and (end is None or end > supply):
            code = "agreement_start_date_before_supply_start_date"
            where = f"agreements.{index}.effective_from"
            yield Objection(where, code, f"Supply started on {supply}.")


def _exemptions(point: Found, _: Context) -> Iterator[Objection]:
    for name in ("ccl_exemptions", "vat_exemptions"):
        spans = _spans(point.get(name), "effective_from", "effective_to")
        if sum(end is None for _, end in spans) > 1:
            yield Objection(name, "multiple_open_ended_tax_exemptions", "One may be open-ended.")
        elif any(end is None or end > start for (_, end), (start, _) in pairwise(spans)):
            yield Objection(name, "overlapping_effective_dates_for_tax_exemptions", "Two overlap.")


for _kind in _POINTS:
    BOOK.add(
        "agreement_start_date_before_supply_start_date",
        on=_kind,
        says=(
            "An agreement of this supply starts before supply_start_date; one that had ended by then is"
            " historic, which another rule allows."
        ),
        check=_before_supply,
    )
    BOOK.add(
        "multiple_open_ended_tax_exemptions",
        "overlapping_effective_dates_for_tax_exemptions",
        on=_kind,
        at="ccl_exemptions vat_exemptions",
        says="Several are open-ended, or two overlap.",
        check=_exemptions,
    )


@BOOK.rule(
    "gaps_or_overlaps_in_periods",
    "zero_length_periods",
    on="ElectricityMeterPoint",
    at="capacity_values configuration_periods",
)
def _periods(point: Found, _: Context) -> Iterator[Objection]:
    """A period starts neither on the end of the one before nor a day later, or ends on the day it starts."""
    for name in ("capacity_values", "configuration_periods"):
        spans = _spans(point.get(name), "effective_from_date", "effective_to_date")
        if any(start == end for start, end in spans):
            yield Objection(name, "zero_length_periods", "A period ends on the day it starts.")
        elif any(
            end is None or start not in (end, day_after(end)) for (_, end), (start, _) in pairwise(spans)
        ):
            yield Objection(name, "gaps_or_overlaps_in_periods", "There is a gap, or two overlap.")


@BOOK.rule(
    "configuration_period_starts_in_future",
    "latest_configuration_period_not_open_ended",
    on="ElectricityMeterPoint",
    at="configuration_periods",
)
def _configured(point: Found, context: Context) -> Iterator[Objection]:
    """A configuration period starts in the future, or the last one ends."""
    spans = _spans(point.get("configuration_periods"), "effective_from_date", "effective_to_date")
    if any(start > context.today for start, _ in spans):
        yield Objection(
            "configuration_periods", "configuration_period_starts_in_future", "One has not begun."
        )
    if spans and spans[-1][1] is not None:
        code = "latest_configuration_period_not_open_ended"
        yield Objection("configuration_periods", code, "The last one must have no end.")


@BOOK.rule("agents_and_mpids_to_appoint_provided", on="ElectricityMeterPoint")
def _agents(point: Found, _: Context) -> Iterator[Objection]:
    """agents is given together with dc_to_appoint or mop_to_appoint."""
    if point.get("agents") and any(point.get(name) for name in ("dc_to_appoint", "mop_to_appoint")):
        yield Objection("agents", "agents_and_mpids_to_appoint_provided", "Give one of the two.")


@BOOK.rule(
    "multiple_open_ended_aqs_in_meterpoint_aq_history",
    "gaps_or_overlaps_in_aq_history",
    on="GasMeterPoint",
    at="aq_history",
)
def _quantities(point: Found, _: Context) -> Iterator[Objection]:
    """Several entries are open-ended, or one does not start on the day after the end of the one before."""
    spans = _spans(point.get("aq_history"), "effective_from", "effective_to")
    if sum(end is None for _, end in spans) > 1:
        code = "multiple_open_ended_aqs_in_meterpoint_aq_history"
        yield Objection("aq_history", code, "One may be open-ended.")
    elif any(end is None or start != day_after(end) for (_, end), (start, _) in pairwise(spans)):
        yield Objection("aq_history", "gaps_or_overlaps_in_aq_history", "There is a gap, or two overlap.")


@BOOK.rule("no_current_or_future_aq_entry_found", on=_ON)
def _current_quantity(account: Found, context: Context) -> Iterator[Objection]:
    """A gas meter point on supply with an active meter has no entry in aq_history that lasts until today."""
    for path, point in points_of(account):
        if point["supply_type"] != "GAS" or has_ended(point, context.today):
            continue
        spans = _spans(point.get("aq_history"), "effective_from", "effective_to")
        lasts = any(end is None or end >= context.today for _, end in spans)
        if not lasts and any(is_active(meter) for _, meter in objects(point.get("meters"))):
            yield Objection(f"{path}.aq_history", "no_current_or_future_aq_entry_found", "None is current.")


@BOOK.rule("meter_point_with_no_agreement", "meterpoint_with_agreement_not_on_supply", on=_ON)
def _agreed(account: Found, context: Context) -> Iterator[Objection]:
    """A point on supply has no agreement past the day billed to, or one is in force after supply ended."""
    billed = min(billed_dates(account, is_deep=True), default=date.min)
    for path, point in points_of(account):
        spans = _spans(point.get("agreements"), "effective_from", "effective_to")
        if not has_ended(point, context.today):
            if not any(end is None or end > billed for _, end in spans):
                code = "meter_point_with_no_agreement"
                yield Objection(f"{path}.agreements", code, "It is on supply without an agreement.")
        elif any(start <= context.today and (end is None or end > context.today) for start, end in spans):
            code = "meterpoint_with_agreement_not_on_supply"
            yield Objection(f"{path}.agreements", code, "Supply has ended, and one is in force.")


@BOOK.rule("loss_in_progress", "future_supply_end_date", on=_ON, at="supply_addresses")
def _losses(account: Found, context: Context) -> Iterator[Objection]:
    """supply_end_date of a meter point is in the future, for which there are two codes."""
    for path, point in points_of(account):
        end = as_day(point.get("supply_end_date"))
        if end is not None and end > context.today:
            for code in ("loss_in_progress", "future_supply_end_date"):
                yield Objection(f"{path}.supply_end_date", code, f"Supply ends in the future, on {end}.")


@BOOK.rule("future_supply_start_date", on=_ON)
def _starts(account: Found, context: Context) -> Iterator[Objection]:
    """supply_start_date of a meter point is in the future."""
    for path, point in points_of(account):
        start = as_day(point["supply_start_date"])
        if start is not None and start > context.today:
            where = f"{path}.supply_start_date"
            yield Objection(where, "future_supply_start_date", f"Supply starts in the future, on {start}.")


@BOOK.rule("no_supply_point_on_supply", on=_ON)
def _on_supply(account: Found, context: Context) -> Iterator[Objection]:
    """There are meter points, and supply of all of them has ended."""
    points = [point for _, point in points_of(account)]
    if points and all(has_ended(point, context.today) for point in points):
        yield Objection("supply_addresses", "no_supply_point_on_supply", "No meter point is on supply.")


@BOOK.rule("multiple_property_administrators", on="EnergyLegacySupplyAddress")
def _administrators(address: Found, _: Context) -> Iterator[Objection]:
    """There is more than one property administrator."""
    if len(address.get("property_administrators") or ()) > 1:
        yield Objection("property_administrators", "multiple_property_administrators", "There may be one.")


def _bespoke(agreement: Found, _: Context) -> Iterator[Objection]:
    rates = agreement.get("bespoke_tariff_rates") or ()
    if len(rates) > 1 and repeated(repr(rate) for rate in rates):
        yield Objection("bespoke_tariff_rates", "duplicate_bespoke_rates", "A rate is there twice.")
    for index, rate in enumerate(rates):
        for place, register in objects(rate.get("registers")):
            if not register.get("register_id") and not register.get("rate_type"):
                code = "no_register_id_or_rate_type_provided_for_bespoke_elec_rate"
                where = f"bespoke_tariff_rates.{index}.registers.{place}"
                yield Objection(where, code, "Name the register or the type of rate.")


for _kind in _AGREEMENTS:
    BOOK.add(
        "duplicate_bespoke_rates",
        "no_register_id_or_rate_type_provided_for_bespoke_elec_rate",
        on=_kind,
        at="bespoke_tariff_rates",
        says="A rate is there twice, or a register of one has neither register_id nor rate_type.",
        check=_bespoke,
    )


def _participant(point: Found, _: Context) -> Iterator[Objection]:
    if point["mpid"] == "GONE":
        yield Objection("mpid", "market_participant_not_found", "There is no market participant GONE.")


for _kind in _POINTS:
    BOOK.add(
        "market_participant_not_found",
        on=_kind,
        at="mpid",
        says="mpid is GONE, which is how the stand-in plays a participant that is not there.",
        check=_participant,
    )
