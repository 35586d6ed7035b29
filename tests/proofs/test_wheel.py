"""The distribution as others install it: built, installed outside of any checkout, and a wave run with it."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from kraken_import.local import postgres
from tests.checkouts import free_port_base, login
from tests.conftest import ROOT
from tests.images import READ_DAGS, context
from transforms.registry import dialect_names

DIALECT = "acme_accounts"
PARENT = "edf_accounts"
MAP = "accounts.account_class"
DISTRIBUTION = "kraken-migration"
DAG_FILE = """\
from kraken_import.airflow.dags import dialect_dags, operation_dags

globals().update(dialect_dags() | operation_dags())
"""
OPERATIONS = {"control_wave", "plan_cohort", "poll_open", "reconcile", "retain", "watch"}
PARTS = {
    "plugins/kraken_import": "kraken_import",
    "transforms": "transforms",
    "sql": "transforms/sql",
    "tests/samples": "transforms/samples",
}
"""Where the parts of the wheel lie in a checkout."""
PRINT_VERSIONS = """\
import runpy, sys
sys.path.insert(0, sys.argv[1])
runpy.run_module("kraken_import.cli.constraints", run_name="__main__")
"""
FIELD = "customer_preferences.partner_password"
ONE_MORE_FIELD = f"""
from pathlib import Path
from transforms.extract import frame_sql
from transforms.registry import get_dialect

(frame,) = (each for each in get_dialect(name="{DIALECT}").frames if each.name == "customers")
columns = ", ".join(f"theirs.{{name}}" for name in frame.column_names)
theirs = frame_sql(dialect="{DIALECT}", name="customers").read_text()
file = Path("sql/extract/{DIALECT}/customers.sql")
file.write_text(f"SELECT {{columns}}, 'Ours' AS password\\nFROM (\\n{{theirs}}\\n) AS theirs\\n")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment with the distribution, and the folder of a project."""

    python: Path
    project: Path

    def run(self, *words: str, **variables: str) -> str:
        """Run this Python in the project folder. Returns what it wrote to standard output."""
        return said(
            command=[str(self.python), *words], folder=self.project, environment=self._with(variables)
        )

    def migrate(self, line: str, **variables: str) -> str:
        """Run a line of `kraken-migrate` in the project folder."""
        command = [str(self.python.with_name("kraken-migrate")), *shlex.split(line)]
        shown = said(command=command, folder=self.project, environment=self._with(variables))
        sys.stdout.write(f"$ kraken-migrate {line}\n{shown}")
        return shown

    def _with(self, variables: dict[str, str]) -> dict[str, str]:
        foreign = ("AIRFLOW", "PYTHON", "PIP", "VIRTUAL_ENV", "KRAKEN_MIGRATE")
        return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | variables

    def stack(self, command: str, **variables: str) -> str:
        """Run a command of the local stack."""
        return self.run("-m", "kraken_import.local", command, **variables)


def said(*, command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command wrote to standard output; it must end well."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=480
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def uv(*words: str) -> str:
    """Run the locked installer with what pip knows of its index."""
    bootstrap = runpy.run_path(str(ROOT / "bin" / "bootstrap.py"))
    environment = bootstrap["_environment"]()
    settings = bootstrap["_index_settings"](pip=[sys.executable, str(bootstrap["PIP"] / "pip")])
    program = str(Path(sys.executable).with_name("uv"))
    return said(command=[program, "pip", *words], folder=ROOT, environment=environment | settings)


def build(*, source: Path, into: Path) -> Path:
    """Build the wheel of a folder. Returns its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    said(command=command, folder=source, environment=dict(os.environ) | {"SOURCE_DATE_EPOCH": "1700000000"})
    (wheel,) = into.glob("*.whl")
    return wheel


def install(*, folder: Path, wheel: Path, constraints: Path, compiled: bool) -> Installed:
    """Make an environment with the wheel and its local stack, and a project folder beside it."""
    python = folder / "env" / "bin" / "python"
    said(
        command=[sys.executable, "-m", "venv", "--without-pip", str(folder / "env")],
        folder=folder,
        environment=dict(os.environ),
    )
    target = ["--quiet", "--python", str(python)]
    words = [*target, *(["--compile-bytecode"] if compiled else []), "--constraints", str(constraints)]
    uv("install", *words, f"{DISTRIBUTION}[local,conformance] @ {wheel.as_uri()}")
    uv("check", *target)
    return Installed(python=python, project=folder)


