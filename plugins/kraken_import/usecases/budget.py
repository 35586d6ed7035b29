"""The error budget of a wave: stops it while most of its records are still unharmed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from kraken_import.tracking import budget
from kraken_import.tracking.budget import BudgetStage
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.faults import SystemicFault

_LEAST: Final = 20
"""Records below which a share says nothing: the first one of a wave may fail."""

_DOES: Final = {"validate": "refused", "load": "refused or failed to process"}


def budget_fault(*, tracking: Engine, wave: Wave, stage: BudgetStage) -> SystemicFault | None:
    """The fault of a wave in which too many of the last records failed; None within its budget."""
    if wave.stopped_at is not None or wave.finished_at is not None:
        return None
    policy = wave.policy
    with tracking.connect() as connection:
        found = budget.recent(
            connection=connection,
            wave_id=wave.id,
            stage=stage,
            window=policy.error_window,
            since=wave.reopened_at or wave.started_at,
        )
    too_large = found.settled >= min(_LEAST, policy.error_window) and (
        found.failed > policy.error_share * found.settled
    )
    if too_large:
        limit = f"{policy.error_share:.1%}"
    elif policy.error_count is not None and found.failed > policy.error_count:
        limit = f"{policy.error_count}"
    else:
        return None
    return SystemicFault(
        code="error_budget",
        reason=(
            f"Kraken {_DOES[stage]} {found.failed} of the last {found.settled} records, more than the error "
            f"budget of {limit}: see migration.import_error for the causes, remove them, then clear the run "
            "in Airflow to go on where it stopped."
        ),
    )
