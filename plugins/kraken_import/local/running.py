"""Brings the stack up, from whatever state it is in."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from kraken_import.airflow import environment, pools
from kraken_import.cli.airflow_api import Airflow, AirflowIsSilent
from kraken_import.cli.problems import Problem
from kraken_import.local import airflow, data, processes, state, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem, called
from kraken_import.local.processes import Component
from kraken_import.local.settings import (
    DEFAULT_PORT_BASE,
    LOGS,
    ROOT,
    Ports,
    Secrets,
    Targets,
    Wishes,
    load_secrets,
)
from kraken_import.local.simulator import simulator_command, simulator_environment
from kraken_import.local.stopping import cluster_of, stop_everything
from kraken_import.local.targets import Systems

_HEALTHY_SECONDS = 120.0
_SIMULATOR_SECONDS = 20.0
_POLL_SECONDS = 0.3

Say = Callable[[str], None]


class UnableToStart(StackProblem):
    """A part of the stack did not come up."""


class IsNotUp(StackProblem):
    """The command needs a running stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A stack that is up."""

    ports: Ports
    secrets: Secrets
    systems: Systems
    components: tuple[Component, ...]

    def airflow(self, *, user: str = "admin") -> Airflow:
        """Airflow's API as one of its users."""
        address = f"http://127.0.0.1:{self.ports.airflow}"
        return Airflow(address=address, user=user, password=self.secrets.passwords[user])


def bring_up(*, wishes: Wishes) -> None:
    """Bring the stack up, and print where Airflow is."""
    running = up(wishes=wishes, say=print)
    print(
        f"The stack is up: Airflow at http://127.0.0.1:{running.ports.airflow}, "
        f"logins by {called(command='env')}."
    )


