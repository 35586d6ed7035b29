"""Looks for keys, passwords and tokens in the files that git tracks."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kraken_import.local.settings import ROOT
from proofs.supply import tools

KNOWN: Final = Path(__file__).with_name("known-secrets.json")
"""What looks like a secret and is none: each finding was looked at and marked so."""


def leaks(*, folder: Path = ROOT) -> Sequence[str]:
    """Return one sentence for each line of a tracked file that looks like a secret and was not looked at."""
    with tempfile.TemporaryDirectory() as scratch:
        # A scan takes its settings from a file of earlier findings, and writes what it finds into it.
        scanned = Path(scratch) / KNOWN.name
        shutil.copyfile(KNOWN, scanned)
        tools.run("detect-secrets", "scan", "--baseline", str(scanned), folder=folder)
        found = _findings(file=scanned)
    harmless = {_identity(each) for each in _findings(file=KNOWN) if each.get("is_secret") is False}
    return [
        f"{each['filename']}:{each['line_number']} looks like a secret ({each['type']}): take it out and "
        "change it where it is used, or have it looked at as CONTRIBUTING.md says."
        for each in found
        if _identity(each) not in harmless
    ]


def _findings(*, file: Path) -> Sequence[dict[str, Any]]:
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    return [each for name in sorted(results) for each in results[name]]


def _identity(each: dict[str, Any]) -> tuple[str, str, str]:
    """What a finding is known by: lines move."""
    return each["filename"], each["type"], each["hashed_secret"]
