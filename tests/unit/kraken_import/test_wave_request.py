"""What a wave takes when its request says little: no customer, and nothing live."""

from __future__ import annotations

from typing import Any

import pytest

from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.wave_request import WaveRequest, check_customers


def check(**wanted: Any) -> None:
    check_customers(request=WaveRequest(dialect="edf_accounts", **wanted))


def test_a_request_that_does_not_say_live_is_a_dry_run() -> None:
    assert WaveRequest(dialect="edf_accounts").dry_run


def test_all_customers_are_taken_only_when_that_is_said() -> None:
    with pytest.raises(BadRequest, match="which customers") as refusal:
        check()
    assert "all_customers" in str(refusal.value)
    check(all_customers=True)
    for wanted in ({"limit": 5}, {"identifiers": ("GB-1",)}, {"cohort": "pilot"}):
        check(**wanted)


@pytest.mark.parametrize("wanted", [{"limit": 5}, {"identifiers": ("GB-1",)}])
def test_all_customers_and_some_of_them_contradict_each_other(wanted: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="either all customers"):
        check(all_customers=True, **wanted)
