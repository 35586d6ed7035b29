"""The distribution as others install it: built, installed outside of any checkout, and a wave run with it."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from kraken_import.local import postgres
from tests.checkouts import free_port_base, login
from tests.conftest import ROOT
from transforms.registry import dialect_names

DIALECT = "plenitude_accounts"
PROJECT = "kraken-migration"
DAG_FILE = """\
from kraken_import.airflow.dags import dialect_dags, operation_dags

globals().update(dialect_dags() | operation_dags())
"""
OPERATIONS = {"control_wave", "plan_cohort", "poll_open", "reconcile", "watch"}
PARTS = {"plugins/kraken_import": "kraken_import", "transforms": "transforms", "sql": "transforms/sql"}
"""Where the parts of the wheel lie in a checkout."""
READ_DAGS = """\
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
import kraken_import, transforms
bag = DagBag(dag_folder=Path("dags"))
homes = [module.__file__ for module in (kraken_import, transforms)]
print(json.dumps({"ids": bag.dag_ids, "errors": bag.import_errors, "path": sys.path, "homes": homes}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment with the distribution, and a project folder with nothing but one DAG file."""

    python: Path
    project: Path

    def run(self, *words: str, **variables: str) -> str:
        """Run this Python in the project folder. Returns what it wrote to standard output."""
        foreign = ("AIRFLOW", "PYTHON", "PIP", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return said(command=[str(self.python), *words], folder=self.project, environment=kept | variables)

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
    uv("install", *words, f"{PROJECT}[local] @ {wheel.as_uri()}")
    uv("check", *target)
    project = folder / "project"
    (project / "dags").mkdir(parents=True)
    (project / "dags" / "kraken.py").write_text(DAG_FILE)
    return Installed(python=python, project=project)


def versions(*, lock: Path, into: Path) -> Path:
    """Write the versions of a lock without their hashes, which a wheel of ours has none of."""
    pins = re.findall(r"^([a-z0-9-]+==[^\s\\]+(?: ;[^\\\n]*)?)", lock.read_text(), re.MULTILINE)
    assert len(pins) > 100
    into.write_text("\n".join(pins))
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
    copy = scratch / "copy"
    copy.mkdir()
    # No more than the Docker image is built from.
    for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, ignore=ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, copy / name)
    again = build(source=copy, into=scratch / "again")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_has_all_that_both_packages_read_and_nothing_else(wheel: Path) -> None:
    there = set(zipfile.ZipFile(wheel).namelist())
    wanted = set()
    for source, name in PARTS.items():
        files = (file for file in (ROOT / source).rglob("*") if file.is_file() and file.suffix != ".pyc")
        wanted |= {f"{name}/{file.relative_to(ROOT / source)}" for file in files}
    assert len(wanted) > 400
    assert {"kraken_import/py.typed", "transforms/py.typed"} < wanted
    assert wanted <= there
    metadata = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.split("/")[0] for name in there - wanted} == {metadata}


@pytest.mark.timeout(600)
def test_an_installed_distribution_runs_a_wave_in_a_folder_with_one_dag_file(
    wheel: Path, scratch: Path
) -> None:
    folder = scratch / "locked"
    folder.mkdir()
    constraints = versions(lock=ROOT / "requirements.txt", into=folder / "constraints.txt")
    installed = install(folder=folder, wheel=wheel, constraints=constraints, compiled=True)
    try:
        shown = installed.stack("demo", DIALECT=DIALECT, ACCOUNTS="20", PORT_BASE=str(free_port_base()))
        assert "Every one of 20 outcomes is what the generated customer implies." in " ".join(shown.split())
        lines = installed.stack("env").splitlines()
        values = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
        _airflow_found_everything(values=values)
        _report_is_served(listed=installed.stack("reports"), values=values)
    finally:
        assert "The stack is down." in installed.stack("down")
        # Elsewhere under root, if the folder were closed to Postgres's user.
        data = postgres.open_cluster(home=installed.project / ".run" / "postgres", port=0).home
    assert data.is_relative_to(scratch)
    assert {entry.name for entry in installed.project.iterdir()} == {".run", "dags"}


def _airflow_found_everything(*, values: dict[str, str]) -> None:
    headers = login(values=values, user="AIRFLOW")

    def asked(path: str) -> dict[str, Any]:
        answer = requests.get(f"{values['AIRFLOW_URL']}/api/v2/{path}", headers=headers, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())

    assert {dag["dag_id"] for dag in asked("dags?limit=100")["dags"]} == _all_dags()
    assert asked("importErrors")["total_entries"] == 0
    plugins = [each for each in asked("plugins")["plugins"] if each["name"] == "kraken_migration"]
    assert [PROJECT in each["source"] for each in plugins] == [True]
    assert asked("plugins/importErrors")["total_entries"] == 0
    providers = {each["package_name"] for each in asked("providers?limit=200")["providers"]}
    assert PROJECT in providers


def _report_is_served(*, listed: str, values: dict[str, str]) -> None:
    """The plugin's pages, written from the wheel's templates, for users alone."""
    found = re.search(rf"/migrate_{DIALECT}/wave-\d+/index\.html", listed)
    assert found is not None, listed
    address = f"{values['AIRFLOW_URL']}/migration-reports{found[0]}"
    page = requests.get(address, headers=login(values=values, user="AIRFLOW_VIEWER"), timeout=30)
    assert page.ok, page.text
    assert "Ended well" in page.text
    assert requests.get(address, timeout=30).status_code == 401


def _all_dags() -> set[str]:
    names = dialect_names()
    return {f"{kind}_{name}" for kind in ("migrate", "rerun") for name in names} | OPERATIONS


@pytest.mark.timeout(600)
def test_the_lowest_declared_versions_fit_each_other_and_read_every_dag(wheel: Path, scratch: Path) -> None:
    folder = scratch / "lowest"
    folder.mkdir()
    lowest = folder / "lowest.txt"
    version = ".".join(map(str, sys.version_info[:2]))
    wanted = ["--resolution", "lowest-direct", "--python-version", version, "--extra", "local"]
    uv("compile", "--quiet", *wanted, "pyproject.toml", "--output-file", str(lowest))
    assert "\napache-airflow==3.3.0\n" in lowest.read_text()
    installed = install(folder=folder, wheel=wheel, constraints=lowest, compiled=False)
    home = {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    read = json.loads(installed.run("-c", READ_DAGS, **home).splitlines()[-1])
    assert read["errors"] == {}
    assert set(read["ids"]) == _all_dags()
    assert all(Path(place).is_relative_to(folder / "env") for place in read["homes"])
    assert not [place for place in read["path"] if Path(place).is_relative_to(ROOT)]
