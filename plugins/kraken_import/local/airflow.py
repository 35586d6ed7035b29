"""Airflow's four parts as components of the stack: their environment, their database, their commands."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from kraken_import.airflow import pools
from kraken_import.local import reports
from kraken_import.local.postgres import Cluster
from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import LOGS, ROOT, RUN, Ports, Secrets
from transforms.private import FOLDER_MODE, make_private_folder, private_file, write_private
from transforms.project import VARIABLE, located
from transforms.sql_files import CHECKOUT

HOME = RUN / "airflow"
USERS: Mapping[str, str] = {"admin": "admin", "ops": "op", "viewer": "viewer"}
# Without --skip-serve-logs the scheduler and the triggerer serve logs on all interfaces of the machine.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
POOLS = "migration"
"""The prefix of the stack's pool names."""
RECOVERY: Mapping[str, str] = {
    # A task whose supervisor has died is "running" until it has shown no sign of life for this long. A live
    # one shows one every other second; the timeout outlasts an API server that a loaded machine starts again.
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # Tasks that a dead scheduler had queued or running wait until it counts as dead and another adopts them.
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    # The triggers of a dead triggerer wait until it counts as dead.
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "20",
    # A task asks an unreachable API server again soon after it is back, and for about a minute.
    "WORKERS__EXECUTION_API_RETRIES": "24",
    "WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "3",
}
"""How soon Airflow notices a dead component, and how soon it continues its work."""
WAITING: Mapping[str, str] = {
    # Four waves of as many batches as Airflow maps. A trigger without a place is not started, so its batch
    # continues late.
    "TRIGGERER__CAPACITY": "4000",
}
"""How many tasks may wait without a worker."""
PARSING: Mapping[str, str] = {
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    # A changed file is read at once, a new one within the refresh interval. All others are read again only
    # for what they import, and each time that costs a process and its imports.
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "20",
}
"""How often the DAG processor reads the DAGs."""
CLUSTER: Mapping[str, str] = {
    "CORE__EXECUTOR": "CeleryExecutor",
    # Tasks at once over all workers, and on each of them.
    "CORE__PARALLELISM": "32",
    "CELERY__WORKER_CONCURRENCY": "4",
}
"""What differs where tasks run on several workers, as in docker-compose.yml and `make cluster`."""
_MIGRATED = HOME / "migrated"
_LOCAL_SETTINGS = files("kraken_import.airflow") / "airflow_local_settings.py"


class UnableToMigrateAirflow(StackProblem):
    """Airflow's own database could not be brought up to date."""


class NoDags(StackProblem):
    """The project folder holds no DAG file."""


def environment(
    *, ports: Ports, secrets: Secrets, cluster: Cluster, settings: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of every Airflow process; `settings` go before the usual ones."""
    address = f"http://127.0.0.1:{ports.airflow}"
    database = cluster.dsn(database="airflow").replace("postgresql://", "postgresql+psycopg2://", 1)
    usual = {
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "8",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__FERNET_KEY": secrets.fernet,
        "CORE__TEST_CONNECTION": "Enabled",
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(ports.airflow),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.api_key,
        "API_AUTH__JWT_SECRET": secrets.jwt,
        **RECOVERY,
        **PARSING,
        **WAITING,
        # Airflow gives the logs of tasks to its group unless told otherwise.
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        # Each sign of life of a task takes 11 ms of a core; and a task whose end its supervisor has not seen
        # at once keeps its slot until the next one would be due: five seconds, unless told otherwise.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        **plain_environment(),
        "AIRFLOW_HOME": str(HOME),
        pools.VARIABLE: POOLS,
        reports.VARIABLE: reports.place(given=os.environ.get(reports.VARIABLE)),
        **{f"AIRFLOW__{name}": value for name, value in {**usual, **(settings or {})}.items()},
    }


def plain_environment() -> dict[str, str]:
    """The environment of every component: the caller's, less what was meant for another Python or Airflow."""
    foreign = ("AIRFLOW", "_AIRFLOW", "PYTHON", "MAKE", "MFLAGS", "PG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    unproxied = _with_localhost(kept.get("NO_PROXY", kept.get("no_proxy", "")))
    return {
        **kept,
        **_own_path(),
        **_own_project(),
        "PYTHONUNBUFFERED": "1",
        # The programs that Airflow starts (`python`, `airflow`) must be ours.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath))),
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }


def check_dags() -> None:
    """Raise NoDags where Airflow would find no DAG file, and say what one has to hold."""
    folder = ROOT / "dags"
    if not any(folder.rglob("*.py")):
        raise NoDags(
            f"{folder} holds no DAG file: write one there with the lines `from kraken_import.airflow.dags "
            "import dialect_dags, operation_dags` and `globals().update(dialect_dags() | operation_dags())`."
        )


def prepare(*, secrets: Secrets) -> None:
    """Write what Airflow reads from files: the logins, and what its components import before they fork."""
    make_private_folder(path=HOME)
    # One that an earlier version made is open to others.
    HOME.chmod(FOLDER_MODE)
    write_private(path=HOME / "passwords.json", text=json.dumps(secrets.passwords))
    write_private(path=HOME / "config" / "airflow_local_settings.py", text=_LOCAL_SETTINGS.read_text())


def command(*, component: str) -> list[str]:
    """The command line of one of COMMANDS."""
    return [sys.executable, "-m", "airflow", *COMMANDS[component]]


def migrate(*, environment: Mapping[str, str]) -> None:
    """Bring Airflow's own database up to date, unless this version has already done so to this database."""
    database = urlsplit(environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    stamp = f"{version('apache-airflow-core')} {database.password}"
    if _MIGRATED.is_file() and _MIGRATED.read_text() == stamp:
        return
    log = LOGS / "airflow-migrate.log"
    with private_file(path=log) as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            umask=0o077,
            check=False,
        )
    if done.returncode != 0:
        raise UnableToMigrateAirflow(f"Airflow's database could not be brought up to date: see {log}.")
    write_private(path=_MIGRATED, text=stamp)


def _own_path() -> dict[str, str]:
    """What finds a checkout's packages, also one that is not installed; installed ones need nothing."""
    if CHECKOUT is None:
        return {}
    return {"PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "plugins")))}


def _own_project() -> dict[str, str]:
    """The project in force, by name: a component may change its working folder."""
    place = located()
    return {} if place is None else {VARIABLE: str(place[0])}


def _with_localhost(value: str) -> str:
    """Add this machine to the hosts without a proxy: the parts of the stack must not talk through one."""
    return ",".join(dict.fromkeys([*filter(None, value.split(",")), "127.0.0.1", "localhost"]))
