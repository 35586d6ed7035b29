"""Reruns and whole waves, played without Airflow."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kraken_import.tracking.evidence import Key
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases import verdicts
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.poll import poll
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.rerun import (
    PlannedRerun,
    RerunRequest,
    batches_to_rerun,
    plan_rerun,
    summarise_rerun,
)
from kraken_import.usecases.summarise import WaveSummary
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import BatchOutcome
from kraken_import.usecases.wave_request import AirflowRun
from tests.integration.conftest import Journey, await_processing

_ROOT: Final = Path(__file__).resolve().parents[3]
_CREATES: Final = """
import asyncio, json, sys
from sqlalchemy import create_engine
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.vault import attach
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.systems import connected
from tests.wave_keys import Keys

told = json.loads(sys.argv[1])
kraken = KrakenSettings(**told["kraken"])
async def refresh(): return kraken
tracking = attach(engine=create_engine(told["dsn"]), source=Keys())
systems = connected(tracking=tracking, kraken=kraken, refresh=refresh)
asyncio.run(create_batch(systems=systems, ref=BatchRef(**told["ref"])))
"""


def creating_process(journey: Journey, ref: BatchRef, **settings: Any) -> subprocess.Popen[bytes]:
    """Begin a process that creates a batch, for a test to kill."""
    told = {
        "dsn": journey.tracking.url.render_as_string(hide_password=False),
        "kraken": {"base_url": journey.kraken.base_url, "token": journey.kraken.token, **settings},
        "ref": {"wave_id": ref.wave_id, "batch": ref.batch},
    }
    return subprocess.Popen(
        [sys.executable, "-c", _CREATES, json.dumps(told)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": f"{_ROOT}:{_ROOT / 'plugins'}"},
    )


def begin_rerun(journey: Journey, run_id: str = "rerun-1", **wanted: Any) -> PlannedRerun:
    return plan_rerun(
        tracking=journey.tracking,
        kraken=journey.kraken,
        request=RerunRequest(**({"dialect": "edf_accounts"} | wanted)),
        run=AirflowRun(dag_id="rerun_edf_accounts", run_id=run_id),
        now=datetime.now(UTC),
    )


def work(journey: Journey, planned: PlannedRerun) -> WaveSummary:
    """The tasks of a rerun, as its DAG would take them."""
    prepare(journey, planned)
    for wave_id, batch in batches_to_rerun(
        tracking=journey.tracking, rerun=planned.rerun, now=datetime.now(UTC)
    ):
        ref = BatchRef(wave_id=wave_id, batch=batch, rerun=planned.rerun)
        asyncio.run(create_batch(systems=journey.systems, ref=ref))
        await_processing()
        until = datetime.now(UTC) + timedelta(seconds=15)
        asyncio.run(poll(systems=journey.systems, ref=ref, until=until))
    return summarise_rerun(
        tracking=journey.tracking, rerun=planned.rerun, failed_tasks=(), now=datetime.now(UTC)
    )


def create_in_rerun(journey: Journey, planned: PlannedRerun) -> BatchOutcome:
    """The create task of the rerun's first batch, alone."""
    wave_id, batch = planned.batches[0]
    ref = BatchRef(wave_id=wave_id, batch=batch, rerun=planned.rerun)
    return asyncio.run(create_batch(systems=journey.systems, ref=ref))


def rerun(journey: Journey, run_id: str = "rerun-1", **wanted: Any) -> WaveSummary:
    return work(journey, begin_rerun(journey, run_id, **wanted))


def finished_wave(journey: Journey, *identifiers: str, **wanted: Any) -> int:
    """A wave of these customers, taken to its end."""
    planned = journey.plan(identifiers=identifiers, **wanted)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
        journey.create(planned.wave_id, batch)
        journey.poll(planned.wave_id, batch)
    journey.summarise(planned.wave_id)
    return planned.wave_id


def prepare(journey: Journey, planned: PlannedRerun) -> None:
    """The tasks of a rerun before its gate."""
    for wave_id, batch in planned.batches:
        ref = BatchRef(wave_id=wave_id, batch=batch, rerun=planned.rerun)
        build_batch(systems=journey.systems, ref=ref)
        asyncio.run(validate_batch(systems=journey.systems, ref=ref))


def park(journey: Journey, *identifiers: str, code: str = "never_answered") -> None:
    """Park records of the only wave as their answers would."""
    rows = journey.rows(
        "SELECT id, wave_id, attempt FROM migration.import_process WHERE external_identifier = ANY (:keys)",
        keys=list(identifiers),
    )
    moves = [verdicts.park(key=Key(**row), code=code, detail="Kraken answers about others.") for row in rows]
    with journey.tracking.begin() as connection:
        taken = record_moves(
            connection=connection, moves=moves, dialect="edf_accounts", stage="status", at=datetime.now(UTC)
        )
    assert taken == len(identifiers)


def wave_with_parked(journey: Journey, **wanted: Any) -> tuple[int, str, str]:
    """Plan a wave of four, two processed. Returns its id, who was parked unsent, and who once sent."""
    wave_id = journey.valid_wave(limit=4, **wanted)
    keys = [row["external_identifier"] for row in journey.rows("SELECT * FROM migration.import_process")]
    unsent, sent = sorted(keys)[:2]
    park(journey, unsent, code="forbidden")
    journey.create(wave_id)
    park(journey, sent)
    journey.poll(wave_id)
    return wave_id, unsent, sent
