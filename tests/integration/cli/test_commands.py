"""`kraken-migrate` against a real tracking database: what each command does, and each exit code."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import pytest
from sqlalchemy import Engine

from kraken_import.cli import waves
from kraken_import.domain.lifecycle import Mode
from tests.command_lines import KRAKEN, Run, done, is_refused
from tests.conftest import free_port
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.tracking.test_schema import wave_of
from tests.integration.usecases.test_watch import plan

OF_TRACKING = [
    ("wave", "list"),
    ("plan",),
    ("rerun-show", "1"),
    ("wave", "show", "run"),
    ("wave", "pause", "run"),
    ("wave", "resume", "run"),
    ("wave", "cancel", "run"),
    ("wave", "stop-all"),
    ("wave", "close", "run"),
    ("wave", "open", "run"),
    ("own", "billing", "--wave", "run"),
    ("crosswalk", "run"),
    ("late-changes", "run"),
    ("differences",),
    ("record", "show", "A-1"),
    ("record", "decide", "run", "A-1", "--answer", "there", "--reason", "Seen."),
    ("db", "check"),
    ("db", "upgrade"),
    ("db", "take-over"),
    ("purge", "run"),
    ("archive", "folder"),
    ("restored", "--reason", "Disk lost."),
    ("hold", "add", "--wave", "run", "--reason", "A court."),
    ("hold", "list"),
    ("hold", "end", "1", "--reason", "Over."),
    ("erase", "A-1"),
    ("report", "run"),
    ("rerun", "--wave", "run"),
    ("reconcile", "--wave", "run"),
]


def test_a_command_that_is_not_told_where_to_work_says_so(bare: Run) -> None:
    for command in OF_TRACKING:
        is_refused(
            bare(*command, **KRAKEN), 2, "Nothing says where the tracking database is: set TRACKING_DSN"
        )


def test_a_database_that_does_not_answer_is_named_without_its_password(bare: Run) -> None:
    dsn = f"postgresql://me:hush@127.0.0.1:{free_port()}/x"
    for command in OF_TRACKING:
        result = bare(*command, TRACKING_DSN=dsn, **KRAKEN)
        is_refused(result, 3, "No database answers at TRACKING_DSN: ")
        assert "hush" not in result.output


def test_an_unknown_option_is_wrong_usage(bare: Run) -> None:
    for command in OF_TRACKING:
        result = bare(*command, "--no-such-option")
        assert (result.exit_code, "No such option" in result.stderr) == (2, True)


@pytest.mark.proof
def test_a_schema_that_is_older_or_newer_is_told_by_every_command(
    bare: Run, run: Run, empty_dsn: str, tracking_superuser_dsn: str
) -> None:
    others = [command for command in OF_TRACKING if command != ("db", "upgrade")]
    for command in others:
        is_refused(
            bare(*command, TRACKING_DSN=empty_dsn, **KRAKEN),
            4,
            "has no schema of the pipeline, and this version needs",
        )
    _set_version(tracking_superuser_dsn, "0021")
    is_refused(run("wave", "list"), 4, "has schema 0021, and this version needs")
    _set_version(tracking_superuser_dsn, "9999")
    for command in OF_TRACKING:
        is_refused(run(*command, **KRAKEN), 4, "has schema 9999, which is newer than")
    told = run("db", "check", "--json")
    assert (told.exit_code, json.loads(told.stdout)["is_newer"]) == (4, True)


def test_the_schema_is_brought_up_to_date(bare: Run, empty_dsn: str) -> None:
    place = {"TRACKING_DSN": empty_dsn}
    read_only = f"{empty_dsn}?options=-cdefault_transaction_read_only%3Don"
    is_refused(bare("db", "upgrade", TRACKING_DSN=read_only), 1, "could not be brought up to date")
    assert "had no schema of the pipeline, and now " in done(bare("db", "upgrade", **place))
    assert "already" in done(bare("db", "upgrade", **place))
    assert "as this version needs" in done(bare("db", "check", **place))
    assert json.loads(done(bare("db", "check", "--json", **place)))["is_current"] is True


OF_A_WAVE = [command for command in OF_TRACKING if "run" in command]


def test_a_wave_that_does_not_exist_is_a_sentence(run: Run, guide_legacy_dsn: str) -> None:
    for command in OF_A_WAVE:
        is_refused(run(*command, LEGACY_DSN=guide_legacy_dsn, **KRAKEN), 1, "There is no wave 'run'")


def test_two_waves_of_one_name_are_told_apart_by_their_ids(
    run: Run, guide_legacy_dsn: str, tracking_engine: Engine
) -> None:
    with tracking_engine.begin() as connection:
        first = wave_of(connection)
        second = wave_of(connection, run_id="other")
        connection.exec_driver_sql(
            "UPDATE migration.wave SET name = 'run', target_kraken = 'https://b:443' WHERE id = %s", (second,)
        )
    for command in OF_A_WAVE:
        result = run(*command, LEGACY_DSN=guide_legacy_dsn, **KRAKEN)
        is_refused(result, 1, "Several waves are")
        assert f"{first} (" in result.stderr
        assert f"{second} (" in result.stderr


REFUSED = [
    (("own", "billing"), 2, "Say which wave by --wave, or --kind difference"),
    (("own", " ", "--kind", "difference"), 1, "Say who the owner is"),
    (("own", "billing", "--kind", "difference"), 1, "No matching leftover lacks an owner"),
    (("own", "billing", "--wave", "run", "--dialect", "edf"), 2, "There is no dialect 'edf'"),
    (("wave", "list", "--dialect", "edf"), 2, "There is no dialect 'edf'"),
    (("wave", "resume", "run"), 1, "is not paused: there is nothing to resume"),
    (("wave", "stop-all", "--kraken", "krakn"), 1, "No wave was planned for the Connection or Kraken"),
    (("wave", "open", "run"), 1, "Wave 'run' is not closed"),
    (("wave", "close", "run"), 2, "Nothing says where the legacy database is"),
    (("purge", "run"), 1, "cannot be purged yet"),
    (("hold", "add", "--reason", "A court."), 2, "Say what to hold: --wave or --identifier"),
    (("hold", "add", "--wave", "run"), 1, "Say why by --reason"),
    (("hold", "end", "7", "--reason", "Over."), 1, "No legal hold 7 is in force"),
    (("restored", "--over"), 1, "No restore is in force"),
    (("restored", "--unlisted", "None."), 2, "Give --unlisted together with --over"),
    (("erase", "A-1"), 1, "Erasing is for the owner of the tracking database alone"),
    (("erase", "A-1", "--reports", "no-such"), 2, "There is no folder no-such"),
    (("wave", "run", "edf_accounts"), 2, "Say which customers: --limit, --identifier, --cohort or --all"),
    (("wave", "run", "edf_accounts", "--limit", "1", "--cohort", "a"), 2, "Say which customers"),
    (("wave", "run", "edf_accounts", "--limit", "1", "--set", "a"), 2, "Give --set as NAME=VALUE"),
    (("wave", "run", "edf_accounts", "--limit", "1"), 2, "Nothing says where Airflow is"),
    (
        ("wave", "run", "edf_accounts", "--limit", "1", "--live", "--name", "run"),
        1,
        "Wave 1 'run' (live, edf_accounts) has this name already: choose another one by --name, or leave it",
    ),
    (("wave", "run", "edf_accounts", "--limit", "1", "--name", "run"), 2, "Nothing says where Airflow is"),
    (("wave", "clear", "nobody"), 1, "There is no wave 'nobody'"),
    (("wave", "clear", "run"), 2, "Nothing says where Airflow is"),
    (("rerun",), 2, "Say what to rerun: --wave"),
    (("rerun", "--wave", "run", "--folder", "left"), 2, "Give --folder together with --wait"),
    (("reconcile",), 2, "Nothing says where Airflow is"),
    (("record", "show", "NOBODY"), 1, "No record of any wave has the external identifier 'NOBODY'"),
    (("record", "show", "NOBODY", "--wave", "run"), 1, "No record of wave "),
    (
        ("record", "decide", "run", "A-1", "--answer", "there", "--reason", "Seen."),
        2,
        "Nothing says where Kraken is",
    ),
]
"""Commands on a planned wave, their exit codes, and what they say."""


def test_what_makes_no_sense_is_refused_in_a_sentence(run: Run, wave_id: int) -> None:
    for command, code, sentence in REFUSED:
        is_refused(run(*command), code, sentence)


def test_an_order_is_given_and_shown_with_who_gave_it_and_why(run: Run, wave_id: int) -> None:
    assert "is paused" in done(run("wave", "pause", "run", "--reason", "Billing closes."))
    shown = done(run("wave", "show", str(wave_id)))
    assert "State: paused by " in shown
    assert ": Billing closes." in shown
    assert "           3  planned" in shown
    is_refused(run("wave", "pause", "run"), 1, "is paused already")
    assert "goes on" in done(run("wave", "resume", str(wave_id)))
    assert "State: under way" in done(run("wave", "show", "run"))
    assert "Stopped 1 wave" in done(run("wave", "stop-all", "--reason", "Storm."))
    assert "stopped (stop_all): " in done(run("wave", "list"))
    assert "Nothing was under way" in done(run("wave", "stop-all"))
    assert "is cancelled for good" in done(run("wave", "cancel", "run"))
    (line,) = json.loads(done(run("wave", "list", "--json")))
    assert (line["id"], line["name"], line["stop_code"]) == (wave_id, "run", "cancelled")
    told = json.loads(done(run("wave", "show", "run", "--json")))
    assert (told["states"], told["wave"]["mode"]) == ({"planned": 3}, "live")
    assert told["standing"].startswith("stopped (cancelled): cancelled by ")


def test_a_wave_is_followed_until_it_has_ended(
    run: Run, wave_id: int, tracking_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(_: float) -> None:
        with tracking_engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE migration.wave SET outcome = 'failed', outcome_reason = 'Seen.', finished_at = now()"
            )

    # While the command waits for its second look.
    monkeypatch.setattr(waves, "time", SimpleNamespace(sleep=end))
    shown = done(run("wave", "show", str(wave_id), "--follow")).splitlines()
    assert "State: under way" in shown
    assert shown[-1].endswith(" UTC  planned 3; failed: Seen.")
    is_refused(run("wave", "show", "run", "--follow", "--json"), 2, "Give --follow or --json, not both")


def test_the_plan_of_the_nights_names_cohorts_and_policy(run: Run, tracking_engine: Engine) -> None:
    assert "No cohort waits for a wave." in done(run("plan"))
    with tracking_engine.begin() as connection:
        plan(connection, "leeds-1", "edf_accounts", "2026-11-20")
    shown = done(run("plan", MIGRATION_SCHEDULE="0 20 * * *"))
    assert "(Europe/London) takes 1 cohort, 0 customers." in shown
    assert "leeds-1  2026-11-20  live" in shown
    (night,) = json.loads(done(run("plan", "--json", MIGRATION_SCHEDULE="")))
    assert (night["begins_at"], night["cohorts"][0]["goes"]) == (None, False)
    with tracking_engine.begin() as connection:
        plan(connection, "old-1", "gone_accounts", "2026-11-20")
    shown = done(run("plan", MIGRATION_SCHEDULE="0 20 * * *"))
    assert "(Europe/London) takes 1 cohort, 0 customers." in shown
    assert "https://kraken:443: no night takes these cohorts. There is no dialect 'gone_accounts'" in shown
    assert "waits: its dialect cannot be used" in shown


def test_waves_are_listed_the_newest_first(run: Run, tracking_engine: Engine) -> None:
    assert "There is no wave yet." in done(run("wave", "list"))
    assert "No Airflow holds the tracking database" in done(run("db", "take-over"))
    with tracking_engine.begin() as connection:
        wave_of(connection, run_id="first", mode=Mode.REHEARSAL)
        wave_of(connection, run_id="second")
    header, second, first = done(run("wave", "list")).splitlines()
    assert header.split() == ["id", "name", "mode", "dialect", "customers", "planned", "state"]
    assert "second  live" in second
    assert "first   rehearsal" in first
    assert len(done(run("wave", "list", "--most", "1")).splitlines()) == 2
    assert "There is no wave yet." in done(run("wave", "list", "--dialect", "plenitude_accounts"))


def test_what_a_wave_leaves_is_listed_owned_and_closed(
    run: Run, tracking_engine: Engine, guide_legacy_dsn: str, wave_id: int, tmp_path: Path
) -> None:
    with tracking_engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'rejected', attempt = 1, settled_at = now()"
        )
        connection.exec_driver_sql(
            "UPDATE migration.wave SET finished_at = now(), outcome = 'failed', outcome_reason = 'All.'"
        )
    legacy = {"LEGACY_DSN": guide_legacy_dsn}
    said = done(run("crosswalk", "run"))
    assert "0 customers are in Kraken; 3 are handed back, 3 of them without an owner" in said
    told = json.loads(done(run("crosswalk", str(wave_id), "--json", "--folder", "out")))
    assert (told["handed_back"], told["handed_back_without_owner"]) == (3, 3)
    assert told["files"] == [
        f"out/wave-{wave_id}/{name}.csv" for name in ("crosswalk", "hand-back", "undecided")
    ]
    assert "run-0" in (tmp_path / f"out/wave-{wave_id}/hand-back.csv").read_text()
    assert "0 customers changed after they were read" in done(run("late-changes", "run", **legacy))
    is_refused(run("wave", "close", "run", **legacy), 1, "3 customers handed back have no owner")
    assert "billing sees to 3 entries of wave 'run'." in done(run("own", "billing", "--wave", "run"))
    assert "is closed" in done(run("wave", "close", "run", **legacy))
    assert "closed by " in done(run("wave", "show", "run"))
    assert "is open again" in done(run("wave", "open", "run"))
    assert "0 differences are open" in done(run("differences"))
    assert json.loads(done(run("differences", "--wave", "run", "--json")))["open"] == 0
    assert "is purged and closed" in done(run("purge", "run", "--reason", "Over."))
    assert "purged on " in done(run("wave", "list"))
    assert "Nothing to archive" in done(run("archive", str(tmp_path / "archive")))
    assert "3 events of 1 purged waves" in done(run("archive", str(tmp_path / "archive"), "--days", "0"))


def test_a_customers_whole_story_is_told(bare: Run, begin: BeginJourney) -> None:
    journey = begin()
    wave_id = journey.valid_wave(limit=None, identifiers=("EXTERNAL-1234",))
    dsn = journey.tracking.url.render_as_string(hide_password=False).replace("+psycopg2", "")
    place = {
        "TRACKING_DSN": dsn,
        "KRAKEN_URL": journey.simulator.url,
        "KRAKEN_TOKEN": journey.simulator.token,
        "WAVE_KEYS": journey.keys.text,
    }
    journey.finish(wave_id)
    journey.summarise(wave_id)
    said = done(bare("record", "show", "EXTERNAL-1234", **place))
    assert said.startswith(f"EXTERNAL-1234: processed in wave {wave_id}")
    assert "  in Kraken as " in said
    assert "valid → creating" in said
    assert "sent, built at" not in said
    with_payload = done(bare("record", "show", "EXTERNAL-1234", "--payload", "--wave", str(wave_id), **place))
    assert '"external_account_number":"EXTERNAL-1234"' in with_payload.replace(": ", ":")
    assert "answered to create at " in with_payload
    (told,) = json.loads(done(bare("record", "show", "EXTERNAL-1234", "--json", **place)))
    assert [each["outcome"] for each in told["tries"]] == ["processed"]
    assert "sent" not in told
    decide = ("record", "decide", str(wave_id), "EXTERNAL-1234", "--answer", "absent", "--reason", "Seen.")
    is_refused(bare(*decide, **place), 1, "has nothing to decide about")
    shown = done(bare("wave", "show", str(wave_id), **place))
    assert "           1  processed" in shown
    assert "Money in GBP" in shown
    assert "State: succeeded" in shown
    _held_then_erased(bare, journey, place)


def _held_then_erased(bare: Run, journey: Journey, place: dict[str, str]) -> None:
    """Hold the customer, so that an erasure is refused, end the hold, and erase the customer as the owner."""
    owner = journey.tracking_superuser.url.render_as_string(hide_password=False).replace("+psycopg2", "")
    as_owner = {**place, "TRACKING_DSN": owner}
    hold = ("hold", "add", "--identifier", "EXTERNAL-1234", "--reason", "Asked for by a court.")
    assert "is under legal hold 1" in done(bare(*hold, **place))
    assert "Asked for by a court." in done(bare("hold", "list", **place))
    is_refused(bare("erase", "EXTERNAL-1234", **as_owner), 1, "legal hold 1 is in force")
    assert "has ended" in done(bare("hold", "end", "1", "--reason", "Decided.", **place))
    listed = done(bare("erase", "EXTERNAL-1234", **as_owner))
    assert "has 1 records, which can be erased; the token is erased-" in listed
    assert "Nothing was changed: repeat it with --reason and --yes." in listed
    gone = done(bare("erase", "EXTERNAL-1234", "--reason", "Asked for.", "--yes", **as_owner))
    assert "is erased in 1 records" in gone
    assert "EXTERNAL-1234" not in listed + gone
    is_refused(bare("record", "show", "EXTERNAL-1234", **place), 1, "No record of any wave")
    assert "Each create" not in done(bare("restored", "--reason", "Disk lost.", **place))
    assert "Tracking database: Restored at" in done(bare("wave", "show", "1", **place))
    assert "Restored at" in bare("doctor", **place).output


def test_a_parked_customer_is_decided_and_the_decision_is_told(bare: Run, begin: BeginJourney) -> None:
    journey = begin()
    wave_id = journey.valid_wave(limit=None, identifiers=("EXTERNAL-1234",))
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'parked', parked_from = 'valid'"
        )
    dsn = journey.tracking.url.render_as_string(hide_password=False).replace("+psycopg2", "")
    place = {
        "TRACKING_DSN": dsn,
        "KRAKEN_URL": journey.simulator.url,
        "KRAKEN_TOKEN": journey.simulator.token,
        "WAVE_KEYS": journey.keys.text,
    }
    decide = (
        "record",
        "decide",
        str(wave_id),
        "EXTERNAL-1234",
        "--answer",
        "absent",
        "--reason",
        "Not there.",
    )
    assert "decided absent" in done(bare(*decide, **place))
    said = done(bare("record", "show", "EXTERNAL-1234", **place))
    assert ": Not there." in said
    assert "decided absent by " in said


def test_a_password_as_an_option_is_refused(bare: Run, tracking_dsn: str) -> None:
    is_refused(bare("wave", "list", "--tracking-dsn", tracking_dsn), 2, "--tracking-dsn holds a password")


def _set_version(dsn: str, version: str) -> None:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE migration.schema_version SET version_num = %s", (version,))
    connection.close()
