"""Which mapping built the payloads of a wave, of a rerun and of a try, and where another one has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_import.usecases.report import wave_report
from kraken_import.usecases.rerun_result import page_of_rerun
from kraken_import.usecases.wave_request import AirflowRun
from tests import projects
from tests.command_lines import command_line, done
from tests.integration.conftest import BeginJourney
from tests.integration.usecases.playing import begin_rerun, finished_wave, work
from transforms.code_files import as_csv, maps
from transforms.digests import build_version
from transforms.registry import get_dialect

MAP = "accounts.account_class"
REJECTED = "GB-000000125"
"""Its account class is a code that the dialect does not know."""


def test_a_rerun_with_another_mapping_than_its_wave_says_so(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journey = begin(customers=300)
    before = build_version(dialect="edf_accounts")
    wave_id = finished_wave(journey, REJECTED, "GB-000000001", name="pilot")
    same = begin_rerun(journey, "rerun-1", wave="pilot", states=("rejected",))
    work(journey, same)
    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    dsn = journey.tracking.url.set(drivername="postgresql").render_as_string(hide_password=False)
    shown = done(run("wave", "show", "pilot", TRACKING_DSN=dsn))
    assert f"Built by: {before.in_words}" in shown
    assert "another mapping" not in shown
    assert "another" not in done(run("rerun-show", "1", TRACKING_DSN=dsn))

    with journey.legacy_superuser.connect() as connection:
        code = connection.exec_driver_sql(
            "SELECT account_class FROM legacy.account WHERE account_number = %s", (REJECTED,)
        ).scalar_one()
    known = dict(maps(dialect=get_dialect(name="edf_accounts"))[MAP])
    mended = as_csv(codes={**known, code.strip(): next(iter(known.values()))})
    folder = projects.write(folder=tmp_path / "acme", files={f"codes/edf_accounts/{MAP}.csv": mended})
    with projects.in_force(folder=folder):
        after = build_version(dialect="edf_accounts")
        planned = begin_rerun(journey, "rerun-2", wave="pilot", states=("rejected",))
        work(journey, planned)
        assert journey.states(wave_id) == {"processed": 2}
        shown = done(run("wave", "show", "pilot", TRACKING_DSN=dsn))
        told = done(run("record", "show", REJECTED, TRACKING_DSN=dsn))
        result = done(run("rerun-show", str(planned.rerun), TRACKING_DSN=dsn))
        data = json.loads(done(run("rerun-show", str(planned.rerun), "--json", TRACKING_DSN=dsn)))
        page = page_of_rerun(tracking=journey.tracking, run=run_of("rerun-2"))
    assert after.mapping != before.mapping
    assert f"Built by: {before.in_words}" in shown
    assert f"built by another mapping, {after.mapping}" in shown
    sentence = f"Built by {after.in_words}: another than that of wave {wave_id} ({before.in_words})."
    assert sentence in result
    assert (data["mapping_digest"], data["mapped_otherwise"]) == (after.mapping, [wave_id])
    assert page is not None
    assert sentence in page
    # The third try alone: the second was built as the first was.
    assert told.count("built by another mapping than the try before") == 1
    assert told.index("Try 3") < told.index(f"than the try before: {after.in_words}")
    report = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))["index.html"]
    assert before.in_words in report


def test_a_cleared_wave_goes_on_with_the_mapping_of_now_and_earlier_tries_are_not_said_to_be_its(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journey = begin(customers=300)
    finished_wave(journey, REJECTED, name="pilot")
    (wave,) = journey.rows("SELECT mapped_at FROM migration.wave")
    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    dsn = journey.tracking.url.set(drivername="postgresql").render_as_string(hide_password=False)
    folder = projects.write(
        folder=tmp_path / "acme", files={"sql/extract/edf_accounts/columns.toml": "# Nothing yet.\n"}
    )
    with projects.in_force(folder=folder):
        after = build_version(dialect="edf_accounts")
        journey.plan_run(run_id="run-1", name="pilot")
    (found,) = journey.rows("SELECT mapping_digest, mapped_at FROM migration.wave")
    assert found["mapping_digest"] == after.mapping
    assert found["mapped_at"] > wave["mapped_at"]
    assert "another mapping" not in done(run("record", "show", REJECTED, TRACKING_DSN=dsn))


def test_of_a_wave_planned_before_versions_were_kept_it_is_not_known(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journey = begin(customers=300)
    finished_wave(journey, REJECTED, name="pilot")
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET package_version = NULL, mapping_digest = NULL, mapped_at = NULL"
        )
    work(journey, begin_rerun(journey, wave="pilot", states=("rejected",)))
    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    dsn = journey.tracking.url.set(drivername="postgresql").render_as_string(hide_password=False)
    shown = done(run("wave", "show", "pilot", TRACKING_DSN=dsn))
    assert "Built by: not known" in shown
    assert "another mapping" not in shown + done(run("record", "show", REJECTED, TRACKING_DSN=dsn))


def run_of(run_id: str) -> AirflowRun:
    return AirflowRun(dag_id="rerun_edf_accounts", run_id=run_id, run_type="manual")
