"""What is asked of a rerun is refused in one sentence before anything is looked up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.rerun import RerunRequest, check_request


@pytest.mark.parametrize("threshold", ["NaN", "sNaN", "Infinity", "-0.1", "1.1"])
def test_a_threshold_that_is_not_a_share_is_refused(threshold: str) -> None:
    request = RerunRequest(dialect="edf_accounts", wave="1", threshold=Decimal(threshold))
    with pytest.raises(BadRequest, match="must be between 0 and 1"):
        check_request(request=request)


def test_a_refusal_repeats_no_more_than_the_beginning_of_what_it_refuses() -> None:
    for request in (
        RerunRequest(dialect="edf_accounts", states=["x" * 5_000] * 9),
        RerunRequest(dialect="x" * 5_000, wave="1"),
    ):
        with pytest.raises(BadRequest) as refused:
            check_request(request=request)
        assert len(str(refused.value)) < 500
