"""Payloads, answers and errors in the tracking database.

Payloads and answers hold personal values: they are compressed with zlib, and sealed where their wave has a
wrapped key. Errors hold codes, paths and masked details only.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row

from kraken_import.tracking import copies, vault
from kraken_import.tracking.queries import queries
from kraken_import.tracking.vault import WaveKey
from transforms.cpu_clock import a_line
from transforms.findings import Finding

Stage: TypeAlias = Literal["build", "validate", "create", "status"]

_FASTEST: Final = 1
"""zlib level: payloads shrink to a third at once, and higher levels cost more than they save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One try of one import process."""

    id: int
    wave_id: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Kraken said: HTTP status (None when no answer came) and the body as received."""

    http_status: int | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSoFar:
    """The payload of a try, and those that were built for the same customer at other times.

    `is_complete` says that there were such times, and that the payload of each of them is here.
    """

    payload: bytes | None
    earlier: tuple[bytes, ...] = ()
    is_complete: bool = False


@a_line("seal")
def pack_payload(*, key: WaveKey, process_id: int, attempt: int, body: bytes) -> bytes:
    """Return a payload as the tracking database keeps it."""
    place = vault.payload_place(wave_id=key.wave_id, process_id=process_id, attempt=attempt)
    return key.seal(body=zlib.compress(body, _FASTEST), place=place)


@a_line("open")
def unpack_payload(*, key: WaveKey, process_id: int, attempt: int, body: bytes | memoryview) -> bytes:
    """Return a payload as it was before `pack_payload`. Raises `UnableToUseKeys`."""
    place = vault.payload_place(wave_id=key.wave_id, process_id=process_id, attempt=attempt)
    return zlib.decompress(key.open(body=body, place=place))


@a_line("open")
def unpack_answer(
    *, key: WaveKey, tried: Key, stage: str, http_status: int | None, body: bytes | memoryview | None
) -> bytes:
    """Return the body of an answer as it was received. Raises `UnableToUseKeys`."""
    if body is None:
        return b""
    return zlib.decompress(
        key.open(body=body, place=_place(tried=tried, stage=stage, http_status=http_status))
    )


def add_payloads(
    *, connection: Connection, wave_id: int, payloads: Sequence[tuple[int, int, bytes]], at: datetime
) -> None:
    """Keep payloads of one wave, given as (import process, attempt, JSON bytes)."""
    key = vault.key_at_hand(connection=connection, wave_id=wave_id)
    wave, built_at = copies.bigint(wave_id), copies.timestamptz(at)
    packed = (
        (process_id, attempt, pack_payload(key=key, process_id=process_id, attempt=attempt, body=body))
        for process_id, attempt, body in payloads
    )
    fields = (
        (wave, copies.bigint(process_id), copies.integer(attempt), copies.bytea(body), built_at)
        for process_id, attempt, body in packed
    )
    _SQL.copy_in(connection, "copy_payloads", data=copies.rows(columns=5, fields=fields))


def payloads_of(*, connection: Connection, keys: Sequence[Key]) -> dict[int, bytes]:
    """Return the payloads that were built for these tries, by import process."""
    if not keys:
        return {}
    rows = _SQL.run(connection, "payloads_of", **_tries(keys=keys))
    opened = vault.keys_of(connection=connection, wave_ids=(key.wave_id for key in keys))
    return {row.import_process_id: _unpacked(key=opened[row.wave_id], row=row) for row in rows}


def sent_of(*, connection: Connection, keys: Sequence[Key]) -> dict[int, SentSoFar]:
    """Return what was built for these tries, and for the same customers at any other time, by import process.

    Where none of them was tried before it takes one statement, and otherwise two, however many they are.
    Payloads of these tries that do not open raise `UnableToUseKeys`; earlier ones count as not kept.
    """
    if not keys:
        return {}
    rows = _SQL.run(connection, "payloads_and_earlier", **_tries(keys=keys)).all()
    opened = vault.keys_at_hand(connection=connection, wave_ids=(key.wave_id for key in keys))
    own = {row.of_id: _unpacked(key=opened[row.wave_id], row=row) for row in rows if row.body is not None}
    tried: dict[int, list[Key]] = defaultdict(list)
    for row in rows:
        if row.body is None:
            tried[row.of_id].append(Key(id=row.import_process_id, wave_id=row.wave_id, attempt=row.attempt))
    kept = _kept(connection=connection, keys={each for tries in tried.values() for each in tries})
    return {
        key.id: SentSoFar(
            payload=own.get(key.id),
            earlier=tuple(kept[each] for each in tried[key.id] if each in kept),
            is_complete=bool(tried[key.id]) and all(each in kept for each in tried[key.id]),
        )
        for key in keys
    }


