"""A person decides about records that no answer of Kraken's proves."""

from __future__ import annotations

import asyncio
import getpass
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine

from kraken_import.domain.orders import Order
from kraken_import.local.__main__ import main
from kraken_import.tracking import decisions as tracked
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import BatchIsBusy, batch_lock, batch_locks
from kraken_import.usecases.decide import decide
from kraken_import.usecases.faults import BadRequest
from tests.conftest import StartSimulator
from tests.integration.conftest import BeginJourney, Journey, await_processing
from tests.integration.usecases.playing import rerun

POISON, SOUND, OTHER = "GB-000000002", "GB-000000003", "GB-000000004"


def say(
    journey: Journey,
    answer: str,
    *identifiers: str,
    wave: str = "run-1",
    reason: str = "Looked it up in Kraken.",
) -> str:
    return asyncio.run(
        decide(
            systems=journey.systems,
            wave=wave,
            identifiers=identifiers,
            answer=answer,
            order=Order(by="ops", reason=reason, at=datetime.now(UTC)),
        )
    )


def states(journey: Journey, *identifiers: str) -> list[str]:
    rows = journey.rows("SELECT external_identifier, state FROM migration.import_process")
    by_identifier = {row["external_identifier"]: row["state"] for row in rows}
    return [by_identifier[each] for each in identifiers]


def decisions(journey: Journey) -> list[tuple[Any, ...]]:
    rows = journey.rows(
        "SELECT process.external_identifier, answer, decided_by, reason, from_state, to_state "
        "FROM migration.record_decision JOIN migration.import_process AS process "
        "ON process.id = import_process_id ORDER BY decided_at, process.id"
    )
    return [tuple(row.values()) for row in rows]


def steps(journey: Journey, identifier: str) -> list[str]:
    """Every state that a record went through, in order."""
    rows = journey.rows(
        "SELECT event.to_state FROM migration.import_event AS event JOIN migration.import_process AS process "
        "ON process.id = event.import_process_id WHERE external_identifier = :identifier ORDER BY event.id",
        identifier=identifier,
    )
    return [row["to_state"] for row in rows]


def refuses(journey: Journey, sentence: str, answer: str, *identifiers: str, **said: str) -> None:
    """The order is one sentence and changes nothing."""
    before = journey.rows("SELECT * FROM migration.import_process ORDER BY id")
    with pytest.raises(BadRequest, match=sentence) as refused:
        say(journey, answer, *identifiers, **said)
    assert not re.search(r"\n|\. ", str(refused.value))
    assert journey.rows("SELECT * FROM migration.import_process ORDER BY id") == before
    assert decisions(journey) == []


def decide_by_command(monkeypatch: pytest.MonkeyPatch, journey: Journey, **variables: str) -> None:
    """`make decide` beside any stack."""
    systems = {
        "TRACKING_DSN": journey.tracking.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        ),
        "KRAKEN_URL": journey.simulator.url,
        "KRAKEN_TOKEN": journey.simulator.token,
        "WAVE_KEYS": journey.keys.text,
    }
    for name, value in {**systems, **variables}.items():
        monkeypatch.setenv(name, value)
    assert main(["decide"]) == 0


def with_parked(begin: BeginJourney, *identifiers: str) -> Journey:
    """A wave of five customers whose creates of these have never had an effect."""
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1)
    wave_id = journey.valid_wave()
    journey.strike(kind="error", operation="create", status=500, keys=list(identifiers))
    journey.finish(wave_id)
    journey.heal()
    assert states(journey, *identifiers) == ["parked"] * len(identifiers)
    return journey


