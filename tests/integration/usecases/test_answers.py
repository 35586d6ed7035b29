"""What Kraken refuses is called by our codes, and what it refuses to every record stops the wave."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.faults import SystemicFault
from kraken_import.usecases.poll import poll
from kraken_import.usecases.report import wave_report
from kraken_import.usecases.validate import validate_batch
from tests.integration.client.wire import Behaviour, Seen, serve
from tests.integration.conftest import Journey

ERRORED: Final = "EVENT_ACCOUNT_IMPORT_PROCESS_ERRORED"
PROCESSED: Final = {"status": "PROCESSED", "kraken_identifier": "A-1", "latest_error": None}
REASON: Final = {"code": "tariff_code_not_found", "detail": "No such tariff.", "domain": "account_import"}


def of(number: int) -> str:
    return f"GB-{number:09}"


def asked_about(request: Seen) -> str:
    if request.method == "GET":
        return request.path.rstrip("/").rpartition("/")[2]
    return str(json.loads(request.body)["payload"]["external_account_number"])


def flat(code: str, attr: str, detail: str) -> dict[str, Any]:
    error = {"code": code, "attr": attr, "detail": detail}
    return {
        "detail": "Could not validate.",
        "code": "account_failed_validation",
        "domain": "account_validation",
        "errors": [error],
    }


def ended(status: str, *, data: Any, error: Any = None) -> dict[str, Any]:
    # After every create of these tests: what ended before a create is told as the end of an earlier one.
    event = {"event": ERRORED, "occurred_at": "2099-01-01T00:00:00+00:00", "data": data}
    return {"status": status, "kraken_identifier": None, "latest_event": event, "latest_error": error}


def play(journey: Journey, behave: Behaviour, **wanted: Any) -> int:
    """Take a wave to its end at a Kraken that behaves so. Returns the wave."""

    async def run() -> int:
        async with serve(behave) as wire:
            there = journey.with_settings(base_url=wire.url)
            wave_id = there.plan_run(run_id=wire.url, **wanted).wave_id
            there.build(wave_id)
            ref = BatchRef(wave_id=wave_id, batch=0)
            await validate_batch(systems=there.systems, ref=ref)
            await create_batch(systems=there.systems, ref=ref)
            until = datetime.now(UTC) + timedelta(seconds=15)
            await poll(systems=there.systems, ref=ref, until=until)
            return wave_id

    return asyncio.run(run())


VALIDATED: Final[Mapping[str, Any]] = {
    of(1): {"customers": {"0": {"landline": ["abcde is not a valid phone number"]}}},
    of(2): {"payload": {"supply_addresses": [{"meter_points": [{"dr_in_progress": ["No."]}]}]}},
    of(3): {"customers": {"0": {"title": ["NAME is not a title of ours."]}}},
    of(4): flat("invalid", "customers.0.date_of_birth", "Date has wrong format."),
}
STATUSES: Final[Mapping[str, Any]] = {
    of(5): ended("ERRORED", data=REASON),
    of(6): ended("ERRORED", data=None),
    of(7): ended("ERRORED", data=REASON, error=REASON),
}
FOUND: Final = {
    # (code, path): (stage, detail, domain, event, is_named)
    ("invalid_phone_number", "customers.landline"): (
        ("validate", "abcde is not a valid phone number", None, None, True)
    ),
    ("disputed_read_in_progress", "supply_addresses.meter_points.dr_in_progress"): (
        ("validate", "No.", None, None, True)
    ),
    ("invalid", "customers.title"): ("validate", "••• is not a title of ours.", None, None, False),
    ("invalid_date", "customers.date_of_birth"): (
        ("validate", "Date has wrong format.", "account_validation", None, True)
    ),
    ("tariff_code_not_found", ""): ("status", "No such tariff.", "account_import", ERRORED, True),
    ("errored_without_a_reason", ""): (
        "status",
        "Kraken ended the import with an error and does not say why: ask its support.",
        None,
        ERRORED,
        True,
    ),
}


async def refuse_some(request: Seen) -> None:
    """Refuse what is named above as it is there, and take the others in."""
    key = asked_about(request)
    if request.method == "GET":
        await request.reply(200, STATUSES.get(key, PROCESSED))
    elif request.is_create or key not in VALIDATED:
        await request.reply(201 if request.is_create else 200, {})
    else:
        name = json.loads(request.body)["payload"]["customers"][0]["family_name"]
        await request.reply(400, json.dumps(VALIDATED[key]).replace("NAME", name).encode())


def test_refusals_have_our_codes_and_the_report_counts_those_without_one(journey: Journey) -> None:
    wave_id = play(journey, refuse_some, limit=20)
    assert journey.states(wave_id) == {"invalid": 4, "errored": 3, "processed": 13}
    rows = journey.rows(
        "SELECT code, path, stage, detail, domain, event, is_named, count(*) AS records"
        " FROM migration.import_error WHERE origin = 'kraken' GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    found = {(row["code"], row["path"]): tuple(list(row.values())[2:7]) for row in rows}
    assert found == FOUND
    assert {row["code"]: row["records"] for row in rows}["tariff_code_not_found"] == 2
    files = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    assert (
        "1 finding of Kraken&#39;s without a code of its own, by place: customers.title 1. Add what Kraken "
        "says there to the answers of the dialect"
    ) in files["index.html"]
    assert f"account_import, {ERRORED}" in files["index.html"].replace("<wbr>", "")
    causes = {(row["code"], row["path"]): row for row in csv.DictReader(io.StringIO(files["causes.csv"]))}
    tariff = causes["tariff_code_not_found", ""]
    assert (tariff["domain"], tariff["event"], tariff["without_code"]) == ("account_import", ERRORED, "0")
    assert causes["invalid", "customers.title"]["without_code"] == "1"
    found_by = {key: row["found_by"] for key, row in causes.items()}
    assert found_by["invalid", "customers.title"] == "refused by Kraken's validation"
    assert found_by["tariff_code_not_found", ""] == "ended by Kraken"
    assert '<td class="error">ended by Kraken</td>' in files["index.html"]


FAILED: Final = {"code": "import_process_failed_validation", "detail": "Not valid.", "domain": "x"}
SUPPLIER: Final = {"import_supplier": ['"TENTACLE_ENERGY" is not a valid choice.']}
LATE: Final = "schedule_window_end_too_far_in_future"
# When it is refused, what Kraken says, the code of the stop, and what a person reads.
REFUSED: Final = [
    ("validate", SUPPLIER, "import_supplier_refused", "(invalid_choice at import_supplier): have it set up"),
    (
        "validate",
        flat("invalid", "payload.import_supplier", "Unknown."),
        "import_supplier_refused",
        "refuses import supplier TENTACLE_ENERGY (at import_supplier): have it set up there",
    ),
    ("create", SUPPLIER, "import_supplier_refused", "or cancel the wave, and plan it"),
    (
        "create",
        {"task_params": {"schedule_window_end": ["Too far, Mr Quillfeather."]}},
        "task_params_refused",
        "that creates are sent with (at task_params.schedule_window_end): cancel the wave",
    ),
    (
        "create",
        flat(LATE, "task_params.schedule_window_end", "x"),
        "task_params_refused",
        f"({LATE} at task_",
    ),
    (
        "create",
        {"code": "schedule_window_start_in_past", "detail": "x", "domain": "y"},
        "task_params_refused",
        "has begun already (schedule_window_start_in_past): wait until it has here, then clear the run",
    ),
    ("create", {"payload": ["This field is required."]}, "envelope_refused", "from wrapped to bare, or back"),
    ("explain", SUPPLIER, "import_supplier_refused", "have it set up there, then clear the run"),
    (
        "explain",
        {"code": "import_supplier_migration_not_ongoing", "detail": "x"},
        "import_supplier_migration_not_ongoing",
        "is paused or complete: have it resumed there",
    ),
]


def test_what_is_refused_to_every_record_stops_the_wave_and_is_blamed_on_none(journey: Journey) -> None:
    for stage, document, code, sentence in REFUSED:
        reason = _stopped_at(journey, stage, document, code)
        assert sentence in reason, (stage, document)
        assert "Quillfeather" not in reason
    assert journey.rows("SELECT 1 FROM migration.import_error WHERE origin = 'kraken'") == []


def _stopped_at(journey: Journey, stage: str, document: Any, code: str) -> str:
    """Play a wave whose stage is refused. Returns why it was stopped."""
    creates = 0

    async def behave(request: Seen) -> None:
        nonlocal creates
        creates += request.is_create
        if request.is_create:
            await request.reply(400, FAILED if stage == "explain" else document)
        elif stage == "validate" or creates:
            await request.reply(400, document)
        else:
            await request.reply(200, {})

    # Each server is another Kraken, so that the customers are free again.
    with pytest.raises(SystemicFault) as stopped:
        play(journey, behave, limit=20)
    assert stopped.value.code == code, (stage, document)
    wave = journey.rows("SELECT id, stop_code, stop_reason FROM migration.wave ORDER BY id")[-1]
    assert (wave["stop_code"], wave["stop_reason"]) == (code, stopped.value.reason)
    assert journey.states(wave["id"]) == {"built" if stage == "validate" else "valid": 20}
    assert creates <= 20
    return stopped.value.reason


def test_once_the_supplier_is_set_up_the_cleared_run_goes_on_where_it_stopped(journey: Journey) -> None:
    creates: list[str] = []
    is_set_up = False

    async def behave(request: Seen) -> None:
        if request.method == "GET":
            await request.reply(200, PROCESSED)
        elif not request.is_create:
            await request.reply(200, {})
        elif not is_set_up and len(creates) >= 4:
            await request.reply(400, SUPPLIER)
        else:
            creates.append(asked_about(request))
            await request.reply(201, {})

    async def run() -> int:
        nonlocal is_set_up
        async with serve(behave) as wire:
            there = journey.with_settings(base_url=wire.url)
            wave_id = there.plan_run(run_id=wire.url, limit=20).wave_id
            ref = BatchRef(wave_id=wave_id, batch=0)
            there.build(wave_id)
            await validate_batch(systems=there.systems, ref=ref)
            with pytest.raises(SystemicFault, match="refuses import supplier"):
                await create_batch(systems=there.systems, ref=ref)
            assert 0 < len(creates) < 20
            is_set_up = True
            with pytest.raises(SystemicFault, match="was stopped"):
                await create_batch(systems=there.systems, ref=ref)
            there.plan_run(run_id=wire.url, limit=20)
            await create_batch(systems=there.systems, ref=ref)
            await poll(systems=there.systems, ref=ref, until=datetime.now(UTC) + timedelta(seconds=15))
            return wave_id

    wave_id = asyncio.run(run())
    assert journey.states(wave_id) == {"processed": 20}
    assert sorted(creates) == [of(number) for number in range(1, 21)]
