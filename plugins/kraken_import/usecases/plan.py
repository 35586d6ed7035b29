"""Plans a wave: claims its customers, so that no two waves share one, and cuts them into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import PolicySettings
from kraken_import.domain.stops import StopCode
from kraken_import.tracking import cohorts, money, processes, waves
from kraken_import.tracking.cohorts import Cohort
from kraken_import.tracking.waves import Policy, Wave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.nights import NothingPlanned, cohorts_of_wave, day_of
from kraken_import.usecases.policy import check_policy, resolve, wave_policy, window_of
from kraken_import.usecases.selections import customers_of
from kraken_import.usecases.systems import PlanSystems
from kraken_import.usecases.wave_request import DATED, AirflowRun, WaveRequest, check_request
from transforms.dialect import Dialect
from transforms.digests import build_version
from transforms.extract import advice_on_missing, candidate_pages, existing_identifiers
from transforms.registry import UnknownDialect, get_dialect

MOST_BATCHES: Final = 1_000
"""Airflow maps at most 1,024 tasks; larger waves get larger batches."""

_PAGE: Final = 10_000
_EXAMPLES: Final = 5


class EmptyWave(BadRequest):
    """No customer is left to claim."""


class UnknownCustomers(BadRequest):
    """The legacy database has no such customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWave:
    """A wave and its batches. `already_claimed` counts the named customers that another wave has."""

    wave_id: int
    batches: tuple[int, ...]
    claimed: int
    already_claimed: int