def test_what_was_decided_absent_is_created_by_a_rerun_exactly_once(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journey = with_parked(begin, POISON, OTHER)
    # Kraken does not know them, and of one that was processed there is nothing to decide.
    refuses(
        journey, rf"Kraken does not know it, so it is not there \({POISON}, {OTHER}\)", "there", POISON, OTHER
    )
    refuses(journey, f"nothing to decide about {SOUND}: processed", "absent", POISON, SOUND)

    said = say(journey, "absent", POISON, OTHER)
    assert said == (
        "Wave 1 'run-1' (live, edf_accounts): 2 records were decided absent (2 valid); "
        "a rerun of it creates what was absent."
    )
    assert states(journey, POISON, OTHER) == ["valid", "valid"]
    (row,) = journey.rows(
        "SELECT DISTINCT doubts, parked_from FROM migration.import_process WHERE state = 'valid'"
    )
    assert tuple(row.values()) == (0, None)
    why = ("absent", "ops", "Looked it up in Kraken.", "parked", "valid")
    assert decisions(journey) == [(POISON, *why), (OTHER, *why)]
    # A second time it is said, and changes nothing; the command that creates them is said again.
    decide_by_command(
        monkeypatch, journey, WAVE="run-1", ID=f"{POISON},{OTHER}", ANSWER="absent", REASON="As before."
    )
    sentence, follows = capsys.readouterr().out.splitlines()
    assert "2 records were decided absent before" in sentence
    assert follows == f"To create what is absent: make rerun WAVE=run-1 ID={POISON},{OTHER}"
    with pytest.raises(BadRequest, match="valid, decided absent by ops on "):
        say(journey, "there", POISON)
    assert len(decisions(journey)) == 2

    rerun(journey, wave="run-1")
    assert states(journey, POISON, OTHER) == ["processed", "processed"]
    assert set(journey.created().values()) == {1}
    assert len(journey.created()) == 5
    assert journey.refused() == 0
    taken = steps(journey, POISON)
    assert taken[taken.index("parked") :][:6] == ["parked", "valid", "built", "valid", "creating", "created"]
    assert taken[-1] == "processed"


def test_what_kraken_shows_is_taken_when_it_is_said_to_be_there_and_refused_when_not(
    begin: BeginJourney,
) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1)
    wave_id = journey.valid_wave()
    # Created, and neither the create nor the status has ever said so.
    journey.strike(kind="error_after", operation="create", keys=[POISON])
    journey.strike(kind="error", operation="status", status=500, keys=[POISON])
    journey.create(wave_id)
    assert states(journey, POISON, SOUND) == ["parked", "created"]
    journey.heal()
    refuses(journey, rf"Kraken shows it as PROCESSED, so it is not absent \({POISON}\)", "absent", POISON)
    assert "1 record was decided there (1 processed)" in say(journey, "there", POISON)
    assert states(journey, POISON) == ["processed"]
    (row,) = journey.rows(
        "SELECT kraken_status, kraken_identifier IS NOT NULL AS named, settled_at IS NOT NULL AS settled "
        "FROM migration.import_process WHERE external_identifier = :poison",
        poison=POISON,
    )
    assert tuple(row.values()) == ("PROCESSED", True, True)
    assert steps(journey, POISON)[-2:] == ["parked", "processed"]
    assert "decided there before" in say(journey, "there", POISON)
    assert set(journey.created().values()) == {1}


def test_a_persons_word_counts_where_kraken_never_answers_about_the_record(begin: BeginJourney) -> None:
    journey = with_parked(begin, POISON, OTHER)
    journey.strike(kind="error", operation="status", status=500, keys=[POISON, OTHER])
    say(journey, "there", POISON)
    say(journey, "absent", OTHER)
    assert states(journey, POISON, OTHER) == ["processed", "valid"]
    (warning,) = journey.rows(
        "SELECT origin, severity, stage FROM migration.import_error WHERE code = 'decided_there'"
    )
    assert tuple(warning.values()) == ("local", "warning", "status")
    answers = journey.rows(
        "SELECT http_status FROM migration.answer WHERE http_status = 500 AND stage = 'status'"
    )
    assert len(answers) == 2
    journey.heal()
    rerun(journey, wave="run-1")
    assert journey.states(1) == {"processed": 5}
    assert POISON not in journey.created()
    assert set(journey.created().values()) == {1}


def test_nothing_is_decided_while_kraken_says_nothing_of_any_record(begin: BeginJourney) -> None:
    journey = with_parked(begin, POISON)
    journey.strike(kind="error", operation="status", status=500)
    refuses(journey, "gives no usable answer about any record", "there", POISON)
    refuses(journey.with_settings(token="expired"), r"refused the token \(401\)", "there", POISON)


def test_what_is_absent_from_before_its_validation_is_validated_first(journey: Journey) -> None:
    wave_id = journey.plan(limit=5).wave_id
    journey.build(wave_id)
    journey.strike(kind="error", operation="validate", keys=[POISON])
    assert journey.validate(wave_id).counts["parked"] == 1
    journey.heal()
    say(journey, "absent", POISON)
    assert states(journey, POISON) == ["built"]
    assert journey.validate(wave_id).counts == {"valid": 5}
    journey.finish(wave_id)
    assert journey.states(wave_id) == {"processed": 5}


def test_what_kraken_imported_under_another_identifier_is_there_under_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], journey: Journey
) -> None:
    wave_id = journey.valid_wave()
    journey.strike(kind="imported_elsewhere", keys=[POISON], account_id="A-X")
    journey.create(wave_id)
    assert states(journey, POISON) == ["missing"]
    decide_by_command(monkeypatch, journey, WAVE="run-1", ID=POISON, ANSWER="there", REASON="Seen as A-X.")
    assert "Wave 1 'run-1' (live, edf_accounts): 1 record was decided there" in capsys.readouterr().out
    assert decisions(journey) == [
        (POISON, "there", getpass.getuser(), "Seen as A-X.", "missing", "processed")
    ]
    (row,) = journey.rows(
        "SELECT state, kraken_identifier FROM migration.import_process WHERE external_identifier = :poison",
        poison=POISON,
    )
    assert tuple(row.values()) == ("processed", "A-X")
    assert steps(journey, POISON)[-2:] == ["parked", "processed"]


