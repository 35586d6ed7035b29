"""Import processes in the tracking database: claimed, built, and moved along legal moves only."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from kraken_import.domain.lifecycle import (
    AWAITING,
    ENDED_AT_KRAKEN,
    REBUILDABLE,
    REFUSED,
    REOPENABLE,
    SETTLED,
    SUCCEEDED,
    UNPROVED,
    Mode,
    State,
    legal_pairs,
)
from kraken_import.tracking.evidence import (
    Answer,
    Key,
    Stage,
    add_answers,
    add_findings,
    add_payloads,
    unpack_payload,
)
from kraken_import.tracking.queries import queries
from kraken_import.tracking.refs import BatchRef, WaveRef
from kraken_import.tracking.vault import WaveKey, key_at_hand
from kraken_import.tracking.waves import NewWave
from transforms.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRecord:
    """The result of building one customer: JSON bytes, or None with the findings that rejected it.

    `attempt` is the attempt of the record when the build began.
    """

    id: int
    attempt: int
    body: bytes | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRecord:
    """A record with the payload to send. `ended_before` says that Kraken ended an earlier try of it.

    `is_restored` says that this database was restored, and not proved since to know of each create. `doubts`
    counts the creates of this try that ended without an answer while other records were answered.
    """

    id: int
    wave_id: int
    external_identifier: str
    attempt: int
    body: bytes
    ended_before: bool = False
    doubts: int = 0
    is_restored: bool = False

    @property
    def key(self) -> Key:
        """The try that this payload belongs to."""
        return Key(id=self.id, wave_id=self.wave_id, attempt=self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecord:
    """A record whose end at Kraken is not known yet. Times carry an offset."""

    id: int
    wave_id: int
    external_identifier: str
    attempt: int
    state: State
    intended_at: datetime
    evidence_from: datetime | None
    created_at: datetime | None
    seen_at: datetime
    """When it was read, by the database's clock: any later question about it is asked after this."""
    doubted_at: datetime | None = None
    doubts: int = 0
    kraken_identifier: str | None = None
    batch: int = 0

    @classmethod
    def read(cls, *, row: Row[Any]) -> OpenRecord:
        """Read a row that has these columns."""
        return cls(**{**row._mapping, "state": State(row.state)})

    @property
    def key(self) -> Key:
        """The try that is open."""
        return Key(id=self.id, wave_id=self.wave_id, attempt=self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step of one record, with the answer and the masked findings that caused it.

    `adopted` says that whatever Kraken holds under the key counts from now on, however old it is; `doubts`
    is added to those of the try. `intended_at` names the create that was asked about, where that matters.
    `of_earlier` says that the findings may be about an earlier create than that of this try; `said_before` is
    what Kraken says of one that is certainly not this.
    """

    key: Key
    to: State
    answer: Answer | None = None
    findings: tuple[Finding, ...] = ()
    kraken_status: str | None = None
    kraken_identifier: str | None = None
    adopted: bool = False
    doubts: int = 0
    intended_at: datetime | None = None
    of_earlier: bool = False
    said_before: tuple[Finding, ...] = ()

    def answered_by(self, *, answer: Answer) -> Move:
        """Return the same step with the answer that caused it."""
        return replace(self, answer=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Customers to claim: at most `most` of them, for a wave that has `offset` already.

    `by_name`: these customers were asked for, and not just the next ones.
    """

    identifiers: Sequence[str]
    most: int | None = None
    offset: int = 0
    by_name: bool = True


def lock_claiming(*, connection: Connection) -> None:
    """Keep erasures waiting until the transaction ends: those that have ended are seen from now on."""
    _SQL.run(connection, "lock_claiming")


def claim(*, connection: Connection, wave_id: int, wave: NewWave, page: Page, at: datetime) -> int:
    """Claim at most `most` of these customers for a wave that has `offset` already. Returns how many it got.

    A customer whose rehearsal has ended, or whom a purged wave did not migrate, is taken again only
    `by_name`. Otherwise a rehearsal also leaves out customers whom a live import of the same Kraken has
    processed, has open, or may have because it is parked.
    """
    rehearses = wave.mode is Mode.REHEARSAL
    repeatable = SETTLED if rehearses and page.by_name else ()
    in_the_way = UNPROVED | {State.PROCESSED} if rehearses and not page.by_name else ()
    claimed = 0
    while True:
        row = _SQL.run(
            connection,
            "claim",
            identifiers=list(page.identifiers),
            most=None if page.most is None else page.most - claimed,
            offset=page.offset + claimed,
            wave_id=wave_id,
            target_kraken=wave.target_kraken,
            mode=wave.mode.value,
            resource=wave.resource,
            import_supplier=wave.import_supplier,
            dialect=wave.dialect,
            batch_size=wave.batch_size,
            airflow_run=wave.run_id,
            repeatable=sorted(repeatable),
            rebuildable=sorted(REBUILDABLE),
            left_behind=sorted(REBUILDABLE | REOPENABLE if page.by_name else ()),
            in_the_way=sorted(in_the_way),
            at=at,
        ).one()
        claimed += int(row.claimed)
        # A wave planned at the same time may have been quicker: other customers may still be free.
        if row.claimed == row.free:
            return claimed


def in_states(*, connection: Connection, ref: BatchRef, states: Collection[State]) -> dict[str, Key]:
    """Return the records of a batch in one of these states, by external identifier.

    For a rerun: only its own records, including those that it is to take or to open again.
    """
    rows = _SQL.run(
        connection,
        "rebuildable",
        **ref.values,
        states=sorted(states),
        reopenable=sorted(REOPENABLE | REFUSED),
    )
    return {row.external_identifier: Key(id=row.id, wave_id=ref.wave_id, attempt=row.attempt) for row in rows}


def refused_unfinished(*, connection: Connection, ref: BatchRef) -> dict[str, Key]:
    """Return the records of a batch that a build of it refused and that broke off before the batch's end.

    By external identifier. What a rerun has refused is not among them.
    """
    rows = _SQL.run(connection, "refused_unfinished", wave_id=ref.wave_id, batch=ref.batch)
    return {row.external_identifier: Key(id=row.id, wave_id=ref.wave_id, attempt=row.attempt) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where payloads come from: the time of the snapshot that was read, and the run that read it."""

    watermark: datetime
    airflow_run: str


def record_build(
    *,
    connection: Connection,
    ref: WaveRef,
    built: Sequence[BuiltRecord],
    at: datetime,
    origin: Origin | None = None,
) -> dict[int, int]:
    """Begin a new attempt for each record with what was built. Returns the attempt by import process.

    A record whose create may be outstanding keeps its payload, and so does one that was built again
    meanwhile: neither is in the result. A rerun opens again what it was asked to.
    """
    errors = [next((f for f in item.findings if f.severity == "error"), None) for item in built]
    legal_from, legal_to = legal_pairs(reopening=ref.rerun is not None)
    rows = _SQL.run(
        connection,
        "record_build",
        **ref.values,
        watermark=origin and origin.watermark,
        airflow_run=origin and origin.airflow_run,
        reopenable=sorted(REOPENABLE),
        ids=[item.id for item in built],
        attempts=[item.attempt for item in built],
        to_states=[State.REJECTED if item.body is None else State.BUILT for item in built],
        hashes=[None if item.body is None else hashlib.sha256(item.body).digest() for item in built],
        sizes=[None if item.body is None else len(item.body) for item in built],
        codes=[error and error.code for error in errors],
        paths=[error and error.generic_path for error in errors],
        settled=sorted(SETTLED),
        legal_from=legal_from,
        legal_to=legal_to,
        at=at,
    )
    attempts = {row.id: row.attempt for row in rows}
    _keep_built(
        connection=connection,
        wave_id=ref.wave_id,
        recorded=[item for item in built if item.id in attempts],
        attempts=attempts,
        at=at,
    )
    return attempts


def _keep_built(
    *,
    connection: Connection,
    wave_id: int,
    recorded: Sequence[BuiltRecord],
    attempts: Mapping[int, int],
    at: datetime,
) -> None:
    """Keep the payloads and the findings of a build."""
    add_payloads(
        connection=connection,
        wave_id=wave_id,
        payloads=[(item.id, attempts[item.id], item.body) for item in recorded if item.body is not None],
        at=at,
    )
    add_findings(
        connection=connection,
        findings=[
            (Key(id=item.id, wave_id=wave_id, attempt=attempts[item.id]), finding)
            for item in recorded
            for finding in item.findings
        ],
        stage="build",
        at=at,
    )


def ready(
    *, connection: Connection, ref: BatchRef, states: Collection[State], after: int, most: int
) -> list[ReadyRecord]:
    """Return the next records of a batch with their payloads, by ascending id above `after`."""
    rows = _SQL.run(connection, "with_payload", **ref.values, states=sorted(states), after=after, most=most)
    key = key_at_hand(connection=connection, wave_id=ref.wave_id)
    return [_ready(row=row, key=key) for row in rows]


def intend(
    *, connection: Connection, ref: BatchRef, most: int, at: datetime, after: int = 0
) -> list[ReadyRecord]:
    """Record the intent to create the next valid records, unless the wave, or the rerun, may not create.

    They come by ascending id above `after`.

    The caller commits before the first request leaves. Returns none when none is left or may be created.
    """
    rows = _SQL.run(
        connection,
        "intend",
        **ref.values,
        states=[State.VALID.value],
        after=after,
        most=most,
        at=at,
        reopenable=sorted(REOPENABLE),
    )
    key = key_at_hand(connection=connection, wave_id=ref.wave_id)
    return [
        replace(_ready(row=row, key=key), ended_before=row.ended_before, is_restored=row.is_restored)
        for row in rows
    ]


def move(*, connection: Connection, moves: Sequence[Move], stage: Stage, at: datetime) -> int:
    """Take every step that is still legal, with its event, answer and findings. Returns how many were taken.

    A step that another worker has taken meanwhile is left out, so a repeated call changes nothing.
    """
    if not moves:
        return 0
    errors = [next((f for f in step.findings if f.severity == "error"), None) for step in moves]
    legal_from, legal_to = legal_pairs(validating=stage == "validate")
    rows = _SQL.run(
        connection,
        "move",
        ids=[step.key.id for step in moves],
        attempts=[step.key.attempt for step in moves],
        to_states=[step.to.value for step in moves],
        kraken_statuses=[step.kraken_status for step in moves],
        kraken_identifiers=[step.kraken_identifier for step in moves],
        adopted=[step.adopted for step in moves],
        doubts=[step.doubts for step in moves],
        intended=[step.intended_at for step in moves],
        codes=[error and error.code for error in errors],
        paths=[error and error.generic_path for error in errors],
        at_kraken=sorted(AWAITING | ENDED_AT_KRAKEN),
        succeeded=sorted(SUCCEEDED),
        settled=sorted(SETTLED),
        legal_from=legal_from,
        legal_to=legal_to,
        at=at,
    )
    taken = {row.id for row in rows}
    done = [step for step in moves if step.key.id in taken]
    add_answers(
        connection=connection,
        answers=[(step.key, step.answer) for step in done if step.answer is not None],
        stage=stage,
        at=at,
    )
    add_findings(
        connection=connection,
        findings=[(step.key, finding) for step in done for finding in step.findings],
        stage=stage,
        at=at,
    )
    return len(taken)


def in_doubt(*, connection: Connection, ref: BatchRef, states: Collection[State]) -> list[OpenRecord]:
    """Return the records of a batch, or of a rerun in it, in one of these open states."""
    rows = _SQL.run(connection, "in_doubt", **ref.values, states=sorted(states))
    return [OpenRecord.read(row=row) for row in rows]


def doubt(
    *, connection: Connection, doubtful: Sequence[tuple[Key, Answer]], counts: bool, at: datetime
) -> None:
    """Record that the creates of these tries have ended, and that these answers do not settle them.

    `counts` says that Kraken answered other records meanwhile, so the doubt is about the record itself.
    """
    if not doubtful:
        return
    _SQL.run(
        connection,
        "doubt",
        ids=[key.id for key, _ in doubtful],
        attempts=[key.attempt for key, _ in doubtful],
        counts=int(counts),
    )
    add_answers(connection=connection, answers=doubtful, stage="create", at=at)


def doubt_built(*, connection: Connection, ids: Sequence[int]) -> None:
    """Record that validations of these import processes went unanswered while others were answered."""
    if ids:
        _SQL.run(connection, "doubt_built", ids=list(ids))


def rebase(*, connection: Connection, ids: Sequence[int]) -> None:
    """Restart doubts that lie in the future because the database's clock was set back."""
    _SQL.run(connection, "rebase", ids=list(ids))


def free(*, connection: Connection, rerun: int, at: datetime) -> None:
    """Put the parked records of a rerun back into the states they had before."""
    _SQL.run(connection, "free", rerun=rerun, at=at)


def any_validated(*, connection: Connection, wave_id: int) -> bool:
    """Return whether Kraken has ever answered a validation of this wave."""
    return bool(_SQL.run(connection, "any_validated", wave_id=wave_id).scalar())


def present(*, engine: Engine) -> datetime:
    """Return the current time by the database's clock, the one clock that counts."""
    with engine.connect() as connection:
        found: datetime = _SQL.run(connection, "present").scalar_one()
        return found


def _ready(*, row: Row[Any], key: WaveKey) -> ReadyRecord:
    return ReadyRecord(
        id=row.id,
        wave_id=key.wave_id,
        external_identifier=row.external_identifier,
        attempt=row.attempt,
        body=unpack_payload(key=key, process_id=row.id, attempt=row.attempt, body=row.body),
        doubts=row.doubts,
    )


_SQL = queries(file="processes")
