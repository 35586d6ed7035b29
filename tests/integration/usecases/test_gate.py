"""What only the gate can see: customers of different batches that share what must be unique."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_import.usecases.gate import batches_to_load
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import rerun
from transforms import registry
from transforms.dialects import edf_accounts
from transforms.rules.engine import Circumstances, Rule

ONE, OTHER, THIRD = "GB-000000001", "GB-000000002", "GB-000000003"


def prepared(journey: Journey, *statements: str) -> int:
    """A wave of three customers in three batches, built and validated after these changes at the source."""
    with journey.legacy_superuser.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    planned = journey.plan(identifiers=(ONE, OTHER, THIRD), batch_size=1, threshold=Decimal(1))
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
    return planned.wave_id


def gate(journey: Journey, wave_id: int) -> list[int]:
    return batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A dialect that refuses customers with the same supply point; as delivered it warns of them."""

    def rules(given: Circumstances) -> tuple[Rule, ...]:
        return tuple(
            replace(rule, severity="error") if rule.code == "duplicate_supply_point" else rule
            for rule in delivered.rules(given)
        )

    delivered = edf_accounts.DIALECT
    monkeypatch.setattr(edf_accounts, "DIALECT", replace(delivered, rules=rules))
    registry._loaded.cache_clear()
    yield
    registry._loaded.cache_clear()


def test_two_customers_with_one_supply_point_are_both_warned_of(journey: Journey) -> None:
    wave_id = prepared(
        journey,
        "DROP INDEX legacy.supply_point_identifier_idx",
        "UPDATE legacy.supply_point SET identifier = (SELECT identifier FROM legacy.supply_point "
        "WHERE supply_point_id = 2) WHERE supply_point_id = 4",
    )
    assert gate(journey, wave_id) == [0, 1, 2]
    warnings = journey.rows("SELECT * FROM migration.import_error")
    assert [(row["code"], row["severity"]) for row in warnings] == [("duplicate_supply_point", "warning")] * 2


@pytest.mark.usefixtures("refusing")
def test_two_customers_with_one_supply_point_are_both_refused_where_that_is_an_error(
    journey: Journey,
) -> None:
    wave_id = prepared(
        journey,
        "DROP INDEX legacy.supply_point_identifier_idx",
        "UPDATE legacy.supply_point SET identifier = (SELECT identifier FROM legacy.supply_point "
        "WHERE supply_point_id = 2) WHERE supply_point_id = 4",
    )
    assert gate(journey, wave_id) == [2]
    states = {
        row["external_identifier"]: (row["state"], row["first_error_code"], row["first_error_path"])
        for row in journey.rows("SELECT * FROM migration.import_process")
    }
    refused = ("rejected", "duplicate_supply_point", "supply_addresses.meter_points.identifier")
    assert states == {ONE: refused, OTHER: refused, THIRD: ("valid", None, None)}
    assert len(journey.rows("SELECT * FROM migration.import_error")) == 2


def test_customers_with_one_email_address_are_warned_of_once(journey: Journey) -> None:
    wave_id = prepared(
        journey, "UPDATE legacy.party_contact SET value = 'both@mail.example.com' WHERE contact_id IN (8, 16)"
    )
    assert gate(journey, wave_id) == gate(journey, wave_id) == [0, 1, 2]
    warnings = journey.rows("SELECT * FROM migration.import_error")
    assert [(row["code"], row["severity"]) for row in warnings] == [("duplicate_email", "warning")] * 2


@pytest.mark.usefixtures("refusing")
def test_a_correction_at_the_source_lets_the_other_one_pass(journey: Journey) -> None:
    wave_id = prepared(
        journey,
        "DROP INDEX legacy.supply_point_identifier_idx",
        "CREATE TABLE kept AS SELECT identifier FROM legacy.supply_point WHERE supply_point_id = 4",
        "UPDATE legacy.supply_point SET identifier = (SELECT identifier FROM legacy.supply_point "
        "WHERE supply_point_id = 2) WHERE supply_point_id = 4",
    )
    gate(journey, wave_id)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.supply_point SET identifier = kept.identifier FROM kept WHERE supply_point_id = 4"
        )
    assert rerun(journey, states=("rejected",)).counts == {"processed": 2}
    assert gate(journey, wave_id) == [2]
