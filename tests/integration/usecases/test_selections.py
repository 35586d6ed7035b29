"""Chosen records: a rerun takes exactly those, and only where they belong together."""

from __future__ import annotations

import pytest

from kraken_import.tracking import reruns
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.plan import UnknownCustomers
from kraken_import.usecases.rerun import NothingSelected
from kraken_import.usecases.selections import store_customers
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, finished_wave, rerun
from tests.integration.usecases.test_reruns import SOUND, mixed_wave


def store(journey: Journey, *identifiers: str, wave: str | None = None) -> int:
    return store_customers(
        tracking=journey.tracking,
        dialect="edf_accounts",
        wave=None if wave is None else named(journey, wave),
        identifiers=identifiers,
        by="ops",
    )


def named(journey: Journey, wave: str) -> NamedWave:
    with journey.tracking.connect() as connection:
        (found,) = reruns.waves_named(connection=connection, name=wave)
    return found


def items(journey: Journey, rerun_id: int) -> set[str]:
    rows = journey.rows(
        "SELECT external_identifier FROM migration.rerun_item AS item "
        "JOIN migration.import_process AS process ON process.id = item.import_process_id "
        "WHERE rerun_id = :id",
        id=rerun_id,
    )
    return {row["external_identifier"] for row in rows}


def test_a_rerun_takes_exactly_what_was_chosen_and_keeps_no_identifier(begin: BeginJourney) -> None:
    journey, _, failing = mixed_wave(begin)
    chosen = store(journey, failing["errored"], f" {SOUND[0]} ", failing["errored"])
    planned = begin_rerun(journey, selection=chosen)
    assert (planned.records, planned.in_kraken) == (1, 1)
    assert items(journey, planned.rerun) == {failing["errored"]}
    (told,) = journey.rows("SELECT selection FROM migration.rerun")
    assert told["selection"] == {"selection": chosen}
    # Every criterion must hold.
    with pytest.raises(NothingSelected):
        begin_rerun(journey, "another", selection=chosen, states=("rejected",))


def test_a_selection_that_is_not_there_or_does_not_belong_together_is_one_sentence(
    begin: BeginJourney,
) -> None:
    journey = begin()
    finished_wave(journey, SOUND[0], dry_run=True, name="dress")
    finished_wave(journey, SOUND[1], name="pilot")
    live, rehearsal = store(journey, SOUND[1]), store(journey, SOUND[0], wave="dress")
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.selection OVERRIDING SYSTEM VALUE "
            "SELECT 90, dialect, described, made_by, made_at FROM migration.selection LIMIT 1; "
            "INSERT INTO migration.selection_record "
            "SELECT 90, import_process_id FROM migration.selection_record"
        )
    for selection, sentence in (
        (99, "There is no selection 99"),
        (90, "has live records and rehearsals"),
        (live, "all 1 records of the selection have come through"),
        (rehearsal, "all 1 records of the selection have come through"),
    ):
        with pytest.raises(BadRequest, match=sentence):
            begin_rerun(journey, selection=selection)
    with pytest.raises(BadRequest, match="There is no selection"):
        begin_rerun(journey, selection=live, dialect="plenitude_accounts")
    elsewhere = journey.with_settings(base_url="https://elsewhere.example")
    with pytest.raises(BadRequest, match="leads to https://elsewhere"):
        begin_rerun(elsewhere, selection=live)
    assert journey.rows("SELECT * FROM migration.rerun") == []


def test_customers_without_a_record_are_named_and_nothing_is_stored(begin: BeginJourney) -> None:
    journey = begin()
    finished_wave(journey, SOUND[0], dry_run=True, name="dress")
    for wave, sentence in (
        (None, "No live wave of edf_accounts has had customer"),
        ("dress", "does not have"),
    ):
        with pytest.raises(BadRequest, match=sentence):
            store(journey, SOUND[1], wave=wave)
    with pytest.raises(BadRequest, match="blank"):
        store(journey, " ")
    assert journey.rows("SELECT * FROM migration.selection") == []


def test_a_rehearsal_takes_the_customers_of_a_selection_by_name(begin: BeginJourney) -> None:
    journey, _, failing = mixed_wave(begin)
    chosen = store(journey, *failing.values())
    planned = journey.plan_run(run_id="dress", limit=None, selection=chosen, dry_run=True)
    assert planned.claimed == 3
    rerun(journey, wave=str(planned.wave_id))
    # Again, also of what has been rehearsed meanwhile.
    assert journey.plan_run(run_id="dress-2", limit=None, selection=chosen, dry_run=True).claimed == 3
    with pytest.raises(BadRequest, match="A selection is taken whole"):
        journey.plan_run(run_id="dress-3", limit=5, selection=chosen, dry_run=True)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_number = 'GONE-1' WHERE account_number = %s",
            (failing["errored"],),
        )
    with pytest.raises(UnknownCustomers, match="no longer has 1 of the 3 customers of selection") as gone:
        journey.plan_run(run_id="dress-4", limit=None, selection=chosen, dry_run=True)
    assert failing["errored"] not in str(gone.value)
