"""The project folder: the checkout, or the folder in which an installed project's command runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kraken_import.cli.payloads import UnableToPrintPayload
from kraken_import.local import airflow, settings
from kraken_import.local.bench import command as bench
from kraken_import.local.payload import write_sample
from kraken_import.local.settings import NeedsCheckout, read_wishes
from tests.conftest import ROOT
from transforms.sql_files import CHECKOUT


def test_in_a_checkout_it_is_the_checkout() -> None:
    assert ROOT == CHECKOUT == settings.ROOT
    assert airflow.plain_environment()["PYTHONPATH"] == f"{ROOT}:{ROOT / 'plugins'}"


def test_outside_of_one_components_need_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow, "CHECKOUT", None)
    assert "PYTHONPATH" not in airflow.plain_environment()


@pytest.mark.parametrize("command", [bench.bench, write_sample])
def test_outside_of_one_what_works_on_the_projects_own_files_says_so(
    command: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CHECKOUT", None)
    assert callable(command)
    with pytest.raises(NeedsCheckout, match="run it in a checkout of the project"):
        command(wishes=read_wishes(environment={}))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"ID": "EXTERNAL-TEST001", "LEGACY_DSN": "postgresql://reader@127.0.0.1:1/legacy"},
            "made-up customers of the bundled database: for one of LEGACY_DSN run `kraken-migrate",
        ),
        (
            {"ID": "PT-000000007"},
            "holds the guide's customer EXTERNAL-TEST001: name that one, or run `",
        ),
    ],
)
def test_a_sample_of_the_guides_customer_is_never_replaced_by_another_ones_rows(
    given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UnableToPrintPayload, match=sentence) as refused:
        write_sample(wishes=read_wishes(environment={"DIALECT": "plenitude_accounts", **given}))
    assert "PT-000000007" not in str(refused.value)


def test_a_folder_without_dags_is_told_what_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow, "ROOT", tmp_path)
    with pytest.raises(airflow.NoDags, match="dialect_dags") as refused:
        airflow.check_dags()
    assert "\n" not in str(refused.value)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "kraken.py").touch()
    airflow.check_dags()
