"""A small audit over generated customers finds nothing, unless there is a rule too few or too many."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from proofs.audit.__main__ import audit
from tests.conftest import NewDatabase
from transforms.registry import get_dialect
from transforms.rules.engine import Circumstances, Rule, ValueRule

pytestmark = pytest.mark.xdist_group("audit")

NAMES = (
    "essential_supply_points_accounts",
    "essential_supply_points_cdns",
    "national_grid_accounts",
    "plenitude_accounts",
)
"""Of these there is a guide, and no served document."""

STATED = {
    "essential_supply_points_accounts": ("invalid_supply_point_identifier", "supply_point.identifier"),
    "essential_supply_points_cdns": ("invalid_supply_point_identifier", "supply_point.identifier"),
    "national_grid_accounts": ("invalid_phone_number", "customers.mobile"),
    "plenitude_accounts": ("invalid_phone_number", "customers.mobile"),
}
INVENTED = {
    "essential_supply_points_accounts": "accounts.customers.title",
    "essential_supply_points_cdns": "cdns.outage_contact.title",
    "national_grid_accounts": "supply_addresses.supply_points.meters.model",
    "plenitude_accounts": "supply_addresses.supply_address.locality",
}


@pytest.fixture(scope="module")
def customers(new_database: NewDatabase) -> Engine:
    """A legacy database with twenty customers of each dialect."""
    dsn = new_database().replace("postgresql://", "postgresql+psycopg2://", 1)
    engine = create_engine(dsn, poolclass=NullPool)
    load.fill(engine=engine, customers=dict.fromkeys(NAMES, 20), seed=7, tell=lambda _: None)
    return engine


@pytest.mark.parametrize("name", NAMES)
def test_the_two_readers_differ_in_nothing_without_an_explanation(customers: Engine, name: str) -> None:
    assert audit(engine=customers, dialect=get_dialect(name=name), seed=1) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_stated_rule_that_is_taken_out_is_missed(customers: Engine, name: str) -> None:
    dialect = get_dialect(name=name)
    code, path = STATED[name]

    def fewer(given: Circumstances) -> tuple[Rule, ...]:
        kept = [rule for rule in dialect.rules(given) if (rule.code, rule.path) != (code, path)]
        assert len(kept) == len(dialect.rules(given)) - 1
        return tuple(kept)

    found = audit(engine=customers, dialect=replace(dialect, rules=fewer), seed=1)
    assert [(each.refused_by, each.code, each.path) for each in found] == [("stand-in", code, path)]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_no_source_states_is_seen(customers: Engine, name: str) -> None:
    dialect = get_dialect(name=name)
    path = INVENTED[name]

    def more(given: Circumstances) -> tuple[Rule, ...]:
        invented = ValueRule(code="invented", path=path, explanation="None is right.", holds=lambda _: False)
        return (*dialect.rules(given), invented)

    found = audit(engine=customers, dialect=replace(dialect, rules=more), seed=1)
    assert [(each.refused_by, each.code, each.path) for each in found] == [("ours", "invented", path)]
