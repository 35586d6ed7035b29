"""How much memory a build takes by the size of its batch, and how many CPU seconds.

    .venv/bin/python benchmarks/build_memory.py [--batches 1000,5000] [--blocks 1000,5000]

A separate Postgres is started and filled with EDF customers. Each batch is built in a process of its own,
once in blocks of each of the sizes, and the most memory that this process has ever had is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ground import own_postgres
from benchmarks.shared_limits import DIALECT, SEED, engine_of, systems_of
from kraken_import.generator import load
from kraken_import.local.data import migrate_tracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases import build as building
from kraken_import.usecases.plan import plan_wave
from kraken_import.usecases.systems import PlanSystems
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Build each batch in each way; print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", default="1000,5000", help="customers of the batches")
    parser.add_argument("--blocks", default="1000,5000", help="customers of the blocks")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        _build(told=json.loads(options.work))
        return 0
    batches, blocks = ([int(each) for each in said.split(",")] for said in (options.batches, options.blocks))
    with own_postgres(name="build-memory") as cluster:
        told = {
            "tracking": cluster.create_database(name="tracking"),
            "legacy": cluster.create_database(name="legacy"),
            "url": "http://127.0.0.1:1",
            "token": "none",
        }
        migrate_tracking(dsn=told["tracking"])
        customers = {DIALECT: sum(batches) * len(blocks)}
        load.fill(engine=engine_of(dsn=told["legacy"]), customers=customers, seed=SEED, tell=lambda _: None)
        for batch in batches:
            for block in blocks:
                wave_id = _plan(told=told, batch=batch, block=block)
                work = json.dumps(told | {"wave_id": wave_id, "batch": batch, "block": block})
                subprocess.run([sys.executable, __file__, "--work", work], cwd=ROOT, check=True)
    return 0


def _plan(*, told: dict[str, Any], batch: int, block: int) -> int:
    systems = systems_of(told=told)
    planned = plan_wave(
        systems=PlanSystems(tracking=systems.tracking, legacy=systems.legacy, kraken=systems.kraken),
        request=WaveRequest(dialect=DIALECT, dry_run=False, limit=batch, batch_size=batch),
        run=AirflowRun(dag_id="benchmark", run_id=f"{batch} in blocks of {block}"),
        now=datetime.now(UTC),
    )
    return planned.wave_id


def _build(*, told: dict[str, Any]) -> None:
    building.BLOCK = told["block"]
    systems, before = systems_of(told=told), time.process_time()
    idle = _peak()
    counts = building.build_batch(systems=systems, ref=BatchRef(wave_id=told["wave_id"], batch=0))
    seconds = time.process_time() - before
    print(
        f"{told['batch']:>7,} customers in blocks of {told['block']:>7,}: at most {_peak():>5.0f} MB "
        f"({idle:.0f} before), {seconds / told['batch'] * 1_000:.2f} CPU s for 1,000, {counts}",
        flush=True,
    )


def _peak() -> float:
    """Return the most memory that this process has ever had, in MB."""
    (line,) = (
        each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
