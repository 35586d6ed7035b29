"""What the stand-in judges once, and what again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from kraken_import.simulator import judge as judging
from kraken_import.simulator.judge import Judge
from kraken_import.simulator.keys import Key
from kraken_import.simulator.passed import Passed
from kraken_import.simulator.rules.declared import Objection
from kraken_import.simulator.store import Store
from tests.unit.simulator.examples import LATER

SUPPLIER = "ENIPLENITUDEPT_IMPORT_SUPPLIER"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the number of each account whose payload goes through all rules."""
    numbers: list[str] = []
    real = judging.judge

    def noted(*, payload: Mapping[str, Any], **rest: Any) -> tuple[Objection, ...]:
        numbers.append(payload["external_account_number"])
        return real(payload=payload, **rest)

    monkeypatch.setattr(judging, "judge", noted)
    return numbers


def ask(judge: Judge, number: str, *, days: int = 0, **changes: Any) -> tuple[Objection, ...]:
    payload = {"import_supplier": SUPPLIER, "external_account_number": number, **changes}
    key = Key("accounts", SUPPLIER, number)
    return judge.objections(key=key, payload=payload, today=LATER + timedelta(days=days), now=0)


def test_of_a_large_wave_few_payloads_are_judged_again_when_they_are_created(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    numbers = [f"A{number}" for number in range(60_000)]
    for _operation in ("validate", "create"):
        for number in numbers:
            assert ask(judge, number) == ()

    again = len(judged) - len(numbers)

    assert again < len(numbers) / 50


def test_another_payload_or_day_is_judged_again_and_so_is_what_was_refused(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    for _ in range(2):
        ask(judge, "A")
        ask(judge, "A", days=1)
        ask(judge, "A", unknown=1)
    assert judged == ["A"] * 3
    for _ in range(2):
        assert ask(judge, "B", customers=7) != ()
    assert judged[3:] == ["B"] * 2


@pytest.mark.parametrize("fingerprint", [1, -1, 2**63 - 1, -(2**63), 1234567890123456789])
def test_what_passed_is_known_and_what_shares_its_place_is_not(fingerprint: int) -> None:
    passed = Passed()
    passed.add(fingerprint=fingerprint)

    assert passed.has(fingerprint=fingerprint)
    assert not passed.has(fingerprint=fingerprint ^ 1 << 40)
