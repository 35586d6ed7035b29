"""`make reports`: which waves have a report, and how each ended."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kraken_import.local.reports import ReportsAreElsewhere, place, print_reports


def test_reports_are_listed_with_their_outcome(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_reports(given=f"file://{tmp_path}")
    assert "No wave has a report" in capsys.readouterr().out
    folder = tmp_path / "migrate_x" / "wave-3"
    folder.mkdir(parents=True)
    page = (
        Path(__file__).parents[3] / "plugins" / "kraken_import" / "reporting" / "templates" / "wave.html"
    ).read_text()
    # The line is read out of the page that people see.
    assert '<div class="verdict' in page
    (folder / "index.html").write_text(
        '<title>Wave pilot</title>\n<div class="verdict good">\n<b>Ended well</b>', encoding="utf-8"
    )
    (folder / "funnel.csv").write_text("stage,customers\nselected,1500\nprocessed,1480\n", encoding="utf-8")
    written = datetime(2026, 11, 22, 4, 5, tzinfo=UTC).timestamp()
    os.utime(folder / "index.html", (written, written))
    print_reports(given=str(tmp_path))
    listed = capsys.readouterr().out.split()
    assert listed[:8] == ["2026-11-22", "04:05", "UTC", "Ended", "well", "migrate_x", "Wave", "pilot:"]
    assert listed[8:] == ["1,500", "customers,", "1,480", "processed", str(folder / "index.html")]


def test_reports_in_an_object_store_are_named_and_not_read() -> None:
    with pytest.raises(ReportsAreElsewhere, match="s3://bucket"):
        print_reports(given="s3://bucket")
    assert place(given=None).startswith("file:///")
