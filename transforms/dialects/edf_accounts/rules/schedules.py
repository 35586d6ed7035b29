"""Regular payments."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.rules import ledgers
from transforms.rules.engine import Document, Fault, ObjectRule, Rule, ValueRule


def rules() -> tuple[Rule, ...]:
    """Regular payments."""
    return (
        ValueRule(
            code="zero_payment_schedule_amount",
            path="payment_schedules.amount",
            explanation="A regular payment must not be nothing.",
            holds=lambda value: ledgers.cents(value) != 0,
        ),
        ValueRule(
            code="invalid_payment_day_for_payment_schedule",
            path="payment_schedules.day_of_month",
            explanation="The day of a regular payment must lie between 1 and 31.",
            holds=lambda value: 1 <= value <= 31,
        ),
        ObjectRule(
            code="debt_repayment_missing_end_date",
            path="payment_schedules",
            explanation="The repayment of a debt needs an end.",
            faults=_endless_debt,
            fields=("debt_repayment_end_date",),
        ),
        ObjectRule(
            code="multiple_open_ended_payment_schedules",
            path="",
            explanation="Only one regular payment that is no repayment of a debt may run on.",
            faults=_open_schedules,
            fields=("payment_schedules",),
        ),
    )


def _open_schedules(account: Document) -> Iterator[Fault]:
    regular = [
        index
        for index, schedule in enumerate(account.get("payment_schedules") or ())
        if not schedule.get("is_debt_repayment_plan") and not schedule.get("end_date")
    ]
    if len(regular) > 1:
        yield Fault(f"payment_schedules.{regular[1]}")


def _endless_debt(schedule: Document) -> Iterator[Fault]:
    if schedule.get("debt_repayment_element") and not schedule.get("debt_repayment_end_date"):
        yield Fault("debt_repayment_end_date")
