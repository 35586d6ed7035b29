"""What the simulation calls wrong of one record, when a history has ended."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process
from proofs.simulation.invariants import disagreements

KEY = Key("accounts", "TENTACLE_ENERGY", "EXTERNAL-1")


def record(**changes: Any) -> dict[str, Any]:
    return {
        "mode": "live",
        "state": "processed",
        "kraken_identifier": "A-1",
        "stop_code": None,
        "is_other": False,
    } | changes


def process(*, is_dry_run: bool = False) -> Process:
    return Process(key=KEY, created_at=0, started_at=0, number=1, is_dry_run=is_dry_run, named="A-1")


def said(given: dict[str, Any], *, there: Process | None, status: str | None, created: bool) -> list[str]:
    return list(disagreements(record=given, process=there, status=status, is_created=created))


@pytest.mark.parametrize(
    ("given", "there", "status", "created", "sentence"),
    [
        (record(), None, None, True, "processed here, and Kraken has nothing of it"),
        (record(state="errored"), process(), "PROCESSED", True, "errored here and PROCESSED at Kraken"),
        (record(kraken_identifier="A-2"), process(), "PROCESSED", True, "A-2 here and A-1 at Kraken"),
        (record(kraken_identifier=None), process(), "PROCESSED", True, "None here and A-1 at Kraken"),
        (record(state="valid"), None, None, False, "left valid, and its wave was not cancelled"),
        (record(state="planned"), None, None, False, "left planned, and its wave was not cancelled"),
        (record(state="rejected"), process(), "PROCESSED", True, "rejected here, and Kraken has it"),
        (record(state="invalid"), process(), "PROCESSED", True, "invalid here, and Kraken has it"),
    ],
)
def test_what_tracking_and_kraken_do_not_agree_on_is_said(
    given: dict[str, Any], there: Process | None, status: str | None, created: bool, sentence: str
) -> None:
    assert said(given, there=there, status=status, created=created) == [sentence]


@pytest.mark.parametrize(
    ("given", "there", "status", "created"),
    [
        (record(), process(), "PROCESSED", True),
        (
            record(mode="rehearsal", state="dry_run_succeeded"),
            process(is_dry_run=True),
            "DRY_RUN_SUCCEEDED",
            True,
        ),
        (record(mode="rehearsal", state="dry_run_succeeded"), process(), "PROCESSED", True),
        (record(state="valid", stop_code="cancelled"), None, None, False),
        (record(state="rejected"), None, None, False),
        (record(state="errored", is_other=True), process(), "PROCESSED", False),
    ],
)
def test_what_both_agree_on_is_right(
    given: dict[str, Any], there: Process | None, status: str | None, created: bool
) -> None:
    assert said(given, there=there, status=status, created=created) == []
