"""Rows by frame: kept with the build, summed by wave, told at the gate and in the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_import.local.preflight import preflight
from kraken_import.local.settings import read_wishes
from kraken_import.tracking.frame_rows import WaveRows, of_rehearsal, of_wave
from kraken_import.usecases.gate import answer_question, question_to_ask
from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave, rerun
from transforms.frame_rows import FrameRows

DIALECT = "plenitude_accounts"
"""Its payloads may lack agreements: no rule and no stand-in misses them."""
LOSE_AGREEMENTS = (
    "ALTER TABLE legacy.contract RENAME TO kept; CREATE TABLE legacy.contract (LIKE legacy.kept)"
)
FIND_AGREEMENTS = "DROP TABLE legacy.contract; ALTER TABLE legacy.kept RENAME TO contract"
LOST = "Frame agreements has not one row for the "


@pytest.fixture
def journey(begin: BeginJourney) -> Journey:
    """A journey with a hundred customers."""
    return begin(customers=100, dialects=(DIALECT,))


def change(journey: Journey, statement: str) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(statement)


def rows_of(journey: Journey, wave_id: int) -> WaveRows:
    with journey.tracking.connect() as connection:
        return of_wave(connection=connection, wave_id=wave_id)


def of_frame(frames: Sequence[FrameRows], name: str) -> FrameRows:
    (found,) = (each for each in frames if each.frame == name)
    return found


def built(journey: Journey, **wanted: object) -> int:
    """A wave that is built and validated, with a person at its gate."""
    planned = journey.plan(dialect=DIALECT, approval="required", **wanted)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
    return planned.wave_id


def to_its_end(journey: Journey, wave_id: int) -> None:
    asked(journey, wave_id)
    answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=True, answered_by="ann", now=datetime.now(UTC)
    )
    journey.create(wave_id)
    journey.poll(wave_id)
    journey.summarise(wave_id)


def asked(journey: Journey, wave_id: int) -> str:
    question = question_to_ask(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    assert question is not None
    return question.body


def report(journey: Journey, wave_id: int) -> dict[str, str]:
    return wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))


def warnings(journey: Journey, wave_id: int) -> dict[str, str]:
    """Frame to sentence, as the report's table has them."""
    table = csv.DictReader(io.StringIO(report(journey, wave_id)["frames.csv"]))
    return {row["frame"]: row["warning"] for row in table if row["warning"]}


def test_a_wave_sums_its_batches_and_a_repeated_build_counts_once(journey: Journey) -> None:
    planned = journey.plan(dialect=DIALECT, batch_size=40)
    for batch in (*planned.batches, 1):
        journey.build(planned.wave_id, batch)
    found = rows_of(journey, planned.wave_id)
    assert found.again == []
    # What was refused is not built again, and counts no longer.
    refused = journey.rows("SELECT 1 FROM migration.import_process WHERE state = 'rejected' AND batch = 1")
    assert of_frame(found.whole, "accounts").parents == 100 - len(refused)
    with journey.legacy_superuser.connect() as connection:
        agreements, points, owners = connection.exec_driver_sql(
            "SELECT count(contract_id), count(DISTINCT supply_point_id), "
            "count(DISTINCT supply_point_id) FILTER (WHERE contract_id IS NOT NULL) FROM legacy.account "
            "JOIN legacy.occupancy USING (account_id) JOIN legacy.supply_point USING (premise_id) "
            "LEFT JOIN legacy.contract USING (account_id, supply_point_id) "
            "WHERE moved_out = '99991231' AND account_number = ANY (%(keys)s)",
            {
                "keys": [
                    row["external_identifier"]
                    for row in journey.rows(
                        "SELECT external_identifier FROM migration.import_process "
                        "WHERE state <> 'rejected' OR batch <> 1"
                    )
                ]
            },
        ).one()
    line = of_frame(found.whole, "agreements")
    assert (line.rows, line.parents, line.parents_with_rows) == (agreements, points, owners)


def test_lost_agreements_are_told_at_the_gate_and_in_the_report(journey: Journey) -> None:
    sound = built(journey, limit=50)
    assert "**Warning**" not in asked(journey, sound)
    assert warnings(journey, sound) == {}
    change(journey, LOSE_AGREEMENTS)
    lost = built(journey)
    # Nothing else misses them: without the counts this wave looks as sound as the one before.
    assert journey.states(lost)["valid"] >= journey.states(sound)["valid"] > 40
    body, files = asked(journey, lost), report(journey, lost)
    assert f"**Warning**: {LOST}" in body
    assert "sql/extract/plenitude_accounts/agreements.sql" in body
    assert "| `agreements` | 0 | `supply_points` | 0.0 % | 0.00 | – |" in body
    assert "Not compared: no rehearsal" in body
    assert LOST in files["index.html"]
    assert list(warnings(journey, lost)) == ["agreements"]
    assert warnings(journey, lost)["agreements"].startswith(LOST)


