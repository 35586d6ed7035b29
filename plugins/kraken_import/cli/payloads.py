"""Payloads as a wave would build them now, without any call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from kraken_import.cli.problems import Problem
from kraken_import.client.requests import validate_request
from kraken_import.client.settings import KrakenSettings
from kraken_import.usecases.build import payload_settings
from transforms.assemble import FrameContractBroken
from transforms.build import BuildResult, BuildSettings, build
from transforms.database import shown
from transforms.dialect import Dialect
from transforms.extract import (
    UnableToExtract,
    advice_on_missing,
    candidate_identifiers,
    existing_identifiers,
    extract,
    frame_path,
)
from transforms.rules.engine import RuleBroken
from transforms.triage import source_of

_BATCH: Final = 1_000


class UnableToPrintPayload(Problem):
    """Nothing to print, or not for every named customer."""


def print_payloads(
    *,
    engine: Engine,
    dialect: Dialect,
    identifiers: Sequence[str],
    limit: int | None,
    kraken: KrakenSettings | None,
) -> None:
    """Print a JSON object (one customer) or JSON Lines (several, or the first `limit`) to standard output.

    Warnings and rejections go to standard error. Raises `UnableToPrintPayload` when a named customer does not
    exist (nothing is printed then) or cannot be built (the others are still printed).
    """
    wanted = chosen_identifiers(engine=engine, dialect=dialect, identifiers=identifiers, limit=limit)
    rejected = 0
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        rejected += _print_batch(engine=engine, dialect=dialect, identifiers=batch, kraken=kraken)
    # A request for the next thousand expects a few that cannot be built; a request for named ones does not.
    if rejected and limit is None:
        raise UnableToPrintPayload(f"{rejected} of {len(wanted)} customers cannot be built, as said above.")


def chosen_identifiers(
    *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], limit: int | None
) -> Sequence[str]:
    """Return the named customers, or the first `limit` that may migrate. Raises `UnableToPrintPayload`."""
    if limit is not None:
        found = candidate_identifiers(engine=engine, dialect=dialect, after=None, limit=limit)
        if not found:
            raise UnableToPrintPayload(
                f"The legacy database has no customer of {dialect.name}: "
                f"{shown(frame_path(dialect=dialect.name, name='candidates'))} says who may migrate."
            )
        return found
    there = existing_identifiers(engine=engine, dialect=dialect, identifiers=identifiers)
    unknown = [identifier for identifier in identifiers if identifier not in there]
    if unknown:
        advice = advice_on_missing(engine=engine, dialect=dialect, identifiers=unknown)
        raise UnableToPrintPayload(
            f"The legacy database has no {dialect.name} customer {', '.join(unknown)}: {advice}."
        )
    return identifiers


def _print_batch(
    *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], kraken: KrakenSettings | None
) -> int:
    """Print the payloads of a batch in the order of its identifiers. Returns how many were rejected."""
    result = build_batch(engine=engine, dialect=dialect, identifiers=identifiers, kraken=kraken)
    bodies = {payload.external_identifier: payload.body for payload in result.payloads}
    for identifier in identifiers:
        if identifier in bodies:
            request = validate_request(
                envelope=kraken.envelope if kraken else "wrapped",
                resource=dialect.resource,
                payload=bodies[identifier],
            )
            sys.stdout.buffer.write((request.body or b"") + b"\n")
    sys.stdout.buffer.flush()
    _complain(dialect=dialect.name, result=result)
    return len(result.rejections)


def build_batch(
    *,
    engine: Engine,
    dialect: Dialect,
    identifiers: Sequence[str],
    kraken: KrakenSettings | None,
    digest_key: bytes = b"",
) -> BuildResult:
    """Build as a wave would. Raises `UnableToPrintPayload` for SQL that does not fit the database."""
    now = datetime.now(UTC)
    settings = (
        payload_settings(dialect=dialect, kraken=kraken, now=now)
        if kraken
        else BuildSettings(import_supplier=dialect.default_import_supplier, today=now.date())
    )
    try:
        extracted = extract(engine=engine, dialect=dialect, identifiers=identifiers)
        return build(
            dialect=dialect,
            frames=extracted.frames,
            identifiers=identifiers,
            settings=replace(settings, digest_key=digest_key),
            unreadable=extracted.unreadable,
        )
    except (FrameContractBroken, RuleBroken, UnableToExtract) as error:
        raise UnableToPrintPayload(str(error)) from error


def _complain(*, dialect: str, result: BuildResult) -> None:
    for record in (*result.warnings, *result.rejections):
        for finding in record.findings:
            kind = "warning" if finding.severity == "warning" else "rejected"
            where = finding.path or "whole record"
            source = source_of(dialect=dialect, path=finding.generic_path)
            sys.stderr.write(
                f"{record.external_identifier}: {kind}: {finding.code} at {where}"
                f"{f' ← {source}' if source else ''}: {finding.detail}\n"
            )
