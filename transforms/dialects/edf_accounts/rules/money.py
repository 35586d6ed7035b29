"""Balances and transactions."""

from __future__ import annotations

from typing import Final

from transforms.rules import dates, ledgers
from transforms.rules.engine import Circumstances, Document, Rule

_HISTORY: Final = "historical_statement_transactions"
_CURRENT: Final = "current_statement_transactions"


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """Balances and transactions."""
    return (
        ledgers.adds_up(
            "ledgers",
            code="historical_statement_transactions_balance_mismatch",
            field=_HISTORY,
            explanation="The transactions before the last statement must add up to its balance.",
            parts=_history_adds_up,
        ),
        ledgers.adds_up(
            "ledgers",
            code="balance_mismatch_on_transfer_balance",
            field="ledger_balance",
            explanation="The last statement and what came after it must add up to the ledger's balance.",
            parts=_ledger_adds_up,
        ),
        ledgers.adds_up(
            "",
            code="ledger_balances_not_equal_to_transfer_balance",
            field="transfer_balance",
            explanation="The balances of the ledgers must add up to the account's.",
            parts=_account_adds_up,
        ),
        ledgers.unique_transaction_ids("", lists=(_HISTORY, _CURRENT)),
        *ledgers.statement_rules("ledgers", history=(_HISTORY,), current=(_CURRENT,)),
        dates.not_in_future(
            "ledgers.last_statement_closing_date",
            today=given.today,
            code="historical_statement_period_end_in_future",
        ),
        dates.ordered("statements", start="bill_period_from_date", end="bill_period_to_date"),
    )


def _history_adds_up(ledger: Document) -> tuple[int, int] | None:
    if not ledger.get(_HISTORY):
        return None
    return ledgers.total(ledger[_HISTORY]), ledgers.cents(ledger.get("last_statement_balance"))


def _ledger_adds_up(ledger: Document) -> tuple[int, int] | None:
    if "last_statement_balance" not in ledger:
        return None
    brought_forward = ledgers.cents(ledger["last_statement_balance"])
    return brought_forward + ledgers.total(ledger.get(_CURRENT)), ledgers.cents(ledger["ledger_balance"])


def _account_adds_up(account: Document) -> tuple[int, int] | None:
    if not account.get("ledgers") or account.get("transfer_balance") is None:
        return None
    balances = sum(ledgers.cents(ledger["ledger_balance"]) for ledger in account["ledgers"])
    return balances, ledgers.cents(account["transfer_balance"])
