"""`make payload`: prints the exact bytes that would be sent to validate a customer."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine

from kraken_import.client.requests import validate_request
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.local import data, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import postgres_alone, running
from kraken_import.local.settings import ROOT, Wishes, require_checkout
from kraken_import.usecases.build import payload_settings
from transforms.assemble import FrameContractBroken
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.extract import (
    UnableToExtract,
    advice_on_missing,
    candidate_identifiers,
    existing_identifiers,
    extract,
)
from transforms.registry import dialect_names
from transforms.rules.engine import RuleBroken
from transforms.triage import source_of

_BATCH = 1_000


class UnableToPrintPayload(StackProblem):
    """Nothing to print, or not for every named customer."""


def print_payloads(*, wishes: Wishes) -> None:
    """Print a JSON object (one identifier) or JSON Lines (several, or LIMIT) to standard output.

    Warnings and rejections go to standard error. Raises UnableToPrintPayload when a named customer does not
    exist (nothing is printed then) or cannot be built (the others are still printed).
    """
    dialect = wanted_dialect(wishes=wishes)
    if bool(wishes.identifiers) == (wishes.limit is not None):
        raise UnableToPrintPayload("Say whose payload to print: ID=EXTERNAL-1234, ID=a,b,c or LIMIT=10.")
    kraken = kraken_connection()
    with legacy_database(wishes=wishes, dialect=dialect) as engine:
        identifiers = _identifiers(engine=engine, dialect=dialect, wishes=wishes)
        rejected = 0
        for start in range(0, len(identifiers), _BATCH):
            batch = identifiers[start : start + _BATCH]
            rejected += _print_batch(engine=engine, dialect=dialect, identifiers=batch, kraken=kraken)
    # A request for the next thousand expects a few that cannot be built; a request for named ones does not.
    if rejected and wishes.identifiers:
        raise UnableToPrintPayload(
            f"{rejected} of {len(identifiers)} customers cannot be built, as said above."
        )


def write_sample(*, wishes: Wishes) -> None:
    """Write the rows that the SQL returns for one customer as the raw sample of DIALECT.

    Meant for a guide's customer: the sample becomes part of the project. Raises UnableToPrintPayload.
    """
    require_checkout(command="sample")
    dialect = wanted_dialect(wishes=wishes)
    if len(wishes.identifiers) != 1:
        raise UnableToPrintPayload("Say whose rows are the sample, one customer: ID=EXTERNAL-1234.")
    with legacy_database(wishes=wishes, dialect=dialect) as engine:
        _identifiers(engine=engine, dialect=dialect, wishes=wishes)
        try:
            frames = extract(engine=engine, dialect=dialect, identifiers=wishes.identifiers).frames
        except UnableToExtract as error:
            raise UnableToPrintPayload(str(error)) from error
    folder = ROOT / "tests" / "samples" / dialect.name / "frames"
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        rows = frame.to_dict("records")
        text = json.dumps(rows, indent=2, ensure_ascii=False, default=str)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{len(frames)} files are in {folder.relative_to(ROOT)}.\n")


def wanted_dialect(*, wishes: Wishes) -> Dialect:
    """The dialect that DIALECT names. Raises UnableToPrintPayload."""
    known = ", ".join(dialect_names())
    if wishes.dialect is None:
        raise UnableToPrintPayload(
            f"Say which dialect, for example DIALECT={dialect_names()[0]}; known: {known}."
        )
    return dialect_named(name=wishes.dialect)


def _identifiers(*, engine: Engine, dialect: Dialect, wishes: Wishes) -> Sequence[str]:
    if wishes.limit is not None:
        found = candidate_identifiers(engine=engine, dialect=dialect, after=None, limit=wishes.limit)
        if not found:
            raise UnableToPrintPayload(
                f"The legacy database has no customer of {dialect.name}: "
                f"sql/extract/{dialect.name}/candidates.sql says who may migrate."
            )
        return found
    there = existing_identifiers(engine=engine, dialect=dialect, identifiers=wishes.identifiers)
    unknown = [identifier for identifier in wishes.identifiers if identifier not in there]
    if unknown:
        advice = advice_on_missing(engine=engine, dialect=dialect, identifiers=unknown)
        raise UnableToPrintPayload(
            f"The legacy database has no {dialect.name} customer {', '.join(unknown)}: {advice}."
        )
    return wishes.identifiers


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
    *, engine: Engine, dialect: Dialect, identifiers: Sequence[str], kraken: KrakenSettings | None
) -> BuildResult:
    """Build as a wave would. Raises UnableToPrintPayload for SQL that does not fit the database."""
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
            settings=settings,
            unreadable=extracted.unreadable,
        )
    except (FrameContractBroken, RuleBroken, UnableToExtract) as error:
        raise UnableToPrintPayload(str(error)) from error


def kraken_connection() -> KrakenSettings | None:
    """Airflow's Connection `kraken` as the pipeline reads it; None, for the defaults, when no stack is up."""
    found = running()
    if found is None:
        return None
    api = found.airflow()
    try:
        fields = api.connection(connection_id="kraken") or {}
    finally:
        api.close()
    try:
        return KrakenSettings.from_connection_fields(
            host=fields.get("host"),
            schema=fields.get("schema"),
            port=fields.get("port"),
            password=found.systems.kraken_token,
            extra=json.loads(fields.get("extra") or "{}"),
        )
    except UnableToReadConnection as error:
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


@contextmanager
def legacy_database(*, wishes: Wishes, dialect: Dialect, at_least: int = 0) -> Iterator[Engine]:
    """Open the legacy database: the named one, the running stack's, or the bundled one, started for this.

    In the bundled one, customers of the dialect are generated until there are `at_least`.
    """
    if wishes.targets.legacy_dsn is not None:
        targets.check(targets=wishes.targets)
        data.check_readable(dsn=wishes.targets.legacy_dsn, dialect=dialect.name)
        with data.engine_of(dsn=wishes.targets.legacy_dsn) as engine:
            yield engine
        return
    found = running()
    if found is not None:
        with data.engine_of(dsn=found.systems.legacy_dsn) as engine:
            data.generate_up_to(systems=found.systems, engine=engine, dialect=dialect.name, total=at_least)
            yield engine
        return
    with postgres_alone(wishes=wishes) as systems:
        data.prepare_legacy(systems=systems, seed=wishes.seed)
        with data.engine_of(dsn=systems.legacy_dsn) as engine:
            data.generate_up_to(systems=systems, engine=engine, dialect=dialect.name, total=at_least)
            yield engine
