"""A trigger that meets another schema than its own ends in one sentence, and its wave goes on after."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kraken_import.tracking.faults import UnableToUseTracking
from tests.integration.airflow.test_dags import set_connections
from tests.integration.conftest import Journey

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.filterwarnings("default")]

OLDER, NEWER = "0001", "9999"
SAID = {
    OLDER: "needs {own}: bring it up to date with",
    NEWER: "was made for {own}: install the newer package",
}


def be_at(journey: Journey, version: str) -> str:
    """Have the tracking database say that it has another schema. Returns which it had."""
    with journey.tracking_superuser.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM migration.schema_version")).scalar_one()
        connection.execute(
            text("UPDATE migration.schema_version SET version_num = :version"), {"version": version}
        )
    return str(before)


def waiting(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any, Any]:
    """A wave whose creates Kraken has accepted, the operator that waits for it, and its trigger."""
    from airflow.sdk.exceptions import TaskDeferred

    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.operators.batch import AwaitBatchOperator

    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    wave_id = journey.valid_wave()
    journey.create(wave_id)
    operator = AwaitBatchOperator(
        task_id="await", batch={"wave_id": wave_id, "batch": 0}, connections=ConnectionIds()
    )
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({"params": {"await_minutes": 5}})
    return wave_id, operator, deferred.value.trigger


async def event_of(trigger: Any) -> Any:
    (event,) = [event async for event in trigger.run()]
    return event


def goes_on(journey: Journey, wave_id: int, trigger: Any) -> None:
    """The same trigger again, as the cleared task defers to it: nothing is lost, and nothing doubled."""
    assert "refused" not in (getattr(asyncio.run(event_of(trigger)), "payload", None) or {})
    assert journey.states(wave_id) == {"processed": 5}
    assert set(journey.created().values()) == {1}


def has_asked(journey: Journey, before: int) -> None:
    """Wait until Kraken was asked about a record once more."""
    deadline = time.monotonic() + 20
    while journey.seen("status") == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("version", SAID)
def test_a_trigger_of_another_version_asks_kraken_nothing(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    wave_id, operator, trigger = waiting(journey, monkeypatch)
    asked, before = journey.seen("status"), be_at(journey, version)
    event = asyncio.run(event_of(trigger))
    with pytest.raises(UnableToUseTracking) as refused:
        operator.resume({}, event.payload)
    assert f"The tracking database has schema {version}, and this package " in str(refused.value)
    assert SAID[version].format(own=before) in str(refused.value)
    assert journey.seen("status") == asked
    assert journey.states(wave_id) == {"created": 5}
    be_at(journey, before)
    goes_on(journey, wave_id, trigger)


@pytest.mark.parametrize("is_of_a_batch", [True, False])
def test_a_trigger_ends_when_the_schema_is_upgraded_while_it_waits(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, is_of_a_batch: bool
) -> None:
    from kraken_import.airflow import fitting
    from kraken_import.airflow.connections import ConnectionIds
    from kraken_import.airflow.triggers import poll_trigger

    monkeypatch.setattr(fitting, "_LOOK_AGAIN", 0.3)
    wave_id, _, trigger = waiting(journey, monkeypatch)
    until = datetime.now(UTC) + timedelta(minutes=5)
    waits = trigger if is_of_a_batch else poll_trigger(connections=ConnectionIds(), until=until)
    if not is_of_a_batch:
        # It takes only what no batch has asked about for half a minute.
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE migration.import_process SET created_at = created_at - interval '40 seconds'"
            )
    journey.strike(kind="never_ends")
    asked = journey.seen("status")

    async def upgrade_meanwhile() -> Any:
        polling = asyncio.create_task(event_of(waits))
        await asyncio.to_thread(has_asked, journey, asked)
        before = await asyncio.to_thread(be_at, journey, NEWER)
        async with asyncio.timeout(10):
            return before, await polling

    before, event = asyncio.run(upgrade_meanwhile())
    assert SAID[NEWER].format(own=before) in event.payload["refused"]
    assert sum(journey.states(wave_id).values()) == 5
    be_at(journey, before)
    journey.heal()
    goes_on(journey, wave_id, trigger)


def test_a_question_stays_open_whatever_the_schema_is(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uuid import uuid4

    from kraken_import.airflow.triggers import QuestionTrigger

    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    question = QuestionTrigger(
        tracking_conn_id="tracking",
        wave_id=journey.plan(limit=1).wave_id,
        ti_id=uuid4(),
        options=["Approve", "Reject"],
        defaults=["Reject"],
        params={},
        timeout_datetime=None,
    )
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE migration.wave RENAME COLUMN stopped_at TO ended_by_hand_at")
    assert asyncio.run(question._is_withdrawn()) is False
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE migration.wave RENAME COLUMN ended_by_hand_at TO stopped_at")
        connection.exec_driver_sql(
            "UPDATE migration.wave SET stopped_at = now(), stop_code = 'cancelled', stop_reason = 'By hand.'"
        )
    assert asyncio.run(question._is_withdrawn()) is True