def versions(*, wheel: Path, into: Path) -> Path:
    """Write the locked versions that a wheel prints before anything else is installed."""
    unpacked = into.with_name("unpacked")
    zipfile.ZipFile(wheel).extractall(unpacked)
    # Without site-packages: no dependency is there yet.
    words = [sys.executable, "-I", "-S", "-c", PRINT_VERSIONS, str(unpacked)]
    into.write_text(said(command=words, folder=unpacked, environment={}))
    return into


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder that Postgres reaches under root too, where pytest's own are closed to its user."""
    # Named like those that a later run of the tests removes when this one is killed.
    folder = Path(tempfile.mkdtemp(prefix=f"kraken-migration-tests-{os.getpid()}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def wheel(scratch: Path) -> Path:
    return build(source=ROOT, into=scratch / "wheel")


def test_the_same_sources_give_the_same_bytes_in_another_folder_at_another_time(
    wheel: Path, scratch: Path
) -> None:
    # No more than the Docker image is built from.
    copy = context(folder=scratch / "copy")
    again = build(source=copy, into=scratch / "again")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_has_all_that_both_packages_read_and_nothing_else(wheel: Path) -> None:
    there = set(zipfile.ZipFile(wheel).namelist())
    wanted = set()
    for source, name in PARTS.items():
        files = (file for file in (ROOT / source).rglob("*") if file.is_file() and file.suffix != ".pyc")
        wanted |= {f"{name}/{file.relative_to(ROOT / source)}" for file in files}
    wanted.add("kraken_import/requirements.txt")
    assert len(wanted) > 400
    assert {"kraken_import/py.typed", "transforms/py.typed"} < wanted
    assert wanted <= there
    metadata = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.split("/")[0] for name in there - wanted} == {metadata}


@pytest.mark.timeout(900)
def test_an_installed_distribution_migrates_with_a_project_of_ones_own_outside_of_any_checkout(
    wheel: Path, scratch: Path
) -> None:
    folder = scratch / "locked"
    folder.mkdir()
    constraints = versions(wheel=wheel, into=folder / "constraints.txt")
    installed = install(folder=folder, wheel=wheel, constraints=constraints, compiled=True)
    installed.migrate(f"init acme --dialect {PARENT} --name {DIALECT}")
    installed = replace(installed, project=folder / "acme")
    _its_tests_hold(installed=installed)
    try:
        shown = installed.stack("demo", ACCOUNTS="20", PORT_BASE=str(free_port_base()))
        assert "Every one of 20 outcomes is what the generated customer implies." in " ".join(shown.split())
        lines = installed.stack("env").splitlines()
        values = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
        _airflow_found_everything(values=values)
        _report_is_served(listed=installed.stack("reports"), values=values)
        _a_code_is_mended_by_the_command_line_alone(installed=installed)
    finally:
        assert "The stack is down." in installed.stack("down")
        # Elsewhere under root, if the folder were closed to Postgres's user.
        data = postgres.open_cluster(home=installed.project / ".run" / "postgres", port=0).home
    assert data.is_relative_to(scratch)


def _its_tests_hold(*, installed: Installed) -> None:
    told = installed.migrate("doctor")
    assert f"dialect {DIALECT}" in told
    tested = installed.run("-m", "pytest", "-q")
    assert re.search(r"^27 passed", tested, re.MULTILINE), tested
    # What the package does not know is found where it is meant, and what nothing reads is refused.
    misspelt = installed.project / "sql" / "extract" / DIALECT / "custommers.sql"
    misspelt.parent.mkdir(parents=True)
    misspelt.touch()
    with pytest.raises(AssertionError, match=r"is customers\.sql meant\?"):
        installed.migrate("doctor")
    misspelt.unlink()
    _fill_one_more_field(installed=installed)


def _fill_one_more_field(*, installed: Installed) -> None:
    """Put SQL of the project's own in place of the package's, with a column that no frame has."""
    installed.run("-c", ONE_MORE_FIELD)
    (installed.project / "sql" / "extract" / DIALECT / "columns.toml").write_text(
        f'[customers.columns.password]\nkind = "text"\nfield = "{FIELD}"\nmeaning = "Ours."\n'
    )
    assert "30 frames" in installed.migrate("doctor")


def _a_code_is_mended_by_the_command_line_alone(*, installed: Installed) -> None:
    """A wave without a code, the code written into the project, a rerun, and the wave's close."""
    file = installed.project / "codes" / DIALECT / f"{MAP}.csv"
    file.parent.mkdir(parents=True)
    whole = installed.migrate(f"codes {DIALECT} {MAP}")
    assert "\nBUS,BUSINESS,\n" in whole
    file.write_text(whole.replace("BUS,BUSINESS,\n", ""))
    installed.migrate(f"wave run {DIALECT} --limit 60 --live --name first --set threshold=0.9 --wait")
    before = _states(installed=installed)
    assert before["rejected"] > 0
    file.write_text(whole)
    installed.migrate("rerun --wave first --code unknown_code --wait")
    installed.migrate("late-changes first")
    installed.migrate("crosswalk first")
    installed.migrate('own billing --wave first --note "Billed by hand"')
    installed.migrate("wave close first")
    assert "State: closed" in installed.migrate("wave show first")
    after = _states(installed=installed)
    assert after["processed"] > before["processed"]
    assert after.total() == before.total() == 60
    _the_projects_sql_was_sent(installed=installed)


def _states(*, installed: Installed) -> Counter[str]:
    shown = installed.migrate("wave show first")
    counted = shown.partition("Customers by state:")[2].partition("Money")[0]
    return Counter(
        {state: int(number) for number, state in re.findall(r"(\d+)  (\w+)$", counted, re.MULTILINE)}
    )


def _the_projects_sql_was_sent(*, installed: Installed) -> None:
    (written,) = installed.project.glob("wave-*/crosswalk.csv")
    identifiers = [line.split(",")[0].strip('"') for line in written.read_text().splitlines()[1:6]]
    told = [installed.migrate(f"record show {each} --wave first --payload") for each in identifiers]
    # An unknown occupier has no person with a password.
    known = [each for each in told if '"unknown_occupier":true' not in each]
    assert len(known) > 2
    assert all(re.search(r'"partner_password": ?"Ours"', each) for each in known), known


def _airflow_found_everything(*, values: dict[str, str]) -> None:
    headers = login(values=values, user="AIRFLOW")

    def asked(path: str) -> dict[str, Any]:
        answer = requests.get(f"{values['AIRFLOW_URL']}/api/v2/{path}", headers=headers, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())

    assert {dag["dag_id"] for dag in asked("dags?limit=100")["dags"]} == _all_dags(DIALECT)
    assert asked("importErrors")["total_entries"] == 0
    plugins = [each for each in asked("plugins")["plugins"] if each["name"] == "kraken_migration"]
    assert [DISTRIBUTION in each["source"] for each in plugins] == [True]
    assert asked("plugins/importErrors")["total_entries"] == 0
    providers = {each["package_name"] for each in asked("providers?limit=200")["providers"]}
    assert DISTRIBUTION in providers


def _report_is_served(*, listed: str, values: dict[str, str]) -> None:
    """The plugin's pages, written from the wheel's templates, for users alone."""
    found = re.search(rf"/migrate_{DIALECT}/wave-\d+/index\.html", listed)
    assert found is not None, listed
    address = f"{values['AIRFLOW_URL']}/migration-reports{found[0]}"
    page = requests.get(address, headers=login(values=values, user="AIRFLOW_VIEWER"), timeout=30)
    assert page.ok, page.text
    assert "Ended well" in page.text
    assert requests.get(address, timeout=30).status_code == 401


def _all_dags(*names: str) -> set[str]:
    return {f"{kind}_{name}" for kind in ("migrate", "rerun") for name in names} | OPERATIONS


@pytest.mark.timeout(600)
def test_the_lowest_declared_versions_fit_each_other_and_read_every_dag(wheel: Path, scratch: Path) -> None:
    folder = scratch / "lowest"
    folder.mkdir()
    lowest = folder / "lowest.txt"
    version = ".".join(map(str, sys.version_info[:2]))
    wanted = ["--resolution", "lowest-direct", "--python-version", version]
    wanted += ["--extra", "local", "--extra", "conformance"]
    uv("compile", "--quiet", *wanted, "pyproject.toml", "--output-file", str(lowest))
    assert "\napache-airflow==3.3.0\n" in lowest.read_text()
    installed = install(folder=folder, wheel=wheel, constraints=lowest, compiled=False)
    (folder / "dags").mkdir()
    (folder / "dags" / "kraken.py").write_text(DAG_FILE)
    home = {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    read = json.loads(installed.run("-c", READ_DAGS, "dags", **home).splitlines()[-1])
    assert read["errors"] == {}
    assert set(read["ids"]) == _all_dags(*dialect_names())
    assert all(Path(place).is_relative_to(folder / "env") for place in read["homes"])
    assert not [place for place in read["path"] if Path(place).is_relative_to(ROOT)]
