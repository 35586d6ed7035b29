"""Airflow's pools, one for each dialect, that limit how many of its batches are worked on at once.

A task that waits without a worker (paused, throttled) leaves its place in a pool. Where there are no pools,
the limit on each task applies instead, and there it keeps its place. `python -m
kraken_import.airflow.pools` prints the pools as `airflow pools import` reads them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from kraken_import.airflow.environment import batches_at_once
from transforms.registry import dialect_names

VARIABLE = "MIGRATION_POOL"
"""The prefix of the pools' names, set wherever they exist: a task whose pool does not exist never runs."""


def pool_of(*, dialect: str) -> str | None:
    """Return the pool of a dialect's batches; None where this installation has none."""
    prefix = os.environ.get(VARIABLE, "").strip()
    return _name(prefix=prefix, dialect=dialect) if prefix else None


def pools(*, prefix: str, dialects: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the pools of these dialects, or of all, by name."""
    return {
        _name(prefix=prefix, dialect=dialect): {
            "slots": batches_at_once(),
            "description": f"Batches of {dialect} that are built, validated or created at once",
            # Paused or throttled batches must not keep others from working.
            "include_deferred": False,
        }
        for dialect in dialects or dialect_names()
    }


def _name(*, prefix: str, dialect: str) -> str:
    return f"{prefix}_{dialect}"


def main() -> int:
    """Print the pools of this installation. Returns the exit status, not 0 where it has none."""
    prefix = os.environ.get(VARIABLE, "").strip()
    if not prefix:
        sys.stderr.write(f"{VARIABLE} is not set: set it to the prefix of its pools' names.\n")
        return 1
    sys.stdout.write(json.dumps(pools(prefix=prefix), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
