"""The page of each Kraken: what it shows is what the tracking database knows, and what holds a wave back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kraken_import.client.gate import LONGER_MS
from kraken_import.console.charts import hour_of
from kraken_import.domain.orders import Order
from kraken_import.tracking import outages, overview, shares, traffic
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.shares import RequestCount
from kraken_import.tracking.traffic import Lag, Learnt, Leased, Minute, Requests
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.traffic import Use, holds_back, latencies
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.test_reconcile import play

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
KRAKEN = "https://kraken.example:443"
SENDING = Leased(sessions=2, requests=20, wants=20, allowed=128, per_second=None)
LEARNT = Learnt(
    target_kraken=KRAKEN,
    places=None,
    requests_met=False,
    requests_refused_at=None,
    usual_seconds=0.2,
    halved_at=None,
    accounts=None,
    accounts_confirmed=False,
    day=None,
    creates_of_day=0,
    creates_from=None,
    requests_from=None,
    seen_at=NOW,
)
USE = Use(learnt=LEARNT, leased=SENDING, outage=None, under_way=40)
OUTAGE = Outage(
    id=1,
    target_kraken=KRAKEN,
    is_silent=True,
    began_at=NOW - timedelta(minutes=5),
    next_try_at=NOW + timedelta(seconds=12),
    gives_up_at=NOW + timedelta(minutes=25),
    tries=3,
    seen_at=NOW,
)
WAVE = WaveLine(
    ended_states=None,
    id=7,
    name="pilot",
    dialect="edf_accounts",
    mode="live",
    target_kraken=KRAKEN,
    claimed=100,
    started_at=NOW,
    finished_at=None,
    outcome=None,
    outcome_reason=None,
    stop_code=None,
    stop_reason=None,
    paused_at=None,
    paused_by=None,
    pause_reason=None,
    closed_at=None,
    closed_by=None,
    purged_at=None,
    requested_by=None,
    asked_until=None,
    silent_since=None,
)
PAUSED = replace(WAVE, paused_at=NOW, paused_by="Ann", pause_reason="hotline full")


@pytest.mark.parametrize(
    ("wave", "use", "left", "waiting", "lag", "said"),
    [
        (replace(WAVE, stop_code="forbidden", stop_reason="Ask."), USE, 5, 0, 0.0, "is stopped (forbidden)"),
        (PAUSED, USE, 5, 0, 0.0, "is paused by Ann since 2026-11-22 20:00 UTC: hotline full: resume it."),
        (replace(WAVE, asked_until=NOW), USE, 5, 0, 0.0, "waits for an approval until 2026-11-22 20:00 UTC"),
        (PAUSED, replace(USE, outage=OUTAGE), 5, 0, 0.0, "is paused by Ann"),
        (WAVE, replace(USE, outage=OUTAGE), 5, 0, 0.0, "answers nothing since 2026-11-22 19:55 UTC"),
        (WAVE, replace(USE, outage=OUTAGE), 0, 5, 0.0, "it is tried again in 12 seconds"),
        (
            WAVE,
            replace(USE, learnt=replace(LEARNT, creates_from=NOW + timedelta(seconds=30))),
            5,
            0,
            0.0,
            "waits for 30 seconds: Kraken wants no create until then (429); 5 records are still",
        ),
        (
            WAVE,
            replace(USE, learnt=replace(LEARNT, requests_from=NOW + timedelta(seconds=9))),
            1,
            0,
            0.0,
            "no request at all until then (429); 1 record is still to be sent",
        ),
        (
            WAVE,
            replace(USE, learnt=replace(LEARNT, accounts=40)),
            5,
            40,
            0.0,
            "Kraken takes 40 at once, and 40 are under way",
        ),
        (WAVE, replace(USE, learnt=replace(LEARNT, accounts=41)), 5, 40, 0.0, "is not held back"),
        (
            WAVE,
            replace(USE, learnt=replace(LEARNT, places=8.4), leased=replace(SENDING, requests=8)),
            5,
            0,
            0.0,
            "limit of 8 requests at once with all that is under way: 2 sessions want 20",
        ),
        (
            WAVE,
            replace(USE, leased=Leased(sessions=0, requests=0, wants=0, allowed=None, per_second=None)),
            5,
            0,
            0.0,
            "no task talks to Kraken",
        ),
        (WAVE, replace(USE, learnt=None), 5, 0, 0.0, "is not held back: it sends as fast as it is built"),
        (WAVE, USE, 0, 1, 1.0, "has sent all and waits for Kraken to end 1 record."),
        (WAVE, USE, 0, 9, 300.0, "a record has been due for 300 seconds. See whether a triggerer runs"),
        (WAVE, USE, 0, 0, None, "has nothing left to send"),
        (replace(WAVE, finished_at=NOW, outcome="succeeded"), USE, 0, 0, None, "has ended."),
    ],
)
def test_one_sentence_says_what_holds_a_wave_back(
    wave: WaveLine, use: Use, left: int, waiting: int, lag: float | None, said: str
) -> None:
    found = holds_back(
        wave=wave, use=use, left=left, waiting=waiting, lag=Lag(looked_at=waiting, seconds=lag)
    )
    assert "pilot" in found
    assert said in found


def test_the_page_shows_what_came_to_kraken_and_what_it_ended(console: Console) -> None:
    console.journey.strike(kind="throttle", operation="validate", count=2, retry_after=None)
    play(console.journey, limit=6)
    target = console.journey.kraken.target
    with console.around.reading.connect() as connection:
        (flow,) = [traffic.flow(connection=connection, target_kraken=target)]
        dialects = ["edf_accounts"]
        assert traffic.krakens(connection=connection, dialects=dialects) == [target]
        assert traffic.krakens(connection=connection, dialects=["plenitude_accounts"]) == []
        # Records that were refused by our own build never came to Kraken.
        sent = console.journey.rows(
            "SELECT count(*) AS records FROM migration.import_process WHERE intended_at IS NOT NULL"
        )
    assert sum(each.sent for each in flow) == sent[0]["records"] == sum(each.ended for each in flow)
    page = console.get("kraken")
    assert page.status_code == 200
    assert target in words_of(page)
    assert "No wave goes to this Kraken now." in words_of(page)
    # What each operation was asked stands there as the stand-in has seen it.
    seen = {each: console.journey.seen(each) for each in ("validate", "create", "status")}
    assert re.search(rf"2 of {seen['validate']} validate requests of the last hour were", words_of(page))
    for operation, calls in seen.items():
        assert re.search(
            rf"{operation}: {calls}, within [0-9,]+ ms for half of them, [0-9,]+ ms for 95 %", words_of(page)
        ), operation
    assert " style=" not in page.text
    assert "<polyline" in page.text


def test_the_page_says_that_a_wave_is_paused_and_shows_an_outage(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=4, name="tonight")
    order = Order(by="Ann", reason="hotline full", at=datetime.now(UTC))
    control_wave(tracking=journey.tracking, wave=str(wave_id), action="pause", order=order)
    page = words_of(console.get("kraken"))
    assert "Wave &#39;tonight&#39; is paused by Ann" in page
    control_wave(tracking=journey.tracking, wave=str(wave_id), action="resume", order=order)
    assert "no task talks to Kraken" in words_of(console.get("kraken"))
    outages.meet(
        engine=journey.tracking,
        target_kraken=journey.kraken.target,
        is_silent=True,
        patience=timedelta(minutes=30),
    )
    page = words_of(console.get("kraken"))
    assert "which answers nothing since" in page
    assert "all answers" in page
    with console.around.reading.connect() as connection:
        (line,) = overview.waves(connection=connection, most=1, wave_id=wave_id)
    assert line.silent_since is not None


def test_lag_and_time_of_creates_are_those_of_the_records(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=4)
    journey.create(wave_id)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET created_at = created_at - interval '2 minutes',"
            " intended_at = intended_at - interval '2 minutes', polled_at = NULL WHERE state = 'created'"
        )
    with console.around.reading.connect() as connection:
        ids = traffic.at_work(
            connection=connection,
            target_kraken=journey.kraken.target,
            most=5,
        )
        lag = traffic.lag(connection=connection, wave_ids=ids, most=10)
        taken = traffic.taken(connection=connection, wave_ids=ids, most=10)
    assert ids == [wave_id]
    assert lag.seconds is not None
    assert 100 < lag.seconds < 200
    assert taken is not None
    assert 120 < taken.median < 200
    assert "waits to be asked about" in words_of(console.get("kraken"))


def test_what_a_user_may_not_read_is_not_named(console: Console) -> None:
    console.journey.valid_wave(limit=2, name="tonight")
    page = console.get("kraken", user="elsewhere")
    assert page.status_code == 200
    assert "tonight" not in page.text
    assert console.journey.kraken.target not in page.text
    assert "No wave that you may see has gone to a Kraken yet." in words_of(page)


def test_the_last_hour_is_drawn_by_whole_minutes_and_never_below_its_bottom() -> None:
    flow = [
        Minute(minute=NOW - timedelta(minutes=1), sent=10, ended=-3),
        Minute(minute=NOW - timedelta(minutes=60), sent=20, ended=5),
        # The minute that is not over says too little.
        Minute(minute=NOW, sent=1_000, ended=1_000),
    ]
    hour = hour_of(flow=flow, now=NOW + timedelta(seconds=10))
    assert (hour.highest, hour.sent_last, hour.ended_last) == (20, 10, 0)
    assert (hour.sent_of_hour, hour.ended_of_hour) == (30, 5)
    assert len(hour.sent.split()) == 60
    assert hour.sent.startswith("0,2.0 ")


def test_percentiles_are_the_bounds_that_so_many_requests_kept_to() -> None:
    took = {10: 50, 100: 45, 2_000: 4, LONGER_MS: 1}
    found = [
        Requests(operation="create", within_ms=within, calls=calls, refused=within == 10)
        for within, calls in took.items()
    ]
    (line,) = latencies(found=found)
    assert (line.calls, line.refused) == (100, 1)
    assert (line.median_ms, line.p95_ms, line.p99_ms) == (10, 100, 2_000)
    (slow,) = latencies(found=found[-1:])
    assert slow.median_ms is None
    assert latencies(found=[]) == []


def test_requests_of_a_day_ago_are_forgotten_and_those_of_a_minute_are_added_up(console: Console) -> None:
    journey = console.journey
    target = journey.kraken.target
    count = RequestCount(operation="create", within_ms=100, calls=7, refused=1)
    for _ in range(2):
        with journey.tracking.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO migration.kraken_minute "
                "VALUES (%(target)s, now() - interval '25 hours', 'create', 5, 1, 0)",
                {"target": target},
            )
            shares.count_requests(connection=connection, target_kraken=target, counts=[count])
    kept = journey.rows("SELECT sum(calls) AS calls, sum(refused) AS refused FROM migration.kraken_minute")
    assert [tuple(row.values()) for row in kept] == [(14, 2)]
