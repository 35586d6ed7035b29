"""Exact balances, never through a float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dialect import MoneySource
from transforms.extract import balances_sql
from transforms.money import Balance, is_amount, legacy_balances, payload_balances, written
from transforms.registry import dialect_names, get_dialect
from transforms.rules import ledgers


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        (None, "0"),
        ("0", "0"),
        ("21.3", "21.3"),
        ("-0.05", "-0.05"),
        ("-12", "-12"),
        ("-0", "0"),
        ("9999999999.9999999999", "9999999999.9999999999"),
    ],
)
def test_an_amount_is_exact(text: str | None, exact: str) -> None:
    assert ledgers.amount(text) == Decimal(exact)


@given(amount=st.decimals(-(10**9), 10**9, places=10))
def test_both_sides_count_the_same_parts_of_a_cent(amount: Decimal) -> None:
    sources = (MoneySource(currency="GBP", ledger="L", field="balance"),)
    paid = payload_balances(sources=sources, document={"balance": f"{amount:f}"})
    assert legacy_balances(rows=[("A", "L", "GBP", amount)])["A"] == paid
    assert paid[0].cents == amount * 100


def test_ten_thousand_amounts_of_twenty_digits_add_up_exactly() -> None:
    entry = {"type": "CHARGE", "amount": "9999999999.9999999999"}
    assert ledgers.total([entry] * 10_000) == Decimal("-99999999999999.9999990000")


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (-123_456, "-1,234.56"),
        (Decimal("1200.00"), "12.00"),
        (Decimal("1.5"), "0.015"),
        (Decimal("-0.00000001"), "-0.0000000001"),
        (10**19, "100,000,000,000,000,000.00"),
    ],
)
def test_an_amount_is_written_with_two_places_or_as_many_as_it_has(cents: Decimal | int, text: str) -> None:
    assert written(cents=cents) == text


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
        Balance(ledger="total", currency="GBP", entries=1, cents=Decimal(310)),
        Balance(ledger="A", currency="GBP", entries=2, cents=Decimal(10)),
        Balance(ledger="B", currency="GBP", entries=1, cents=Decimal(300)),
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


def test_a_balance_keeps_what_a_payload_can_say() -> None:
    amount = Decimal("0.01499999999999999999999999999999999999")
    (balance,) = legacy_balances(rows=[("A", "main", "GBP", amount)])["A"]
    assert balance.cents == Decimal("1.5")
