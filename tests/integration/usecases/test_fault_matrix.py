"""Every fault at every stage, over real HTTP and a real Postgres: what becomes of a wave, and of each record.

A night in which everything goes wrong for single records is one wave in which each has a fault of its own.
What befalls all of them at once is a wave each. Whatever the cell: no record is created twice, none is lost.
"""

from __future__ import annotations

import time
from typing import Any, Final

import pytest
import requests

from kraken_import.usecases.faults import SystemicFault
from tests.integration.conftest import BeginJourney, Journey

pytestmark = pytest.mark.proof

STAGES: Final = ("validate", "create", "status")

RESET: Final = {"kind": "drop_before", "how": "reset"}
HTML: Final = {"kind": "garbled", "how": "html", "effect": False}

# A fault that befalls one record for ever, and how that record ends by the stage at which it strikes.
FOR_EVER: Final[dict[str, tuple[dict[str, Any], tuple[str | None, str | None, str | None]]]] = {
    "500": ({"kind": "error", "status": 500}, ("parked", "parked", "parked")),
    "409": ({"kind": "error", "status": 409}, ("parked", "parked", "parked")),
    "a reset": (RESET, ("parked", "parked", "parked")),
    "403": ({"kind": "forbidden"}, ("parked", "parked", "parked")),
    "a web page with 400": (HTML | {"status": 400}, ("parked", "parked", "parked")),
    "a web page with 403": (HTML | {"status": 403}, ("parked", "parked", "parked")),
    "a web page with 404": (HTML | {"status": 404}, ("parked", "parked", "parked")),
    "broken JSON with 400": (
        {"kind": "garbled", "how": "broken_json", "effect": False, "status": 400},
        ("parked", "parked", "parked"),
    ),
    "400": ({"kind": "error", "status": 400}, ("invalid", "invalid", "parked")),
    "413": ({"kind": "error", "status": 413}, ("invalid", "invalid", "parked")),
    "no customer's status": ({"kind": "unknown_status"}, (None, None, "unrecognised")),
    "a status that never ends": ({"kind": "never_ends"}, (None, None, "in_progress")),
    "404 once it was there": ({"kind": "forgotten"}, (None, None, "parked")),
    "imported elsewhere": (
        {"kind": "imported_elsewhere", "account_id": "A-ELSEWHERE"},
        (None, "parked", None),
    ),
    "nothing": ({}, ("processed", "processed", "processed")),
}

# A fault that befalls a record once or twice and is survived, and the stages at which it can strike.
ONCE: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "a reset while it uploads": ({"kind": "drop_upload"}, ("validate", "create")),
    "a reset before the effect": (RESET | {"count": 2}, STAGES),
    "a reset after the effect": ({"kind": "drop_after", "how": "reset"}, STAGES),
    "a reset after the status line": ({"kind": "drop_status_line"}, STAGES),
    "a reset in the body": ({"kind": "drop_body"}, STAGES),
    "502 without effect": ({"kind": "error", "status": 502, "count": 2}, STAGES),
    "504 although accepted": ({"kind": "error_after", "status": 504}, STAGES),
    "an answer that outlasts the timeout": ({"kind": "slow", "seconds": 1.5}, STAGES),
    "an effect after the timeout": ({"kind": "late", "how": "silence", "seconds": 1.3}, ("create",)),
    "an effect after the reset": ({"kind": "late", "how": "reset", "seconds": 0.4}, ("create",)),
    "a web page although accepted": ({"kind": "garbled", "how": "html", "effect": True}, STAGES),
    "no body": ({"kind": "garbled", "how": "empty", "effect": True}, STAGES),
    "broken JSON": ({"kind": "garbled", "how": "broken_json", "effect": True}, STAGES),
    "invalid UTF-8": ({"kind": "garbled", "how": "invalid_utf8", "effect": True}, STAGES),
    "429 with seconds": ({"kind": "throttle", "seconds": 1}, ("create",)),
    "429 with a date": ({"kind": "throttle", "retry_after": "date", "seconds": 1}, ("create",)),
    "503 with seconds": ({"kind": "error", "status": 503, "retry_after": "seconds", "seconds": 1}, STAGES),
    "a status that goes backwards": (
        {"kind": "unknown_status", "status": "IN_PROGRESS", "then": {"status": "PENDING"}},
        ("status",),
    ),
}

