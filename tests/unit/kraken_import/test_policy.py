"""The policy of a wave as people give it, and what Kraken is sent of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kraken_import.tracking.waves import Policy
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import read_time, task_params

NOW = datetime(2026, 12, 1, 18, tzinfo=UTC)


def test_a_time_is_read_with_its_offset_and_nothing_is_none() -> None:
    assert read_time(name="start", value="2026-12-01T18:00:00Z") == NOW
    assert read_time(name="start", value="2026-12-01T20:00:00+02:00") == NOW
    assert read_time(name="start", value=None) is None
    assert read_time(name="start", value=" ") is None


@pytest.mark.parametrize(
    ("value", "sentence"), [("tonight", "date and time like"), ("2026-12-01T18:00:00", "needs an offset")]
)
def test_a_time_that_could_be_misread_is_refused(value: str, sentence: str) -> None:
    with pytest.raises(BadRequest, match=f"start of the schedule window.*{sentence}"):
        read_time(name="start", value=value)


def test_a_create_is_sent_with_its_window_but_never_with_a_start_that_has_passed() -> None:
    hour = timedelta(hours=1)
    policy = Policy(schedule_window_start=NOW, schedule_window_end=NOW + hour)
    end = {"schedule_window_end": "2026-12-01T19:00:00+00:00"}
    assert task_params(policy=policy, is_dry_run=False, sent_until=NOW - hour) == {
        "schedule_window_start": "2026-12-01T18:00:00+00:00",
        **end,
    }
    assert task_params(policy=policy, is_dry_run=True, sent_until=NOW) == {"is_dry_run": True, **end}
    assert task_params(policy=Policy(), is_dry_run=False, sent_until=NOW) is None
