"""The least that lines of the ledger could take, measured right after the wave on some of its customers.

Of HTTP: bare requests with the same bytes to the same stand-in. Of the tracking database: COPY of the same
rows into the same tables without indexes. Of extraction: the rows, and nothing made of them. Of a build: the
model's look at the finished documents, and writing them. Of Airflow: as many tasks that do nothing.
"""

import asyncio
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import aiohttp
import orjson
import psycopg2
from psycopg2 import sql
from sqlalchemy import Engine

from kraken_import.client.requests import Request, status_request, validate_request
from kraken_import.client.settings import KrakenSettings
from kraken_import.local import data
from kraken_import.local.bench.processes import STAND_IN
from kraken_import.local.payload import kraken_connection
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running
from kraken_import.usecases.build import payload_settings
from transforms.build import build
from transforms.cpu_clock import cpu_seconds
from transforms.database import statement_in
from transforms.dialect import Dialect
from transforms.extract import extract, frame_sql
from transforms.models.shape import check_of
from transforms.registry import get_dialect

SAMPLE: Final = 1_000
AT_ONCE: Final = 32
_SCRATCH: Final = "bench_scratch"
_ROWS_OF_WAVE: Final = (
    "import_process",
    "import_attempt",
    "import_event",
    "import_error",
    "payload",
    "answer",
    "shared_value",
    "record_money",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customers:
    """Some customers of a wave: identifiers, and the payloads of those that could be built."""

    identifiers: Sequence[str]
    payloads: Sequence[bytes]
    resource: str
    import_supplier: str


def bounds(
    *, running: Running, superuser: str | None, dialect: str, wave_id: int, stand_in: Callable[[], float]
) -> dict[str, float]:
    """Return the least that lines could take, in CPU seconds for 1,000 accounts.

    `superuser` leads to the tracking database, where it is on this machine, for its superuser; `stand_in`
    returns the CPU seconds that the stand-in Kraken has taken so far.
    """
    found = get_dialect(name=dialect)
    customers, least = _built(running=running, dialect=found, wave_id=wave_id)
    each = SAMPLE / max(len(customers.identifiers), 1)
    validations = [
        validate_request(envelope="wrapped", resource=customers.resource, payload=payload)
        for payload in customers.payloads
    ]
    statuses = [
        status_request(
            resource=customers.resource, import_supplier=customers.import_supplier, external_identifier=name
        )
        for name in customers.identifiers
    ]
    answered = {}
    for name, requests in (("validate", validations), ("poll", statuses)):
        before = stand_in()
        least[name] = _own(partial(_all_sent, running=running, requests=requests))
        answered[name] = stand_in() - before
    # A create sends the same bytes, and its answer is as short.
    least["create"] = least["validate"]
    least[STAND_IN] = 2 * answered["validate"] + answered["poll"]
    if superuser is not None:
        least["tracking"] = _copied(dsn=superuser, wave_id=wave_id)
    return {name: seconds * each for name, seconds in least.items()}


def _built(*, running: Running, dialect: Dialect, wave_id: int) -> tuple[_Customers, dict[str, float]]:
    with data.engine_of(dsn=running.systems.tracking_dsn) as tracking, tracking.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT external_identifier, import_supplier, resource FROM migration.import_process "
            "WHERE wave_id = %(wave_id)s ORDER BY id LIMIT %(most)s",
            {"wave_id": wave_id, "most": SAMPLE},
        ).all()
    identifiers = [row.external_identifier for row in rows]
    kraken = _kraken()
    with data.engine_of(dsn=running.systems.legacy_dsn) as legacy:
        read = _read(engine=legacy, dialect=dialect, identifiers=identifiers)
        extracted = extract(engine=legacy, dialect=dialect, identifiers=identifiers)
    result = build(
        dialect=dialect,
        frames=extracted.frames,
        identifiers=identifiers,
        settings=payload_settings(dialect=dialect, kraken=kraken, now=datetime.now(tz=UTC)),
    )
    payloads = [payload.body for payload in result.payloads]
    documents = [orjson.loads(payload) for payload in payloads]
    check = check_of(dialect.model)
    least = {
        "extract": read,
        "build": _own(lambda: [(check(document), orjson.dumps(document)) for document in documents]),
    }
    return _Customers(
        identifiers=identifiers,
        payloads=payloads,
        resource=rows[0].resource,
        import_supplier=rows[0].import_supplier,
    ), least


