"""Payloads of British accounts that break one rule on payments, debts and deposits."""

from __future__ import annotations

from typing import Any, Final

from tests.unit.simulator.edf_account_cases import Case, Changes
from tests.unit.simulator.edf_money_cases import NAMED
from tests.unit.simulator.examples import ABSENT

S: Final = "payment_schedules.1."
ADEQUACY: Final = {
    "average_monthly_charge": 100,
    "average_monthly_elec_charge": 60,
    "average_monthly_gas_charge": 40,
    "balance_adjustment": 10,
    "created_at": "2019-10-01T00:00:00Z",
    "applied_at": "2019-10-02T00:00:00Z",
    "current_balance": -120,
    "existing_direct_debit_payment": 90,
    "new_direct_debit": 110,
    "target_balance": 0,
}
DEPOSIT: Final = {"deposit_amount": "100", "reason": "x"}
INSTRUCTION: Final = {"reference": "1", "type": "CARD", "vendor": "STRIPE", "instruction_identifier": "I"}
PASSIVE: Final = {"type": "PASSIVE", "ledger_identifier": "L"}
PLAN: Final = {
    "accepted_at": "2019-10-01T00:00:00Z",
    "schedule_means": "DD",
    "strategy_name": "S",
    "payments": [],
}
COMPONENT: Final = {"amount": 5, "component_type": "A"}


def _schedule(**changes: Any) -> Changes:
    return {f"{S}{name}": value for name, value in changes.items()}


def _schedules(*spans: tuple[str, str | None]) -> Changes:
    each = {"amount": "6.00", "day_of_month": 10, "frequency": "MONTHLY", "means": "DD"}
    return {"payment_schedules": [{**each, "start_date": start, "end_date": end} for start, end in spans]}


def _adequacy(**changes: Any) -> Changes:
    return {"last_payment_review_date": None, "payment_adequacy_changes": [{**ADEQUACY, **changes}]}


def _payments(*payments: tuple[str, int, list[dict[str, Any]]]) -> Changes:
    return {
        "payment_schedules": [],
        "payment_plans": [
            {
                **PLAN,
                "payments": [
                    {"payment_date": day, "total_amount": total, "amount_components": components}
                    for day, total, components in payments
                ],
            }
        ],
    }


def _deposits(*deposits: dict[str, Any]) -> Changes:
    return {"deposit_agreements": [{**DEPOSIT, **each} for each in deposits]}


