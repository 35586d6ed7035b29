"""Customers whose supply points others had before them, or have after: nothing of those others is theirs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from kraken_import.generator import load
from tests.integration.generator.conftest import CUSTOMERS
from tests.samples import TODAY, identifier_of
from transforms.build import BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract
from transforms.registry import get_dialect

pytestmark = pytest.mark.xdist_group("generator")

DIALECTS = [get_dialect(name=name) for name in load.generated_dialects()]
WITH_AGREEMENTS, WITH_ACCOUNTS = (
    [dialect for dialect in DIALECTS if any(frame.name == name for frame in dialect.frames)]
    for name in ("agreements", "accounts")
)
EDF = get_dialect(name="edf_accounts")
GUIDE = identifier_of(dialect=EDF)
NEIGHBOURS_KEYS = 500_000_000_000
"""The keys of predecessors and successors are above those of a market's candidates by this, or by more."""


def named(dialect: Dialect) -> str:
    return dialect.name


def _rows(engine: Engine, query: str, **parameters: Any) -> Sequence[Any]:
    with engine.connect() as connection:
        return connection.execute(text(query), parameters).all()


def _everybody(engine: Engine, dialect: Dialect) -> list[str]:
    return candidate_identifiers(engine=engine, dialect=dialect, after=None, limit=10_000)


def _frames(engine: Engine, dialect: Dialect, identifiers: list[str]) -> dict[str, pd.DataFrame]:
    return extract(engine=engine, dialect=dialect, identifiers=identifiers).frames


def _with_neighbours(engine: Engine, dialect: Dialect) -> dict[str, set[str]]:
    """The candidates with a predecessor (PRE) and with a successor (SUC), by who else had the property."""
    found = defaultdict(set)
    for origin, account, point in _rows(
        engine,
        "SELECT DISTINCT other.data_origin, mine.account_number, point.identifier "
        "FROM legacy.account AS mine "
        "JOIN legacy.occupancy AS here ON here.account_id = mine.account_id "
        "JOIN legacy.occupancy AS theirs ON theirs.premise_id = here.premise_id "
        "JOIN legacy.account AS other ON other.account_id = theirs.account_id "
        "JOIN legacy.supply_point AS point ON point.premise_id = here.premise_id "
        "WHERE mine.data_origin = 'GEN' AND other.data_origin <> 'GEN' AND mine.market = :market",
        market=dialect.market,
    ):
        found[origin].add(account if dialect.resource == "accounts" else point)
    return found


