"""Chooses the cohorts of a wave: those of a night, or the one that a run names."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import cohorts
from kraken_import.tracking.cohorts import Cohort
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.wave_request import DATED, AirflowRun, WaveRequest, check_customers
from transforms.dialect import Dialect


class NothingPlanned(Exception):
    """No cohort is due: a quiet night, not a fault. The message is one sentence for a person."""


def cohorts_of_wave(
    *,
    connection: Connection,
    dialect: Dialect,
    kraken: KrakenSettings,
    request: WaveRequest,
    run: AirflowRun,
) -> list[Cohort]:
    """Return the cohorts of the wave, locked; none where it is not made of cohorts."""
    if run.run_type in DATED:
        if request.cohort or request.limit is not None or request.identifiers or request.all_customers:
            raise BadRequest(
                f"A {run.run_type} run takes the cohorts of its date: leave cohort, number of customers, "
                "identifiers and all_customers empty, or trigger a run by hand."
            )
        said = sorted(request.policy.said) + [
            name
            for name in ("schedule_window_start", "schedule_window_end")
            if getattr(request, name) is not None
        ]
        if said:
            raise BadRequest(
                f"A {run.run_type} run keeps to the policy of its cohorts: leave {', '.join(said)} empty, or "
                "plan the cohort with the policy that it needs."
            )
        return _dated(connection=connection, dialect=dialect, kraken=kraken, request=request, run=run)
    if request.cohort is None:
        check_customers(request=request)
        return []
    if request.limit is not None or request.identifiers or request.all_customers:
        raise BadRequest(
            "A cohort is taken whole: leave number of customers, identifiers and all_customers empty, or the "
            "cohort."
        )
    try:
        found = cohorts.lock_named_cohort(
            connection=connection,
            target_kraken=kraken.target,
            dialect=dialect.name,
            mode=Mode.REHEARSAL if request.dry_run else Mode.LIVE,
            name=request.cohort,
        )
    except cohorts.CohortNotFree as error:
        raise BadRequest(str(error)) from error
    if request.import_supplier not in (None, found.import_supplier):
        raise BadRequest(
            f"Cohort {found.name!r} was planned with import supplier {found.import_supplier}, not "
            f"{request.import_supplier}: leave the import supplier empty."
        )
    return [found]


def _dated(
    *,
    connection: Connection,
    dialect: Dialect,
    kraken: KrakenSettings,
    request: WaveRequest,
    run: AirflowRun,
) -> list[Cohort]:
    day = day_of(dialect=dialect, run=run)
    due = [
        cohort
        for cohort in cohorts.lock_dated_cohorts(
            connection=connection,
            target_kraken=kraken.target,
            dialect=dialect.name,
            since=day if run.run_type == "backfill" else date.min,
            day=day,
        )
        if request.import_supplier in (None, cohort.import_supplier)
    ]
    if not due:
        taken = cohorts.taken_on(
            connection=connection, target_kraken=kraken.target, dialect=dialect.name, day=day
        )
        why = ", ".join(f"cohort {cohort!r} is in wave {wave!r} already" for cohort, wave in taken.items())
        raise NothingPlanned(
            f"Nothing was planned for {day}: {why or f'no cohort of {dialect.name} is due'}."
        )
    # A wave has one mode, import supplier and policy. A missed cohort goes first; the others stay due.
    first = min(due, key=lambda cohort: (cohort.wave_date or day, cohort.id))
    kind = (first.mode, first.import_supplier, first.policy)
    return [cohort for cohort in due if (cohort.mode, cohort.import_supplier, cohort.policy) == kind]


def day_of(*, dialect: Dialect, run: AirflowRun) -> date:
    """Return the day of a dated run where its customers live: 20:00 in Sydney is another day than in UTC."""
    if run.logical_date is None:
        raise BadRequest(f"A {run.run_type} run needs a logical date: trigger it by hand to go without one.")
    return run.logical_date.astimezone(ZoneInfo(dialect.zone)).date()
