"""`make bench` as a person runs it: a ledger that explains the seconds, and figures over time."""

import shutil
from pathlib import Path

import pytest

from kraken_import.local.bench import ledger
from tests.checkouts import attempt_module, free_port_base, fresh_checkout
from tests.conftest import ROOT

DIALECT = "plenitude_accounts"
_BOUNDED = (
    "extract",
    "build",
    "validate",
    "create",
    "tracking",
    "scheduler",
    "API server",
    "stand-in Kraken",
)
_WORKED_ON = (
    *(name for name in _BOUNDED if name != "tracking"),
    "rules",
    "seal",
    "open",
    "poll",
    "start of tasks",
    "tracking.processes.move",
    "tracking.processes.intend",
)


@pytest.mark.timeout(900)
def test_nearly_all_seconds_of_a_wave_stand_in_a_line_beside_what_is_the_least(tmp_path: Path) -> None:
    with fresh_checkout(folder=tmp_path / "checkout") as checkout:
        without_a_ledger = shutil.ignore_patterns("ledger.json")
        shutil.copytree(ROOT / "benchmarks", checkout / "benchmarks", ignore=without_a_ledger)
        done = attempt_module(
            checkout=checkout,
            words=("kraken_import.local", "bench"),
            seconds=800,
            ACCOUNTS="400",
            DIALECT=DIALECT,
            SAVE="yes",
            COLUMNS="120",
            PORT_BASE=str(free_port_base()),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        folder = checkout / ".run" / "bench"
        (told,) = folder.glob("*.json")
        found = ledger.load(path=told)
        assert found is not None
        assert found.attributed >= 0.95, done.stdout
        lines = {entry.name: entry.seconds for entry in found.entries}
        assert min(lines[name] for name in _WORKED_ON) > 0, lines
        assert set(_BOUNDED) <= {name for name, least in found.bounds.items() if least > 0}, found.bounds
        assert found.peaks["task processes"] > 2**20
        is_busy = "The machine was busy" in done.stdout
        assert (checkout / "benchmarks" / "ledger.json").is_file() != is_busy
        assert len(list(folder.glob("*.svg"))) == len(list(folder.glob("*.csv"))) == 2
