"""Documents of generated customers as they would be sent, the good and the broken ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from benchmarks.ground import own_postgres
from kraken_import.generator import load
from transforms.build import BuildSettings, drafts
from transforms.database import engine_to
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, extract

_AT_ONCE: Final = 500
TODAY: Final = date(2026, 11, 21)
"""The day of both readers, so that an audit gives the same result tomorrow."""


@contextmanager
def generated(*, dialects: Mapping[str, int], seed: int) -> Iterator[Engine]:
    """A legacy database with so many generated customers of each dialect, gone afterwards."""
    with own_postgres(name="audit") as cluster:
        dsn = cluster.create_database(name="legacy").replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = engine_to(dsn, poolclass=NullPool)
        load.fill(engine=engine, customers=dict(dialects), seed=seed, tell=lambda _: None)
        yield engine


def documents(*, engine: Engine, dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Yield each customer's document before it is checked; without those whose rows make no document."""
    settings = BuildSettings(import_supplier=dialect.default_import_supplier, today=TODAY)
    after = None
    while page := candidate_identifiers(engine=engine, dialect=dialect, after=after, limit=_AT_ONCE):
        frames = extract(engine=engine, dialect=dialect, identifiers=page).frames
        yield from drafts(dialect=dialect, frames=frames, identifiers=page, settings=settings).values()
        after = page[-1]
