"""A legacy database of the client's own: which dialects are looked at, and what is said of the others."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_import.generator import load
from kraken_import.local import data
from kraken_import.local.faults import sentence_of
from kraken_import.local.targets import Systems
from tests.conftest import NewDatabase
from transforms import registry, sql_files
from transforms.additions import BadAddition
from transforms.registry import dialect_names

AUSTRALIAN = {"essential_supply_points_accounts", "essential_supply_points_cdns"}


@pytest.fixture(scope="module")
def systems(new_database: NewDatabase, legacy_template: str) -> Systems:
    """A foreign legacy database that two dialects do not fit."""
    dsn = new_database(template=legacy_template)
    with data.engine_of(dsn=dsn) as engine, engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE legacy.details_notification CASCADE")
    return _systems(dsn=dsn)


def _systems(*, dsn: str) -> Systems:
    return Systems(
        kraken_url="http://127.0.0.1:1",
        kraken_token="t",
        legacy_dsn=dsn,
        tracking_dsn=dsn,
        legacy_owner_dsn=dsn,
        tracking_owner_dsn=dsn,
        bundled_kraken=True,
        bundled_legacy=False,
    )


def test_only_the_dialect_that_was_asked_for_must_fit(systems: Systems) -> None:
    said: list[str] = []
    data.prepare_legacy(systems=systems, seed=None, dialect="edf_accounts", say=said.append)
    assert said == []
    with pytest.raises(
        data.UnableToUseLegacy, match=r"^essential_supply_points_cdns cannot be read from the"
    ):
        data.prepare_legacy(
            systems=systems, seed=None, dialect="essential_supply_points_cdns", say=said.append
        )


def test_without_a_dialect_those_that_do_not_fit_are_named_with_file_and_reason(systems: Systems) -> None:
    said: list[str] = []
    data.prepare_legacy(systems=systems, seed=None, say=said.append)
    assert len(said) == 2
    for sentence in said:
        assert sentence.startswith("Left out: essential_supply_points_")
        assert '42P01, undefined table; relation "legacy.details_notification" does not exist' in sentence
        assert "sql/extract/essential_supply_points_" in sentence
        assert "make legacy" not in sentence
    assert set(data.dialects_with_customers(systems=systems)) == set(dialect_names()) - AUSTRALIAN


def test_a_dialect_whose_own_columns_cannot_be_read_is_left_out_with_the_reason(
    systems: Systems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(sql_files.FOLDER, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "extract" / "plenitude_accounts" / "columns.toml"
    file.write_text("[accounts", encoding="utf-8")
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    registry._loaded.cache_clear()
    try:
        found = data.misfits(dsn=systems.legacy_dsn, dialects=["edf_accounts", "plenitude_accounts"])
        with pytest.raises(BadAddition) as bad:
            registry.get_dialect(name="plenitude_accounts")
    finally:
        registry._loaded.cache_clear()
    assert list(found) == ["plenitude_accounts"]
    assert "plenitude_accounts/columns.toml is not valid TOML" in found["plenitude_accounts"]
    # What asks for that dialect alone says the same.
    assert sentence_of(error=bad.value) == str(bad.value)


def test_a_database_that_no_dialect_fits_is_one_sentence_for_the_demo(empty_dsn: str) -> None:
    said: list[str] = []
    systems = _systems(dsn=empty_dsn)
    data.prepare_legacy(systems=systems, seed=None, say=said.append)
    assert len(said) == len(dialect_names())
    with pytest.raises(data.UnableToUseLegacy, match="No dialect fits the database at LEGACY_DSN"):
        data.dialects_with_customers(systems=systems)


def test_the_bundled_database_of_an_older_version_is_refilled_and_a_clients_restored_there_is_not(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "_SEED", tmp_path / "legacy-seed.json")
    monkeypatch.setattr(data, "FIRST_CUSTOMERS", 2)
    systems = replace(_systems(dsn=new_database()), bundled_legacy=True)
    data.prepare_legacy(systems=systems, seed=7)
    with data.engine_of(dsn=systems.legacy_dsn) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE generator.mark")
        data.forget_seed()
        data.prepare_legacy(systems=systems, seed=7)
        assert data.is_filled(dsn=systems.legacy_dsn)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA legacy, generator CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA legacy")
    data.forget_seed()
    with pytest.raises(load.NotTheGenerators, match="a schema legacy that the generator did not make"):
        data.prepare_legacy(systems=systems, seed=7)
