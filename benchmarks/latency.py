"""How much of what a distant Kraken's limit allows a wave uses: N requests at once, each answered late.

    .venv/bin/python benchmarks/latency.py [--accounts 3000] [--at-once 8] [--latency 0.05 0.25]

A separate Postgres is started and filled, and a stand-in whose answers come after `latency` seconds and that
refuses what is beyond N requests with 429; the Connection says N. For each latency a wave of eight batches is
built; then four processes validate them, then four create them while a fifth polls, as Airflow's tasks and
its triggerer do. N requests at once with an answer each after `latency` seconds are N / latency a second. How
much of it can be had on this machine is measured before, by N connections that do nothing but validate one
and the same payload.

It prints the rate of each part of the wave, between its first and its last tenth of requests, beside both;
and ends with 1 when validating or creating has less than 95 % of what those connections had, or was refused
one request in a hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests

from benchmarks.ground import own_postgres
from benchmarks.shared_limits import (
    DIALECT,
    ROOT,
    SEED,
    engine_of,
    ledger_of,
    prepare,
    stand_in,
    strike,
    systems_of,
)
from benchmarks.simulator_throughput import body_of, converse
from kraken_import.generator import load
from kraken_import.local.data import migrate_tracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.poll import poll
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waits import Resumption

WORKERS: Final = 4
"""Batches at once of a dialect, as the pipeline has them unless told otherwise."""
BATCHES: Final = 8
WANTED: Final = 0.95
_EACH: Final = 0.1
_BOUND_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a wave: at each time, how many requests the stand-in had received of each operation."""

    name: str
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)

    def rate(self, *, operations: Sequence[str]) -> float:
        """Requests a second between the first and the last tenth of them."""
        counts = [(at, sum(seen.get(each, 0) for each in operations)) for at, seen in self.samples]
        first, last = counts[0][1], counts[-1][1]
        low, high = first + 0.1 * (last - first), first + 0.9 * (last - first)
        began = next(each for each in counts if each[1] >= low)
        ended = next(each for each in counts if each[1] >= high)
        return (ended[1] - began[1]) / max(ended[0] - began[0], _EACH)

    @property
    def seconds(self) -> float:
        """How long the part took, processes included."""
        return self.samples[-1][0] - self.samples[0][0]


