"""What payment schedules, plans, preferences, debts and deposits are refused for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from kraken_import.simulator.rules.declared import Breach, Context, Found
from kraken_import.simulator.rules.edf.book import BOOK, add_order, add_past, add_unique, repeated
from kraken_import.simulator.rules.values import amount, as_day, as_moment, day_after, objects

_SCHEDULE: Final = "PaymentSchedule"
_OPEN: Final = date.max

add_order("start_date", "end_date", _SCHEDULE)
add_order(
    "debt_repayment_end_date", "end_date", _SCHEDULE, code="debt_repayment_end_date_after_schedule_end_date"
)
add_unique(
    "instalments",
    "payment_date",
    "payment_type",
    on=_SCHEDULE,
    code="children_with_duplicate_values",
    says="An instalment is there twice.",
)


def _trigger(schedule: Found) -> str:
    return schedule.get("trigger") or "REGULAR"


@BOOK.rule("zero_payment_schedule_amount", "fixed_payment_schedule_amount_out_of_range", on=_SCHEDULE)
def _amount(schedule: Found, _: Context) -> Iterator[Breach]:
    """The trigger is not BILL, and the amount is zero, left out or negative."""
    due = amount(schedule.get("amount"))
    if _trigger(schedule) == "BILL":
        return
    if due == 0:
        yield Breach("amount", "A fixed schedule needs an amount.", "zero_payment_schedule_amount")
    elif due < 0:
        yield Breach("amount", "It must not be negative.", "fixed_payment_schedule_amount_out_of_range")


@BOOK.rule(
    "fixed_payment_schedule_missing_frequency", "fixed_payment_schedule_missing_day_of_month", on=_SCHEDULE
)
def _regular(schedule: Found, _: Context) -> Iterator[Breach]:
    """The trigger is REGULAR or left out, and there is no frequency or no day of month."""
    if _trigger(schedule) == "REGULAR":
        for name in ("frequency", "day_of_month"):
            if schedule.get(name) is None:
                yield Breach(name, "A fixed schedule needs this.", f"fixed_payment_schedule_missing_{name}")


@BOOK.rule("balance_triggered_schedule_missing_threshold", on=_SCHEDULE, amid="trigger")
def _threshold(schedule: Found, _: Context) -> Iterator[Breach]:
    """The trigger is BALANCE, and there is no balance_threshold."""
    if _trigger(schedule) == "BALANCE" and schedule.get("balance_threshold") is None:
        yield Breach("balance_threshold", "This trigger needs a threshold.")


@BOOK.rule("debt_repayment_missing_end_date", on=_SCHEDULE, needs="debt_repayment_element")
def _repayment(schedule: Found, _: Context) -> Iterator[Breach]:
    """There is a debt_repayment_element and no debt_repayment_end_date."""
    if schedule.get("debt_repayment_element") and not schedule.get("debt_repayment_end_date"):
        yield Breach("debt_repayment_end_date", "It needs an end.")


@BOOK.rule(
    "invalid_payment_schedule_to_exempt_from_payment_adequacy",
    on=_SCHEDULE,
    needs="exempt_from_payment_adequacy",
)
def _exempt(schedule: Found, _: Context) -> Iterator[Breach]:
    """A schedule that is not REGULAR is exempt from payment adequacy."""
    if schedule.get("exempt_from_payment_adequacy") and _trigger(schedule) != "REGULAR":
        yield Breach("exempt_from_payment_adequacy", "Only a regular schedule can be exempt.")


@BOOK.rule("invalid_payment_day_for_payment_schedule", on=_SCHEDULE, at="day_of_month")
def _payment_day(schedule: Found, _: Context) -> Iterator[Breach]:
    """day_of_month: no day that any month has; which of those are allowed is configuration."""
    day = schedule.get("day_of_month")
    if day is not None and not 1 <= day <= 31:
        yield Breach("day_of_month", f"No month has a day {day}.")


@BOOK.rule(
    "payment_schedule_delay_must_have_bill_trigger",
    "payment_schedule_delay_strategy_missing_delay_days",
    on=_SCHEDULE,
    amid="delay_strategy",
)
def _delay(schedule: Found, _: Context) -> Iterator[Breach]:
    """There is a delay_strategy, and the trigger is not BILL or there are no delay_days."""
    if not schedule.get("delay_strategy"):
        return
    if _trigger(schedule) != "BILL":
        yield Breach("delay_strategy", "BILL alone waits.", "payment_schedule_delay_must_have_bill_trigger")
    if schedule.get("delay_days") is None:
        yield Breach("delay_days", "Say how long.", "payment_schedule_delay_strategy_missing_delay_days")


@BOOK.rule(
    "payment_instalments_not_provided",
    "payment_instalments_do_not_sum_to_total",
    "payment_instalments_date_outside_of_payment_schedule_active_period",
    on=_SCHEDULE,
    amid="trigger instalments",
)
def _instalments(schedule: Found, _: Context) -> Iterator[Breach]:
    """PLAN has no instalments, they do not add up to the amount, or one is outside the period."""
    instalments = schedule.get("instalments") or ()
    if _trigger(schedule) == "PLAN" and not instalments:
        yield Breach("instalments", "A plan needs instalments.", "payment_instalments_not_provided")
    if not instalments:
        return
    if sum(amount(each["amount"]) for each in instalments) != amount(schedule.get("amount")):
        code = "payment_instalments_do_not_sum_to_total"
        yield Breach("instalments", "They do not add up to the amount.", code)
    last = schedule.get("end_date") or "9999-12-31"
    for index, each in enumerate(instalments):
        if not schedule["start_date"] <= each["payment_date"] <= last:
            code = "payment_instalments_date_outside_of_payment_schedule_active_period"
            yield Breach(f"instalments.{index}.payment_date", "It is outside the schedule's period.", code)


@BOOK.rule("payment_schedules_ledger_code_uniformity_failed", on="EnergyAccount", at="payment_schedules")
def _uniform(account: Found, _: Context) -> Iterator[Breach]:
    """Some schedules have a ledger code and others have none."""
    if len({bool(each.get("ledger_code")) for _, each in objects(account.get("payment_schedules"))}) > 1:
        yield Breach("payment_schedules", "All need a ledger code, or none has one.")


@BOOK.rule(
    "multiple_open_ended_payment_schedules",
    "payment_schedule_date_overlaps",
    "payment_schedule_date_gaps",
    on="EnergyAccount",
    at="payment_schedules",
)
def _sequence(account: Found, context: Context) -> Iterator[Breach]:
    """Of a ledger's that repay no debt several are open-ended or overlap, or a gap precedes a future one."""
    schedules = account.get("payment_schedules") or ()
    if len(schedules) < 2:
        return
    groups: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for schedule in schedules:
        if not schedule.get("is_debt_repayment_plan"):
            start, end = as_day(schedule["start_date"]), as_day(schedule.get("end_date"))
            if start:
                groups[schedule.get("ledger_code") or ""].append((start, end or _OPEN))
    for spans in groups.values():
        if sum(end == _OPEN for _, end in spans) > 1:
            code = "multiple_open_ended_payment_schedules"
            yield Breach("payment_schedules", "One may be open-ended.", code)
            continue
        # An end may be the last day or the first day after, which is stated nowhere.
        for (begun, end), (start, _) in pairwise(sorted(spans)):
            if start == begun or start < end:
                yield Breach("payment_schedules", "Two schedules overlap.", "payment_schedule_date_overlaps")
            elif start > context.today and start > day_after(end):
                yield Breach("payment_schedules", "There is a gap before one.", "payment_schedule_date_gaps")


