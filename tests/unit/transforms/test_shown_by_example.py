"""Clients of which there is a guide and no served document: what must be there, and what only warns."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from tests.samples import TODAY, expected_payload
from transforms.dialect import Dialect
from transforms.models.shape import check_of
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

ENTRIES = (
    "ledgers.historical_billing_documents.transactions",
    "ledgers.additional_historical_transactions",
    "ledgers.current_statement_transactions",
)
REQUIRED = {
    "essential_supply_points_accounts": {"supply_point", "supply_point.identifier"},
    "essential_supply_points_cdns": {"supply_point", "supply_point.identifier"},
    "national_grid_accounts": {
        "external_account_number",
        "supply_addresses.supply_points.identifier",
        "ledgers.ledger_code",
        "ledgers.ledger_balance",
        *(
            f"{entry}.{field}"
            for entry in ENTRIES
            for field in ("transaction_id", "type", "amount", "transaction_date")
        ),
    },
    "plenitude_accounts": {"external_account_number", "supply_addresses.supply_points.identifier"},
}
"""What tells a record or a supply point apart from others, and the money of one."""


def is_refused(dialect: Dialect, document: dict[str, Any]) -> bool:
    """Whether the model or an error of the rules refuses it."""
    try:
        check_of(dialect.model)(document)
    except ValidationError:
        return True
    rules = dialect.rules(Circumstances(today=TODAY, region=dialect.market))
    found = run_rules(rules=rules, batch=Batch([document])).get(0, [])
    return any(finding.severity == "error" for finding in found)


def places(node: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a payload, lists and objects included."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    return [place for key, value in items for place in ((*above, key), *places(value, (*above, key)))]


@pytest.mark.parametrize("name", REQUIRED)
def test_only_what_tells_a_record_apart_and_its_money_must_be_there(name: str) -> None:
    dialect = get_dialect(name=name)
    whole = expected_payload(dialect=dialect)
    refused = set()
    for *way, last in places(whole):
        document = copy.deepcopy(whole)
        node: Any = document
        for part in way:
            node = node[part]
        del node[last]
        if is_refused(dialect, document):
            refused.add(".".join(part for part in (*way, last) if isinstance(part, str)))
    wanted = {"import_supplier"} | REQUIRED[name]
    shown = {".".join(part for part in place if isinstance(part, str)) for place in places(whole)}
    assert refused == wanted & shown


@pytest.mark.parametrize("name", REQUIRED)
def test_a_record_may_have_nothing_but_what_tells_it_apart(name: str) -> None:
    dialect = get_dialect(name=name)
    document: dict[str, Any] = {"import_supplier": "X"}
    node = document
    *holders, last = dialect.identifier_path
    for part in holders:
        node = node.setdefault(part, {})
    whole: Any = expected_payload(dialect=dialect)
    for part in dialect.identifier_path:
        whole = whole[part]
    node[last] = whole
    assert not is_refused(dialect, document)


@pytest.mark.parametrize("day", ["2020-02-30", "2020-04-31", "2020-13-01", "2020-00-10", "2020-01-00"])
def test_a_day_that_no_month_has_is_refused_by_the_model(day: str) -> None:
    dialect = get_dialect(name="plenitude_accounts")
    document = expected_payload(dialect=dialect)
    document["supply_addresses"][0]["customer_at_supply_address_from_date"] = day
    assert is_refused(dialect, document)


@pytest.mark.parametrize("day", ["2020-02-29", "2020-12-31", "2020-04-30", "9999-12-31", "0001-01-01"])
def test_a_day_of_the_calendar_passes(day: str) -> None:
    dialect = get_dialect(name="plenitude_accounts")
    document = expected_payload(dialect=dialect)
    document["supply_addresses"][0]["customer_at_supply_address_from_date"] = day
    assert not is_refused(dialect, document)
