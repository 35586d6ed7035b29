"""A wave against a real Postgres and the stand-in Kraken, without Airflow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from kraken_import.client.settings import KrakenSettings
from kraken_import.client.tokens import forget_tokens
from kraken_import.domain.policies import PolicySettings
from kraken_import.generator import load
from kraken_import.generator.values import configured_values
from kraken_import.tracking import evidence, vault
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.create import create_batch
from kraken_import.usecases.plan import PlannedWave, plan_wave
from kraken_import.usecases.poll import poll
from kraken_import.usecases.poll_open import poll_open
from kraken_import.usecases.summarise import WaveSummary, summarise_wave
from kraken_import.usecases.systems import BuildSystems, PlanSystems, database_clock
from kraken_import.usecases.validate import validate_batch
from kraken_import.usecases.waiting import BatchOutcome, HoldBack
from kraken_import.usecases.waits import Resumption
from kraken_import.usecases.wave_request import AirflowRun, WaveRequest
from tests.conftest import Databases, NewDatabase, Simulator, StartSimulator, group_of
from tests.stacks import Stack, running_stack
from tests.wave_keys import Keys
from transforms.registry import dialect_names, get_dialect

DELAY = 0.2
"""Seconds that the stand-in takes to process a create."""
FIRST_LOOK = 0.25
"""Seconds after a create until its status is asked about, and the least between two looks: in earnest 1."""
WINDOW = 3.0
"""Seconds: what a loaded machine takes longer for would count as not sent."""
RETENTION = "payloads=90 answers=30 reports=60"
"""For how many days the stack that tests share keeps what."""
RUNNING = pytest.StashKey[ExitStack]()
"""What ends the stack that tests share."""
SETTINGS = frozenset(each.name for each in fields(PolicySettings))
SUPPLIERS = {name: get_dialect(name=name).default_import_supplier for name in dialect_names()}


@dataclass(kw_only=True)
class Journey:
    """The steps of a wave as a task would take them, and what is known afterwards."""

    tracking: Engine
    legacy: Engine
    tracking_superuser: Engine
    legacy_superuser: Engine
    simulator: Simulator
    kraken: KrakenSettings
    renewed: KrakenSettings | None = None
    refreshed: list[KrakenSettings] = field(default_factory=list)
    keys: Keys = field(default_factory=Keys)
    """What the keys of its waves are wrapped with."""
    runs: int = 0

    def __post_init__(self) -> None:
        vault.attach(engine=self.tracking, source=self.keys)

    async def refresh(self) -> KrakenSettings:
        self.refreshed.append(self.renewed or self.kraken)
        return self.refreshed[-1]

    def plan(self, **wanted: Any) -> PlannedWave:
        self.runs += 1
        return self.plan_run(run_id=f"run-{self.runs}", **wanted)

    def plan_run(
        self,
        *,
        run_id: str,
        dialect: str = "edf_accounts",
        run_type: str = "manual",
        logical_date: datetime | None = None,
        **wanted: Any,
    ) -> PlannedWave:
        """Plan a live wave unless the test says otherwise; of all customers where it names none.

        Settings of the policy may stand beside the others.
        """
        is_of_all = run_type == "manual" and not {"limit", "identifiers", "cohort"} & wanted.keys()
        said = {name: wanted.pop(name) for name in SETTINGS & wanted.keys()}
        requested_by = wanted.pop("requested_by", None)
        return plan_wave(
            systems=PlanSystems(tracking=self.tracking, legacy=self.legacy, kraken=self.kraken),
            request=WaveRequest(
                **{"dialect": dialect, "dry_run": False, "all_customers": is_of_all} | wanted,
                policy=PolicySettings(**said),
            ),
            run=AirflowRun(
                dag_id=f"migrate_{dialect}",
                run_id=run_id,
                run_type=run_type,
                logical_date=logical_date,
                requested_by=requested_by,
            ),
            now=datetime.now(UTC),
        )

    @property
    def systems(self) -> BuildSystems:
        """What every step works with."""
        return BuildSystems(
            tracking=self.tracking,
            kraken=self.kraken,
            refresh=self.refresh,
            clock=database_clock(engine=self.tracking),
            legacy=self.legacy,
        )

    def build(self, wave_id: int, batch: int = 0) -> dict[str, int]:
        return build_batch(systems=self.systems, ref=BatchRef(wave_id=wave_id, batch=batch))

    def validate(self, wave_id: int, batch: int = 0) -> BatchOutcome:
        ref = BatchRef(wave_id=wave_id, batch=batch)
        return asyncio.run(validate_batch(systems=self.systems, ref=ref))

    def create(self, wave_id: int, batch: int = 0) -> BatchOutcome:
        ref = BatchRef(wave_id=wave_id, batch=batch)
        return asyncio.run(create_batch(systems=self.systems, ref=ref))

    def poll(
        self,
        wave_id: int | None = None,
        batch: int = 0,
        *,
        seconds: float = 15,
        held: HoldBack | None = None,
    ) -> dict[str, int]:
        """Poll a batch, or without a wave all that is open."""
        await_processing()
        systems = self.systems
        until = systems.clock() + timedelta(seconds=seconds)
        if wave_id is None:
            return asyncio.run(poll_open(systems=systems, connection_id="kraken", until=until))
        return asyncio.run(
            poll(
                systems=systems,
                ref=BatchRef(wave_id=wave_id, batch=batch),
                until=until,
                resumption=None if held is None else Resumption(why=held.why, seconds=held.seconds),
            )
        )

    def finish(self, wave_id: int, batch: int = 0, *, seconds: float = 60) -> BatchOutcome:
        """Create and poll until everything has ended, as the tasks and their triggers would."""
        outcome = self.create_all(wave_id, batch, seconds=seconds)
        self.poll(wave_id, batch)
        return outcome

    def create_all(self, wave_id: int, batch: int = 0, *, seconds: float = 60) -> BatchOutcome:
        """Create until nothing waits any more, as a task that is held back would."""
        deadline = time.monotonic() + seconds
        while (outcome := self.create(wave_id, batch)).held is not None:
            assert time.monotonic() < deadline, outcome
            self.poll(wave_id, batch, held=outcome.held)
        return outcome

    def summarise(self, wave_id: int, failed_tasks: tuple[str, ...] = ()) -> WaveSummary:
        return summarise_wave(
            tracking=self.tracking, wave_id=wave_id, failed_tasks=failed_tasks, now=datetime.now(UTC)
        )

    def valid_wave(self, **wanted: Any) -> int:
        """A planned wave of sound customers whose batch is built and validated."""
        planned = self.plan(**({"limit": 5} | wanted))
        self.build(planned.wave_id)
        self.validate(planned.wave_id)
        return planned.wave_id

    def strike(self, **fault: Any) -> None:
        """Set a fault of the stand-in."""
        requests.post(f"{self.simulator.url}/simulator/faults", json=fault, timeout=10).raise_for_status()

    def heal(self) -> None:
        requests.delete(f"{self.simulator.url}/simulator/faults", timeout=10).raise_for_status()

    def created(self) -> dict[str, int]:
        """How often the stand-in really created each key."""
        answer = requests.get(f"{self.simulator.url}/simulator/ledger", timeout=10)
        return {key["external_identifier"]: key["created"] for key in answer.json()["keys"]}

    def refused(self) -> int:
        """How many creates the stand-in refused because it had the key already."""
        answer = requests.get(f"{self.simulator.url}/simulator/ledger", timeout=10)
        return sum(key["refused"] for key in answer.json()["keys"])

    def seen(self, operation: str) -> int:
        """How many requests of this kind the stand-in has got."""
        answer = requests.get(f"{self.simulator.url}/simulator/ledger", timeout=10)
        return int(answer.json()["seen"].get(operation, 0))

    def rows(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        """Rows of the tracking database."""
        with self.tracking.connect() as connection:
            return list(connection.execute(text(statement), values).mappings())

    def payloads(self, wave_id: int) -> dict[str, bytes]:
        """The latest payload of each record of a wave, by external identifier."""
        rows = self.rows(
            "SELECT id, attempt, external_identifier FROM migration.import_process WHERE wave_id = :id",
            id=wave_id,
        )
        keys = [Key(id=row["id"], wave_id=wave_id, attempt=row["attempt"]) for row in rows]
        with self.tracking.connect() as connection:
            found = evidence.payloads_of(connection=connection, keys=keys)
        return {row["external_identifier"]: found[row["id"]] for row in rows if row["id"] in found}

    def states(self, wave_id: int) -> dict[str, int]:
        return {
            row["state"]: row["records"]
            for row in self.rows(
                "SELECT state, records FROM migration.wave_progress WHERE wave_id = :id", id=wave_id
            )
        }

    def with_settings(self, **changes: Any) -> Journey:
        return replace(self, kraken=replace(self.kraken, **changes))


BeginJourney = Callable[..., Journey]


def await_processing() -> None:
    """Wait, as a trigger has by its first look: one that finds all under way pauses for 1.5 seconds."""
    time.sleep(DELAY)


CUSTOMERS = 20
"""Generated customers of EDF in the legacy database of each journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Generated customers of a dialect: their numbers, both included."""

    dialect: str = "edf_accounts"
    first: int = 1
    last: int

    def generate(self, *, engine: Engine) -> None:
        """Add them to a legacy database."""
        load.generate(engine=engine, dialect=self.dialect, first=self.first, last=self.last, seed=7)


FIRST = Numbers(last=CUSTOMERS)
"""Those that are in the legacy database of each journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopledDatabases:
    """Legacy databases with the guides' customers and generated ones, each made once to be cloned."""

    databases: Databases
    empty: str
    made: dict[tuple[Numbers, ...], str] = field(default_factory=dict)

    def template(self, *customers: Numbers) -> str:
        """The name of the database that has exactly these generated customers."""
        if not customers:
            return self.empty
        if customers not in self.made:
            *others, last = customers
            below = self.template(*others)
            name = f"customers_template_{len(self.made)}"
            dsn = self.databases.create(name=name, template=below)
            engine = create_engine(
                dsn.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool
            )
            last.generate(engine=engine)
            self.made[customers] = name
        return self.made[customers]


