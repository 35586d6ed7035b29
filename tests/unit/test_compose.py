"""docker-compose.yml against the Compose specification's own schema; no Docker engine is needed."""

import json
import re
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from kraken_import.airflow import pools
from kraken_import.airflow.pools import VARIABLE, pool_of
from kraken_import.airflow.provider import default_extras
from kraken_import.local.airflow import PARSING, POOLS, RECOVERY, WAITING
from tests.conftest import ROOT
from transforms.registry import dialect_names, get_dialect

SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|FERNET|_DSN|_CONN", re.IGNORECASE)
NO_SECRET = ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", "AIRFLOW__CORE__TEST_CONNECTION")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def test_the_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(compose)


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    checked = 0
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and name not in NO_SECRET:
                checked += 1
                assert re.search(r"\$\{[A-Z_]+:\?", str(value)), f"{name} needs no variable"
    assert checked > 10


def test_every_variable_that_must_be_set_is_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    example = (ROOT / ".env.example").read_text()
    assert wanted == set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))
    assert not re.search(r"^[A-Z_]+=.", example, flags=re.MULTILINE)


def test_every_service_that_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service.get("restart") != "no":
            assert "healthcheck" in service, name


def test_the_stand_in_and_its_customers_come_with_the_demo_profile_only(compose: dict[str, Any]) -> None:
    in_demo = {name for name, service in compose["services"].items() if service.get("profiles") == ["demo"]}
    assert in_demo == {"simulator", "legacy"}


def kraken_extras(compose: dict[str, Any]) -> dict[str, Any]:
    connection = compose["services"]["scheduler"]["environment"]["AIRFLOW_CONN_KRAKEN"]
    plain = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", connection)
    return dict(json.loads(plain)["extra"])


def test_import_suppliers_are_those_of_dialects_that_there_are(compose: dict[str, Any]) -> None:
    suppliers = kraken_extras(compose)["import_suppliers"]
    known = {name: get_dialect(name=name).default_import_supplier for name in dialect_names()}
    assert suppliers.items() <= known.items()


def test_the_connection_has_every_field_of_the_form_with_its_default(compose: dict[str, Any]) -> None:
    own = ("import_suppliers", "allow_http")
    extras, defaults = kraken_extras(compose), default_extras()
    assert set(extras) == set(defaults)
    assert {name: extras[name] for name in extras if name not in own} == {
        name: defaults[name] for name in defaults if name not in own
    }


def test_airflow_recovers_waits_and_reads_dags_as_it_does_in_the_local_stack(compose: dict[str, Any]) -> None:
    wanted = {f"AIRFLOW__{name}": value for name, value in {**RECOVERY, **PARSING, **WAITING}.items()}
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        environment = compose["services"][name]["environment"]
        assert {name: environment.get(name) for name in wanted} == wanted
        assert environment[VARIABLE] == POOLS


def test_the_pools_exist_before_a_task_names_one(
    compose: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate = compose["services"]["migrate"]
    assert (
        "python -m kraken_import.airflow.pools > /tmp/pools.json && airflow pools import"
        in migrate["command"][-1]
    )
    monkeypatch.setenv(VARIABLE, migrate["environment"][VARIABLE])
    assert pools.main() == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {pool_of(dialect=name) for name in dialect_names()}
    assert all({"slots", "description"} <= set(pool) for pool in printed.values())


def test_the_pools_have_no_name_where_the_variable_is_not_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert pool_of(dialect="edf_accounts") is None
    assert pools.main() == 1
    assert capsys.readouterr().err.startswith("MIGRATION_POOL is not set: set it to the prefix")


def test_images_and_requirements_pin_the_same_airflow() -> None:
    lock = (ROOT / "requirements-production.txt").read_text()
    pinned = re.findall(r"^apache-airflow==(\S+)", lock, re.MULTILINE)
    dockerfile = (ROOT / "docker/Dockerfile").read_text()
    images = re.findall(r"^FROM apache/airflow:([\d.]+)-", dockerfile, re.MULTILINE)
    assert len(pinned) == 1
    assert set(images) == set(pinned)


def test_what_the_image_copies_reaches_its_build() -> None:
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = re.findall(
        r"^COPY (?:--chown=\S+ )?([^-\s]\S*) ", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE
    )
    assert len(copied) == 4
    for path in copied:
        assert path == "." or path.split("/")[0] in sent, path
        assert (ROOT / path).exists(), path
