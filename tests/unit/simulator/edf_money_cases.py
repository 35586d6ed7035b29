"""Payloads of British accounts that break one rule on transactions and balances."""

from __future__ import annotations

from typing import Any, Final

from tests.unit.simulator.edf_account_cases import Case, Changes
from tests.unit.simulator.examples import ABSENT, EXAMPLES

L: Final = "ledgers.0."
CUR: Final = f"{L}current_statement_transactions."
OLD: Final = f"{L}historical_statement_transactions."
NAMED: Final[Changes] = {f"{L}ledger_identifier": "L"}
_EXAMPLE: Final = EXAMPLES["edf_accounts"]["ledgers"][0]
APART: Final[Changes] = {
    name: _EXAMPLE[name] for name in ("current_statement_transactions", "historical_statement_transactions")
} | {"ledgers": [{name: value for name, value in _EXAMPLE.items() if not name.endswith("_transactions")}]}
"""Transactions on the account, and what they add up to on its ledger."""
EMPTY: Final = {"ledger_balance": "0.00", "last_statement_closing_date": "2019-07-31"}
VEND: Final = {
    "transaction_id": "5",
    "transaction_date": "2019-07-01",
    "amount": "10.00",
    "type": "PAYMENT",
    "to_prepay_meter_serial_number": "54BV",
}
ITEM: Final = {
    "start_date": "2019-08-01",
    "end_date": "2019-08-31",
    "net_amount": "20.00",
    "number_of_units": "100",
    "price_per_unit": "0.2",
    "rate_band": "STANDARD",
}
TAX: Final = {
    "amount": "1.00",
    "rate": "0.05",
    "tax_type": "VAT",
    "unit_type": "PROPORTION",
    "value_taxed": "20.00",
}


def _charge(**changes: Any) -> Changes:
    """A supply charge instead of the current payment, which the balances follow."""
    charge = {
        "transaction_id": "2",
        "transaction_date": "2019-09-01",
        "amount": "21.00",
        "type": "SUPPLY_CHARGE",
        "product_code": "P",
        "line_items": [ITEM],
        "tax_items": [TAX],
    }
    balance = {"transfer_balance": "-11.00", f"{L}ledger_balance": "-11.00"}
    return {f"{CUR}1": {**charge, **changes}, **balance}


def _item(**changes: Any) -> Changes:
    return _charge(
        line_items=[{name: value for name, value in {**ITEM, **changes}.items() if value is not ABSENT}]
    )


def _second(**changes: Any) -> Changes:
    return {"ledgers.1": {**EMPTY, **changes}}


