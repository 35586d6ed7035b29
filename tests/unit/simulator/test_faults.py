"""Which faults can be set, and which requests each strikes."""

import random
from typing import Any

import pytest

from kraken_import.simulator.faults import Faults, UnknownFault
from kraken_import.simulator.keys import Key
from kraken_import.simulator.kinds import KINDS
from tests.conftest import ROOT


def strikes(faults: Faults, number: int, *, operation: str = "create", key: str = "A") -> list[bool]:
    asked = Key("accounts", "TENTACLE_ENERGY", key)
    return [
        faults.strikes(kind="throttle", operation=operation, key=asked, number=each) is not None
        for each in range(1, number + 1)
    ]


def test_a_fault_strikes_as_often_as_it_is_told() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "count": 2})
    assert strikes(faults, 3) == [True, True, False]


def test_a_fault_strikes_its_operation_and_keys_alone() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "operation": "create", "keys": ["A"], "count": 1})
    assert strikes(faults, 1, operation="status") == strikes(faults, 1, key="B") == [False]
    assert strikes(faults, 1) == [True]


def test_two_faults_of_one_seed_strike_the_same_requests() -> None:
    runs = []
    for _ in range(2):
        faults = Faults()
        faults.set(wanted={"kind": "throttle", "probability": 0.3, "seed": 7})
        runs.append(strikes(faults, 200))
    assert runs[0] == runs[1]
    assert 30 < sum(runs[0]) < 90


def share(*, keys: list[str], **wanted: Any) -> list[str]:
    """The keys that are struck, in alphabetical order."""
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "probability": 0.3, **wanted})
    return sorted(key for key in keys if strikes(faults, 1, key=key) == [True])


def test_the_order_of_the_requests_decides_nothing() -> None:
    keys = [f"GB-{number:09}" for number in range(300)]
    shuffled = random.Random(1).sample(keys, len(keys))
    assert share(keys=keys, seed=7) == share(keys=shuffled, seed=7)
    assert share(keys=keys, seed=7) != share(keys=keys, seed=8)
    assert 60 < len(share(keys=keys)) < 120


def test_a_fault_by_chance_remembers_no_request() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "probability": 0.3})
    drawn = [strikes(faults, 1, key="A") for _ in range(20)]
    # A wave of many customers must not fill the memory: the request says which of its key it is.
    assert drawn == [drawn[0]] * 20


def test_two_kinds_of_one_seed_strike_requests_of_their_own() -> None:
    faults = Faults()
    for kind in ("error", "slow"):
        faults.set(wanted={"kind": kind, "probability": 0.5})
    keys = [Key("accounts", "S", str(number)) for number in range(100)]
    error, slow = (
        [faults.strikes(kind=kind, operation="create", key=key) is not None for key in keys]
        for kind in ("error", "slow")
    )
    assert error != slow


def test_a_fault_lets_the_first_requests_of_those_it_concerns_pass() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "skip": 2, "count": 1, "keys": ["A"]})
    assert strikes(faults, 3, key="B") == [False] * 3
    assert strikes(faults, 4) == [False, False, True, False]


@pytest.mark.parametrize(
    ("span", "struck"),
    [
        ({"after": 10}, [False, False, True, True, True]),
        ({"until": 20}, [True, True, True, True, False]),
        ({"after": 10, "until": 20}, [False, False, True, True, False]),
    ],
)
def test_a_fault_has_a_span_of_time(span: dict[str, Any], struck: list[bool]) -> None:
    now = [100.0]
    faults = Faults(clock=lambda: now[0])
    faults.set(wanted={"kind": "throttle", **span})
    seen = []
    for now[0] in (100.0, 109.9, 110.0, 119.9, 120.0):
        seen += strikes(faults, 1)
    assert seen == struck


def test_a_fault_strikes_its_suppliers_alone() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "suppliers": ["OTHER"]})
    other = Key("accounts", "OTHER", "A")
    assert strikes(faults, 1) == [False]
    assert faults.strikes(kind="throttle", operation="create", key=other) is not None
    assert faults.strikes(kind="throttle", operation="create", key=None) is None


def test_a_fault_with_nothing_to_strike_keeps_its_strikes() -> None:
    faults = Faults()
    faults.set(wanted={"kind": "throttle", "count": 1, "skip": 1})
    key = Key("accounts", "S", "A")
    for where in (lambda _: False, lambda _: True, lambda _: False):
        assert faults.strikes(kind="throttle", operation="create", key=key, where=where) is None
    assert strikes(faults, 1, key="A") == [True]


def test_every_kind_can_be_set_by_its_name_and_each_of_its_ways_and_is_described() -> None:
    described = (ROOT / "plugins" / "kraken_import" / "simulator" / "README.md").read_text()
    for name, kind in KINDS.items():
        faults = Faults()
        for how in (None, *kind.how):
            faults.set(wanted={"kind": name, "how": how})
        assert len(faults.active) == 1 + len(kind.how)
        assert f"`{name}`" in described


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        {},
        {"kind": "meteor"},
        {"kind": "slow", "operation": "delete"},
        {"kind": "slow", "second": 1},
        {"kind": "slow", "seconds": "long"},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "count": 1.5},
        {"kind": "error", "status": "bad gateway"},
        {"kind": "error", "status": 200},
        {"kind": "slow", "keys": "A"},
        {"kind": "slow", "suppliers": "A"},
        {"kind": "slow", "probability": 1.5},
        {"kind": "slow", "skip": -1},
        {"kind": "slow", "after": -1},
        {"kind": "slow", "after": 5, "until": 5},
        {"kind": "slow", "how": "close"},
        {"kind": "slow", "status": 503},
        {"kind": ["slow"]},
        {"kind": "late", "how": "never"},
        {"kind": "late", "how": ["close"]},
        {"kind": "drop_upload", "keys": ["A"]},
        {"kind": "drop_upload", "operation": "status"},
        {"kind": "failed_validation", "operation": "status"},
        {"kind": "error", "retry_after": "soon"},
        {"kind": "garbled", "status": 99},
        {"kind": "garbled", "status": 204},
        {"kind": "garbled", "effect": "no"},
        {"kind": "never_ends", "status": "PROCESSED"},
        {"kind": "unknown_status", "status": 5},
        {"kind": "imported_elsewhere", "account_id": 5},
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_a_sentence(wanted: Any) -> None:
    faults = Faults()
    with pytest.raises(UnknownFault, match=r"^[A-Z].*\.$"):
        faults.set(wanted=wanted)
    assert not faults.active
