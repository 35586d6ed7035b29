"""What Kraken says of an earlier create is told as such, and repeats no value of any earlier payload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import event

from kraken_import.domain.masking import WITHHELD
from kraken_import.reporting.columns import columns
from kraken_import.tracking import overview
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.poll import poll
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.triage import Mapped, causes_of
from kraken_import.usecases.validate import validate_batch
from tests.integration.client.wire import Seen, serve
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave, rerun
from tests.integration.usecases.test_reruns import broken, give_it_a_tariff

SOUND: Final = "GB-000000001"
KEPT: Final = (
    "Kraken did not take the new create and keeps its old outcome: mend or remove it there, then rerun."
)


def said(journey: Journey, attempt: int) -> list[tuple[str, ...]]:
    """What is kept of a try: severity, code, path and sentence."""
    rows = journey.rows(
        "SELECT severity, code, path, detail FROM migration.import_error WHERE attempt = :attempt"
        " ORDER BY id",
        attempt=attempt,
    )
    return [tuple(row.values()) for row in rows]


@contextmanager
def statements(journey: Journey) -> Iterator[list[str]]:
    """The statements that are sent to the tracking database meanwhile."""
    found: list[str] = []

    def note(*given: Any) -> None:
        found.append(given[2])

    event.listen(journey.tracking, "before_cursor_execute", note)
    yield found
    event.remove(journey.tracking, "before_cursor_execute", note)


def test_a_mended_record_that_kraken_keeps_errored_is_told_as_kept(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "refuse", customers=225)
    wave_id = finished_wave(journey, broken(journey, "errored"), SOUND)
    give_it_a_tariff(journey)
    summary = rerun(journey, wave=str(wave_id))
    assert summary.counts == {"errored": 1}
    assert "(kept by Kraken as an earlier create ended: outcome_kept 1)" in str(summary.told)
    before = "Of an earlier create Kraken says tariff_code_not_found: Tariff ••• does not exist."
    assert said(journey, 2) == [("error", "outcome_kept", "", KEPT), ("warning", "said_before", "", before)]

    with journey.tracking.connect() as connection:
        (wave,) = overview.waves_of(connection=connection, wave_ids=[wave_id])
        mapped = Mapped.read(document=columns(name="edf_accounts"))
        (cause,) = causes_of(connection=connection, wave=wave, mapped=mapped).shown
    assert (cause.code, cause.detail, cause.by_whom) == (
        "outcome_kept",
        KEPT,
        "kept by Kraken as an earlier create ended",
    )
    assert (cause.column, cause.queries, cause.traced_how) == ("", (), "")
    report = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))["causes.csv"]
    assert "kept by Kraken as an earlier create ended" in report
    assert "said by Kraken of an earlier create" in report
    assert "refused by Kraken's create" not in report


def test_no_part_of_an_earlier_payloads_value_is_kept(begin: BeginJourney) -> None:
    journey = begin("--recreate-after-error", "refuse", customers=225)
    wave_id = finished_wave(journey, broken(journey, "errored"))
    give_it_a_tariff(journey)
    rerun(journey, wave=str(wave_id))
    rerun(journey, "rerun-2", wave=str(wave_id))
    assert not [each for attempt in (1, 2, 3) for each in said(journey, attempt) if "OBSOLETE" in each[3]]


@pytest.mark.parametrize("how", ["gone", "restored"])
def test_where_not_every_earlier_payload_is_known_krakens_sentence_is_left_out(
    begin: BeginJourney, how: str
) -> None:
    journey = begin("--recreate-after-error", "refuse", customers=225)
    wave_id = finished_wave(journey, broken(journey, "errored"))
    give_it_a_tariff(journey)
    with journey.tracking_superuser.begin() as connection:
        if how == "gone":
            connection.exec_driver_sql("DELETE FROM migration.payload WHERE attempt = 1")
        else:
            connection.exec_driver_sql(
                "INSERT INTO migration.restored (restored_by, restored_at, reason)"
                " VALUES ('ann', now() - interval '1 hour', 'A copy')"
            )
    rerun(journey, wave=str(wave_id))
    (told,) = (each for each in said(journey, 2) if WITHHELD in each[3])
    assert "tariff_code_not_found" in (told[1] if how == "restored" else told[3])


def test_a_live_imports_answer_repeats_no_value_of_the_rehearsal(begin: BeginJourney) -> None:
    journey = begin()
    sent: list[str] = []

    async def behave(request: Seen) -> None:
        if request.method == "GET":
            detail = "Quixworth was here before."
            is_live = "Other" in sent
            await request.reply(
                200,
                {
                    "status": "ERRORED" if is_live else "DRY_RUN_ERRORED",
                    "kraken_identifier": None,
                    "latest_error": {"code": "duplicate_account", "detail": detail},
                },
            )
            return
        payload: Mapping[str, Any] = json.loads(request.body)["payload"]
        sent.append(payload["customers"][0]["family_name"])
        await request.reply(201 if request.is_create else 200, {})

    async def play() -> None:
        async with serve(behave) as wire:
            there = journey.with_settings(base_url=wire.url)
            for is_live, name in ((False, "Quixworth"), (True, "Other")):
                with journey.legacy_superuser.begin() as connection:
                    connection.exec_driver_sql("UPDATE legacy.party SET last_name = %s", (name,))
                planned = there.plan_run(run_id=str(is_live), dry_run=not is_live, identifiers=(SOUND,))
                there.build(planned.wave_id)
                ref = BatchRef(wave_id=planned.wave_id, batch=0)
                await validate_batch(systems=there.systems, ref=ref)
                await create_batch(systems=there.systems, ref=ref)
                until = datetime.now(UTC) + timedelta(seconds=15)
                await poll(systems=there.systems, ref=ref, until=until)

    asyncio.run(play())
    details = [each[3] for each in said(journey, 1) if each[1] == "duplicate_account"]
    assert set(sent) == {"Quixworth", "Other"}
    assert details == ["••• was here before."] * 2


def test_masking_costs_a_first_try_one_statement_and_a_later_try_two(begin: BeginJourney) -> None:
    journey = begin(customers=300)
    invalid = broken(journey, "invalid")
    planned = journey.plan(identifiers=(invalid, SOUND))
    journey.build(planned.wave_id)
    with statements(journey) as first:
        journey.validate(planned.wave_id)
    assert journey.states(planned.wave_id) == {"invalid": 1, "valid": 1}
    assert len([each for each in first if "WITH wanted AS" in each]) == 1
    assert len([each for each in first if "AS wanted (id" in each or "looks_up_first" in each]) == 0
    journey.create(planned.wave_id)
    journey.poll(planned.wave_id)
    journey.summarise(planned.wave_id)
    with statements(journey) as later:
        rerun(journey, wave=str(planned.wave_id))
    assert len([each for each in later if "WITH wanted AS" in each]) == 1
    assert len([each for each in later if "AS wanted (id" in each]) == 1