def test_nothing_that_kraken_named_of_an_absent_import_is_kept_for_the_next(begin: BeginJourney) -> None:
    journey = begin().with_settings(visibility_window=0.3, request_timeout=1)
    wave_id = journey.valid_wave()
    journey.strike(kind="imported_elsewhere", keys=[POISON], account_id="A-X")
    journey.finish(wave_id)
    journey.heal()
    say(journey, "absent", POISON)
    (row,) = journey.rows(
        "SELECT kraken_identifier, kraken_status, created_at FROM migration.import_process "
        "WHERE external_identifier = :poison",
        poison=POISON,
    )
    assert tuple(row.values()) == (None, None, None)


def test_nothing_is_absent_while_its_create_may_still_take_effect(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'creating', intended_at = migration.present(), "
            "evidence_from = migration.present()"
        )
    refuses(journey, r"a create of it may still take effect until \d\d:\d\d:\d\d UTC", "absent", POISON)
    assert journey.states(wave_id) == {"creating": 5}


def test_the_outcome_of_a_dry_run_is_never_decided(begin: BeginJourney) -> None:
    journey = begin()
    wave_id = journey.valid_wave(dry_run=True)
    journey.create(wave_id)
    journey.strike(kind="error", operation="status", status=500, keys=[POISON])
    refuses(journey, "the outcome of a dry run cannot be decided, only rerun", "there", POISON)


def test_one_contradiction_refuses_the_whole_order_and_names_five(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=8)
    journey.create(wave_id)
    # All in one state, whatever it takes to ask about them.
    await_processing()
    rows = journey.rows("SELECT external_identifier FROM migration.import_process ORDER BY id")
    named = [row["external_identifier"] for row in rows]
    # Of one of them the answer would count.
    journey.strike(kind="error", operation="status", status=500, keys=named[7:])
    listed = ", ".join(named[:5])
    refuses(journey.with_settings(visibility_window=0), rf"\({listed} and 2 more\)", "absent", *named)
    journey.heal()
    journey.poll(wave_id)
    refuses(journey, rf"nothing to decide about {listed} and 3 more: processed", "absent", *named)


@pytest.mark.parametrize(
    ("answer", "identifiers", "said", "sentence"),
    [
        ("there", (POISON,), {"wave": " "}, "Say of which wave"),
        ("there", (POISON,), {"wave": "nonesuch"}, "no wave 'nonesuch'"),
        ("there", (POISON,), {"wave": "twice"}, "Several waves are called 'twice'"),
        ("there", (), {}, "Say which records"),
        ("there", (POISON, " "), {}, "identifiers is blank"),
        ("perhaps", (POISON,), {}, "there when Kraken has these records, absent when it has not"),
        ("there", (POISON,), {"reason": " "}, "needs a reason"),
        ("there", (POISON, "GB-9", "GB-8"), {}, r"\(live, edf_accounts\) does not have GB-9, GB-8"),
        ("there", (POISON, SOUND), {}, f"{POISON}, {SOUND}: valid: only what is open or parked"),
    ],
)
def test_an_order_that_makes_no_sense_is_one_sentence(
    journey: Journey, answer: str, identifiers: Sequence[str], said: dict[str, str], sentence: str
) -> None:
    journey.valid_wave()
    journey.plan(limit=1, name="twice")
    journey.plan(limit=1, name="twice", dry_run=True)
    refuses(journey, sentence, answer, *identifiers, **said)


def test_nothing_is_decided_at_another_kraken_or_while_a_worker_creates(
    journey: Journey, start_simulator: StartSimulator
) -> None:
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    elsewhere = journey.with_settings(base_url=start_simulator().url)
    refuses(elsewhere, "was planned for", "absent", POISON)
    with batch_lock(engine=journey.tracking, ref=BatchRef(wave_id=wave_id, batch=0)):
        refuses(journey, "wait until its task has ended", "absent", POISON)
        # A pool keeps its connections, and with them what they forget to let go of.
        pooled = create_engine(journey.tracking.url, pool_size=1)
        with (
            pytest.raises(BatchIsBusy, match="batch 0 of wave"),
            batch_locks(engine=pooled, wave_id=wave_id, batches=(1, 0)),
        ):
            pass
    with batch_locks(engine=journey.tracking, wave_id=wave_id, batches=(0, 1)):
        pass
    pooled.dispose()


def test_a_record_that_has_moved_on_since_it_was_read_is_not_decided_on(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    with journey.tracking.begin() as connection:
        read = tracked.find(connection=connection, wave_id=wave_id, identifiers=[POISON, SOUND])
        assert tracked.hold(connection=connection, cases=read)
    journey.poll(wave_id)
    with journey.tracking.begin() as connection:
        assert not tracked.hold(connection=connection, cases=read)
