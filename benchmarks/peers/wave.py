"""A wave without Airflow, in one process: the steps that its tasks and its trigger take, one after another.

It plans the wave, extracts, builds and validates its batches, then creates and polls all of them. Started
again after a kill it goes on with the same wave where a step had not ended, as the tasks of a run do.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.shared_limits import prepare, work

_BATCH: Final = 1_000


def main(*, told: dict[str, Any]) -> None:
    """Run the wave to its end."""
    prepared = Path(told["folder"]) / "prepared.json"
    if not prepared.exists():
        batches = asyncio.run(
            prepare(told=told, accounts=told["accounts"], batches=-(-told["accounts"] // _BATCH))
        )
        prepared.write_text(json.dumps(batches), encoding="utf-8")
    asyncio.run(work(told={**told, "batches": json.loads(prepared.read_text(encoding="utf-8"))}))


if __name__ == "__main__":
    main(told=json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
