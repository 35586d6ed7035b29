"""Customers and money that a cancelled wave hands on to another one stay accounted for, to the last cent."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from kraken_import.domain.orders import Order
from kraken_import.usecases import plan as plan_module
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_reconcile import look

CUSTOMERS = 50
MERGED = {"batch_size": 2}
"""With room for 6 batches: 5 neighbours of the 25 become one, of 10 customers each."""


@pytest.fixture
def merging(begin: BeginJourney, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """A journey in which a wave of 50 has so many small batches that they are merged."""
    monkeypatch.setattr(plan_module, "MOST_BATCHES", 6)
    return begin(customers=CUSTOMERS)


def cancel(journey: Journey, wave_id: int) -> None:
    control_wave(
        tracking=journey.tracking,
        wave=str(wave_id),
        action="cancel",
        order=Order(by="ann", reason=None, at=datetime.now(UTC)),
    )


def cancelled_wave(journey: Journey) -> int:
    """A wave of all customers of which one batch was created, one validated, one built, two only planned."""
    planned = journey.plan(**MERGED)
    assert planned.batches == (0, 1, 2, 3, 4)
    for batch in (0, 1, 2):
        journey.build(planned.wave_id, batch)
    for batch in (0, 1):
        journey.validate(planned.wave_id, batch)
    journey.create(planned.wave_id, 0)
    assert journey.poll(planned.wave_id, 0)["open"] == 0
    cancel(journey, planned.wave_id)
    journey.summarise(planned.wave_id)
    return planned.wave_id


def play_batches(journey: Journey, wave_id: int, batches: tuple[int, ...]) -> None:
    for batch in batches:
        journey.build(wave_id, batch)
        journey.validate(wave_id, batch)
        journey.create(wave_id, batch)
        assert journey.poll(wave_id, batch)["open"] == 0
    journey.summarise(wave_id)


def counts(journey: Journey, wave_id: int) -> dict[str, Any]:
    rows = journey.rows(
        "SELECT counts FROM migration.reconciliation WHERE wave_id = :id ORDER BY id DESC LIMIT 1", id=wave_id
    )
    return dict(rows[0]["counts"])


def money(journey: Journey, wave_id: int) -> dict[str, Decimal]:
    """The money of the report by stage, over all ledgers."""
    page = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    assert "✗" not in page["index.html"]
    sums: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(page["money.csv"])):
        sums[row["stage"]] = sums.get(row["stage"], Decimal(0)) + Decimal(row["amount"])
    return sums


def test_cancel_and_replan_leave_both_waves_without_a_difference(merging: Journey) -> None:
    journey = merging
    first = cancelled_wave(journey)
    assert look(journey, first).failure is None
    before = money(journey, first)
    assert before["handed_on"] == 0

    second = journey.plan(**MERGED)
    created = 50 - second.claimed
    assert 0 < created <= 10
    # Nothing is built in the second wave yet, and nothing of the first wave's builds counts in it.
    for wave_id in (first, second.wave_id):
        assert look(journey, wave_id).failure is None
    assert counts(journey, second.wave_id)["not_built"] == second.claimed
    handed = counts(journey, first)
    assert (handed["claimed"], handed["selected"], handed["handed_on"]) == (50, created, second.claimed)

    play_batches(journey, second.wave_id, second.batches)
    for wave_id in (first, second.wave_id):
        assert look(journey, wave_id).failure is None
    assert look(journey).failure is None
    after, there = money(journey, first), money(journey, second.wave_id)
    assert after["legacy"] == before["legacy"] != 0
    assert after["handed_on"] == before["legacy"] - before["accepted"] - before["failed"] - before["refused"]
    assert after["underway"] == 0
    assert there["handed_on"] == 0

    # A wave that has handed everything on, and got it handed on, is accounted for as well.
    assert set(journey.created().values()) == {1}
    report = wave_report(tracking=journey.tracking, wave_id=first, now=datetime.now(UTC))["index.html"]
    assert "handed on" in report


def test_customers_that_are_handed_on_twice_are_counted_by_each_wave(merging: Journey) -> None:
    journey = merging
    first = journey.plan(**MERGED)
    journey.build(first.wave_id, 0)
    cancel(journey, first.wave_id)
    second = journey.plan(**MERGED)
    journey.build(second.wave_id, 1)
    cancel(journey, second.wave_id)
    third = journey.plan(**MERGED)
    journey.build(third.wave_id, 0)
    for planned in (first, second, third):
        assert look(journey, planned.wave_id).failure is None
    handed = journey.rows(
        "SELECT wave_id, to_wave_id, sum(customers) AS customers FROM migration.handed_on "
        "GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row.values()) for row in handed] == [
        (first.wave_id, second.wave_id, 50),
        (second.wave_id, third.wave_id, 50),
    ]


def test_a_rehearsal_that_is_rehearsed_again_leaves_no_difference(begin: BeginJourney) -> None:
    journey = begin()
    keys = [f"GB-{number:09}" for number in range(1, 16)]
    first = finished_wave(journey, *keys, dry_run=True)
    second = journey.plan(identifiers=keys, dry_run=True)
    assert second.claimed == 15
    for wave_id in (first, second.wave_id):
        assert look(journey, wave_id).failure is None
    play_batches(journey, second.wave_id, second.batches)
    for wave_id in (first, second.wave_id):
        assert look(journey, wave_id).failure is None


def test_what_is_lost_beside_what_was_handed_on_is_still_found(merging: Journey) -> None:
    journey = merging
    first = cancelled_wave(journey)
    second = journey.plan(limit=30, **MERGED).wave_id
    journey.build(second, 0)
    with journey.tracking.begin() as connection:
        # One customer of each wave disappears from it without being handed on.
        for wave_id, other, state in ((first, second, "planned"), (second, first, "built")):
            connection.exec_driver_sql(
                "UPDATE migration.import_process SET wave_id = %(other)s, batch = 1 WHERE id = ("
                "SELECT min(id) FROM migration.import_process "
                "WHERE wave_id = %(wave)s AND state = %(state)s)",
                {"wave": wave_id, "other": other, "state": state},
            )
    for wave_id in (first, second):
        assert look(journey, wave_id).differences["batch_count"] == 2
    rows = journey.rows(
        "SELECT wave_id, batch FROM migration.reconciliation_difference WHERE kind = 'batch_count'"
    )
    assert {(row["wave_id"], row["batch"]) for row in rows} == {
        (first, 4),
        (first, 1),
        (second, 0),
        (second, 1),
    }


def test_a_cent_that_changes_beside_what_was_handed_on_is_still_found(merging: Journey) -> None:
    journey = merging
    first = cancelled_wave(journey)
    second = journey.plan(limit=15, **MERGED)
    journey.build(second.wave_id, 0)
    # Of this batch half was handed on: what is built again is summed with what was.
    journey.build(first, 2)
    for wave_id in (first, second.wave_id):
        assert look(journey, wave_id).failure is None
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.record_money "
            "SET legacy_cents = legacy_cents + 1, payload_cents = payload_cents + 1 "
            "WHERE import_process_id IN ("
            "SELECT max(import_process_id) FROM migration.record_money GROUP BY wave_id)"
        )
    for wave_id in (first, second.wave_id):
        assert set(look(journey, wave_id).differences) == {"batch_money"}


def test_what_was_handed_on_is_history(merging: Journey) -> None:
    journey = merging
    cancelled_wave(journey)
    journey.plan(**MERGED)
    for table in ("handed_on", "handed_on_money"):
        with pytest.raises(Exception, match="append-only"), journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM migration.{table}")
    # Nothing of whom it handed on is left with the first wave, and nothing is in the second yet.
    left = journey.rows(
        "SELECT process.wave_id AS of_record, money.wave_id AS of_money FROM migration.record_money AS money "
        "JOIN migration.import_process AS process ON process.id = money.import_process_id"
    )
    assert {tuple(row.values()) for row in left} == {(1, 1)}
    planned = journey.rows(
        "SELECT payload_hash, payload_bytes, watermark FROM migration.import_process WHERE wave_id = 2"
    )
    assert {tuple(row.values()) for row in planned} == {(None, None, None)}
