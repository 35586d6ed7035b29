"""Payloads side by side, and the money in them."""

from __future__ import annotations

import pytest

from tests.samples import expected_payload
from transforms.compare import ABSENT, differences
from transforms.money import payload_balances
from transforms.registry import dialect_names, get_dialect


def test_every_path_that_differs_is_named_with_both_values() -> None:
    before = {"a": 1, "kept": [1, {"x": "y"}], "gone": None, "list": [{"b": "1"}, {"b": "2"}], "flag": 1}
    after = {"a": "1", "kept": [1, {"x": "y"}], "list": [{"b": "3"}], "new": {"c": []}, "flag": True}
    found = {each.path: (each.before, each.after) for each in differences(before=before, after=after)}
    assert found == {
        "a": (1, "1"),
        "gone": (None, ABSENT),
        "list.0.b": ("1", "3"),
        "list.1": ({"b": "2"}, ABSENT),
        "flag": (1, True),
        "new": (ABSENT, {"c": []}),
    }
    assert not list(differences(before=before, after=before))


@pytest.mark.parametrize(("name", "cents"), [("edf_accounts", 3000), ("national_grid_accounts", -20000)])
def test_the_balance_of_a_guides_customer_is_found(name: str, cents: int) -> None:
    dialect = get_dialect(name=name)
    found = payload_balances(sources=dialect.money[:1], document=expected_payload(dialect=dialect))
    assert sum(balance.cents for balance in found) == cents


def test_a_dialect_has_a_currency_wherever_it_has_balances() -> None:
    for dialect in (get_dialect(name=name) for name in dialect_names()):
        assert all(source.place and source.currency for source in dialect.money), dialect.name
