"""`make reports`: lists the reports of waves that the stack has written, the newest last."""

import csv
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import RUN

VARIABLE = "MIGRATION_REPORTS"

_TITLE = re.compile(r"<title>(.*?)</title>")
_VERDICT = re.compile(r'class="verdict \w+">\s*<b>(.*?)</b>')


class ReportsAreElsewhere(StackProblem):
    """The reports are in an object store, which this command does not read."""


def place(*, given: str | None) -> str:
    """Where the stack's Airflow keeps reports: where the caller says, or below `.run`."""
    return given or f"file://{RUN / 'reports'}"


def list_reports() -> None:
    """Print the reports of the place that MIGRATION_REPORTS names, or else of the stack."""
    print_reports(given=os.environ.get(VARIABLE, "").strip() or None)


def print_reports(*, given: str | None) -> None:
    """Print when each report was written, how its wave ended, and where it is."""
    address = place(given=given).removeprefix("file://")
    if "://" in address:
        raise ReportsAreElsewhere(f"The reports are at {address}: look there.")
    folder = Path(address)
    pages = sorted(folder.glob("*/wave-*/index.html"), key=lambda page: page.stat().st_mtime)
    if not pages:
        sys.stdout.write(f"No wave has a report in {folder} yet: each writes one when it ends.\n")
    for page in pages:
        head = page.read_text(encoding="utf-8")[:20_000]
        title, verdict = _TITLE.search(head), _VERDICT.search(head)
        written = datetime.fromtimestamp(page.stat().st_mtime, UTC)
        sys.stdout.write(
            f"{written:%Y-%m-%d %H:%M} UTC  {verdict.group(1) if verdict else '?':<12} "
            f"{page.parent.parent.name:<48} {title.group(1) if title else page.parent.name}"
            f"{_counts(folder=page.parent)}\n  {page}\n"
        )


def _counts(*, folder: Path) -> str:
    """Return how many customers a wave selected, and Kraken processed; blank where no table says it."""
    table = folder / "funnel.csv"
    if not table.is_file():
        return ""
    with table.open(encoding="utf-8", newline="") as file:
        found = {row["stage"]: int(row["customers"]) for row in csv.DictReader(file)}
    return f": {found['selected']:,} customers, {found['processed']:,} processed"
