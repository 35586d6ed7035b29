"""Reconciliation skips what has not changed since it was found right, and nothing that has."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave, rerun
from tests.integration.usecases.test_decisions import say
from tests.integration.usecases.test_purge import own_all, purge
from tests.integration.usecases.test_reconcile import at_kraken, found, look

SUPPLIER = "TENTACLE_ENERGY"
REJECTED = "GB-000000125"
KEYS = [f"GB-{number:09}" for number in range(1, 11)]


def change(journey: Journey, statement: str, **values: Any) -> None:
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(statement, values)


def extent(journey: Journey, wave_id: int) -> str:
    """How much of a wave the last run compared."""
    rows = journey.rows(
        "SELECT extent FROM migration.reconciliation WHERE wave_id = :id ORDER BY id DESC LIMIT 1", id=wave_id
    )
    return str(rows[0]["extent"])


def alter_payload(journey: Journey, identifier: str) -> None:
    change(
        journey,
        "UPDATE migration.payload SET body = %(body)s WHERE import_process_id = ("
        "SELECT id FROM migration.import_process WHERE external_identifier = %(key)s)",
        body=zlib.compress(b"{}"),
        key=identifier,
    )


@pytest.fixture
def two_waves(journey: Journey) -> tuple[Journey, int, int]:
    """Two waves of five customers each that have been found right."""
    waves = [finished_wave(journey, *keys) for keys in (KEYS[:5], KEYS[5:])]
    before = journey.seen("list")
    assert look(journey).failure is None
    # One listing of all accounts and one of those imported, for both waves together.
    assert journey.seen("list") - before == 2
    assert [extent(journey, wave_id) for wave_id in waves] == ["full", "full"]
    return journey, *waves


def test_a_wave_in_which_nothing_has_changed_is_skipped_and_the_report_says_so(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    before = journey.seen("list"), journey.seen("status")
    outcome = look(journey)
    assert outcome.failure is None
    assert outcome.skipped == {first, second}
    assert [extent(journey, wave_id) for wave_id in (first, second)] == ["skipped", "skipped"]
    assert (journey.seen("list"), journey.seen("status")) == (before[0] + 2, before[1])
    (full, skipped) = journey.rows(
        "SELECT compared_at, full_at, watermark FROM migration.reconciliation "
        "WHERE wave_id = :id ORDER BY id",
        id=first,
    )
    assert dict(skipped) == dict(full)
    page = wave_report(tracking=journey.tracking, wave_id=first, now=datetime.now(UTC))["index.html"]
    assert f"skipped: unchanged since {full['compared_at'].astimezone(UTC):%d %B %Y}" in page
    # A wave that is asked for by its number, and a run of everything, skip nothing.
    assert look(journey, first).skipped == set()
    assert extent(journey, first) == "full"
    assert look(journey, full=True).skipped == set()
    assert extent(journey, second) == "full"


def test_the_listing_is_aggregated_once_for_all_waves_and_unchanged_payloads_are_not_read(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    for key in (KEYS[0], KEYS[5]):
        at_kraken(journey, "POST", key, supplier=SUPPLIER, listed=0)
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(journey.tracking, "before_cursor_execute", note)
    try:
        assert look(journey, full=True).skipped == set()
        assert sum("FROM theirs" in each and "GROUP BY" in each for each in statements) == 1
        assert sum("payload.body" in each for each in statements) == 2
        statements.clear()
        look(journey)
        assert [extent(journey, wave_id) for wave_id in (first, second)] == ["kraken", "kraken"]
        assert sum("FROM theirs" in each and "GROUP BY" in each for each in statements) == 1
        assert not any("payload.body" in each for each in statements)
    finally:
        event.remove(journey.tracking, "before_cursor_execute", note)


Step = str | dict[str, Any]
RECORD = f"UPDATE migration.import_process SET {{}} WHERE external_identifier = '{KEYS[3]}'"
BATCH = "UPDATE migration.batch SET customers = customers {} WHERE batch = 0 AND wave_id = %(wave)s"
MONEY = (
    "UPDATE migration.batch_money SET cents = cents {} WHERE (wave_id, stage, ledger) = "
    "(SELECT wave_id, stage, min(ledger) FROM migration.batch_money "
    "WHERE wave_id = %(wave)s AND stage = 'payload' GROUP BY 1, 2)"
)
CHANGES: list[tuple[Step, set[tuple[str, Any]], Step]] = [
    (
        {"method": "POST", "identifier": KEYS[0], "kraken_identifier": "A-OTHER"},
        {("identifier_differs", KEYS[0])},
        {"method": "POST", "identifier": KEYS[0], "kraken_identifier": "A-1"},
    ),
    (
        {"method": "DELETE", "identifier": KEYS[0]},
        {("missing_at_kraken", KEYS[0])},
        {"method": "POST", "identifier": KEYS[0], "kraken_identifier": "A-1"},
    ),
    (
        {"method": "POST", "identifier": KEYS[1], "listed": 2},
        {("doubled_at_kraken", KEYS[1])},
        {"method": "POST", "identifier": KEYS[1], "listed": 1},
    ),
    # A payload of an attempt that is not there is missing too.
    (
        RECORD.format("attempt = 2"),
        {("history_differs", KEYS[3]), ("payload_missing", KEYS[3])},
        RECORD.format("attempt = 1"),
    ),
    (BATCH.format("+ 1"), {("batch_count", 0)}, BATCH.format("- 1")),
    (MONEY.format("+ 1"), {("batch_money", 0)}, MONEY.format("- 1")),
    (
        "UPDATE migration.wave SET claimed = 6 WHERE id = %(wave)s",
        {("wave_count", None)},
        "UPDATE migration.wave SET claimed = 5 WHERE id = %(wave)s",
    ),
]
"""What changes, what is found then, and what mends it."""


def take(journey: Journey, step: Step, wave_id: int) -> None:
    """Change something of the first wave, here or at Kraken."""
    if isinstance(step, str):
        change(journey, step, wave=wave_id)
    else:
        at_kraken(journey, supplier=SUPPLIER, **step)


def test_a_change_of_one_wave_is_compared_until_it_is_mended_and_the_other_one_is_skipped(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    change(
        journey,
        "UPDATE migration.import_process SET kraken_identifier = 'A-1' WHERE external_identifier = %(key)s",
        key=KEYS[0],
    )
    for breaks, differences, mends in CHANGES:
        take(journey, breaks, first)
        # What differed is compared again, although nothing has changed since; and a look at everything finds
        # exactly the same.
        for full in (False, False, True):
            assert look(journey, full=full).skipped == (set() if full else {second})
            assert found(journey) == differences
        take(journey, mends, first)
        assert look(journey).skipped == {second}
        assert found(journey) == set()
        assert extent(journey, first) == "changed"
        assert look(journey).skipped == {first, second}


def test_a_payload_that_is_altered_without_a_trace_is_found_within_a_week_and_by_a_look_at_everything(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    change(journey, "UPDATE migration.import_process SET built_at = built_at - interval '2 days'")
    alter_payload(journey, KEYS[0])
    assert look(journey).skipped == {first, second}
    assert look(journey, later=timedelta(days=7)).skipped == set()
    assert found(journey) == {("payload_altered", KEYS[0])}
    # A change beside it does not settle it: while one differs, all payloads of the wave are looked at.
    alter_payload(journey, KEYS[1])
    assert look(journey).differences == {"payload_altered": 2}
    assert extent(journey, first) == "changed"
    alter_payload(journey, KEYS[5])
    assert look(journey).skipped == {second}
    assert look(journey, full=True).differences == {"payload_altered": 3}


def test_what_kraken_confirms_although_it_lists_it_otherwise_is_asked_for_each_day_until_the_wave_is_closed(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    at_kraken(journey, "POST", KEYS[0], supplier=SUPPLIER, listed=0)
    for _ in range(2):
        before = journey.seen("status")
        assert look(journey).skipped == {second}
        assert (extent(journey, first), journey.seen("status") - before) == ("kraken", 1)
    change(journey, "UPDATE migration.wave SET closed_at = now(), closed_by = 'ann'")
    assert look(journey).skipped == {first, second}
    # Of a closed wave only what is newly in doubt.
    at_kraken(journey, "POST", KEYS[1], supplier=SUPPLIER, listed=0)
    assert look(journey).skipped == {second}
    assert look(journey).skipped == {first, second}
    at_kraken(journey, "DELETE", KEYS[2], supplier=SUPPLIER)
    assert look(journey).differences == {"missing_at_kraken": 1}
    # The listing says of this one what it said before; what differed is still asked about.
    at_kraken(journey, "DELETE", KEYS[0], supplier=SUPPLIER)
    assert look(journey).differences == {"missing_at_kraken": 2}


def test_without_a_listing_a_closed_wave_alone_is_not_asked_about_each_day(
    two_waves: tuple[Journey, int, int],
) -> None:
    journey, first, second = two_waves
    change(
        journey, "UPDATE migration.wave SET closed_at = now(), closed_by = 'ann' WHERE id = %(id)s", id=first
    )
    journey.strike(kind="error", operation="list", status=404)
    # How Kraken's side is read has changed, so that both are asked about.
    assert look(journey).skipped == set()
    before = journey.seen("status")
    assert look(journey).skipped == {first}
    assert (extent(journey, second), journey.seen("status") - before) == ("kraken", 5)
    at_kraken(journey, "DELETE", KEYS[0], supplier=SUPPLIER)
    assert look(journey, later=timedelta(days=7)).differences == {"missing_at_kraken": 1}


def test_a_rerun_a_decision_and_a_purge_are_changes(begin: BeginJourney) -> None:
    journey = begin(customers=150).with_settings(visibility_window=0.3, request_timeout=1)
    wave_id = finished_wave(journey, KEYS[0], REJECTED)
    journey.strike(kind="error", operation="create", status=500, keys=[KEYS[1]])
    planned = journey.plan(identifiers=KEYS[1:3])
    journey.build(planned.wave_id)
    journey.validate(planned.wave_id)
    journey.finish(planned.wave_id)
    journey.heal()
    both = {wave_id, planned.wave_id}
    look(journey)
    assert look(journey).skipped == {wave_id}
    assert found(journey) == {("parked_record", KEYS[1])}

    rerun(journey, wave=str(wave_id), states=("rejected",))
    say(journey, "absent", KEYS[1], wave=str(planned.wave_id))
    assert look(journey).skipped == set()
    assert found(journey) == set()
    assert look(journey).skipped == both

    own_all(journey, wave_id)
    purge(journey, wave_id)
    assert look(journey).skipped == {planned.wave_id}
    assert extent(journey, wave_id) == "changed"
    assert look(journey).skipped == both
