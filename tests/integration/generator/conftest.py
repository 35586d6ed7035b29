"""One filled legacy database for all tests that only read it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.conftest import NewDatabase

CUSTOMERS = 700


@pytest.fixture(scope="session")
def filled(new_database: NewDatabase) -> Engine:
    """A database filled in bulk, keys last."""
    engine = create_engine(
        new_database().replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool
    )
    load.fill(
        engine=engine,
        customers=dict.fromkeys(load.generated_dialects(), CUSTOMERS),
        seed=7,
        tell=lambda line: None,
    )
    return engine
