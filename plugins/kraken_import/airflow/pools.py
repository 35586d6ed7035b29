"""Airflow's pools, one for each dialect, that bound how many of its batches are worked on at once.

A task that waits without a worker (paused, throttled) leaves its place in a pool. It keeps its place in the
cap for each task that holds where there are no pools. `python -m kraken_import.airflow.pools` prints the
pools as `airflow pools import` reads them.
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
"""Set to the first part of the pools' names wherever they exist: a task whose pool does not never runs."""


def pool_of(*, dialect: str) -> str | None:
    """The pool of a dialect's batches; None where this installation has none."""
    prefix = os.environ.get(VARIABLE, "").strip()
    return _name(prefix=prefix, dialect=dialect) if prefix else None


def pools(*, prefix: str, dialects: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """What the pools of these dialects are, or of all, by name."""
    return {
        _name(prefix=prefix, dialect=dialect): {
            "slots": batches_at_once(),
            "description": f"Batches of {dialect} that are built, validated or created at once",
            # What is paused or throttled must not keep others from working.
            "include_deferred": False,
        }
        for dialect in dialects or dialect_names()
    }


def _name(*, prefix: str, dialect: str) -> str:
    return f"{prefix}_{dialect}"


def main() -> int:
    """Print the pools of this installation; the exit status, not 0 where it has none."""
    prefix = os.environ.get(VARIABLE, "").strip()
    if not prefix:
        sys.stderr.write(f"{VARIABLE} is not set: set it to what the names of its pools begin with.\n")
        return 1
    sys.stdout.write(json.dumps(pools(prefix=prefix), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
