"""The invariants: at each create that Kraken accepts, and when a history has ended."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import orjson

from kraken_import.domain.lifecycle import ENDED_AT_KRAKEN, LEGAL_MOVES, REOPENING_MOVES, UNDONE, State
from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process
from kraken_import.tracking.refs import BatchRef
from proofs.simulation.kraken import Accepted, digest
from proofs.simulation.loop import PROCESS
from proofs.simulation.sessions import Session
from proofs.simulation.world import World

_creating: Any = import_module("kraken_import.usecases.creator")
_UNTOUCHED: Final = frozenset({State.PLANNED, State.REJECTED, State.BUILT, State.VALID, State.INVALID})
"""In these states Kraken has nothing of the present attempt."""


@dataclass(kw_only=True)
class Invariants:
    """Watches a world."""

    world: World
    accepted: dict[tuple[int, int], list[Accepted]] = field(default_factory=dict)
    """By import process and attempt."""
    workers: dict[BatchRef, dict[Any, Session]] = field(default_factory=dict)
    """By batch the processes that create for it, each with the session that holds its lock."""

    @contextmanager
    def observed(self) -> Iterator[None]:
        """See every worker that begins to create for a batch, until the block ends."""
        run = _creating.Creator.run

        async def seen(worker: Any) -> Any:
            with self._at_work(worker):
                return await run(worker)

        _creating.Creator.run = seen
        try:
            yield
        finally:
            _creating.Creator.run = run

    @contextmanager
    def _at_work(self, worker: Any) -> Iterator[None]:
        batch = BatchRef(wave_id=worker.ref.wave_id, batch=worker.ref.batch)
        others, process = self.workers.setdefault(batch, {}), PROCESS.get()
        mine = worker.connection.connection.dbapi_connection
        # One that has lost its session while it stood still finds out by its next statement.
        if not mine.closed and any(not (each.is_dead or its.closed) for each, its in others.items()):
            self.world.wrongly(f"two workers create for batch {batch.batch} of wave {batch.wave_id} at once")
        others[process] = mine
        try:
            yield
        finally:
            del others[process]

    def watch(self, accepted: Accepted) -> None:
        """A create has taken effect: it must have been intended, once, and been allowed."""
        world = self.world
        found = self._records(accepted)
        world.tell(
            "Kraken",
            f"accepts {accepted.key.external_identifier}{' (dry run)' if accepted.is_dry_run else ''}",
        )
        if not found:
            world.wrongly(f"Kraken got {accepted.key.external_identifier}, which no wave of this mode has")
            return
        (record,) = found
        name = f"{accepted.key.external_identifier} (record {record['id']}, attempt {record['attempt']})"
        tries = self.accepted.setdefault((record["id"], record["attempt"]), [])
        tries.append(accepted)
        # With a clock that is set back, an answer can look older than its create: what has ended without a
        # customer is then created again, which doubles no record.
        has_no_order = world.database.set_back_at is not None
        if len(tries) > 1 and not (has_no_order and accepted.is_after_end):
            world.wrongly(f"{name} was created {len(tries)} times")
        self._check_earlier(record, name)
        if record["state"] in _UNTOUCHED:
            world.wrongly(f"{name} was created without an intent: it is {record['state']}")
        hindered_at = record["hindered_at"]
        if hindered_at is not None and record["intended_at"] > hindered_at and not has_no_order:
            world.wrongly(f"{name} was intended after its wave was stopped")
        most = world.settings.accounts_at_once
        if most is not None:
            under_way = self._under_way()
            if under_way > most:
                world.wrongly(f"{under_way} accounts are under way at Kraken, and {most} are allowed")

    def _check_earlier(self, record: dict[str, Any], name: str) -> None:
        """A create of a later attempt is none too many where Kraken had ended the earlier without success."""
        for other, attempt in self.accepted:
            if other == record["id"] and attempt != record["attempt"]:
                (earlier,) = self.world.ground.rows(_ATTEMPT, {"record": other, "attempt": attempt})
                if earlier["outcome"] not in _WITHOUT_SUCCESS:
                    self.world.wrongly(f"{name} was created again, and attempt {attempt} has not failed")

    def _under_way(self) -> int:
        store = self.world.kraken.store
        now = self.world.kraken.clock()
        return sum(now - process.started_at < store.delay for process in store.processes.values())

    def _records(self, accepted: Accepted) -> list[dict[str, Any]]:
        key = accepted.key
        return self.world.ground.rows(
            _RECORD,
            {
                "mode": "rehearsal" if accepted.is_dry_run else "live",
                "resource": key.resource,
                "supplier": key.import_supplier,
                "identifier": key.external_identifier,
            },
        )

    def check_end(self) -> None:
        """When everything has ended: both sides agree, and the history adds up."""
        records = self.world.ground.rows(_RECORDS)
        self._check_sides(records)
        self._check_events(records)
        self._check_payloads()
        self._check_rows(records)
        self._check_money()

    def _check_sides(self, records: list[dict[str, Any]]) -> None:
        """Tracking says what Kraken has, in both directions."""
        store, now = self.world.kraken.store, self.world.kraken.clock()
        known = set()
        for record in records:
            key = Key(record["resource"], record["import_supplier"], record["external_identifier"])
            process = store.processes.get(key)
            status = None if process is None else store.status(process=process, now=now)
            is_created = bool(self.accepted.get((record["id"], record["attempt"])))
            known.add(key)
            for what in disagreements(record=record, process=process, status=status, is_created=is_created):
                self.world.wrongly(f"{key.external_identifier} (record {record['id']}) is {what}")
        for key, process in store.processes.items():
            if key not in known and (process.live_creates or process.dry_run_creates):
                self.world.wrongly(f"Kraken has {key.external_identifier}, and tracking does not know it")

    def _check_events(self, records: list[dict[str, Any]]) -> None:
        """The events of a record replay to its state, by legal moves alone."""
        by_record: dict[int, list[dict[str, Any]]] = {}
        for event in self.world.ground.rows(_EVENTS):
            by_record.setdefault(event["import_process_id"], []).append(event)
        for record in records:
            state: str | None = None
            for event in by_record.get(record["id"], []):
                origin = event["from_state"]
                # Another wave claims again what a cancelled one has left.
                is_claim = origin is None and event["to_state"] == State.PLANNED
                if state is not None and origin != state and not is_claim:
                    self.world.wrongly(f"record {record['id']} leaves {origin}, and was {state}")
                if origin is not None and not _is_legal(origin, event["to_state"]):
                    self.world.wrongly(f"record {record['id']} went from {origin} to {event['to_state']}")
                state = event["to_state"]
            if state != record["state"]:
                self.world.wrongly(
                    f"record {record['id']} is {record['state']}, and its events end in {state}"
                )

    def _check_payloads(self) -> None:
        """What Kraken got is what tracking keeps of that attempt."""
        kept = {
            (row["import_process_id"], row["attempt"]): row["body"]
            for row in self.world.ground.rows(_PAYLOADS)
        }
        for (record, attempt), creates in self.accepted.items():
            body = kept.get((record, attempt))
            if body is None:
                self.world.wrongly(f"of record {record}, attempt {attempt}, no payload is kept")
                continue
            mine = digest(document=orjson.loads(zlib.decompress(body)))
            if any(create.digest != mine for create in creates):
                self.world.wrongly(
                    f"record {record}, attempt {attempt}, was created with another payload than is kept"
                )

    def _check_rows(self, records: list[dict[str, Any]]) -> None:
        """Every customer that was claimed has one row; each wave counts its own."""
        counted = Counter(record["wave_id"] for record in records)
        for wave in self.world.ground.rows(_WAVES):
            if wave["claimed"] != counted[wave["id"]] + wave["handed_on"]:
                self.world.wrongly(
                    f"wave {wave['id']} has claimed {wave['claimed']}, and {counted[wave['id']]} have a state"
                )

    def _check_money(self) -> None:
        """Check that a batch's sums are those of its records, and those of what was sent."""
        for row in self.world.ground.rows(_MONEY):
            self.world.wrongly(
                f"money of wave {row['wave_id']}, batch {row['batch']}: {row['records']} cents in records, "
                f"{row['batches']} in the batch"
            )


