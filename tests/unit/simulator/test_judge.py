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


def test_of_a_large_wave_no_payload_is_judged_again_when_it_is_created(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    numbers = [f"A{number}" for number in range(60_000)]
    for _operation in ("validate", "create"):
        for number in numbers:
            assert ask(judge, number) == ()

    assert judged == numbers


def test_another_payload_or_day_is_judged_again_and_so_is_what_was_refused(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    for changes in ({}, {"days": 1}, {"unknown": 1}):
        for _ in range(2):
            ask(judge, "A", **changes)
    assert judged == ["A"] * 3
    for _ in range(2):
        assert ask(judge, "B", customers=7) != ()
    assert judged[3:] == ["B"] * 2


def test_of_the_payloads_of_a_key_the_last_one_that_passed_is_known(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    ask(judge, "A")
    assert ask(judge, "A", customers=7) != ()
    ask(judge, "A")
    assert judged == ["A"] * 2
    ask(judge, "A", unknown=1)
    ask(judge, "A")
    assert judged == ["A"] * 4


def test_after_a_reset_another_key_may_have_the_number_and_is_judged_itself(judged: list[str]) -> None:
    judge = Judge(store=Store(delay=0, recreate_after_error=False))
    ask(judge, "A")
    judge.store.reset()
    ask(judge, "B")
    ask(judge, "A")
    ask(judge, "B")
    assert judged == ["A", "B", "A"]


@pytest.mark.parametrize("fingerprint", [1, -1, 2**63 - 1, -(2**63), 1234567890123456789])
def test_what_passed_is_known_of_its_key_alone_until_another_takes_its_place(fingerprint: int) -> None:
    passed, other = Passed(), fingerprint ^ 1 << 40
    passed.add(number=3, fingerprint=fingerprint)

    assert passed.has(number=3, fingerprint=fingerprint)
    assert not passed.has(number=3, fingerprint=other)
    assert not any(passed.has(number=number, fingerprint=fingerprint) for number in (0, 2, 4, 1_000))
    passed.add(number=3, fingerprint=other)
    assert [passed.has(number=3, fingerprint=each) for each in (fingerprint, other)] == [False, True]
