"""What a wave's report says of an outage: when it was given up, and when Kraken answered again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kraken_import.tracking.outages import Outage
from kraken_import.usecases.report import outage_line

BEGAN_AT = datetime(2026, 3, 1, 18, 37, tzinfo=UTC)
GIVEN_UP = "01 March 2026, 19:07:00 UTC"


def after(minutes: float) -> datetime:
    return BEGAN_AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("changes", "given_up", "answered_again"),
    [
        ({"seen_at": after(11)}, f"not yet, but at {GIVEN_UP}", "not yet"),
        ({"seen_at": after(25)}, "no", "not known: no wave waits for it any more"),
        ({"seen_at": after(60)}, GIVEN_UP, "not known: no wave waits for it any more"),
        ({"ended_at": after(12)}, "no", "01 March 2026, 18:49:00 UTC"),
        ({"ended_at": after(90)}, GIVEN_UP, "01 March 2026, 20:07:00 UTC"),
        ({"ended_at": after(90), "failed_anew": True}, GIVEN_UP, "not before the next outage"),
    ],
)
def test_when_an_outage_was_given_up_and_when_kraken_answered_again_are_told_apart(
    changes: dict[str, Any], given_up: str, answered_again: str
) -> None:
    values = {
        "id": 1,
        "target_kraken": "https://kraken:443",
        "is_silent": True,
        "began_at": BEGAN_AT,
        "next_try_at": after(11),
        "gives_up_at": after(30),
        "tries": 9,
        "seen_at": after(120),
    }
    line = outage_line(outage=Outage(**(values | changes)))
    assert (line.given_up, line.answered_again) == (given_up, answered_again)