# What befalls every record at once, and what it comes to by stage: through, or the code of the stop.
THROUGH: Final = ("through",) * 3
ALL: Final[dict[str, tuple[dict[str, Any], tuple[str | None, ...]]]] = {
    "502 for a second and a half": ({"kind": "error", "status": 502, "until": 1.5}, THROUGH),
    "maintenance, as JSON": ({"kind": "maintenance", "until": 1.5}, THROUGH),
    "maintenance, as a web page": ({"kind": "maintenance", "how": "html", "until": 1.5}, THROUGH),
    "maintenance, a page with 200": (
        HTML | {"status": 200, "until": 1.5},
        ("misrouted", "through", "through"),
    ),
    "maintenance, resets": ({"kind": "maintenance", "how": "reset", "until": 1.5}, THROUGH),
    "a gateway without Kraken behind it, a page with 404": (
        HTML | {"status": 404, "until": 1.5},
        ("misrouted", "through", "through"),
    ),
    "401 from the third request on": (
        {"kind": "unauthorised", "skip": 2},
        ("unauthorised", "unauthorised", "unauthorised"),
    ),
    "403": ({"kind": "forbidden"}, ("forbidden", "forbidden", "forbidden")),
    "403 of the import supplier": (
        {"kind": "forbidden", "suppliers": ["TENTACLE_ENERGY"]},
        ("forbidden", "forbidden", "forbidden"),
    ),
    "the supplier is paused midway": (
        {"kind": "supplier_paused", "skip": 2},
        ("import_supplier_migration_not_ongoing",) * 3,
    ),
    "Kraken's clock an hour fast": ({"kind": "skew", "seconds": 3600}, (None, None, "through")),
    "Kraken's clock an hour slow": ({"kind": "skew", "seconds": -3600}, (None, None, "through")),
    "created an hour ago": ({"kind": "skew", "how": "created_at", "seconds": -3600}, (None, None, "through")),
    "answers without a date": ({"kind": "no_date"}, (None, None, "through")),
}


LOOK: Final = 10.0


@pytest.fixture
def journey(begin: BeginJourney) -> Journey:
    """A journey whose patience is short: a window of half a second, a second for a request."""
    return begin().with_settings(
        visibility_window=0.5, request_timeout=1, connect_timeout=1, requests_in_flight=40, patience=20
    )


def keys(count: int) -> list[str]:
    return [f"GB-{number:09}" for number in range(1, count + 1)]


def at_stage(journey: Journey, stage: str) -> int:
    """A wave that is about to reach a stage."""
    planned = journey.plan(limit=20)
    journey.build(planned.wave_id)
    if stage != "validate":
        journey.validate(planned.wave_id)
    if stage == "status":
        journey.create(planned.wave_id)
    return planned.wave_id


def validate_all(journey: Journey, wave_id: int) -> None:
    """Validate as a task that is held back would."""
    deadline = time.monotonic() + 30
    while (held := journey.validate(wave_id).held) is not None:
        assert time.monotonic() < deadline
        journey.poll(wave_id, held=held)


def play(journey: Journey, wave_id: int, *, seconds: float = 20) -> None:
    """Take the wave to its end from wherever it stands."""
    validate_all(journey, wave_id)
    journey.create_all(wave_id)
    journey.poll(wave_id, seconds=seconds)


def without_effect(journey: Journey) -> list[str]:
    """The kinds of faults that have struck no request, so that their cells show nothing.

    But for those that pass with time: on a loaded machine that may be before anything is asked.
    """
    faults = requests.get(f"{journey.simulator.url}/simulator/faults", timeout=10).json()["faults"]
    return [fault["kind"] for fault in faults if not fault["struck"] and fault["until"] is None]


def ends(journey: Journey, wave_id: int) -> dict[str, str]:
    rows = journey.rows(
        "SELECT external_identifier, state FROM migration.import_process WHERE wave_id = :id", id=wave_id
    )
    return {row["external_identifier"]: row["state"] for row in rows}


