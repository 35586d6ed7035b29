"""What Kraken says is named by the table of the dialect before it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from kraken_import.usecases.recording import in_our_words
from tests import projects
from transforms.findings import Finding

TARIFF = "supply_addresses.0.meter_points.1.agreements.0.tariff_code"


def said(*, code: str, path: str, detail: str) -> Finding:
    return Finding(code=code, path=path, detail=detail, origin="kraken")


@pytest.mark.parametrize(
    ("dialect", "codes"),
    [
        ("edf_accounts", ["tariff_code_not_found", "required", "own_code"]),
        # The shared table serves a wave whose dialect no longer exists.
        ("dialect_of_yesterday", ["invalid", "required", "own_code"]),
    ],
)
def test_findings_have_the_codes_of_the_dialect_and_else_the_shared_ones(
    dialect: str, codes: list[str]
) -> None:
    findings = [
        said(code="invalid", path=TARIFF, detail="It is none of ours."),
        said(code="invalid", path="customers.0.email", detail="This field is required."),
        said(code="own_code", path="", detail="This field is required."),
    ]
    found = in_our_words(findings=findings, dialect=dialect)
    assert [each.code for each in found] == codes
    assert [each.is_named for each in found] == [code != "invalid" for code in codes]


@pytest.mark.parametrize(
    "files",
    [
        {"dialects/port_accounts.py": "import no_such_module"},
        {"kraken-migrate.toml": "dialects = port_accounts"},
        {"kraken-migrate.toml": 'dialects = ["port_accounts"]'},
    ],
)
def test_a_dialect_or_project_that_cannot_be_loaded_keeps_no_answer_from_being_recorded(
    tmp_path: Path, files: dict[str, str]
) -> None:
    findings = [said(code="invalid", path="customers.0.email", detail="This field is required.")]
    with projects.in_force(folder=projects.write(folder=tmp_path / "acme", files=files)):
        found = in_our_words(findings=findings, dialect="port_accounts")
    assert [each.code for each in found] == ["required"]