PAYMENTS: Final[list[Case]] = [
    ("start_date_later_than_end_date", _schedule(end_date="2017-12-31"), _schedule(end_date="2018-01-01")),
    ("zero_payment_schedule_amount", _schedule(amount="0.00"), _schedule(amount="0.00", trigger="BILL")),
    ("fixed_payment_schedule_amount_out_of_range", _schedule(amount="-1.00"), _schedule(amount="0.01")),
    ("fixed_payment_schedule_missing_frequency", _schedule(frequency=ABSENT), _schedule(frequency="WEEKLY")),
    (
        "fixed_payment_schedule_missing_day_of_month",
        _schedule(day_of_month=None),
        _schedule(day_of_month=None, trigger="BILL"),
    ),
    ("invalid_payment_day_for_payment_schedule", _schedule(day_of_month=32), _schedule(day_of_month=31)),
    (
        "balance_triggered_schedule_missing_threshold",
        _schedule(trigger="BALANCE"),
        _schedule(trigger="BALANCE", balance_threshold="0.00"),
    ),
    (
        "debt_repayment_missing_end_date",
        _schedule(debt_repayment_element="2.00"),
        _schedule(debt_repayment_element="2.00", debt_repayment_end_date="2020-01-01"),
    ),
    (
        "debt_repayment_end_date_after_schedule_end_date",
        _schedule(end_date="2020-01-01", debt_repayment_end_date="2020-01-02"),
        _schedule(end_date="2020-01-01", debt_repayment_end_date="2020-01-01"),
    ),
    (
        "invalid_payment_schedule_to_exempt_from_payment_adequacy",
        _schedule(trigger="BILL", exempt_from_payment_adequacy=True),
        _schedule(exempt_from_payment_adequacy=True),
    ),
    (
        "payment_schedule_delay_must_have_bill_trigger",
        _schedule(delay_strategy="FIXED", delay_days=1),
        _schedule(delay_strategy="FIXED", delay_days=1, trigger="BILL"),
    ),
    (
        "payment_schedule_delay_strategy_missing_delay_days",
        _schedule(delay_strategy="FIXED", trigger="BILL"),
        _schedule(delay_strategy="FIXED", trigger="BILL", delay_days=0),
    ),
    (
        "payment_instalments_not_provided",
        _schedule(trigger="PLAN"),
        _schedule(trigger="PLAN", instalments=[{"amount": "60.0", "payment_date": "2020-04-01"}]),
    ),
    (
        "payment_instalments_do_not_sum_to_total",
        _schedule(instalments=[{"amount": "59.99", "payment_date": "2020-04-01"}]),
        _schedule(instalments=[{"amount": "60", "payment_date": "2020-04-01"}]),
    ),
    (
        "payment_instalments_date_outside_of_payment_schedule_active_period",
        _schedule(instalments=[{"amount": "60", "payment_date": "2017-12-31"}]),
        _schedule(instalments=[{"amount": "60", "payment_date": "2018-01-01"}]),
    ),
    (
        "children_with_duplicate_values",
        _schedule(instalments=[{"amount": "30", "payment_date": "2020-04-01"}] * 2),
        _schedule(
            instalments=[
                {"amount": "30", "payment_date": "2020-04-01"},
                {"amount": "30", "payment_date": "2020-05-01"},
            ]
        ),
    ),
    (
        "payment_schedules_ledger_code_uniformity_failed",
        _schedule(ledger_code="MAIN"),
        {**_schedule(ledger_code="MAIN"), "payment_schedules.0.ledger_code": "MAIN"},
    ),
    (
        "multiple_open_ended_payment_schedules",
        _schedules(("2018-01-01", None), ("2019-01-01", None)),
        _schedules(("2018-01-01", "2018-12-31"), ("2019-01-01", None)),
    ),
    (
        "payment_schedule_date_overlaps",
        _schedules(("2018-01-01", "2019-01-02"), ("2019-01-01", None)),
        _schedules(("2018-01-01", "2019-01-01"), ("2019-01-01", None)),
    ),
    (
        "payment_schedule_date_overlaps",
        _schedules(("2018-01-01", "2018-01-01"), ("2018-01-01", None)),
        _schedules(("2018-01-01", "2018-06-01"), ("2019-01-01", None)),
    ),
    (
        "payment_schedule_date_gaps",
        _schedules(("2018-01-01", "2020-03-30"), ("2020-04-01", None)),
        _schedules(("2018-01-01", "2020-03-31"), ("2020-04-01", None)),
    ),
    (
        "payment_plan_and_payment_schedule_not_allowed_on_same_ledger",
        {"payment_plans": [PLAN]},
        {"payment_plans": [PLAN], "payment_schedules": []},
    ),
    (
        "duplicate_payment_component_combinations",
        _payments(("2020-04-01", 5, [COMPONENT]), ("2020-04-01", 5, [COMPONENT])),
        _payments(("2020-04-01", 5, [COMPONENT]), ("2020-05-01", 5, [COMPONENT])),
    ),
    (
        "payment_plan_payment_components_do_not_sum_to_total",
        _payments(("2020-04-01", 6, [COMPONENT])),
        _payments(("2020-04-01", 6, [])),
    ),
    (
        "payment_instructions_ledger_code_uniformity_failed",
        {"payment_instructions": [INSTRUCTION, {**INSTRUCTION, "ledger_code": "MAIN"}]},
        {"payment_instructions": [INSTRUCTION, INSTRUCTION]},
    ),
    (
        "invalid_payment_preference_ledger_identifier",
        {"payment_preferences": [PASSIVE]},
        {"payment_preferences": [PASSIVE], **NAMED},
    ),
    (
        "duplicate_ledger_in_payment_preferences",
        {"payment_preferences": [PASSIVE, PASSIVE], **NAMED},
        {"payment_preferences": [], **NAMED},
    ),
    (
        "active_new_payment_preference_invalid_instruction_identifier",
        {
            "payment_preferences": [
                {
                    **PASSIVE,
                    "type": "ACTIVE_NEW",
                    "instruction_reference_params": {"instruction_identifier": "I"},
                }
            ],
            **NAMED,
        },
        {
            "payment_preferences": [
                {
                    **PASSIVE,
                    "type": "ACTIVE_NEW",
                    "instruction_reference_params": {"instruction_identifier": "I"},
                }
            ],
            "payment_instructions": [INSTRUCTION],
            **NAMED,
        },
    ),
    ("debt_collection_agency_name_required", {"debts.0.agency_name": ""}, {"debts.0.start_date": ABSENT}),
    ("multiple_active_deposits_not_allowed", _deposits({}, {}), _deposits({})),
    (
        "last_interest_date_not_allowed",
        _deposits({"last_interest_date": "2019-01-01"}),
        _deposits({"last_interest_date": None}),
    ),
    (
        "fulfilled_at_greater_than_last_interest_date",
        _deposits({"last_interest_date": "2019-01-01", "fulfilled_at": "2019-01-02"}),
        _deposits({"last_interest_date": "2019-01-02", "fulfilled_at": "2019-01-02T10:00:00Z"}),
    ),
    (
        "payment_adequacy_changes_and_last_payment_review_date_provided",
        {"payment_adequacy_changes": [ADEQUACY]},
        _adequacy(),
    ),
    (
        "payment_adequacy_invalid_dates",
        _adequacy(applied_at="2020-03-02"),
        _adequacy(applied_at="2020-03-01"),
    ),
    (
        "payment_adequacy_invalid_dates",
        _adequacy(applied_at="2019-09-30"),
        _adequacy(applied_at="2019-10-01"),
    ),
    (
        "payment_adequacy_missing_reason",
        _adequacy(applied_at=None),
        _adequacy(applied_at=None, should_not_be_applied_reason="x"),
    ),
    (
        "payment_adequacy_should_not_have_been_applied",
        _adequacy(should_not_be_applied_reason="x"),
        _adequacy(should_not_be_applied_reason=""),
    ),
    (
        "payment_adequacy_monthly_charges_unequal",
        _adequacy(average_monthly_gas_charge=41),
        _adequacy(average_monthly_gas_charge=41, average_monthly_elec_charge=59),
    ),
    (
        "payment_adequacy_balance_adjustment_mismatch",
        _adequacy(target_balance=12),
        _adequacy(target_balance=11),
    ),
    (
        "payment_adequacy_new_direct_debit_amount_mismatch",
        _adequacy(new_direct_debit=111),
        _adequacy(new_direct_debit=90),
    ),
]
