"""What a wave or a rerun says that has not ended well."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from kraken_import.domain.lifecycle import State
from kraken_import.usecases.summarise import Ending, failure_of


@pytest.mark.parametrize(
    ("counts", "failed_tasks", "advice"),
    [
        ({State.CREATED: 2}, [], "(2 created): the scheduled poll_open goes on asking Kraken about them."),
        ({State.PLANNED: 4}, [], "(4 planned): clear the run, which goes on with what is undone"),
        ({State.CREATED: 1, State.VALID: 1}, [], "clear the run, which goes on with what is undone"),
        ({State.PLANNED: 4}, ["build"], "1 tasks failed (build): see their logs, then clear the run."),
    ],
)
def test_who_reads_that_records_have_not_ended_reads_what_makes_them_go_on(
    counts: dict[State, int], failed_tasks: Sequence[str], advice: str
) -> None:
    ending = Ending(
        what="Wave 'pilot'",
        stop_code=None,
        stop_reason=None,
        threshold=Decimal(0),
        counts=counts,
        failed_tasks=failed_tasks,
    )
    assert advice in str(failure_of(ending))
