"""How long a reconciliation takes, and how much memory, for as many records as are asked for.

    .venv/bin/python benchmarks/reconciliation.py [--records 1000000] [--waves 20] [--bytes 4000]

A separate Postgres is started in a temporary folder and filled with waves that have ended: records,
attempts, balances and payloads of `--bytes` each, all equal. A stand-in in its own process streams
the listing of their accounts and answers for single records; the listing leaves out the first `--doubted`
ones, so that each of them is asked about each time. Then everything is reconciled three times: for the first
time, which compares all of it; with nothing changed; and after a tenth of one wave was built again, one
record was lost at Kraken and a cent added to one balance. What is found is checked. The memory is the
largest resident size of this process, in which the reconciliation runs, without that of Postgres.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aiohttp import web
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine
from sqlalchemy.pool import NullPool

from benchmarks.ground import free_port, own_postgres
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import migrate
from kraken_import.tracking.queries import queries
from kraken_import.usecases.reconcile import Reconciled, reconcile
from kraken_import.usecases.systems import Systems, database_clock
from transforms.database import engine_to

SUPPLIER: Final = "BENCHMARK"
LOST: Final = 1
ALTERED: Final = 2
_BATCH: Final = 1_000
_ENTRIES: Final = 2_000

WAVE: Final = """
INSERT INTO migration.wave (name, dialect, resource, mode, import_supplier, target_kraken, connection_id,
    claimed, batch_size, failure_threshold, dag_id, run_id, started_at, opened_no)
VALUES ('benchmark-' || %(wave)s, 'edf_accounts', 'accounts', 'live', %(supplier)s, %(kraken)s, 'kraken',
    %(most)s, %(batch)s, 1, 'benchmark', %(wave)s::text, now(), 1)
RETURNING id
"""

RECORDS: Final = """
INSERT INTO migration.batch (wave_id, batch, customers)
SELECT %(id)s, (number - 1) / %(batch)s, count(*) FROM generate_series(1, %(most)s) AS number GROUP BY 2;
INSERT INTO migration.import_process (target_kraken, mode, resource, import_supplier, external_identifier,
    dialect, wave_id, batch, airflow_run, state, attempt, payload_hash, payload_bytes, kraken_status,
    kraken_identifier, planned_at, built_at, validated_at, intended_at, created_at, settled_at)
SELECT %(kraken)s, 'live', 'accounts', %(supplier)s, 'BENCH-' || number, 'edf_accounts', %(id)s,
    (number - %(first)s) / %(batch)s, 'benchmark', 'processed', 1, %(hash)s, %(bytes)s, 'PROCESSED',
    'A-' || number, built_at, built_at, built_at, built_at, built_at, built_at
FROM generate_series(%(first)s, %(first)s + %(most)s - 1) AS number
CROSS JOIN (SELECT now() - interval '3 days' AS built_at) AS past;
INSERT INTO migration.import_attempt (import_process_id, attempt, wave_id, batch, airflow_run, payload_hash,
    started_at, settled_at, outcome)
SELECT id, 1, wave_id, batch, airflow_run, payload_hash, built_at, settled_at, state
FROM migration.import_process WHERE wave_id = %(id)s;
INSERT INTO migration.record_money (wave_id, batch, import_process_id, ledger, currency, legacy_entries,
    legacy_cents, payload_entries, payload_cents)