@pytest.fixture(scope="session")
def peopled(databases: Databases, legacy_template: str) -> PeopledDatabases:
    """Templates of legacy databases with customers."""
    return PeopledDatabases(databases=databases, empty=legacy_template)


@pytest.fixture(scope="session")
def journeys_template(databases: Databases, tracking_template: str) -> str:
    """The name of a tracking database in which waves wait less for what the stand-in does at once."""
    dsn = databases.create(name="journeys_template", template=tracking_template)
    _look_sooner(
        engine=create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=NullPool)
    )
    return "journeys_template"


@pytest.fixture
def tracking_superuser_dsn(
    request: pytest.FixtureRequest, brief_database: NewDatabase, tracking_template: str
) -> str:
    """The DSN of the same database as `tracking_dsn`: of a journey, where the test begins one."""
    is_for_a_journey = "begin" in request.fixturenames
    template = request.getfixturevalue("journeys_template") if is_for_a_journey else tracking_template
    return brief_database(template=template)


@pytest.fixture
def legacy_superuser_dsn(brief_database: NewDatabase, peopled: PeopledDatabases) -> str:
    """The DSN of a legacy database with customers, fresh for this test, for what a test does to it."""
    return brief_database(template=peopled.template(FIRST))


@pytest.fixture
def begin(
    tracking_engine: Engine,
    legacy_engine: Engine,
    tracking_superuser: Engine,
    legacy_superuser: Engine,
    start_simulator: StartSimulator,
    databases: Databases,
    peopled: PeopledDatabases,
) -> BeginJourney:
    """Start a stand-in with these options, and a journey to it with at least so many customers.

    `numbers` are further ones of EDF.
    """

    is_as_made = True

    def add(missing: Sequence[Numbers]) -> None:
        """Clone a database that has them too, unless an earlier journey of the test has used this one."""
        if is_as_made:
            for engine in (legacy_engine, legacy_superuser):
                engine.dispose()
            name = str(legacy_superuser.url.database)
            databases.drop(name=name)
            databases.create(name=name, template=peopled.template(FIRST, *missing))
        else:
            for each in missing:
                each.generate(engine=legacy_superuser)

    def there(dialect: str) -> int:
        if is_as_made:
            return CUSTOMERS if dialect == FIRST.dialect else 0
        return load.count(engine=legacy_superuser, dialect=dialect)

    def make(
        *options: str,
        customers: int = CUSTOMERS,
        dialects: tuple[str, ...] = ("edf_accounts",),
        numbers: Sequence[int] = (),
    ) -> Journey:
        nonlocal is_as_made
        # An emptied stand-in, at an address that another test had, knows none of that test's tokens.
        forget_tokens()
        simulator = start_simulator("--delay", str(DELAY), *options)
        missing = [
            Numbers(dialect=dialect, first=known + 1, last=customers)
            for dialect in dialects
            if (known := there(dialect)) < customers
        ]
        missing += [Numbers(first=number, last=number) for number in numbers]
        if missing:
            add(missing)
        is_as_made = False
        return Journey(
            tracking=tracking_engine,
            legacy=legacy_engine,
            tracking_superuser=tracking_superuser,
            legacy_superuser=legacy_superuser,
            simulator=simulator,
            kraken=KrakenSettings(
                base_url=simulator.url,
                token=simulator.token,
                visibility_window=WINDOW,
                request_timeout=5,
                import_suppliers=SUPPLIERS,
                configured_values=configured_values(),
            ),
        )

    return make


