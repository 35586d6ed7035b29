"""What an answer about an older import process proves about a create in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kraken_import.client.answers import ProcessStatus
from kraken_import.lifecycle import Mode, State
from kraken_import.tracking.processes import Move, Open
from kraken_import.usecases.verdict import judge

INTENDED = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = timedelta(seconds=30)


def judged(*, status: str, after: timedelta) -> Move | None:
    """The step that the status of a dry run of an hour ago proves for one that is in doubt now."""
    record = Open(
        id=1,
        wave_id=1,
        external_identifier="A-1",
        attempt=2,
        state=State.CREATING,
        intended_at=INTENDED,
        evidence_from=INTENDED,
        created_at=None,
    )
    answer = ProcessStatus(
        status=status,
        kraken_identifier=None,
        latest_error=None,
        created_at=INTENDED - timedelta(hours=1),
    )
    return judge(record=record, answer=answer, mode=Mode.REHEARSAL, now=INTENDED + after, window=WINDOW)


@pytest.mark.parametrize("status", ["DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED"])
def test_the_end_of_an_earlier_dry_run_is_not_taken_for_that_of_a_later_one(status: str) -> None:
    assert judged(status=status, after=WINDOW) is None
    move = judged(status=status, after=2 * WINDOW)
    assert move is not None
    assert move.to is State.VALID
