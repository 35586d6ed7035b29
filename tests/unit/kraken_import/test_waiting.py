"""What a batch says of the wait for a Kraken that does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kraken_import.tracking.outages import Outage
from kraken_import.usecases.waiting import held_back

BEGAN_AT = datetime(2026, 3, 1, 18, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("is_silent", "next_try", "what", "seconds"),
    [(True, 0.4, "answered", 1), (True, 42.2, "answered", 42), (False, 60, "taken anything", 60)],
)
def test_the_wait_for_a_silent_kraken_says_when_the_next_try_is_and_that_tries_become_rarer(
    is_silent: bool, next_try: float, what: str, seconds: int
) -> None:
    outage = Outage(
        id=1,
        target_kraken="https://kraken:443",
        is_silent=is_silent,
        began_at=BEGAN_AT,
        next_try_at=BEGAN_AT + timedelta(seconds=next_try),
        gives_up_at=BEGAN_AT + timedelta(minutes=30),
        tries=1,
        seen_at=BEGAN_AT,
    )
    assert held_back(outage=outage).sentence == (
        f"Kraken at https://kraken:443 has not {what} since 18:37 UTC: it is tried again in {seconds} s, "
        "ever more rarely, and given up at 19:07."
    )