def plan_wave(*, systems: PlanSystems, request: WaveRequest, run: AirflowRun, now: datetime) -> PlannedWave:
    """Plan the wave of an Airflow run in one transaction, or reopen it once that run was cleared.

    Raises `BadRequest` and writes nothing: an impossible request, customers that the legacy database does not
    have, a name already taken, no customer left to claim, a cohort that does not exist or is in another wave.
    Raises `NothingPlanned` for a dated run for which no cohort waits.
    """
    try:
        dialect = get_dialect(name=request.dialect)
    except UnknownDialect as error:
        raise BadRequest(str(error)) from error
    request = replace(request, identifiers=tuple(each.strip() for each in request.identifiers))
    with systems.tracking.begin() as connection:
        known = waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
        if known is not None:
            _refuse_ended(wave=waves.load_wave(connection=connection, wave_id=known))
            waves.reopen_wave(
                connection=connection,
                wave_id=known,
                at=now,
                cleared=run.cleared,
                takes_refused=run.redoes_failures,
            )
            built_by = build_version(dialect=dialect.name)
            waves.remap_wave(connection=connection, wave_id=known, built_by=built_by, at=now)
            return _planned(connection=connection, wave_id=known)
        return _plan_anew(
            _Planning(
                connection=connection, systems=systems, dialect=dialect, request=request, run=run, now=now
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planning:
    """What a wave is planned from."""

    connection: Connection
    systems: PlanSystems
    dialect: Dialect
    request: WaveRequest
    run: AirflowRun
    now: datetime
    chosen: Sequence[Cohort] = ()
    """The cohorts that it takes."""
    cohort_size: int | None = None


def _plan_anew(given: _Planning) -> PlannedWave:
    """Insert a wave, claim its customers, and count them into batches."""
    processes.lock_claiming(connection=given.connection)
    given = _with_cohorts(_with_selection(given))
    request, connection = given.request, given.connection
    check_request(request=request, kraken=given.systems.kraken)
    wave = _new_wave(given)
    wave_id = _add_wave(given, wave=wave)
    cohort_ids = [cohort.id for cohort in given.chosen]
    pages: Iterable[Sequence[str]] = cohorts.customers_of(connection=connection, ids=cohort_ids)
    if not given.chosen:
        pages = _customers(given, wave=wave)
    claimed = _claim(given, wave_id=wave_id, wave=wave, pages=pages)
    if not claimed and given.run.run_type in DATED:
        raise _nothing_left(given)
    if not claimed:
        raise EmptyWave(_nobody_left(request=request, wave=wave, cohort_size=given.cohort_size))
    cohorts.mark_claimed(connection=connection, ids=cohort_ids, wave_id=wave_id)
    money.take_over(connection=connection, wave_id=wave_id, at=given.now)
    asked_for = given.cohort_size or len(set(request.identifiers)) or claimed
    _close(
        connection=connection, wave_id=wave_id, size=request.batch_size, claimed=claimed, asked_for=asked_for
    )
    return _planned(connection=connection, wave_id=wave_id)


def _with_selection(given: _Planning) -> _Planning:
    """Name the customers of the selection that the wave takes, if it takes one. Raises `BadRequest`."""
    request = given.request
    if request.selection is None:
        return given
    if request.identifiers or request.limit is not None or request.cohort or request.all_customers:
        raise BadRequest(
            "A selection is taken whole: leave number of customers, identifiers, cohort and all_customers "
            "empty, or the selection."
        )
    identifiers = customers_of(
        connection=given.connection, selection=request.selection, dialect=given.dialect.name
    )
    return replace(given, request=replace(request, identifiers=identifiers))


def _with_cohorts(given: _Planning) -> _Planning:
    """Add the cohorts that the wave takes, whose mode and import supplier it has."""
    chosen = cohorts_of_wave(
        connection=given.connection,
        dialect=given.dialect,
        kraken=given.systems.kraken,
        request=given.request,
        run=given.run,
    )
    if not chosen:
        return given
    return replace(
        given,
        chosen=chosen,
        cohort_size=cohorts.size_of(connection=given.connection, ids=[cohort.id for cohort in chosen]),
        request=replace(
            given.request,
            dry_run=chosen[0].mode is Mode.REHEARSAL,
            import_supplier=chosen[0].import_supplier,
        ),
    )


def _nothing_left(given: _Planning) -> NothingPlanned:
    names = ", ".join(cohort.name for cohort in given.chosen)
    return NothingPlanned(
        f"Nothing was planned for {day_of(dialect=given.dialect, run=given.run)}: all {given.cohort_size} "
        f"customers of cohort {names} are in other waves of {given.dialect.name} already."
    )


def _claim(given: _Planning, *, wave_id: int, wave: waves.NewWave, pages: Iterable[Sequence[str]]) -> int:
    """Claim customers page by page, at most as many as were asked for. Returns how many the wave got."""
    request, claimed = given.request, 0
    for identifiers in pages:
        claimed += processes.claim(
            connection=given.connection,
            wave_id=wave_id,
            wave=wave,
            page=processes.Page(
                identifiers=identifiers,
                most=None if request.limit is None else request.limit - claimed,
                offset=claimed,
                by_name=bool(request.identifiers),
            ),
            at=given.now,
        )
        if request.limit is not None and claimed >= request.limit:
            break
    return claimed


def _close(*, connection: Connection, wave_id: int, size: int, claimed: int, asked_for: int) -> None:
    """Divide the customers into batches of this size, and into no more batches than Airflow maps."""
    merge = -(-claimed // (size * MOST_BATCHES))
    if merge > 1:
        waves.merge_batches(connection=connection, wave_id=wave_id, by=merge)
    waves.close_planning(connection=connection, wave_id=wave_id, already_claimed=asked_for - claimed)


def planned_wave(*, tracking: Engine, run: AirflowRun) -> int | None:
    """Return the wave that an Airflow run has planned; None when it has planned none."""
    with tracking.connect() as connection:
        return waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)


def _refuse_ended(*, wave: Wave) -> None:
    if wave.stop_code == StopCode.CANCELLED:
        raise BadRequest(f"Wave {wave.name!r} was {wave.stop_reason}")
    if wave.closed_at is not None:
        raise BadRequest(
            f"The wave of this run is closed since {in_utc(at=wave.closed_at)}: open it again first."
        )


def _add_wave(given: _Planning, *, wave: waves.NewWave) -> int:
    """Insert a wave. One that was not given a name takes its run's where that of its cohorts is taken."""
    try:
        return waves.add_wave(connection=given.connection, wave=wave, at=given.now)
    except waves.UnableToNameWave as error:
        if given.request.name or wave.name == given.run.run_id:
            raise BadRequest(str(error)) from error
    return waves.add_wave(
        connection=given.connection, wave=replace(wave, name=given.run.run_id), at=given.now
    )


def _name(given: _Planning) -> str:
    """Return what a wave is called: as the request says, else by its cohorts, else by its run."""
    if given.request.name or not given.chosen:
        return given.request.name or given.run.run_id
    first, others = given.chosen[0].name, len(given.chosen) - 1
    return f"{first} and {others} more" if others else first


def _new_wave(given: _Planning) -> waves.NewWave:
    dialect, kraken, request, run = given.dialect, given.systems.kraken, given.request, given.run
    settings, policy = _policy(given)
    planned_by = next((each.planned_by for each in given.chosen if each.planned_by), None)
    built_by = build_version(dialect=dialect.name)
    supplier = request.import_supplier or kraken.import_suppliers.get(dialect.name)
    if not supplier:
        raise BadRequest(
            f"No import supplier is known for {dialect.name}: name one in the wave's parameters, "
            f"or under import_suppliers in Connection {request.connection_id!r}."
        )
    return waves.NewWave(
        name=_name(given),
        dialect=dialect.name,
        resource=dialect.resource,
        mode=Mode.REHEARSAL if request.dry_run else Mode.LIVE,
        import_supplier=supplier,
        target_kraken=kraken.target,
        connection_id=request.connection_id,
        requested=given.cohort_size or request.limit or len(set(request.identifiers)) or None,
        batch_size=request.batch_size,
        requests_in_flight=settings.requests_in_flight,
        failure_threshold=settings.threshold or Decimal(0),
        dag_id=run.dag_id,
        run_id=run.run_id,
        policy=policy,
        requested_by=run.requested_by or planned_by,
        cleared=run.cleared,
        package_version=built_by.package,
        mapping_digest=built_by.mapping,
    )


def _policy(given: _Planning) -> tuple[PolicySettings, Policy]:
    """Return the policy, as settings and resolved: the cohorts', else the Connection's, made stricter."""
    dialect, kraken, request, chosen = given.dialect, given.systems.kraken, given.request, given.chosen
    least = kraken.policies.get(dialect.name, PolicySettings())
    whose = f"the policy of Connection {request.connection_id!r} for {dialect.name}"
    # A cohort of an older version has none.
    if chosen and chosen[0].policy.said:
        least, whose = chosen[0].policy, f"the policy of cohort {chosen[0].name!r}"
    settings = resolve(said=request.policy, least=least, whose=whose)
    window = window_of(
        settings=settings,
        wanted=(request.schedule_window_start, request.schedule_window_end),
        zone=dialect.zone,
        whose=whose,
        now=given.now,
    )
    policy = wave_policy(settings=settings, window=window)
    check_policy(policy=policy, kraken=kraken, connection_id=request.connection_id, now=given.now)
    return settings, policy


def _customers(given: _Planning, *, wave: waves.NewWave) -> Iterator[Sequence[str]]:
    dialect, legacy, request = given.dialect, given.systems.legacy, given.request
    if request.identifiers:
        # In the same order for all, so that two waves claiming the same customers cannot deadlock.
        wanted = sorted(set(request.identifiers))
        existing = existing_identifiers(engine=legacy, dialect=dialect, identifiers=wanted)
        unknown = [identifier for identifier in wanted if identifier not in existing]
        if unknown and request.selection is not None:
            raise UnknownCustomers(
                f"The legacy database no longer has {len(unknown):,} of the {len(wanted):,} customers of "
                f"selection {request.selection}: choose the others."
            )
        if unknown:
            more = f" and {len(unknown) - _EXAMPLES} more" if len(unknown) > _EXAMPLES else ""
            advice = advice_on_missing(engine=legacy, dialect=dialect, identifiers=unknown[:_EXAMPLES])
            raise UnknownCustomers(
                f"The legacy database has no {dialect.name} customer "
                f"{', '.join(unknown[:_EXAMPLES])}{more}: {advice}."
            )
        yield wanted
        return
    for page in candidate_pages(engine=legacy, dialect=dialect, size=_PAGE):
        # A customer in a cohort for a coming night is not taken before it, unless by name.
        yield cohorts.unplanned(connection=given.connection, wave=wave, identifiers=page)


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
