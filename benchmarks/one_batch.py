"""CPU seconds of one batch without Airflow, for 1,000 accounts: requests, and each tracking statement.

    .venv/bin/python benchmarks/one_batch.py [--accounts 5000] [--rounds 3]

A separate Postgres and a stand-in are started; for each round a wave of one batch is built, validated,
created and polled by one process of its own, as its tasks and its trigger would. Printed is the median of
the rounds: seconds of the process and of its database sessions, and how often each statement ran. CPU time
changes little with what else the machine does, so two versions are compared in turns: with PYTHONPATH and the
script of the other checkout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ground import own_postgres
from benchmarks.shared_limits import DIALECT, ROOT, SEED, engine_of, prepare, stand_in, systems_of
from kraken_import.generator import load
from kraken_import.local.data import migrate_tracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.poll import poll
from kraken_import.usecases.validate import validate_batch
from transforms import cpu_clock

_PARTS: Final = ("build", "validate", "create", "poll")


def main() -> int:
    """Measure each round, or do the work of one; print one line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(asyncio.run(_work(told=json.loads(options.work)))))
        return 0
    with own_postgres(name="one-batch") as cluster, stand_in(delay=1.0) as (url, token):
        told = {
            "tracking": cluster.create_database(name="tracking"),
            "legacy": cluster.create_database(name="legacy"),
            "url": url,
            "token": token,
            "accounts": options.accounts,
        }
        migrate_tracking(dsn=told["tracking"])
        customers = {DIALECT: options.accounts * options.rounds}
        load.fill(engine=engine_of(dsn=told["legacy"]), customers=customers, seed=SEED, tell=lambda _: None)
        rounds = [_round(told=told, number=number) for number in range(options.rounds)]
    _print(rounds=rounds)
    return 0


def _round(*, told: dict[str, Any], number: int) -> dict[str, list[float]]:
    """Do the work of one round in a process of its own. Returns calls and seconds by line."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--work", json.dumps(told | {"run_id": f"round-{number}"})],
            cwd=ROOT,
            env=os.environ | {cpu_clock.VARIABLE: folder},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        (path,) = Path(folder).glob("*.json")
        read = cpu_clock.read(path=path)
    assert read is not None
    per = told["accounts"] / 1_000
    found = {
        name: [line["calls"] / per, line["own"] / per, line["backend"] / per]
        for name, line in read["lines"].items()
    }
    for part, seconds in json.loads(done.stdout).items():
        found[part] = [0.0, seconds / per, 0.0]
    return found


async def _work(*, told: dict[str, Any]) -> dict[str, float]:
    """Bring one wave to its end. Returns the CPU seconds of each part that stand in no line."""
    seconds: dict[str, float] = {}
    systems = systems_of(told=told)
    with _outside_lines(part="build", seconds=seconds):
        (batch,) = await prepare(
            told=told, accounts=told["accounts"], run_id=told["run_id"], batches=1, validates=False
        )
    ref = BatchRef.read(values=batch)
    with _outside_lines(part="validate", seconds=seconds):
        await validate_batch(systems=systems, ref=ref)
    with _outside_lines(part="create", seconds=seconds):
        await create_batch(systems=systems, ref=ref)
    with _outside_lines(part="poll", seconds=seconds):
        await poll(systems=systems, ref=ref, until=systems.clock() + timedelta(hours=1))
    assert cpu_clock._clock is not None
    cpu_clock._clock.write()
    return seconds


@contextmanager
def _outside_lines(*, part: str, seconds: dict[str, float]) -> Iterator[None]:
    clock = cpu_clock._clock
    assert clock is not None

    def rest() -> float:
        return time.process_time() - sum(line.own for line in clock._together().values())

    before = rest()
    yield
    seconds[part] = rest() - before


def _print(*, rounds: list[dict[str, list[float]]]) -> None:
    names = {name for found in rounds for name in found}
    middle = {
        name: [median(found.get(name, [0.0] * 3)[place] for found in rounds) for place in range(3)]
        for name in names
    }
    sums: dict[str, float] = defaultdict(float)
    print(f"{'CPU seconds for 1,000 accounts':<44} {'calls':>7} {'own':>8} {'server':>8} {'both':>8}")
    for name, (calls, own, server) in sorted(middle.items(), key=lambda pair: -sum(pair[1][1:])):
        print(f"{name:<44} {calls:>7.1f} {own:>8.4f} {server:>8.4f} {own + server:>8.4f}")
        sums["tracking" if name.startswith("tracking.") else "work"] += own + server
    for name, whole in sums.items():
        print(f"{name:<44} {'':>7} {'':>8} {'':>8} {whole:>8.4f}")


if __name__ == "__main__":
    sys.exit(main())
