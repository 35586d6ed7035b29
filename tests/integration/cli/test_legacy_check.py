"""`kraken-migrate legacy-check`: its lines, its JSON and its exit code."""

from __future__ import annotations

import json

from tests.command_lines import Run, is_refused


def test_findings_are_lines_or_json_and_the_exit_code_is_1(bare: Run, guide_legacy_dsn: str) -> None:
    told = bare("legacy-check", "plenitude_accounts", "--limit", "10", LEGACY_DSN=guide_legacy_dsn)
    assert told.exit_code == 1
    first, _, error, *_ = told.stdout.splitlines()
    assert first == "plenitude_accounts: 9 statements, 0 customers; 1 errors, 0 warnings, 0 notes."
    assert error.startswith(
        "error: No row was looked at, since sql/extract/plenitude_accounts/candidates.sql"
    )
    told = bare("legacy-check", "plenitude_accounts", "--json", LEGACY_DSN=guide_legacy_dsn)
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert (found["errors"], found["warnings"], found["notes"]) == (1, 0, 0)
    assert [each["code"] for each in found["findings"]] == ["no_customers"]
    assert found["findings"][0].keys() == {"code", "sentence", "file", "column", "severity"}


def test_a_dialect_that_there_is_not_and_a_database_that_does_not_answer_are_one_sentence(bare: Run) -> None:
    is_refused(bare("legacy-check", "nonsense"), 2, "There is no dialect 'nonsense'")
    told = bare("legacy-check", "plenitude_accounts", LEGACY_DSN="postgresql://127.0.0.1:1/x")
    assert told.exit_code == 3