@BOOK.rule(
    "payment_plan_and_payment_schedule_not_allowed_on_same_ledger", on="EnergyAccount", needs="payment_plans"
)
def _plans(account: Found, _: Context) -> Iterator[Breach]:
    """There are payment plans, which name no ledger, and schedules that name none either."""
    schedules = account.get("payment_schedules") or ()
    if account.get("payment_plans") and any(not each.get("ledger_code") for each in schedules):
        yield Breach("payment_plans", "A ledger has plans or schedules.")


@BOOK.rule("duplicate_payment_component_combinations", on="PaymentPlan", at="payments")
def _components(plan: Found, _: Context) -> Iterator[Breach]:
    """Two components have the same payment_date and component_type."""
    pairs = [
        (payment["payment_date"], component["component_type"])
        for payment in plan["payments"]
        for component in payment["amount_components"]
    ]
    if repeated(pairs):
        yield Breach("payments", "A component is there twice.")


@BOOK.rule("payment_plan_payment_components_do_not_sum_to_total", on="PaymentPlanPayment")
def _component_sum(payment: Found, _: Context) -> Iterator[Breach]:
    """The components of a payment do not add up to its total; a payment may have none."""
    components = payment["amount_components"]
    if components and sum(each["amount"] for each in components) != payment["total_amount"]:
        yield Breach("amount_components", "They do not add up to the total.")


