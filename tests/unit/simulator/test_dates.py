"""Days of an account that must fit each other, and the sound payloads that look as if they did not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.rules import form_of

SAMPLE = json.loads(
    (Path(__file__).resolve().parents[2] / "samples" / "edf_accounts" / "payload.json").read_text()
)
ELECTRICITY = "supply_addresses.0.meter_points.0"
GAS = "supply_addresses.0.meter_points.1"
LEDGER = "ledgers.0"


def problems(changes: dict[str, Any]) -> list[tuple[str, str]]:
    """(path, code) of what is wrong with the guide's account, with other values at some dotted paths."""
    payload = copy.deepcopy(SAMPLE)
    for path, value in changes.items():
        *parents, name = [int(step) if step.isdigit() else step for step in path.split(".")]
        node: Any = payload
        for parent in parents:
            node = node[parent]
        node[name] = value
    form = form_of(resource="accounts", payload=payload)
    return [(problem.path, problem.code) for problem in form.problems(payload)]


@pytest.mark.parametrize(
    ("change", "value", "where", "code"),
    [
        (f"{GAS}.supply_end_date", "2019-04-09", "", "start_date_later_than_end_date"),
        ("payment_schedules.1.end_date", "2017-12-31", "", "start_date_later_than_end_date"),
        ("statements.0.bill_period_to_date", "2019-05-31", "", "start_date_later_than_end_date"),
        (
            f"{GAS}.aq_history.1.effective_to",
            "2018-12-30",
            f"{GAS}.aq_history",
            "gaps_or_overlaps_in_aq_history",
        ),
        (
            f"{GAS}.aq_history.1.effective_to",
            "2019-01-01",
            f"{GAS}.aq_history",
            "gaps_or_overlaps_in_aq_history",
        ),
        (
            f"{GAS}.aq_history.1.effective_to",
            None,
            f"{GAS}.aq_history",
            "multiple_open_ended_aqs_in_meterpoint_aq_history",
        ),
        (
            f"{ELECTRICITY}.eac_history",
            [],
            "",
            "missing_eacs_for_active_register_tpr",
        ),
        (
            f"{ELECTRICITY}.meters.0.transfer_readings",
            [],
            "",
            "missing_transfer_reading_for_register",
        ),
        (
            f"{ELECTRICITY}.meters.0.transfer_readings",
            SAMPLE["supply_addresses"][0]["meter_points"][0]["meters"][0]["transfer_readings"] * 2,
            "",
            "multiple_transfer_readings_for_register",
        ),
        (f"{GAS}.meters.0.transfer_readings", None, "", "active_gas_meter_without_transfer_reading"),
        (
            f"{GAS}.meters.0.transfer_readings.0.reading_date",
            "2019-07-31",
            "",
            "transfer_reading_dates_must_match_last_billed_to_date",
        ),
        (
            f"{GAS}.meters.0.prepay_details.transfer_vend_read_date",
            "2019-07-30",
            "",
            "transfer_vend_read_date_must_match_last_billed_to_date",
        ),
        (
            f"{LEDGER}.historical_statement_transactions.0.transaction_date",
            "2019-08-01",
            "",
            "historical_statement_transaction_after_last_statement_closing_date",
        ),
        (
            f"{LEDGER}.current_statement_transactions.0.transaction_date",
            "2019-07-31",
            "",
            "current_statement_transaction_before_current_statement_opening_date",
        ),
        (
            f"{LEDGER}.last_statement_issue_date",
            "2019-07-30",
            "",
            "last_statement_issued_before_closing_date",
        ),
        ("unknown_occupier", True, "customers", "customer_with_unknown_occupier"),
        (f"{GAS}.shipper_mpid", None, "", "required"),
        (f"{ELECTRICITY}.identifier", "１200060176720", "", "invalid_supply_point_identifier"),
    ],
)
def test_an_account_whose_parts_do_not_fit_is_refused_for_that_alone(
    change: str, value: Any, where: str, code: str
) -> None:
    assert problems({change: value}) == [(where or change, code)]


def test_a_gap_between_agreements_before_the_start_of_supply_passes() -> None:
    agreements = [
        {"tariff_code": "OLD", "effective_from": "2017-01-01", "effective_to": "2017-06-30"},
        {"tariff_code": "NEW", "effective_from": "2019-01-01"},
    ]
    assert problems({f"{ELECTRICITY}.agreements": agreements}) == []


def test_transactions_of_a_prepay_meter_are_on_no_statement() -> None:
    vend = {"transaction_date": "2018-08-06", "amount": "7.00", "type": "PAYMENT"}
    vend["to_prepay_meter_serial_number"] = "54BV"
    ledger = SAMPLE["ledgers"][0]
    kinds = ("historical_statement_transactions", "current_statement_transactions")
    changes = {
        f"{LEDGER}.{kind}": [*ledger[kind], vend | {"transaction_id": f"V{place}"}]
        for place, kind in enumerate(kinds)
    }
    assert problems(changes) == []


def test_a_meter_that_was_taken_away_needs_neither_transfer_reading_nor_eac() -> None:
    changes = {
        f"{ELECTRICITY}.meters.0.removed_on": "2019-07-01",
        f"{ELECTRICITY}.meters.0.transfer_readings": [],
        f"{ELECTRICITY}.eac_history": [],
    }
    assert problems(changes) == []


@pytest.mark.parametrize("account_type", ["BUSINESS_VACANT", "DOMESTIC_OCCUPIER", "PORTFOLIO_LEAD"])
def test_every_account_type_of_the_served_document_passes(account_type: str) -> None:
    assert problems({"account_type": account_type}) == []
