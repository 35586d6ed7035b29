"""Plans a wave: claims customers, so that no two waves ever share one, and cuts them into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import Mode
from kraken_import.tracking import cohorts, processes, waves
from kraken_import.tracking.cohorts import Cohort
from kraken_import.tracking.waves import Policy, Wave
from kraken_import.usecases.control import CANCELLED
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import check_policy
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, existing_identifiers
from transforms.registry import UnknownDialect, get_dialect

MOST_BATCHES: Final = 1_000
"""Airflow maps at most 1,024 tasks; larger waves get larger batches."""

_DATED: Final = frozenset({"scheduled", "backfill"})
_PAGE: Final = 10_000
_EXAMPLES: Final = 5


class EmptyWave(BadRequest):
    """No customer is left to claim."""


class NothingPlanned(Exception):
    """No cohort is due: a quiet night, and no fault. The message is one sentence for a person."""


class UnknownCustomers(BadRequest):
    """The legacy database has no such customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRequest:
    """What was asked for. `threshold` is the share of failed records (0 to 1) that still counts as success.

    With `identifiers` exactly these customers are taken, with `cohort` those planned under this name,
    otherwise the next `limit` ones (None: all) that are in no cohort.
    """

    dialect: str
    name: str | None = None
    import_supplier: str | None = None
    limit: int | None = None
    identifiers: Sequence[str] = field(default_factory=tuple)
    cohort: str | None = None
    batch_size: int = 1_000
    dry_run: bool = False
    requests_in_flight: int | None = None
    threshold: Decimal = Decimal("0.1")
    connection_id: str = "kraken"
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowRun:
    """The Airflow run that works on the wave.

    A `scheduled` run takes every cohort that is due on the day of its logical date, a `backfill` the cohorts
    of exactly that day; any other run takes what its request says.
    """

    dag_id: str
    run_id: str
    run_type: str = "manual"
    logical_date: datetime | None = None
    cleared: int | None = None
    """How often the run was cleared; None when Airflow does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWave:
    """A wave and its batches. `already_claimed` counts the named customers that another wave has."""

    wave_id: int
    batches: tuple[int, ...]
    claimed: int
    already_claimed: int


def plan_wave(
    *,
    tracking: Engine,
    legacy: Engine,
    kraken: KrakenSettings,
    request: WaveRequest,
    run: AirflowRun,
    now: datetime,
) -> PlannedWave:
    """Plan the wave of an Airflow run in one transaction; once that run was cleared, a call reopens its wave.

    Raises `BadRequest` (nothing is written then): an impossible request, customers that the legacy
    database does not have, a name already taken, nobody left to claim, a cohort that is not there or in
    another wave. Raises `NothingPlanned` for a dated run for which no cohort waits.
    """
    try:
        dialect = get_dialect(name=request.dialect)
    except UnknownDialect as error:
        raise BadRequest(str(error)) from error
    with tracking.begin() as connection:
        known = waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
        if known is not None:
            _refuse_ended(wave=waves.load_wave(connection=connection, wave_id=known))
            waves.reopen_wave(connection=connection, wave_id=known, at=now, cleared=run.cleared)
            return _planned(connection=connection, wave_id=known)
        chosen = _cohorts(connection=connection, dialect=dialect, kraken=kraken, request=request, run=run)
        if chosen:
            request = replace(
                request,
                dry_run=chosen[0].mode is Mode.REHEARSAL,
                import_supplier=chosen[0].import_supplier,
            )
        _check(request=request, kraken=kraken)
        cohort_ids = [cohort.id for cohort in chosen]
        cohort_size = cohorts.size_of(connection=connection, ids=cohort_ids) if chosen else None
        check_policy(policy=request.policy, kraken=kraken, connection_id=request.connection_id, now=now)
        wave = _new_wave(dialect=dialect, kraken=kraken, request=request, run=run, cohort_size=cohort_size)
        try:
            wave_id = waves.add_wave(connection=connection, wave=wave, at=now)
        except waves.UnableToNameWave as error:
            raise BadRequest(str(error)) from error
        claimed = 0
        if chosen:
            pages = cohorts.customers_of(connection=connection, ids=cohort_ids)
        else:
            pages = _customers(
                connection=connection, dialect=dialect, legacy=legacy, request=request, wave=wave
            )
        for page in pages:
            claimed += processes.claim(
                connection=connection,
                wave_id=wave_id,
                wave=wave,
                identifiers=page,
                most=None if request.limit is None else request.limit - claimed,
                offset=claimed,
                by_name=bool(request.identifiers),
                at=now,
            )
            if request.limit is not None and claimed >= request.limit:
                break
        if not claimed and run.run_type in _DATED:
            names = ", ".join(cohort.name for cohort in chosen)
            raise NothingPlanned(
                f"Nothing was planned for {_day(dialect=dialect, run=run)}: all {cohort_size} customers of "
                f"cohort {names} are in other waves of {dialect.name} already."
            )
        if not claimed:
            raise EmptyWave(_nobody_left(request=request, wave=wave, cohort_size=cohort_size))
        cohorts.mark_claimed(connection=connection, ids=cohort_ids, wave_id=wave_id)
        merge = -(-claimed // (request.batch_size * MOST_BATCHES))
        if merge > 1:
            waves.merge_batches(connection=connection, wave_id=wave_id, by=merge)
        waves.close_planning(
            connection=connection,
            wave_id=wave_id,
            already_claimed=(cohort_size or len(set(request.identifiers)) or claimed) - claimed,
        )
        return _planned(connection=connection, wave_id=wave_id)


def planned_wave(*, tracking: Engine, run: AirflowRun) -> int | None:
    """The wave that an Airflow run has planned; None when it has not come to that."""
    with tracking.connect() as connection:
        return waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)


def _cohorts(
    *,
    connection: Connection,
    dialect: Dialect,
    kraken: KrakenSettings,
    request: WaveRequest,
    run: AirflowRun,
) -> list[Cohort]:
    """The cohorts that the wave consists of, locked; none where it is not made of cohorts."""
    if run.run_type in _DATED:
        if request.cohort or request.limit is not None or request.identifiers:
            raise BadRequest(
                f"A {run.run_type} run takes the cohorts of its date: leave cohort, number of customers and "
                "identifiers empty, or trigger a run by hand."
            )
        return _dated(connection=connection, dialect=dialect, kraken=kraken, request=request, run=run)
    if request.cohort is None:
        return []
    if request.limit is not None or request.identifiers:
        raise BadRequest(
            "A cohort is taken whole: leave the number of customers and the identifiers empty, or the cohort."
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
    day = _day(dialect=dialect, run=run)
    due = [
        cohort
        for cohort in cohorts.lock_dated_cohorts(
            connection=connection,
            target_kraken=kraken.target,
            dialect=dialect.name,
            since=day if run.run_type == "backfill" else date.min,
            day=day,
        )
        # Whoever asks for a rehearsal must never get a live wave; without the wish the cohort decides.
        if (cohort.mode is Mode.REHEARSAL or not request.dry_run)
        and request.import_supplier in (None, cohort.import_supplier)
    ]
    if not due:
        taken = cohorts.taken_on(
            connection=connection, target_kraken=kraken.target, dialect=dialect.name, day=day
        )
        why = ", ".join(f"cohort {cohort!r} is in wave {wave!r} already" for cohort, wave in taken.items())
        raise NothingPlanned(
            f"Nothing was planned for {day}: {why or f'no cohort of {dialect.name} is due'}."
        )
    # A wave has one mode and one import supplier. What missed its night goes first; the others stay due.
    first = min(due, key=lambda cohort: (cohort.wave_date or day, cohort.id))
    kind = (first.mode, first.import_supplier)
    return [cohort for cohort in due if (cohort.mode, cohort.import_supplier) == kind]


def _day(*, dialect: Dialect, run: AirflowRun) -> date:
    """The day of a dated run where its customers live: a run at 20:00 in Sydney is not of the day in UTC."""
    if run.logical_date is None:
        raise BadRequest(f"A {run.run_type} run needs a logical date: trigger it by hand to go without one.")
    return run.logical_date.astimezone(ZoneInfo(dialect.zone)).date()


def _refuse_ended(*, wave: Wave) -> None:
    if wave.stop_code == CANCELLED:
        raise BadRequest(f"Wave {wave.name!r} was {wave.stop_reason}")
    if wave.closed_at is not None:
        raise BadRequest(
            f"The wave of this run is closed since {wave.closed_at:%Y-%m-%d %H:%M}: open it again first."
        )


def _check(*, request: WaveRequest, kraken: KrakenSettings) -> None:
    if request.dry_run and kraken.envelope == "bare":
        raise BadRequest(
            f"Connection {request.connection_id!r} sends payloads bare, which cannot ask for a dry run: "
            "set its envelope to wrapped, or run the wave live."
        )
    if request.limit is not None and request.limit < 1:
        raise BadRequest(f"The number of customers must be 1 or more, not {request.limit}.")
    if request.limit is not None and request.identifiers:
        raise BadRequest("Give either a number of customers or their identifiers, not both.")
    if any(not identifier.strip() for identifier in request.identifiers):
        raise BadRequest("One of the identifiers is blank: leave it out.")
    if request.batch_size < 1:
        raise BadRequest(f"The batch size must be 1 or more, not {request.batch_size}.")
    if not 0 <= request.threshold <= 1:
        raise BadRequest(f"The failure threshold must lie between 0 and 1, not at {request.threshold}.")


def _new_wave(
    *,
    dialect: Dialect,
    kraken: KrakenSettings,
    request: WaveRequest,
    run: AirflowRun,
    cohort_size: int | None,
) -> waves.NewWave:
    supplier = request.import_supplier or kraken.import_suppliers.get(dialect.name)
    if not supplier:
        raise BadRequest(
            f"No import supplier is known for {dialect.name}: name one in the wave's parameters, "
            f"or under import_suppliers in Connection {request.connection_id!r}."
        )
    return waves.NewWave(
        name=request.name or run.run_id,
        dialect=dialect.name,
        resource=dialect.resource,
        mode=Mode.REHEARSAL if request.dry_run else Mode.LIVE,
        import_supplier=supplier,
        target_kraken=kraken.target,
        connection_id=request.connection_id,
        requested=cohort_size or request.limit or len(set(request.identifiers)) or None,
        batch_size=request.batch_size,
        requests_in_flight=request.requests_in_flight,
        failure_threshold=request.threshold,
        dag_id=run.dag_id,
        run_id=run.run_id,
        cleared=run.cleared,
        policy=request.policy,
    )


def _customers(
    *,
    connection: Connection,
    dialect: Dialect,
    legacy: Engine,
    request: WaveRequest,
    wave: waves.NewWave,
) -> Iterator[Sequence[str]]:
    if request.identifiers:
        # In one order for all, so that two waves claiming the same customers cannot deadlock.
        wanted = sorted(set(request.identifiers))
        existing = existing_identifiers(engine=legacy, dialect=dialect, identifiers=wanted)
        unknown = [identifier for identifier in wanted if identifier not in existing]
        if unknown:
            more = f" and {len(unknown) - _EXAMPLES} more" if len(unknown) > _EXAMPLES else ""
            raise UnknownCustomers(
                f"The legacy database has no {dialect.name} customer "
                f"{', '.join(unknown[:_EXAMPLES])}{more}: check the identifiers."
            )
        yield wanted
        return
    after: str | None = None
    while page := candidate_identifiers(engine=legacy, dialect=dialect, after=after, limit=_PAGE):
        # Whoever waits in a cohort for a night to come is not taken before it, unless by name.
        yield cohorts.unplanned(
            connection=connection,
            target_kraken=wave.target_kraken,
            import_supplier=wave.import_supplier,
            resource=wave.resource,
            mode=wave.mode,
            identifiers=page,
        )
        after = page[-1]


def _nobody_left(*, request: WaveRequest, wave: waves.NewWave, cohort_size: int | None) -> str:
    if cohort_size is not None:
        return (
            f"All {cohort_size} customers of cohort {request.cohort!r} are already in a {wave.mode.value} "
            f"wave of {wave.dialect}: nothing was planned."
        )
    if request.identifiers:
        return (
            f"All {len(set(request.identifiers))} named customers are already in a {wave.mode.value} "
            f"wave of {wave.dialect}: nothing was planned."
        )
    return (
        f"No customer of {wave.dialect} is left for a {wave.mode.value} wave with import supplier "
        f"{wave.import_supplier}: the legacy database has none that is not in a wave or a cohort already."
    )


def _planned(*, connection: Connection, wave_id: int) -> PlannedWave:
    wave = waves.load_wave(connection=connection, wave_id=wave_id)
    return PlannedWave(
        wave_id=wave_id,
        batches=waves.batches(connection=connection, wave_id=wave_id),
        claimed=wave.claimed,
        already_claimed=wave.already_claimed,
    )
