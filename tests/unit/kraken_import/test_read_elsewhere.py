"""What the API server has other processes read: one at a time, and not over and over while it fails."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kraken_import.console import columns
from kraken_import.usecases import dialect_facts

AT_ONCE = 12


def test_many_pages_at_once_have_the_dialects_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        begun.append(command)
        time.sleep(0.1)
        facts = json.dumps({"edf_accounts": {"zone": "Europe/Paris", "problem": None}})
        return subprocess.CompletedProcess(command, 0, stdout=facts.encode())

    monkeypatch.setattr(dialect_facts, "_READ", dialect_facts._Read())
    monkeypatch.setattr(subprocess, "run", run)
    with ThreadPoolExecutor(AT_ONCE) as pages:
        found = list(pages.map(dialect_facts.facts_from_elsewhere, ["edf_accounts"] * AT_ONCE))
    assert {each.zone for each in found} == {"Europe/Paris"}
    assert len(begun) == 1


def test_dialects_that_cannot_be_read_are_not_tried_by_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        begun.append(command)
        raise OSError

    monkeypatch.setattr(dialect_facts, "_READ", dialect_facts._Read())
    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(3):
        assert "doctor" in (dialect_facts.facts_from_elsewhere("edf_accounts").problem or "")
    assert len(begun) == 1


def test_columns_that_are_known_stay_where_they_cannot_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"columns": {"name": {"source": "legacy.account.name"}}, "rules": {}, "places": {}}
    answers = [json.dumps(known).encode(), b"no document"]

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        # Pages of other tests may still have theirs read in this process.
        mine = "made_up_accounts" in command
        return subprocess.CompletedProcess(command, 0, stdout=answers.pop(0) if mine else b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(columns, "_CURRENT", 0.0)
    read = columns.Columns()
    for _ in range(2):
        found = read.of(dialect="made_up_accounts", patience=5)
        for reading in list(read._kept._working.values()):
            reading.join()
    found = read.of(dialect="made_up_accounts", patience=5)
    assert found is not None
    assert found.source(path="name") == "legacy.account.name"
    assert answers == []
