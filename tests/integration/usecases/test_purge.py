"""Purging takes the personal data of a wave that has ended, of no other, and loses no outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, REBUILDABLE, Mode, State, belongs_to_mode
from kraken_import.domain.orders import Order
from kraken_import.usecases import cutover
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.purge import purge_wave
from kraken_import.usecases.rerun import summarise_rerun
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, finished_wave
from tests.integration.usecases.test_cutover import own
from tests.integration.usecases.test_handed_on import money
from tests.integration.usecases.test_reconcile import look

CLEAN = "GB-000000001"
FAILING = {"rejected": 125, "errored": 225, "invalid": 300}
"""Numbers of customers whom our build, Kraken's import and its validation refuse."""


def purge(journey: Journey, wave: object = "pilot", reason: str | None = None) -> str:
    return purge_wave(
        tracking=journey.tracking, wave=str(wave), order=Order(by="ann", reason=reason, at=datetime.now(UTC))
    )


def change(journey: Journey, statement: str, **values: Any) -> None:
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(statement, values)


def personal(journey: Journey, wave_id: int) -> dict[str, int]:
    """How many rows of a wave hold personal data, by table."""
    return {
        table: journey.rows(
            f"SELECT count(*) AS rows FROM migration.{table} WHERE wave_id = :id", id=wave_id
        )[0]["rows"]
        for table in ("payload", "answer", "record_money", "shared_value")
    }


@pytest.fixture
def pilot(begin: BeginJourney) -> tuple[Journey, int]:
    """A finished wave of a customer who migrated and of one for each way of failing."""
    journey = begin(numbers=tuple(FAILING.values()))
    failing = [f"GB-{number:09}" for number in FAILING.values()]
    return journey, finished_wave(journey, CLEAN, *failing, name="pilot")


def own_all(journey: Journey, wave_id: int) -> None:
    cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    own(journey, wave_id)


def test_a_purged_wave_keeps_its_outcome_and_its_sums_and_no_personal_data(
    pilot: tuple[Journey, int],
) -> None:
    journey, wave_id = pilot
    other = journey.valid_wave(limit=3)
    states, sums = journey.states(wave_id), money(journey, wave_id)
    assert set(states) == {"processed", "errored", "invalid", "rejected"}
    assert all(personal(journey, wave_id).values())
    kept = personal(journey, other)

    with pytest.raises(BadRequest, match=r"3 customers handed back have no owner \(kraken-migrate own\)"):
        purge(journey)
    own(journey, wave_id)
    assert "is purged and closed" in purge(journey, reason="90 days are over")

    assert not any(personal(journey, wave_id).values())
    assert personal(journey, other) == kept
    assert (journey.states(wave_id), money(journey, wave_id)) == (states, sums)
    (logged,) = journey.rows("SELECT wave_id, ordered_by, reason FROM migration.wave_purge")
    assert tuple(logged.values()) == (wave_id, "ann", "90 days are over")
    shown = journey.rows(
        "SELECT DISTINCT wave_id, purged_at IS NOT NULL AS purged FROM migration.wave_progress"
    )
    assert {row["wave_id"]: row["purged"] for row in shown} == {wave_id: True, other: False}
    assert look(journey).failure is None
    with pytest.raises(BadRequest, match="was purged already, on"):
        purge(journey)
    with pytest.raises(Exception, match="append-only"):
        change(journey, "DELETE FROM migration.wave_purge")


def test_nothing_is_created_in_a_purged_wave_and_its_failures_can_be_named_for_another(
    pilot: tuple[Journey, int],
) -> None:
    journey, wave_id = pilot
    own_all(journey, wave_id)
    purge(journey)
    wave = cutover.live_wave(tracking=journey.tracking, name="pilot")
    with pytest.raises(BadRequest, match=r"was purged on .*: plan a wave that names the customers\."):
        cutover.open_again(tracking=journey.tracking, wave=wave)
    with pytest.raises(BadRequest, match="is closed since"):
        journey.plan_run(run_id="run-1")
    with pytest.raises(BadRequest, match="is closed since"):
        begin_rerun(journey, wave="pilot", not_processed=True)
    # Clearing one task does not go through the plan.
    states = journey.states(wave_id)
    with pytest.raises(BadRequest, match=r"'pilot' was purged on .*: it cannot be built again"):
        journey.build(wave_id)
    assert journey.states(wave_id) == states

    keys = [row["external_identifier"] for row in journey.rows("SELECT * FROM migration.import_process")]
    by_number = journey.plan()
    taken = journey.rows(
        "SELECT count(*) AS taken FROM migration.import_process WHERE wave_id = :id "
        "AND external_identifier = ANY (:keys)",
        id=by_number.wave_id,
        keys=keys,
    )
    assert taken == [{"taken": 0}]
    # Who is in Kraken stays; the others are sent again, after a look at what Kraken says of them.
    again = journey.plan(identifiers=keys)
    assert (again.claimed, again.already_claimed) == (3, 1)
    journey.build(again.wave_id)
    journey.validate(again.wave_id)
    journey.create(again.wave_id)
    journey.poll(again.wave_id)
    assert journey.states(again.wave_id) == {"errored": 1, "invalid": 1, "rejected": 1}
    assert journey.states(wave_id) == {"processed": 1}
    for each in (wave_id, again.wave_id):
        assert look(journey, each).failure is None


