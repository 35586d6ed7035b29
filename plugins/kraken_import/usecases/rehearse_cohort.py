"""Plans a rehearsal of exactly the customers of a live cohort, as far as they were not rehearsed before."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import cohorts
from kraken_import.tracking.cohorts import WaitingCohort
from kraken_import.usecases.faults import BadRequest

_MOST_NAMES: Final = 100
NONE_LEFT: Final = (
    "Each of its customers was rehearsed, or is planned for it: rerun what failed, or start that."
)


def plan_rehearsal(*, tracking: Engine, cohort: WaitingCohort, planned_by: str) -> str:
    """Plan the rehearsal. Returns the name of its cohort; a run that names it takes it.

    Raises `BadRequest` where none of the customers is left.
    """
    with tracking.begin() as connection:
        cohorts.lock_planning(connection=connection)
        name = _free_name(connection=connection, cohort=cohort)
        added = cohorts.add_rehearsal(
            connection=connection, cohort_id=cohort.id, name=name, planned_by=planned_by
        )
        if not added:
            raise BadRequest(NONE_LEFT)
    return name


def _free_name(*, connection: Connection, cohort: WaitingCohort) -> str:
    names = [cohort.name, *(f"{cohort.name} {number}" for number in range(2, _MOST_NAMES))]
    for name in names:
        if not cohorts.is_taken(connection=connection, cohort=cohort, mode=Mode.REHEARSAL, name=name):
            return name
    raise BadRequest(f"A hundred rehearsals are called {cohort.name!r}: plan one under another name.")