def _read(*, engine: Engine, dialect: Dialect, identifiers: Sequence[str]) -> float:
    """Return the CPU seconds of client and server for the rows of all frames, and nothing made of them."""
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        pid, own = driver.info.backend_pid, time.process_time()
        before = cpu_seconds(pid=pid) or 0.0
        for frame in dialect.frames:
            file = frame_sql(dialect=dialect.name, name=frame.name)
            statement = statement_in(file, parameters=frozenset({"identifiers"}))
            connection.execute(statement, {"identifiers": list(identifiers)}).all()
        return (cpu_seconds(pid=pid) or 0.0) - before + time.process_time() - own


def _kraken() -> KrakenSettings:
    found = kraken_connection()
    if found is None:
        raise StackProblem("The stack has ended while it was measured.")
    return found


def _own(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of this process for a piece of work."""
    before = time.process_time()
    work()
    return time.process_time() - before


def _all_sent(*, running: Running, requests: Sequence[Request]) -> None:
    asyncio.run(_send(running=running, requests=requests))


async def _send(*, running: Running, requests: Sequence[Request]) -> None:
    """Send requests and read their answers, and nothing else."""
    waiting = iter(requests)
    async with aiohttp.ClientSession(
        running.systems.kraken_url,
        headers={"Authorization": _kraken().authorization, "Content-Type": "application/json"},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:

        async def work() -> None:
            for request in waiting:
                async with session.request(request.method, request.path, data=request.body) as answer:
                    await answer.read()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _copied(*, dsn: str, wave_id: int) -> float:
    """Return the CPU seconds of client and server for writing the rows of some records by COPY."""
    with closing(psycopg2.connect(dsn)) as connection, _scratch(connection):
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE chosen AS SELECT id FROM migration.import_process WHERE wave_id = %s "
                "ORDER BY id LIMIT %s",
                (wave_id, SAMPLE),
            )
            rows = {table: _rows(cursor, table=table) for table in _ROWS_OF_WAVE}
        connection.commit()
        pid, own = connection.info.backend_pid, time.process_time()
        before = cpu_seconds(pid=pid) or 0.0
        for table, text in rows.items():
            with connection.cursor() as cursor:
                copy = sql.SQL("COPY {}.{} FROM STDIN (FORMAT binary)")
                cursor.copy_expert(
                    copy.format(sql.Identifier(_SCRATCH), sql.Identifier(table)), io.BytesIO(text)
                )
        connection.commit()
        return (cpu_seconds(pid=pid) or 0.0) - before + time.process_time() - own


@contextmanager
def _scratch(connection: Any) -> Iterator[None]:
    """Provide a schema of our own for a while, with the tables of a wave without their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {_SCRATCH} CASCADE")
        cursor.execute(f"CREATE SCHEMA {_SCRATCH}")
        for table in _ROWS_OF_WAVE:
            cursor.execute(f"CREATE TABLE {_SCRATCH}.{table} (LIKE migration.{table})")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA {_SCRATCH} CASCADE")
        connection.commit()


def _rows(cursor: Any, *, table: str) -> bytes:
    key = "id" if table == "import_process" else "import_process_id"
    into = io.BytesIO()
    cursor.copy_expert(
        sql.SQL(
            "COPY (SELECT * FROM migration.{} WHERE {} IN (SELECT id FROM chosen)) TO STDOUT (FORMAT binary)"
        ).format(sql.Identifier(table), sql.Identifier(key)),
        into,
    )
    return into.getvalue()
