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
from kraken_import.usecases import batch_sizes
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
"""Airflow maps at most 1,024 tasks; a wave with more batches of the given size gets larger ones."""

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
    cut = _claim(given, wave_id=wave_id, wave=wave, pages=pages)
    claimed = cut.claimed
    if not claimed and given.run.run_type in DATED:
        raise _nothing_left(given)
    if not claimed:
        raise EmptyWave(_nobody_left(request=request, wave=wave, cohort_size=given.cohort_size))
    cohorts.mark_claimed(connection=connection, ids=cohort_ids, wave_id=wave_id)
    money.take_over(connection=connection, wave_id=wave_id, at=given.now)
    asked_for = given.cohort_size or len(set(request.identifiers)) or claimed
    merge = _neighbours(given, cut=cut)
    if merge > 1:
        waves.merge_batches(connection=connection, wave_id=wave_id, by=merge)
    waves.close_planning(connection=connection, wave_id=wave_id, already_claimed=asked_for - claimed)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """How many customers a wave has got, in batches of which size."""

    claimed: int
    size: int


def _claim(given: _Planning, *, wave_id: int, wave: waves.NewWave, pages: Iterable[Sequence[str]]) -> _Cut:
    """Claim customers page by page, at most as many as were asked for. Returns how many the wave got."""
    request, cut = given.request, _Cut(claimed=0, size=wave.batch_size)
    for identifiers in pages:
        got = processes.claim(
            connection=given.connection,
            wave_id=wave_id,
            wave=replace(wave, batch_size=cut.size),
            page=processes.Page(
                identifiers=identifiers,
                most=None if request.limit is None else request.limit - cut.claimed,
                offset=cut.claimed,
                by_name=bool(request.identifiers),
            ),
            at=given.now,
        )
        cut = replace(cut, claimed=cut.claimed + got)
        if request.limit is not None and cut.claimed >= request.limit:
            break
        if _is_open(given) and cut.size < batch_sizes.MOST and _is_large(given, customers=cut.claimed):
            # From here on the size is known, so that the rows of a large wave are written once.
            merge = batch_sizes.MOST // cut.size
            waves.merge_batches(connection=given.connection, wave_id=wave_id, by=merge)
            cut = replace(cut, size=cut.size * merge)
    return cut


def _size(given: _Planning) -> int:
    """Return the size to begin with: as the request says, else by as many customers as it asks for."""
    request = given.request
    if request.batch_size is not None:
        return request.batch_size
    return _size_for(given, customers=_wanted(given) or 0)


def _size_for(given: _Planning, *, customers: int) -> int:
    return batch_sizes.chosen_size(customers=customers, at_once=given.run.batches_at_once)


def _is_large(given: _Planning, *, customers: int) -> bool:
    return batch_sizes.is_large(customers=customers, at_once=given.run.batches_at_once)


def _wanted(given: _Planning) -> int | None:
    """Return how many customers are asked for; None for all that are left."""
    return given.cohort_size or given.request.limit or len(set(given.request.identifiers)) or None


def _is_open(given: _Planning) -> bool:
    """Return whether the size of the batches depends on a number of customers that only claiming shows."""
    return given.request.batch_size is None and _wanted(given) is None


def _neighbours(given: _Planning, *, cut: _Cut) -> int:
    """Return how many neighbouring batches are to become one, once all customers are claimed."""
    most = MOST_BATCHES if given.request.batch_size is not None else batch_sizes.MAPPED
    needed = -(-cut.claimed // (cut.size * most))
    if not _is_open(given):
        return needed
    # Rounded down: rather some batches more than a place without one.
    return max(needed, _size_for(given, customers=cut.claimed) // cut.size)


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
        requested=_wanted(given),
        batch_size=_size(given),
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
