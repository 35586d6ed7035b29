"""docker-compose.yml against the Compose specification's own schema; no Docker engine is needed."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from kraken_import.airflow import pools
from kraken_import.airflow.pools import VARIABLE, pool_of
from kraken_import.local.airflow import CLUSTER, PARSING, POOLS, RECOVERY, WAITING
from tests.conftest import ROOT
from tests.unit.test_prepare import prepare
from transforms.registry import dialect_names

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|FERNET|_DSN|_CONN|BROKER|JWT|CELERY__RESULT", re.IGNORECASE)
NO_SECRET = (
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    "AIRFLOW__SECRETS__BACKEND",
    "AIRFLOW__SECRETS__BACKEND_KWARGS",
)
BEGINS_AS_ROOT = {"postgres", "redis"}
"""They give up root themselves, once their data folder is theirs."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def texts(value: Any) -> Iterator[str]:
    """Every text in a part of the file."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def given(service: dict[str, Any]) -> dict[str, str]:
    """The secrets of a service: where each is below /run/secrets, and which it is."""
    named = [each if isinstance(each, dict) else {"source": each} for each in service.get("secrets", [])]
    return {each.get("target", each["source"]): each["source"] for each in named}


def test_the_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(compose)


def test_secrets_reach_services_by_files_alone(compose: dict[str, Any]) -> None:
    checked = 0
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and name not in NO_SECRET:
                checked += 1
                assert name.endswith(("_FILE", "_CMD")), name
                assert re.fullmatch(r"(cat )?/run/secrets/\w+", value), f"{name}: {value}"
    assert checked > 20


def test_a_service_has_each_secret_that_it_reads(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        said = " ".join(texts({key: value for key, value in service.items() if key != "secrets"}))
        read = set(re.findall(r"/run/secrets/([\w.]+)", said))
        assert read <= given(service).keys(), name


def test_every_secret_is_a_file_that_is_prepared_and_used(compose: dict[str, Any]) -> None:
    named = {name: each["file"].rpartition("/")[2] for name, each in compose["secrets"].items()}
    assert set(named.values()) <= set(prepare.FILES)
    assert all(each["file"].startswith("${SECRETS:-./secrets}/") for each in compose["secrets"].values())
    used = {source for service in compose["services"].values() for source in given(service).values()}
    assert used == set(named)


def test_every_variable_is_in_the_example_and_those_that_must_be_set_stand_empty_there() -> None:
    text, example = (ROOT / "docker-compose.yml").read_text(), (ROOT / ".env.example").read_text()
    wanted = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert wanted == set(re.findall(r"^([A-Z_]+)=$", example, flags=re.MULTILINE)) == {"AIRFLOW_UID"}
    assert not re.search(r"^[A-Z_]+=.", example, flags=re.MULTILINE)
    optional = set(re.findall(r"\$\{([A-Z_]+):-", text))
    assert optional <= set(re.findall(r"^#([A-Z_]+)=", example, flags=re.MULTILINE))


def test_every_service_is_confined_and_its_log_is_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert {"max-size", "max-file"} <= service["logging"]["options"].keys(), name
        assert not service.get("privileged"), name
    as_root = {name for name, service in compose["services"].items() if "user" not in service}
    assert as_root == BEGINS_AS_ROOT
    assert {name for name, service in compose["services"].items() if "cap_add" in service} == as_root


def test_only_the_web_server_is_reached_from_outside_and_from_this_machine_alone(
    compose: dict[str, Any],
) -> None:
    open_ones = {name: each["ports"] for name, each in compose["services"].items() if "ports" in each}
    assert set(open_ones) == {"api-server"}
    assert all(port.startswith("127.0.0.1:") for port in open_ones["api-server"])
    assert compose["networks"]["data"]["internal"] is True
    for name in ("postgres", "redis"):
        assert compose["services"][name]["networks"] == ["data"]


def test_every_service_that_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    staying = [
        name
        for name, service in compose["services"].items()
        if service.get("restart") != "no" and "healthcheck" not in service
    ]
    assert staying == []


def test_the_stand_in_and_its_customers_come_with_the_demo_profile_only(compose: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles", []) for name, service in compose["services"].items()}
    assert {name for name, named in profiles.items() if named == ["demo"]} == {
        "simulator",
        "legacy-database",
        "legacy",
    }
    assert {name for name, named in profiles.items() if named == ["tools"]} == {
        "cli",
        "owner",
        "backup",
        "restore",
    }
    everything = "\n".join(texts({name: compose["services"][name] for name in AIRFLOW}))
    assert prepare.SIMULATOR not in everything
    assert "allow_http" not in everything


def test_made_up_customers_are_never_written_into_the_legacy_database_of_a_connection(
    compose: dict[str, Any],
) -> None:
    service = compose["services"]["legacy"]
    assert set(given(service)) == {"legacy_password"}
    assert "@postgres:5432/legacy" in " ".join(service["command"])


def test_airflow_recovers_waits_and_reads_dags_as_it_does_in_the_local_stack(compose: dict[str, Any]) -> None:
    wanted = {**RECOVERY, **PARSING, **WAITING, **CLUSTER}
    for name in AIRFLOW:
        environment = compose["services"][name]["environment"]
        said = {each: re.sub(r"\$\{\w+:-(.*)\}", r"\1", environment[f"AIRFLOW__{each}"]) for each in wanted}
        assert said == wanted
        assert environment[VARIABLE] == POOLS


def test_dags_wait_for_a_person_who_unpauses_them(compose: dict[str, Any]) -> None:
    environment = compose["services"]["scheduler"]["environment"]
    assert environment["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "True"


def test_workers_can_be_scaled_and_there_are_two_triggerers(compose: dict[str, Any]) -> None:
    assert compose["services"]["triggerer"]["deploy"]["replicas"] == 2
    for name in ("worker", "triggerer"):
        assert not {"container_name", "hostname", "ports"} & compose["services"][name].keys()


def test_the_pools_and_the_tracking_schema_exist_before_a_task_needs_them(
    compose: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate = compose["services"]["migrate"]
    assert re.fullmatch(
        r"airflow db migrate && kraken-migrate db upgrade && "
        r"python -m kraken_import.airflow.pools > /tmp/pools.json && airflow pools import /tmp/pools.json",
        " ".join(migrate["command"][-1].split()),
    )
    for name in AIRFLOW:
        after = compose["services"][name]["depends_on"]["migrate"]
        assert after == {"condition": "service_completed_successfully"}
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


def test_images_are_named_by_exact_tags_and_have_the_locked_airflow(compose: dict[str, Any]) -> None:
    lock = (ROOT / "requirements-production.txt").read_text()
    (version,) = re.findall(r"^apache-airflow==(\S+)", lock, re.MULTILINE)
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    base = f"apache/airflow:{version}-python3.12"
    assert re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE) == [base]
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE}"}
    for name, service in compose["services"].items():
        image = re.sub(r"\$\{\w+:-(.*)\}", r"\1", service["image"])
        assert re.fullmatch(r"[a-z/-]+:\d+\.\d+(\.\d+)?(-\w+)?", image), name
        if "build" in service:
            assert image.endswith(f":{version}")
            assert service["build"]["args"] == {"BASE": f"${{AIRFLOW_BASE_IMAGE:-{base}}}"}
