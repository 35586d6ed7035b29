"""Whole waves: from the claim to the summary, for each dialect, with every outcome as foretold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from kraken_import.generator import load
from kraken_import.usecases import batch_sizes
from kraken_import.usecases import plan as planning
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.plan import EmptyWave, UnknownCustomers
from tests.integration.conftest import BeginJourney, Journey

DIALECTS = load.generated_dialects()
# One in 25 is broken, in up to so many ways.
CUSTOMERS = 25 * 17


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wave_ends_exactly_as_its_customers_imply(begin: BeginJourney, dialect: str) -> None:
    journey = begin(customers=CUSTOMERS, dialects=(dialect,))
    planned = journey.plan(dialect=dialect, batch_size=150)
    assert planned.batches == (0, 1, 2)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
        journey.create(planned.wave_id, batch)
        assert journey.poll(planned.wave_id, batch)["open"] == 0

    found = {
        row["external_identifier"]: (row["state"], row["first_error_code"], row["first_error_path"])
        for row in journey.rows("SELECT * FROM migration.import_process")
    }
    with journey.legacy_superuser.connect() as connection:
        broken = {
            row.external_identifier: (row.expected_state, row.expected_code, row.expected_path)
            for row in connection.exec_driver_sql("SELECT * FROM generator.expected_outcome")
        }
    assert len(found) == CUSTOMERS
    assert len(broken) == CUSTOMERS // 25
    assert found == {key: broken.get(key, ("processed", None, None)) for key in found}
    at_kraken = {key for key, (state, *_) in found.items() if state in ("processed", "errored")}
    assert journey.created() == dict.fromkeys(at_kraken, 1)
    assert journey.summarise(planned.wave_id).failure is None


def test_every_record_has_its_attempt_its_events_its_payload_and_its_answers(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    journey.poll(wave_id)
    events = journey.rows(
        "SELECT to_state, count(*) AS n FROM migration.import_event GROUP BY 1 ORDER BY min(id)"
    )
    walked = {row["to_state"]: row["n"] for row in events}
    assert {"planned", "built", "valid", "creating", "created", "processed"} <= set(walked)
    assert set(walked.values()) <= {1, 2, 3, 4, 5}
    assert walked["processed"] == 5
    assert len(journey.rows("SELECT * FROM migration.import_attempt WHERE outcome = 'processed'")) == 5
    assert len(journey.rows("SELECT * FROM migration.payload")) == 5
    stages = journey.rows("SELECT stage, count(*) AS n FROM migration.answer GROUP BY 1")
    answered = {row["stage"]: row["n"] for row in stages}
    assert answered["validate"] == 5
    assert answered["create"] == 5
    assert answered["status"] >= 5


def test_a_watermark_is_recorded_for_each_batch(journey: Journey) -> None:
    planned = journey.plan(limit=10, batch_size=5)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
    assert all(row["watermark"] is not None for row in journey.rows("SELECT * FROM migration.batch"))


def test_two_waves_planned_at_once_never_share_a_customer(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of them takes several pages.
    monkeypatch.setattr(planning, "_PAGE", 50)
    journey = begin(customers=400)

    def plan(number: int) -> int:
        return journey.plan_run(run_id=f"parallel-{number}", limit=120).claimed

    with ThreadPoolExecutor(max_workers=3) as workers:
        claimed = list(workers.map(plan, range(3)))
    assert sum(claimed) == len(journey.rows("SELECT 1 FROM migration.import_process"))
    assert max(claimed) == 120
    keys = journey.rows("SELECT DISTINCT external_identifier FROM migration.import_process")
    assert len(keys) == sum(claimed)


def test_a_wave_never_has_more_batches_than_airflow_can_map(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planning.MOST_BATCHES <= 1000
    monkeypatch.setattr(planning, "MOST_BATCHES", 10)
    journey = begin(customers=25)
    planned = journey.plan(batch_size=1)
    assert planned.claimed == 25
    assert len(planned.batches) <= 10
    sizes = {row["customers"] for row in journey.rows("SELECT customers FROM migration.batch")}
    assert max(sizes) == 3


@pytest.fixture
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of 1 to 4, of which 4 are worked on at once, and customers by threes."""
    monkeypatch.setattr(batch_sizes, "LEAST", 1)
    monkeypatch.setattr(batch_sizes, "MOST", 4)
    monkeypatch.setattr(planning, "_PAGE", 3)


