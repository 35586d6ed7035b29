"""`make payload`: prints the exact bytes that would be sent to validate a customer."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from kraken_import.cli import payloads
from kraken_import.cli.payloads import UnableToPrintPayload, chosen_identifiers
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.conformance.samples import samples_of
from kraken_import.local import data, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.running import postgres_alone, running
from kraken_import.local.settings import ROOT, Wishes, require_checkout
from transforms.dialect import Dialect
from transforms.extract import (
    UnableToExtract,
    extract,
)
from transforms.registry import dialect_names


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
        payloads.print_payloads(
            engine=engine,
            dialect=dialect,
            identifiers=wishes.identifiers,
            limit=wishes.limit,
            kraken=kraken,
        )


def write_sample(*, wishes: Wishes) -> None:
    """Write the rows that the SQL returns for the guide's customer as the raw sample of DIALECT.

    The sample becomes part of the project. Raises UnableToPrintPayload.
    """
    require_checkout(command="sample")
    dialect = wanted_dialect(wishes=wishes)
    if len(wishes.identifiers) != 1:
        raise UnableToPrintPayload("Say whose rows are the sample, one customer: ID=EXTERNAL-1234.")
    _check_made_up(wishes=wishes, dialect=dialect)
    with legacy_database(wishes=wishes, dialect=dialect) as engine:
        chosen_identifiers(engine=engine, dialect=dialect, identifiers=wishes.identifiers, limit=wishes.limit)
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


def _check_made_up(*, wishes: Wishes, dialect: Dialect) -> None:
    """Raise UnableToPrintPayload for the rows of a real customer, or of another than the guide's."""
    command = f"`kraken-migrate dialect sample {dialect.name} IDENTIFIER`, which invents names and keys"
    if wishes.targets.legacy_dsn is not None:
        raise UnableToPrintPayload(
            "make sample takes made-up customers of the bundled database: for one of LEGACY_DSN run "
            f"{command}."
        )
    guides, *_ = samples_of(dialect=dialect)
    try:
        known = guides.identifier
    except AssertionError:
        # A new dialect has no payload yet.
        return
    if known != wishes.identifiers[0]:
        raise UnableToPrintPayload(
            f"tests/samples/{dialect.name} holds the guide's customer {known}: name that one, or run "
            f"{command}."
        )


def wanted_dialect(*, wishes: Wishes) -> Dialect:
    """The dialect that DIALECT names. Raises UnableToPrintPayload."""
    known = ", ".join(dialect_names())
    if wishes.dialect is None:
        raise UnableToPrintPayload(
            f"Say which dialect, for example DIALECT={dialect_names()[0]}; known: {known}."
        )
    return dialect_named(name=wishes.dialect)


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
            data.generate_up_to(systems=found.systems, dialect=dialect.name, total=at_least)
            yield engine
        return
    with postgres_alone(wishes=wishes) as systems:
        data.prepare_legacy(systems=systems, seed=wishes.seed)
        with data.engine_of(dsn=systems.legacy_dsn) as engine:
            data.generate_up_to(systems=systems, dialect=dialect.name, total=at_least)
            yield engine
