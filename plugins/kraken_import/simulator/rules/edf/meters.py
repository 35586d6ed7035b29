"""What meters, their registers and their readings are refused for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.billed import is_fully_billed, is_half_hourly
from kraken_import.simulator.rules.edf.book import (
    BOOK,
    add_past,
    add_unique,
    has_ended,
    is_active,
    meters_of,
    points_of,
    settlement_registers,
)
from kraken_import.simulator.rules.values import amount, as_day, day_after, objects

_ON: Final = "EnergyAccount"
_METERS: Final = ("ElectricityMeter", "GasMeter")
_UNMETERED: Final = frozenset("BD")
_TWICE: Final = frozenset(f"{number:05}" for number in range(1201, 1230, 2))
_DEVICE: Final = re.compile(r"(?i)[0-9A-F]{16}", re.ASCII)

add_past("smart_commissioned_on", *_METERS, code="future_smart_meter_commission_date")
add_unique(
    "registers",
    "register_id",
    on="ElectricityMeter",
    code="meter_with_duplicate_register_ids",
    says="A register is there twice.",
)


@BOOK.rule("blank", on=_METERS, at="meter_serial_number")
def _serial(meter: Found, _: Context) -> Iterator[Breach]:
    """meter_serial_number: blank."""
    if not meter["meter_serial_number"].strip():
        yield Breach("meter_serial_number", "This field may not be blank.")


@BOOK.rule(
    "smart_details_provided_for_non_smart_meter", on=_METERS, amid="smart_commissioned_on smart_device_id"
)
def _smart(meter: Found, _: Context) -> Iterator[Breach]:
    """smart_commissioned_on or smart_device_id of a meter that is not smart."""
    if meter.get("smart_type", "NONE") == "NONE":
        for name in ("smart_commissioned_on", "smart_device_id"):
            if meter.get(name):
                yield Breach(name, "The meter is not smart.")


@BOOK.rule("invalid_smart_device_id", on=_METERS, at="smart_device_id")
def _device(meter: Found, _: Context) -> Iterator[Breach]:
    """smart_device_id: not eight bytes, as hexadecimal digits with or without marks between them."""
    device = meter.get("smart_device_id")
    if device and not _DEVICE.fullmatch(device.replace("-", "").replace(":", "")):
        detail = f"{device} is not a device of 16 digits."
        yield Breach("smart_device_id", detail)


@BOOK.rule(
    "prepay_details_on_non_prepay_meter", on=_METERS, amid="prepay_details prepay_customer_reference_number"
)
def _prepay(meter: Found, _: Context) -> Iterator[Breach]:
    """prepay_details or prepay_customer_reference_number of a meter that is not prepay."""
    if not meter.get("is_prepay"):
        for name in ("prepay_details", "prepay_customer_reference_number"):
            if meter.get(name):
                yield Breach(name, "The meter is not prepay.")


@BOOK.rule(
    "electricity_prepay_meter_without_customer_reference_number", on="ElectricityMeter", amid="is_prepay"
)
def _reference(meter: Found, _: Context) -> Iterator[Breach]:
    """An active prepay meter has no prepay_customer_reference_number."""
    if meter.get("is_prepay") and is_active(meter) and not meter.get("prepay_customer_reference_number"):
        yield Breach("prepay_customer_reference_number", "A prepay meter needs its number.")


@BOOK.rule(
    "invalid_prepay_customer_reference_number", on="ElectricityMeter", at="prepay_customer_reference_number"
)
def _reference_number(meter: Found, _: Context) -> Iterator[Breach]:
    """prepay_customer_reference_number: no integer, blanks left out."""
    told = meter.get("prepay_customer_reference_number") or ""
    number = "".join(told.split())
    if told and not (number.isascii() and number.isdigit()):
        yield Breach("prepay_customer_reference_number", "It is not a whole number.")


@BOOK.rule(
    "reading_without_register_id",
    "reading_register_id_not_recognised",
    on="ElectricityMeter",
    amid="transfer_readings",
)
def _transfer_registers(meter: Found, _: Context) -> Iterator[Breach]:
    """A transfer reading names no register, or one that the meter does not have."""
    codes = ("reading_without_register_id", "reading_register_id_not_recognised")
    return _unknown_registers(meter, "transfer_readings", codes)


@BOOK.rule(
    "no_register_id_for_reading",
    "historical_reading_register_id_not_recognised",
    on="ElectricityMeter",
    amid="reading_history",
)
def _historical_registers(meter: Found, _: Context) -> Iterator[Breach]:
    """A historical reading names no register, or none of those that the meter is told to have."""
    codes = ("no_register_id_for_reading", "historical_reading_register_id_not_recognised")
    return _unknown_registers(meter, "reading_history", codes)


def _unknown_registers(meter: Found, name: str, codes: tuple[str, str]) -> Iterator[Breach]:
    readings = meter.get(name)
    if not readings:
        return
    known = {each["register_id"] for each in meter.get("registers") or ()}
    for index, reading in enumerate(readings):
        named, where = reading.get("register_id"), f"{name}.{index}.register_id"
        if not named:
            yield Breach(where, "Name the register.", codes[0])
        elif known and named not in known:
            yield Breach(where, f"There is no register {named}.", codes[1])


@BOOK.rule("registers_have_duplicate_tprs", on="ElectricityMeter", at="registers")
def _regimes(meter: Found, _: Context) -> Iterator[Breach]:
    """Two registers have the same TPR; of the odd ones from 01201 to 01229 two may."""
    if len(meter.get("registers") or ()) < 2:
        return
    times = Counter(each.get("tpr") for _, each in objects(meter.get("registers")) if each.get("tpr"))
    if any(count > (2 if tpr in _TWICE else 1) for tpr, count in times.items()):
        yield Breach("registers", "Two registers have one TPR.")


@BOOK.rule("registers_missing_for_active_electricity_meter", on="ElectricityMeterPoint")
def _registers(point: Found, _: Context) -> Iterator[Breach]:
    """An active meter has no register, or a settlement register that is not half-hourly has no TPR."""
    is_known = point.get("profile_class") or point.get("measurement_class")
    for index, meter in objects(point.get("meters")):
        if is_active(meter) and not meter.get("registers"):
            yield Breach(f"meters.{index}.registers", "An active meter needs a register.")
        if is_known and not is_half_hourly(point):
            for place, register in settlement_registers(meter):
                if not register.get("tpr"):
                    yield Breach(f"meters.{index}.registers.{place}.tpr", "A register needs a TPR.")


@BOOK.rule("multiple_non_dmex_meters_with_serial_number", on=("ElectricityMeterPoint", "GasMeterPoint"))
def _dummies(point: Found, _: Context) -> Iterator[Breach]:
    """Two meters have one number, and one was not installed the day after the other went."""
    meters = [meter for _, meter in objects(point.get("meters"))]
    if len(meters) < 2:
        return
    times = Counter(meter["meter_serial_number"] for meter in meters)
    for serial in (serial for serial, count in times.items() if count > 1):
        same = sorted(
            (meter for meter in meters if meter["meter_serial_number"] == serial),
            key=lambda meter: meter.get("installed_on") or "",
        )
        for old, new in pairwise(same):
            removed, installed = as_day(old.get("removed_on")), as_day(new.get("installed_on"))
            if removed is None or installed != day_after(removed):
                yield Breach("meters", "A meter of this number was not exchanged the day before.")
                break


@BOOK.rule(
    "active_gas_meter_without_transfer_reading", "active_gas_meter_with_multiple_transfer_readings", on=_ON
)
def _gas_readings(account: Found, context: Context) -> Iterator[Breach]:
    """An active gas meter on supply has not exactly one transfer reading."""
    for path, point, meter in meters_of(account, context):
        if point["supply_type"] != "GAS" or not is_active(meter) or has_ended(point, context.today):
            continue
        times, where = len(meter.get("transfer_readings") or ()), f"{path}.transfer_readings"
        if times == 0:
            yield Breach(where, "It needs one.", "active_gas_meter_without_transfer_reading")
        elif times > 1:
            yield Breach(where, "It needs one alone.", "active_gas_meter_with_multiple_transfer_readings")


@BOOK.rule(
    "missing_transfer_reading_for_register",
    "multiple_transfer_readings_for_register",
    "missing_eacs_for_active_register_tpr",
    on=_ON,
)
def _register_readings(account: Found, context: Context) -> Iterator[Breach]:
    """A settlement register on supply has not one transfer reading, or its TPR no entry in eac_history."""
    for path, point in points_of(account, context):
        if point["supply_type"] != "ELECTRICITY" or has_ended(point, context.today):
            continue
        estimated = {each["tpr"] for each in point.get("eac_history") or ()}
        for index, meter in objects(point.get("meters")):
            if not is_active(meter):
                continue
            where = f"{path}.meters.{index}.transfer_readings"
            named = [each.get("register_id") for each in meter.get("transfer_readings") or ()]
            for _, register in settlement_registers(meter):
                name = register["register_id"]
                times = named.count(name)
                if times == 0:
                    yield Breach(where, f"Register {name}: none.", "missing_transfer_reading_for_register")
                elif times > 1:
                    code = "multiple_transfer_readings_for_register"
                    yield Breach(where, f"Register {name}: more than one.", code)
                if register.get("tpr") and register["tpr"] not in estimated:
                    code = "missing_eacs_for_active_register_tpr"
                    yield Breach(f"{path}.eac_history", f"TPR {register['tpr']} has no entry.", code)


@BOOK.rule("no_reading_on_supply_end_date", on=_ON, amid="supply_end_date")
def _final_reading(account: Found, context: Context) -> Iterator[Breach]:
    """Supply of a meter point with meters has ended, and none of them has a reading of that day."""
    for path, point in points_of(account, context):
        meters = point.get("meters")
        if not meters or not has_ended(point, context.today):
            continue
        if not any(_has_reading(meter, point["supply_end_date"]) for meter in meters):
            yield Breach(f"{path}.meters", "Give the final reading.")


@BOOK.rule(
    "no_reading_on_removed_on",
    "no_transfer_reading_on_exchanged_meter",
    on=_ON,
    at="supply_addresses",
    amid="removed_on",
)
def _exchanged(account: Found, context: Context) -> Iterator[Breach]:
    """A meter that was removed has no reading of that day, or, unless fully billed, no transfer reading."""
    for path, point, meter in meters_of(account, context):
        if not is_active(meter):
            if not _has_reading(meter, meter["removed_on"]):
                yield Breach(f"{path}.removed_on", "Give a reading of that day.", "no_reading_on_removed_on")
            # A reading of a meter that is fully billed is refused itself: `reading_meter_fully_billed`.
            if not meter.get("transfer_readings") and not is_fully_billed(account, point, meter):
                code = "no_transfer_reading_on_exchanged_meter"
                yield Breach(f"{path}.transfer_readings", "An exchanged meter needs one.", code)


def _has_reading(meter: Found, day: str) -> bool:
    readings = (*(meter.get("transfer_readings") or ()), *(meter.get("reading_history") or ()))
    return any(each["reading_date"] == day for each in readings)


@BOOK.rule("meter_point_with_no_meters", on=_ON)
def _metered(account: Found, context: Context) -> Iterator[Breach]:
    """A meter point on supply has no active meter, and no measurement class of unmetered supply."""
    for path, point in points_of(account, context):
        if has_ended(point, context.today) or point.get("measurement_class") in _UNMETERED:
            continue
        if not any(is_active(meter) for meter in point.get("meters") or ()):
            yield Breach(f"{path}.meters", "It is on supply without a meter.")


def _balances(details: Found, _: Context) -> Iterator[Breach]:
    for name in ("debt_balance", "weekly_min", "weekly_max"):
        if amount(details.get(name)) < 0:
            yield Breach(name, "This must not be negative.")


for _kind in ("EnergyPrepaymentDetails", "GasPrepaymentDetails", "GasPrepayDebtRepaymentOptions"):
    _names = "weekly_min weekly_max" if _kind.endswith("Options") else "debt_balance"
    BOOK.add(
        "invalid",
        on=_kind,
        says=f"{_names.replace(' ', ' or ')}: negative.",
        check=_balances,
        source=f"served: {_kind}.{_names}, in the description",
    )


def _characteristic_values() -> dict[str, frozenset[str]]:
    methods = "NON_DIRECT_DEBIT PREPAYMENT DIRECT_DEBIT"
    channels = (
        "PARTNERSHIPS NEW_TENANT MOVE_IN DIRECT DEBT_COLLECTION_AGENCY DIGI_TELESALES LANDLORD ACQUISITION"
        " TELESALES FIELD_SALES HIGH_REFERRER WORKS_WITH_OCTOPUS PARENT_POWER WORKPLACE_POP_UP GIFT_OF_KIT"
        " PEOPLE_POWER AGGREGATOR PRICE_COMPARISON SUPPLIER_OF_LAST_RESORT EVENTS BROKER"
    )
    values = {
        "sales_channel": channels,
        "gbr-electricity.payment-method": methods,
        "gbr-electricity.meter-rate-profile": "flat_rate multi_rate",
        "gbr-gas.meter-point-grid-supply-point-equivalent": "_A _B _C _D _E _F _G _H _J _K _L _M _N _P",
        "gbr-gas.payment-method": methods,
    }
    return {code: frozenset(words.split()) for code, words in values.items()}


_CHARACTERISTICS: Final = _characteristic_values()


@BOOK.rule(
    "characteristic_code_not_found",
    "invalid_characteristic_value",
    on="Characteristic",
    source="served: ProductCharacteristic",
)
def _characteristic(characteristic: Found, _: Context) -> Iterator[Breach]:
    """code is none of the five that are listed, or value none of those listed for it."""
    values = _CHARACTERISTICS.get(characteristic["code"])
    if values is None:
        yield Breach("code", "There is no such characteristic.", "characteristic_code_not_found")
    elif characteristic["value"] not in values:
        yield Breach("value", "It is not listed for this characteristic.", "invalid_characteristic_value")
