"""`make bench-peers`: what other loaders reach with the payloads of a wave, and what a kill does to them.

    .venv/bin/python -m benchmarks.peers [--accounts 3000] [--only threads dlt]

Customers are generated and built once, and their payloads written to a file. Each peer takes them from there
and, as a competent user of it would write it, validates, creates and polls each until it ends, with 32
requests at once where it can. A stand-in Kraken of its own, in another process, answers. Then the same with
one SIGKILL when half of them are created, and the same command started again.

The wave starts from the legacy database: it extracts, builds, checks, tracks and seals as well. It runs
without Airflow, in one process, and its Postgres counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.ground import own_postgres
from benchmarks.peers import measuring, payloads
from benchmarks.peers.environments import FOLDER, HERE, UnableToInstall, python_of
from benchmarks.peers.measuring import Command, Harm, PeerFailed, Speed
from benchmarks.shared_limits import engine_of, stand_in
from kraken_import.local.data import migrate_tracking
from kraken_import.local.postgres import Cluster

_DELAY: Final = 1.0
_AT_ONCE: Final = 32
_WAVE: Final = "wave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A way to load: its script, and the lock of the packages that it needs."""

    name: str
    shown: str
    script: str
    lock: str
    package: str


PEERS: Final = (
    Peer(name="aiohttp", shown="aiohttp {}, bare", script="bare_aiohttp", lock="http", package="aiohttp"),
    Peer(name="httpx", shown="httpx {}, bare", script="bare_httpx", lock="http", package="httpx"),
    Peer(
        name="threads",
        shown="requests {} in 32 threads",
        script="requests_threads",
        lock="http",
        package="requests",
    ),
    Peer(
        name="session",
        shown="requests {}, one Session",
        script="requests_session",
        lock="http",
        package="requests",
    ),
    Peer(name="dlt", shown="dlt {}, custom destination", script="dlt_destination", lock="dlt", package="dlt"),
    Peer(
        name="singer",
        shown="Singer target, singer-sdk {}",
        script="singer_target",
        lock="singer",
        package="singer-sdk",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was measured of one way to load."""

    shown: str
    speed: Speed
    harm: Harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all of them are measured on."""

    cluster: Cluster
    payloads: payloads.Payloads
    accounts: int
    folder: Path


def main(*, arguments: Sequence[str]) -> int:
    """Measure the wave and each peer. Returns 1 when one of them could not be measured."""
    names = (_WAVE, *(peer.name for peer in PEERS))
    parser = argparse.ArgumentParser(
        prog="benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PEER")
    options = parser.parse_args(arguments)
    _tell_load()
    folder = FOLDER / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with own_postgres(name="peers") as cluster:
        dsn = cluster.create_database(name="legacy")
        payloads.fill(dsn=_sqlalchemy(dsn), accounts=options.accounts)
        written = payloads.write(dsn=_sqlalchemy(dsn), path=folder / "payloads.jsonl")
        print(
            f"{written.number:,} payloads of {options.accounts:,} customers, on average "
            f"{written.bytes // max(1, written.number):,} bytes"
        )
        ground = Ground(cluster=cluster, payloads=written, accounts=options.accounts, folder=folder)
        found = list(_each(ground=ground, only=options.only))
    Console(width=160).print(_table(found=found))
    return 0 if len(found) == len(options.only) else 1


def _tell_load() -> None:
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    print(f"load before the start: {load:.1f} on {cores} cores")
    if load > cores / 2:
        print("This machine does other work: rates are lower than they could be, CPU seconds higher.")


def _each(*, ground: Ground, only: Sequence[str]) -> Iterator[Found]:
    """Measure each that is wanted; one that cannot be is said in a sentence, and the others go on."""
    if _WAVE in only:
        try:
            yield _measured(shown="a wave, without Airflow", ground=ground, commands=_of_wave)
        except PeerFailed as problem:
            print(f"The wave could not be measured: {problem}", file=sys.stderr)
    for peer in PEERS:
        if peer.name in only:
            try:
                python = python_of(lock=peer.lock)
                yield _measured(
                    shown=peer.shown.format(_version(peer)),
                    ground=ground,
                    commands=lambda peer=peer, python=python, **places: _of_peer(
                        peer=peer, python=python, **places
                    ),
                )
            except (UnableToInstall, PeerFailed) as problem:
                print(f"{peer.name} could not be measured: {problem}", file=sys.stderr)


def _measured(*, shown: str, ground: Ground, commands: Callable[..., Any]) -> Found:
    """Run it once to its end, and once with a kill in its middle."""
    print(f"{shown} …", flush=True)
    with _place(ground=ground, name="whole") as folder, stand_in(delay=_DELAY) as (url, token):
        with commands(ground=ground, folder=folder, url=url, token=token) as (command, _):
            speed = measuring.run(command=command, url=url)
        wanted = [each["external_identifier"] for each in measuring.ledger(url=url)["keys"]]
    with _place(ground=ground, name="killed") as folder, stand_in(delay=_DELAY) as (url, token):
        with commands(ground=ground, folder=folder, url=url, token=token) as (command, outcomes):
            measuring.run_killed(command=command, url=url, kill_at=len(wanted) // 2)
            harm = measuring.harm(url=url, wanted=wanted, outcomes=outcomes())
    return Found(shown=shown, speed=speed, harm=harm)


@contextmanager
def _place(*, ground: Ground, name: str) -> Iterator[Path]:
    folder = ground.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder


Prepared = tuple[Command, Callable[[], dict[str, str]]]


@contextmanager
def _of_peer(
    *, peer: Peer, python: Path, ground: Ground, folder: Path, url: str, token: str
) -> Iterator[Prepared]:
    words = [
        str(python),
        str(HERE / "scripts" / f"{peer.script}.py"),
        *("--url", url, "--supplier", payloads.SUPPLIER, "--payloads", str(ground.payloads.path)),
        *("--folder", str(folder), "--at-once", str(_AT_ONCE)),
    ]
    command = Command(words=words, variables={"KRAKEN_TOKEN": token}, log=ground.folder / f"{peer.name}.log")
    yield command, lambda: measuring.outcomes_of(folder=folder)


@contextmanager
def _of_wave(*, ground: Ground, folder: Path, url: str, token: str) -> Iterator[Prepared]:
    """A wave, in a tracking database of its own."""
    name = f"tracking_{folder.name}"
    dsn = ground.cluster.create_database(name=name)
    migrate_tracking(dsn=dsn)
    legacy = ground.cluster.create_database(name="legacy")
    told = {
        "tracking": dsn,
        "legacy": legacy,
        "url": url,
        "token": token,
        "accounts": ground.accounts,
        "folder": str(folder),
        # What was intended and not sent before the kill goes out after a window, a request and a window.
        "visibility_window": 2.0,
        "request_timeout": 5.0,
    }
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    server = ground.cluster.postmaster()
    assert server is not None
    command = Command(
        words=[sys.executable, str(HERE / "wave.py"), str(folder / "told.json")],
        variables={},
        log=ground.folder / "wave.log",
        further_cpu=lambda: _cpu_of(server),
    )
    yield command, lambda: _ends(dsn=dsn)


def _cpu_of(server: psutil.Process) -> float:
    """CPU seconds of a server, of its processes that have ended, and of those that have not."""
    times = [server.cpu_times(), *(each.cpu_times() for each in server.children(recursive=True))]
    return float(
        sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system
    )


def _ends(*, dsn: str) -> dict[str, str]:
    """Return what the tracking database says of each account."""
    with engine_of(dsn=dsn).connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT external_identifier, upper(state) FROM migration.import_process"
        )
        return dict(tuple(row) for row in rows)


def _version(peer: Peer) -> str:
    lines = (HERE / f"{peer.lock}.txt").read_text(encoding="utf-8").splitlines()
    pin = next(line for line in lines if line.startswith(f"{peer.package}=="))
    return pin.partition("==")[2].split()[0]


def _sqlalchemy(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg2://", 1)


def _table(*, found: Sequence[Found]) -> Table:
    table = Table(box=box.MARKDOWN)
    table.add_column("")
    for name in ("accounts/s", "CPU s for 1,000", "sent twice", "created twice", "lost", "end unknown"):
        table.add_column(name, justify="right")
    for each in found:
        speed, harm = each.speed, each.harm
        further = 1_000 * speed.further_cpu_seconds / max(1, speed.accounts)
        table.add_row(
            each.shown,
            f"{speed.rate:.0f}",
            f"{speed.cpu_of_thousand:.2f}" + (f" (Postgres {further:.2f})" if further else ""),
            *(f"{number:,}" for number in (harm.sent_twice, harm.created_twice, harm.lost, harm.unknown)),
        )
    return table


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