SELECT wave_id, batch, id, 'ENERGY', 'GBP', 1, id %% 100000, 1, id %% 100000
FROM migration.import_process WHERE wave_id = %(id)s;
INSERT INTO migration.batch_money (wave_id, batch, stage, ledger, currency, customers, cents)
SELECT wave_id, batch, stage, 'ENERGY', 'GBP', count(*), sum(legacy_cents)
FROM migration.record_money CROSS JOIN (VALUES ('legacy'), ('payload')) AS side (stage)
WHERE wave_id = %(id)s GROUP BY wave_id, batch, stage;
INSERT INTO migration.payload (wave_id, import_process_id, attempt, body, built_at)
SELECT wave_id, id, 1, %(body)s, built_at FROM migration.import_process WHERE wave_id = %(id)s
"""

REBUILD: Final = """
UPDATE migration.import_process SET built_at = now(), settled_at = now()
WHERE wave_id = (SELECT min(id) FROM migration.wave) AND batch %% 10 = 0;
UPDATE migration.import_process SET attempt = 2 WHERE external_identifier = 'BENCH-' || %(altered)s::text;
UPDATE migration.payload SET attempt = 2
WHERE import_process_id = (SELECT id FROM migration.import_process WHERE attempt = 2);
INSERT INTO migration.import_attempt
SELECT import_process_id, 2, wave_id, batch, airflow_run, payload_hash, now(), now(), outcome
FROM migration.import_attempt
WHERE import_process_id = (SELECT id FROM migration.import_process WHERE attempt = 2);
UPDATE migration.record_money SET payload_cents = payload_cents + 1
WHERE import_process_id = (SELECT id FROM migration.import_process WHERE attempt = 2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run: what was compared, what it took, the peak of memory until then, what was found."""

    run: str
    seconds: float
    peak: int
    skipped: int
    differences: dict[str, int]


def main() -> int:
    """Fill a database, reconcile it three times, print one line for each."""
    parser = argparse.ArgumentParser(description="Measure reconciliation.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--waves", type=int, default=20)
    parser.add_argument("--bytes", type=int, default=4_000, help="size of a payload")
    parser.add_argument("--doubted", type=int, default=1_000, help="records that the listing leaves out")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        web.run_app(
            _kraken(records=options.records, doubted=options.doubted),
            host="127.0.0.1",
            port=options.serve,
            print=None,
        )
        return 0
    port = free_port()
    command = [sys.executable, __file__, "--serve", str(port), "--records", str(options.records)]
    command += ["--doubted", str(options.doubted)]
    kraken = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        with own_postgres(name="reconciliation") as cluster:
            database = cluster.create_database(name="tracking")
            dsn = database.replace("postgresql://", "postgresql+psycopg2://", 1)
            engine = engine_to(dsn, poolclass=NullPool)
            settings = KrakenSettings(base_url=f"http://127.0.0.1:{port}", token=SUPPLIER)
            started = time.perf_counter()
            _fill(engine=engine, kraken=settings.target, options=options)
            print(
                f"{options.records:,} records filled in {time.perf_counter() - started:,.0f} s.", flush=True
            )
            _print(options=options, results=_measure(engine=engine, settings=settings, options=options))
    finally:
        kraken.terminate()
        kraken.wait()
    return 0


def _measure(*, engine: Engine, settings: KrakenSettings, options: argparse.Namespace) -> list[Measured]:
    results = [_reconcile(engine=engine, settings=settings, run="first, all of it")]
    assert results[0].differences == {}
    results.append(_reconcile(engine=engine, settings=settings, run="nothing changed"))
    assert results[1].differences == {}
    with engine.begin() as connection:
        connection.exec_driver_sql(REBUILD, {"altered": ALTERED})
    urlopen(Request(f"{settings.base_url}/lose/{LOST}", method="POST"), timeout=10).close()
    results.append(_reconcile(engine=engine, settings=settings, run="one wave changed"))
    # One sum of a batch follows from the cent.
    assert results[2].differences == {"missing_at_kraken": 1, "balance_differs": 1, "batch_money": 1}
    doubted = -(-options.doubted // (options.records // options.waves))
    assert {measured.skipped for measured in results[1:]} == {options.waves - doubted}
    return results


def _reconcile(*, engine: Engine, settings: KrakenSettings, run: str) -> Measured:
    async def refresh() -> KrakenSettings:
        return settings

    systems = Systems(tracking=engine, kraken=settings, refresh=refresh, clock=database_clock(engine=engine))
    started = time.perf_counter()
    outcome: Reconciled = asyncio.run(
        reconcile(systems=systems, connection_id="kraken", now=datetime.now(UTC))
    )
    measured = Measured(
        run=run,
        seconds=time.perf_counter() - started,
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        skipped=len(outcome.skipped),
        differences=outcome.differences,
    )
    print(measured, flush=True)
    return measured


def _fill(*, engine: Engine, kraken: str, options: argparse.Namespace) -> None:
    migrate.upgrade(engine=engine)
    # Half of it shrinks, as payloads do.
    half = options.bytes // 4
    document = json.dumps({"random": os.urandom(half).hex(), "plain": "x" * 2 * half}).encode()
    shared = {
        "kraken": kraken,
        "supplier": SUPPLIER,
        "batch": _BATCH,
        "hash": hashlib.sha256(document).digest(),
        "bytes": len(document),
        "body": zlib.compress(document, 1),
    }
    most = options.records // options.waves
    for wave in range(options.waves):
        with engine.begin() as connection:
            # The rows fit together; asking for each whether they do takes most of the time.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            _add_wave(connection=connection, values={**shared, "wave": wave, "most": most})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _add_wave(*, connection: Connection, values: dict[str, object]) -> None:
    first = int(str(values["wave"])) * int(str(values["most"])) + 1
    wave_id = int(connection.exec_driver_sql(WAVE, values).scalar_one())
    queries(file="waves").run(connection, "add_partitions", wave_id=wave_id)
    connection.exec_driver_sql(RECORDS, {**values, "id": wave_id, "first": first})


def _kraken(*, records: int, doubted: int) -> web.Application:
    """A stand-in that has processed every record, and lists nearly all of them."""
    lost: set[int] = set()

    async def listing(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        sign = "["
        for start in range(doubted + 1, records + 1, _ENTRIES):
            entries = ",".join(
                f'{{"external_account_number":"BENCH-{number}","kraken_account_number":"A-{number}",'
                '"account_created_at":"2026-11-20T03:04:05+00:00"}'
                for number in range(start, min(start + _ENTRIES, records + 1))
                if number not in lost
            )
            await response.write((sign + entries).encode())
            sign = ","
        await response.write(b"]")
        return response

    async def status(request: web.Request) -> web.Response:
        number = int(request.match_info["identifier"].removeprefix("BENCH-"))
        if number in lost:
            return web.json_response({"detail": "Not found.", "code": "not_found"}, status=404)
        return web.json_response({"status": "PROCESSED", "kraken_identifier": f"A-{number}"})

    async def lose(request: web.Request) -> web.Response:
        lost.add(int(request.match_info["number"]))
        return web.Response()

    application = web.Application()
    application.add_routes(
        [
            web.get("/v1/data-import/{which}-account-import-processes/{supplier}/", listing),
            web.get("/v2/data-import/accounts/{supplier}/{identifier}/", status),
            web.post("/lose/{number}", lose),
        ]
    )
    return application


def _print(*, options: argparse.Namespace, results: list[Measured]) -> None:
    table = Table(
        title=f"Reconciliation of {options.records:,} records in {options.waves} waves",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
    )
    table.add_column("", no_wrap=True)
    for heading in ("minutes", "peak MB", "waves skipped", "differences"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measured in results:
        table.add_row(
            measured.run,
            f"{measured.seconds / 60:,.2f}",
            f"{measured.peak / 2**20:,.0f}",
            str(measured.skipped),
            str(sum(measured.differences.values())),
        )
    Console(highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
