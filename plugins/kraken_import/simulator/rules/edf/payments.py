"""What payment schedules, plans, preferences, debts and deposits are refused for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from kraken_import.simulator.rules.declared import Context, Found, Objection
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
def _amount(schedule: Found, _: Context) -> Iterator[Objection]:
    """The trigger is not BILL, and the amount is zero, left out or negative."""
    due = amount(schedule.get("amount"))
    if _trigger(schedule) == "BILL":
        return
    if due == 0:
        yield Objection("amount", "zero_payment_schedule_amount", "A fixed schedule needs an amount.")
    elif due < 0:
        yield Objection("amount", "fixed_payment_schedule_amount_out_of_range", "It must not be negative.")


@BOOK.rule(
    "fixed_payment_schedule_missing_frequency", "fixed_payment_schedule_missing_day_of_month", on=_SCHEDULE
)
def _regular(schedule: Found, _: Context) -> Iterator[Objection]:
    """The trigger is REGULAR or left out, and there is no frequency or no day of month."""
    if _trigger(schedule) == "REGULAR":
        for name in ("frequency", "day_of_month"):
            if schedule.get(name) is None:
                yield Objection(
                    name, f"fixed_payment_schedule_missing_{name}", "A fixed schedule needs this."
                )


@BOOK.rule("balance_triggered_schedule_missing_threshold", on=_SCHEDULE)
def _threshold(schedule: Found, _: Context) -> Iterator[Objection]:
    """The trigger is BALANCE, and there is no balance_threshold."""
    if _trigger(schedule) == "BALANCE" and schedule.get("balance_threshold") is None:
        code = "balance_triggered_schedule_missing_threshold"
        yield Objection("balance_threshold", code, "This trigger needs a threshold.")


@BOOK.rule("debt_repayment_missing_end_date", on=_SCHEDULE, needs="debt_repayment_element")
def _repayment(schedule: Found, _: Context) -> Iterator[Objection]:
    """There is a debt_repayment_element and no debt_repayment_end_date."""
    if schedule.get("debt_repayment_element") and not schedule.get("debt_repayment_end_date"):
        yield Objection("debt_repayment_end_date", "debt_repayment_missing_end_date", "It needs an end.")


@BOOK.rule(
    "invalid_payment_schedule_to_exempt_from_payment_adequacy",
    on=_SCHEDULE,
    needs="exempt_from_payment_adequacy",
)
def _exempt(schedule: Found, _: Context) -> Iterator[Objection]:
    """A schedule that is not REGULAR is exempt from payment adequacy."""
    if schedule.get("exempt_from_payment_adequacy") and _trigger(schedule) != "REGULAR":
        code = "invalid_payment_schedule_to_exempt_from_payment_adequacy"
        yield Objection("exempt_from_payment_adequacy", code, "Only a regular schedule can be exempt.")


@BOOK.rule("invalid_payment_day_for_payment_schedule", on=_SCHEDULE, at="day_of_month")
def _payment_day(schedule: Found, _: Context) -> Iterator[Objection]:
    """day_of_month: no day that any month has; which of those are allowed is configuration."""
    day = schedule.get("day_of_month")
    if day is not None and not 1 <= day <= 31:
        yield Objection(
            "day_of_month", "invalid_payment_day_for_payment_schedule", f"No month has a day {day}."
        )


@BOOK.rule(
    "payment_schedule_delay_must_have_bill_trigger",
    "payment_schedule_delay_strategy_missing_delay_days",
    on=_SCHEDULE,
)
def _delay(schedule: Found, _: Context) -> Iterator[Objection]:
    """There is a delay_strategy, and the trigger is not BILL or there are no delay_days."""
    if not schedule.get("delay_strategy"):
        return
    if _trigger(schedule) != "BILL":
        yield Objection(
            "delay_strategy", "payment_schedule_delay_must_have_bill_trigger", "BILL alone waits."
        )
    if schedule.get("delay_days") is None:
        yield Objection("delay_days", "payment_schedule_delay_strategy_missing_delay_days", "Say how long.")


@BOOK.rule(
    "payment_instalments_not_provided",
    "payment_instalments_do_not_sum_to_total",
    "payment_instalments_date_outside_of_payment_schedule_active_period",
    on=_SCHEDULE,
)
def _instalments(schedule: Found, _: Context) -> Iterator[Objection]:
    """PLAN has no instalments, they do not add up to the amount, or one is outside the period."""
    instalments = schedule.get("instalments") or ()
    if _trigger(schedule) == "PLAN" and not instalments:
        yield Objection("instalments", "payment_instalments_not_provided", "A plan needs instalments.")
    if not instalments:
        return
    if sum(amount(each["amount"]) for each in instalments) != amount(schedule.get("amount")):
        code = "payment_instalments_do_not_sum_to_total"
        yield Objection("instalments", code, "They do not add up to the amount.")
    last = schedule.get("end_date") or "9999-12-31"
    for index, each in enumerate(instalments):
        if not schedule["start_date"] <= each["payment_date"] <= last:
            code = "payment_instalments_date_outside_of_payment_schedule_active_period"
            yield Objection(f"instalments.{index}.payment_date", code, "It is outside the schedule's period.")


@BOOK.rule("payment_schedules_ledger_code_uniformity_failed", on="EnergyAccount", at="payment_schedules")
def _uniform(account: Found, _: Context) -> Iterator[Objection]:
    """Some schedules have a ledger code and others have none."""
    if len({bool(each.get("ledger_code")) for _, each in objects(account.get("payment_schedules"))}) > 1:
        code = "payment_schedules_ledger_code_uniformity_failed"
        yield Objection("payment_schedules", code, "All need a ledger code, or none has one.")


@BOOK.rule(
    "multiple_open_ended_payment_schedules",
    "payment_schedule_date_overlaps",
    "payment_schedule_date_gaps",
    on="EnergyAccount",
    at="payment_schedules",
)
def _sequence(account: Found, context: Context) -> Iterator[Objection]:
    """Of a ledger's that repay no debt several are open-ended or overlap, or a gap precedes a future one."""
    groups: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for _, schedule in objects(account.get("payment_schedules")):
        if not schedule.get("is_debt_repayment_plan"):
            start, end = as_day(schedule["start_date"]), as_day(schedule.get("end_date"))
            if start:
                groups[schedule.get("ledger_code") or ""].append((start, end or _OPEN))
    for spans in groups.values():
        if sum(end == _OPEN for _, end in spans) > 1:
            code = "multiple_open_ended_payment_schedules"
            yield Objection("payment_schedules", code, "One may be open-ended.")
            continue
        # An end may be the last day or the first day after, which is stated nowhere.
        for (begun, end), (start, _) in pairwise(sorted(spans)):
            if start == begun or start < end:
                yield Objection(
                    "payment_schedules", "payment_schedule_date_overlaps", "Two schedules overlap."
                )
            elif start > context.today and start > day_after(end):
                yield Objection(
                    "payment_schedules", "payment_schedule_date_gaps", "There is a gap before one."
                )