def disagreements(
    *, record: Mapping[str, Any], process: Process | None, status: str | None, is_created: bool
) -> Iterator[str]:
    """What is wrong with a record once all has ended, beside what Kraken has of it.

    `is_created` says whether Kraken has accepted a create of its present attempt.
    """
    state = State(record["state"])
    mine = process is not None and process.is_dry_run == (record["mode"] == "rehearsal")
    if state in UNDONE and record["stop_code"] != "cancelled":
        yield f"left {state.value}, and its wave was not cancelled"
    if state in _UNTOUCHED and is_created:
        yield f"{state.value} here, and Kraken has it"
    if state is State.PROCESSED and process is None:
        yield "processed here, and Kraken has nothing of it"
    if process is None or not mine or record["is_other"]:
        return
    if state in ENDED_AT_KRAKEN and status is not None and status.lower() != state.value:
        yield f"{state.value} here and {status} at Kraken"
    if state is State.PROCESSED and record["kraken_identifier"] != process.kraken_identifier:
        yield f"{record['kraken_identifier']} here and {process.kraken_identifier} at Kraken"


def _is_legal(origin: str, target: str) -> bool:
    start, end = State(origin), State(target)
    return (
        end in LEGAL_MOVES[start]
        or end in REOPENING_MOVES.get(start, frozenset())
        # A rerun, or a person, lets go of what was parked.
        or start is State.PARKED
    )


