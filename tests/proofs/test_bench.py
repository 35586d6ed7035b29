"""`make bench` as a person runs it: a ledger that explains the seconds, and figures over time."""

import re
import shutil
from pathlib import Path

import pytest

from tests.checkouts import attempt_module, free_port_base, fresh_checkout
from tests.conftest import ROOT

DIALECT = "plenitude_accounts"


@pytest.mark.timeout(900)
def test_nearly_all_seconds_of_a_wave_stand_in_a_line_beside_what_is_the_least(tmp_path: Path) -> None:
    with fresh_checkout(folder=tmp_path / "checkout") as checkout:
        shutil.copytree(ROOT / "benchmarks", checkout / "benchmarks")
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
        share = re.search(r"400 plenitude_accounts: ([\d.]+)% in lines", done.stdout)
        assert share is not None, done.stdout
        assert float(share[1]) >= 95
        lines = {line.split("  ")[0].strip(): line.split() for line in done.stdout.splitlines() if line}
        # Each of these has calls or none, and a bound in its last column.
        for name in ("extract", "build", "validate", "create", "tracking", "scheduler", "API server"):
            line = next(line for line in done.stdout.splitlines() if line.strip().startswith(f"{name}  "))
            figures = re.findall(r"[\d.,]+%?", line.strip().removeprefix(name))
            assert len(figures) >= 3, line
            assert float(figures[-1]) > 0, line
        assert "all" in lines
        is_busy = "The machine was busy" in done.stdout
        assert (checkout / "benchmarks" / "ledger.json").is_file() != is_busy
        folder = checkout / ".run" / "bench"
        assert len(list(folder.glob("*.svg"))) == len(list(folder.glob("*.csv"))) == 2
