"""British customers whose supply is more than two meters at one address, from the database to the payload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.integration.generator.conftest import CUSTOMERS
from tests.samples import TODAY, identifier_of
from transforms.build import BuildResult, BuildSettings, build
from transforms.extract import candidate_identifiers, extract
from transforms.registry import get_dialect

pytestmark = pytest.mark.xdist_group("generator")

EDF = get_dialect(name="edf_accounts")
GUIDE = identifier_of(dialect=EDF)
TWO_IN_A_HUNDRED = CUSTOMERS // 50

Found = list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]
"""(account, address, point)"""


@pytest.fixture(scope="module")
def points(filled: Engine) -> Found:
    """Every supply point that is sent."""
    identifiers = candidate_identifiers(engine=filled, dialect=EDF, after=None, limit=10_000)
    return [
        (account, address, point)
        for account in _payloads(_build(filled, *identifiers))
        for address in account["supply_addresses"]
        for point in address["meter_points"]
    ]


def _build(engine: Engine, *identifiers: str) -> BuildResult:
    return build(
        dialect=EDF,
        frames=extract(engine=engine, dialect=EDF, identifiers=identifiers).frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )


def _payloads(result: BuildResult) -> Iterator[dict[str, Any]]:
    for payload in result.payloads:
        yield json.loads(payload.body)


def test_dual_fuel_is_billed_on_two_days(points: Found) -> None:
    apart = [
        (account, meter)
        for account, _, point in points
        for meter in point.get("meters", ())
        if "last_billed_to_date" in meter
    ]
    assert len(apart) == TWO_IN_A_HUNDRED
    for account, meter in apart:
        (read,) = meter["transfer_readings"]
        assert read["reading_date"] == meter["last_billed_to_date"] < account["last_billed_to_date"]


def test_a_customer_who_lost_the_gas_keeps_the_electricity(points: Found) -> None:
    ended = [
        (account, point)
        for account, address, point in points
        if "supply_end_date" in point and "customer_at_supply_address_to_date" not in address
    ]
    assert len(ended) == TWO_IN_A_HUNDRED
    for account, point in ended:
        assert point["supply_type"] == "GAS"
        assert point["supply_end_date"] == account["last_billed_to_date"]
        assert all("effective_to" in agreement for agreement in point["agreements"])


def test_an_exchanged_meter_is_sent_with_its_readings(points: Found) -> None:
    exchanged = [
        meter for _, _, point in points for meter in point.get("meters", ()) if "removed_on" in meter
    ]
    assert len(exchanged) == TWO_IN_A_HUNDRED
    for meter in exchanged:
        assert {read["reading_date"] for read in meter["reading_history"]} == {meter["removed_on"]}
        assert "transfer_readings" not in meter


def test_an_export_point_shares_its_meter_with_the_import(points: Found) -> None:
    export = [(account, point) for account, _, point in points if "export_type" in point]
    assert len(export) == TWO_IN_A_HUNDRED
    for account, point in export:
        assert point["export_type"] == "IMPORT_EXPORT"
        serials = [
            meter["meter_serial_number"]
            for owner, _, other in points
            for meter in other.get("meters", ())
            if owner is account and "export_type" not in other
        ]
        assert serials.count(point["meters"][0]["meter_serial_number"]) == 1


def test_agreements_through_a_broker_name_its_portfolio(points: Found) -> None:
    agreements = [agreement for _, _, point in points for agreement in point["agreements"]]
    named = [agreement["intermediary"] for agreement in agreements if "intermediary" in agreement]
    assert 0 < len(named) < len(agreements) / 10
    assert all(each["portfolio_number"].startswith("P-") and each["external_id"] for each in named)


def test_deenergised_unmetered_and_half_hourly_points_are_sent_as_such(points: Found) -> None:
    electricity = [point for _, _, point in points if point["supply_type"] == "ELECTRICITY"]
    assert sum(point.get("is_deenergised") is True for point in electricity) == TWO_IN_A_HUNDRED
    unmetered = [point for point in electricity if point["measurement_class"] == "B"]
    assert len(unmetered) == sum("meters" not in point for point in electricity) == TWO_IN_A_HUNDRED
    half_hourly = [point for point in electricity if point["measurement_class"] == "F"]
    assert len(half_hourly) == TWO_IN_A_HUNDRED
    for point in half_hourly:
        assert "eac_history" not in point
        assert all("tpr" not in register for meter in point["meters"] for register in meter["registers"])


def test_former_and_new_tenant_share_a_supply_point_and_both_are_built(points: Found) -> None:
    by_identifier: dict[str, list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]] = {}
    for each in points:
        by_identifier.setdefault(each[2]["identifier"], []).append(each)
    shared = [each for each in by_identifier.values() if len(each) > 1]
    assert {tuple(point["supply_type"] for _, _, point in each) for each in shared} == {
        ("ELECTRICITY",) * 2,
        ("GAS",) * 2,
    }
    for (former, left, before), (tenant, _, after) in shared:
        assert former["external_account_number"] < tenant["external_account_number"]
        assert left["customer_at_supply_address_to_date"] == before["supply_end_date"]
        assert before["supply_end_date"] < after["supply_start_date"]
        days = [
            [
                read["reading_date"]
                for meter in point["meters"]
                for name in ("reading_history", "transfer_readings")
                for read in meter.get(name, ())
            ]
            for point in (before, after)
        ]
        assert max(days[0]) <= before["supply_end_date"] < min(days[1])


def test_one_customer_has_four_hundred_meters(points: Found) -> None:
    assert max(len(point.get("meters", ())) for _, _, point in points) == 400


def test_what_was_over_before_the_last_bill_stays_behind(legacy_superuser: Engine) -> None:
    def sent(*statements: str) -> dict[str, Any]:
        with legacy_superuser.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        (account,) = _payloads(_build(legacy_superuser, GUIDE))
        return account

    account = sent("UPDATE legacy.supply SET ends_on = '20190731' WHERE supply_point_id = -1")
    assert [point["supply_type"] for point in account["supply_addresses"][0]["meter_points"]] == [
        "ELECTRICITY"
    ]
    account = sent(
        "UPDATE legacy.supply SET ends_on = '20190801' WHERE supply_point_id = -1",
        "UPDATE legacy.contract SET ends_on = '20190801' WHERE supply_point_id = -1",
    )
    assert [point.get("supply_end_date") for point in account["supply_addresses"][0]["meter_points"]] == [
        None,
        "2019-08-01",
    ]


def test_electricity_that_is_billed_to_its_own_day_says_so_at_its_settlement_registers(
    legacy_superuser: Engine,
) -> None:
    with legacy_superuser.begin() as connection:
        for statement in (
            "UPDATE legacy.supply SET billed_to = '20190715' WHERE supply_point_id = -2",
            "UPDATE legacy.reading SET read_on = '20190715' WHERE reading_id = -4",
            "UPDATE legacy.contract SET starts_on = '20190701' WHERE supply_point_id = -2",
        ):
            connection.execute(text(statement))
    result = _build(legacy_superuser, GUIDE)
    assert result.rejections == []
    (account,) = _payloads(result)
    (meter,) = account["supply_addresses"][0]["meter_points"][0]["meters"]
    assert [register.get("last_billed_to_date") for register in meter["registers"]] == ["2019-07-15", None]
    assert account["last_billed_to_date"] == "2019-08-01"


def test_the_first_reading_of_a_meter_is_history_where_nothing_was_billed_yet(
    legacy_superuser: Engine,
) -> None:
    with legacy_superuser.begin() as connection:
        for statement in (
            "UPDATE legacy.account SET last_billed_to = '00000000'",
            "UPDATE legacy.meter SET installed_on = '20190520' WHERE meter_id = -2",
        ):
            connection.execute(text(statement))
    frames = extract(engine=legacy_superuser, dialect=EDF, identifiers=[GUIDE]).frames
    assert set(frames["transfer_readings"]["reading_key"]) == {-4, -1}
    assert set(frames["reading_history"]["reading_key"]) == {-3, -2}


def test_a_meter_that_was_removed_before_the_customer_came_is_another_customers(
    legacy_superuser: Engine,
) -> None:
    def serials(removed: str) -> list[str]:
        with legacy_superuser.begin() as connection:
            connection.execute(text("DELETE FROM legacy.meter WHERE meter_id = -9"))
            connection.execute(
                text("INSERT INTO legacy.meter VALUES (-9, -2, 'OLD', '19990101', :removed, 5, NULL, ' ')"),
                {"removed": removed},
            )
        frames = extract(engine=legacy_superuser, dialect=EDF, identifiers=[GUIDE]).frames
        return sorted(frames["meters"]["meter_serial_number"])

    assert "OLD" not in serials("20181231")
    assert "OLD" in serials("20190101")


def test_a_meter_exchanged_since_the_last_bill_is_sent_as_kraken_asks_for(legacy_superuser: Engine) -> None:
    with legacy_superuser.begin() as connection:
        for statement in (
            "UPDATE legacy.meter SET removed_on = '20190901', prepay = ' '",
            "DELETE FROM legacy.prepay_balance",
            "INSERT INTO legacy.meter VALUES (-9, -2, 'NEW E', '20190901', '99991231', 5, NULL, ' '), "
            "(-8, -1, 'NEW G', '20190901', '99991231', 5, NULL, ' ')",
            "INSERT INTO legacy.register VALUES (-9, -9, '1', '00001', 5, NULL)",
            "INSERT INTO legacy.reading VALUES (-9, -9, '1', '20190901', 0, '00', 'R', ' ', ' '), "
            "(-8, -8, NULL, '20190901', 0, '00', 'R', ' ', ' '), "
            "(-7, -2, '1', '20190901', 1200, '00', 'R', ' ', ' '), "
            "(-6, -1, NULL, '20190901', 600, '00', 'R', ' ', ' ')",
        ):
            connection.execute(text(statement))
    result = _build(legacy_superuser, GUIDE)
    assert result.rejections == []
    (account,) = _payloads(result)
    electricity, gas = account["supply_addresses"][0]["meter_points"]
    for point in (electricity, gas):
        old, new = sorted(point["meters"], key=lambda meter: "removed_on" not in meter)
        assert [each["reading_date"] for each in old["transfer_readings"]] == ["2019-08-01"]
        assert old["reading_history"][0]["reading_date"] == old["removed_on"] == "2019-09-01"
        assert [each["reading_date"] for each in new["transfer_readings"]] == ["2019-09-01"]
        assert not new.get("reading_history")
    days = [
        [holder.get("last_billed_to_date") for holder in holders]
        for holders in (gas["meters"], [meter["registers"][0] for meter in electricity["meters"]])
    ]
    assert sorted(days[0], key=str) == sorted(days[1], key=str) == ["2019-08-01", None]


@pytest.mark.parametrize(("removed", "debt"), [("20190731", None), ("20190801", "21.3")])
def test_the_balance_of_a_prepay_meter_that_is_billed_to_its_end_stays_behind(
    legacy_superuser: Engine, removed: str, debt: str | None
) -> None:
    with legacy_superuser.begin() as connection:
        connection.execute(
            text("UPDATE legacy.meter SET removed_on = :removed WHERE meter_id = -1"), {"removed": removed}
        )
    meters = extract(engine=legacy_superuser, dialect=EDF, identifiers=[GUIDE]).frames["meters"]
    assert meters.set_index("meter_key")["debt_balance"][-1] == debt
