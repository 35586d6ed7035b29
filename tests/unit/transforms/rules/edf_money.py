"""What the rules of EDF's money must find in the guide's payload, and what they must let pass."""

from __future__ import annotations

from typing import Any

from tests.unit.transforms.rules.changes import Change, again, put

DEBT = "supply_addresses.0.meter_points.1.meters.0.prepay_details.debt_balance"
POINT = "supply_addresses.0.meter_points.0"
CURRENT, PAST = "ledgers.0.current_statement_transactions", "ledgers.0.historical_statement_transactions"
FIRST, REGULAR = "payment_schedules.0", "payment_schedules.1"
FUTURE = "2026-11-22"
CLOSED = "ledgers.0.last_statement_closing_date"
MANDATE = {"type": "DIRECT_DEBIT", "vendor": "STRIPE", "reference": "DD-1"}


OWN = {
    "transaction_id": "9",
    "transaction_date": "2019-08-01",
    "amount": "10.00",
    "type": "PAYMENT",
}


def on_the_account(document: Any) -> None:
    """The guide's only ledger as fields of the account."""
    (ledger,) = document.pop("ledgers")
    ledger.pop("ledger_balance")
    document.update(ledger)


def transactions_on_the_account(document: Any) -> None:
    """The transactions of the guide's only ledger as those of the account; its balances and days stay."""
    (ledger,) = document["ledgers"]
    for name in ("current_statement_transactions", "historical_statement_transactions"):
        document[name] = ledger.pop(name)


def statement_on_the_account(document: Any) -> None:
    """The last statement of the guide's only ledger as the account's; its transactions and balance stay."""
    (ledger,) = document["ledgers"]
    for name in ("last_statement_closing_date", "last_statement_balance", "last_statement_issue_date"):
        document[name] = ledger.pop(name)


def with_second_ledger(**changes: Any) -> Change:
    """Another ledger of nothing, each with a code."""

    def change(document: Any) -> None:
        document["ledgers"][0]["ledger_code"] = "ENERGY"
        document["ledgers"].append({"ledger_code": "DEBT", "ledger_balance": "0.00"} | changes)

    return change


def all_of(*changes: Change) -> Change:
    """Several changes as one."""

    def change(document: Any) -> None:
        for each in changes:
            each(document)

    return change


def regular(**changes: Any) -> Change:
    """A further regular payment."""
    return lambda document: document["payment_schedules"].append(
        {
            "amount": "60.00",
            "day_of_month": 2,
            "frequency": "MONTHLY",
            "means": "DD",
            "start_date": "2019-01-01",
        }
        | changes
    )


UNBILLED = all_of(put("last_billed_to_date", None), put(CLOSED, None))

