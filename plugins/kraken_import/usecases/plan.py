"""Plans a wave: claims customers, so that no two waves ever share one, and cuts them into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.lifecycle import Mode
from kraken_import.tracking import processes, waves
from kraken_import.usecases.faults import BadRequest
from transforms.dialect import Dialect
from transforms.extract import candidate_identifiers, existing_identifiers
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
class WaveRequest:
    """What was asked for. `threshold` is the share of failed records (0 to 1) that still counts as success.

    With `identifiers` exactly these customers are taken, otherwise the next `limit` ones (None: all).
    """

    dialect: str
    name: str | None = None
    import_supplier: str | None = None
    limit: int | None = None
    identifiers: Sequence[str] = field(default_factory=tuple)
    batch_size: int = 1_000
    dry_run: bool = False
    requests_in_flight: int | None = None
    threshold: Decimal = Decimal("0.1")
    connection_id: str = "kraken"


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowRun:
    """The Airflow run that works on the wave."""

    dag_id: str
    run_id: str


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
    """Plan the wave of an Airflow run in one transaction; a second call for that run reopens its wave.

    Raises `BadRequest` (nothing is written then): an impossible request, customers that the legacy
    database does not have, a name already taken, nobody left to claim.
    """
    try:
        dialect = get_dialect(name=request.dialect)
    except UnknownDialect as error:
        raise BadRequest(str(error)) from error
    with tracking.begin() as connection:
        known = waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
        if known is not None:
            waves.reopen_wave(connection=connection, wave_id=known)
            return _planned(connection=connection, wave_id=known)
        _check(request=request, kraken=kraken)
        wave = _new_wave(dialect=dialect, kraken=kraken, request=request, run=run)
        try:
            wave_id = waves.add_wave(connection=connection, wave=wave, at=now)
        except waves.UnableToNameWave as error:
            raise BadRequest(str(error)) from error
        claimed = 0
        for page in _customers(dialect=dialect, legacy=legacy, request=request):
            claimed += processes.claim(
                connection=connection,
                wave_id=wave_id,
                wave=wave,
                identifiers=page,
                most=None if request.limit is None else request.limit - claimed,
                offset=claimed,
                at=now,
            )
            if request.limit is not None and claimed >= request.limit:
                break
        if not claimed:
            raise EmptyWave(_nobody_left(request=request, wave=wave))
        merge = -(-claimed // (request.batch_size * MOST_BATCHES))
        if merge > 1:
            waves.merge_batches(connection=connection, wave_id=wave_id, by=merge)
        waves.close_planning(
            connection=connection,
            wave_id=wave_id,
            already_claimed=len(set(request.identifiers)) - claimed if request.identifiers else 0,
        )
        return _planned(connection=connection, wave_id=wave_id)


def planned_wave(*, tracking: Engine, run: AirflowRun) -> int | None:
    """The wave that an Airflow run has planned; None when it has not come to that."""
    with tracking.connect() as connection:
        return waves.wave_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)


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
    *, dialect: Dialect, kraken: KrakenSettings, request: WaveRequest, run: AirflowRun
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
        requested=request.limit or len(set(request.identifiers)) or None,
        batch_size=request.batch_size,
        requests_in_flight=request.requests_in_flight,
        failure_threshold=request.threshold,
        dag_id=run.dag_id,
        run_id=run.run_id,
    )


def _customers(*, dialect: Dialect, legacy: Engine, request: WaveRequest) -> Iterator[Sequence[str]]:
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
        yield page
        after = page[-1]


def _nobody_left(*, request: WaveRequest, wave: waves.NewWave) -> str:
    if request.identifiers:
        return (
            f"All {len(set(request.identifiers))} named customers are already in a {wave.mode.value} "
            f"wave of {wave.dialect}: nothing was planned."
        )
    return (
        f"No customer of {wave.dialect} is left for a {wave.mode.value} wave with import supplier "
        f"{wave.import_supplier}: the legacy database has none that is not in a wave already."
    )


def _planned(*, connection: Connection, wave_id: int) -> PlannedWave:
    wave = waves.load_wave(connection=connection, wave_id=wave_id)
    return PlannedWave(
        wave_id=wave_id,
        batches=waves.batches(connection=connection, wave_id=wave_id),
        claimed=wave.claimed,
        already_claimed=wave.already_claimed,
    )
