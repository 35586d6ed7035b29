"""What the gate of a wave reads and records: rehearsals, causes, rates, decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row

from kraken_import.domain.lifecycle import REFUSED, Mode, State
from kraken_import.tracking.evidence import Key, unpack_payload
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.vault import key_of
from transforms.versions import BuildVersion

Verdict: TypeAlias = Literal["approved", "rejected", "expired", "withdrawn"]
"""The ways a question ends: answered either way, not answered in time, or stopped before a decision."""


_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision and its author (None: no answer came in time, or the question was withdrawn)."""

    decision: Verdict
    decided_by: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why records were refused, and how many; the path has no indexes.

    `is_built` tells whether there was a payload, `on_create` whether Kraken's create refused it.
    """

    state: State
    code: str
    path: str
    is_built: bool
    on_create: bool
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalDifference:
    """Valid records of a live wave by what was rehearsed; `missing` were rehearsed and are not here."""

    same: int
    changed: int
    new: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPayload:
    """A payload of an earlier try, when it was built, in which wave, and how the try ended."""

    body: bytes
    started_at: datetime
    outcome: str | None
    wave_name: str
    built_by: BuildVersion


def refused(*, connection: Connection, wave_id: int) -> tuple[int, int]:
    """Count the records refused before their create since the run was last opened. Returns (refused, all)."""
    row = _SQL.run(connection, "refused", wave_id=wave_id, refused=sorted(REFUSED)).one()
    return int(row.refused), int(row.records)


def unrehearsed(*, connection: Connection, wave_id: int) -> Iterator[list[tuple[Key, bool]]]:
    """Yield pages of valid records whose exact payload no dry run has succeeded with.

    Each comes with whether another payload of the record did. The caller may change the records of a page:
    that does not affect the following pages.
    """
    rows = connection.exec_driver_sql(
        _SQL["unrehearsed"],
        {"wave_id": wave_id},
        # A server-side cursor: without a rehearsal it returns the whole wave.
        execution_options={"stream_results": True, "max_row_buffer": _PAGE},
    )
    for page in rows.partitions(_PAGE):
        yield [
            (Key(id=row.id, wave_id=wave_id, attempt=row.attempt), bool(row.rehearsed_otherwise))
            for row in page
        ]


def word_question(*, connection: Connection, wave_id: int, subject: str, body: str) -> None:
    """Keep the words of the question that is asked now."""
    _SQL.run(connection, "word_question", wave_id=wave_id, subject=subject, body=body)


def worded_question(*, connection: Connection, wave_id: int) -> tuple[str, str] | None:
    """Return subject and body of the last question; None where none was asked, or by an older version."""
    row = _SQL.run(connection, "worded_question", wave_id=wave_id).one_or_none()
    return None if row is None else (row.subject, row.body)


def ask(*, connection: Connection, wave_id: int, at: datetime) -> int:
    """Record that the gate asks for approval; an earlier approval no longer counts.

    Returns the number of records that are asked about: those valid now, as they are built now.
    """
    return _SQL.run(connection, "ask", wave_id=wave_id, at=at).rowcount


def ask_for_rerun(*, connection: Connection, rerun: int, at: datetime) -> int:
    """Record that the gate asks for approval of a rerun's records. Returns their number, as `ask` does."""
    return _SQL.run(connection, "ask_for_rerun", rerun=rerun, at=at).rowcount


def uncovered(*, connection: Connection, ref: WaveRef | BatchRef) -> int:
    """Return the number of valid records that may not be created, since no approval covers them."""
    values = {"batch": None, **ref.values}
    return int(_SQL.run(connection, "uncovered", **values).scalar_one())


def batches_covered(*, connection: Connection, ref: WaveRef) -> tuple[int, ...]:
    """Return the batches with a valid record that is approved, or needs no approval, ascending."""
    rows = _SQL.run(connection, "batches_covered", **ref.values)
    return tuple(int(batch) for batch in rows.scalars())


def decide(
    *, connection: Connection, wave_id: int, verdict: Verdict, decided_by: str | None, at: datetime
) -> Decision | None:
    """Record the answer to the last question. Returns the first answer, which counts; None if none was."""
    _SQL.run(connection, "decide", wave_id=wave_id, decision=verdict, decided_by=decided_by, at=at)
    return decision_on(connection=connection, wave_id=wave_id)