def test_a_wave_is_compared_with_the_rehearsal_of_its_own_customers(journey: Journey) -> None:
    other = built(journey, dry_run=True, name="of others", limit=50)
    rehearsal = built(journey, dry_run=True, name="dress")
    to_its_end(journey, rehearsal)
    to_its_end(journey, other)
    identifiers = [
        row["external_identifier"]
        for row in journey.rows(
            "SELECT external_identifier FROM migration.import_process WHERE wave_id = :id", id=rehearsal
        )
    ]
    sound = built(journey, identifiers=tuple(identifiers[:40]))
    body = asked(journey, sound)
    assert "Compared with these customers' batches of the rehearsal 'dress'." in body
    assert "**Warning**" not in body
    change(journey, LOSE_AGREEMENTS)
    lost = built(journey, identifiers=tuple(identifiers[40:]))
    assert "(in the rehearsal 'dress' 100.0 % had one)" in warnings(journey, lost)["agreements"]
    assert "Rehearsed: that have one" in report(journey, lost)["index.html"]


def test_customers_without_a_rehearsal_are_compared_with_the_last_one_that_ended(journey: Journey) -> None:
    rehearsal = built(journey, dry_run=True, name="dress", limit=50)
    built(journey, dry_run=True, name="not ended", limit=5)
    to_its_end(journey, rehearsal)
    rehearsed = {
        row["external_identifier"]
        for row in journey.rows("SELECT external_identifier FROM migration.import_process")
    }
    with journey.legacy_superuser.connect() as connection:
        everybody = connection.exec_driver_sql(
            "SELECT account_number FROM legacy.account WHERE account_number LIKE 'PT-%%'"
        ).scalars()
        others = tuple(sorted(set(everybody) - rehearsed))
    change(journey, "DELETE FROM legacy.contract WHERE supply_point_id %% 3 > 0")
    live = built(journey, identifiers=others)
    body = asked(journey, live)
    assert "Compared with the rehearsal 'dress': most of these customers were not rehearsed." in body
    assert (
        " of the rows of frame supply_points have a row of frame agreements, and 100.0 % had one in" in body
    )
    assert list(warnings(journey, live)) == ["agreements"]


def test_part_of_a_batch_built_again_leaves_the_counts_of_the_whole(journey: Journey) -> None:
    wave_id = built(journey)
    whole = rows_of(journey, wave_id).whole
    with journey.tracking.begin() as connection:
        kept = connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'creating', intended_at = now() "
            "WHERE state = 'valid' AND id %% 2 = 0"
        ).rowcount
    refused = journey.rows("SELECT 1 FROM migration.import_process WHERE state IN ('rejected', 'invalid')")
    change(journey, LOSE_AGREEMENTS)
    journey.build(wave_id)
    journey.validate(wave_id)
    found = rows_of(journey, wave_id)
    assert found.whole == whole
    again = of_frame(found.again, "accounts").parents
    assert 0 < again == 100 - kept - len(refused)
    body = asked(journey, wave_id)
    assert f"{again} customers were built again later; the table has the build of their whole" in body
    assert "**Warning**: Among the customers built again: 0.0 % of the rows of frame supply_points" in body

    # The same of a wave whose first build was not counted.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("DELETE FROM migration.batch_frame WHERE NOT again")
    assert LOST in asked(journey, wave_id)
    assert f"Counted for {again} of 100 customers." in asked(journey, wave_id)

    # Built once more, with the agreements found: nothing is left to warn of.
    change(journey, FIND_AGREEMENTS)
    journey.build(wave_id)
    journey.validate(wave_id)
    assert "**Warning**" not in asked(journey, wave_id)


def test_a_rerun_counts_none_of_its_own_builds(begin: BeginJourney) -> None:
    journey = begin(customers=30)
    wave_id = finished_wave(journey, "GB-000000001", "GB-000000025")
    before = journey.rows("SELECT * FROM migration.batch_frame ORDER BY frame")
    assert before
    assert journey.states(wave_id) == {"processed": 1, "rejected": 1}
    rerun(journey, wave=str(wave_id))
    assert journey.rows("SELECT * FROM migration.batch_frame ORDER BY frame") == before


def test_a_wave_says_for_how_many_of_its_customers_rows_are_counted(journey: Journey) -> None:
    wave_id = journey.plan(dialect=DIALECT, batch_size=60).wave_id
    assert "No rows are counted yet." in report(journey, wave_id)["index.html"]
    journey.build(wave_id, 1)
    assert "Counted for 40 of 100 customers." in report(journey, wave_id)["index.html"]
    with journey.tracking.connect() as connection:
        assert of_rehearsal(connection=connection, wave_id=wave_id) is None


def test_a_preflight_is_compared_with_the_last_rehearsal_if_one_is_at_hand(
    journey: Journey,
    empty_dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("kraken_import.local.preflight.ROOT", tmp_path)
    monkeypatch.setattr("kraken_import.local.preflight.RUN", tmp_path)
    to_its_end(journey, built(journey, dry_run=True, name="dress", limit=50))
    change(journey, LOSE_AGREEMENTS)
    legacy, tracking = (
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        for engine in (journey.legacy, journey.tracking)
    )
    told = {}
    for place in (tracking, empty_dsn):
        environment = {"LEGACY_DSN": legacy, "TRACKING_DSN": place, "DIALECT": DIALECT}
        preflight(wishes=read_wishes(environment=environment))
        told[place] = " ".join(capsys.readouterr().out.split())
    assert "(in the rehearsal 'dress' 100.0 % had one)" in told[tracking]
    assert "Rows by frame, beside the rehearsal 'dress':" in told[tracking]
    assert "0 agreements 0.0 % of supply_points, 0.00 for each (was 100.0 %, 2.00)" in told[tracking]
    assert LOST in told[empty_dsn]
    assert "Rows by frame:" in told[empty_dsn]