def sizes(journey: Journey, wave_id: int) -> list[int]:
    """The customers of each batch; the wave must say how large they are at most."""
    rows = journey.rows(
        "SELECT batch.batch, customers, count(*) AS there, max(batch_size) AS most FROM migration.batch "
        "JOIN migration.wave ON wave.id = batch.wave_id JOIN migration.import_process AS process "
        "ON process.wave_id = batch.wave_id AND process.batch = batch.batch "
        "WHERE batch.wave_id = :id GROUP BY 1, 2 ORDER BY 1",
        id=wave_id,
    )
    assert [row["batch"] for row in rows] == list(range(len(rows)))
    assert all(row["customers"] == row["there"] <= row["most"] for row in rows)
    return [row["customers"] for row in rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"limit": 7}, [1] * 7),
        ({"limit": 20}, [3] * 6 + [2]),
        ({"identifiers": tuple(f"GB-{number:09}" for number in range(1, 17))}, [2] * 8),
        ({"limit": 40}, [4] * 10),
        # As many as there are.
        ({"limit": 200}, [4] * 12 + [2]),
        # A size that is given is kept.
        ({"limit": 40, "batch_size": 9}, [9] * 4 + [4]),
    ],
)
def test_batches_are_as_large_as_the_wave_needs_and_no_row_is_written_twice(
    begin: BeginJourney, small_sizes: None, wanted: dict[str, Any], found: list[int]
) -> None:
    journey = begin(customers=50)
    merges = merges_of(journey)
    assert sizes(journey, journey.plan(**wanted).wave_id) == found
    assert merges == []


@pytest.mark.parametrize(
    ("customers", "found", "merged"),
    [(20, [3] * 6 + [2], 20), (34, [4] * 8 + [2], 33), (50, [4] * 12 + [2], 33)],
)
def test_where_the_number_is_not_known_only_the_first_customers_are_moved(
    begin: BeginJourney, small_sizes: None, customers: int, found: list[int], merged: int
) -> None:
    journey = begin(customers=customers)
    merges = merges_of(journey)
    assert sizes(journey, journey.plan(all_customers=True).wave_id) == found
    assert merges == [merged]


def merges_of(journey: Journey) -> list[int]:
    """Collect how many rows each merge of batches writes again."""
    found: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_others: Any) -> None:
        if "SET batch = batch /" in statement:
            found.append(cursor.rowcount)

    event.listen(journey.tracking, "after_cursor_execute", note)
    return found


def test_a_wave_that_is_too_large_has_no_more_batches_than_the_grid_bears(
    begin: BeginJourney, small_sizes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sizes, "MAPPED", 5)
    journey = begin(customers=50)
    assert sizes(journey, journey.plan(limit=40).wave_id) == [8] * 5
    assert len(sizes(journey, journey.plan(all_customers=True, dry_run=True).wave_id)) <= 5


def test_planning_again_for_the_same_run_finds_its_wave(journey: Journey) -> None:
    first = journey.plan_run(run_id="again", limit=7)
    second = journey.plan_run(run_id="again", limit=7)
    assert second == first
    assert len(journey.rows("SELECT 1 FROM migration.import_process")) == 7


def test_named_customers_are_taken_and_those_of_other_waves_are_left_out(journey: Journey) -> None:
    journey.plan(identifiers=("GB-000000001", "GB-000000002"))
    planned = journey.plan(identifiers=("GB-000000002", "GB-000000003", "GB-000000003"))
    assert (planned.claimed, planned.already_claimed) == (1, 1)


def test_a_customer_that_does_not_exist_is_named_and_nothing_is_written(journey: Journey) -> None:
    with pytest.raises(UnknownCustomers, match="GB-NOBODY"):
        journey.plan(identifiers=("GB-000000001", "GB-NOBODY"))
    assert not journey.rows("SELECT 1 FROM migration.wave")


