"""A batch that is built in blocks, and one whose build is killed between two of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import vault, waves
from kraken_import.tracking.frame_rows import of_wave
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases import build as building
from kraken_import.usecases.gate import batches_to_load
from kraken_import.usecases.systems import BuildSystems, database_clock
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun
from tests.wave_keys import Keys
from transforms.arrays import ArrayLiteral

CUSTOMERS = tuple(f"GB-{number:09}" for number in range(1, 61))
"""Of whom the 25th and the 50th are refused: one in each block."""
BLOCK = 30
_PATIENCE = 60.0


@pytest.fixture
def journey(begin: BeginJourney) -> Journey:
    """A journey with more customers than a block has."""
    return begin(customers=len(CUSTOMERS))


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that a test can afford several of."""
    monkeypatch.setattr(building, "BLOCK", BLOCK)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What a build in a process of its own needs."""

    tracking: str
    legacy: str
    kraken: KrakenSettings
    keys: Keys
    ref: BatchRef
    block: int


def build_there(place: _Place) -> None:
    """Build a batch as a worker would, in this process."""
    building.BLOCK = place.block
    tracking, legacy = (create_engine(dsn, poolclass=NullPool) for dsn in (place.tracking, place.legacy))
    vault.attach(engine=tracking, source=place.keys)

    async def same() -> KrakenSettings:
        return place.kraken

    systems = BuildSystems(
        tracking=tracking,
        legacy=legacy,
        kraken=place.kraken,
        refresh=same,
        clock=database_clock(engine=tracking),
    )
    building.build_batch(systems=systems, ref=place.ref)


@contextmanager
def _locked(journey: Journey, wave_id: int, identifier: str) -> Iterator[None]:
    """Let no build record this customer."""
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "SELECT FROM migration.import_process WHERE wave_id = %s AND external_identifier = %s FOR UPDATE",
            (wave_id, identifier),
        )
        yield


def killed_between_two_blocks(
    journey: Journey,
    wave_id: int,
    *,
    last: str = CUSTOMERS[-1],
    block: int = BLOCK,
    rerun: int | None = None,
) -> None:
    """Kill a worker that has recorded the first block of a batch, and waits to record that of `last`."""
    tracking, legacy = (
        engine.url.render_as_string(hide_password=False) for engine in (journey.tracking, journey.legacy)
    )
    place = _Place(
        tracking=tracking,
        legacy=legacy,
        kraken=journey.kraken,
        keys=journey.keys,
        ref=BatchRef(wave_id=wave_id, batch=0, rerun=rerun),
        block=block,
    )
    with _locked(journey, wave_id, last):
        worker = get_context("spawn").Process(target=build_there, args=(place,))
        worker.start()
        try:
            deadline = time.monotonic() + _PATIENCE
            while not _waits(journey):
                assert worker.is_alive(), worker.exitcode
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            worker.kill()
            worker.join()


def _waits(journey: Journey) -> bool:
    """Return whether a build waits for a lock on a record."""
    with journey.tracking_superuser.connect() as connection:
        return bool(
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).scalar()
        )


def attempts(journey: Journey, wave_id: int) -> dict[str, int]:
    rows = journey.rows(
        "SELECT external_identifier, attempt FROM migration.import_process WHERE wave_id = :id", id=wave_id
    )
    return {row["external_identifier"]: row["attempt"] for row in rows}


def outcome(journey: Journey, wave_id: int) -> dict[str, Any]:
    """What a build leaves behind, but for times and how often it was tried."""
    with journey.tracking.connect() as connection:
        frames = of_wave(connection=connection, wave_id=wave_id)
    told = {
        "states": "SELECT external_identifier, state FROM migration.import_process WHERE wave_id = :id",
        "findings": "SELECT external_identifier, error.code, error.path FROM migration.import_error AS error "
        "JOIN migration.import_process AS process ON process.id = error.import_process_id "
        "AND process.attempt = error.attempt WHERE error.wave_id = :id",
        "money": "SELECT stage, ledger, currency, customers, cents FROM migration.batch_money "
        "WHERE wave_id = :id",
        "values": "SELECT external_identifier, code, path, count(*) FROM migration.shared_value "
        "JOIN migration.import_process AS process ON process.id = import_process_id "
        "WHERE shared_value.wave_id = :id GROUP BY 1, 2, 3",
    }
    return {
        "payloads": journey.payloads(wave_id),
        "frames": (frames.whole, frames.again),
        **{
            name: sorted(tuple(row.values()) for row in journey.rows(statement, id=wave_id))
            for name, statement in told.items()
        },
    }


def snapshots(journey: Journey, wave_id: int) -> set[Any]:
    """The times of the snapshots that the records of a wave come from; the batch names the earliest."""
    records = journey.rows("SELECT watermark FROM migration.import_process WHERE wave_id = :id", id=wave_id)
    (batch,) = journey.rows("SELECT * FROM migration.batch WHERE wave_id = :id", id=wave_id)
    found = {row["watermark"] for row in records}
    assert batch["watermark"] == min(found)
    assert batch["built_at"] is not None
    return found


def sizes_of_reads(journey: Journey) -> list[int]:
    """Collect how many customers each query of the legacy database asks for."""
    sizes: list[int] = []

    def asked(_connection: Any, _cursor: Any, _statement: str, parameters: Any, *_others: Any) -> None:
        if isinstance(parameters, Mapping) and isinstance(parameters.get("identifiers"), ArrayLiteral):
            sizes.append(parameters["identifiers"].getquoted().count(b",") + 1)

    event.listen(journey.legacy, "before_cursor_execute", asked)
    return sizes


def test_a_batch_in_blocks_is_built_as_in_one(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    in_one = journey.plan(identifiers=CUSTOMERS, dry_run=True).wave_id
    counts = journey.build(in_one)
    assert len(snapshots(journey, in_one)) == 1
    monkeypatch.setattr(building, "BLOCK", 25)
    in_blocks = journey.plan(identifiers=CUSTOMERS).wave_id
    sizes = sizes_of_reads(journey)
    assert journey.build(in_blocks) == counts
    # Memory grows with what is read at a time.
    assert sorted(set(sizes)) == [10, 25]
    assert outcome(journey, in_blocks) == outcome(journey, in_one)
    assert len(snapshots(journey, in_blocks)) == 3


def test_a_build_that_is_killed_between_two_blocks_ends_as_one_that_was_not(
    journey: Journey, blocks: None
) -> None:
    whole = journey.plan(identifiers=CUSTOMERS, dry_run=True).wave_id
    journey.build(whole)
    wave_id = journey.plan(identifiers=CUSTOMERS).wave_id
    killed_between_two_blocks(journey, wave_id)
    assert journey.states(wave_id) == {"built": 29, "rejected": 1, "planned": 30}
    # What is kept by batch says nothing of half a batch.
    (batch,) = journey.rows("SELECT * FROM migration.batch WHERE wave_id = :id", id=wave_id)
    assert (batch["watermark"], batch["built_at"]) == (None, None)
    assert outcome(journey, wave_id)["frames"] == ([], [])

    journey.build(wave_id)
    assert outcome(journey, wave_id) == outcome(journey, whole)
    assert len(snapshots(journey, wave_id)) == 2
    assert set(attempts(journey, wave_id).values()) == {1, 2}


def test_only_what_the_broken_build_refused_is_built_again(journey: Journey, blocks: None) -> None:
    first, second = CUSTOMERS[0], CUSTOMERS[24]
    wave_id = journey.plan(identifiers=CUSTOMERS).wave_id
    journey.build(wave_id)
    before = journey.rows("SELECT watermark, built_at FROM migration.batch WHERE wave_id = :id", id=wave_id)
    frames = outcome(journey, wave_id)["frames"]
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = '??' WHERE account_number = %s", (first,)
        )
    killed_between_two_blocks(journey, wave_id)
    # Of the build before, until the next one has come to the end.
    assert before == journey.rows(
        "SELECT watermark, built_at FROM migration.batch WHERE wave_id = :id", id=wave_id
    )
    assert outcome(journey, wave_id)["frames"] == frames
    assert attempts(journey, wave_id)[first] == 2
    journey.build(wave_id)
    # What the first build refused waits for a rerun, as it does without a kill.
    tried = attempts(journey, wave_id)
    assert (tried[first], tried[second], tried[CUSTOMERS[1]], tried[CUSTOMERS[-1]]) == (3, 1, 3, 2)
    journey.build(wave_id)
    assert attempts(journey, wave_id)[first] == 3


def test_a_worker_that_wakes_late_leaves_refusals_to_reruns(journey: Journey) -> None:
    wave_id = journey.plan(identifiers=CUSTOMERS).wave_id
    began = journey.systems.clock()
    journey.build(wave_id)
    # What it writes after another worker has built the batch.
    with journey.tracking.begin() as connection:
        waves.record_watermark(
            connection=connection, wave_id=wave_id, batch=0, watermark=began, built_at=began
        )
    journey.build(wave_id)
    tried = attempts(journey, wave_id)
    assert (tried[CUSTOMERS[0]], tried[CUSTOMERS[24]]) == (2, 1)


def test_a_rerun_that_is_killed_between_two_blocks_tries_each_record_once(journey: Journey) -> None:
    refused = (CUSTOMERS[24], CUSTOMERS[49])
    wave_id = journey.plan(identifiers=CUSTOMERS).wave_id
    journey.build(wave_id)
    frames = outcome(journey, wave_id)["frames"]
    rerun = begin_rerun(journey, states=("rejected",)).rerun
    killed_between_two_blocks(journey, wave_id, last=refused[1], block=1, rerun=rerun)
    assert [attempts(journey, wave_id)[each] for each in refused] == [2, 1]
    building.build_batch(systems=journey.systems, ref=BatchRef(wave_id=wave_id, batch=0, rerun=rerun))
    tried = attempts(journey, wave_id)
    assert {tried[each] for each in refused} == {2}
    assert {tried[each] for each in CUSTOMERS if each not in refused} == {1}
    assert outcome(journey, wave_id)["frames"] == frames
    # Nor does the wave take what a rerun has refused for its own unfinished work.
    journey.build(wave_id)
    assert {attempts(journey, wave_id)[each] for each in refused} == {2}


def test_customers_of_two_blocks_that_share_a_value_are_both_warned_of(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("DROP INDEX legacy.supply_point_identifier_idx")
        connection.exec_driver_sql(
            "UPDATE legacy.supply_point SET identifier = (SELECT identifier FROM legacy.supply_point "
            "WHERE supply_point_id = 2) WHERE supply_point_id = 4"
        )
    monkeypatch.setattr(building, "BLOCK", 1)
    wave_id = journey.plan(identifiers=CUSTOMERS[:3]).wave_id
    journey.build(wave_id)
    journey.validate(wave_id)
    batches_to_load(tracking=journey.tracking, wave_id=wave_id, now=journey.systems.clock())
    warned = [row for row in outcome(journey, wave_id)["findings"] if row[1] == "duplicate_supply_point"]
    assert len(warned) == 2
