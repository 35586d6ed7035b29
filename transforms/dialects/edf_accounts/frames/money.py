"""Ledgers and regular payments."""

from __future__ import annotations

from typing import Final, get_args

from transforms.dialect import OPTIONAL_FLAG, Column, Frame
from transforms.dialects.edf_accounts import codes
from transforms.dialects.edf_accounts.model.reasons import (
    PaymentReason,
    PaymentType,
    RepaymentReason,
    RepaymentType,
)
from transforms.frames.accounts import ACCOUNT, TRANSACTION

_LEDGER: Final = (*ACCOUNT, "ledger_key")
_TRANSACTION: Final = (
    *TRANSACTION,
    Column("type", "code", "What was booked.", codes=codes.TRANSACTION_TYPE, required=True),
    Column(
        "reason",
        "code",
        "Why it was booked.",
        codes=codes.TRANSACTION_REASON,
        fits={
            "PAYMENT": frozenset(get_args(PaymentReason)),
            "REPAYMENT": frozenset(get_args(RepaymentReason)),
        },
    ),
    Column(
        "payment_type",
        "text",
        "Means of payment; blank is sent.",
        keep_blank=True,
        fits={"PAYMENT": frozenset(get_args(PaymentType)), "REPAYMENT": frozenset(get_args(RepaymentType))},
    ),
    Column(
        "to_prepay_meter_serial_number",
        "text",
        "Prepay meter that it was sent to, for example a vend; such bookings are in no balance.",
    ),
)
_LEDGER_CODE: Final = Column(
    "ledger_code",
    "configured",
    "Which of the account's ledgers; empty where there is one.",
    setting="ledger_codes",
)

FRAMES: Final = (
    Frame("ledgers", key=_LEDGER, parent="accounts", target="ledgers").having(
        _LEDGER_CODE,
        Column("last_statement_closing_date", "date", "Last day of the last statement."),
        Column("last_statement_issue_date", "date", "When it was sent."),
        Column(
            "last_statement_balance",
            "money",
            "What the customer owed by that statement.",
            sign="debit_positive",
        ),
        Column(
            "ledger_balance", "money", "What the customer owes now.", sign="debit_positive", required=True
        ),
    ),
    Frame(
        "current_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="current_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        "historical_transactions",
        key=(*_LEDGER, "transaction_key"),
        parent="ledgers",
        target="historical_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        "account_current_transactions",
        key=(*ACCOUNT, "transaction_key"),
        parent="accounts",
        target="current_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        "account_historical_transactions",
        key=(*ACCOUNT, "transaction_key"),
        parent="accounts",
        target="historical_statement_transactions",
        columns=_TRANSACTION,
    ),
    Frame(
        "payment_schedules", key=(*ACCOUNT, "schedule_key"), parent="accounts", target="payment_schedules"
    ).having(
        Column("amount", "money", "What is paid each time; empty where each bill says it.", places=2),
        Column("day_of_month", "integer", "On which day."),
        Column(
            "frequency", "code", "How often; empty where each bill is paid.", codes=codes.SCHEDULE_FREQUENCY
        ),
        Column("means", "code", "How.", codes=codes.PAYMENT_MEANS, required=True),
        Column("start_date", "date", "Since when.", required=True),
        Column("end_date", "date", "Last day; empty while it runs."),
        Column("is_debt_repayment_plan", "code", "Whether it pays off a debt.", codes=OPTIONAL_FLAG),
        Column("debt_repayment_element", "money", "The part that does.", places=2),
        Column("debt_repayment_end_date", "date", "Until when."),
        Column(
            "balance_threshold",
            "money",
            "Balance below which a payment is due, where a balance makes it so.",
            places=2,
        ),
        Column("delay_strategy", "code", "Which days it waits after a bill.", codes=codes.SCHEDULE_DELAY),
        Column("delay_days", "integer", "How many."),
        Column(
            "exempt_from_payment_adequacy", "code", "Whether reviews leave it as it is.", codes=OPTIONAL_FLAG
        ),
        Column(
            "trigger",
            "code",
            "What makes a payment due; empty for a fixed day.",
            codes=codes.SCHEDULE_TRIGGER,
        ),
        _LEDGER_CODE,
    ),
    Frame(
        "payment_instructions",
        key=(*ACCOUNT, "instruction_key"),
        parent="accounts",
        target="payment_instructions",
    ).having(
        Column("type", "code", "Kind of mandate.", codes=codes.INSTRUCTION_TYPE, required=True),
        Column(
            "vendor", "configured", "Who collects the payments.", setting="payment_vendors", required=True
        ),
        Column("reference", "text", "What the vendor calls it.", required=True),
        Column("customer_reference", "text", "What the vendor calls the customer."),
        Column("valid_from", "date", "Since when it is valid."),
        Column(
            "use_for_scheduled_payments",
            "code",
            "Whether regular payments are taken with it.",
            codes=OPTIONAL_FLAG,
        ),
        _LEDGER_CODE,
    ),
)
