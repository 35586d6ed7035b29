"""What the generated British customers have that is rare, and how it arrives in their payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from kraken_import.generator.values import configured_values
from tests.samples import TODAY
from transforms.build import BuildResult, BuildSettings, build
from transforms.extract import candidate_identifiers, extract
from transforms.registry import get_dialect

pytestmark = pytest.mark.xdist_group("generator")

EDF = get_dialect(name="edf_accounts")


@pytest.fixture(scope="module")
def built(filled: Engine) -> BuildResult:
    """All generated British customers."""
    identifiers = candidate_identifiers(engine=filled, dialect=EDF, after=None, limit=10_000)
    return build(
        dialect=EDF,
        frames=extract(engine=filled, dialect=EDF, identifiers=identifiers).frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY, values=configured_values()[EDF.name]),
    )


def _customer(payload: dict[str, Any]) -> dict[str, Any]:
    return next(iter(payload.get("customers", ())), {})


KINDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "an unknown occupier without an address for bills": lambda payload: (
        payload["unknown_occupier"]
        and payload["account_type"] == "DOMESTIC_OCCUPIER"
        and not payload.keys() & {"customers", "billing_address", "billing_address1", "billing_postcode"}
    ),
    "an unknown occupier with one": lambda payload: (
        payload["unknown_occupier"] and "customers" not in payload and "billing_address1" in payload
    ),
    "a vacant property": lambda payload: (
        payload["account_type"] == "DOMESTIC_VACANT" and "customers" not in payload
    ),
    "a reported death": lambda payload: _customer(payload).get("deceased") == "Reported",
    "a confirmed death": lambda payload: _customer(payload).get("deceased") == "Confirmed",
    "a sale by an affiliate": lambda payload: (
        payload.get("affiliate_subdomain") == "compare" and "sales_channel" not in payload
    ),
    "further email addresses": lambda payload: len(_customer(payload).get("contact_emails", ())) == 2,
    "five names": lambda payload: len(_customer(payload).get("given_name", "").split()) == 5,
    "a name from right to left": lambda payload: _customer(payload).get("given_name") == "مريم",
    "an emoji": lambda payload: "🌻" in _customer(payload).get("given_name", ""),
    "an apostrophe": lambda payload: "'" in _customer(payload).get("family_name", ""),
    "bills abroad": lambda payload: (
        payload.get("billing_address")
        == {
            "country": "ES",
            "street_address": "Avenida Primera 4, 2º B",
            "locality": "Marbella",
            "administrative_area": "MA",
            "postal_code": "29601",
        }
        and not payload.keys() & {"billing_address1", "billing_address2", "billing_postcode"}
    ),
    "an Irish postcode": lambda payload: payload.get("billing_address", {}).get("postal_code") == "V92 X7P5",
    "no bill so far": lambda payload: "last_billed_to_date" not in payload and "statements" not in payload,
    "collections that begin one day": lambda payload: (
        payload.get("dunning_path", {}).get("start_date", "") > TODAY.isoformat()
    ),
    "collections without a day": lambda payload: payload.get("dunning_path", {}).keys() == {"path_name"},
    "a campaign with an end": lambda payload: any(
        campaign.keys() == {"slug", "start_date", "expiry_date"}
        for campaign in payload.get("account_campaigns", ())
    ),
    "a business": lambda payload: (
        payload["account_type"] == "BUSINESS"
        and payload["business"].keys() == {"business_type", "company_name", "company_number", "details"}
        and [detail["key"] for detail in payload["business"]["details"]] == ["vat_number", "sic_codes"]
        and payload["business"]["details"][1]["value"] == ["10710", "47240"]
        and payload["operations_team_name"] == "07"
        and "@" in payload["billing_email"]
    ),
    "a business billed by the quarter": lambda payload: (
        payload.get("account_billing_options", {}).get("period_length") == "QUARTERLY"
        and 1 <= payload["account_billing_options"]["period_start_day"] <= 28
    ),
    "a need without a beginning": lambda payload: any(
        "effective_from" not in need for need in _customer(payload).get("psr", ())
    ),
    "a need that has ended": lambda payload: any(
        "effective_to" in need for need in _customer(payload).get("psr", ())
    ),
    "an administrator": lambda payload: (
        len(payload["supply_addresses"][0].get("property_administrators", ())) == 1
    ),
    "a discount of an unknown kind": lambda payload: any(
        "account_type" not in discount for discount in payload.get("warm_home_discount", ())
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_rare_among_british_customers_is_sent_as_it_is(built: BuildResult, kind: str) -> None:
    assert any(KINDS[kind](orjson.loads(payload.body)) for payload in built.payloads)


def test_collections_that_have_begun_are_sent_without_their_day_and_a_person_is_told(
    built: BuildResult,
) -> None:
    warned = {
        record.external_identifier: [finding.detail for finding in record.findings]
        for record in built.warnings
        if any(finding.code == "date_in_past" for finding in record.findings)
    }
    assert warned
    for payload in built.payloads:
        if payload.external_identifier in warned:
            assert orjson.loads(payload.body)["dunning_path"] == {"path_name": "standard_domestic"}
            (detail,) = warned[payload.external_identifier]
            assert "restarts the path on the day of the migration" in detail
