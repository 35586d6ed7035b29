"""How fast the console's pages are, and what open consoles cost a running wave.

    .venv/bin/python benchmarks/console.py [--records 1000000] [--waves 200] [--accounts 5000] [--consoles 20]

A separate Postgres is filled with records in waves, and the console is served over it by a process of its
own. Each page is loaded by HTTP, one after the other: one line with its median and what 95 in a hundred
loads stay below. Then a wave is created at a stand-in Kraken twice, without and with open consoles that
refresh its page, its Kraken's and the list of waves every four seconds, when the console tells them to as
it tells its own script, and the CPU seconds of all processes are compared. On a machine with other work the
wave takes longer, and is looked at more often, so that what counts is a look's CPU seconds, at the rate of a
wave that has the machine. It ends with 1 where a page takes more than 300 ms, or the wave would take more
than 5 % more CPU seconds.
`--accounts 0` leaves the wave out, `--records 0` the pages. One more wave has `--causes` records that were
refused, each for a cause of its own, and four times as many others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
import uvicorn
from fastapi import Request
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.pool import NullPool

from benchmarks import shared_limits
from benchmarks.ground import free_port, own_postgres
from benchmarks.growth_fill import Scale, fill
from kraken_import.console.access import Act, Answer, Caller
from kraken_import.console.app import make_app
from kraken_import.generator import load
from kraken_import.local import logins
from kraken_import.local.bench import comparison, ledger
from kraken_import.local.data import migrate_tracking
from kraken_import.local.postgres import Cluster
from transforms.database import PatientPool, engine_to
from transforms.registry import dialect_names

ROOT: Final = Path(__file__).resolve().parent.parent
_PLACE: Final = "tracking"
_WANTED_MS: Final = 300.0
_WANTED_SHARE: Final = 0.05
_SECONDS: Final = 4.0
"""Between two looks of an open page, if what it is shown was not read for another before."""
_SPREAD: Final = 0.4
"""Seconds among which console.js chooses how much later it looks."""
_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "max_locks_per_transaction": "512",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anybody:
    """A user who may do everything."""

    name: str = "ops"

    def may_read(self, *, dialect: str) -> bool:
        """Return True."""
        return True

    def may(self, *, act: Act, dialect: str | None) -> bool:
        """Return True."""
        return True

    def may_see_personal_data(self, *, dialect: str) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The surroundings of the console that is measured: pools as in Airflow, and no Airflow."""

    reading: Engine
    writing: Engine

    async def caller(self, *, request: Request) -> Caller:
        """Return the one user there is."""
        return Anybody()

    def places(self) -> Mapping[str, Sequence[str]]:
        """Return the dialects in force."""
        return {_PLACE: dialect_names()}

    def reader(self, *, place: str) -> Engine:
        """Return the database as the role that sees no payload."""
        return self.reading

    def writer(self, *, place: str) -> Engine:
        """Return it as the role of tasks."""
        return self.writing

    def legacy(self, *, dialect: str) -> Engine:
        """Return the same: no page asks it."""
        return self.reading

    def airflow(
        self, *, request: Request, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Answer that there is nothing."""
        return Answer(status=404, document=None)

    def schedule(self) -> str:
        """Return the usual time of nights."""
        return "0 20 * * *"

    def key(self) -> str:
        """Return a secret."""
        return "a secret of the benchmark"

    def home(self) -> str:
        """Return that it is not known."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page and how long its loads took, in milliseconds."""

    name: str
    kilobytes: float
    times: Sequence[float]
    of_server: float
    of_postgres: float
    """CPU milliseconds of a load."""

    @property
    def p95(self) -> float:
        """What 95 in a hundred loads stay below."""
        return quantiles(self.times, n=20)[-1]


def main() -> int:
    """Measure both, or, as the process that serves, serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--waves", type=int, default=200)
    parser.add_argument("--causes", type=int, default=100_000, help="causes of one more wave")
    parser.add_argument("--loads", type=int, default=40, help="loads of each page")
    parser.add_argument("--accounts", type=int, default=5_000, help="customers of the wave that runs")
    parser.add_argument("--consoles", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200, help="accounts/s of a wave that has the machine")
    parser.add_argument("--folder", type=Path, help="where the databases are")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--wave", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(**json.loads(options.serve))
        return 0
    if options.wave:
        _run_wave(told=json.loads(options.wave))
        return 0
    with own_postgres(name="console", settings=_SETTINGS, folder=options.folder) as cluster:
        cluster.create_logins(members=logins.LOGINS)
        is_fast = not options.records or _measure_pages(options=options, cluster=cluster)
        is_cheap = not options.accounts or _measure_wave(options=options, cluster=cluster)
    return 0 if is_fast and is_cheap else 1


def _measure_pages(*, options: argparse.Namespace, cluster: Cluster) -> bool:
    dsn = cluster.create_database(name="filled")
    migrate_tracking(dsn=dsn)
    started = time.monotonic()
    scale = Scale(records=options.records, events=6 * options.records, waves=options.waves)

    def tell(what: str) -> None:
        print(f"{time.monotonic() - started:6,.0f} s  {what}", flush=True)

    fill(dsn=dsn, scale=scale, tell=tell)
    engine = engine_to(dsn)
    parts = (Path(__file__).with_name("console_fill.sql")).read_text(encoding="utf-8")
    with engine.begin() as connection:
        causes = Path(__file__).with_name("console_causes.sql").read_text(encoding="utf-8")
        connection.exec_driver_sql(causes, {"waves": options.waves, "causes": options.causes})
        for statement in re.split(r"^-- name: \w+\n", parts, flags=re.MULTILINE)[1:]:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        records = connection.exec_driver_sql("SELECT count(*) FROM migration.import_process").scalar_one()
        (record,) = connection.exec_driver_sql(
            "SELECT id FROM migration.import_process WHERE wave_id = %(wave)s AND state = 'errored' LIMIT 1",
            {"wave": options.waves - 4},
        ).one()
        (cohort,) = connection.exec_driver_sql(
            "SELECT max(id) FROM migration.cohort WHERE claimed_by_wave IS NULL"
        ).one()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")
    tell(f"{records:,} records in {options.waves} waves.")
    pages = _pages(waves=options.waves, record=record, cohort=cohort)
    with _served(cluster=cluster, database="filled") as (address, server):
        processes = (server.pid, _first_process(cluster))
        found = [
            _loaded(where=f"{address}/{_PLACE}/{path}", name=name, loads=options.loads, processes=processes)
            for name, path in pages.items()
        ]
    return _print(found=found)


def _pages(*, waves: int, record: int, cohort: int) -> dict[str, str]:
    """Return the address of each page by its name."""
    ended, working = waves - 4, waves
    return {
        "list of waves": "waves",
        "older waves": f"waves?before={waves // 2}",
        "wave at work": f"waves/{working}",
        "wave that has ended": f"waves/{ended}",
        "plan": "plan",
        "cohort": f"plan/{cohort}",
        "triage": "triage",
        "triage of a wave": f"waves/{ended}/triage",
        "triage of many causes": f"waves/{waves + 1}/triage",
        "records left": f"left?wave={ended}",
        "records left of many": f"left?wave={waves + 1}",
        "customers": "customers",
        "record": f"records/{record}",
        "Kraken": "kraken",
        "cut-over": "cut-over",
        "cut-over of a wave": f"waves/{ended}/cut-over",
        "differences without wave": "cut-over/without-wave",
        "data": "data",
        "mapping": f"data/{dialect_names()[0]}",
        "orders": "orders",
        "order": f"orders/new/pause?wave={working}",
        "order about all that match": f"orders/new/rerun?wave={ended}",
    }


def _loaded(*, where: str, name: str, loads: int, processes: tuple[int, int]) -> Page:
    session, times = requests.Session(), []
    # The first loads open connections, make templates, and read the mapping.
    for _ in range(2):
        answer = session.get(where, timeout=60)
        while "being read" in answer.text or "being counted" in answer.text:
            time.sleep(1)
            answer = session.get(where, timeout=60)
    before = [_cpu(each) for each in processes]
    for _ in range(loads):
        began = time.perf_counter()
        answer = session.get(where, timeout=60)
        times.append(1_000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise SystemExit(f"The page {name} answered {answer.status_code}: {answer.text[-300:]}")
    spent = [1_000 * (_cpu(each) - earlier) / loads for each, earlier in zip(processes, before, strict=True)]
    return Page(
        name=name,
        kilobytes=len(answer.content) / 1_000,
        times=times,
        of_server=spent[0],
        of_postgres=spent[1],
    )


def _print(*, found: Sequence[Page]) -> bool:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("page", no_wrap=True)
    for heading in ("kB", "median ms", "95 % ms", "CPU ms", "of Postgres"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        table.add_row(
            each.name,
            f"{each.kilobytes:,.0f}",
            f"{median(each.times):,.0f}",
            f"{each.p95:,.0f}",
            f"{each.of_server:,.1f}",
            f"{each.of_postgres:,.1f}",
        )
    console = Console(highlight=False)
    console.print(table)
    slow = [each.name for each in found if each.p95 > _WANTED_MS]
    console.print(f"Above {_WANTED_MS:.0f} ms: {', '.join(slow) or 'none'}.")
    return not slow


def _measure_wave(*, options: argparse.Namespace, cluster: Cluster) -> bool:
    told = {name: cluster.create_database(name=name) for name in ("running", "legacy")}
    told["tracking"] = told.pop("running")
    migrate_tracking(dsn=told["tracking"])
    load.fill(
        engine=engine_to(told["legacy"]),
        customers={shared_limits.DIALECT: 2 * options.accounts},
        seed=shared_limits.SEED,
        tell=lambda _: None,
    )
    spent: list[float] = []
    of_pages: list[float] = []
    looks: list[int] = []
    with (
        shared_limits.stand_in(delay=1.0) as (url, token),
        _served(cluster=cluster, database="running") as (address, server),
    ):
        for consoles in (0, options.consoles):
            order = {**told, "url": url, "token": token, "accounts": options.accounts, "consoles": consoles}
            before = (_cpu(_first_process(cluster)), _cpu(server.pid))
            began = time.monotonic()
            worker = subprocess.Popen([sys.executable, __file__, "--wave", json.dumps(order)], cwd=ROOT)
            done = Event()
            open_ones = [
                Thread(target=_look, args=(address, done, number, looks)) for number in range(consoles)
            ]
            for each in open_ones:
                each.start()
            _, status, usage = os.wait4(worker.pid, 0)
            done.set()
            for each in open_ones:
                each.join()
            if status:
                raise SystemExit("The wave has failed.")
            of_postgres = _cpu(_first_process(cluster)) - before[0]
            of_server = _cpu(server.pid) - before[1]
            of_wave = usage.ru_utime + usage.ru_stime
            seconds = time.monotonic() - began
            spent.append(of_wave + of_postgres + of_server)
            of_pages.append(of_postgres + of_server)
            print(
                f"{consoles:>3} consoles: {seconds:6.0f} s; CPU seconds: wave {of_wave:.1f}, "
                f"Postgres {of_postgres:.1f}, console {of_server:.1f}, together {spent[-1]:.1f}",
                flush=True,
            )
    return _judge(options=options, spent=spent, of_pages=of_pages, looks=len(looks))


def _judge(
    *, options: argparse.Namespace, spent: Sequence[float], of_pages: Sequence[float], looks: int
) -> bool:
    """Print what the open consoles cost. Returns whether it is little enough."""
    more = spent[1] / spent[0] - 1
    each = (of_pages[1] - of_pages[0]) / max(1, looks)
    print(f"{options.consoles} consoles looked {looks:,} times: {more:.1%} more CPU seconds.")
    seconds = options.accounts / options.rate
    share = each * options.consoles / _SECONDS * seconds / spent[0]
    print(
        f"A look costs {1_000 * each:.1f} ms. At {options.rate} accounts/s the wave takes {seconds:.0f} s, "
        f"and they would cost {share:.1%} more; wanted: at most {_WANTED_SHARE:.0%}."
    )
    whole = ledger.load(path=comparison.KEPT)
    if whole is not None:
        of_whole = each * options.consoles / _SECONDS * ledger.THOUSAND / whole.rate / whole.total
        print(
            f"Of a wave through Airflow, which took {whole.total:.1f} CPU seconds for 1,000 accounts when "
            f"`make bench` was last kept, that would be {of_whole:.1%}."
        )
    return share <= _WANTED_SHARE


def _look(address: str, done: Event, number: int, looks: list[int]) -> None:
    """Refresh a page as the script of an open console does, until the wave has ended."""
    session, chance = requests.Session(), random.Random(number)
    path = ("waves", "waves/2", "kraken")[number % 3]
    # Each begins at a time of its own, as people do.
    done.wait(_SECONDS * number / 20)
    headers = {"X-Console": "live"}
    while not done.is_set():
        answer = session.get(f"{address}/{_PLACE}/{path}", headers=headers, timeout=60)
        if answer.status_code == 404:
            # Its wave is being planned.
            done.wait(1)
            continue
        answer.raise_for_status()
        looks.append(number)
        headers |= {
            "X-Console-Shown": answer.headers["X-Console-Read"],
            "If-None-Match": answer.headers["ETag"],
        }
        done.wait(float(answer.headers["X-Console-Next"]) + _SPREAD * chance.random())


def _run_wave(*, told: dict[str, Any]) -> None:
    """Plan, build, validate, create and poll a wave in four batches."""

    async def run() -> None:
        batches = await shared_limits.prepare(
            told=told, accounts=told["accounts"], run_id=f"with {told['consoles']}"
        )
        await shared_limits.work(told={**told, "batches": batches})

    asyncio.run(run())


def _first_process(cluster: Cluster) -> int:
    """Return the number of the server's first process."""
    with engine_to(cluster.dsn(database="postgres"), poolclass=NullPool).connect() as connection:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
    return int((Path(folder) / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])


def _cpu(root: int) -> float:
    """Return the CPU seconds of a process and all that came of it, those that have ended included."""
    ticks = os.sysconf("SC_CLK_TCK")
    parents, spent = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(file.parent.name)
        parents[pid] = int(fields[1])
        spent[pid] = sum(map(int, fields[11:15])) / ticks
    family, found = {root}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in family} - family
        family |= found
    return sum(spent.get(pid, 0.0) for pid in family)


@contextmanager
def _served(*, cluster: Cluster, database: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the console in a process of its own. Yields its address and the process."""
    port = free_port()
    said = {
        "port": port,
        "reading": cluster.dsn(database=database, user=logins.READER),
        "writing": cluster.dsn(database=database, user=logins.APP),
    }
    server = subprocess.Popen([sys.executable, __file__, "--serve", json.dumps(said)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 300
        while True:
            try:
                requests.get(f"{address}/static/console.css", timeout=5)
                break
            except requests.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        yield address, server
    finally:
        server.terminate()
        server.wait()


def _serve(*, port: int, reading: str, writing: str) -> None:
    def pool(dsn: str) -> Engine:
        return engine_to(dsn, poolclass=PatientPool, pool_size=4, max_overflow=4, pool_pre_ping=True)

    app = make_app(surroundings=Around(reading=pool(reading), writing=pool(writing)))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")


if __name__ == "__main__":
    sys.exit(main())
