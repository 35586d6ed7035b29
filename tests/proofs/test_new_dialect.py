"""`make new-dialect`: a skeleton that the project takes up, and whose tests say what it lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.checkouts import attempt, copied_checkout, run
from tests.conftest import ROOT

NOBODY = (
    "No customer is selected by sql/extract/acme_accounts/candidates.sql and "
    "sql/plan/acme_accounts/candidates.sql: say there who may migrate."
)


def conformance(*, checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "acme_accounts"),
            "tests/unit/transforms",
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": f"{checkout}:{checkout / 'plugins'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _problems(tested: subprocess.CompletedProcess[str]) -> set[str]:
    """What failed, in words: the line below a test's name, or an assertion with the same sentence."""
    said = re.findall(r"^_+ test_.+ _+\n(\S.+)$", tested.stdout, re.MULTILINE)
    return {*said, *re.findall(r"^E +AssertionError: (.+)", tested.stdout, re.MULTILINE)}


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_dialect_is_taken_up_and_says_what_it_lacks(tmp_path: Path) -> None:
    checkout = copied_checkout(folder=tmp_path)
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    told = run(checkout=checkout, command="new-dialect", NAME="acme_accounts")
    assert "transforms/dialects/acme_accounts.py" in told
    assert "-k acme_accounts" in told

    tested = conformance(checkout=checkout)
    assert _problems(tested) == {
        "tests/samples/acme_accounts/payload.json is empty: put the guide's example there.",
        "tests/samples/acme_accounts/frames/accounts.json has no row: put the SQL's there.",
        NOBODY,
    }

    sample = checkout / "tests" / "samples" / "acme_accounts"
    (sample / "payload.json").write_text(
        '{"import_supplier": "TEST_SUPPLIER", "external_account_number": "A-1",'
        ' "customers": [{"given_name": "Ada", "email": "a@mail.example.com"}]}'
    )
    (sample / "frames" / "accounts.json").write_text(
        '[{"external_identifier": "A-1", "billing_postcode": "  "}]'
    )
    (sample / "frames" / "customers.json").write_text(
        '[{"external_identifier": "A-1", "customer_key": 1, "given_name": "Ada ", "family_name": null,'
        ' "email": " a@mail.example.com ", "mobile": null}]'
    )
    tested = conformance(checkout=checkout)
    assert _problems(tested) == {
        "In sql/extract/acme_accounts only NULL stands for email of customers.sql: fill in your columns.",
        NOBODY,
    }

    sql = checkout / "sql"
    _replace(
        sql / "extract/acme_accounts/customers.sql", "CAST(NULL AS text) AS email", "party.title AS email"
    )
    _replace(sql / "extract/acme_accounts/candidates.sql", "AND false -- say here who may migrate", "")
    _replace(sql / "plan/acme_accounts/candidates.sql", "WHERE false -- say here who may migrate", "")
    tested = conformance(checkout=checkout)
    assert tested.returncode == 0, tested.stdout

    again = attempt(checkout=checkout, command="new-dialect", NAME="acme_accounts")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "There is a dialect acme_accounts already" in again.stderr
