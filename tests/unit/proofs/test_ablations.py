"""The page of ablations has a row for each of them, and each was caught."""

from __future__ import annotations

from proofs.simulation.ablations import ABLATIONS
from tests.conftest import ROOT


def test_the_page_says_of_each_safeguard_what_it_is_for() -> None:
    page = (ROOT / "docs" / "ablations.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if "(`" in line]
    assert [row[0] for row in rows] == [f"{each.safeguard} (`{name}`)" for name, each in ABLATIONS.items()]
    assert all(row[2].isdigit() and int(row[2]) <= 1_000 and row[3] for row in rows)
