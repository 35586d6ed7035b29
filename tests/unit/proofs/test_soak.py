"""What a soak refuses, and that each thing that went wrong fails it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from kraken_import.domain.lifecycle import State
from kraken_import.local.settings import read_wishes
from kraken_import.local.waves import Progress, StartedWave
from kraken_import.simulator.faults import Faults
from proofs.comparing import Comparison
from proofs.soak.__main__ import SoakFailed, faults, soak
from proofs.soak.figures import Figures, tables
from proofs.soak.mix import MIX

MB = 2**20
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def figures(**changes: Any) -> Figures:
    """Those of a wave of two minutes in which all went well."""
    wave = StartedWave(dialect="edf_accounts", dag_id="migrate_edf_accounts", run_id="soak-1", at=BEGAN)
    return replace(
        Figures(
            progress=Progress(
                wave=wave,
                run_state="success",
                wave_id=1,
                states={State.PROCESSED: 97, State.REJECTED: 3},
                last_settled_at=BEGAN + timedelta(minutes=2),
            ),
            requests={"validate": 100, "create": 100, "status": 100, "list": 0},
            struck={"500 without effect": 15},
            comparison=Comparison(records=100),
            unexpected=(),
            hasty=(),
            money={"ledgers": (1_234, 1_234)},
            is_reconciled=True,
            differences={},
            memory={"triggerer": (200 * MB, 205 * MB, 210 * MB)},
        ),
        **changes,
    )


def test_a_wave_in_which_all_went_well_has_no_fault() -> None:
    assert list(faults(figures=figures())) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"comparison": Comparison(records=1, lost=("EDF A is lost.",))}, "1 lost: EDF A is lost."),
        ({"comparison": Comparison(records=1, doubled=("EDF A is double.",))}, "1 doubled: EDF A is double."),
        ({"comparison": Comparison(records=1, wrong=("EDF A is wrong.",))}, "1 wrong: EDF A is wrong."),
        ({"comparison": Comparison(records=1, still_open=("EDF A is open.",))}, "1 open: EDF A is open."),
        (
            {"unexpected": ["A: expected processed, got errored"]},
            "1 wrong: A: expected processed, got errored.",
        ),
        ({"hasty": ["A was parked after 1 requests to create"]}, "1 parked too soon: A was parked"),
        ({"money": {"ledgers": (1_234, 1_233)}}, "The money of ledgers differs: 1,234 cents"),
        ({"is_reconciled": False}, "The wave was not reconciled: see the last run"),
        ({"differences": {"missing_at_kraken": 2}}, "Reconciliation has found differences (2 missing_at"),
        ({"struck": {"500 without effect": 3}}, "Faults struck only 1.0% of the requests"),
        ({"memory": {"triggerer": (200 * MB, 220 * MB, 240 * MB)}}, "The largest process of triggerer grew"),
    ],
)
def test_each_thing_that_went_wrong_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    (found,) = faults(figures=figures(**changes))
    assert found.startswith(sentence)


def test_what_is_parked_is_shown_and_no_fault() -> None:
    comparison = Comparison(records=100, parked=("EDF A was parked.",))
    progress = replace(figures().progress, states={State.PROCESSED: 99, State.PARKED: 1})
    found = figures(comparison=comparison, progress=progress)
    assert list(faults(figures=found)) == []
    screen = StringIO()
    for table in tables(figures=found):
        Console(file=screen, width=80).print(table)
    shown = {" ".join(line.split()) for line in screen.getvalue().splitlines()}
    assert {
        "Parked 1",
        "Lost 0",
        "All 15 (5.0%)",
        "triggerer since the first create 200 MB 205 MB 210 MB",
    } <= shown
    assert "Requests to list 0" not in shown


def test_the_mix_strikes_one_request_in_twenty_and_the_stand_in_knows_each_fault() -> None:
    stand_in = Faults()
    for fault in MIX:
        stand_in.set(wanted={"probability": fault.share / 10_000, **fault.settings})
    anyhow = [fault.share for fault in MIX if fault.settings["kind"] not in ("backwards", "invisible")]
    assert 450 <= sum(anyhow) <= 550
    assert len({fault.name for fault in MIX}) == len(MIX)


@pytest.mark.parametrize(
    "variables",
    [
        {"KRAKEN_URL": "https://api.example.com", "KRAKEN_TOKEN": "t"},
        {"LEGACY_DSN": "postgresql://reader@db.example.com/billing"},
    ],
)
def test_no_other_kraken_and_no_other_customers_are_soaked(variables: dict[str, str]) -> None:
    with pytest.raises(SoakFailed, match="leave KRAKEN_URL, KRAKEN_TOKEN and LEGACY_DSN out"):
        soak(wishes=read_wishes(environment=variables))