def test_no_wave_is_purged_while_a_record_may_be_open(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    own_all(journey, wave_id)
    live = {
        state for state in State if state is State.CANCELLED or belongs_to_mode(state=state, mode=Mode.LIVE)
    }
    open_states = live - ENDED_AT_KRAKEN - REBUILDABLE
    assert {State.CREATING, State.PENDING, State.MISSING, State.UNRECOGNISED} <= open_states
    for state in sorted(open_states):
        change(
            journey,
            "UPDATE migration.import_process SET state = %(state)s, parked_from = %(parked_from)s "
            "WHERE external_identifier = %(key)s",
            state=state.value,
            parked_from="creating" if state is State.PARKED else None,
            key=CLEAN,
        )
        with pytest.raises(BadRequest, match="cannot be purged yet: 1 record has not ended at Kraken"):
            purge(journey)
    assert all(personal(journey, wave_id).values())


def test_no_wave_is_purged_whose_run_or_rerun_goes_on(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    own_all(journey, wave_id)
    rerun = begin_rerun(journey, wave="pilot", states=("errored",)).rerun
    with pytest.raises(BadRequest, match=f"rerun {rerun} has not been summarised"):
        purge(journey)
    summarise_rerun(tracking=journey.tracking, rerun=rerun, failed_tasks=(), now=datetime.now(UTC))
    planned = journey.plan(limit=2, name="other")
    with pytest.raises(BadRequest, match=r"'other' .* cannot be purged yet: its run has not been summarised"):
        purge(journey, planned.wave_id)
    with pytest.raises(BadRequest, match="There is no wave 'nobody'"):
        purge(journey, "nobody")
    with pytest.raises(BadRequest, match="Say which wave"):
        purge(journey, " ")
    purge(journey)


def test_a_rehearsal_is_purged_without_owners_and_rehearsed_again(journey: Journey) -> None:
    wave_id = finished_wave(journey, CLEAN, dry_run=True, name="dry")
    purge(journey, "dry")
    assert not any(personal(journey, wave_id).values())
    again = finished_wave(journey, CLEAN, dry_run=True)
    assert journey.states(again) == {"dry_run_succeeded": 1}
    for each in (wave_id, again):
        assert look(journey, each).failure is None


def test_a_purge_that_finds_the_tables_held_says_so_and_purges_nothing(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    own_all(journey, wave_id)
    before = personal(journey, wave_id)
    with journey.tracking.begin() as worker:
        worker.exec_driver_sql("LOCK TABLE migration.payload IN ROW EXCLUSIVE MODE")
        with pytest.raises(BadRequest, match="other work holds the tables of payloads and answers"):
            purge(journey)
    assert personal(journey, wave_id) == before
    purge(journey)


def test_a_difference_that_is_open_when_a_wave_is_purged_stays_open(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    cent = "UPDATE migration.record_money SET legacy_cents = legacy_cents + %(by)s WHERE wave_id = %(wave)s"
    only = " AND payload_cents IS NOT NULL AND ledger = 'transfer_balance'"
    change(journey, cent + only, by=1, wave=wave_id)
    found = look(journey, wave_id).differences
    assert found["balance_differs"] >= 1
    change(
        journey,
        "UPDATE migration.reconciliation_difference SET resolved_at = now() "
        "WHERE external_identifier <> %(key)s",
        key=CLEAN,
    )
    own_all(journey, wave_id)
    purge(journey)
    assert look(journey, wave_id).differences["balance_differs"] == 1
    rows = journey.rows(
        "SELECT external_identifier = :clean AS open, "
        "ours = 'purged' AND theirs = 'purged' AND cents IS NULL AS blank "
        "FROM migration.reconciliation_difference WHERE kind = 'balance_differs'",
        clean=CLEAN,
    )
    assert all(row["open"] is not row["blank"] for row in rows)


def test_polling_goes_on_to_the_end_in_a_wave_whose_tables_were_dropped_by_hand(journey: Journey) -> None:
    dropped, kept = journey.valid_wave(limit=3), journey.valid_wave(limit=3)
    for wave_id in (dropped, kept):
        journey.create(wave_id)
    change(journey, f"DROP TABLE migration.payload_wave_{dropped}, migration.answer_wave_{dropped}")
    for wave_id in (dropped, kept):
        assert journey.poll(wave_id) == {"open": 0, "ended": 3}
        assert journey.states(wave_id) == {"processed": 3}
    answered = journey.rows(
        "SELECT wave_id, count(DISTINCT import_process_id) AS records FROM migration.answer "
        "WHERE stage = 'status' GROUP BY 1"
    )
    assert [tuple(row.values()) for row in answered] == [(kept, 3)]
