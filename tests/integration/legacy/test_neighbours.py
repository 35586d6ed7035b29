"""Customers whose supply points others had before them, or have after: nothing of those others is theirs."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from tests.samples import identifier_of
from transforms.dialect import Dialect
from transforms.extract import extract
from transforms.registry import get_dialect

EDF = get_dialect(name="edf_accounts")
GUIDE = identifier_of(dialect=EDF)


def _frames(engine: Engine, dialect: Dialect, identifiers: list[str]) -> dict[str, pd.DataFrame]:
    return extract(engine=engine, dialect=dialect, identifiers=identifiers).frames


def test_of_two_accounts_in_one_property_each_has_its_own_supply_point(legacy_engine: Engine) -> None:
    """One has the electricity and the other the gas."""
    before = _frames(legacy_engine, EDF, [GUIDE])
    with legacy_engine.begin() as connection:
        for statement in (
            "INSERT INTO legacy.account SELECT -9, 'LODGER', market, data_origin, account_class, "
            "unknown_occupier, billing_name, billing_address_id, sales_channel, sales_subchannel, "
            "read_frequency, read_day, communication, accessibility, 0, last_billed_to, "
            "payment_reviewed_on, next_bill_due_on "
            "FROM legacy.account WHERE account_id = -1",
            "INSERT INTO legacy.occupancy SELECT -9, -9, premise_id, moved_in, moved_out, landlord "
            "FROM legacy.occupancy WHERE account_id = -1",
            "UPDATE legacy.supply SET account_id = -9 WHERE supply_point_id = -1",
        ):
            connection.execute(text(statement))
    for identifier, fuel, point in ((GUIDE, "E", -2), ("LODGER", "G", -1)):
        frames = _frames(legacy_engine, EDF, [identifier])
        assert [each.strip() for each in frames["meter_points"]["fuel"]] == [fuel]
        for name, frame in frames.items():
            if "meter_point_key" in frame.columns and name != "agreements":
                mine = before[name][before[name]["meter_point_key"] == point]
                assert len(frame) == len(mine), name
                assert set(frame["meter_point_key"]) <= {point}, name


@pytest.mark.parametrize("day", ["00000000", "", "20260231", "UNKNOWN"])
def test_a_reading_of_no_real_day_is_not_taken_for_another_customers(legacy_engine: Engine, day: str) -> None:
    before = len(_frames(legacy_engine, EDF, [GUIDE])["reading_history"])
    with legacy_engine.begin() as connection:
        connection.execute(
            text("UPDATE legacy.reading SET read_on = :day WHERE reading_id = -2"), {"day": day}
        )
    after = _frames(legacy_engine, EDF, [GUIDE])["reading_history"]
    assert len(after) == before
    assert day in {each.strip() for each in after["reading_date"]}


@pytest.mark.parametrize(("day", "is_theirs"), [("20181231", False), ("20190101", True), ("20191231", True)])
def test_a_reading_belongs_to_the_customer_supplied_on_its_day(
    legacy_engine: Engine, day: str, is_theirs: bool
) -> None:
    with legacy_engine.begin() as connection:
        connection.execute(
            text("UPDATE legacy.reading SET read_on = :day WHERE reading_id IN (-2, -4)"), {"day": day}
        )
    frames = _frames(legacy_engine, EDF, [GUIDE])
    assert (-2 in set(frames["reading_history"]["reading_key"])) is is_theirs
    assert (-4 in set(frames["transfer_readings"]["reading_key"])) is is_theirs
