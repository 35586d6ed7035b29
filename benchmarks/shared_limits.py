"""How well a wave uses a Kraken that takes N accounts at once, and how few of its requests are refused.

    .venv/bin/python benchmarks/shared_limits.py [--accounts 4000] [--at-once 200] [--delay 10]

A separate Postgres is started and filled, and a stand-in that refuses a create with 429 while N accounts
are under way. A wave of four batches is validated; then two worker processes create and poll two each, as
tasks and triggers do. Counted is how many accounts are under way at the stand-in, from when N were reached
first until the last create, and how many requests were refused: at least 95 % of N and fewer than 1 %,
or it ends with 1. Few accounts, or a machine with other work, do not reach that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from benchmarks.ground import free_port, own_postgres
from kraken_import.client.settings import KrakenSettings
from kraken_import.generator import load
from kraken_import.generator.values import configured_values
from kraken_import.local.data import migrate_tracking
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.plan import plan_wave
from kraken_import.usecases.poll import poll
from kraken_import.usecases.systems import BuildSystems, PlanSystems, database_clock
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waits import Resumption
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest
from transforms.database import engine_to
from transforms.registry import get_dialect

ROOT: Final = Path(__file__).resolve().parent.parent
DIALECT: Final = "edf_accounts"
SEED: Final = 7
WORKERS: Final = 2
_SETTINGS: Final = ("requests_at_once", "visibility_window", "request_timeout")
"""What the Connection may be told besides."""


def main() -> int:
    """Run the wave, or, as a worker, two batches of it; print one line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=4_000)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--delay", type=float, default=10.0, help="seconds an account is under way")
    parser.add_argument("--retry-after", type=float, default=1.0, help="seconds that a 429 asks for")
    parser.add_argument("--requests", type=int, help="429 for all requests beyond so many at once")
    parser.add_argument("--latency", type=float, help="seconds until each answer comes")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        asyncio.run(work(told=json.loads(options.work)))
        return 0
    with (
        own_postgres(name="shared-limits") as cluster,
        stand_in(delay=options.delay) as (url, token),
    ):
        return _measure(options=options, cluster=cluster, url=url, token=token)


def _measure(*, options: argparse.Namespace, cluster: Any, url: str, token: str) -> int:
    told = {
        "tracking": cluster.create_database(name="tracking"),
        "legacy": cluster.create_database(name="legacy"),
        "url": url,
        "token": token,
    }
    migrate_tracking(dsn=told["tracking"])
    engine = engine_of(dsn=told["legacy"])
    load.fill(engine=engine, customers={DIALECT: options.accounts}, seed=SEED, tell=lambda _: None)
    batches = asyncio.run(prepare(told=told, accounts=options.accounts))
    strike(url=url, kind="limit_in_progress", most=options.at_once, seconds=options.retry_after)
    if options.latency:
        strike(url=url, kind="slow", seconds=options.latency)
    if options.requests:
        strike(url=url, kind="limit_in_flight", most=options.requests)
    before = ledger_of(url=url)
    began = time.monotonic()
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", json.dumps(told | {"batches": batches[turn::WORKERS]})],
            cwd=ROOT,
        )
        for turn in range(WORKERS)
    ]
    try:
        samples = _watch(url=url, tracking=engine_of(dsn=told["tracking"]), workers=workers)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    seconds = time.monotonic() - began
    return _print(options=options, samples=samples, seconds=seconds, url=url, before=before)


def _watch(*, url: str, tracking: Engine, workers: list[subprocess.Popen[bytes]]) -> list[tuple[int, int]]:
    """(accounts under way, records not created yet) four times a second until the workers have ended."""
    samples = []
    while any(worker.poll() is None for worker in workers):
        with tracking.connect() as connection:
            left = connection.exec_driver_sql(
                "SELECT count(*) FROM migration.import_process WHERE state IN ('valid', 'creating')"
            ).scalar_one()
        samples.append((ledger_of(url=url)["in_progress"], left))
        time.sleep(0.25)
    if any(worker.returncode for worker in workers):
        raise SystemExit("A worker has failed.")
    return samples


