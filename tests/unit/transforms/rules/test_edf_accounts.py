"""Every rule of EDF's accounts finds what it is for, in the guide's payload with one thing changed."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules import edf_money, meter_cases, supply_cases, test_edf_extras, test_edf_people
from tests.unit.transforms.rules.changes import Change, again, put
from tests.unit.transforms.rules.edf_money import CURRENT
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, UniqueRule, run_rules

EDF = get_dialect(name="edf_accounts")
RULES = EDF.rules(Circumstances(today=TODAY, region="GB"))


CASES: list[tuple[str, str, Change]] = [
    *edf_money.CASES,
    ("invalid_phone_number", "customers.0.mobile", put("customers.0.mobile", "07712 call me")),
    ("unusual_phone_number", "customers.0.landline", put("customers.0.landline", "+33612345678")),
    ("invalid", "customers.0.email", put("customers.0.email", "nobody")),
    ("possible_test_email_address", "customers.0.email", put("customers.0.email", "test@mail.example.com")),
    ("suspicious_encoding", "customers.0.family_name", put("customers.0.family_name", "MÃ¼ller")),
    (
        "implausible_date_of_birth",
        "customers.0.date_of_birth",
        put("customers.0.date_of_birth", "1889-01-11"),
    ),
    ("customer_family_name_required", "customers.0.family_name", put("customers.0.family_name", None)),
    ("customer_with_unknown_occupier", "customers", put("unknown_occupier", True)),
    ("invalid_postcode", "billing_postcode", put("billing_postcode", "W1F 9")),
    (
        "invalid_postcode",
        "supply_addresses.0.supply_postcode",
        put("supply_addresses.0.supply_postcode", "-"),
    ),
    ("duplicate_supply_addresses_found", "supply_addresses.1", again("supply_addresses")),
    (
        "duplicate_meter_points_on_different_supply_addresses_provided",
        "supply_addresses.1.meter_points.0.identifier",
        again("supply_addresses"),
    ),
    (
        "last_payment_review_date_is_future_dated",
        "last_payment_review_date",
        put("last_payment_review_date", "2026-11-22"),
    ),
    ("invalid_day_of_month", "smart_read_cycle_day", put("smart_read_cycle_day", 29)),
    (
        "note_unpin_at_earlier_than_creation_date",
        "notes.0.unpin_at",
        put("notes.0.unpin_at", "2018-10-10T10:19:00+00:00"),
    ),
    (
        "note_body_or_document_path_not_found",
        "notes.1",
        lambda document: document["notes"].append({"created_at": "2018-10-10T10:20:00Z"}),
    ),
    ("metadata_has_duplicate_keys", "metadata.1.key", again("metadata")),
    ("duplicate_account_campaigns", "account_campaigns.1.slug", again("account_campaigns")),
]


def findings(*changes: Change) -> set[tuple[str, str]]:
    document = copy.deepcopy(expected_payload(dialect=EDF))
    for change in changes:
        change(document)
    EDF.model.model_validate(document)
    results = run_rules(rules=RULES, batch=Batch([document]))
    return {(finding.code, finding.path) for finding in results.get(0, ())}


def test_the_guides_payload_has_nothing_but_its_old_collections_date() -> None:
    assert findings() == {("date_in_past", "dunning_path.start_date")}


@pytest.mark.parametrize(("code", "path", "change"), CASES, ids=[f"{code}-{path}" for code, path, _ in CASES])
def test_a_rule_finds_what_it_is_for(code: str, path: str, change: Change) -> None:
    assert (code, path) in findings(change)


def test_every_rule_has_a_case() -> None:
    more = (*test_edf_people.CASES, *test_edf_extras.CASES)
    tried = (
        {code for code, _, _ in CASES}
        | {code for code, *_ in more}
        | {case.code for case in (*supply_cases.CASES, *meter_cases.CASES)}
        | {"date_in_past"}
    )
    assert {rule.code for rule in RULES if not isinstance(rule, UniqueRule)} == tried


@pytest.mark.parametrize(
    ("amount", "differ"),
    [
        ("0.01", "-9.99"),
        ("0.10", "-9.90"),
        ("1000000", "999990.00"),
        ("10.125", "0.125"),
        ("10.0000000001", "0.0000000001"),
        ("9999999999.9999999999", "9999999989.9999999999"),
    ],
)
def test_every_part_of_a_difference_is_named(amount: str, differ: str) -> None:
    document = expected_payload(dialect=EDF)
    document["ledgers"][0]["historical_statement_transactions"][0]["amount"] = amount
    (finding,) = (
        found
        for found in run_rules(rules=RULES, batch=Batch([document]))[0]
        if found.code == "historical_statement_transactions_balance_mismatch"
    )
    assert finding.detail.endswith(f"They differ by {differ}.")


ALLOWED: list[tuple[str, tuple[Change, ...]]] = [
    *edf_money.ALLOWED,
    ("an account without a supply", (put("supply_addresses", None),)),
    (
        "an account never billed",
        (put("last_billed_to_date", None), put("ledgers", None), put("transfer_balance", "0.00")),
    ),
    (
        "an account with one address in place of lines",
        (
            *(put(f"billing_address{line}", None) for line in range(1, 6)),
            put("billing_postcode", None),
            put("billing_address", {"country": "FR", "street_address": "1 rue du Port"}),
        ),
    ),
    (
        "a supply charge lowers the balance",
        (
            put(f"{CURRENT}.0.type", "SUPPLY_CHARGE"),
            put(f"{CURRENT}.0.reason", None),
            put(f"{CURRENT}.0.product_code", "ELEC-1234-J"),
            put(f"{CURRENT}.0.line_items", []),
        ),
    ),
]


@pytest.mark.parametrize(("what", "changes"), ALLOWED, ids=[what for what, _ in ALLOWED])
def test_what_kraken_allows_is_not_a_fault(what: str, changes: tuple[Change, ...]) -> None:
    assert findings(*changes) == {("date_in_past", "dunning_path.start_date")}


def test_what_is_in_the_future_depends_on_the_day() -> None:
    document = expected_payload(dialect=EDF)
    early = EDF.rules(Circumstances(today=date(2019, 7, 30), region="GB"))
    found = {finding.code for finding in run_rules(rules=early, batch=Batch([document]))[0]}
    assert {"future_reading", "historical_statement_period_end_in_future"} <= found
