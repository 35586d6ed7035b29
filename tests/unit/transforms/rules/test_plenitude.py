"""What is found in a Portuguese account: one error that the guide states, and warnings."""

from __future__ import annotations

import copy

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules.changes import Change, put
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, run_rules

PLENITUDE = get_dialect(name="plenitude_accounts")
RULES = PLENITUDE.rules(Circumstances(today=TODAY, region="PT"))
PERSON, POINT = "customers.0", "supply_addresses.0.supply_points.0"
ADDRESS = "supply_addresses.0.supply_address"


def found(*changes: Change) -> set[tuple[str, str, str]]:
    """Severity, code and place of what the guide's payload gives beyond itself once it is changed."""
    plain, changed = (copy.deepcopy(expected_payload(dialect=PLENITUDE)) for _ in range(2))
    for change in changes:
        change(changed)
    said = run_rules(rules=RULES, batch=Batch([plain, changed]))
    before, after = ({(one.severity, one.code, one.path) for one in said.get(index, ())} for index in (0, 1))
    return {each for each in after - before if not each[1].startswith("duplicate_")}


def agreements(*periods: tuple[str, str | None]) -> Change:
    """These agreements in the place of the guide's."""
    rows = [
        {"tariff_code": "T", "effective_from": start} | ({"effective_to": end} if end else {})
        for start, end in periods
    ]
    return put(f"{POINT}.agreements", rows)


def test_the_guide_states_one_rule_and_all_others_warn() -> None:
    assert {(rule.code, rule.path, str(rule.source)) for rule in RULES if rule.severity == "error"} == {
        (
            "invalid_phone_number",
            f"customers.{name}",
            "guide: Validate account data, 400 (is not a valid phone number)",
        )
        for name in ("mobile", "landline")
    }


@pytest.mark.parametrize("field", ["mobile", "landline"])
def test_a_telephone_number_must_be_one(field: str) -> None:
    assert found(put(f"{PERSON}.{field}", "abcde")) == {
        ("error", "invalid_phone_number", f"{PERSON}.{field}")
    }


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (
            put(f"{PERSON}.user_details.2.value", "234254719"),
            "invalid_fiscal_code",
            f"{PERSON}.user_details.2.value",
        ),
        (
            put(f"{POINT}.identifier", "PT0000000000000001TW"),
            "invalid_supply_point_identifier",
            f"{POINT}.identifier",
        ),
        (put(f"{PERSON}.email", "nobody"), "invalid", f"{PERSON}.email"),
        (put(f"{PERSON}.email", "test@mail.org"), "possible_test_email_address", f"{PERSON}.email"),
        (put(f"{PERSON}.landline", "+33612345678"), "unusual_phone_number", f"{PERSON}.landline"),
        (put(f"{PERSON}.family_name", "ConceiÃ§Ã£o"), "suspicious_encoding", f"{PERSON}.family_name"),
        (put(f"{ADDRESS}.postal_code", "1000001"), "invalid_postcode", f"{ADDRESS}.postal_code"),
        (
            agreements(("2024-01-01", "2024-06-01"), ("2025-01-01", None)),
            "gaps_or_overlaps_in_agreement_dates",
            f"{POINT}.agreements",
        ),
        (
            agreements(("2024-01-01", "2025-06-01"), ("2025-01-01", None)),
            "gaps_or_overlaps_in_agreement_dates",
            f"{POINT}.agreements",
        ),
        (put("account_type", "OCCUPIER"), "unlisted_value", "account_type"),
        (put(f"{POINT}.supply_type", "WATER"), "unlisted_value", f"{POINT}.supply_type"),
        (
            put(f"{PERSON}.user_details.0.namespace", "nickname"),
            "unlisted_value",
            f"{PERSON}.user_details.0.namespace",
        ),
    ],
)
def test_what_is_inferred_warns(change: Change, code: str, place: str) -> None:
    assert found(change) == {("warning", code, place)}


@pytest.mark.parametrize(
    "changes",
    [
        (agreements(("2024-01-01", "2025-01-01"), ("2025-01-01", None)),),
        (put(f"{POINT}.agreements", None),),
        (put("account_type", "BUSINESS"), put(f"{POINT}.supply_type", "GAS")),
        (put(f"{PERSON}.user_details", None), put(f"{PERSON}.email", None), put(f"{PERSON}.mobile", None)),
        (put(f"{ADDRESS}.country", "ES"), put(f"{ADDRESS}.postal_code", "28001")),
        (put(f"{ADDRESS}.structured_street_address", None),),
        (put(f"{PERSON}.given_name", "🌍"), put(f"{PERSON}.family_name", "كوهين")),
    ],
)
def test_what_the_guide_does_not_forbid_passes(changes: tuple[Change, ...]) -> None:
    assert found(*changes) == set()


def test_values_that_the_guide_shows_by_an_example_are_open_to_the_model() -> None:
    payload = copy.deepcopy(expected_payload(dialect=PLENITUDE))
    put("account_type", "OCCUPIER")(payload)
    put(f"{POINT}.supply_type", "WATER")(payload)
    PLENITUDE.model.model_validate(payload)