def restored(*, connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return those of these import processes of which a restored database may not know each create."""
    return set(_SQL.run(connection, "restored", ids=list(ids)).scalars()) if ids else set()


def _kept(*, connection: Connection, keys: Collection[Key]) -> dict[Key, bytes]:
    """Return the payloads of tries as far as they are kept and open."""
    if not keys:
        return {}
    rows = _SQL.run(connection, "payloads_of", **_tries(keys=keys)).all()
    found = {}
    # What a purge has taken, or is taking, is missed no more than what was never kept.
    with suppress(vault.UnableToUseKeys):
        opened = vault.keys_of(connection=connection, wave_ids={row.wave_id for row in rows})
        for row in rows:
            with suppress(vault.UnableToUseKeys):
                key = Key(id=row.import_process_id, wave_id=row.wave_id, attempt=row.attempt)
                found[key] = _unpacked(key=opened[row.wave_id], row=row)
    return found


def _tries(*, keys: Collection[Key]) -> dict[str, list[int]]:
    return {
        "ids": [key.id for key in keys],
        "attempts": [key.attempt for key in keys],
        "wave_ids": [key.wave_id for key in keys],
        "partitions": sorted({key.wave_id for key in keys}),
    }


def _unpacked(*, key: WaveKey, row: Row[Any]) -> bytes:
    return unpack_payload(key=key, process_id=row.import_process_id, attempt=row.attempt, body=row.body)


def add_answers(
    *, connection: Connection, answers: Sequence[tuple[Key, Answer]], stage: Stage, at: datetime
) -> None:
    """Keep Kraken's answers as received; of a purged wave nothing is kept."""
    if not answers:
        return
    keys = vault.keys_at_hand(connection=connection, wave_ids=(key.wave_id for key, _ in answers))
    _SQL.run(
        connection,
        "insert_answers",
        stage=stage,
        at=at,
        ids=[key.id for key, _ in answers],
        wave_ids=[key.wave_id for key, _ in answers],
        attempts=[key.attempt for key, _ in answers],
        http_statuses=[answer.http_status for _, answer in answers],
        bodies=[
            _packed(key=keys[tried.wave_id], tried=tried, stage=stage, answer=answer)
            for tried, answer in answers
        ],
    )


def add_findings(
    *, connection: Connection, findings: Sequence[tuple[Key, Finding]], stage: Stage, at: datetime
) -> None:
    """Keep errors and warnings, whose details must have been masked by the caller."""
    if not findings:
        return
    _SQL.run(
        connection,
        "insert_errors",
        stage=stage,
        at=at,
        ids=[key.id for key, _ in findings],
        wave_ids=[key.wave_id for key, _ in findings],
        attempts=[key.attempt for key, _ in findings],
        origins=[finding.origin for _, finding in findings],
        severities=[finding.severity for _, finding in findings],
        codes=[finding.code for _, finding in findings],
        paths=[finding.generic_path for _, finding in findings],
        indexed_paths=[finding.path for _, finding in findings],
        details=[finding.detail for _, finding in findings],
        domains=[finding.domain for _, finding in findings],
        events=[finding.event for _, finding in findings],
        named=[finding.is_named for _, finding in findings],
    )


@a_line("seal")
def _packed(*, key: WaveKey, tried: Key, stage: Stage, answer: Answer) -> bytes | None:
    # What is given for a wave that was purged finds no place.
    if not answer.body or key.destroyed_at is not None:
        return None
    place = _place(tried=tried, stage=stage, http_status=answer.http_status)
    return key.seal(body=zlib.compress(answer.body, _FASTEST), place=place)


def _place(*, tried: Key, stage: str, http_status: int | None) -> bytes:
    return vault.answer_place(
        wave_id=tried.wave_id,
        process_id=tried.id,
        attempt=tried.attempt,
        stage=stage,
        http_status=http_status,
    )


_SQL = queries(file="evidence")
