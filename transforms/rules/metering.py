"""Meters of British supply points, their registers and their readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from transforms.rules.engine import Document, Fault, ObjectRule, Prepare, Rule, ValueRule
from transforms.rules.supply_points import is_billable, is_electricity, is_gas, is_half_hourly

Readings = Literal["transfer_readings", "reading_history"]
_Row: TypeAlias = tuple[int, Document, int, Document]
"""The number of a meter, the meter, the number of a reading, the reading."""

_PAIRED_TPRS: Final = frozenset(f"{number:05}" for number in range(1201, 1230, 2))
"""The only TPRs that two registers of a meter may share."""


def register_ids_once(path: str) -> Rule:
    """The registers of a meter have different identifiers."""
    return ObjectRule(
        code="meter_with_duplicate_register_ids",
        path=path,
        explanation="The registers of a meter must have different identifiers.",
        faults=lambda meter: _repeated(meter, field="register_id", allowed=frozenset()),
        fields=("registers.register_id",),
    )


def tprs_once(path: str) -> Rule:
    """The registers of a meter have different time pattern regimes, but for the paired ones."""
    return ObjectRule(
        code="registers_have_duplicate_tprs",
        path=path,
        explanation="The registers of a meter must have different time pattern regimes.",
        faults=lambda meter: _repeated(meter, field="tpr", allowed=_PAIRED_TPRS),
        fields=("registers.tpr",),
    )


def some_register(path: str) -> Rule:
    """Each electricity meter in place at the points with this path has a register."""

    def faults(point: Document) -> Iterator[Fault]:
        if is_electricity(point):
            for index, meter in enumerate(point.get("meters") or ()):
                if not meter.get("registers") and not meter.get("removed_on"):
                    yield Fault(f"meters.{index}.registers")

    return ObjectRule(
        code="registers_missing_for_active_electricity_meter",
        path=path,
        explanation="An electricity meter needs a register.",
        faults=faults,
        fields=("meters.registers",),
    )


def some_tpr(path: str) -> Rule:
    """Each register of a meter in place has a time pattern regime, unless its point is half-hourly."""

    def faults(point: Document) -> Iterator[Fault]:
        if not is_electricity(point) or is_half_hourly(point):
            return
        for number, meter in enumerate(point.get("meters") or ()):
            for index, register in enumerate(meter.get("registers") or ()):
                if not register.get("tpr") and not meter.get("removed_on"):
                    yield Fault(f"meters.{number}.registers.{index}.tpr")

    return ObjectRule(
        code="registers_missing_for_active_electricity_meter",
        path=path,
        explanation="A register needs its time pattern regime, unless it is read half-hourly.",
        faults=faults,
        fields=("meters.registers.tpr",),
    )


def register_named(path: str, *, readings: Readings, code: str) -> Rule:
    """Each reading of an electricity meter names a register."""
    return _of_register(
        path,
        name=readings,
        code=code,
        explanation="A reading of an electricity meter must name its register.",
        is_wrong=lambda _, reading: not reading.get("register_id"),
    )


def register_known(path: str, *, readings: Readings, code: str) -> Rule:
    """A register that a reading of an electricity meter names is one of the meter's.

    A meter that was removed may be sent without any: its registers are not current.
    """

    return _of_register(
        path,
        name=readings,
        code=code,
        explanation="A reading names a register that its meter does not have.",
        is_wrong=lambda meter, reading: bool(reading.get("register_id") and meter.get("registers")),
    )


def not_negative(path: str) -> Rule:
    """Counters begin at zero; `path` is of the values that were read."""
    return ValueRule(
        code="negative_reading",
        path=path,
        explanation="A reading is negative.",
        holds=lambda value: not value.startswith("-"),
    )


def too_many_digits(path: str, *, readings: Readings) -> Rule:
    """A reading has at most the digits that its register shows."""

    def faults(point: Document) -> Iterator[Fault]:
        for number, meter in enumerate(point.get("meters") or ()):
            found = meter.get(readings)
            if not found:
                continue
            shown, default = _digits(meter), meter.get("gas_number_of_digits")
            for index, reading in enumerate(found):
                digits, value = shown.get(reading.get("register_id"), default), reading["reading_value"]
                # Most are short enough with everything that is no digit of the whole number.
                if digits is None or len(value) <= int(digits):
                    continue
                if len(value.partition(".")[0].lstrip("-0")) > int(digits):
                    yield Fault(f"meters.{number}.{readings}.{index}.reading_value")

    return ObjectRule(
        code="reading_exceeds_register",
        path=path,
        explanation="A reading has more digits than its register shows.",
        faults=faults,
        fields=(f"meters.{readings}.reading_value",),
    )


def falling_readings(path: str) -> Rule:
    """The readings of a register rise; `path` is of the meters."""
    return ObjectRule(
        code="reading_below_previous",
        path=path,
        explanation="A reading is lower than the one before: the register rolled over, or one is wrong.",
        faults=_falling,
        fields=("reading_history.reading_value", "transfer_readings.reading_value"),
    )


def prepay_details_on_prepay(path: str) -> Rule:
    """Only prepay meters have prepay details."""

    def faults(meter: Document) -> Iterator[Fault]:
        if meter["prepay_details"] and not meter.get("is_prepay"):
            yield Fault("prepay_details")

    return ObjectRule(
        code="prepay_details_on_non_prepay_meter",
        path=path,
        explanation="Only a prepay meter may have prepay details.",
        faults=faults,
        fields=("prepay_details",),
        needs=("prepay_details",),
    )


def customer_reference_given(path: str) -> Rule:
    """A prepay electricity meter in place has the reference of its customer.

    The field is not asked for where suppliers are switched on the market, and only there are agents named.
    """
    return _customer_reference(
        path,
        code="electricity_prepay_meter_without_customer_reference_number",
        explanation="A prepay electricity meter needs its customer reference number.",
        is_wrong=lambda meter, reference: not reference and not meter.get("removed_on"),
        unless="agents",
    )


def customer_reference_is_number(path: str) -> Rule:
    """That reference is a whole number, blanks apart."""
    return _customer_reference(
        path,
        code="invalid_prepay_customer_reference_number",
        explanation="The customer reference number of a prepay electricity meter must be a whole number.",
        is_wrong=lambda _, reference: bool(reference) and not "".join(reference.split()).isdecimal(),
    )


def transfer_reading_given(path: str, *, today: date) -> Rule:
    """Each settlement register in place at a point on supply has a transfer reading."""
    return _transfer_readings(
        path,
        today=today,
        code="missing_transfer_reading_for_register",
        applies=is_electricity,
        explanation="Every settlement register needs a transfer reading.",
        is_wrong=lambda readings: readings == 0,
    )


def transfer_reading_once(path: str, *, today: date) -> Rule:
    """Each of those registers has at most one."""
    return _transfer_readings(
        path,
        today=today,
        code="multiple_transfer_readings_for_register",
        applies=is_electricity,
        explanation="A register may have one transfer reading.",
        is_wrong=lambda readings: readings > 1,
    )


def gas_transfer_reading_given(path: str, *, today: date) -> Rule:
    """Each gas meter in place at a point on supply has a transfer reading."""
    return _transfer_readings(
        path,
        today=today,
        code="active_gas_meter_without_transfer_reading",
        applies=is_gas,
        explanation="Every gas meter needs a transfer reading.",
        is_wrong=lambda readings: readings == 0,
    )


def gas_transfer_reading_once(path: str, *, today: date) -> Rule:
    """Each of those meters has at most one."""
    return _transfer_readings(
        path,
        today=today,
        code="active_gas_meter_with_multiple_transfer_readings",
        applies=is_gas,
        explanation="A gas meter may have one transfer reading.",
        is_wrong=lambda readings: readings > 1,
    )


def _transfer_readings(
    path: str,
    *,
    today: date,
    code: str,
    applies: Callable[[Document], bool],
    explanation: str,
    is_wrong: Callable[[int], bool],
) -> Rule:
    day = today.isoformat()

    def faults(prepared: tuple[Document, Sequence[tuple[int, int]]]) -> Iterator[Fault]:
        point, counted = prepared
        for index, readings in counted:
            if is_wrong(readings) and applies(point) and is_billable(point, today=day):
                yield Fault(f"meters.{index}.transfer_readings")

    return ObjectRule(
        code=code,
        path=path,
        explanation=explanation,
        faults=faults,
        prepare=_with_counts,
        fields=("meters.transfer_readings",),
    )


def _with_counts(point: Document) -> tuple[Document, Sequence[tuple[int, int]]]:
    return point, tuple(_counted(point))


def _counted(point: Document) -> Iterator[tuple[int, int]]:
    """(meter, number of transfer readings) of each gas meter and settlement register in place."""
    for index, meter in enumerate(point.get("meters") or ()):
        if meter.get("removed_on"):
            continue
        readings = meter.get("transfer_readings") or ()
        if is_gas(point):
            yield index, len(readings)
            continue
        named = [reading.get("register_id") for reading in readings]
        for register in meter.get("registers") or ():
            if register.get("is_settlement") is not False:
                yield index, named.count(register["register_id"])


def _customer_reference(
    path: str, *, code: str, explanation: str, is_wrong: Callable[[Document, str], bool], unless: str = ""
) -> Rule:
    def faults(point: Document) -> Iterator[Fault]:
        if is_electricity(point) and not point.get(unless):
            for index, meter in enumerate(point.get("meters") or ()):
                reference = meter.get("prepay_customer_reference_number") or ""
                if meter.get("is_prepay") and is_wrong(meter, reference):
                    yield Fault(f"meters.{index}.prepay_customer_reference_number")

    return ObjectRule(
        code=code,
        path=path,
        explanation=explanation,
        faults=faults,
        where=f"{path}.meters.is_prepay",
        fields=("meters.prepay_customer_reference_number",),
    )


def _repeated(meter: Document, *, field: str, allowed: frozenset[str]) -> Iterator[Fault]:
    registers = meter.get("registers") or ()
    if len(registers) < 2:
        return
    seen = set()
    for index, register in enumerate(registers):
        value = register.get(field)
        if value in seen and value not in allowed:
            yield Fault(f"registers.{index}.{field}")
        if value is not None:
            seen.add(value)


def _of_register(
    path: str,
    *,
    name: Readings,
    code: str,
    explanation: str,
    is_wrong: Callable[[Document, Document], bool],
) -> Rule:
    """About each reading of an electricity point that names none of its meter's registers."""

    def faults(rows: Sequence[_Row]) -> Iterator[Fault]:
        for number, meter, index, reading in rows:
            if is_wrong(meter, reading):
                yield Fault(f"meters.{number}.{name}.{index}.register_id")

    return ObjectRule(
        code=code,
        path=path,
        explanation=explanation,
        faults=faults,
        prepare=_STRAY[name],
        fields=(f"meters.{name}.register_id",),
    )


