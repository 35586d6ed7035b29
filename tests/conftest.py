"""What every test may ask for: a Postgres server, databases cloned from templates, and stand-in Krakens.

Nothing here touches the stack that `make up` starts: each pytest process has its own server, on a free port,
in a temporary folder, and ends it. Unit tests may not open sockets at all.
"""

import asyncio
import atexit
import contextlib
import gc
import itertools
import logging
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import hypothesis
import psutil
import psycopg2
import pytest
import uvloop
from sqlalchemy import Engine, create_engine

from kraken_import.local import logins
from kraken_import.local import postgres as embedded
from kraken_import.local.postgres import SUPERUSER, Cluster
from kraken_import.local.problems import StackProblem
from proofs.browser import having
from proofs.browser.playing import opened
from tests import stand_ins

pytest_plugins = ["kraken_import.conformance.plugin"]

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "tests" / "unit"
TOKEN = "token-of-the-tests"
# What runs in tasks and in the triggerer runs on it there.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
# A loaded machine is not a failure, and CI must judge the change at hand, not the luck of the draw.
hypothesis.settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("project")

# Airflow reads them when it is first imported, which may be in any test: a home and a database of its own.
_AIRFLOW_HOME = tempfile.mkdtemp(prefix="kraken-migration-airflow-")
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
os.environ.setdefault("AIRFLOW_HOME", _AIRFLOW_HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "dags")
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(ROOT / "plugins")
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
# A project of the person who runs the tests is none of theirs.
os.environ.pop("KRAKEN_MIGRATE_PROJECT", None)
# Tasks that no Airflow runs have no Variables: this one says which Airflow it is.
os.environ["AIRFLOW_VAR_MIGRATION_INSTALLATION"] = "tests"

_PREFIX = "kraken-migration-tests-"
# Tests ask for answers, not for durability.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 4 * 2**30


def _work_in_memory() -> None:
    """Put temporary files into memory where there is room: each test clones two databases."""
    if (
        os.access(_MEMORY, os.W_OK)
        and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    ):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_work_in_memory()

CHAINS = ("stack", "console", "airflow", "generator")
"""The groups of tests that take one worker longest, the longest first."""

NewDatabase = Callable[..., str]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """A stand-in Kraken that runs for one test."""

    url: str
    token: str
    process: BaseProcess
    log: Path

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()


StartSimulator = Callable[..., Simulator]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSimulators:
    """Stand-in Krakens between two tests."""

    folder: Path
    by_options: dict[tuple[str, ...], list[Simulator]] = field(default_factory=dict)

    def take(self, *, options: tuple[str, ...]) -> Simulator:
        """An empty one with these options."""
        if idle := self.by_options.get(options):
            return idle.pop()
        simulator = _launch(options=options, port=free_port(), token=TOKEN, folder=self.folder)
        _await_answer(simulator=simulator)
        return simulator

    def give_back(self, *, options: tuple[str, ...], simulator: Simulator) -> None:
        """Keep it for a later test, without processes and faults; end it if it cannot be emptied."""
        try:
            with urlopen(Request(f"{simulator.url}/simulator/reset", method="POST"), timeout=10):
                self.by_options.setdefault(options, []).append(simulator)
        except OSError:
            simulator.end()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while modules are imported, and never again among what they leave for good."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest chains begin first, and tests that compute run beside tests that wait.

    Those of one file of unit tests stay on one worker, which imports what they need once.
    """
    unit = [item for item in items if item.path.is_relative_to(UNIT)]
    for item in unit:
        if not group_of(item=item):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(UNIT))))
    apart = [item for item in items if not item.path.is_relative_to(UNIT)]
    # The last quarter is of tests that are short and alone: no worker is left with a file.
    place = {
        id(item): number / len(kind) * share
        for kind, share in ((unit, 0.75), (apart, 1.0))
        for number, item in enumerate(kind)
    }
    first = {name: number - len(CHAINS) for number, name in enumerate(CHAINS)}
    items.sort(key=lambda item: first.get(group_of(item=item) or "", place[id(item)]))


def group_of(*, item: pytest.Item) -> str | None:
    """The name of those tests that stay on one worker together."""
    mark = item.get_closest_marker("xdist_group")
    return None if mark is None else str(mark.args[0])


@pytest.fixture(autouse=True)
def _no_sockets_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.path.is_relative_to(UNIT):
        return

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("A unit test opened a connection: move it to tests/integration.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def _no_log_handler_outlives_its_stream() -> Iterator[None]:
    """Airflow logs to the stdout that it was imported under, which may be that of a command in a test."""
    yield
    for handler in list(logging.root.handlers):
        stream = getattr(handler, "stream", None)
        if getattr(stream, "closed", False):
            logging.root.removeHandler(handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A Postgres server for this pytest process alone."""
    _remove_leftovers()
    scratch = Path(
        tempfile.mkdtemp(
            prefix=f"{_PREFIX}{os.getpid()}-",
        )
    )
    # The server's user is not this one when the tests run as root.
    scratch.chmod(0o755)
    cluster = _started(home=scratch / "postgres")
    logins.make_logins(cluster=cluster)
    _make_logins_cheap(cluster=cluster)
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(scratch, ignore_errors=True)


