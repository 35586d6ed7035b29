"""Rehearsals: who is rehearsed, and what a live wave makes of it."""

from __future__ import annotations

import csv
import html
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest

from kraken_import.local import outcome
from kraken_import.local.operating import print_differences
from kraken_import.local.settings import read_wishes
from kraken_import.usecases.gate import batches_to_load
from kraken_import.usecases.plan import EmptyWave
from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import rerun

ONE, OTHER, THIRD = "GB-000000001", "GB-000000002", "GB-000000003"
CHANGE = "UPDATE legacy.account SET billing_name = 'New Name' WHERE account_number = 'GB-000000001'"


def run_to_the_end(journey: Journey, wave_id: int) -> None:
    journey.create(wave_id)
    journey.poll(wave_id)


def rehearse(journey: Journey, *identifiers: str) -> int:
    wave_id = journey.valid_wave(limit=None, identifiers=identifiers, dry_run=True)
    run_to_the_end(journey, wave_id)
    assert journey.states(wave_id) == {"dry_run_succeeded": len(identifiers)}
    return wave_id


def change(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(CHANGE)


def gated(journey: Journey, *identifiers: str) -> int:
    wave_id = journey.valid_wave(
        limit=None, identifiers=identifiers, require_rehearsal=True, threshold=Decimal(1)
    )
    batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    return wave_id


def test_only_what_was_rehearsed_payload_for_payload_is_created(journey: Journey) -> None:
    rehearse(journey, ONE, OTHER)
    change(journey)
    wave_id = gated(journey, ONE, OTHER, THIRD)
    found = {
        row["external_identifier"]: (row["state"], row["first_error_code"])
        for row in journey.rows("SELECT * FROM migration.import_process WHERE wave_id = :id", id=wave_id)
    }
    assert found == {
        ONE: ("rejected", "rehearsal_outdated"),
        OTHER: ("valid", None),
        THIRD: ("rejected", "rehearsal_missing"),
    }
    _the_report_names_who_held_them_back(journey, wave_id)
    run_to_the_end(journey, wave_id)
    assert {key for key, created in journey.created().items() if created} == {OTHER}

    # By name the changed one is rehearsed again, and a rerun then lets it pass.
    rehearse(journey, ONE)
    assert rerun(journey, wave=str(wave_id)).counts == {"processed": 1, "rejected": 1}
    assert journey.states(wave_id) == {"processed": 2, "rejected": 1}
    assert {key for key, created in journey.created().items() if created == 1} == {ONE, OTHER}


def _the_report_names_who_held_them_back(journey: Journey, wave_id: int) -> None:
    files = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    page = html.unescape(files["index.html"])
    assert "3 built = 1 valid + 0 refused by Kraken's validation + 2 held back at our gate" in page
    assert page.count("held back at our gate: Kraken has not rehearsed it as it is") == 2
    cents = {row["stage"]: Decimal(row["amount"]) for row in csv.DictReader(StringIO(files["money.csv"]))}
    assert cents["held_back"]
    assert not cents["refused"]
    assert cents["payload"] == cents["held_back"] + cents["underway"]


def test_a_rehearsal_by_number_leaves_out_whom_kraken_has(journey: Journey) -> None:
    live = journey.valid_wave(limit=5)
    run_to_the_end(journey, live)
    rehearsal = journey.valid_wave(limit=5, dry_run=True)
    run_to_the_end(journey, rehearsal)
    assert journey.states(rehearsal) == {"dry_run_succeeded": 5}
    both = journey.rows(
        "SELECT external_identifier FROM migration.import_process GROUP BY 1 HAVING count(*) > 1"
    )
    assert not both
    # By number no customer is rehearsed twice either.
    journey.plan(limit=10, dry_run=True)
    with pytest.raises(EmptyWave):
        journey.plan(dry_run=True)


def test_diff_names_the_paths_that_have_changed_since(
    journey: Journey, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearse(journey, ONE)
    change(journey)
    dsns = {
        "LEGACY_DSN": journey.legacy.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "TRACKING_DSN": journey.tracking.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        ),
    }
    monkeypatch.setenv("WAVE_KEYS", journey.keys.text)
    print_differences(wishes=read_wishes(environment={**dsns, "DIALECT": "edf_accounts", "ID": ONE}))
    first, changed, last = capsys.readouterr().out.splitlines()
    assert "differs in 1 places from that of the last rehearsal of GB-000000001" in first
    assert changed.startswith("  billing_name: ")
    assert changed.endswith('→ "New Name"')
    assert last == "There is no payload of a live try of GB-000000001."


def test_a_rehearsal_of_generated_customers_ends_as_the_generator_knows_and_creates_nothing(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=425)
    wave_id = journey.valid_wave(limit=425, dry_run=True, error_share=Decimal(1))
    journey.create(wave_id)
    journey.poll(wave_id)
    found = outcome.ends(tracking=journey.tracking, wave_ids=[wave_id])
    assert {"dry_run_succeeded", "dry_run_errored"} <= {each.state for each in found}
    assert outcome.differences(legacy=journey.legacy_superuser, found=found, is_dry_run=True) == []
    assert outcome.ledger_faults(kraken_url=journey.simulator.url, found=found) == []
    assert len(outcome.differences(legacy=journey.legacy_superuser, found=found, is_dry_run=False)) > 400