def up(
    *,
    wishes: Wishes,
    say: Say,
    correct_connections: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Running:
    """Bring everything up that is not up yet, and point Airflow's connections where the caller said.

    Connections of a running stack are left alone (people may have changed them in Airflow) unless the
    caller's targets differ from those set last, or `correct_connections` asks for it. `settings` of Airflow,
    named as in `airflow.environment`, are those of the components that this call starts.
    """
    with state.locked():
        before = state.load()
        base = _port_base(wishes=wishes, before=before)
        airflow.check_dags()
        # Refuse numbers that the DAGs would refuse, before anything starts.
        environment.batches_at_once()
        environment.patience()
        environment.deadline_minutes()
        targets.check(targets=wishes.targets)
        if wishes.dialect is not None:
            dialect_named(name=wishes.dialect)
        stack = replace(before, port_base=base) if before else state.Stack(port_base=base)
        secrets = load_secrets()
        starter = _Starter(stack=stack, secrets=secrets, say=say, settings=settings)
        try:
            systems = starter.start(wishes=wishes)
            starter.connect(systems=systems, chosen=wishes.targets, correct=correct_connections)
        except BaseException:
            # Otherwise the next call would find what this one started half-started.
            if starter.started_all:
                stop_everything(stack=starter.stack)
            raise
        return Running(
            ports=stack.ports, secrets=secrets, systems=systems, components=starter.stack.components
        )


def running() -> Running | None:
    """The stack of this checkout if all of its processes run; None otherwise."""
    known = state.load()
    if known is None or not _all_alive(stack=known):
        return None
    cluster = cluster_of(ports=known.ports)
    secrets = load_secrets()
    systems = targets.resolve(targets=known.targets, ports=known.ports, secrets=secrets, cluster=cluster)
    return Running(ports=known.ports, secrets=secrets, systems=systems, components=known.components)


def require_running() -> Running:
    """Return the running stack. Raises IsNotUp."""
    found = running()
    if found is None:
        raise IsNotUp(
            f"The stack is not up: start it with {called(command='demo')} or {called(command='up')}."
        )
    return found


@contextmanager
def postgres_alone(*, wishes: Wishes) -> Iterator[Systems]:
    """Start Postgres for one command, and stop it afterwards unless it was running before."""
    with state.locked():
        before = state.load()
        ports = Ports(base=_port_base(wishes=wishes, before=before))
        cluster = cluster_of(ports=ports)
        found = cluster.running_port()
        if found is None:
            processes.check_port(port=ports.postgres, what="Postgres", base=ports.base)
            cluster.start()
        else:
            cluster = replace(cluster, port=found)
        try:
            data.prepare_databases(cluster=cluster, names=("legacy", "tracking"))
            yield targets.resolve(
                targets=wishes.targets, ports=ports, secrets=load_secrets(), cluster=cluster
            )
        finally:
            if found is None:
                cluster.stop()


class _Starter:
    """One call of `up`: starts what is missing and remembers each component the moment it exists."""

    def __init__(
        self, *, stack: state.Stack, secrets: Secrets, say: Say, settings: Mapping[str, str] | None
    ) -> None:
        self.stack = stack
        self._settings = settings
        self._is_airflow_new = False
        self.started_all = not any(processes.is_alive(component=each) for each in stack.components)
        self._secrets = secrets
        self._say = say
        self._cluster = cluster_of(ports=stack.ports)

    def start(self, *, wishes: Wishes) -> Systems:
        """Start what does not run and wait until all of it is healthy."""
        self._clear_remains()
        ports = self.stack.ports
        missing = [name for name in ("simulator", *airflow.COMMANDS) if not self._runs(name=name)]
        self._check_ports(missing=missing)
        self._start_postgres()
        systems = targets.resolve(
            targets=wishes.targets, ports=ports, secrets=self._secrets, cluster=self._cluster
        )
        airflow.prepare(secrets=self._secrets)
        environment = airflow.environment(
            ports=ports, secrets=self._secrets, cluster=self._cluster, settings=self._settings
        )
        if "simulator" in missing:
            self._launch(
                name="simulator",
                command=simulator_command(ports=ports),
                environment=simulator_environment(secrets=self._secrets),
            )
        with ThreadPoolExecutor() as pool:
            migrated = pool.submit(airflow.migrate, environment=environment)
            tracked = pool.submit(data.migrate_tracking, dsn=systems.tracking_owner_dsn)
            loaded = pool.submit(
                data.prepare_legacy,
                systems=systems,
                seed=wishes.seed,
                dialect=wishes.dialect,
                say=self._say,
            )
            for task in (tracked, loaded, migrated):
                task.result()
        for name in airflow.COMMANDS:
            if name in missing:
                self._launch(name=name, command=airflow.command(component=name), environment=environment)
        self._await_simulator()
        self._is_airflow_new = bool(set(missing) & set(airflow.COMMANDS))
        if self._is_airflow_new:
            self._say("Starting Airflow (API server, scheduler, DAG processor, triggerer) …")
        self._await_airflow()
        return systems

    def connect(self, *, systems: Systems, chosen: Targets, correct: bool) -> None:
        """Create Airflow's connections and pools, and change those connections whose target has changed.

        With `correct` this includes connections that people pointed elsewhere in Airflow; otherwise those
        stay as they are. Pools keep the size that they were given in Airflow until it is started again.
        """
        changed = self.stack.targets != chosen
        api = Running(ports=self.stack.ports, secrets=self._secrets, systems=systems, components=()).airflow()
        try:
            for wanted in targets.connections(systems=systems):
                there = api.connection(connection_id=wanted["connection_id"])
                elsewhere = there is not None and not targets.same_place(one=there, other=wanted)
                if there is not None and not changed and not (correct and elsewhere):
                    continue
                if there is not None and elsewhere:
                    self._refuse_while_running(api=api, current=there, wanted=wanted)
                    place = targets.place_of(connection=wanted)
                    self._say(f"Connection {wanted['connection_id']} is now pointed at {place}.")
                api.put_connection(fields=wanted)
            api.put_pools(pools=pools.pools(prefix=airflow.POOLS), anew=self._is_airflow_new)
        finally:
            api.close()
        self.stack = replace(self.stack, targets=chosen, places=self._places(systems=systems))
        state.save(stack=self.stack)

    def _places(self, *, systems: Systems) -> Mapping[str, str]:
        return {
            "TRACKING_DSN": systems.tracking_dsn,
            "TRACKING_OWNER_DSN": systems.tracking_owner_dsn,
            "LEGACY_DSN": systems.legacy_dsn,
            "WAVE_KEYS": systems.wave_keys,
            "KRAKEN_URL": systems.kraken_url,
            "KRAKEN_TOKEN": systems.kraken_token,
            "AIRFLOW_URL": f"http://127.0.0.1:{self.stack.ports.airflow}",
            "AIRFLOW_USER": "admin",
            "AIRFLOW_PASSWORD": self._secrets.admin_password,
        }

    def _refuse_while_running(
        self, *, api: Airflow, current: Mapping[str, Any], wanted: Mapping[str, Any]
    ) -> None:
        active = [run for run in api.active_runs() if run.startswith("migrate_")]
        if active:
            old, new = targets.place_of(connection=current), targets.place_of(connection=wanted)
            raise UnableToStart(
                f"{active[0]} still works with {old}: wait until it has ended before Connection "
                f"{wanted['connection_id']} is pointed at {new}."
            )

    def _clear_remains(self) -> None:
        """End what is left of a broken stack: children of dead components, components without a database."""
        lost = self._cluster.running_port() is None
        dead = [each for each in self.stack.components if lost or not processes.is_alive(component=each)]
        if dead:
            processes.stop(components=dead)

    def _runs(self, *, name: str) -> bool:
        component = self.stack.component(name=name)
        return component is not None and processes.is_alive(component=component)

    def _check_ports(self, *, missing: list[str]) -> None:
        ports = self.stack.ports
        if self._cluster.running_port() != ports.postgres:
            processes.check_port(port=ports.postgres, what="Postgres", base=ports.base)
        if "simulator" in missing:
            processes.check_port(port=ports.simulator, what="the stand-in Kraken", base=ports.base)
        if "api-server" in missing:
            processes.check_port(port=ports.airflow, what="Airflow", base=ports.base)

    def _start_postgres(self) -> None:
        found = self._cluster.running_port()
        if found is not None and found != self.stack.port_base + 2:
            # Left over from a stack on other ports whose processes are gone.
            self._cluster.stop()
        if found is None:
            self._say("Starting Postgres and the stand-in Kraken, preparing the databases …")
        # Recorded before anything runs, so that `make down` finds whatever this starts.
        state.save(stack=self.stack)
        self._cluster.start()
        data.prepare_databases(cluster=self._cluster, names=("airflow", "legacy", "tracking"))

    def _launch(self, *, name: str, command: list[str], environment: dict[str, str]) -> None:
        component = processes.launch(
            name=name,
            command=command,
            environment=environment,
            log=_log(name=name),
            folder=ROOT,
        )
        self.stack = self.stack.with_component(component=component)
        state.save(stack=self.stack)

    def _await_simulator(self) -> None:
        address = f"http://127.0.0.1:{self.stack.ports.simulator}/simulator/health"
        deadline = time.monotonic() + _SIMULATOR_SECONDS
        with requests.Session() as session:
            session.trust_env = False
            while True:
                try:
                    if session.get(address, timeout=5).ok:
                        return
                except requests.RequestException:
                    pass
                self._check_alive(names=["simulator"])
                if time.monotonic() > deadline:
                    raise UnableToStart(f"The stand-in Kraken does not answer: see {_log(name='simulator')}.")
                time.sleep(_POLL_SECONDS)

    def _await_airflow(self) -> None:
        """Wait for heartbeats younger than each component's start; an older one is a predecessor's."""
        api = Airflow(address=f"http://127.0.0.1:{self.stack.ports.airflow}", user="", password="")
        deadline = time.monotonic() + _HEALTHY_SECONDS
        late = list(airflow.COMMANDS)
        try:
            while True:
                self._check_alive(names=list(airflow.COMMANDS))
                try:
                    late = self._late(heartbeats=api.heartbeats())
                except Problem:
                    late = ["api-server"]
                if not late:
                    break
                if time.monotonic() > deadline:
                    raise UnableToStart(f"Airflow's {late[0]} shows no life: see {_log(name=late[0])}.")
                time.sleep(_POLL_SECONDS)
            api.warm_up()
        except AirflowIsSilent as error:
            raise UnableToStart(
                f"Airflow's API server does not answer: see {_log(name='api-server')}."
            ) from error
        finally:
            api.close()

    def _late(self, *, heartbeats: Mapping[str, datetime | None]) -> list[str]:
        late = []
        for name, seen in heartbeats.items():
            component = self.stack.component(name=name)
            launched = datetime.fromtimestamp(component.launched if component else 0, tz=UTC)
            if seen is None or seen < launched:
                late.append(name)
        return late

    def _check_alive(self, *, names: list[str]) -> None:
        for name in names:
            if not self._runs(name=name):
                last = _last_line(path=_log(name=name))
                raise UnableToStart(f"{name} ended while it started ({last}): see {_log(name=name)}.")


def _port_base(*, wishes: Wishes, before: state.Stack | None) -> int:
    alive = before is not None and any(processes.is_alive(component=each) for each in before.components)
    if before is None or not alive:
        return wishes.port_base or DEFAULT_PORT_BASE
    if wishes.port_base not in (None, before.port_base):
        raise UnableToStart(
            f"The stack of this folder runs with PORT_BASE={before.port_base}: stop it first with "
            f"{called(command='down')}."
        )
    return before.port_base


def _all_alive(*, stack: state.Stack) -> bool:
    names = {each.name for each in stack.components if processes.is_alive(component=each)}
    return names >= {"simulator", *airflow.COMMANDS}


def _log(*, name: str) -> Path:
    return LOGS / f"{name}.log"


def _last_line(*, path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.is_file() else []
    return lines[-1][-200:] if lines else "its log is empty"
