"""deploy/helm/values.yaml: what is set there is what Compose sets, by keys that the chart has.

The chart's schema is not part of this project: AIRFLOW_CHART_SCHEMA names a copy of its `values.schema.json`.
"""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kraken_import.local.airflow import CLUSTER, PARSING, POOLS, RECOVERY, WAITING
from tests.conftest import ROOT

VARIABLE = "AIRFLOW_CHART_SCHEMA"


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "deploy" / "helm" / "values.yaml").read_text()))


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, whose outermost keys are all there are: Helm itself lets others pass unread."""
    return {**schema, "additionalProperties": False}


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no values.schema.json of the chart")
def test_the_values_follow_the_schema_of_the_chart(values: dict[str, Any]) -> None:
    schema = closed(json.loads(Path(os.environ[VARIABLE]).read_text()))
    jsonschema.validators.validator_for(schema)(schema).validate(values)


def test_the_settings_are_those_of_the_local_stack_and_of_several_workers(values: dict[str, Any]) -> None:
    wanted = {**RECOVERY, **WAITING, **PARSING, **CLUSTER}
    assert values["executor"] == wanted.pop("CORE__EXECUTOR")
    said = {}
    for name in wanted:
        section, _, key = name.lower().partition("__")
        said[name] = str(values["config"][section][key])
    assert said == wanted
    environment = {each["name"]: each["value"] for each in values["env"]}
    assert environment["MIGRATION_POOL"] == POOLS
    assert values["config"]["core"]["dags_are_paused_at_creation"] == "True"


def test_workers_are_set_by_the_keys_that_are_not_deprecated_and_scaled_by_keda(
    values: dict[str, Any],
) -> None:
    assert set(values["workers"]) == {"celery"}
    assert values["workers"]["celery"]["keda"]["enabled"] is True
    assert values["triggerer"]["replicas"] == 2


def test_the_schema_and_the_pools_are_there_before_a_task_needs_them(values: dict[str, Any]) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert values["migrateDatabaseJob"]["args"] == compose["services"]["migrate"]["command"]


def test_secrets_stand_in_secrets_and_the_image_is_the_locked_airflow(values: dict[str, Any]) -> None:
    text = (ROOT / "deploy" / "helm" / "values.yaml").read_text()
    assert "password:" not in text.lower().replace("passwordsecretname:", "")
    assert (
        "\napache-airflow==" + values["airflowVersion"] in (ROOT / "requirements-production.txt").read_text()
    )
    assert values["images"]["airflow"]["tag"] == values["airflowVersion"]
    assert values["postgresql"]["enabled"] is False
    assert values["createUserJob"]["enabled"] is False
