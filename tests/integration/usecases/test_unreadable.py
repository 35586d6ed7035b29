"""A value that the client's SQL cannot convert, in a wave: its customer is rejected, the batch goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kraken_import.cli.payloads import build_batch
from kraken_import.cli.preflights import Checked
from tests.conftest import ROOT
from tests.integration.conftest import Journey
from transforms import sql_files
from transforms.registry import get_dialect
from transforms.triage import Triage

EDF = get_dialect(name="edf_accounts")


def test_a_wave_rejects_the_customer_whose_values_cannot_be_read_and_builds_the_others(
    journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "sql", tmp_path, dirs_exist_ok=True)
    file = tmp_path / "extract" / "edf_accounts" / "accounts.sql"
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            "WHERE", "WHERE 1 / CAST(right(account.account_number, 1) <> '3' AS integer) = 1 AND"
        ),
        encoding="utf-8",
    )
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    planned = journey.plan(limit=5)
    journey.build(planned.wave_id)
    assert journey.states(planned.wave_id) == {"rejected": 1, "built": 4}
    (error,) = journey.rows(
        "SELECT external_identifier, code, detail FROM migration.import_error "
        "JOIN migration.import_process ON import_process.id = import_process_id"
    )
    assert (error["external_identifier"], error["code"]) == ("GB-000000003", "unreadable")
    assert "accounts.sql meets a value" in error["detail"]
    assert "22012, division by zero" in error["detail"]
    money = journey.rows("SELECT DISTINCT import_process_id FROM migration.record_money")
    assert len(money) == 4
    identifiers = [f"GB-{number:09}" for number in range(1, 16)]
    result = build_batch(engine=journey.legacy, dialect=EDF, identifiers=identifiers, kraken=journey.kraken)
    preflight = Checked(dialect=EDF, causes=Triage(dialect=EDF.name))
    preflight.add(result=result)
    assert preflight.customers == 15
    (cause,) = [cause for cause in preflight.causes.causes() if cause.code == "unreadable"]
    assert (cause.customers, cause.examples) == (2, ["GB-000000003", "GB-000000013"])