@pytest.mark.parametrize("dialect", WITH_AGREEMENTS, ids=named)
def test_a_payload_has_exactly_its_own_customers_agreements(filled: Engine, dialect: Dialect) -> None:
    identifiers = _everybody(filled, dialect)
    result = build(
        dialect=dialect,
        frames=_frames(filled, dialect, identifiers),
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    # By supply point and account: some points have had two of these customers, one after the other.
    signed = defaultdict(list)
    for identifier, account, tariff, start in _rows(
        filled,
        "SELECT point.identifier, account.account_number, contract.tariff_code, contract.starts_on "
        "FROM legacy.contract JOIN legacy.supply_point AS point USING (supply_point_id) "
        "JOIN legacy.account USING (account_id) "
        "WHERE point.market = :market AND mod(contract.contract_id, 1000000000000) < :others",
        market=dialect.market,
        others=NEIGHBOURS_KEYS,
    ):
        mapped = dialect.default_values.get("tariff_codes", {}).get(tariff, tariff)
        signed[account, identifier].append((mapped, f"{start[:4]}-{start[4:6]}-{start[6:]}"))
    built = {}
    for payload in result.payloads:
        document = json.loads(payload.body)
        built[document["external_account_number"]] = document
        for address in document["supply_addresses"]:
            for point in address.get("meter_points") or address.get("supply_points", ()):
                agreements = [(each["tariff_code"], each["effective_from"]) for each in point["agreements"]]
                mine = signed[document["external_account_number"], point["identifier"]]
                assert sorted(agreements) == sorted(mine)
    neighbours = _with_neighbours(filled, dialect)
    # Predecessors and successors are one in 25 each, and refuse no customer.
    assert {origin: len(found) >= CUSTOMERS // 25 for origin, found in neighbours.items()} == {
        "PRE": True,
        "SUC": True,
    }
    assert len(neighbours["PRE"] & neighbours["SUC"]) == CUSTOMERS // 100
    assert neighbours["PRE"] | neighbours["SUC"] <= set(built)


@pytest.mark.parametrize("dialect", WITH_ACCOUNTS, ids=named)
def test_no_row_of_a_neighbour_is_in_any_frame(filled: Engine, dialect: Dialect) -> None:
    frames = _frames(filled, dialect, _everybody(filled, dialect))
    for frame in dialect.frames:
        for column in frame.key[1:]:
            keys = frames[frame.name][column].dropna()
            administrators = column == "administrator_key"
            assert administrators or (keys % 1_000_000_000_000 < NEIGHBOURS_KEYS).all(), (frame.name, column)


def test_a_british_customer_gets_no_prepay_balance_and_no_word_of_a_predecessor(filled: Engine) -> None:
    frames = _frames(filled, EDF, _everybody(filled, EDF))
    assert _rows(filled, "SELECT FROM legacy.prepay_balance WHERE debt = 88.88")
    assert "88.88" not in set(frames["meters"]["debt_balance"])
    assert {each and each.strip() for each in frames["meter_points"]["smart_interest"]} == {None, "LATER"}
    first_read = frames["reading_history"].groupby("external_identifier")["reading_date"].min()
    moved_in = (
        frames["supply_addresses"]
        .groupby("external_identifier")["customer_at_supply_address_from_date"]
        .min()
    )
    real = first_read[first_read != "00000000"]
    assert (real >= moved_in[real.index]).all()


def test_an_american_who_left_keeps_the_last_bill_and_the_choices_of_the_time(filled: Engine) -> None:
    dialect = get_dialect(name="national_grid_accounts")
    left = sorted(_with_neighbours(filled, dialect)["SUC"])
    frames = _frames(filled, dialect, left)
    billed = dict(
        _rows(
            filled,
            "SELECT account_number, last_billed_to FROM legacy.account WHERE account_number = ANY (:left)",
            left=left,
        )
    )
    points = frames["supply_points"]
    assert set(points["external_identifier"]) == set(left)
    assert all(
        row.last_billed_to_date == billed[row.external_identifier] for row in points.itertuples(index=False)
    )
    assert (frames["characteristics"]["agreement_key"].isin(frames["agreements"]["agreement_key"])).all()


def test_an_outage_contact_is_never_the_one_of_a_customer_who_left(filled: Engine) -> None:
    dialect = get_dialect(name="essential_supply_points_accounts")
    everybody = _everybody(filled, dialect)
    accounts = _frames(filled, dialect, everybody)["accounts"]
    # No point supplies two accounts, and one in 25 is vacant.
    assert accounts["external_identifier"].is_unique
    assert len(everybody) - len(accounts) == CUSTOMERS // 25
    followed = accounts[accounts["external_identifier"].isin(_with_neighbours(filled, dialect)["PRE"])]
    # Some have had no notification since they moved in, and so no contact.
    assert {bool(email) for email in followed["email"]} == {True, False}
    assert all(email is None or email.startswith("contact") for email in accounts["email"])


def test_notifications_without_accounts_are_those_of_the_supply_point(filled: Engine) -> None:
    dialect = get_dialect(name="essential_supply_points_cdns")
    truth = set(
        _rows(
            filled,
            "SELECT identifier, notification_id FROM legacy.details_notification "
            "JOIN legacy.supply_point USING (supply_point_id) WHERE network_area = 'NO'",
        )
    )
    frame = _frames(filled, dialect, _everybody(filled, dialect))["notifications"]
    assert set(frame[["external_identifier", "notification_key"]].itertuples(index=False, name=None)) == {
        tuple(row) for row in truth
    }


@pytest.mark.parametrize("dialect", DIALECTS, ids=named)
def test_who_is_not_asked_for_has_no_row_and_changes_none(filled: Engine, dialect: Dialect) -> None:
    everybody = _everybody(filled, dialect)
    some = everybody[6::7]
    all_frames, frames = (_frames(filled, dialect, asked) for asked in (everybody, some))
    for name, frame in frames.items():
        whole = all_frames[name]
        wanted = whole[whole["external_identifier"].isin(some)]
        assert set(frame["external_identifier"]) <= set(some), name
        assert frame.to_dict("records") == wanted.to_dict("records"), name


def test_a_supply_point_supplies_one_account_at_a_time(filled: Engine) -> None:
    overlapping = _rows(
        filled,
        "SELECT one.supply_point_id FROM legacy.supply AS one JOIN legacy.supply AS other "
        "ON other.supply_point_id = one.supply_point_id AND other.occupancy_id <> one.occupancy_id "
        "WHERE one.starts_on <= other.starts_on AND one.ends_on >= other.starts_on "
        "AND other.starts_on <> '99991231'",
    )
    assert overlapping == []


def test_of_two_accounts_in_one_property_each_has_its_own_supply_point(legacy_superuser: Engine) -> None:
    """One has the electricity and the other the gas."""
    before = _frames(legacy_superuser, EDF, [GUIDE])
    with legacy_superuser.begin() as connection:
        for statement in (
            "INSERT INTO legacy.account SELECT -9, 'LODGER', market, data_origin, account_class, "
            "unknown_occupier, billing_name, billing_address_id, sales_channel, sales_subchannel, "
            "read_frequency, read_day, communication, accessibility, 0, last_billed_to, "
            "payment_reviewed_on, next_bill_due_on "
            "FROM legacy.account WHERE account_id = -1",
            "INSERT INTO legacy.occupancy SELECT -9, -9, premise_id, moved_in, moved_out, landlord "
            "FROM legacy.occupancy WHERE account_id = -1",
            "UPDATE legacy.supply SET occupancy_id = -9 WHERE supply_point_id = -1",
        ):
            connection.execute(text(statement))
    for identifier, fuel, point in ((GUIDE, "E", -2), ("LODGER", "G", -1)):
        frames = _frames(legacy_superuser, EDF, [identifier])
        assert [each.strip() for each in frames["meter_points"]["fuel"]] == [fuel]
        for name, frame in frames.items():
            if "meter_point_key" in frame.columns and name != "agreements":
                mine = before[name][before[name]["meter_point_key"] == point]
                assert len(frame) == len(mine), name
                assert set(frame["meter_point_key"]) <= {point}, name


@pytest.mark.parametrize("day", ["00000000", "", "20260231", "UNKNOWN"])
def test_a_reading_of_no_real_day_is_not_taken_for_another_customers(
    legacy_superuser: Engine, day: str
) -> None:
    before = len(_frames(legacy_superuser, EDF, [GUIDE])["reading_history"])
    with legacy_superuser.begin() as connection:
        connection.execute(
            text("UPDATE legacy.reading SET read_on = :day WHERE reading_id = -2"), {"day": day}
        )
    after = _frames(legacy_superuser, EDF, [GUIDE])["reading_history"]
    assert len(after) == before
    assert day in {each.strip() for each in after["reading_date"]}


@pytest.mark.parametrize(("day", "is_theirs"), [("20181231", False), ("20190101", True), ("20191231", True)])
def test_a_reading_belongs_to_the_customer_supplied_on_its_day(
    legacy_superuser: Engine, day: str, is_theirs: bool
) -> None:
    with legacy_superuser.begin() as connection:
        connection.execute(
            text("UPDATE legacy.reading SET read_on = :day WHERE reading_id IN (-2, -4)"), {"day": day}
        )
    frames = _frames(legacy_superuser, EDF, [GUIDE])
    assert (-2 in set(frames["reading_history"]["reading_key"])) is is_theirs
    assert (-4 in set(frames["transfer_readings"]["reading_key"])) is is_theirs