def _stray(point: Document, *, name: Readings) -> Sequence[_Row]:
    """The readings of an electricity point that name none of its meter's registers."""
    if not is_electricity(point):
        return ()
    rows = []
    for number, meter in enumerate(point.get("meters") or ()):
        known = {register["register_id"] for register in meter.get("registers") or ()}
        for index, reading in enumerate(meter.get(name) or ()):
            named = reading.get("register_id")
            if not named or named not in known:
                rows.append((number, meter, index, reading))
    return rows


_STRAY: Final[Mapping[Readings, Prepare]] = {
    name: partial(_stray, name=name) for name in ("transfer_readings", "reading_history")
}
"""One function for each list, so that rules share what it returns."""


def _digits(meter: Document) -> Mapping[str, Any]:
    """The digits that each register of a meter shows; the first counts where two have the same name."""
    return {
        register["register_id"]: register.get("number_of_digits")
        for register in reversed(meter.get("registers") or ())
    }


def _falling(meter: Document) -> Iterator[Fault]:
    """Yield the first fall of each register, wherever the later reading is."""
    rows = [
        (reading.get("register_id") or "", reading["reading_date"], reading["reading_value"], name, index)
        for name in ("reading_history", "transfer_readings")
        for index, reading in enumerate(meter.get(name) or ())
    ]
    rows.sort()
    for (one, _, before, _, _), (other, _, after, name, index) in pairwise(rows):
        if one == other and before != after and float(after) < float(before):
            yield Fault(f"{name}.{index}.reading_value")
            return
