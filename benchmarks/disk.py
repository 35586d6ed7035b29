"""How many bytes the tracking database takes for each customer, table by table.

    .venv/bin/python benchmarks/disk.py postgresql://…/tracking

It writes nothing. Two waves of 2,000 customers are enough: `make demo ACCOUNTS=2000 DIALECT=edf_accounts`,
after which `make env` prints the address. Indexes are counted, and so is what a table has reserved and not
filled.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import text

from transforms.database import engine_to

_SIZES: Final = text("""
SELECT coalesce(parent.relname, part.relname) AS name, sum(pg_total_relation_size(part.oid)) AS size
FROM pg_class AS part
LEFT JOIN pg_inherits ON pg_inherits.inhrelid = part.oid
LEFT JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
WHERE part.relnamespace = CAST('migration' AS regnamespace) AND part.relkind = 'r'
GROUP BY 1
ORDER BY 2 DESC
""")
_MODES: Final = text("SELECT mode, count(*) AS customers FROM migration.import_process GROUP BY 1 ORDER BY 1")
_PURGED: Final = frozenset({"payload", "answer", "record_money", "shared_value"})
"""What `kraken-migrate purge` takes."""
_ARCHIVED: Final = frozenset({"import_event"})
_FEW: Final = 1_000
_SMALLEST: Final = 20


def main() -> int:
    """Print bytes a customer for each table, and what is left after a purge and an archive."""
    parser = argparse.ArgumentParser(description="Bytes a customer in the tracking database.")
    parser.add_argument("dsn", help="where the tracking database is")
    engine = engine_to(parser.parse_args().dsn)
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        modes = {row.mode: row.customers for row in connection.execute(_MODES)}
        sizes = {row.name: int(row.size) for row in connection.execute(_SIZES)}
    customers = sum(modes.values())
    if customers < _FEW:
        print(f"{customers} records are too few: run a wave of 2,000 first.", file=sys.stderr)
        return 1
    print(", ".join(f"{number:,} records {mode}" for mode, number in modes.items()))
    each = {name: size / customers for name, size in sizes.items()}
    for name, size in each.items():
        if size >= _SMALLEST:
            print(f"{name:<24} {size:>8,.0f} bytes")
    whole = sum(each.values())
    purged = whole - sum(each[name] for name in _PURGED)
    archived = purged - sum(each[name] for name in _ARCHIVED)
    print(f"{'together':<24} {whole:>8,.0f} bytes")
    print(f"{'after a purge':<24} {purged:>8,.0f} bytes")
    print(f"{'events archived too':<24} {archived:>8,.0f} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
