"""Every rule of EDF's accounts finds what it is for, in the guide's payload with one thing changed."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from tests.samples import TODAY, expected_payload
from tests.unit.transforms.rules import meter_cases, supply_cases, test_edf_extras, test_edf_people
from tests.unit.transforms.rules.changes import Change, again, put
from transforms.registry import get_dialect
from transforms.rules.engine import Batch, Circumstances, UniqueRule, run_rules

EDF = get_dialect(name="edf_accounts")
RULES = EDF.rules(Circumstances(today=TODAY, region="GB"))

CURRENT, PAST = "ledgers.0.current_statement_transactions", "ledgers.0.historical_statement_transactions"

CASES: list[tuple[str, str, Change]] = [
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
    ("historical_statement_transactions_balance_mismatch", PAST, put(f"{PAST}.0.amount", "10.01")),
    ("balance_mismatch_on_transfer_balance", "ledgers.0.ledger_balance", put(f"{CURRENT}.0.amount", "10.01")),
    ("ledger_balances_not_equal_to_transfer_balance", "transfer_balance", put("transfer_balance", "29.99")),
    ("duplicate_transaction_ids", f"{CURRENT}.0.transaction_id", put(f"{CURRENT}.0.transaction_id", "4")),
    (
        "historical_statement_transaction_after_last_statement_closing_date",
        f"{PAST}.0.transaction_date",
        put(f"{PAST}.0.transaction_date", "2019-08-01"),
    ),
    (
        "current_statement_transaction_before_current_statement_opening_date",
        f"{CURRENT}.0.transaction_date",
        put(f"{CURRENT}.0.transaction_date", "2019-07-31"),
    ),
    (
        "last_statement_issued_before_closing_date",
        "ledgers.0.last_statement_issue_date",
        put("ledgers.0.last_statement_issue_date", "2019-07-30"),
    ),
    (
        "historical_statement_period_end_in_future",
        "ledgers.0.last_statement_closing_date",
        put("ledgers.0.last_statement_closing_date", "2026-11-22"),
    ),
    ("zero_payment_schedule_amount", "payment_schedules.0.amount", put("payment_schedules.0.amount", "0.00")),
    (
        "invalid_payment_day_for_payment_schedule",
        "payment_schedules.0.day_of_month",
        put("payment_schedules.0.day_of_month", 32),
    ),
    (
        "debt_repayment_missing_end_date",
        "payment_schedules.0.debt_repayment_end_date",
        put("payment_schedules.0.debt_repayment_end_date", None),
    ),
    (
        "multiple_open_ended_payment_schedules",
        "payment_schedules.1",
        put("payment_schedules.0.is_debt_repayment_plan", False),
    ),
    (
        "start_date_later_than_end_date",
        "statements.0.bill_period_to_date",
        put("statements.0.bill_period_to_date", "2019-05-31"),
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


@pytest.mark.parametrize("cents", ["0.01", "-0.01", "0.10", "1000000"])
def test_every_cent_of_a_difference_is_named(cents: str) -> None:
    document = expected_payload(dialect=EDF)
    document["ledgers"][0]["historical_statement_transactions"][0]["amount"] = cents.lstrip("-")
    (finding,) = (
        found
        for found in run_rules(rules=RULES, batch=Batch([document]))[0]
        if found.code == "historical_statement_transactions_balance_mismatch"
    )
    expected = {"0.01": "-9.99", "-0.01": "-9.99", "0.10": "-9.90", "1000000": "999990.00"}[cents]
    assert finding.detail.endswith(f"They differ by {expected}.")


ALLOWED: list[tuple[str, tuple[Change, ...]]] = [
    (
        "a schedule with an end may stand beside an open one",
        (
            put("payment_schedules.0.is_debt_repayment_plan", False),
            put("payment_schedules.0.end_date", "2020-01-01"),
        ),
    ),
    (
        "what was booked on a prepay meter is on no statement",
        (again(PAST, transaction_id="5", to_prepay_meter_serial_number="54BV"),),
    ),
    ("an account without a supply", (put("supply_addresses", None),)),
    ("an account never billed", (put("last_billed_to_date", None), put("ledgers", None))),
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
def test_what_kraken_allows_is_no_fault(what: str, changes: tuple[Change, ...]) -> None:
    assert findings(*changes) == {("date_in_past", "dunning_path.start_date")}


def test_what_is_in_the_future_depends_on_the_day() -> None:
    document = expected_payload(dialect=EDF)
    early = EDF.rules(Circumstances(today=date(2019, 7, 30), region="GB"))
    found = {finding.code for finding in run_rules(rules=early, batch=Batch([document]))[0]}
    assert {"future_reading", "historical_statement_period_end_in_future"} <= found
