"""What every dialect must keep to with the demonstration's database: customers, who fill every column."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from kraken_import.generator import load
from tests.integration.generator.test_legacy import each_dialect
from tests.samples import identifier_of
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract
from transforms.registry import dialect_names, get_dialect

pytestmark = pytest.mark.xdist_group("generator")

NOT_GENERATED = {
    "edf_accounts": {
        *(f"accounts.billing_address{line}" for line in (3, 4, 5)),
        "accounts.sales_subchannel",
        # A name that each Kraken has configured.
        "accounts.segment_name",
        *(f"supply_addresses.supply_address{line}" for line in (3, 4, 5)),
        "meter_points.dr_in_progress",
        "current_transactions.payment_type",
        "historical_transactions.payment_type",
        "notes.is_pinned",
        "notes.unpin_at",
        "debts.is_insolvent",
    }
}
"""Columns that no made-up customer fills."""


@pytest.mark.parametrize("name", dialect_names())
def test_every_dialect_has_customers_that_were_generated(filled: Engine, name: str) -> None:
    files = f"sql/legacy/generate/{name}.sql and a customer of the guide in sql/legacy/guide"
    assert name in load.generated_dialects(), f"{name} has no customers to prove it with: write {files}."
    candidates = candidate_identifiers(engine=filled, dialect=get_dialect(name=name), after=None, limit=1)
    assert candidates, f"sql/legacy/generate/{name}.sql made no customer that candidates.sql selects."


@each_dialect
def test_every_column_is_filled_for_some_customer(filled: Engine, dialect: Dialect) -> None:
    everybody = candidate_identifiers(engine=filled, dialect=dialect, after=None, limit=10_000)
    asked = [*everybody, identifier_of(dialect=dialect)]
    frames = extract(engine=filled, dialect=dialect, identifiers=asked).frames
    empty = {
        f"{frame.name}.{name}"
        for frame in dialect.frames
        for name in frame.column_names
        if not any(value is not None and str(value).strip() for value in frames[frame.name][name])
    }
    unexpected = sorted(empty - NOT_GENERATED.get(dialect.name, set()))
    assert not unexpected, f"No customer of {dialect.name} has a value in {', '.join(unexpected)}."
