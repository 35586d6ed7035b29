"""Regular payments, and the instructions for taking them.

A schedule that names no trigger is of the kind REGULAR; Kraken calls one fixed that no bill triggers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from transforms.rules import dates, ledgers
from transforms.rules.engine import Circumstances, Document, Fault, ObjectRule, Rule, ValueRule, served

_PATH: Final = "payment_schedules"
_OPEN: Final = "9999-12-31"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Regular payments, and the instructions for taking them."""
    account = (
        one_open_schedule(),
        starts_differ(),
        no_overlap(),
        no_gap(today=given.today.isoformat()),
        same_ledger_code(_PATH, code="payment_schedules_ledger_code_uniformity_failed"),
    )
    mandates = "payment_instructions_ledger_code_uniformity_failed"
    return (
        *served("PaymentSchedule", *_OWN),
        *served("PaymentSchedule.day_of_month", _DAY_EXISTS),
        *served("EnergyAccount.payment_schedules", *account),
        *served(
            "EnergyAccount.payment_instructions", same_ledger_code("payment_instructions", code=mandates)
        ),
    )


def _is_regular(schedule: Document) -> bool:
    return schedule.get("trigger") in (None, "REGULAR")


def _schedule(*, code: str, field: str, explanation: str, is_wrong: Callable[[Document], bool]) -> Rule:
    def faults(schedule: Document) -> Iterator[Fault]:
        if is_wrong(schedule):
            yield Fault(field)

    return ObjectRule(code=code, path=_PATH, explanation=explanation, faults=faults, fields=(field,))


_OWN: Final = (
    dates.ordered(_PATH, start="start_date", end="end_date"),
    # An amount that is left out is nothing.
    _schedule(
        code="zero_payment_schedule_amount",
        field="amount",
        explanation="A regular payment must not be nothing.",
        is_wrong=lambda one: one.get("trigger") != "BILL" and not ledgers.amount(one.get("amount")),
    ),
    _schedule(
        code="fixed_payment_schedule_missing_frequency",
        field="frequency",
        explanation="A regular payment needs a frequency.",
        is_wrong=lambda one: _is_regular(one) and not one.get("frequency"),
    ),
    _schedule(
        code="fixed_payment_schedule_missing_day_of_month",
        field="day_of_month",
        explanation="A regular payment needs a day of the month.",
        is_wrong=lambda one: _is_regular(one) and one.get("day_of_month") is None,
    ),
    _schedule(
        code="balance_triggered_schedule_missing_threshold",
        field="balance_threshold",
        explanation="A payment that a balance triggers needs the balance.",
        is_wrong=lambda one: one.get("trigger") == "BALANCE" and one.get("balance_threshold") is None,
    ),
    _schedule(
        code="debt_repayment_missing_end_date",
        field="debt_repayment_end_date",
        explanation="The repayment of a debt needs an end.",
        is_wrong=lambda one: bool(
            one.get("debt_repayment_element") and not one.get("debt_repayment_end_date")
        ),
    ),
    dates.ordered(
        _PATH,
        start="debt_repayment_end_date",
        end="end_date",
        code="debt_repayment_end_date_after_schedule_end_date",
    ),
    _schedule(
        code="invalid_payment_schedule_to_exempt_from_payment_adequacy",
        field="exempt_from_payment_adequacy",
        explanation="Only a regular payment may be exempt from reviews.",
        is_wrong=lambda one: bool(one.get("exempt_from_payment_adequacy")) and not _is_regular(one),
    ),
    _schedule(
        code="payment_schedule_delay_must_have_bill_trigger",
        field="delay_strategy",
        explanation="Only a payment that a bill triggers may have a delay.",
        is_wrong=lambda one: bool(one.get("delay_strategy")) and one.get("trigger") != "BILL",
    ),
    _schedule(
        code="payment_schedule_delay_strategy_missing_delay_days",
        field="delay_days",
        explanation="A delay needs its days.",
        is_wrong=lambda one: bool(one.get("delay_strategy")) and one.get("delay_days") is None,
    ),
    # A schedule takes money, and gives none.
    _schedule(
        code="fixed_payment_schedule_amount_out_of_range",
        field="amount",
        explanation="A regular payment must not be negative.",
        is_wrong=lambda one: one.get("trigger") != "BILL" and ledgers.amount(one.get("amount")) < 0,
    ),
)
"""What a schedule by itself must satisfy."""