@BOOK.rule(
    "payment_plan_and_payment_schedule_not_allowed_on_same_ledger", on="EnergyAccount", needs="payment_plans"
)
def _plans(account: Found, _: Context) -> Iterator[Objection]:
    """There are payment plans, which name no ledger, and schedules that name none either."""
    schedules = account.get("payment_schedules") or ()
    if account.get("payment_plans") and any(not each.get("ledger_code") for each in schedules):
        code = "payment_plan_and_payment_schedule_not_allowed_on_same_ledger"
        yield Objection("payment_plans", code, "A ledger has plans or schedules.")


@BOOK.rule("duplicate_payment_component_combinations", on="PaymentPlan", at="payments")
def _components(plan: Found, _: Context) -> Iterator[Objection]:
    """Two components have the same payment_date and component_type."""
    pairs = [
        (payment["payment_date"], component["component_type"])
        for payment in plan["payments"]
        for component in payment["amount_components"]
    ]
    if repeated(pairs):
        yield Objection("payments", "duplicate_payment_component_combinations", "A component is there twice.")


@BOOK.rule("payment_plan_payment_components_do_not_sum_to_total", on="PaymentPlanPayment")
def _component_sum(payment: Found, _: Context) -> Iterator[Objection]:
    """The components of a payment do not add up to its total; a payment may have none."""
    components = payment["amount_components"]
    if components and sum(each["amount"] for each in components) != payment["total_amount"]:
        code = "payment_plan_payment_components_do_not_sum_to_total"
        yield Objection("amount_components", code, "They do not add up to the total.")


@BOOK.rule(
    "invalid_payment_preference_ledger_identifier",
    "duplicate_ledger_in_payment_preferences",
    "active_new_payment_preference_invalid_instruction_identifier",
    on="EnergyAccount",
)
def _preferences(account: Found, _: Context) -> Iterator[Objection]:
    """A payment preference names a ledger or an instruction that is not there, or another's ledger."""
    preferences = account.get("payment_preferences") or ()
    ledgers = {each.get("ledger_identifier") for _, each in objects(account.get("ledgers"))}
    known = {each.get("instruction_identifier") for _, each in objects(account.get("payment_instructions"))}
    for index, each in enumerate(preferences):
        path = f"payment_preferences.{index}"
        if each["ledger_identifier"] not in ledgers:
            code = "invalid_payment_preference_ledger_identifier"
            yield Objection(f"{path}.ledger_identifier", code, "There is no such ledger.")
        if each["type"] == "ACTIVE_NEW":
            named = each["instruction_reference_params"]["instruction_identifier"]
            if named not in known:
                code = "active_new_payment_preference_invalid_instruction_identifier"
                yield Objection(f"{path}.instruction_reference_params", code, "There is no such instruction.")
    if repeated(each["ledger_identifier"] for each in preferences):
        code = "duplicate_ledger_in_payment_preferences"
        yield Objection("payment_preferences", code, "A ledger has two preferences.")