BALANCES: Final[list[Case]] = [
    (
        "transaction_in_future",
        {f"{CUR}0.transaction_date": "2020-03-02"},
        {f"{CUR}0.transaction_date": "2020-03-01"},
    ),
    (
        "invalid",
        {f"{CUR}1.amount": "-20.00", "transfer_balance": "-10", f"{L}ledger_balance": "-10"},
        {f"{OLD}1.amount": "-10.00", f"{OLD}0.amount": "30.00"},
    ),
    (
        "transactions_target_non_initialised_prepay_meter",
        {f"{CUR}2": {**VEND, "to_prepay_meter_serial_number": "Z16N389556"}},
        {f"{CUR}2": {**VEND, "transaction_date": "2018-09-01"}},
    ),
    ("duplicate_transaction_ids", {f"{OLD}0.transaction_id": "1"}, {f"{OLD}0.transaction_id": "9"}),
    ("missing_transaction_id", {f"{OLD}0.transaction_id": ""}, {f"{OLD}0.transaction_id": "0"}),
    (
        "billing_document_identifier_not_allowed_for_current_statement_transactions",
        {f"{CUR}0.billing_document_identifier": "B"},
        {f"{OLD}0.billing_document_identifier": "B"},
    ),
    (
        "historical_statement_billing_document_identifier_mismatch",
        {f"{OLD}0.billing_document_identifier": "B", f"{OLD}1.billing_document_identifier": "C"},
        {f"{OLD}0.billing_document_identifier": "B", f"{OLD}1.billing_document_identifier": "B"},
    ),
    (
        "historical_statement_period_end_in_future",
        _second(last_statement_closing_date="2020-03-02"),
        _second(last_statement_closing_date="2020-03-01"),
    ),
    (
        "historical_statement_transactions_without_last_statement_closing_date_or_last_billed_to_date",
        {"last_billed_to_date": ABSENT, f"{L}last_statement_closing_date": ABSENT},
        {f"{L}last_statement_closing_date": ABSENT},
    ),
    (
        "historical_statement_transaction_after_last_statement_closing_date",
        {f"{OLD}0.transaction_date": "2019-08-01"},
        {f"{OLD}0.transaction_date": "2019-07-31"},
    ),
    (
        "historical_statement_transaction_after_current_statement_transaction",
        {f"{CUR}2": {**VEND, "transaction_date": "2018-08-04"}},
        {f"{CUR}2": {**VEND, "transaction_date": "2018-08-05"}},
    ),
    (
        "current_statement_transaction_before_current_statement_opening_date",
        {f"{CUR}0.transaction_date": "2019-07-31"},
        {f"{CUR}0.transaction_date": "2019-08-01"},
    ),
    (
        "current_statement_transaction_before_last_billed_to_date",
        {f"{L}last_statement_closing_date": "2019-07-30", f"{CUR}0.transaction_date": "2019-07-31"},
        {f"{L}last_statement_closing_date": "2019-07-30", f"{CUR}0.transaction_date": "2019-08-01"},
    ),
    (
        "last_statement_issued_before_closing_date",
        {f"{L}last_statement_issue_date": "2019-07-30"},
        {f"{L}last_statement_issue_date": "2019-07-31"},
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        {f"{OLD}1.amount": "10.01"},
        {f"{OLD}2": {**VEND, "transaction_date": "2019-07-01"}},
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        {f"{L}historical_statement_transactions": []},
        {},
    ),
    (
        "historical_statement_transactions_balance_mismatch",
        {**APART, "historical_statement_transactions.0.amount": "10.01"},
        APART,
    ),
    (
        "balance_mismatch_on_transfer_balance",
        {"ledgers": ABSENT},
        {"ledgers": ABSENT, "transfer_balance": "0.00"},
    ),
    (
        "balance_mismatch_on_transfer_balance",
        {f"{CUR}1.amount": "20.01"},
        {f"{CUR}1.amount": "20.000"},
    ),
    (
        "ledger_balances_not_equal_to_transfer_balance",
        {f"{L}ledger_balance": "30.01"},
        {f"{L}ledger_balance": "29.00", "ledgers.1": {"ledger_balance": "1"}},
    ),
    (
        "duplicate_ledger_entries_found",
        {f"{L}ledger_code": "MAIN", **_second(ledger_code="MAIN")},
        {f"{L}ledger_code": "MAIN", **_second(ledger_code="OTHER")},
    ),
    (
        "duplicate_identifiers_entries_found",
        {**NAMED, **_second(ledger_identifier="L")},
        {**NAMED, **_second(ledger_identifier="M")},
    ),
    (
        "ledger_transaction_amount_does_not_match_with_line_item_net_amount_and_tax_amount",
        _charge(tax_items=[{**TAX, "amount": "1.02"}]),
        _charge(),
    ),
    (
        "supply_point_identifier_required_for_rate_specification_code",
        _item(rate_band=ABSENT, rate_specification_code="R"),
        _charge(
            line_items=[{**ITEM, "rate_band": "", "rate_specification_code": "R"}],
            supply_point_identifier="1200060176720",
        ),
    ),
    ("conflicting_rate_band_specification", _item(rate_band=ABSENT), _item(rate_specification_code="")),
    ("incorrect_line_item_net_amount", _item(price_per_unit="0.3"), _item(price_per_unit=ABSENT)),
    ("line_item_units_must_be_two_values", _item(units=["1"]), _item(units=["1", "2"])),
    ("start_date_later_than_end_date", _item(end_date="2019-07-31"), _item(end_date="2019-08-01")),
]