def _look_sooner(*, engine: Engine) -> None:
    """Have `next_look`, which has tests of its own, name earlier times."""
    with engine.begin() as connection:
        function = connection.exec_driver_sql("SELECT pg_get_functiondef('migration.next_look'::regproc)")
        source, sooner = function.scalar_one(), f"interval '{FIRST_LOOK} seconds'"
        assert "interval '1 second'" in source
        connection.exec_driver_sql(source.replace("interval '1 second'", sooner))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Stack]:
    """The stack of all tests that need a whole Airflow; they share a worker by `xdist_group("stack")`."""
    dags = ("migrate_edf_accounts", "rerun_edf_accounts")
    with ExitStack() as running:
        pytestconfig.stash[RUNNING] = running
        folder = tmp_path_factory.mktemp("stack")
        yield running.enter_context(running_stack(folder=folder, dags=dags, MIGRATION_RETENTION=RETENTION))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop the stack behind the last test that needs it: an idle Airflow takes a good part of a core."""
    yield
    if group_of(item=item) == "stack" and (nextitem is None or group_of(item=nextitem) != "stack"):
        item.config.stash.get(RUNNING, ExitStack()).close()


@pytest.fixture
def journey(begin: BeginJourney) -> Journey:
    """A journey to a stand-in with its usual settings."""
    return begin()
