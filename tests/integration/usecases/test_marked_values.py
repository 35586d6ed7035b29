"""Personal values through faults of each kind: they stand in payloads and answers, and nowhere else."""

from __future__ import annotations

import logging
import shutil
import traceback
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from kraken_import.tracking.faults import UnableToUseTracking, speak_in_sentences
from kraken_import.usecases.announce import announce
from kraken_import.usecases.report import wave_report
from tests.conftest import ROOT
from tests.integration.conftest import Journey
from tests.marks import Marked, mark, marks_in
from transforms import sql_files

WAVE = [f"GB-{number:09}" for number in (1, 2, 3, 4, 5, 6, 7, 8)]
UNREADABLE, REJECTED, REFUSED, ECHOED, ERRORED, UNANSWERED, *_ = WAVE


def test_a_marked_value_stands_in_payloads_and_answers_alone_whatever_goes_wrong(
    journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # What is not sealed can be searched.
    journey.keys.text = ""
    marked = _marked(journey)
    _have_the_sql_cast_a_name(monkeypatch, folder=tmp_path, account=UNREADABLE)
    planned = journey.plan(identifiers=WAVE, threshold=1)
    raised = _failing_build(journey, planned.wave_id, value=marked[REFUSED].family)
    journey.build(planned.wave_id)
    for account, operation, fault in (
        (REFUSED, "validate", {"kind": "error", "status": 400}),
        (ECHOED, "create", {"kind": "error", "status": 500, "count": 1}),
        (ERRORED, "status", {"kind": "unknown_status", "status": "ERRORED"}),
        (UNANSWERED, "status", {"kind": "error", "status": 500, "count": 1}),
    ):
        journey.strike(operation=operation, keys=[account], words=marked[account].echo, **fault)
    journey.validate(planned.wave_id)
    journey.finish(planned.wave_id)
    summary = journey.summarise(planned.wave_id)
    states = {
        row["external_identifier"]: row["state"]
        for row in journey.rows("SELECT external_identifier, state FROM migration.import_process")
    }
    assert states == dict.fromkeys(WAVE, "processed") | {
        UNREADABLE: "rejected",
        REJECTED: "rejected",
        REFUSED: "invalid",
        ERRORED: "errored",
    }
    said = [raised, caplog.text, str(summary)]
    said += wave_report(tracking=journey.tracking, wave_id=planned.wave_id, now=datetime.now(UTC)).values()
    said += [
        announce(tracking=journey.tracking, wave_id=planned.wave_id, moment=moment, failure=summary.failure)
        .values(link="")
        .__repr__()
        for moment in ("start", "gate", "stop", "end")
    ]
    assert len("".join(said)) > 10_000
    for each in said:
        assert marks_in(text=each) == set()
    kept = {table: marks_in(text=_all_of(journey, table)) for table in _tables(journey)}
    assert {table for table, marks in kept.items() if marks} == set()
    answers = journey.rows("SELECT body FROM migration.answer")
    assert marks_in(text=str([zlib.decompress(bytes(row["body"])) for row in answers]))


def _marked(journey: Journey) -> dict[str, Marked]:
    with journey.legacy_superuser.begin() as connection:
        marked = mark(accounts=WAVE, change=lambda statement: connection.exec_driver_sql(statement))
        connection.exec_driver_sql(
            "UPDATE legacy.party SET birth_date = 'Zyxquill' WHERE party_id IN (SELECT party_id FROM "
            f"legacy.account_role JOIN legacy.account USING (account_id) WHERE account_number = '{REJECTED}')"
        )
    return marked


def _have_the_sql_cast_a_name(monkeypatch: pytest.MonkeyPatch, *, folder: Path, account: str) -> None:
    shutil.copytree(ROOT / "sql", folder, dirs_exist_ok=True)
    file = folder / "extract" / "edf_accounts" / "accounts.sql"
    cast = f"WHERE (account.account_number <> '{account}' OR CAST(account.billing_name AS integer) = 1) AND"
    file.write_text(file.read_text(encoding="utf-8").replace("WHERE", cast), encoding="utf-8")
    monkeypatch.setattr(sql_files, "FOLDER", folder)


def _failing_build(journey: Journey, wave_id: int, *, value: str) -> str:
    """What is printed when the tracking database refuses a row and quotes a value."""
    speak_in_sentences(engine=journey.tracking)
    with journey.tracking_superuser.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION migration.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"PERFORM CAST('{value}' AS integer); RETURN NEW; END $$;"
                "CREATE TRIGGER refuse BEFORE INSERT ON migration.import_attempt "
                "FOR EACH ROW EXECUTE FUNCTION migration.refuse()"
            )
        )
    with pytest.raises(UnableToUseTracking, match="22P02") as failed:
        journey.build(wave_id)
    with journey.tracking_superuser.begin() as connection:
        connection.execute(text("DROP FUNCTION migration.refuse() CASCADE"))
    return "".join(traceback.format_exception(failed.value))


def _tables(journey: Journey) -> list[str]:
    """Every table but those that are for what is personal, and their partitions."""
    return [
        row["name"]
        for row in journey.rows(
            "SELECT table_name AS name FROM information_schema.tables "
            "WHERE table_schema = 'migration' AND table_name !~ '^(payload|answer)(_|$)'"
        )
    ]


def _all_of(journey: Journey, table: str) -> str:
    return "\n".join(
        str(row["said"])
        for row in journey.rows(f"SELECT CAST(each AS text) AS said FROM migration.{table} AS each")
    )