def _started(*, home: Path, tries: int = 3) -> Cluster:
    """Start a server: on another port where another process has taken what was free."""
    cluster = embedded.open_cluster(home=home, port=free_port(), settings=_FAST)
    try:
        cluster.start()
    except embedded.UnableToStartPostgres:
        if tries == 1:
            raise
        return _started(home=home, tries=tries - 1)
    return cluster


def _make_logins_cheap(*, cluster: Cluster) -> None:
    """Store passwords with one round of hashing: 4,096 of them are half of what a connection costs."""
    dsn = cluster.dsn(database="postgres")
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        if connection.info.server_version < 160_000:
            return
        cursor.execute("SET scram_iterations = 1")
        for user in (SUPERUSER, *logins.LOGINS):
            cursor.execute(f"ALTER ROLE {user} PASSWORD %s", (cluster.password_of(user=user),))
        connection.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """Databases of a server, created and dropped by one connection: another one for each takes longer."""

    postgres: Cluster
    cursor: psycopg2.extensions.cursor

    def create(self, *, name: str, template: str = "template0") -> str:
        """Clone a database. Returns its DSN."""
        # Copying its files is three times as fast as writing them through the log.
        self.cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.postgres.dsn(database=name)

    def drop(self, *, name: str) -> None:
        """Drop a database, even while there are connections to it."""
        self.cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def databases(postgres: Cluster) -> Iterator[Databases]:
    """The databases of the server."""
    connection = psycopg2.connect(postgres.dsn(database="postgres"))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield Databases(postgres=postgres, cursor=cursor)


@pytest.fixture(scope="session")
def new_database(databases: Databases) -> NewDatabase:
    """A factory of databases that returns DSNs: empty ones, or clones of `template=`."""
    numbers = itertools.count(1)

    def make(*, template: str = "template0") -> str:
        return databases.create(name=f"test_{next(numbers)}", template=template)

    return make


@pytest.fixture(scope="session")
def tracking_template(postgres: Cluster) -> str:
    """The name of a database with all tracking migrations applied, by a user who is no superuser."""
    from kraken_import.tracking import migrate

    name = "tracking_template"
    with _engine(dsn=postgres.create_database(name=name)) as engine, engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} OWNER TO {logins.OWNER}")
    with _engine(dsn=postgres.dsn(database=name, user=logins.OWNER)) as engine:
        migrate.upgrade(engine=engine)
    return name


@pytest.fixture(scope="session")
def legacy_template(postgres: Cluster) -> str:
    """The name of a database with the legacy schema and the guides' customers, and no generated ones."""
    from kraken_import.generator import load

    with _engine(dsn=postgres.create_database(name="legacy_template")) as engine:
        load.create_schema(engine=engine)
        load.load_guide_customers(engine=engine)
        logins.let_read_legacy(engine=engine)
    return "legacy_template"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright's browser for the tests of a module, which are skipped where there is none.

    Until their end `asyncio.run` is refused in the thread of the tests: see `elsewhere`.
    """
    try:
        ready = having.found()
    except having.NoBrowser as problem:
        pytest.skip(str(problem))
    with opened(browser=ready) as started:
        yield started


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what keeps people out of a page."""
    try:
        return having.found().axe.read_text(encoding="utf-8")
    except having.NoBrowser as problem:
        pytest.skip(str(problem))


@pytest.fixture
def brief_database(databases: Databases, new_database: NewDatabase) -> Iterator[NewDatabase]:
    """The same as `new_database`, of databases that end with this test."""
    made: list[str] = []

    def make(*, template: str = "template0") -> str:
        made.append(new_database(template=template))
        return made[-1]

    yield make
    for dsn in made:
        databases.drop(name=dsn.rpartition("/")[2])


@pytest.fixture
def empty_dsn(brief_database: NewDatabase) -> str:
    """The DSN of an empty database, fresh for this test."""
    return brief_database()


@pytest.fixture
def tracking_superuser_dsn(brief_database: NewDatabase, tracking_template: str) -> str:
    """The DSN of the same database as `tracking_dsn`, for what a test prepares or damages on purpose."""
    return brief_database(template=tracking_template)


@pytest.fixture
def tracking_dsn(postgres: Cluster, tracking_superuser_dsn: str) -> str:
    """The DSN of a migrated tracking database without rows, fresh for this test, as tasks have it."""
    return as_user(cluster=postgres, dsn=tracking_superuser_dsn, user=logins.APP)


