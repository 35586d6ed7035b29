"""Ledgers and regular payments."""

from __future__ import annotations

from typing import Final

from transforms.dialect import OPTIONAL_FLAG, Column, Frame, columns
from transforms.dialects.edf_accounts import codes
from transforms.frames.accounts import (
    ACCOUNT,
    TRANSACTION,
)

_LEDGER: Final = (*ACCOUNT, "ledger_key")
_TRANSACTION: Final = (
    *TRANSACTION,
    Column(name="type", kind="code", codes=codes.TRANSACTION_TYPE, required=True, meaning="What was booked."),
    Column(name="reason", kind="code", codes=codes.TRANSACTION_REASON, meaning="Why it was booked."),
    Column(name="payment_type", kind="text", keep_blank=True, meaning="Means of payment; blank is sent."),
)

FRAMES: Final = (
    Frame(
        name="ledgers",
        key=_LEDGER,
        parent="accounts",
        target="ledgers",
        columns=(
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
        name="payment_schedules",
        key=(*ACCOUNT, "schedule_key"),
        parent="accounts",
        target="payment_schedules",
        columns=(
            Column(name="amount", kind="money", required=True, meaning="What is paid each time."),
            Column(name="day_of_month", kind="integer", meaning="On which day."),
            Column(
                name="frequency",
                kind="code",
                codes=codes.SCHEDULE_FREQUENCY,
                required=True,
                meaning="How often.",
            ),
            Column(name="means", kind="code", codes=codes.PAYMENT_MEANS, required=True, meaning="How."),
            Column(name="start_date", kind="date", required=True, meaning="Since when."),
            Column(
                name="is_debt_repayment_plan",
                kind="code",
                codes=OPTIONAL_FLAG,
                meaning="Whether it pays off a debt.",
            ),
            Column(name="debt_repayment_element", kind="money", meaning="The part that does."),
            Column(name="debt_repayment_end_date", kind="date", meaning="Until when."),
        ),
    ),
)
