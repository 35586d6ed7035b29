"""Reruns: exactly the chosen records, never one that is in Kraken, whatever it says to a second create."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from kraken_import.domain.orders import Order
from kraken_import.tracking import reruns
from kraken_import.usecases.control import control_wave, run_of_wave
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.gate import batches_to_load
from kraken_import.usecases.rerun import NothingSelected, PlannedRerun, batches_to_rerun, summarise_rerun
from kraken_import.usecases.summarise import WaveSummary
from tests.command_lines import command_line, done, is_refused
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, create_in_rerun, finished_wave, rerun, work

SOUND = ("GB-000000001", "GB-000000002", "GB-000000003")


def broken(journey: Journey, state: str) -> str:
    """A generated customer whose record must end in this state."""
    with journey.legacy_superuser.connect() as connection:
        return str(
            connection.exec_driver_sql(
                "SELECT min(external_identifier) FROM generator.expected_outcome WHERE expected_state = %s",
                (state,),
            ).scalar_one()
        )


def mixed_wave(begin: BeginJourney, *options: str) -> tuple[Journey, int, dict[str, str]]:
    """Two sound customers and one of each kind of failure, in a finished wave."""
    journey = begin(*options, customers=300)
    failing = {state: broken(journey, state) for state in ("rejected", "invalid", "errored")}
    wave_id = finished_wave(journey, *SOUND[:2], *failing.values(), name="pilot")
    assert journey.states(wave_id) == {"processed": 2, "rejected": 1, "invalid": 1, "errored": 1}
    return journey, wave_id, failing


def records(journey: Journey) -> dict[str, Mapping[str, Any]]:
    return {row["external_identifier"]: row for row in journey.rows("SELECT * FROM migration.import_process")}


def give_it_a_tariff(journey: Journey) -> None:
    """What was wrong at the source of the record that Kraken ends as errored."""
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.contract SET tariff_code = (SELECT tariff_code FROM legacy.tariff "
            "WHERE fuel = 'E' AND tariff_code !~ 'OBSOLETE' LIMIT 1) WHERE tariff_code ~ 'OBSOLETE'"
        )


def test_each_criterion_selects_its_records_and_nothing_else_is_touched(begin: BeginJourney) -> None:
    journey, wave_id, failing = mixed_wave(begin)
    before = records(journey)
    invalid = before[failing["invalid"]]
    for number, (wanted, chosen) in enumerate(
        [
            ({"states": ("rejected",)}, {"rejected"}),
            ({"states": ("rejected", "invalid"), "wave": "pilot"}, {"rejected", "invalid"}),
            ({"error_code": invalid["first_error_code"]}, {"invalid"}),
            ({"error_path": invalid["first_error_path"]}, {"invalid"}),
            ({"identifiers": (failing["errored"], SOUND[0])}, {"errored"}),
            ({"wave": str(wave_id)}, {"rejected", "invalid", "errored"}),
            ({"wave": "pilot", "batch": 0, "states": ("errored",)}, {"errored"}),
            ({"not_processed": True}, {"rejected", "invalid", "errored"}),
        ]
    ):
        planned = begin_rerun(journey, f"rerun-{number}", **wanted)
        items = journey.rows(
            "SELECT external_identifier FROM migration.rerun_item AS item "
            "JOIN migration.import_process ON id = import_process_id WHERE rerun_id = :id",
            id=planned.rerun,
        )
        assert {row["external_identifier"] for row in items} == {failing[state] for state in chosen}, wanted
        assert planned.records == len(chosen)
    assert records(journey) == before

    work(journey, begin_rerun(journey, "rerun-a", states=("invalid",)))
    after = records(journey)
    assert {key for key, row in after.items() if row != before[key]} == {failing["invalid"]}
    assert after[failing["invalid"]]["attempt"] == 2


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({}, "Say what to rerun"),
        ({"batch": 0}, "name the wave too"),
        ({"states": ("processed",)}, "processed cannot be rerun"),
        ({"states": ("lost",)}, "lost cannot be rerun"),
        ({"wave": "nonesuch"}, "no wave 'nonesuch'"),
        ({"identifiers": ("GB-NOBODY",)}, "has had customer GB-NOBODY"),
        ({"identifiers": (SOUND[0],)}, "all 1 records of the selection have come through"),
        ({"error_code": "nonesuch"}, "Nothing was selected"),
        ({"dialect": "nonesuch"}, "no dialect 'nonesuch'"),
        ({"wave": "pilot", "dialect": "plenitude_accounts"}, "no wave 'pilot' of plenitude_accounts"),
    ],
)
def test_a_selection_of_nothing_is_one_sentence_and_leaves_nothing(
    journey: Journey, wanted: dict[str, Any], sentence: str
) -> None:
    finished_wave(journey, *SOUND[:1], name="pilot")
    with pytest.raises(BadRequest, match=sentence):
        begin_rerun(journey, **wanted)
    assert not journey.rows("SELECT 1 FROM migration.rerun")


def test_what_is_in_kraken_is_never_created_again_whatever_is_asked_for(journey: Journey) -> None:
    wave_id = finished_wave(journey, *SOUND)
    before = records(journey)
    for wanted in ({"wave": str(wave_id)}, {"identifiers": SOUND}, {"not_processed": True}):
        with pytest.raises(NothingSelected):
            begin_rerun(journey, **wanted)
    # Even a rerun that selected it while it was open leaves it alone once it is there.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.import_process SET state = 'in_progress'")
    planned = begin_rerun(journey, wave=str(wave_id))
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.import_process SET state = 'processed'")
    assert work(journey, planned).failure is None
    assert records(journey) == before
    assert journey.created() == dict.fromkeys(SOUND, 1)
    assert journey.refused() == 0


def test_a_fix_at_the_source_is_picked_up_and_history_is_kept(begin: BeginJourney) -> None:
    journey = begin(customers=150)
    wave_id = finished_wave(journey, "GB-000000125", SOUND[0])
    (batch_before,) = journey.rows("SELECT * FROM migration.batch")
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = 'GB-000000125'"
        )
    assert rerun(journey, states=("rejected",), requested_by="ops") == WaveSummary(
        counts={"processed": 1}, failure=None, told="Rerun 1: 1 of 1 records mended."
    )
    found = records(journey)
    fixed = found["GB-000000125"]
    assert (fixed["state"], fixed["attempt"], fixed["first_error_code"]) == ("processed", 2, None)
    assert (fixed["wave_id"], fixed["batch"], fixed["airflow_run"]) == (wave_id, 0, "rerun-1")
    outcomes = journey.rows(
        "SELECT attempt, outcome, airflow_run FROM migration.import_attempt WHERE import_process_id = :id "
        "ORDER BY attempt",
        id=fixed["id"],
    )
    assert [tuple(row.values()) for row in outcomes] == [
        (1, "rejected", "run-1"),
        (2, "processed", "rerun-1"),
    ]
    events = journey.rows("SELECT 1 FROM migration.import_event WHERE to_state = 'rejected'")
    assert len(events) == 1
    # The sound customer was read before: its own time stands, and so does that of the batch.
    assert fixed["watermark"] > found[SOUND[0]]["watermark"]
    assert journey.rows("SELECT * FROM migration.batch") == [batch_before]
    (told,) = journey.rows("SELECT * FROM migration.rerun")
    assert (told["requested_by"], told["selection"], told["records"]) == ("ops", {"states": ["rejected"]}, 1)
    assert told["outcome"] == "succeeded"


def test_a_rerun_is_not_red_for_what_is_still_refused_and_says_who_refused_it(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journey = begin(customers=300)
    rejected, invalid = "GB-000000125", broken(journey, "invalid")
    finished_wave(journey, rejected, invalid, name="pilot")
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{rejected}'"
        )
    states = ("rejected", "invalid")
    summary = rerun(journey, wave="pilot", states=states)
    sentence = "1 of 2 records mended; 1 still not through (refused by Kraken's validation: "
    assert summary.failure is None
    assert summary.told is not None
    assert summary.told.startswith(f"Rerun 1: {sentence}")
    failed = rerun(journey, run_id="rerun-2", wave="pilot", states=states, threshold=Decimal("0.5")).failure
    assert failed is not None
    assert "1 of 1 records failed, more than the threshold of 50.0%: 0 of 1 records mended; 1 still" in failed

    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    dsn = journey.tracking.url.set(drivername="postgresql").render_as_string(hide_password=False)
    shown = done(run("rerun-show", "1", "--folder", "lists", TRACKING_DSN=dsn))
    assert "rejected → processed" in shown
    assert sentence in shown
    (row,) = csv.DictReader(StringIO((tmp_path / "lists" / "rerun-1.csv").read_text(encoding="utf-8")))
    assert (row["external_identifier"], row["by_whom"]) == (invalid, "refused by Kraken's validation")
    assert row["code"]
    assert row["explanation"]
    is_refused(run("rerun-show", "9", TRACKING_DSN=dsn), 1, "There is no rerun 9: ")
    # Who is left stays known when the dialect is gone; only where its fields came from is not.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.rerun SET dialect = 'gone_accounts' WHERE id = 1")
    assert sentence in done(run("rerun-show", "1", "--folder", "gone", TRACKING_DSN=dsn))
    (left,) = csv.DictReader(StringIO((tmp_path / "gone" / "rerun-1.csv").read_text(encoding="utf-8")))
    assert left == {**row, "legacy_column": ""}


@pytest.mark.parametrize(
    ("switch", "state", "creates", "refusals"),
    [("accept", "processed", 2, 0), ("refuse", "errored", 1, 1)],
)
def test_an_errored_record_is_opened_again_and_ends_as_kraken_says(
    begin: BeginJourney, switch: str, state: str, creates: int, refusals: int
) -> None:
    journey = begin("--recreate-after-error", switch, customers=225)
    errored = broken(journey, "errored")
    wave_id = finished_wave(journey, errored, SOUND[0])
    give_it_a_tariff(journey)
    summary = rerun(journey, identifiers=(errored,))
    assert summary.counts == {state: 1}
    assert summary.failure is None
    kept = "1 still not through (kept by Kraken as an earlier create ended: outcome_kept 1)"
    assert (kept in str(summary.told)) == (state == "errored")
    row = records(journey)[errored]
    assert (row["state"], row["attempt"], row["wave_id"]) == (state, 2, wave_id)
    assert row["kraken_status"] == state.upper()
    assert journey.created() == {errored: creates, SOUND[0]: 1}
    assert journey.refused() == refusals
    outcomes = journey.rows(
        "SELECT outcome FROM migration.import_attempt WHERE import_process_id = :id ORDER BY attempt",
        id=row["id"],
    )
    assert [each["outcome"] for each in outcomes] == ["errored", state]


def test_clearing_the_run_of_a_rerun_does_not_open_an_errored_record_once_more(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept", customers=225)
    errored = broken(journey, "errored")
    finished_wave(journey, errored)
    first = begin_rerun(journey, states=("errored",))
    work(journey, first)
    again = begin_rerun(journey, states=("errored",))
    assert again == first
    work(journey, again)
    assert journey.created() == {errored: 2}
    assert records(journey)[errored]["attempt"] == 2
    # Asked for again, it is.
    rerun(journey, "rerun-2", states=("errored",))
    assert journey.created() == {errored: 3}
    assert records(journey)[errored]["attempt"] == 3


def test_a_wave_whose_run_is_cleared_never_opens_what_kraken_has_ended(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept", customers=225)
    errored = broken(journey, "errored")
    wave_id = finished_wave(journey, errored)
    assert journey.plan_run(run_id="run-1").wave_id == wave_id
    journey.build(wave_id)
    journey.validate(wave_id)
    assert batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC)) == []
    assert journey.created() == {errored: 1}


def test_what_kraken_took_up_again_by_itself_is_adopted_and_not_created(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept")
    wave_id = finished_wave(journey, SOUND[0])
    with journey.tracking.begin() as connection:
        # As if Kraken had ended it in error first, and its staff had mended that since.
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'errored', kraken_identifier = NULL;"
            "UPDATE migration.import_attempt SET outcome = 'errored'"
        )
    assert rerun(journey, wave=str(wave_id)).counts == {"processed": 1}
    assert journey.created() == {SOUND[0]: 1}
    # It was looked up before anything was sent.
    assert journey.refused() == 0
    assert records(journey)[SOUND[0]]["kraken_identifier"]


def test_a_lost_second_create_is_looked_up_and_never_sent_twice(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "accept", customers=225)
    errored = broken(journey, "errored")
    finished_wave(journey, errored)
    give_it_a_tariff(journey)
    journey.strike(kind="drop_after", operation="create", count=1)
    assert rerun(journey, identifiers=(errored,)).counts == {"processed": 1}
    assert journey.created() == {errored: 2}


def test_open_records_are_only_asked_about(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND, limit=None)
    journey.create(wave_id)
    assert sum(journey.states(wave_id).values()) == 3
    assert rerun(journey, wave=str(wave_id)).counts == {"processed": 3}
    assert journey.created() == dict.fromkeys(SOUND, 1)
    assert {row["attempt"] for row in records(journey).values()} == {1}


def test_a_stopped_waves_records_go_on_in_a_rerun_while_the_wave_stays_stopped(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND, limit=None, requests_in_flight=7)
    journey.strike(kind="forbidden", operation="create")
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    journey.heal()
    assert rerun(journey, identifiers=SOUND[:1], requests_in_flight=1).counts == {"processed": 1}
    (wave,) = journey.rows("SELECT * FROM migration.wave")
    assert (wave["stop_code"], wave["requests_in_flight"]) == ("forbidden", 7)
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    assert journey.created() == {SOUND[0]: 1}


def test_a_fault_in_a_rerun_stops_the_rerun_and_not_the_wave(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND, limit=None)
    journey.strike(kind="forbidden", operation="create")
    planned = begin_rerun(journey, identifiers=SOUND[:2])
    with pytest.raises(SystemicFault):
        work(journey, planned)
    journey.heal()
    (told,) = journey.rows("SELECT * FROM migration.rerun")
    assert told["stop_code"] == "forbidden"
    assert journey.created() == {}
    # Clearing its run lets it go on; the wave itself was never stopped.
    assert work(journey, begin_rerun(journey, identifiers=SOUND[:2])).counts == {"processed": 2}
    journey.create(wave_id)
    journey.poll(wave_id)
    assert journey.created() == dict.fromkeys(SOUND, 1)


def test_a_wave_that_is_stopped_during_a_rerun_stops_the_rerun_too(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND, limit=None)
    planned = begin_rerun(journey, wave=str(wave_id))
    journey.strike(kind="forbidden", operation="create")
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    journey.heal()
    with pytest.raises(SystemicFault, match="was stopped"):
        work(journey, planned)
    assert journey.created() == {}


def test_a_rehearsal_is_rerun_by_name_and_never_becomes_live(begin: BeginJourney) -> None:
    journey = begin(customers=225)
    errored = broken(journey, "errored")
    finished_wave(journey, errored, dry_run=True, name="rehearsal")
    with pytest.raises(BadRequest, match="Nothing was selected"):
        begin_rerun(journey, not_processed=True)
    give_it_a_tariff(journey)
    assert rerun(journey, wave="rehearsal").counts == {"dry_run_succeeded": 1}
    assert journey.created() == {errored: 0}


def test_two_waves_of_one_name_must_be_told_apart(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND[:1], limit=None, name="pilot")
    journey.valid_wave(identifiers=SOUND[:1], limit=None, name="pilot", dry_run=True)
    with pytest.raises(BadRequest, match="say which by its id"):
        begin_rerun(journey, wave="pilot")
    assert begin_rerun(journey, wave=str(wave_id)).records == 1


def test_a_rerun_goes_to_no_other_kraken_than_its_wave(journey: Journey) -> None:
    wave_id = journey.valid_wave(identifiers=SOUND[:1], limit=None)
    elsewhere = replace(journey, kraken=replace(journey.kraken, base_url="http://127.0.0.1:9"))
    with pytest.raises(BadRequest, match="point it back"):
        begin_rerun(elsewhere, wave=str(wave_id))


def test_clearing_a_batch_in_the_grid_reruns_that_batch_alone(begin: BeginJourney) -> None:
    journey = begin(customers=150)
    planned = journey.plan(identifiers=("GB-000000125", *SOUND), batch_size=2)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
    before = records(journey)
    journey.build(planned.wave_id, 0)
    again = {key for key, row in records(journey).items() if row["attempt"] == 2}
    assert again == {key for key, row in before.items() if row["batch"] == 0}


@pytest.fixture
def cancelled_rerun(journey: Journey) -> tuple[Journey, PlannedRerun]:
    """A wave that a fault stopped, a rerun that was to mend it, and then the order that cancels the wave."""
    wave_id = journey.valid_wave(identifiers=SOUND, limit=None, name="pilot")
    journey.strike(kind="forbidden", operation="create")
    with pytest.raises(SystemicFault):
        journey.create(wave_id)
    journey.heal()
    planned = begin_rerun(journey, wave="pilot")
    control_wave(
        tracking=journey.tracking,
        wave="pilot",
        action="cancel",
        order=Order(by="alice", reason="Wrong tariffs.", at=datetime.now(UTC)),
    )
    return journey, planned


def test_cancelling_a_wave_that_was_stopped_before_stops_the_rerun_of_it_too(
    cancelled_rerun: tuple[Journey, PlannedRerun],
) -> None:
    journey, planned = cancelled_rerun
    with pytest.raises(SystemicFault, match=r"cancelled by alice \(Wrong tariffs\.\)"):
        work(journey, planned)
    assert journey.created() == {}


def test_clearing_a_rerun_of_a_cancelled_or_closed_wave_creates_nothing_and_says_why(
    cancelled_rerun: tuple[Journey, PlannedRerun],
) -> None:
    journey, planned = cancelled_rerun
    with pytest.raises(BadRequest, match="cancelled by alice"):
        begin_rerun(journey, wave="pilot")
    # Clearing one task of it does not go through the plan.
    with journey.tracking.begin() as connection:
        reruns.reopen(connection=connection, rerun=planned.rerun, at=datetime.now(UTC))
    with pytest.raises(SystemicFault, match="cancelled by alice"):
        create_in_rerun(journey, planned)

    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET stopped_at = NULL, stop_code = NULL, stop_reason = NULL, "
            "closed_at = now(), closed_by = 'bob'"
        )
    with pytest.raises(BadRequest, match="is closed since"):
        begin_rerun(journey, wave="pilot")
    with pytest.raises(BadRequest, match=r"is closed since .*, so its run is not to be cleared"):
        run_of_wave(tracking=journey.tracking, wave="pilot")
    before = journey.rows("SELECT outcome, outcome_reason, finished_at FROM migration.wave")
    journey.summarise(journey.rows("SELECT id FROM migration.wave")[0]["id"])
    assert journey.rows("SELECT outcome, outcome_reason, finished_at FROM migration.wave") == before
    with pytest.raises(SystemicFault, match="is closed since"):
        create_in_rerun(journey, planned)
    assert journey.created() == {}


def test_a_rerun_says_which_wave_kept_it_from_creating(
    cancelled_rerun: tuple[Journey, PlannedRerun],
) -> None:
    journey, planned = cancelled_rerun
    assert batches_to_rerun(tracking=journey.tracking, rerun=planned.rerun, now=datetime.now(UTC)) == []
    summary = summarise_rerun(
        tracking=journey.tracking, rerun=planned.rerun, failed_tasks=(), now=datetime.now(UTC)
    )
    assert summary.failure is not None
    assert f"Rerun {planned.rerun} was cancelled by alice (Wrong tariffs.)" in summary.failure