def _print(
    *,
    options: argparse.Namespace,
    samples: list[tuple[int, int]],
    seconds: float,
    url: str,
    before: dict[str, Any],
) -> int:
    ledger = ledger_of(url=url)
    calls = sum(ledger["seen"].values()) - sum(before["seen"].values())
    faults = requests.get(f"{url}/simulator/faults", timeout=30).json()["faults"]
    refused = sum(fault["struck"] for fault in faults if fault["kind"].startswith("limit"))
    first = next((at for at, (busy, _) in enumerate(samples) if busy >= 0.95 * options.at_once), 0)
    last = max((at for at, (_, left) in enumerate(samples) if left), default=first)
    busy = [under_way for under_way, _ in samples[first : last + 1]]
    share = fmean(busy) / options.at_once
    print(
        f"accounts              {ledger['live_creates']:>10,}  twice: {len(ledger['created_more_than_once'])}"
    )
    print(f"seconds               {seconds:>10.1f}  at the limit: {len(busy) / 4:.1f}")
    print(f"requests              {calls:>10,}  an account: {calls / max(1, ledger['live_creates']):.2f}")
    print(f"refused (429)         {refused:>10,}  {refused / calls:.2%}")
    print(f"of {options.at_once:>5} at once        {share:>10.1%}  least {min(busy)}, most {max(busy)}")
    print("wanted: at least 95 % of them, and fewer than 1 % refused")
    return 0 if share >= 0.95 and refused < 0.01 * calls else 1


async def prepare(
    *,
    told: dict[str, Any],
    accounts: int,
    run_id: str = "benchmark",
    batches: int = 4,
    validates: bool = True,
) -> list[dict[str, int]]:
    """Plan, build and, unless told otherwise, validate a wave of so many batches. Returns its batches."""
    systems = systems_of(told=told)
    planned = plan_wave(
        systems=PlanSystems(tracking=systems.tracking, legacy=systems.legacy, kraken=systems.kraken),
        request=WaveRequest(
            dialect=DIALECT, dry_run=False, limit=accounts, batch_size=-(-accounts // batches)
        ),
        run=AirflowRun(dag_id="benchmark", run_id=run_id, run_type="manual", logical_date=None),
        now=datetime.now(UTC),
    )
    refs = [BatchRef(wave_id=planned.wave_id, batch=batch) for batch in planned.batches]
    for ref in refs:
        await asyncio.to_thread(build_batch, systems=systems, ref=ref)
        if validates:
            await validate_batch(systems=systems, ref=ref)
    return [ref.plain for ref in refs]


async def work(*, told: dict[str, Any]) -> None:
    """Create and poll these batches at once, as their tasks and triggers would."""
    systems = systems_of(told=told)

    async def end(ref: BatchRef) -> None:
        while True:
            held = (await create_batch(systems=systems, ref=ref)).held
            until = systems.clock() + timedelta(hours=1)
            resumption = None if held is None else Resumption(why=held.why, seconds=held.seconds)
            await poll(systems=systems, ref=ref, until=until, resumption=resumption)
            if held is None:
                return

    await asyncio.gather(*(end(BatchRef.read(values=each)) for each in told["batches"]))


def systems_of(*, told: dict[str, Any]) -> BuildSystems:
    supplier = get_dialect(name=DIALECT).default_import_supplier
    kraken = KrakenSettings(
        base_url=told["url"],
        token=told["token"],
        import_suppliers={DIALECT: supplier},
        configured_values=configured_values(),
        **{name: told[name] for name in _SETTINGS if name in told},
    )

    async def refresh() -> KrakenSettings:
        return replace(kraken)

    tracking = engine_of(dsn=told["tracking"])
    return BuildSystems(
        tracking=tracking,
        kraken=kraken,
        refresh=refresh,
        clock=database_clock(engine=tracking),
        legacy=engine_of(dsn=told["legacy"]),
    )


def engine_of(*, dsn: str) -> Engine:
    return engine_to(dsn, poolclass=NullPool)


@contextmanager
def stand_in(*, delay: float) -> Iterator[tuple[str, str]]:
    """Start a stand-in Kraken. Yields its address and token."""
    token = secrets.token_hex(8)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "kraken_import.simulator",
        "--port",
        str(port),
        "--token",
        token,
        "--delay",
        str(delay),
    ]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        yield f"http://127.0.0.1:{port}", token
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def strike(*, url: str, **fault: Any) -> None:
    requests.post(f"{url}/simulator/faults", json=fault, timeout=30).raise_for_status()


def ledger_of(*, url: str) -> dict[str, Any]:
    ledger: dict[str, Any] = requests.get(f"{url}/simulator/ledger?summary=1", timeout=30).json()
    return ledger


if __name__ == "__main__":
    sys.exit(main())
