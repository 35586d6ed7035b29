"""What it costs to poll for many waiting batches at once, and how evenly they are served.

    .venv/bin/python benchmarks/waiting_batches.py [--batches 1000] [--records 1000] [--seconds 90]

A separate Postgres is started in a temporary folder and filled with one wave, whose records Kraken accepted
within the last ten minutes. Another process then polls for all of its batches, as a triggerer with as many
triggers does. The stand-in Kraken knows none of the records, which proves nothing within a visibility window
of an hour, so that everything stays open. Printed are the largest size of the polling process, the looks at
each batch, the most sockets that it had open to Kraken, and how many looks it made a second.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import secrets
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from sqlalchemy import Engine

from benchmarks.ground import free_port, own_postgres
from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import migrate, waves
from kraken_import.tracking.refs import BatchRef
from kraken_import.tracking.waves import NewWave
from kraken_import.usecases.poll import poll
from kraken_import.usecases.systems import connected
from transforms.database import PatientPool, engine_to

ROOT: Final = Path(__file__).resolve().parent.parent
FILL: Final = """
    INSERT INTO migration.import_process (
        target_kraken, mode, resource, import_supplier, external_identifier, dialect, wave_id, batch,
        airflow_run, state, attempt, payload_hash, planned_at, intended_at, evidence_from, created_at,
        polled_at
    )
    SELECT %(target)s, 'live', 'accounts', 'BENCH', 'B-' || record, 'edf_accounts', %(wave_id)s,
        record / %(records)s, 'benchmark', 'created', 1, '\\x00', now(), began.at, began.at, began.at,
        began.at + (now() - began.at) * random()
    FROM generate_series(0, %(batches)s * %(records)s - 1) AS record
    CROSS JOIN LATERAL (SELECT now() - record %% 600 * interval '1 second' AS at) AS began
"""
COUNT: Final = """
    CREATE TABLE looks (batch integer, records bigint);
    CREATE FUNCTION count_looks() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO looks SELECT batch, count(*) FROM changed GROUP BY batch;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER count_looks AFTER UPDATE ON migration.import_process
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_looks();
"""
LOOKS: Final = """
    SELECT coalesce(sum(looks.records), 0)::bigint
    FROM migration.batch
    LEFT JOIN looks USING (batch)
    GROUP BY batch.batch
"""


def main() -> int:
    """Fill a database, poll for a while in another process, print one line for each figure."""
    parser = argparse.ArgumentParser(description="Measure the poller of waiting batches.")
    parser.add_argument("--batches", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=1_000, help="open records of each batch")
    parser.add_argument("--seconds", type=float, default=90)
    options = parser.parse_args()
    port, token = free_port(), secrets.token_hex(8)
    command = [sys.executable, "-m", "kraken_import.simulator", "--port", str(port), "--token", token]
    simulator = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        with own_postgres(name="waiting-batches") as cluster:
            database = cluster.create_database(name="tracking")
            dsn = database.replace("postgresql://", "postgresql+psycopg2://", 1)
            wave_id = _fill(dsn=dsn, port=port, batches=options.batches, records=options.records)
            _measure(
                dsn=dsn,
                port=port,
                token=token,
                wave_id=wave_id,
                batches=options.batches,
                seconds=options.seconds,
            )
    finally:
        simulator.kill()
        simulator.wait()
    return 0


def _fill(*, dsn: str, port: int, batches: int, records: int) -> int:
    engine = engine_to(dsn)
    migrate.upgrade(engine=engine)
    target = f"http://127.0.0.1:{port}"
    wave = NewWave(
        name="waiting",
        dialect="edf_accounts",
        resource="accounts",
        mode=Mode.LIVE,
        import_supplier="BENCH",
        target_kraken=target,
        connection_id="kraken",
        requested=None,
        batch_size=records,
        requests_in_flight=None,
        failure_threshold=Decimal(1),
        dag_id="benchmark",
        run_id="benchmark",
    )
    with engine.begin() as connection:
        wave_id = waves.add_wave(connection=connection, wave=wave, at=datetime.now(UTC))
        values = {"target": target, "wave_id": wave_id, "batches": batches, "records": records}
        connection.exec_driver_sql(FILL, values)
        waves.close_planning(connection=connection, wave_id=wave_id, already_claimed=0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE migration.import_process")
        connection.exec_driver_sql(COUNT)
    engine.dispose()
    return wave_id


def _measure(*, dsn: str, port: int, token: str, wave_id: int, batches: int, seconds: float) -> None:
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(
        target=_poll, args=(there, dsn, port, token, wave_id, batches, seconds)
    )
    child.start()
    watched, sockets = psutil.Process(child.pid), 0
    while not here.poll(1.0):
        if not child.is_alive():
            raise SystemExit("The polling process died.")
        open_now = watched.net_connections(kind="tcp")
        sockets = max(sockets, sum(bool(each.raddr) and each.raddr.port == port for each in open_now))
    elapsed, processor_seconds, peak = here.recv()
    child.join()
    with engine_to(dsn).connect() as connection:
        looks = sorted(connection.exec_driver_sql(LOOKS).scalars())
    print(f"batches              {batches:>10,}")
    print(f"largest size         {peak / 1024:>10,.0f} MB")
    print(f"looks at a batch     {looks[0]:>10,} at least")
    print(f"                     {statistics.median(looks):>10,.0f} in the middle")
    print(f"                     {looks[-1]:>10,} at most")
    print(f"sockets to Kraken    {sockets:>10,}")
    print(f"looks/s              {sum(looks) / elapsed:>10,.0f}")
    print(f"looks/CPU second     {sum(looks) / processor_seconds:>10,.0f}")


def _poll(
    answer: Connection, dsn: str, port: int, token: str, wave_id: int, batches: int, seconds: float
) -> None:
    """Poll for all batches; send the seconds it took, those of the processor, and the largest size in kB."""
    kraken = KrakenSettings(base_url=f"http://127.0.0.1:{port}", token=token, visibility_window=3600)
    began, worked = time.monotonic(), time.process_time()
    asyncio.run(_wait(_engine(dsn=dsn), kraken, wave_id, batches, seconds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send((time.monotonic() - began, time.process_time() - worked, peak))


async def _wait(engine: Engine, kraken: KrakenSettings, wave_id: int, batches: int, seconds: float) -> None:
    async def refresh() -> KrakenSettings:
        return kraken

    systems = connected(tracking=engine, kraken=kraken, refresh=refresh)
    until = systems.clock() + timedelta(seconds=seconds)
    refs = [BatchRef(wave_id=wave_id, batch=batch) for batch in range(batches)]
    await asyncio.gather(*(poll(systems=systems, ref=ref, until=until) for ref in refs))


def _engine(*, dsn: str) -> Engine:
    """As Airflow's Connection gives it."""
    return engine_to(dsn, poolclass=PatientPool, pool_size=4, max_overflow=4, pool_pre_ping=True)


if __name__ == "__main__":
    sys.exit(main())
