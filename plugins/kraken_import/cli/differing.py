"""A customer's payload as it would be built now, beside what was rehearsed and sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Engine

from kraken_import.cli.payloads import build_batch
from kraken_import.cli.problems import Problem
from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking.gate import SentPayload, last_payload
from kraken_import.usecases.moments import in_utc
from transforms.compare import ABSENT, differences
from transforms.dialect import Dialect
from transforms.digests import build_version
from transforms.extract import existing_identifiers
from transforms.versions import BuildVersion

_TRIES: Final = {Mode.REHEARSAL: "rehearsal", Mode.LIVE: "live try"}


class UnableToCompare(Problem):
    """Nothing to compare: no such customer, or no payload could be built."""


def differing(
    *, tracking: Engine, legacy: Engine, dialect: Dialect, identifier: str, kraken: KrakenSettings | None
) -> list[str]:
    """Return every path that differs for a customer, in lines. Raises `UnableToCompare`."""
    now = _built_now(legacy=legacy, dialect=dialect, identifier=identifier, kraken=kraken)
    built_by = build_version(dialect=dialect.name)
    lines: list[str] = []
    for mode in (Mode.REHEARSAL, Mode.LIVE):
        with tracking.connect() as connection:
            sent = last_payload(
                connection=connection,
                dialect=dialect.name,
                external_identifier=identifier,
                mode=mode,
                target_kraken=kraken.target if kraken else None,
            )
        lines += _lines(sent, identifier=identifier, mode=mode, now=now, built_by=built_by)
    return lines


def _built_now(*, legacy: Engine, dialect: Dialect, identifier: str, kraken: KrakenSettings | None) -> Any:
    if not existing_identifiers(engine=legacy, dialect=dialect, identifiers=[identifier]):
        raise UnableToCompare(f"The legacy database has no {dialect.name} customer {identifier}.")
    result = build_batch(engine=legacy, dialect=dialect, identifiers=[identifier], kraken=kraken)
    if not result.payloads:
        first = result.rejections[0].findings[0]
        where = first.path or "the whole record"
        raise UnableToCompare(f"The payload of {identifier} cannot be built now: {first.code} at {where}.")
    return json.loads(result.payloads[0].body)


def _lines(
    sent: SentPayload | None, *, identifier: str, mode: Mode, now: Any, built_by: BuildVersion
) -> Iterator[str]:
    if sent is None:
        yield f"There is no payload of a {_TRIES[mode]} of {identifier}."
        return
    of = (
        f"the last {_TRIES[mode]} of {identifier} (wave {sent.wave_name}, {in_utc(at=sent.started_at)}, "
        f"{sent.outcome or 'not ended'})"
    )
    found = list(differences(before=json.loads(sent.body), after=now))
    if not found:
        yield f"The payload built now is that of {of}."
        return
    yield f"The payload built now differs in {len(found)} places from that of {of}:"
    if built_by.differs(other=sent.built_by):
        yield f"  It was built by another mapping: {sent.built_by.in_words}; now {built_by.in_words}."
    for each in found:
        yield f"  {each.path}: {_shown(each.before)} → {_shown(each.after)}"


def _shown(value: Any) -> str:
    return "(absent)" if value is ABSENT else json.dumps(value, ensure_ascii=False)
