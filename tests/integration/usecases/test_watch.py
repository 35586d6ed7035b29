"""What the watch reads: records that stay open, cohorts that no run takes, and what people were told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from kraken_import.usecases import watch
from kraken_import.usecases.announce import announce_rerun
from kraken_import.usecases.coming import Night, nights_to_come
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.tracking.test_schema import wave_of
from tests.integration.usecases.playing import finished_wave, rerun

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def aged(journey: Journey, hours: dict[str, float]) -> None:
    with journey.tracking.begin() as connection:
        for identifier, age in hours.items():
            connection.exec_driver_sql(
                "UPDATE migration.import_process SET intended_at = %(at)s "
                "WHERE external_identifier = %(key)s",
                {"at": NOW - timedelta(hours=age), "key": identifier},
            )


def test_records_are_open_too_long_from_when_kraken_could_have_begun(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=3)
    journey.create(wave_id)
    keys = [row["external_identifier"] for row in journey.rows("SELECT * FROM migration.import_process")]
    aged(journey, {keys[0]: 50, keys[1]: 30, keys[2]: 2})

    def found(hours: float, connection_id: str = "kraken") -> tuple[int, float] | None:
        records = watch.find_open_too_long(
            tracking=journey.tracking, connection_id=connection_id, hours=hours, now=NOW
        )
        return None if records is None else (records.records, (NOW - records.since) / timedelta(hours=1))

    assert found(24) == (2, 50.0)
    assert found(40) == (1, 50.0)
    assert found(60) is None
    assert found(24, "kraken_of_others") is None
    # Nothing is late that Kraken may not have begun.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET schedule_window_start = %(at)s", {"at": NOW - timedelta(hours=1)}
        )
    assert found(24) is None
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET schedule_window_start = NULL")
    # What has ended is no longer open.
    journey.poll(wave_id)
    assert found(24) is None


def plan(connection: Connection, name: str, dialect: str, day: str | None, wave: int | None = None) -> None:
    connection.exec_driver_sql(
        """
        INSERT INTO migration.cohort (name, dialect, resource, mode, import_supplier, target_kraken,
            wave_date, rule, parameters, planned_at, claimed_by_wave)
        VALUES (%(name)s, %(dialect)s, 'accounts', 'live', 'X', 'https://kraken:443', %(day)s, 'all', '{}',
            '2026-11-01', %(wave)s)
        """,
        {"name": name, "dialect": dialect, "day": day, "wave": wave},
    )


def test_a_cohort_is_overdue_an_hour_after_its_night_unless_a_wave_has_it(tracking_engine: Engine) -> None:
    with tracking_engine.begin() as connection:
        plan(connection, "early", "edf_accounts", "2026-11-20")
        plan(connection, "tonight", "edf_accounts", "2026-11-21")
        plan(connection, "by hand", "edf_accounts", None)
        plan(connection, "taken", "edf_accounts", "2026-11-19", wave_of(connection))
        plan(connection, "south", "essential_supply_points_cdns", "2026-11-21")

    def overdue(now: datetime, schedule: str = "0 20 * * *") -> dict[str, list[str]]:
        dialects = ("edf_accounts", "essential_supply_points_cdns")
        found = watch.overdue_cohorts(tracking=tracking_engine, dialects=dialects, schedule=schedule, now=now)
        return {each.dialect: [cohort.name for cohort in each.cohorts] for each in found}

    # In Sydney the 21st at 20:00 is 09:00 UTC.
    assert overdue(NOW) == {"edf_accounts": ["early"], "essential_supply_points_cdns": ["south"]}
    assert overdue(NOW - timedelta(hours=3)) == {"edf_accounts": ["early"]}
    assert overdue(datetime(2026, 11, 20, 20, 59, tzinfo=UTC)) == {}
    assert overdue(datetime(2026, 11, 21, 21, tzinfo=UTC))["edf_accounts"] == ["early", "tonight"]
    assert overdue(NOW, schedule="") == {}


def test_the_plan_says_what_the_next_night_takes_and_what_the_others_wait_for(
    tracking_engine: Engine,
) -> None:
    def nights(schedule: str = "0 20 * * *", **only: str) -> dict[str, Night]:
        found = nights_to_come(tracking=tracking_engine, schedule=schedule, now=NOW, **only)
        return {night.dialect: night for night in found}

    assert nights() == {}
    with tracking_engine.begin() as connection:
        plan(connection, "missed", "edf_accounts", "2026-11-20")
        plan(connection, "tonight", "edf_accounts", "2026-11-21")
        plan(connection, "later", "edf_accounts", "2026-11-28")
        plan(connection, "by hand", "edf_accounts", None)
        plan(connection, "taken", "edf_accounts", "2026-11-19", wave_of(connection))
        plan(connection, "south", "essential_supply_points_cdns", "2026-11-21")
        connection.exec_driver_sql(
            "INSERT INTO migration.cohort_customer (cohort_id, target_kraken, import_supplier, resource, "
            "mode, external_identifier, priority, stratum) SELECT id, target_kraken, import_supplier, "
            "resource, mode, 'A-1', 1, 'DOM' FROM migration.cohort WHERE name = 'missed'"
        )
        connection.exec_driver_sql("UPDATE migration.cohort SET import_supplier = 'Y' WHERE name = 'tonight'")
    found = nights()
    edf = found["edf_accounts"]
    assert edf.begins_at is not None
    assert (edf.customers, edf.begins_at.isoformat()) == (1, "2026-11-21T20:00:00+00:00")
    assert {each.cohort.name: (each.goes, each.standing) for each in edf.cohorts} == {
        "missed": (True, "goes in this night"),
        "tonight": (
            False,
            "waits a night: 'missed' goes first, with another mode, import supplier or policy",
        ),
        "later": (False, "waits for its date, 2026-11-28"),
        "by hand": (False, "waits: it has no date, so only a run that names it takes it"),
    }
    # In Sydney this night has begun, so the next one takes it.
    south = found["essential_supply_points_cdns"].begins_at
    assert south is not None
    assert south.isoformat() == "2026-11-22T20:00:00+11:00"
    assert list(nights(dialect="edf_accounts")) == ["edf_accounts"]
    (by_hand, *_) = nights(schedule="")["edf_accounts"].cohorts
    assert "nights are not scheduled" in by_hand.standing


def test_the_same_news_is_told_once_a_day_until_it_is_gone(tracking_engine: Engine) -> None:
    def is_news(amount: int, now: datetime) -> bool:
        return watch.is_news(tracking=tracking_engine, subject="open", amount=amount, now=now)

    assert is_news(10, NOW)
    # What could not be told is news the next time too.
    assert is_news(10, NOW)
    watch.remember(tracking=tracking_engine, subject="open", amount=10, now=NOW)
    later = NOW + timedelta(minutes=10)
    assert not is_news(12, later)
    assert is_news(20, later)
    assert is_news(3, NOW + timedelta(days=1))
    assert not is_news(0, later)
    assert is_news(1, later)


def test_the_end_of_a_rerun_is_told_with_what_is_mended_and_what_is_left(begin: BeginJourney) -> None:
    sound, rejected = "GB-000000001", "GB-000000125"
    journey = begin(customers=150)
    finished_wave(journey, sound, rejected, name="pilot")
    rerun(journey, states=("rejected",))
    left = announce_rerun(tracking=journey.tracking, rerun=1, failure="Rerun 1: 1 of 1 records failed.")
    assert (left.counts, left.dialect, left.mode) == (
        {"mended": 0, "left": 1, "parked": 0},
        "edf_accounts",
        "live",
    )
    assert "badly, with 0 of 1 records through and 1 left: Rerun 1: 1 of 1" in left.text
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{rejected}'"
        )
    rerun(journey, run_id="rerun-2", states=("rejected",))
    assert announce_rerun(tracking=journey.tracking, rerun=2, failure=None).counts == {
        "mended": 1,
        "left": 0,
        "parked": 0,
    }
