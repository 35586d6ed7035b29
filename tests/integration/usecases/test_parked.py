"""Records that no answer proves: they are nowhere taken for migrated, for failed, or for free."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kraken_import.domain.orders import Order
from kraken_import.local import outcome, waves
from kraken_import.local.waves import StartedWave
from kraken_import.tracking import outages
from kraken_import.tracking.cutover import Ownership
from kraken_import.usecases import cutover
from kraken_import.usecases.announce import announce
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.gate import question_to_ask
from kraken_import.usecases.holds import release
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.rerun_gate import rerun_question_to_ask
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import begin_rerun, park, wave_with_parked
from tests.integration.usecases.test_reconcile import look


def now() -> datetime:
    return datetime.now(UTC)


def begin_outage(journey: Journey, *, minutes: float = 30) -> None:
    outages.meet(
        engine=journey.tracking,
        target_kraken=journey.kraken.target,
        is_silent=True,
        patience=timedelta(minutes=minutes),
    )


def test_every_customer_of_a_wave_is_in_kraken_or_handed_back_or_undecided(journey: Journey) -> None:
    wave_id, unsent, sent = wave_with_parked(journey, name="pilot")
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert "2 records are parked" in failure
    tracking = journey.tracking
    told = announce(tracking=tracking, wave_id=wave_id, moment="end", failure="3 tasks failed.")
    assert told.text == "Wave 'pilot' of edf_accounts ended badly with 2 parked. 3 tasks failed."
    assert told.counts["parked"] == 2
    assert len(cutover.crosswalk(tracking=tracking, wave_id=wave_id)) == 2
    assert cutover.hand_back(tracking=tracking, wave_id=wave_id, now=now()) == []
    found = cutover.undecided(tracking=tracking, wave_id=wave_id)
    assert [(each.external_identifier, each.state, each.code) for each in found] == [
        (unsent, "parked", "forbidden"),
        (sent, "parked", "never_answered"),
    ]
    # Late changes of customers who may be in Kraken are listed as well.
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.party_contact SET recorded_at = now() + interval '1 minute' WHERE party_id IN ("
            "SELECT party_id FROM legacy.account_role JOIN legacy.account USING (account_id) "
            "WHERE account_number = %(key)s)",
            {"key": sent},
        )
    late = cutover.late_changes(
        tracking=tracking, legacy=journey.legacy, wave_id=wave_id, dialect="edf_accounts", now=now()
    )
    assert {change.external_identifier for change in late} == {sent}
    cutover.own(tracking=tracking, wave_id=wave_id, ownership=Ownership(owner="billing", at=now()))
    wave = cutover.live_wave(tracking=tracking, name="pilot")
    undecided = r"2 parked records are not decided \(kraken-migrate record decide\), nor rerun"
    with pytest.raises(BadRequest, match=undecided):
        cutover.close_wave(tracking=tracking, legacy=journey.legacy, wave=wave, by="ops", now=now())


def test_whom_a_rerun_has_parked_is_handed_back_no_longer(journey: Journey) -> None:
    wave_id, _, sent = wave_with_parked(journey)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.hand_back (import_process_id, wave_id, state, attempt, code, path, "
            "reason, listed_at) SELECT id, wave_id, 'invalid', 1, 'blank', '', 'Blank.', now() "
            "FROM migration.import_process WHERE external_identifier = %(key)s",
            {"key": sent},
        )
    assert cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now()) == []
    journey.summarise(wave_id)
    wave = cutover.live_wave(tracking=journey.tracking, name=str(wave_id))
    with pytest.raises(BadRequest) as refused:
        cutover.close_wave(tracking=journey.tracking, legacy=journey.legacy, wave=wave, by="ops", now=now())
    assert "no owner" not in str(refused.value)


def test_a_parked_customer_is_free_for_no_other_wave_and_stays_held(journey: Journey) -> None:
    wave_id, unsent, sent = wave_with_parked(journey)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.legacy_hold "
            "SELECT id, now() - interval '1 day' FROM migration.import_process"
        )
    journey.summarise(wave_id)
    # It has ended with something unsettled, so there is something to cancel.
    control_wave(
        tracking=journey.tracking,
        wave=str(wave_id),
        action="cancel",
        order=Order(by="ann", reason=None, at=now()),
    )
    let_go = release(
        tracking=journey.tracking,
        writeback=journey.legacy,
        dialects=("edf_accounts",),
        now=now(),
        wave_id=wave_id,
    )
    assert let_go == 0
    others = journey.plan(dry_run=True, limit=16).wave_id
    journey.plan(limit=16)
    taken = journey.rows(
        "SELECT external_identifier FROM migration.import_process WHERE wave_id > :id", id=wave_id
    )
    assert others > wave_id
    assert len(taken) == 32
    assert not {unsent, sent} & {row["external_identifier"] for row in taken}


def test_a_rerun_selects_what_is_parked_and_frees_it(journey: Journey) -> None:
    wave_id, unsent, sent = wave_with_parked(journey)
    planned = begin_rerun(journey, wave=str(wave_id), states=("parked",))
    assert planned.records == 2
    rows = journey.rows("SELECT external_identifier, state FROM migration.import_process ORDER BY 1 LIMIT 2")
    assert [tuple(row.values()) for row in rows] == [(unsent, "valid"), (sent, "created")]


def test_a_parked_record_is_a_difference_until_it_is_freed_even_if_kraken_says_nothing(
    journey: Journey,
) -> None:
    wave_id, unsent, sent = wave_with_parked(journey)
    for says, fault in (
        ({unsent: "unknown", sent: "PROCESSED"}, None),
        ({unsent: "no usable answer", sent: "no usable answer"}, {"kind": "error", "status": 403}),
    ):
        if fault is not None:
            journey.strike(operation="status", **fault)
        assert look(journey).differences == {"parked_record": 2}
        rows = journey.rows("SELECT * FROM migration.reconciliation_difference WHERE resolved_at IS NULL")
        assert {row["external_identifier"]: row["theirs"] for row in rows} == says
    journey.heal()
    # Where Kraken has no listing they are asked about as well.
    journey.strike(kind="error", operation="list", status=404)
    assert look(journey, wave_id).differences == {"parked_record": 2}
    journey.heal()
    # What Kraken has processed is settled by the scheduled poll, and by nothing else that a person must do.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET intended_at = intended_at - interval '1 minute',"
            " created_at = created_at - interval '1 minute', polled_at = NULL"
        )
    assert journey.poll() == {"open": 0, "ended": 1}
    assert journey.states(wave_id) == {"parked": 1, "processed": 3}
    assert look(journey).differences == {"parked_record": 1}


def test_a_wave_with_nothing_but_a_parked_record_is_reconciled(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=1)
    (row,) = journey.rows("SELECT external_identifier FROM migration.import_process")
    park(journey, row["external_identifier"])
    assert [wave.id for wave in look(journey).waves] == [wave_id]


def test_a_report_shows_what_is_parked_and_its_sums_still_add_up(journey: Journey) -> None:
    wave_id, unsent, sent = wave_with_parked(journey)
    begin_outage(journey)
    # Nothing tried for minutes, so that the next fault is another outage's.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.outage SET next_try_at = next_try_at - interval '6 minutes'"
        )
    begin_outage(journey)
    journey.summarise(wave_id)
    files = wave_report(tracking=journey.tracking, wave_id=wave_id, now=now())
    page = files["index.html"]
    assert "✗" not in page
    assert "4 built = 3 valid + 0 refused by Kraken&#39;s validation + 1 parked unsent" in page
    assert "3 created = 2 processed + 0 ended by Kraken + 0 open + 1 parked" in page
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(files["parked.csv"]))}
    assert {code: row["examples"] for code, row in rows.items()} == {
        "forbidden": unsent,
        "never_answered": sent,
    }
    assert "firewall" in rows["forbidden"]["to_do"]
    assert rows["never_answered"]["to_do"] in page
    assert "not yet, but at " in page
    first, second = csv.DictReader(io.StringIO(files["outages.csv"]))
    assert (first["given_up"], first["answered_again"]) == ("no", "not before the next outage")
    assert (second["given_up"][:12], second["answered_again"]) == ("not yet, but", "not yet")
    money = {
        (row["ledger"], row["stage"]): Decimal(row["amount"])
        for row in csv.DictReader(io.StringIO(files["money.csv"]))
    }
    with journey.legacy_superuser.connect() as connection:
        (owed,) = connection.exec_driver_sql(
            "SELECT -sum(balance) FROM legacy.account WHERE account_number IN (%(one)s, %(other)s)",
            {"one": unsent, "other": sent},
        ).scalars()
    assert money["transfer_balance", "parked"] == owed
    assert money["transfer_balance", "underway"] == 0


def test_the_demo_counts_what_is_parked_and_sees_an_outage(journey: Journey) -> None:
    wave_id, unsent, _ = wave_with_parked(journey)
    started = StartedWave(dialect="edf_accounts", dag_id="migrate_edf_accounts", run_id="run-1", at=now())
    begin_outage(journey)
    seen = waves._read(tracking=journey.tracking, wave=started, run_state="running")
    assert (seen.records, seen.valid, seen.created, seen.processed, seen.parked) == (4, 4, 3, 2, 2)
    assert seen.outage is not None
    outages.finish(engine=journey.tracking, target_kraken=journey.kraken.target)
    assert waves._read(tracking=journey.tracking, wave=started, run_state="running").outage is None
    groups = outcome.error_groups(tracking=journey.tracking, wave_ids=[wave_id])
    assert {group.code: group.state for group in groups} == {
        "forbidden": "parked",
        "never_answered": "parked",
    }
    found = outcome.ends(tracking=journey.tracking, wave_ids=[wave_id])
    assert outcome.ledger_faults(kraken_url=journey.simulator.url, found=found) == []
    assert {each.external_identifier: each.state for each in found}[unsent] == "parked"


def test_a_person_who_approves_a_wave_or_a_rerun_sees_what_is_parked(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=3, approval="required")
    (row, *_) = journey.rows("SELECT external_identifier FROM migration.import_process ORDER BY id")
    park(journey, row["external_identifier"])
    told = announce(tracking=journey.tracking, wave_id=wave_id, moment="gate")
    assert "2 of 3 customers are valid, 0 were refused, 1 are parked." in told.text
    question = question_to_ask(tracking=journey.tracking, wave_id=wave_id, now=now())
    assert question is not None
    assert question.subject.startswith("Create 2 records")
    assert "2 valid, 1 parked" in question.body
    assert "| 1 | parked: not proved | `never_answered` |" in question.body
    planned = begin_rerun(journey, wave=str(wave_id))
    park(journey, row["external_identifier"])
    question = rerun_question_to_ask(tracking=journey.tracking, rerun=planned.rerun, now=now())
    assert question is not None
    assert "parked 1, valid 2" in question.body
    assert "| 1 | parked: not proved | `never_answered` |" in question.body