def main() -> int:
    """Measure each latency, or do the work of one process; print one line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.05, 0.25], help="seconds")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        told = json.loads(options.work)
        asyncio.run(_WORK[told["part"]](told=told))
        return 0
    load_before = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    print(f"load before the start {load_before:>10.1f}  on {cores} cores")
    if load_before > cores / 2:
        print("This machine does other work: the figures are lower than they could be.")
    with own_postgres(name="latency") as cluster, stand_in(delay=1.0) as (url, token):
        told = {
            "tracking": cluster.create_database(name="tracking"),
            "legacy": cluster.create_database(name="legacy"),
            "url": url,
            "token": token,
            "requests_at_once": options.at_once,
        }
        migrate_tracking(dsn=told["tracking"])
        customers = {DIALECT: options.accounts * len(options.latency)}
        load.fill(engine=engine_of(dsn=told["legacy"]), customers=customers, seed=SEED, tell=lambda _: None)
        good = [_measure(options=options, told=told, latency=latency) for latency in options.latency]
    return 0 if all(good) else 1


def _measure(*, options: argparse.Namespace, told: dict[str, Any], latency: float) -> bool:
    """Measure one wave. Returns whether it used what the limit allows."""
    run_id = f"latency-{latency}"
    batches = asyncio.run(
        prepare(told=told, accounts=options.accounts, run_id=run_id, batches=BATCHES, validates=False)
    )
    strike(url=told["url"], kind="slow", seconds=latency)
    bound = asyncio.run(_bound(told=told, lines=options.at_once))
    strike(url=told["url"], kind="limit_in_flight", most=options.at_once)
    before = ledger_of(url=told["url"])
    parts = [
        _run(told=told, part="validate", batches=batches),
        _run(told=told, part="create", batches=batches),
    ]
    good = _print(options=options, told=told, latency=latency, parts=parts, bound=bound, before=before)
    requests.delete(f"{told['url']}/simulator/faults", timeout=30).raise_for_status()
    return good


async def _bound(*, told: dict[str, Any], lines: int) -> float:
    """The requests a second that so many connections have, each with one request at a time."""
    body = body_of()
    port = int(told["url"].rsplit(":", 1)[1])
    ends_at = time.perf_counter() + _BOUND_SECONDS

    def until_then() -> Any:
        number = 0
        while time.perf_counter() < ends_at:
            yield (number := number + 1)

    began, before = time.perf_counter(), ledger_of(url=told["url"])["seen"].get("validate", 0)
    await asyncio.gather(
        *(
            converse(port=port, token=told["token"], body=body, numbers=until_then(), operations=1)
            for _ in range(lines)
        )
    )
    seconds = time.perf_counter() - began
    return float((ledger_of(url=told["url"])["seen"]["validate"] - before) / seconds)


def _run(*, told: dict[str, Any], part: str, batches: list[dict[str, int]]) -> Part:
    """Run a part of the wave in processes of its own. Returns what was seen of it."""
    found = Part(name=part)
    kept = _launch(told | {"part": "await", "most": len(batches)}) if part == "create" else None
    workers = [_launch(told | {"part": part, "batches": batches[turn::WORKERS]}) for turn in range(WORKERS)]
    every = [*workers, *([kept] if kept else [])]
    tellers = [
        threading.Thread(target=_pass_on, args=(worker, kept), daemon=True) for worker in workers if kept
    ]
    for teller in tellers:
        teller.start()
    try:
        while any(each.poll() is None for each in every):
            found.samples.append((time.monotonic(), ledger_of(url=told["url"])["seen"]))
            time.sleep(_EACH)
        found.samples.append((time.monotonic(), ledger_of(url=told["url"])["seen"]))
    finally:
        for each in every:
            each.kill()
            each.wait()
    return found


def _launch(told: dict[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, "--work", json.dumps(told)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _pass_on(worker: subprocess.Popen[str], kept: subprocess.Popen[str]) -> None:
    """Tell the process that polls of each batch that a worker has created."""
    assert worker.stdout is not None
    assert kept.stdin is not None
    for line in worker.stdout:
        kept.stdin.write(line)
        kept.stdin.flush()


async def _validate(*, told: dict[str, Any]) -> None:
    systems = systems_of(told=told)
    for each in told["batches"]:
        await validate_batch(systems=systems, ref=BatchRef.read(values=each))


async def _create(*, told: dict[str, Any]) -> None:
    """Create these batches one after another; print each once it is created."""
    systems = systems_of(told=told)
    for each in told["batches"]:
        ref = BatchRef.read(values=each)
        while (held := (await create_batch(systems=systems, ref=ref)).held) is not None:
            until = systems.clock() + timedelta(hours=1)
            await poll(
                systems=systems,
                ref=ref,
                until=until,
                resumption=Resumption(why=held.why, seconds=held.seconds),
            )
        print(json.dumps(each), flush=True)


async def _await(*, told: dict[str, Any]) -> None:
    """Poll each batch that comes by standard input until all of it has ended."""
    systems = systems_of(told=told)
    async with asyncio.TaskGroup() as waiting:
        for _ in range(told["most"]):
            line = await asyncio.to_thread(sys.stdin.readline)
            ref = BatchRef.read(values=json.loads(line))
            until = systems.clock() + timedelta(hours=1)
            waiting.create_task(poll(systems=systems, ref=ref, until=until))


_WORK: Final = {"validate": _validate, "create": _create, "await": _await}


def _print(
    *,
    options: argparse.Namespace,
    told: dict[str, Any],
    latency: float,
    parts: Sequence[Part],
    bound: float,
    before: dict[str, Any],
) -> bool:
    after = ledger_of(url=told["url"])
    calls = sum(after["seen"].values()) - sum(before["seen"].values())
    faults = requests.get(f"{told['url']}/simulator/faults", timeout=30).json()["faults"]
    refused = sum(fault["struck"] for fault in faults if fault["kind"] == "limit_in_flight")
    print(
        f"\n{latency * 1000:.0f} ms an answer, {options.at_once} requests at once: "
        f"{options.at_once / latency:.0f} requests/s; {bound:.0f} by connections that do nothing else"
    )
    good = refused < 0.01 * calls
    for part in parts:
        rate = part.rate(operations=("validate",) if part.name == "validate" else ("create", "status"))
        good = good and rate >= WANTED * bound
        print(f"{part.name:<10} {rate:>8.1f} requests/s {rate / bound:>7.1%} in {part.seconds:.1f} s")
    created = after["live_creates"] - before["live_creates"]
    print(f"accounts {created:,}, requests {calls:,}, refused with 429 {refused}")
    return good


if __name__ == "__main__":
    sys.exit(main())
