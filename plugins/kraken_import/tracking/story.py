"""What became of one customer: records, tries, moves, errors, decisions, and what was sent and answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from kraken_import.tracking.evidence import Key, unpack_answer, unpack_payload
from kraken_import.tracking.queries import queries
from kraken_import.tracking.vault import keys_of
from transforms.versions import BuildVersion

_MOST_LOOKS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A customer's import process as it stands."""

    id: int
    external_identifier: str
    dialect: str
    mode: str
    target_kraken: str
    import_supplier: str
    wave_id: int
    wave_name: str
    batch: int
    state: str
    parked_from: str | None
    attempt: int
    kraken_status: str | None
    kraken_identifier: str | None
    erased_at: datetime | None
    """When the customer was erased: what stands in place of the identifier is a token then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of a record; `outcome` is None while it goes on, or when a later try replaced it."""

    attempt: int
    wave_id: int
    airflow_run: str
    started_at: datetime
    settled_at: datetime | None
    outcome: str | None
    package_version: str | None
    mapping_digest: str | None

    @property
    def built_by(self) -> BuildVersion:
        """What built its payload."""
        return BuildVersion(package=self.package_version, mapping=self.mapping_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of a record between states."""

    attempt: int
    wave_id: int
    from_state: str | None
    to_state: str
    occurred_at: datetime
    error_code: str | None
    error_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """An error or a warning, with the values of the payload masked."""

    attempt: int
    wave_id: int
    stage: str
    origin: str
    severity: str
    code: str
    path: str
    indexed_path: str
    detail: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person said of the record."""

    attempt: int
    decided_at: datetime
    answer: str
    decided_by: str
    reason: str
    from_state: str
    to_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A payload that was built. Personal data."""

    attempt: int
    wave_id: int
    built_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What Kraken said, as received. Personal data."""

    attempt: int
    wave_id: int
    stage: str
    http_status: int | None
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record's story without personal data; moves are empty once their wave's events are archived."""

    record: Record
    tries: Sequence[Try]
    moves: Sequence[Step]
    errors: Sequence[Error]
    decisions: Sequence[Decided]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunOfRecord:
    """A rerun that had chosen the record, and the try in which it did."""

    id: int
    attempt: int
    requested_by: str | None
    requested_at: datetime
    finished_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceOfRecord:
    """A difference that reconciliation found about the record."""

    wave_id: int
    kind: str
    found_at: datetime
    resolved_at: datetime | None
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBackOfRecord:
    """That the record is handed back, and who sees to it."""

    code: str
    owner: str | None
    note: str | None
    listed_at: datetime
    owned_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOfRecord:
    """An order about chosen records of which this is one."""

    id: UUID
    kind: str
    ordered_by: str
    ordered_at: datetime
    reason: str
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looked at what was sent and answered of the record."""

    looked_by: str
    looked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What people and comparisons did about the record, beside its tries."""

    reruns: Sequence[RerunOfRecord]
    differences: Sequence[DifferenceOfRecord]
    hand_back: HandBackOfRecord | None
    orders: Sequence[OrderOfRecord]
    looks: Sequence[Look]


def record(*, connection: Connection, record_id: int) -> Record | None:
    """Return the record of this number; None where there is none."""
    return _SQL.one(connection, Record, "record", id=record_id)


def around(*, connection: Connection, told: Told) -> Around:
    """Return what people and comparisons did about a record."""
    number = told.record.id
    waves = _where(told=told)["partitions"]
    return Around(
        reruns=_SQL.all(connection, RerunOfRecord, "reruns", id=number),
        differences=_SQL.all(connection, DifferenceOfRecord, "differences", id=number, wave_ids=waves),
        hand_back=_SQL.one(connection, HandBackOfRecord, "hand_back", id=number),
        orders=_SQL.all(connection, OrderOfRecord, "orders", id=number),
        looks=_SQL.all(connection, Look, "looks", id=number, most=_MOST_LOOKS),
    )


def look(*, connection: Connection, record_id: int, by: str) -> None:
    """Record that a person looks at what was sent and answered of a record."""
    _SQL.run(connection, "look", id=record_id, looked_by=by)


def records(*, connection: Connection, external_identifier: str) -> list[Record]:
    """Return a customer's records: one for each Kraken, mode, resource and import supplier."""
    return _SQL.all(connection, Record, "records", external_identifier=external_identifier)


def tell(*, connection: Connection, found: Sequence[Record]) -> list[Told]:
    """Return what became of these records, in their order."""
    ids = [record.id for record in found]
    parts = {
        name: _by_record(_SQL.run(connection, name, ids=ids).mappings())
        for name in ("tries", "moves", "errors", "decisions")
    }
    return [
        Told(
            record=record,
            tries=[Try(**row) for row in parts["tries"][record.id]],
            moves=[Step(**row) for row in parts["moves"][record.id]],
            errors=[Error(**row) for row in parts["errors"][record.id]],
            decisions=[Decided(**row) for row in parts["decisions"][record.id]],
        )
        for record in found
    ]


def sent(*, connection: Connection, told: Told) -> list[Sent]:
    """Return the payloads of a record that are still there, by try."""
    rows = _SQL.run(connection, "payloads", **_where(told=told)).mappings().all()
    keys = keys_of(connection=connection, wave_ids=(row["wave_id"] for row in rows))
    return [
        Sent(
            **_own(row)
            | {
                "body": unpack_payload(
                    key=keys[row["wave_id"]],
                    process_id=row["import_process_id"],
                    attempt=row["attempt"],
                    body=row["body"],
                )
            }
        )
        for row in rows
    ]


def answered(*, connection: Connection, told: Told) -> list[Answered]:
    """Return the answers about a record that are still there, in the order of time."""
    rows = _SQL.run(connection, "answers", **_where(told=told)).mappings().all()
    keys = keys_of(connection=connection, wave_ids=(row["wave_id"] for row in rows))
    return [
        Answered(
            **_own(row)
            | {
                "body": unpack_answer(
                    key=keys[row["wave_id"]],
                    tried=Key(id=row["import_process_id"], wave_id=row["wave_id"], attempt=row["attempt"]),
                    stage=row["stage"],
                    http_status=row["http_status"],
                    body=row["body"],
                )
            }
        )
        for row in rows
    ]


def _where(*, told: Told) -> dict[str, Any]:
    waves = {told.record.wave_id, *(each.wave_id for each in told.tries)}
    return {"ids": [told.record.id], "partitions": sorted(waves)}


def _by_record(rows: Iterable[RowMapping]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["import_process_id"]].append(_own(row))
    return found


def _own(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "import_process_id"}


_SQL = queries(file="story")
