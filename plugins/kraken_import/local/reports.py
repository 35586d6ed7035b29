"""`make reports`: lists the reports of waves that the stack has written, the newest last."""

import re
import sys
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
        sys.stdout.write(
            f"{verdict.group(1) if verdict else '?':<12} {page.parent.parent.name:<48} "
            f"{title.group(1) if title else page.parent.name}\n  {page}\n"
        )