CASES: list[tuple[str, str, Change]] = [
    ("historical_statement_transactions_balance_mismatch", PAST, put(f"{PAST}.0.amount", "10.01")),
    ("historical_statement_transactions_balance_mismatch", PAST, put(f"{PAST}.0.amount", "10.0000000001")),
    ("historical_statement_transactions_balance_mismatch", PAST, put(PAST, None)),
    ("historical_statement_transactions_balance_mismatch", PAST, put(PAST, [])),
    (
        "historical_statement_transactions_balance_mismatch",
        PAST,
        put("ledgers.0.last_statement_balance", None),
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        "historical_statement_transactions",
        all_of(on_the_account, put("last_statement_balance", "20.01")),
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        "historical_statement_transactions",
        all_of(transactions_on_the_account, put("ledgers.0.last_statement_balance", "20.01")),
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        "ledgers.1.historical_statement_transactions",
        all_of(
            with_second_ledger(last_statement_balance="-1.00"),
            put("ledgers.0.last_statement_balance", "21.00"),
        ),
    ),
    (
        "balance_mismatch_on_transfer_balance",
        "ledgers.0.ledger_balance",
        all_of(transactions_on_the_account, put("current_statement_transactions.0.amount", "10.01")),
    ),
    (
        "historical_statement_transaction_after_last_statement_closing_date",
        "historical_statement_transactions.0.transaction_date",
        all_of(
            transactions_on_the_account,
            put("historical_statement_transactions.0.transaction_date", "2019-08-01"),
        ),
    ),
    (
        "current_statement_transaction_before_current_statement_opening_date",
        f"{CURRENT}.0.transaction_date",
        all_of(statement_on_the_account, put(f"{CURRENT}.0.transaction_date", "2019-07-30")),
    ),
    ("balance_mismatch_on_transfer_balance", "ledgers.0.ledger_balance", put(f"{CURRENT}.0.amount", "10.01")),
    (
        "balance_mismatch_on_transfer_balance",
        "ledgers.0.ledger_balance",
        all_of(put("ledgers.0.last_statement_balance", None), put(PAST, None)),
    ),
    (
        "balance_mismatch_on_transfer_balance",
        "transfer_balance",
        all_of(on_the_account, put("transfer_balance", "30.01")),
    ),
    ("balance_mismatch_on_transfer_balance", "transfer_balance", put("ledgers", None)),
    ("ledger_balances_not_equal_to_transfer_balance", "transfer_balance", put("transfer_balance", "29.99")),
    (
        "cannot_determine_responsible_for_billing_from_date",
        "last_billed_to_date",
        all_of(
            UNBILLED, put(f"{POINT}.agreements", []), put("supply_addresses.0.meter_points.1.agreements", [])
        ),
    ),
    (
        "ledger_balances_not_equal_to_transfer_balance",
        "transfer_balance",
        with_second_ledger(ledger_balance="0.01"),
    ),
    ("duplicate_transaction_ids", f"{CURRENT}.0.transaction_id", put(f"{CURRENT}.0.transaction_id", "4")),
    (
        "historical_statement_transaction_after_last_statement_closing_date",
        f"{PAST}.0.transaction_date",
        put(f"{PAST}.0.transaction_date", "2019-08-01"),
    ),
    (
        "historical_statement_transaction_after_last_statement_closing_date",
        f"{PAST}.0.transaction_date",
        all_of(put(CLOSED, None), put(f"{PAST}.0.transaction_date", "2019-08-02")),
    ),
    (
        "current_statement_transaction_before_current_statement_opening_date",
        f"{CURRENT}.0.transaction_date",
        put(f"{CURRENT}.0.transaction_date", "2019-07-31"),
    ),
    (
        "current_statement_transaction_before_current_statement_opening_date",
        f"{CURRENT}.0.transaction_date",
        all_of(
            put(CLOSED, None),
            put(f"{CURRENT}.0.transaction_date", "2019-08-01"),
            put(f"{PAST}.0.transaction_date", "2019-08-01"),
        ),
    ),
    (
        "current_statement_transaction_before_last_billed_to_date",
        f"{CURRENT}.0.transaction_date",
        put("last_billed_to_date", "2019-08-05"),
    ),
    (
        "historical_statement_transaction_after_current_statement_transaction",
        f"{PAST}.0.transaction_date",
        all_of(UNBILLED, put(f"{PAST}.0.transaction_date", "2019-08-05")),
    ),
    (
        "historical_statement_transactions_without_last_statement_closing_date_or_last_billed_to_date",
        PAST,
        UNBILLED,
    ),
    (
        "last_statement_issued_before_closing_date",
        "ledgers.0.last_statement_issue_date",
        put("ledgers.0.last_statement_issue_date", "2019-07-30"),
    ),
    (
        "last_statement_issued_before_closing_date",
        "ledgers.0.last_statement_issue_date",
        all_of(put(CLOSED, None), put("ledgers.0.last_statement_issue_date", "2019-07-31")),
    ),
    ("historical_statement_period_end_in_future", CLOSED, put(CLOSED, FUTURE)),
    (
        "historical_statement_period_end_in_future",
        PAST,
        all_of(put(CLOSED, None), put(f"{PAST}.1.transaction_date", FUTURE)),
    ),
    (
        "transaction_in_future",
        f"{CURRENT}.1.transaction_date",
        put(f"{CURRENT}.1.transaction_date", FUTURE),
    ),
    (
        "transaction_in_future",
        "current_statement_transactions.1.transaction_date",
        all_of(on_the_account, put("current_statement_transactions.1.transaction_date", FUTURE)),
    ),
    (
        "transactions_target_non_initialised_prepay_meter",
        f"{CURRENT}.0.to_prepay_meter_serial_number",
        put(f"{CURRENT}.0.to_prepay_meter_serial_number", "Z16N389556"),
    ),
    (
        "duplicate_ledger_entries_found",
        "ledgers.1.ledger_code",
        with_second_ledger(ledger_code="ENERGY"),
    ),
    (
        "ledger_without_code",
        "ledgers.0.ledger_code",
        all_of(with_second_ledger(), put("ledgers.0.ledger_code", None)),
    ),
    (
        "balance_mismatch_on_transfer_balance",
        "transfer_balance",
        all_of(put("ledgers.0.ledger_balance", None), put("transfer_balance", "30.01")),
    ),
    (
        "ledger_balances_not_equal_to_transfer_balance",
        "transfer_balance",
        all_of(
            with_second_ledger(last_statement_balance="1.00", historical_statement_transactions=[]),
            put("ledgers.1.ledger_balance", None),
            put("transfer_balance", "31.00"),
        ),
    ),
    (
        "start_date_later_than_end_date",
        "statements.0.bill_period_to_date",
        put("statements.0.bill_period_to_date", "2019-05-31"),
    ),
    ("debt_collection_agency_name_required", "debts.0.agency_name", put("debts.0.agency_name", None)),
    ("start_date_later_than_end_date", f"{FIRST}.end_date", put(f"{FIRST}.end_date", "2017-12-31")),
    ("zero_payment_schedule_amount", f"{FIRST}.amount", put(f"{FIRST}.amount", "0.00")),
    ("zero_payment_schedule_amount", f"{FIRST}.amount", put(f"{FIRST}.amount", None)),
    ("fixed_payment_schedule_amount_out_of_range", f"{FIRST}.amount", put(f"{FIRST}.amount", "-6.00")),
    ("fixed_payment_schedule_missing_frequency", f"{FIRST}.frequency", put(f"{FIRST}.frequency", None)),
    (
        "fixed_payment_schedule_missing_day_of_month",
        f"{FIRST}.day_of_month",
        put(f"{FIRST}.day_of_month", None),
    ),
    (
        "invalid_payment_day_for_payment_schedule",
        f"{FIRST}.day_of_month",
        put(f"{FIRST}.day_of_month", 32),
    ),
    (
        "balance_triggered_schedule_missing_threshold",
        f"{FIRST}.balance_threshold",
        put(f"{FIRST}.trigger", "BALANCE"),
    ),
    (
        "debt_repayment_missing_end_date",
        f"{FIRST}.debt_repayment_end_date",
        put(f"{FIRST}.debt_repayment_end_date", None),
    ),
    (
        "debt_repayment_end_date_after_schedule_end_date",
        f"{FIRST}.end_date",
        put(f"{FIRST}.end_date", "2020-03-25"),
    ),
    (
        "invalid_payment_schedule_to_exempt_from_payment_adequacy",
        f"{REGULAR}.exempt_from_payment_adequacy",
        all_of(put(f"{REGULAR}.trigger", "BILL"), put(f"{REGULAR}.exempt_from_payment_adequacy", True)),
    ),
    (
        "payment_schedule_delay_must_have_bill_trigger",
        f"{REGULAR}.delay_strategy",
        all_of(put(f"{REGULAR}.delay_strategy", "FIXED"), put(f"{REGULAR}.delay_days", 3)),
    ),
    (
        "payment_schedule_delay_strategy_missing_delay_days",
        f"{REGULAR}.delay_days",
        all_of(put(f"{REGULAR}.delay_strategy", "FIXED"), put(f"{REGULAR}.trigger", "BILL")),
    ),
    (
        "multiple_open_ended_payment_schedules",
        REGULAR,
        put(f"{FIRST}.is_debt_repayment_plan", False),
    ),
    (
        "payment_schedule_date_overlaps",
        f"{REGULAR}.start_date",
        all_of(put(f"{FIRST}.is_debt_repayment_plan", False), put(f"{FIRST}.end_date", "2020-03-26")),
    ),
    (
        "payment_schedule_date_overlaps",
        "payment_schedules.2",
        all_of(put(f"{REGULAR}.end_date", "2019-01-02"), regular()),
    ),
    (
        "payment_schedule_date_gaps",
        "payment_schedules.2.start_date",
        all_of(put(f"{REGULAR}.end_date", "2026-12-31"), regular(start_date="2027-01-02")),
    ),
    (
        "payment_schedules_ledger_code_uniformity_failed",
        "payment_schedules",
        put(f"{FIRST}.ledger_code", "DEBT"),
    ),
    (
        "payment_instructions_ledger_code_uniformity_failed",
        "payment_instructions",
        put("payment_instructions", [MANDATE, MANDATE | {"ledger_code": "DEBT"}]),
    ),
]