def test_an_empty_wave_is_one_sentence_and_nothing_is_written(journey: Journey) -> None:
    journey.plan()
    with pytest.raises(EmptyWave, match="No customer of edf_accounts is left"):
        journey.plan()
    assert len(journey.rows("SELECT 1 FROM migration.wave")) == 1


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"limit": 0}, "must be 1 or more"),
        ({"limit": 1, "identifiers": ("GB-000000001",)}, "not both"),
        ({"identifiers": (" ",)}, "blank"),
        ({"batch_size": 0}, "batch size"),
        ({"threshold": Decimal("1.5")}, "from 0 to 1"),
        ({"dialect": "nonesuch"}, "no dialect 'nonesuch'"),
    ],
)
def test_an_impossible_request_is_one_sentence(
    journey: Journey, wanted: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        journey.plan(**wanted)
    assert not journey.rows("SELECT 1 FROM migration.wave")


def test_a_dry_run_that_could_not_be_asked_for_is_never_begun(begin: BeginJourney) -> None:
    journey = begin("--envelope", "bare").with_settings(envelope="bare")
    with pytest.raises(BadRequest, match="cannot ask for a dry run"):
        journey.plan(dry_run=True)
    live = journey.valid_wave()
    journey.create(live)
    journey.poll(live)
    assert journey.states(live) == {"processed": 5}


def test_a_name_is_given_to_one_wave_only(journey: Journey) -> None:
    journey.plan(name="pilot", limit=1)
    with pytest.raises(BadRequest, match="'pilot' exists already"):
        journey.plan(name="pilot", limit=1)


def test_a_run_above_its_threshold_fails_and_says_why(begin: BeginJourney) -> None:
    journey = begin(customers=50)
    planned = journey.plan(threshold=Decimal("0.02"))
    journey.build(planned.wave_id)
    journey.validate(planned.wave_id)
    journey.create(planned.wave_id)
    journey.poll(planned.wave_id)
    failure = journey.summarise(planned.wave_id).failure
    assert failure is not None
    assert "2 of 50 records failed" in failure
    assert journey.rows("SELECT outcome FROM migration.wave")[0]["outcome"] == "failed"


def test_a_run_with_records_that_have_not_ended_fails(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    failure = journey.summarise(wave_id).failure
    assert failure is not None
    assert "5 valid" in failure


def test_building_again_picks_up_a_correction_and_takes_what_was_refused_for_a_backfill_alone(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=150)
    refused, sound = "GB-000000125", "GB-000000001"
    wave_id = journey.plan(identifiers=(refused, sound)).wave_id
    assert journey.build(wave_id) == {"rejected": 1, "built": 1}

    def attempts() -> dict[str, int]:
        found = journey.rows("SELECT external_identifier, attempt FROM migration.import_process")
        return {row["external_identifier"]: row["attempt"] for row in found}

    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET account_class = 'DOM'")
        connection.exec_driver_sql(
            "UPDATE legacy.party_contact SET value = 'new' || value WHERE strpos(value, '@') > 0"
        )
    journey.plan_run(run_id="run-1")
    assert journey.build(wave_id) == {"rejected": 1, "built": 1}
    assert attempts() == {refused: 1, sound: 2}
    before, after = (
        row["payload_hash"]
        for row in journey.rows(
            "SELECT payload_hash FROM migration.import_attempt WHERE outcome IS NULL ORDER BY attempt"
        )
    )
    assert before != after
    # A backfill of failed runs is a wish to redo what has failed.
    journey.plan_run(run_id="run-1", run_type="backfill")
    assert journey.build(wave_id) == {"built": 2}
    assert attempts() == {refused: 2, sound: 3}
    # And one more clearing by a person is none.
    journey.plan_run(run_id="run-1")
    assert journey.rows("SELECT takes_refused FROM migration.wave") == [{"takes_refused": False}]


def test_a_rehearsal_creates_nothing_and_stands_apart_from_the_live_import(journey: Journey) -> None:
    rehearsal = journey.valid_wave(dry_run=True)
    journey.create(rehearsal)
    journey.poll(rehearsal)
    assert journey.states(rehearsal) == {"dry_run_succeeded": 5}
    assert set(journey.created().values()) == {0}
    live = journey.valid_wave()
    journey.create(live)
    journey.poll(live)
    assert journey.states(live) == {"processed": 5}
    assert set(journey.created().values()) == {1}
