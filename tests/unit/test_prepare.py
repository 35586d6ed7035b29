"""docker/prepare.py: the secrets and Connections of the compose file."""

import importlib.util
import json
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.wrapping import read_wrapping
from kraken_import.generator.values import configured_values
from tests.conftest import ROOT


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "docker" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prepare = _loaded()
OURS = {
    "KRAKEN_URL": "https://api.example.com",
    "KRAKEN_TOKEN": "t",
    "LEGACY_DSN": "postgresql://r@legacy/crm",
}


def run(folder: Path, *arguments: str, **variables: str) -> int:
    return int(prepare.main(list(arguments), variables, folder))


def connections(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "secrets" / "connections.json").read_text()))


def test_every_file_is_made_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    assert run(tmp_path, **OURS) == 0
    there = {file.name: file for file in (tmp_path / "secrets").iterdir()}
    assert set(there) == set(prepare.FILES)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    for file in there.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip()
    Fernet(there["fernet_key"].read_text())
    assert len(there["jwt_secret"].read_text()) >= 64


def test_a_secret_that_is_there_stays_and_connections_follow_what_is_said(tmp_path: Path) -> None:
    run(tmp_path, **OURS)
    before = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    (tmp_path / ".env").write_text('KRAKEN_URL="https://other.example.com"\n#LEGACY_DSN=\n')
    assert run(tmp_path) == 0
    after = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"connections.json"}
    assert connections(tmp_path)["kraken"]["host"] == "https://other.example.com"
    assert connections(tmp_path)["legacy"] == OURS["LEGACY_DSN"]


@pytest.mark.xdist_group("airflow")
def test_airflow_reads_the_connections_as_the_pipeline_needs_them(tmp_path: Path) -> None:
    from airflow.secrets.local_filesystem import load_connections_dict

    extra = '{"requests_at_once": 64, "patience": 3600}'
    run(tmp_path, **OURS, KRAKEN_EXTRA=extra, IMPORT_SUPPLIERS="edf_accounts=OURS")
    found = load_connections_dict(str(tmp_path / "secrets" / "connections.json"))
    assert read_wrapping(text=found["wave_keys"].password, named="it")
    kraken = found["kraken"]
    settings = KrakenSettings.from_connection_fields(
        host=kraken.host,
        schema=kraken.schema,
        port=kraken.port,
        password=kraken.password,
        extra=kraken.extra_dejson,
    )
    assert settings.base_url == OURS["KRAKEN_URL"]
    assert settings.import_suppliers == {"edf_accounts": "OURS"}
    assert settings.requests_at_once == 64
    assert (found["legacy"].conn_type, found["legacy"].host, found["legacy"].schema) == (
        "postgres",
        "legacy",
        "crm",
    )
    assert (found["tracking"].login, found["tracking"].host) == ("tracking_app", "postgres")


def test_tasks_that_owned_the_databases_before_get_a_user_who_does_not(tmp_path: Path) -> None:
    assert run(tmp_path, "--demo") == 0
    secrets = tmp_path / "secrets"

    def user_of(name: str) -> str | None:
        return urlsplit((secrets / name).read_text()).username

    for name in ("tracking", "legacy"):
        password = (secrets / f"{name}_password").read_text()
        (secrets / f"{name}_dsn").write_text(f"postgresql://{name}:{password}@postgres:5432/{name}")
    (secrets / "tracking_owner_dsn").unlink()
    assert run(tmp_path, "--demo") == 0
    assert [user_of(f"{name}_dsn") for name in ("tracking", "tracking_owner", "legacy")] == [
        "tracking_app",
        "tracking",
        "legacy_app",
    ]


def test_a_tracking_database_of_ones_own_keeps_its_user(tmp_path: Path) -> None:
    own = {"TRACKING_DSN": "postgresql://app@db/x", "TRACKING_OWNER_DSN": "postgresql://owner@db/x"}
    run(tmp_path, **OURS, **own)
    found = {name: (tmp_path / "secrets" / name.lower()).read_text() for name in own}
    assert found == own
    assert connections(tmp_path)["tracking"] == own["TRACKING_DSN"]


def test_the_console_reads_the_database_that_tasks_work_on_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, **OURS)
    bundled = connections(tmp_path)["tracking_reader"]
    assert urlsplit(bundled).username == "tracking_reader"
    # Tasks move to another database: the bundled one would show empty pages.
    run(tmp_path, **OURS, TRACKING_DSN="postgresql://app@db/x")
    assert "tracking_reader" not in connections(tmp_path)
    assert "write into" in capsys.readouterr().err
    named = "postgresql://reader@db/x"
    run(tmp_path, **OURS, TRACKING_DSN="postgresql://app@db/x", TRACKING_READER_DSN=named)
    assert connections(tmp_path)["tracking_reader"] == named
    assert capsys.readouterr().err == ""


def test_the_demo_leads_to_the_stand_in_and_sends_the_generators_codes_as_they_are(tmp_path: Path) -> None:
    assert run(tmp_path, "--demo") == 0
    kraken = connections(tmp_path)["kraken"]
    assert kraken["host"] == prepare.SIMULATOR
    assert kraken["extra"]["allow_http"] is True
    needed = {name: settings for name, settings in configured_values().items() if settings}
    assert kraken["extra"]["configured_values"] == needed
    KrakenSettings.from_connection_fields(
        host=kraken["host"], password=kraken["password"], extra=kraken["extra"]
    )


@pytest.mark.parametrize(
    ("before", "arguments", "variables", "said"),
    [
        ({}, [], {**OURS, "KRAKEN_URL": ""}, "KRAKEN_URL is not set: write the https address"),
        ({}, [], {**OURS, "KRAKEN_URL": "http://api.example.com"}, "KRAKEN_URL must begin with https"),
        ({}, [], {**OURS, "KRAKEN_TOKEN": " "}, "kraken_token is missing or empty: write the token"),
        ({}, [], {**OURS, "LEGACY_DSN": ""}, "legacy_dsn is missing or empty: write the address"),
        ({}, [], {**OURS, "KRAKEN_EXTRA": "[1]"}, "KRAKEN_EXTRA must be a JSON object"),
        ({}, [], {**OURS, "KRAKEN_EXTRA": "{"}, "KRAKEN_EXTRA must be a JSON object"),
        ({"legacy_dsn": "postgresql://r@legacy/crm"}, ["--demo"], {}, "leads to your own customers"),
    ],
)  # fmt: skip
def test_what_is_missing_or_must_not_be_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: dict[str, str],
    arguments: list[str],
    variables: dict[str, str],
    said: str,
) -> None:
    (tmp_path / "secrets").mkdir()
    for name, text in before.items():
        (tmp_path / "secrets" / name).write_text(text)
    assert run(tmp_path, *arguments, **variables) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "secrets" / "connections.json").exists()


def test_made_up_customers_never_go_to_a_real_kraken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "--demo")
    assert run(tmp_path, KRAKEN_URL=OURS["KRAKEN_URL"], KRAKEN_TOKEN="t") == 1
    assert "leads to the demo's made-up customers" in capsys.readouterr().err


def test_it_needs_nothing_but_python() -> None:
    named = {name for name in vars(prepare).values() if isinstance(name, ModuleType)}
    assert {each.__name__ for each in named} <= sys.stdlib_module_names