ALLOWED: list[tuple[str, tuple[Change, ...]]] = [
    (
        "transactions may stand with the account, and what they add up to with its ledger",
        (transactions_on_the_account, put("last_billed_to_date", None)),
    ),
    (
        "the statement of a ledger with transactions closes none of the account's own",
        (
            put("historical_statement_transactions", [OWN]),
            put("last_statement_balance", "10.00"),
        ),
    ),
    (
        "a statement may stand with the account, and its transactions with the ledger",
        (statement_on_the_account, put("last_billed_to_date", None)),
    ),
    (
        "a charge that is taken back keeps its minus",
        (
            again(CURRENT, transaction_id="5", type="CHARGE", reason="IMPORTED_CHARGE", amount="7.10"),
            again(CURRENT, transaction_id="6", type="CHARGE", reason="IMPORTED_CHARGE", amount="-7.10"),
        ),
    ),
    (
        "a credit that is taken back keeps its minus",
        (
            again(PAST, transaction_id="5", type="CREDIT", reason="GOODWILL", amount="3.00"),
            again(PAST, transaction_id="6", type="CREDIT", reason="GOODWILL", amount="-3.00"),
        ),
    ),
    (
        "parts of a penny add up exactly",
        (
            put(f"{PAST}.0.amount", "10.0000000001"),
            put("ledgers.0.last_statement_balance", "20.0000000001"),
            put("ledgers.0.ledger_balance", "30.0000000001"),
            put("transfer_balance", "30.0000000001"),
        ),
    ),
    (
        "what was booked on a prepay meter is on no statement",
        (again(PAST, transaction_id="5", to_prepay_meter_serial_number="54BV"),),
    ),
    (
        "a vend may lie before the statement opens, and before the last bill",
        (
            again(
                CURRENT,
                transaction_id="5",
                to_prepay_meter_serial_number="54BV",
                transaction_date="2018-01-01",
                type="PAYMENT",
                reason="ACCOUNT_CHARGE_PAYMENT",
            ),
        ),
    ),
    (
        "without a closing date, current transactions may be of the day of the last bill",
        (put(CLOSED, None), put(f"{CURRENT}.0.transaction_date", "2019-08-01")),
    ),
    (
        "without a closing date, history may be of the day of the last bill",
        (put(CLOSED, None), put(f"{PAST}.0.transaction_date", "2019-08-01")),
    ),
    (
        "the day to which a meter is billed closes no statement",
        (
            put(CLOSED, None),
            put("ledgers.0.last_statement_issue_date", None),
            put(f"{POINT}.supply_start_date", "2018-07-01"),
            put(f"{POINT}.agreements.0.effective_from", "2018-07-01"),
            put(f"{POINT}.meters.0.registers.0.last_billed_to_date", "2018-07-20"),
            put(f"{POINT}.meters.0.transfer_readings.0.reading_date", "2018-07-20"),
            put(f"{POINT}.meters.0.reading_history", None),
        ),
    ),
    (
        "an agreement alone says from when to bill",
        (
            put("last_billed_to_date", None),
            put("smart_read_frequency", "HALF_HOURLY"),
            put("ledgers", None),
            put("transfer_balance", "0.00"),
        ),
    ),
    (
        "a ledger may leave its balance to the account",
        (put("ledgers.0.ledger_balance", None),),
    ),
    ("the account's own fields may say what a ledger says", (on_the_account,)),
    ("a second ledger has a code of its own", (with_second_ledger(),)),
    (
        "a second ledger has a history of its own",
        (
            with_second_ledger(
                last_statement_closing_date="2019-01-31",
                last_statement_balance="-5.5",
                historical_statement_transactions=[
                    {
                        "transaction_id": "21",
                        "transaction_date": "2019-01-31",
                        "amount": "5.50",
                        "type": "CHARGE",
                        "reason": "IMPORTED_CHARGE",
                    }
                ],
                ledger_balance="-5.50",
            ),
            put("transfer_balance", "24.50"),
        ),
    ),
    (
        "a debt without a collector has neither agency nor start",
        (put("debts.0.agency_name", None), put("debts.0.start_date", None)),
    ),
    (
        "a meter without a debt",
        (put(DEBT, "0"),),
    ),
    (
        "schedules of different ledgers may all run on",
        (
            put(f"{FIRST}.ledger_code", "ENERGY"),
            put(f"{REGULAR}.ledger_code", "ENERGY"),
            regular(ledger_code="DEBT"),
        ),
    ),
    (
        "past schedules end, and may have gaps",
        (
            regular(start_date="2015-01-01", end_date="2015-12-31"),
            regular(start_date="2017-01-01", end_date="2017-12-31"),
        ),
    ),
    (
        "a schedule of the future follows the one that runs",
        (put(f"{REGULAR}.end_date", "2026-12-31"), regular(start_date="2027-01-01")),
    ),
    (
        "a schedule of the future may start on the day on which the one before it ends",
        (put(f"{REGULAR}.end_date", "2026-12-31"), regular(start_date="2026-12-31")),
    ),
    (
        "a schedule of the future may be the only one left",
        (put(f"{REGULAR}.end_date", "2020-12-31"), regular(start_date="2027-01-01")),
    ),
    (
        "what a bill triggers needs neither amount, day nor frequency",
        (
            put(f"{REGULAR}.trigger", "BILL"),
            put(f"{REGULAR}.amount", None),
            put(f"{REGULAR}.day_of_month", None),
            put(f"{REGULAR}.frequency", None),
            put(f"{REGULAR}.delay_strategy", "FIXED"),
            put(f"{REGULAR}.delay_days", 3),
        ),
    ),
    (
        "mandates of one ledger each",
        (put("payment_instructions", [MANDATE, MANDATE | {"reference": "DD-2"}]),),
    ),
]
