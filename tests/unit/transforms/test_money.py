"""Balances in cents, never through a float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dialect import MoneySource
from transforms.extract import balances_sql
from transforms.money import Balance, is_amount, legacy_balances, payload_balances
from transforms.registry import dialect_names, get_dialect
from transforms.rules import ledgers


@pytest.mark.parametrize(
    ("text", "cents"),
    [("0", 0), ("21.3", 2130), ("-0.05", -5), ("-12", -1200), ("-0", 0), ("9999999999.99", 999999999999)],
)
def test_an_amount_is_its_cents(text: str, cents: int) -> None:
    assert ledgers.cents(text) == cents


@given(cents=st.integers(-(10**12), 10**12))
def test_both_sides_count_the_same_cents(cents: int) -> None:
    amount = Decimal(cents) / 100
    assert ledgers.cents(f"{amount:.2f}") == cents
    assert legacy_balances(rows=[("A", "L", "GBP", amount)])["A"][0].cents == cents


def test_balances_are_summed_by_ledger_and_currency() -> None:
    sources = (
        MoneySource(currency="GBP", ledger="total", field="total"),
        MoneySource(currency="GBP", inside="ledgers", ledger_field="code", field="balance"),
    )
    document = {
        "total": "3.10",
        "ledgers": [
            {"code": "A", "balance": "1.00"},
            {"code": "A", "balance": "-0.90"},
            {"code": "B", "balance": "3.00"},
            {"code": "C"},
        ],
    }
    assert payload_balances(sources=sources, document=document) == (
        Balance(ledger="total", currency="GBP", entries=1, cents=310),
        Balance(ledger="A", currency="GBP", entries=2, cents=10),
        Balance(ledger="B", currency="GBP", entries=1, cents=300),
    )
    assert payload_balances(sources=sources, document={}) == ()


@pytest.mark.parametrize("name", dialect_names())
def test_money_has_two_sides_or_none(name: str) -> None:
    assert bool(get_dialect(name=name).money) == balances_sql(dialect=name).is_file()


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (Decimal("9999999999.99"), True),
        ("-12.30", True),
        (5, True),
        (True, False),
        (0.1, False),
        ("", False),
        ("twelve", False),
        ("1e999999999999999999999", False),
        (Decimal("NaN"), False),
        (Decimal("Infinity"), False),
        (Decimal("1E+13"), False),
        (Decimal("1E+131071"), False),
        ((0, (1,), 0), False),
    ],
)
def test_an_amount_is_exact_and_of_a_size_that_the_database_can_sum(value: object, is_one: bool) -> None:
    assert is_amount(value=value) is is_one


def test_a_balance_is_rounded_once_however_many_digits_it_has() -> None:
    amount = Decimal("0.01499999999999999999999999999999999999")
    (balance,) = legacy_balances(rows=[("A", "main", "GBP", amount)])["A"]
    assert balance.cents == 1
