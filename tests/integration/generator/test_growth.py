"""What one more customer costs the generator does not depend on how many are generated with it."""

import pytest
from sqlalchemy import Connection, event

from kraken_import.generator import load
from tests.conftest import NewDatabase
from transforms.database import engine_to

THERE, FEW, MANY = 500, 400, 2_000
_READ = """
SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_all_tables
WHERE schemaname LIKE 'pg_temp%%' OR schemaname = 'legacy'
"""


@pytest.mark.parametrize("dialect", load.generated_dialects())
def test_no_customer_is_looked_for_among_all_others(dialect: str, new_database: NewDatabase) -> None:
    engine = engine_to(new_database())
    load.fill(engine=engine, customers={dialect: THERE}, seed=7, tell=lambda _: None)
    read = []

    def look(connection: Connection) -> None:
        read.append(int(connection.exec_driver_sql(_READ).scalar_one()))

    first = THERE + 1
    for number in (FEW, MANY):
        event.listen(engine, "commit", look)
        load.generate(engine=engine, dialect=dialect, first=first, last=first + number - 1, seed=7)
        event.remove(engine, "commit", look)
        first += number
    # Of each two commits the first one is the customers', the other one that of the statistics.
    few, _, many, _ = read
    assert many / MANY < 2 * few / FEW
    engine.dispose()
