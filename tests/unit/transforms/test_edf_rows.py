"""Rows of EDF's people, places and the rest: what each becomes, from the rows of the guide's customer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.samples import TODAY, as_frames, identifier_of, sample_rows
from transforms.build import BuildResult, BuildSettings, build
from transforms.registry import get_dialect

EDF = get_dialect(name="edf_accounts")
ME = identifier_of(dialect=EDF)
LINES = {f"billing_address{line}": None for line in range(1, 6)} | {"billing_postcode": None}
ABROAD = {"foreign_country": "ES", "foreign_street_address": "Calle 1", "foreign_postal_code": "29601     "}
VALUES = {column.setting: {"*": "*"} for frame in EDF.frames for column in frame.columns if column.setting}


def built(*, without: tuple[str, ...] = (), **changes: dict[str, Any]) -> BuildResult:
    """Build with these values in the first row of each frame named, and without rows in others."""
    rows = sample_rows(dialect=EDF)
    for frame, values in changes.items():
        rows[frame][0].update(values)
    for frame in without:
        rows[frame] = []
    return build(
        dialect=EDF,
        frames=as_frames(dialect=EDF, rows=rows),
        identifiers=[ME],
        settings=BuildSettings(import_supplier="X", today=TODAY, values=VALUES),
    )


def payload(*, without: tuple[str, ...] = (), **changes: dict[str, Any]) -> dict[str, Any]:
    result = built(without=without, **changes)
    assert not result.rejections, [finding.code for finding in result.rejections[0].findings]
    found: dict[str, Any] = json.loads(result.payloads[0].body)
    return found


def refusals(*, without: tuple[str, ...] = (), **changes: dict[str, Any]) -> set[tuple[str, str]]:
    (rejection,) = built(without=without, **changes).rejections
    return {(each.code, each.path) for each in rejection.findings if each.severity == "error"}


@pytest.mark.parametrize("blank", [None, "", "    ", "00000000", "99991231"])
def test_what_is_optional_is_left_out_when_it_means_nothing(blank: str | None) -> None:
    dates = blank in ("00000000", "99991231")
    found = payload(
        accounts={"last_billed_to_date": blank}
        | ({"balance": "0"} if dates else {"account_class": blank, "sales_channel": blank, "balance": blank}),
        priority_services={"effective_from": blank, "effective_to": blank},
        campaigns={"start_date": blank, "expiry_date": blank},
        notes={"created_at": blank, "unpin_at": blank},
        warm_home_discounts={} if dates else {"tax_year": blank, "account_type": blank, "group": blank},
        without=("ledgers", "current_transactions", "historical_transactions"),
    )
    assert "last_billed_to_date" not in found
    assert found.keys().isdisjoint({"account_type", "sales_channel", "transfer_balance"}) or dates
    assert found["customers"][0]["psr"][0].keys() == {"elec_industry_code"}
    assert found["account_campaigns"][0].keys() == {"slug", "campaign_note"}
    assert found["notes"][0].keys() == {"body", "document_paths"}


def test_a_foreign_address_is_sent_in_parts_and_never_beside_lines() -> None:
    found = payload(accounts={**LINES, **ABROAD})
    assert found["billing_address"] == {"country": "ES", "street_address": "Calle 1", "postal_code": "29601"}
    assert not found.keys() & LINES.keys()
    assert refusals(accounts=ABROAD) == {("billing_address_new_style_and_legacy", "billing_address")}


def test_only_an_unknown_occupiers_account_has_no_address_for_bills() -> None:
    occupied = {"unknown_occupier": "X", "account_class": "DOC", **LINES}
    people = ("customers", "priority_services")
    assert "billing_address1" not in payload(accounts=occupied, without=people)
    assert refusals(accounts=LINES) == {
        ("billing_address_not_provided", "billing_address1"),
        ("billing_address_not_provided", "billing_postcode"),
    }


@pytest.mark.parametrize("kind", ["DVA", "BVA", "DOC", "BOC"])
def test_a_property_without_an_occupier_needs_no_customers(kind: str) -> None:
    people = ("customers", "priority_services")
    assert "customers" not in payload(accounts={"account_class": kind}, without=people)
    assert refusals(accounts={"account_class": "DOM"}, without=people) == {("missing_child", "customers")}


@pytest.mark.parametrize("kind", ["LED", "SYS"])
def test_an_account_without_a_property_is_sent_without_one(kind: str) -> None:
    supply = [frame.name for frame in EDF.frames]
    first, last = supply.index("supply_addresses"), supply.index("ledgers")
    below = tuple(supply[first:last])
    assert "supply_addresses" not in payload(accounts={"account_class": kind}, without=below)


def test_a_death_is_said_in_krakens_words_and_never_guessed() -> None:
    assert payload(customers={"deceased": "C"})["customers"][0]["deceased"] == "Confirmed"
    (address,) = payload(property_administrators={"deceased": "R"})["supply_addresses"]
    assert address["property_administrators"][0]["deceased"] == "Reported"
    assert "deceased" not in payload(customers={"deceased": " "})["customers"][0]
    assert refusals(customers={"deceased": "?"}) == {("unknown_code", "customers.0.deceased")}


def test_what_was_not_said_of_an_occupier_or_a_landlord_stays_unsaid() -> None:
    for blank in (" ", "", None):
        found = payload(accounts={"unknown_occupier": blank}, supply_addresses={"is_landlord": blank})
        assert "unknown_occupier" not in found
        assert "is_landlord" not in found["supply_addresses"][0]
    assert payload(accounts={"unknown_occupier": "N"})["unknown_occupier"] is False
    (address,) = payload(supply_addresses={"is_landlord": "N"})["supply_addresses"]
    assert address["is_landlord"] is False


def test_a_household_has_no_business_at_all() -> None:
    assert "business" not in payload()
    assert refusals(accounts={"business_type": "LTD", "company_name": "B"}) == {
        ("business_fields_provided_for_domestic_accounts", "business")
    }
    found = payload(
        accounts={"account_class": "BUS", "business_type": "LTD", "company_name": "B & Sons, Ltd"}
    )
    assert found["business"] == {"business_type": "LTD", "company_name": "B & Sons, Ltd"}


def test_further_email_addresses_are_a_list_and_each_must_be_one() -> None:
    found = payload(customers={"contact_emails": ["a@bob.com", " b@bob.com "]})
    assert found["customers"][0]["contact_emails"] == ["a@bob.com", "b@bob.com"]
    assert refusals(customers={"contact_emails": ["a@bob.com", "later"]}) == {
        ("invalid", "customers.0.contact_emails.1")
    }


@pytest.mark.parametrize(
    ("values", "sent", "is_told"),
    [
        (VALUES, "07", False),
        ({**VALUES, "operations_teams": {"07": "North"}}, "North", False),
        ({**VALUES, "operations_teams": {"07": "North", "*": "*"}}, "North", False),
        ({}, "07", True),
    ],
)
def test_an_operations_team_is_what_its_setting_says_or_told(
    values: dict[str, dict[str, str]], sent: str, is_told: bool
) -> None:
    rows = sample_rows(dialect=EDF)
    rows["accounts"][0]["operations_team"] = "07"
    result = build(
        dialect=EDF,
        frames=as_frames(dialect=EDF, rows=rows),
        identifiers=[ME],
        settings=BuildSettings(import_supplier="X", today=TODAY, values=values),
    )
    assert json.loads(result.payloads[0].body)["operations_team_name"] == sent
    told = {finding.path for finding in result.warnings[0].findings if finding.code == "unmapped_code"}
    assert ("operations_team_name" in told) is is_told


@pytest.mark.parametrize("day", ["20261120", "20200326", "00010101", "1989-01-11"])
def test_collections_that_have_begun_lose_their_day_and_their_customer_is_sent(day: str) -> None:
    result = built(accounts={"dunning_start_date": day})
    assert json.loads(result.payloads[0].body)["dunning_path"] == {"path_name": "standard_domestic"}
    (warning,) = result.warnings[0].findings
    assert (warning.code, warning.path) == ("date_in_past", "dunning_path.start_date")