@BOOK.rule("date_in_past", on="DunningPath", at="start_date")
def _dunning(path: Found, context: Context) -> Iterator[Objection]:
    """start_date: before today."""
    start = as_day(path.get("start_date"))
    if start is not None and start < context.today:
        yield Objection("start_date", "date_in_past", f"{start} is in the past.")


@BOOK.rule("debt_collection_agency_name_required", on="Debt")
def _agency(debt: Found, _: Context) -> Iterator[Objection]:
    """There is a start_date and no agency_name."""
    if debt.get("start_date") and not debt.get("agency_name"):
        yield Objection("agency_name", "debt_collection_agency_name_required", "Name the agency.")


@BOOK.rule("cais_reference_already_in_use_on_another_account", on="Debt", at="cais_reference")
def _cais(debt: Found, context: Context) -> Iterator[Objection]:
    """Another account that is in Kraken has this cais_reference."""
    if debt.get("cais_reference") and context.is_taken("cais_reference", debt["cais_reference"]):
        code = "cais_reference_already_in_use_on_another_account"
        yield Objection("cais_reference", code, "Another account has this reference.")


@BOOK.rule(
    "last_interest_date_not_allowed", "fulfilled_at_greater_than_last_interest_date", on="DepositAgreement"
)
def _deposit(deposit: Found, _: Context) -> Iterator[Objection]:
    """There is a last_interest_date, and no fulfilled_at or a later one."""
    last, fulfilled = as_day(deposit.get("last_interest_date")), as_moment(deposit.get("fulfilled_at"))
    if last is None:
        return
    if fulfilled is None:
        yield Objection("last_interest_date", "last_interest_date_not_allowed", "It is not fulfilled.")
    elif fulfilled.date() > last:
        code = "fulfilled_at_greater_than_last_interest_date"
        yield Objection("last_interest_date", code, "It was fulfilled later.")


add_past("created_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")
add_past("applied_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")
add_order("created_at", "applied_at", "PaymentAdequacyChange", code="payment_adequacy_invalid_dates")


@BOOK.rule(
    "payment_adequacy_missing_reason",
    "payment_adequacy_should_not_have_been_applied",
    on="PaymentAdequacyChange",
)
def _applied(change: Found, _: Context) -> Iterator[Objection]:
    """Neither applied_at nor should_not_be_applied_reason is given, or both are."""
    reason, applied = change.get("should_not_be_applied_reason"), change.get("applied_at")
    if not reason and not applied:
        yield Objection("should_not_be_applied_reason", "payment_adequacy_missing_reason", "Say why not.")
    if reason and applied:
        yield Objection("applied_at", "payment_adequacy_should_not_have_been_applied", "Give one of the two.")


@BOOK.rule(
    "payment_adequacy_monthly_charges_unequal",
    "payment_adequacy_balance_adjustment_mismatch",
    "payment_adequacy_new_direct_debit_amount_mismatch",
    on="PaymentAdequacyChange",
)
def _adequate(change: Found, _: Context) -> Iterator[Objection]:
    """Charges do not add up, a twelfth of what is missing is no adjustment, or the debit is out of range."""
    monthly, adjustment = change["average_monthly_charge"], change["balance_adjustment"]
    if monthly != change["average_monthly_elec_charge"] + change["average_monthly_gas_charge"]:
        code = "payment_adequacy_monthly_charges_unequal"
        yield Objection("average_monthly_charge", code, "It is not the sum.")
    # How a twelfth is rounded is stated nowhere.
    missing = change["target_balance"] - change["current_balance"]
    if adjustment and abs(12 * adjustment - missing) >= 12:
        code = "payment_adequacy_balance_adjustment_mismatch"
        yield Objection("balance_adjustment", code, "It is not a twelfth of what is missing.")
    lowest, highest = sorted((change["existing_direct_debit_payment"], monthly + adjustment))
    if not lowest <= change["new_direct_debit"] <= highest:
        code = "payment_adequacy_new_direct_debit_amount_mismatch"
        yield Objection("new_direct_debit", code, "It is not between the old and the highest one.")