_WITHOUT_SUCCESS: Final = frozenset({"errored", "cancelled", "dry_run_errored", "dry_run_succeeded"})
_ATTEMPT: Final = """
    SELECT outcome FROM migration.import_attempt
    WHERE import_process_id = %(record)s AND attempt = %(attempt)s
"""
_RECORD: Final = """
    SELECT process.id, process.attempt, process.state, process.wave_id, process.intended_at,
        -- A rerun of it may go on where its wave must not, until the rerun is stopped too.
        CASE
            WHEN hindrance.stopped_at IS NOT NULL AND NOT rerun.may_create
                THEN greatest(hindrance.stopped_at, rerun.stopped_at)
        END AS hindered_at
    FROM migration.import_process AS process
    LEFT JOIN LATERAL migration.hindrance(process.wave_id, NULL) AS hindrance ON true
    CROSS JOIN LATERAL (
        SELECT count(*) > count(its.stopped_at) AS may_create, max(its.stopped_at) AS stopped_at
        FROM migration.rerun_item AS item
        LEFT JOIN LATERAL migration.hindrance(process.wave_id, item.rerun_id) AS its ON true
        WHERE item.import_process_id = process.id
    ) AS rerun
    WHERE process.mode = %(mode)s
        AND process.resource = %(resource)s
        AND process.import_supplier = %(supplier)s
        AND process.external_identifier = %(identifier)s
"""
_RECORDS: Final = """
    SELECT process.id, process.wave_id, process.mode, process.resource, process.import_supplier,
        process.external_identifier, process.state, process.attempt,
        process.kraken_identifier, wave.stop_code,
        process.first_error_code LIKE '%%import_in_the_way' AS is_other
    FROM migration.import_process AS process JOIN migration.wave ON wave.id = process.wave_id
    ORDER BY process.id
"""
_EVENTS: Final = """
    SELECT import_process_id, from_state, to_state FROM migration.import_event ORDER BY import_process_id, id
"""
_PAYLOADS: Final = "SELECT import_process_id, attempt, body FROM migration.payload"
_WAVES: Final = """
    SELECT wave.id, wave.claimed,
        (
            SELECT coalesce(sum(customers), 0) FROM migration.handed_on WHERE handed_on.wave_id = wave.id
        ) AS handed_on
    FROM migration.wave ORDER BY id
"""
_MONEY: Final = """
    WITH records AS (
        SELECT wave_id, batch, ledger, currency, sum(legacy_cents) AS legacy, sum(payload_cents) AS payload
        FROM migration.record_money GROUP BY wave_id, batch, ledger, currency
    ), batches AS (
        SELECT wave_id, batch, ledger, currency,
            sum(cents) FILTER (WHERE stage = 'legacy') AS legacy,
            sum(cents) FILTER (WHERE stage = 'payload') AS payload
        FROM migration.batch_money GROUP BY wave_id, batch, ledger, currency
    )
    SELECT wave_id, batch, records.legacy + coalesce(records.payload, 0) AS records,
        batches.legacy + coalesce(batches.payload, 0) AS batches
    FROM records FULL JOIN batches USING (wave_id, batch, ledger, currency)
    WHERE (wave_id, batch) NOT IN (SELECT wave_id, batch FROM migration.handed_on_money)
        AND (coalesce(records.legacy, 0) <> coalesce(batches.legacy, 0)
            OR coalesce(records.payload, 0) <> coalesce(batches.payload, 0))
"""
