"""Ledgers and regular payments."""

from __future__ import annotations

from typing import Final, get_args

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.dialects.edf_accounts.model.reasons import (
    PaymentReason,
    PaymentType,
    RepaymentReason,
    RepaymentType,
)
from transforms.frames.accounts import (
    ACCOUNT,
    TRANSACTION,
)

_LEDGER: Final = (*ACCOUNT, "ledger_key")
_TRANSACTION: Final = (
    *TRANSACTION,
    Column(name="type", kind="code", codes=codes.TRANSACTION_TYPE, required=True, meaning="What was booked."),
    Column(
        name="reason",
        kind="code",
        codes=codes.TRANSACTION_REASON,
        fits={
            "PAYMENT": frozenset(get_args(PaymentReason)),
            "REPAYMENT": frozenset(get_args(RepaymentReason)),
        },
        meaning="Why it was booked.",
    ),
    Column(
        name="payment_type",
        kind="text",
        keep_blank=True,
        fits={"PAYMENT": frozenset(get_args(PaymentType)), "REPAYMENT": frozenset(get_args(RepaymentType))},
        meaning="Means of payment; blank is sent.",
    ),
    Column(
        name="to_prepay_meter_serial_number",
        kind="text",
        meaning="Prepay meter that it was sent to, for example a vend; such bookings are in no balance.",
    ),
)
_LEDGER_CODE: Final = Column(
    name="ledger_code",
    kind="configured",
    setting="ledger_codes",
    meaning="Which of the account's ledgers; empty where there is one.",
)

FRAMES: Final = (
    Frame(
        name="ledgers",
        key=_LEDGER,
        parent="accounts",
        target="ledgers",
        columns=(
            _LEDGER_CODE,
            *columns(
                kind="date",
                meanings={
                    "last_statement_closing_date": "Last day of the last statement.",
                    "last_statement_issue_date": "When it was sent.",
                },
            ),
            Column(
                name="last_statement_balance",
                kind="money",
                sign="debit_positive",
                meaning="What the customer owed by that statement.",
            ),
            Column(
                name="ledger_balance",
                kind="money",
                sign="debit_positive",
                required=True,
                meaning="What the customer owes now.",
            ),
        ),
    ),
    Frame(
        name="current_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="current_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="historical_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="historical_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="account_current_transactions",
        key=(*ACCOUNT, "transaction_key"),
        parent="accounts",
        target="current_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="account_historical_transactions",
        key=(*ACCOUNT, "transaction_key"),
        parent="accounts",
        target="historical_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        name="payment_schedules",
        key=(*ACCOUNT, "schedule_key"),
        parent="accounts",
        target="payment_schedules",
        columns=(
            Column(
                name="amount",
                kind="money",
                places=2,
                meaning="What is paid each time; empty where each bill says it.",
            ),
            Column(name="day_of_month", kind="integer", meaning="On which day."),
            Column(
                name="frequency",
                kind="code",
                codes=codes.SCHEDULE_FREQUENCY,
                meaning="How often; empty where each bill is paid.",
            ),
            Column(name="means", kind="code", codes=codes.PAYMENT_MEANS, required=True, meaning="How."),
            Column(name="start_date", kind="date", required=True, meaning="Since when."),
            Column(name="end_date", kind="date", meaning="Last day; empty while it runs."),
            Column(
                name="is_debt_repayment_plan",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether it pays off a debt.",
            ),
            Column(name="debt_repayment_element", kind="money", places=2, meaning="The part that does."),
            Column(name="debt_repayment_end_date", kind="date", meaning="Until when."),
            Column(
                name="balance_threshold",
                kind="money",
                places=2,
                meaning="Balance below which a payment is due, where a balance makes it so.",
            ),
            Column(
                name="delay_strategy",
                kind="code",
                codes=codes.SCHEDULE_DELAY,
                meaning="Which days it waits after a bill.",
            ),
            Column(name="delay_days", kind="integer", meaning="How many."),
            Column(
                name="exempt_from_payment_adequacy",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether reviews leave it as it is.",
            ),
            Column(
                name="trigger",
                kind="code",
                codes=codes.SCHEDULE_TRIGGER,
                meaning="What makes a payment due; empty for a fixed day.",
            ),
            _LEDGER_CODE,
        ),
    ),
    Frame(
        name="payment_instructions",
        key=(*ACCOUNT, "instruction_key"),
        parent="accounts",
        target="payment_instructions",
        columns=(
            Column(
                name="type",
                kind="code",
                codes=codes.INSTRUCTION_TYPE,
                required=True,
                meaning="Kind of mandate.",
            ),
            Column(
                name="vendor",
                kind="configured",
                setting="payment_vendors",
                required=True,
                meaning="Who collects the payments.",
            ),
            Column(name="reference", kind="text", required=True, meaning="What the vendor calls it."),
            Column(name="customer_reference", kind="text", meaning="What the vendor calls the customer."),
            Column(name="valid_from", kind="date", meaning="Since when it is valid."),
            Column(
                name="use_for_scheduled_payments",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether regular payments are taken with it.",
            ),
            _LEDGER_CODE,
        ),
    ),
)