@pytest.fixture
def legacy_superuser_dsn(brief_database: NewDatabase, legacy_template: str) -> str:
    """The DSN of the same database as `legacy_dsn`, for what a test prepares or damages on purpose."""
    return brief_database(template=legacy_template)


@pytest.fixture
def legacy_dsn(postgres: Cluster, legacy_superuser_dsn: str) -> str:
    """The DSN of a legacy database with the guides' customers, fresh for this test, as tasks have it."""
    return as_user(cluster=postgres, dsn=legacy_superuser_dsn, user=logins.LEGACY)


@pytest.fixture(scope="session")
def guide_legacy_dsn(postgres: Cluster, new_database: NewDatabase, legacy_template: str) -> str:
    """The same for tests that only read: one database for the whole session."""
    return as_user(cluster=postgres, dsn=new_database(template=legacy_template), user=logins.LEGACY)


@pytest.fixture
def tracking_engine(tracking_dsn: str) -> Iterator[Engine]:
    """An engine on `tracking_dsn`."""
    with _engine(dsn=tracking_dsn) as engine:
        yield engine


@pytest.fixture
def tracking_superuser(tracking_superuser_dsn: str) -> Iterator[Engine]:
    """An engine on `tracking_superuser_dsn`."""
    with _engine(dsn=tracking_superuser_dsn) as engine:
        yield engine


@pytest.fixture
def legacy_engine(legacy_dsn: str) -> Iterator[Engine]:
    """An engine on `legacy_dsn`."""
    with _engine(dsn=legacy_dsn) as engine:
        yield engine


@pytest.fixture
def legacy_superuser(legacy_superuser_dsn: str) -> Iterator[Engine]:
    """An engine on `legacy_superuser_dsn`."""
    with _engine(dsn=legacy_superuser_dsn) as engine:
        yield engine


@pytest.fixture(scope="session")
def idle_simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdleSimulators]:
    """Stand-in Krakens that tests have done with, emptied, by their options."""
    stand_ins.make_ready()
    idle = IdleSimulators(folder=tmp_path_factory.mktemp("simulators"))
    try:
        yield idle
    finally:
        for simulators in idle.by_options.values():
            for simulator in simulators:
                simulator.end()


@pytest.fixture
def start_simulator(idle_simulators: IdleSimulators, tmp_path: Path) -> Iterator[StartSimulator]:
    """A factory of stand-in Krakens: `start_simulator("--envelope", "bare")` returns once it answers.

    Each is empty and belongs to this test alone until its end. One with a journal, a port or a token of its
    own is never handed on.
    """
    lent: list[tuple[tuple[str, ...], Simulator]] = []
    own: list[Simulator] = []

    def start(*options: str, port: int | None = None, token: str = TOKEN) -> Simulator:
        if port is None and token == TOKEN and "--journal" not in options:
            simulator = idle_simulators.take(options=options)
            lent.append((options, simulator))
            return simulator
        simulator = _launch(options=options, port=port or free_port(), token=token, folder=tmp_path)
        own.append(simulator)
        _await_answer(simulator=simulator)
        return simulator

    try:
        yield start
    finally:
        for simulator in own:
            simulator.end()
        for options, simulator in lent:
            idle_simulators.give_back(options=options, simulator=simulator)


def elsewhere(work: Callable[[], Result]) -> Result:
    """Do what needs an event loop of its own in another thread, while a browser's is in this one."""
    with ThreadPoolExecutor(max_workers=1) as workers:
        return workers.submit(work).result()


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_user(*, cluster: Cluster, dsn: str, user: str) -> str:
    """The DSN of the same database for another user."""
    return cluster.dsn(database=dsn.rpartition("/")[2], user=user)


@contextlib.contextmanager
def _engine(*, dsn: str) -> Iterator[Engine]:
    """An engine that leaves no connection behind, so that its database can serve as a template."""
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://", 1))
    try:
        yield engine
    finally:
        engine.dispose()


def _launch(*, options: tuple[str, ...], port: int, token: str, folder: Path) -> Simulator:
    log = folder / f"simulator-{port}.log"
    address = ["--host", "127.0.0.1", "--port", str(port), "--token", token]
    process = stand_ins.begin(arguments=[*address, *options], log=log)
    return Simulator(url=f"http://127.0.0.1:{port}", token=token, process=process, log=log)


def _await_answer(*, simulator: Simulator) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not simulator.process.is_alive():
            break
        with contextlib.suppress(URLError, ConnectionError, TimeoutError):
            with urlopen(f"{simulator.url}/simulator/health", timeout=5):
                return
        time.sleep(0.05)
    raise AssertionError(f"The stand-in Kraken did not answer: {simulator.log.read_text()[-2000:]}")


def _remove_leftovers() -> None:
    """End the servers of pytest processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            # Other processes of the same run look for them at the same moment.
            with contextlib.suppress(OSError, StackProblem):
                embedded.open_cluster(home=folder / "postgres", port=0).stop()
            shutil.rmtree(folder, ignore_errors=True)
