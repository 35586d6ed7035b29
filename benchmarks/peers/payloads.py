"""The finished payloads of generated customers, as a wave builds them, in a file that every peer reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from kraken_import.generator.values import configured_values
from transforms.build import BuildSettings, build
from transforms.database import engine_to
from transforms.extract import candidate_identifiers, extract
from transforms.registry import get_dialect

DIALECT: Final = "edf_accounts"
SUPPLIER: Final = get_dialect(name=DIALECT).default_import_supplier
_SEED: Final = 7
_TODAY: Final = date(2026, 11, 21)
"""The generated customers are of the autumn of 2026."""
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Payloads:
    """A file of payloads, and how many it has."""

    path: Path
    number: int
    bytes: int


def fill(*, dsn: str, accounts: int) -> None:
    """Fill the legacy database with so many customers."""
    engine = engine_to(dsn, poolclass=NullPool)
    load.fill(engine=engine, customers={DIALECT: accounts}, seed=_SEED, tell=lambda _: None)


def write(*, dsn: str, path: Path) -> Payloads:
    """Build every customer of the legacy database, and write the payloads that came of it."""
    engine = engine_to(dsn, poolclass=NullPool)
    number = size = 0
    last: str | None = None
    dialect = get_dialect(name=DIALECT)
    with path.open("w", encoding="utf-8") as lines:
        while identifiers := candidate_identifiers(engine=engine, dialect=dialect, after=last, limit=_BATCH):
            for identifier, body in _built(engine=engine, identifiers=identifiers):
                lines.write(f"{json.dumps({'identifier': identifier, 'body': body})}\n")
                number, size = number + 1, size + len(body)
            last = identifiers[-1]
    return Payloads(path=path, number=number, bytes=size)


def _built(*, engine: Engine, identifiers: list[str]) -> list[tuple[str, str]]:
    dialect = get_dialect(name=DIALECT)
    result = build(
        dialect=dialect,
        frames=extract(engine=engine, dialect=dialect, identifiers=identifiers).frames,
        identifiers=identifiers,
        settings=BuildSettings(import_supplier=SUPPLIER, today=_TODAY, values=configured_values()[DIALECT]),
    )
    return [(each.external_identifier, each.body.decode()) for each in result.payloads]