# No Kraken can be set up for a day that no month has.
_DAY_EXISTS: Final = ValueRule(
    code="invalid_payment_day_for_payment_schedule",
    path=f"{_PATH}.day_of_month",
    explanation="The day of a regular payment must be between 1 and 31.",
    holds=lambda value: 1 <= value <= 31,
)


def one_open_schedule() -> Rule:
    """Of the schedules of a ledger that repay no debt, one runs on."""

    def faults(group: list[tuple[int, Document]]) -> Iterator[Fault]:
        open_ended = [index for index, schedule in group if not schedule.get("end_date")]
        if len(open_ended) > 1:
            yield Fault(f"{_PATH}.{open_ended[1]}")

    return _group(
        code="multiple_open_ended_payment_schedules",
        explanation="Only one regular payment of a ledger that is not a repayment of a debt may run on.",
        faults=faults,
    )


def starts_differ() -> Rule:
    """Of the schedules of a ledger that repay no debt, none starts with another."""

    def faults(group: list[tuple[int, Document]]) -> Iterator[Fault]:
        for (_, one), (index, other) in pairwise(group):
            if one["start_date"] == other["start_date"]:
                yield Fault(f"{_PATH}.{index}.start_date")

    return _group(
        code="payment_schedule_date_overlaps",
        explanation="Two regular payments of a ledger must not start on the same day.",
        faults=faults,
        field=".start_date",
    )


def no_overlap() -> Rule:
    """Of the schedules of a ledger that repay no debt, none runs beside another.

    One may start on the day on which the other ends: the document does not say which of the two has that day.
    """

    def faults(group: list[tuple[int, Document]]) -> Iterator[Fault]:
        for (_, one), (index, other) in pairwise(group):
            if one["start_date"] < other["start_date"] < (one.get("end_date") or _OPEN):
                yield Fault(f"{_PATH}.{index}")

    return _group(
        code="payment_schedule_date_overlaps",
        explanation="Two regular payments of a ledger must not run at the same time.",
        faults=faults,
    )


def no_gap(*, today: str) -> Rule:
    """Of the schedules of a ledger that repay no debt, one of the future follows the one that runs today."""

    def faults(group: list[tuple[int, Document]]) -> Iterator[Fault]:
        for (_, one), (index, other) in pairwise(group):
            end, start = one.get("end_date"), other["start_date"]
            # A schedule that has ended is not current: its gap does not affect payments.
            if end and today <= end < start and dates.day_after(end) < start:
                yield Fault(f"{_PATH}.{index}.start_date")

    return _group(
        code="payment_schedule_date_gaps",
        explanation="A regular payment of the future must begin when the one before it ends.",
        faults=faults,
        field=".start_date",
    )


def same_ledger_code(path: str, *, code: str) -> Rule:
    """All objects of a list say which ledger they belong to, or none does."""

    def faults(account: Document) -> Iterator[Fault]:
        if len({bool(each.get("ledger_code")) for each in account[path]}) > 1:
            yield Fault(path)

    return ObjectRule(
        code=code,
        path="",
        explanation="Either all of them name their ledger, or none does.",
        faults=faults,
        fields=(path,),
        needs=(path,),
    )


def _group(
    *,
    code: str,
    explanation: str,
    faults: Callable[[list[tuple[int, Document]]], Iterator[Fault]],
    field: str = "",
) -> Rule:
    """About the schedules of each ledger of an account that repay no debt, the earliest first."""

    def found(account: Document) -> Iterator[Fault]:
        if len(account[_PATH]) < 2:
            return
        groups: defaultdict[str | None, list[tuple[int, Document]]] = defaultdict(list)
        for index, schedule in enumerate(account[_PATH]):
            if not schedule.get("is_debt_repayment_plan") and schedule.get("start_date"):
                groups[schedule.get("ledger_code")].append((index, schedule))
        for group in groups.values():
            if len(group) > 1:
                yield from faults(sorted(group, key=lambda each: each[1]["start_date"]))

    return ObjectRule(
        code=code,
        path="",
        explanation=explanation,
        faults=found,
        fields=(f"{_PATH}{field}",),
        needs=(_PATH,),
    )