@BOOK.rule(
    "invalid_payment_preference_ledger_identifier",
    "duplicate_ledger_in_payment_preferences",
    "active_new_payment_preference_invalid_instruction_identifier",
    on="EnergyAccount",
    amid="payment_preferences",
)
def _preferences(account: Found, _: Context) -> Iterator[Breach]:
    """A payment preference names a ledger or an instruction that is not there, or another's ledger."""
    preferences = account.get("payment_preferences") or ()
    ledgers = {each.get("ledger_identifier") for _, each in objects(account.get("ledgers"))}
    known = {each.get("instruction_identifier") for _, each in objects(account.get("payment_instructions"))}
    for index, each in enumerate(preferences):
        path = f"payment_preferences.{index}"
        if each["ledger_identifier"] not in ledgers:
            code = "invalid_payment_preference_ledger_identifier"
            yield Breach(f"{path}.ledger_identifier", "There is no such ledger.", code)
        if each["type"] == "ACTIVE_NEW":
            named = each["instruction_reference_params"]["instruction_identifier"]
            if named not in known:
                code = "active_new_payment_preference_invalid_instruction_identifier"
                yield Breach(f"{path}.instruction_reference_params", "There is no such instruction.", code)
    if repeated(each["ledger_identifier"] for each in preferences):
        code = "duplicate_ledger_in_payment_preferences"
        yield Breach("payment_preferences", "A ledger has two preferences.", code)


@BOOK.rule("date_in_past", on="DunningPath", at="start_date")
def _dunning(path: Found, context: Context) -> Iterator[Breach]:
    """start_date: before today."""
    start = as_day(path.get("start_date"))
    if start is not None and start < context.today:
        yield Breach("start_date", f"{start} is in the past.")


@BOOK.rule("debt_collection_agency_name_required", on="Debt")
def _agency(debt: Found, _: Context) -> Iterator[Breach]:
    """There is a start_date and no agency_name."""
    if debt.get("start_date") and not debt.get("agency_name"):
        yield Breach("agency_name", "Name the agency.")


@BOOK.rule("cais_reference_already_in_use_on_another_account", on="Debt", at="cais_reference")
def _cais(debt: Found, context: Context) -> Iterator[Breach]:
    """Another account that is in Kraken has this cais_reference."""
    if debt.get("cais_reference") and context.is_taken("cais_reference", debt["cais_reference"]):
        yield Breach("cais_reference", "Another account has this reference.")


@BOOK.rule(
    "last_interest_date_not_allowed", "fulfilled_at_greater_than_last_interest_date", on="DepositAgreement"
)
def _deposit(deposit: Found, _: Context) -> Iterator[Breach]:
    """There is a last_interest_date, and no fulfilled_at or a later one."""
    last, fulfilled = as_day(deposit.get("last_interest_date")), as_moment(deposit.get("fulfilled_at"))
    if last is None:
        return
    if fulfilled is None:
        yield Breach("last_interest_date", "It is not fulfilled.", "last_interest_date_not_allowed")
    elif fulfilled.date() > last:
        code = "fulfilled_at_greater_than_last_interest_date"
        yield Breach("last_interest_date", "It was fulfilled later.", code)


add_past("created_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")
add_past("applied_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")
add_order("created_at", "applied_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")


@BOOK.rule(
    "payment_adequacy_missing_reason",
    "payment_adequacy_should_not_have_been_applied",
    on="PaymentAdequacyChange",
)
def _applied(change: Found, _: Context) -> Iterator[Breach]:
    """Neither applied_at nor should_not_be_applied_reason is given, or both are."""
    reason, applied = change.get("should_not_be_applied_reason"), change.get("applied_at")
    if not reason and not applied:
        yield Breach("should_not_be_applied_reason", "Say why not.", "payment_adequacy_missing_reason")
    if reason and applied:
        yield Breach("applied_at", "Give one of the two.", "payment_adequacy_should_not_have_been_applied")


@BOOK.rule(
    "payment_adequacy_monthly_charges_unequal",
    "payment_adequacy_balance_adjustment_mismatch",
    "payment_adequacy_new_direct_debit_amount_mismatch",
    on="PaymentAdequacyChange",
)
def _adequate(change: Found, _: Context) -> Iterator[Breach]:
    """Charges do not add up, a twelfth of what is missing is no adjustment, or the debit is out of range."""
    monthly, adjustment = change["average_monthly_charge"], change["balance_adjustment"]
    if monthly != change["average_monthly_elec_charge"] + change["average_monthly_gas_charge"]:
        code = "payment_adequacy_monthly_charges_unequal"
        yield Breach("average_monthly_charge", "It is not the sum.", code)
    # How a twelfth is rounded is stated nowhere.
    missing = change["target_balance"] - change["current_balance"]
    if adjustment and abs(12 * adjustment - missing) >= 12:
        code = "payment_adequacy_balance_adjustment_mismatch"
        yield Breach("balance_adjustment", "It is not a twelfth of what is missing.", code)
    lowest, highest = sorted((change["existing_direct_debit_payment"], monthly + adjustment))
    if not lowest <= change["new_direct_debit"] <= highest:
        code = "payment_adequacy_new_direct_debit_amount_mismatch"
        yield Breach("new_direct_debit", "It is not between the old and the highest one.", code)