def decision_on(*, connection: Connection, wave_id: int) -> Decision | None:
    """Return the decision on the last question; None while it is open."""
    return _SQL.one(connection, Decision, "decision", wave_id=wave_id)


def askers(*, connection: Connection, wave_id: int) -> list[str]:
    """Return the users who triggered the wave or planned one of its cohorts, as far as Airflow names them."""
    return list(_SQL.run(connection, "askers", wave_id=wave_id).scalars())


def cohorts(*, connection: Connection, wave_id: int) -> list[str]:
    """Return the names of the cohorts of a wave."""
    return list(_SQL.run(connection, "cohorts", wave_id=wave_id).scalars())


def refuse_approval(*, connection: Connection, wave_id: int, answered_by: str, at: datetime) -> None:
    """Record an approval that does not count."""
    _SQL.run(connection, "refuse_approval", wave_id=wave_id, answered_by=answered_by, at=at)


def approve(*, connection: Connection, wave_id: int, at: datetime) -> None:
    """Let the wave create the records it asked about."""
    _SQL.run(connection, "approve", wave_id=wave_id, at=at)


def decide_rerun(
    *, connection: Connection, rerun: int, verdict: Verdict, decided_by: str | None, at: datetime
) -> Decision | None:
    """Record the answer to a rerun's last question. Returns the first answer, which counts, or None."""
    _SQL.run(connection, "decide_rerun", rerun=rerun, decision=verdict, decided_by=decided_by, at=at)
    return _SQL.one(connection, Decision, "rerun_decision", rerun=rerun)


def approve_rerun(*, connection: Connection, rerun: int, at: datetime) -> None:
    """Let the rerun create the records it asked about."""
    _SQL.run(connection, "approve_rerun", rerun=rerun, at=at)


def causes(*, connection: Connection, wave_id: int, states: Collection[State], most: int) -> list[Cause]:
    """Return why records in these states got there, the most frequent cause first."""
    rows = _SQL.run(connection, "causes", wave_id=wave_id, states=sorted(states), most=most)
    return [cause_of(row=row) for row in rows]


def cause_of(*, row: Row[Any]) -> Cause:
    """Return the cause in a row of a wave's or a rerun's causes."""
    return Cause(
        state=State(row.state),
        code=row.code or "",
        path=row.path,
        is_built=row.is_built,
        on_create=row.on_create,
        records=int(row.records),
    )


def measured_rate(*, connection: Connection, wave_id: int) -> float | None:
    """Return the records a second of earlier waves of the same dialect at this Kraken; None without any."""
    rate = _SQL.run(connection, "rate", wave_id=wave_id).scalar()
    return float(rate) if rate else None


def compare_with_rehearsal(*, connection: Connection, wave_id: int) -> RehearsalDifference:
    """Return how the valid records of a wave differ from what was rehearsed."""
    row = _SQL.run(connection, "compare_with_rehearsal", wave_id=wave_id).mappings().one()
    return RehearsalDifference(**row)


def last_payload(
    *, connection: Connection, dialect: str, external_identifier: str, mode: Mode, target_kraken: str | None
) -> SentPayload | None:
    """Return the payload of a customer's last try in this mode; None if there is none, or it was purged."""
    tries = _SQL.run(
        connection,
        "tries",
        dialect=dialect,
        external_identifier=external_identifier,
        mode=mode.value,
        target_kraken=target_kraken,
    ).all()
    if not tries:
        return None
    found = _SQL.run(
        connection,
        "last_payload",
        ids=[each.import_process_id for each in tries],
        attempts=[each.attempt for each in tries],
        wave_ids=[each.wave_id for each in tries],
        partitions=sorted({each.wave_id for each in tries}),
    ).one_or_none()
    if found is None:
        return None
    last = tries[found.position - 1]
    return SentPayload(
        body=unpack_payload(
            key=key_of(connection=connection, wave_id=last.wave_id),
            process_id=last.import_process_id,
            attempt=last.attempt,
            body=found.body,
        ),
        started_at=last.started_at,
        outcome=last.outcome,
        wave_name=last.wave_name,
        built_by=BuildVersion(package=last.package_version, mapping=last.mapping_digest),
    )


_SQL = queries(file="gate")
