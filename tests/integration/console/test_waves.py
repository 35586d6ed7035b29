"""The list of waves: what comes first, what is said of each, and what fits a filter."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from kraken_import.console import oldest
from kraken_import.console.kept import Kept
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import waves
from kraken_import.usecases import board
from kraken_import.usecases.calling import stop
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.gate import question_to_ask
from tests.integration.conftest import Journey
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.playing import finished_wave, rerun, wave_with_parked
from tests.integration.usecases.test_reconcile import play


def stopped(journey: Journey, wave_id: int, code: StopCode = StopCode.FORBIDDEN) -> None:
    """Stop a wave as its tasks would."""
    with journey.tracking.connect() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
    fault = SystemicFault(code=code, reason="the token may not do this.")
    stop(tracking=journey.tracking, wave=wave, fault=fault, now=datetime.now(UTC))


def ask(journey: Journey, wave_id: int) -> None:
    """Have the gate of a wave ask for an approval."""
    now = datetime.now(UTC)
    assert question_to_ask(tracking=journey.tracking, wave_id=wave_id, now=now) is not None


def listed(console: Console, query: str = "") -> list[int]:
    """The waves of the list, from top to bottom."""
    page = console.get(f"waves{query}")
    assert page.status_code == 200
    return list(dict.fromkeys(int(found) for found in re.findall(r'/waves/(\d+)"', page.text)))


def test_waves_that_need_a_person_come_first_and_those_that_are_over_last(console: Console) -> None:
    journey = console.journey
    over = play(journey, limit=2)
    running = journey.plan(limit=2).wave_id
    paused = journey.plan(limit=2).wave_id
    broken = journey.plan(limit=2).wave_id
    waiting = journey.valid_wave(limit=2, approval="required")
    console.order("pause", wave=paused)
    stopped(journey, broken)
    ask(journey, waiting)
    assert listed(console) == [waiting, broken, paused, running, over]
    page = console.get("waves", user="ops").text
    for order, wanted in {
        "approve": [waiting],
        "clear": [broken],
        "resume": [paused],
        "pause": [waiting, running],
        "cancel": [waiting, broken, paused, running],
    }.items():
        found = re.findall(rf'orders/new/{order}\?wave=(\d+)["&]', page)
        assert [int(wave_id) for wave_id in found] == wanted, order
    assert "orders/new" not in console.get("waves").text
    assert listed(console, "?phase=stopped") == [broken]
    assert listed(console, "?phase=succeeded") == [over]
    assert listed(console, "?mode=rehearsal") == []
    assert listed(console, "?dialect=edf_accounts&mode=live&phase=paused") == [paused]
    assert "No wave fits" in words_of(console.get("waves?phase=nonsense"))


def test_a_stopped_wave_stays_on_top_after_its_run_has_ended_and_a_cancelled_one_does_not(
    console: Console,
) -> None:
    journey = console.journey
    broken, cancelled = (journey.plan(limit=2).wave_id for _ in range(2))
    newest = play(journey, limit=2)
    stopped(journey, broken)
    console.order("cancel", wave=cancelled)
    for wave_id in (broken, cancelled):
        journey.summarise(wave_id)
    assert listed(console) == [broken, newest, cancelled]


def test_of_each_wave_the_list_tells_money_people_rate_and_how_near_it_is_to_its_budget(
    console: Console,
) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=3, approval="required", requested_by="ann")
    ask(journey, wave_id)
    said = words_of(console.get("waves"))
    assert "Asked for by ann" in said
    assert "more in a row stop it (0 of the last 3 validations refused)" in said
    sums_of = "SELECT sum(cents) AS cents FROM migration.batch_money WHERE stage = 'payload'"
    for sums in journey.rows(f"{sums_of} GROUP BY ledger, currency"):
        assert f"{sums['cents'] / 100:,.2f}" in said
    over = play(journey, limit=2)
    assert re.search(r"[1-9]\d*\.\d|0\.[1-9]", words_of(console.get(f"waves/{over}")))


def test_more_waves_than_fit_a_page_are_counted_and_the_most_urgent_come_first(console: Console) -> None:
    journey = console.journey
    waiting = journey.valid_wave(limit=1, approval="required")
    ask(journey, waiting)
    journey.plan(limit=1)
    with journey.tracking_superuser.begin() as connection:
        # Sixty waves under way, all of them newer than the one that waits.
        connection.exec_driver_sql(
            "INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, dag_id, run_id, batch_size, failure_threshold, started_at)"
            " SELECT name || '-' || number, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, dag_id, run_id || '-' || number, batch_size, failure_threshold, started_at"
            " FROM migration.wave, generate_series(1, 60) AS number WHERE asked_at IS NULL"
        )
    first = listed(console)
    assert (len(first), first[0]) == (25, waiting)
    assert "37 more waves need a person or are under way" in words_of(console.get("waves"))
    second, third = listed(console, "?now=1"), listed(console, "?now=2")
    assert len({*first, *second, *third}) == 62
    assert "12 more waves need a person" in words_of(console.get("waves?now=1&mode=live"))
    page = console.get("waves?now=2&mode=live")
    assert "50 waves that need a person or are under way, and are more urgent" in words_of(page)
    assert 'href="/tracking/waves?mode=live&amp;now=1"' in page.text
    assert "more wave" not in words_of(page)
    for senseless in ("-1", "x", "99999999", "9" * 18):
        assert console.get(f"waves?now={senseless}").status_code == 200


def test_where_very_many_are_open_the_oldest_is_looked_for_beside_the_page(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2)
    journey.create(wave_id)
    said = "oldest record open at Kraken"
    assert said in words_of(console.get(f"waves/{wave_id}"))
    found: Kept[Mapping[int, datetime]] = Kept()
    monkeypatch.setattr(oldest, "_OLDEST", found)
    monkeypatch.setattr(board, "_MANY_OPEN", 1)
    for path in (f"waves/{wave_id}", "waves"):
        end = time.monotonic() + 20
        while said not in words_of(console.get(path)):
            assert time.monotonic() < end
    known = found.of(key=("tracking", wave_id), find_out=dict)
    assert known is not None
    assert list(known.found) == [wave_id]


def test_older_waves_are_reached_page_by_page(console: Console) -> None:
    journey = console.journey
    planned = [journey.plan(limit=1).wave_id for _ in range(3)]
    with journey.tracking_superuser.begin() as connection:
        # As thirty waves that ended would be.
        connection.exec_driver_sql(
            "UPDATE migration.wave SET finished_at = migration.present(), outcome = 'succeeded'"
        )
        connection.exec_driver_sql(
            "INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, dag_id, run_id, batch_size, failure_threshold, started_at, finished_at, outcome)"
            " SELECT name || '-' || number, dialect, resource, mode, import_supplier, target_kraken,"
            " connection_id, dag_id, run_id || '-' || number, batch_size, failure_threshold, started_at,"
            " finished_at, outcome"
            " FROM migration.wave, generate_series(1, 9) AS number"
        )
    first = listed(console)
    assert len(first) == 25
    page = console.get("waves").text
    before = re.search(r"before=(\d+)", page)
    assert before is not None
    rest = listed(console, f"?before={before[1]}")
    assert set(planned) <= set(rest)
    assert not set(first) & set(rest)


def test_a_wave_whose_run_is_over_stays_on_top_while_its_records_want_a_decision(console: Console) -> None:
    journey = console.journey
    wave_id, unsent, _ = wave_with_parked(journey, name="pilot")
    journey.summarise(wave_id)
    newest = play(journey, limit=1)
    assert listed(console) == [wave_id, newest]
    assert listed(console, "?phase=unfinished") == [wave_id]
    assert "Over" not in words_of(console.get(f"waves?before={newest}"))
    rerun(journey, "rerun-1", identifiers=(unsent,))
    assert listed(console) == [wave_id, newest]
    assert "1 of the 2 that had not come through when its run ended have since, by rerun" in words_of(
        console.get("waves")
    )
    rerun(journey, "rerun-2", wave=str(wave_id), states=("parked",))
    assert listed(console) == [newest, wave_id]


def test_a_run_that_failed_with_unsent_records_is_unfinished_and_may_go_on(console: Console) -> None:
    journey = console.journey
    unsent = journey.valid_wave(limit=1)
    journey.summarise(unsent)
    newest = play(journey, limit=1)
    assert listed(console) == [unsent, newest]
    assert listed(console, "?phase=unfinished") == [unsent]
    assert f"orders/new/clear?wave={unsent}" in console.get("waves", user="ops").text


def test_a_wave_says_what_reruns_have_mended_since_its_run_ended(console: Console) -> None:
    journey = console.journey
    wave_id, _, _ = wave_with_parked(journey, name="pilot")
    journey.summarise(wave_id)
    said = words_of(console.get(f"waves/{wave_id}"))
    assert "failed: Wave" in said
    assert f'/waves/{wave_id}/triage">Triage</a>' in console.get(f"waves/{wave_id}").text
    assert "report for the causes" not in said
    assert "when its run ended" not in said
    rerun(journey, wave=str(wave_id), states=("parked",))
    (number,) = (row["id"] for row in journey.rows("SELECT id FROM migration.rerun"))
    mended = (
        f"All 2 that had not come through when its run ended have since, by rerun {number}; none is left."
    )
    for page in ("waves", f"waves/{wave_id}"):
        assert f"{mended} Its run had ended as failed." in words_of(console.get(page)), page
    assert "failed, mended since" in words_of(console.get("waves"))
    assert '<p class="verdict good">' in console.get(f"waves/{wave_id}").text


def test_only_reruns_that_brought_records_through_are_named(console: Console) -> None:
    journey = console.journey
    first, second = "GB-000000001", "GB-000000002"
    journey.strike(kind="failed_validation", keys=[first, second])
    wave_id = finished_wave(journey, first, second)
    journey.heal()
    rerun(journey, "rerun-1", identifiers=(first,))
    journey.strike(kind="failed_validation", keys=[second])
    rerun(journey, "rerun-2", identifiers=(second,))
    said = words_of(console.get(f"waves/{wave_id}"))
    assert "when its run ended have since, by rerun 1; left now: 1 invalid" in said
    journey.heal()
    rerun(journey, "rerun-3", identifiers=(second,))
    assert "by reruns 1, 3; none is left" in words_of(console.get(f"waves/{wave_id}"))


def test_customers_whom_another_wave_took_over_have_not_come_through(console: Console) -> None:
    journey = console.journey
    first = journey.plan(limit=2).wave_id
    console.order("cancel", wave=first)
    journey.summarise(first)
    journey.plan(limit=2)
    said = words_of(console.get(f"waves/{first}"))
    assert "2 went to another wave; none is left" in said
    assert "have since" not in said