@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_of_one_record_for_ever_holds_up_no_other(journey: Journey, stage: str) -> None:
    cells = {
        name: (fault, outcomes[STAGES.index(stage)])
        for name, (fault, outcomes) in FOR_EVER.items()
        if outcomes[STAGES.index(stage)] is not None
    }
    wave_id = at_stage(journey, stage)
    struck = dict(zip(cells, keys(len(cells)), strict=True))
    for name, key in struck.items():
        fault, _ = cells[name]
        if fault:
            journey.strike(**fault, operation=stage, keys=[key])
    awaited = {key: cells[name][1] for name, key in struck.items()}
    # Longer than a look takes that is never answered, with all its tries.
    play(journey, wave_id, seconds=LOOK)
    deadline = time.monotonic() + 60
    while awaited.items() - (found := ends(journey, wave_id)).items() and time.monotonic() < deadline:
        journey.poll(wave_id, seconds=LOOK)
    assert {name: found[key] for name, key in struck.items()} == {
        name: expected for name, (_, expected) in cells.items()
    }
    assert {found[key] for key in found.keys() - set(struck.values())} <= {"processed"}
    assert set(journey.created().values()) <= {1}
    assert without_effect(journey) == []
    # What was parked says why, with what Kraken answered.
    parked = sum(state == "parked" for state in found.values())
    (told,) = journey.rows(
        "SELECT count(DISTINCT process.id) FILTER (WHERE error.id IS NOT NULL) AS said,"
        " count(DISTINCT answer.import_process_id) AS kept"
        " FROM migration.import_process AS process"
        " LEFT JOIN migration.import_error AS error ON error.import_process_id = process.id"
        " LEFT JOIN migration.answer AS answer ON answer.import_process_id = process.id"
        " WHERE process.state = 'parked'"
    )
    assert tuple(told.values()) == (parked, parked)


@pytest.mark.parametrize(
    ("stage", "fast_by"),
    [*((stage, 0) for stage in STAGES), ("create", 3600), ("create", -3600)],
    ids=[*STAGES, "create, Kraken's clock an hour fast", "create, Kraken's clock an hour slow"],
)
def test_a_fault_that_passes_leaves_no_trace(journey: Journey, stage: str, fast_by: int) -> None:
    names = [name for name, (_, stages) in ONCE.items() if stage in stages]
    wave_id = at_stage(journey, stage)
    if fast_by:
        journey.strike(kind="skew", seconds=fast_by)
    for name, key in zip(names, keys(len(names)), strict=True):
        fault, _ = ONCE[name]
        # While it uploads, a request belongs to no record yet.
        own = {} if fault["kind"] == "drop_upload" else {"keys": [key]}
        once = {"count": 1, "operation": stage} | fault | own
        second = once.pop("then", None)
        journey.strike(**once)
        if second is not None:
            journey.strike(**(once | second))
    play(journey, wave_id)
    assert without_effect(journey) == []
    assert {name: ends(journey, wave_id)[key] for name, key in zip(names, keys(20), strict=False)} == (
        dict.fromkeys(names, "processed")
    )
    assert set(ends(journey, wave_id).values()) == {"processed"}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0


CELLS: Final = [
    pytest.param(fault, stage, expected, id=f"{name}, at {stage}")
    for name, (fault, outcomes) in ALL.items()
    for stage, expected in zip(STAGES, outcomes, strict=True)
    if expected is not None
]


@pytest.mark.parametrize(("fault", "stage", "expected"), CELLS)
def test_what_befalls_all_is_waited_out_or_stops_at_once(
    journey: Journey, fault: dict[str, Any], stage: str, expected: str
) -> None:
    wave_id = at_stage(journey, stage)
    journey.strike(**fault, **({} if fault["kind"] == "maintenance" else {"operation": "any"}))
    if expected != "through":
        with pytest.raises(SystemicFault) as stopped:
            play(journey, wave_id)
        assert stopped.value.code == expected
        assert len(journey.created()) == (20 if stage == "status" else len(journey.created()))
        assert without_effect(journey) == []
        journey.heal()
        # Clearing the run goes on where it stopped.
        journey.plan_run(run_id="run-1")
        journey.build(wave_id)
    play(journey, wave_id)
    assert without_effect(journey) == []
    assert set(ends(journey, wave_id).values()) == {"processed"}
    assert set(journey.created().values()) == {1}
    assert journey.refused() == 0
