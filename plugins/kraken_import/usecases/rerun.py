"""Reruns chosen records: a run with its own settings; the records stay in their waves and batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Engine

from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.lifecycle import OPEN, SUCCEEDED, Mode, State
from kraken_import.domain.stops import DECIDED
from kraken_import.tracking import gate, processes, reruns, selections
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.reruns import Scope, Selection
from kraken_import.tracking.waves import Hindrance
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.gate import hold_back_unrehearsed, refuse_shared, unapproved
from kraken_import.usecases.holds import release
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.plan import MOST_BATCHES
from kraken_import.usecases.rerun_result import result
from kraken_import.usecases.summarise import Ending, WaveSummary, failure_of
from kraken_import.usecases.wave_request import AirflowRun, check_names
from transforms.digests import build_version
from transforms.registry import UnknownDialect, get_dialect

RERUNNABLE: Final = tuple(state for state in State if state not in SUCCEEDED)
"""What a selection may name. Records that are in Kraken already are never touched."""

_EXAMPLES: Final = 5
_SHOWN: Final = 40


class NothingSelected(BadRequest):
    """The selection covers no record that could be rerun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunRequest:
    """The requested rerun: every criterion that is given must hold.

    `wave` is an id or a name; without one, live records of all waves are meant. `threshold` is the share
    of failed records (0 to 1) of this rerun above which it ends failed: with 1 it never does for that.
    `selection` is the number of records that were chosen before, all of one mode.
    """

    dialect: str
    wave: str | None = None
    batch: int | None = None
    states: Sequence[str] = field(default_factory=tuple)
    error_code: str | None = None
    error_path: str | None = None
    identifiers: Sequence[str] = field(default_factory=tuple)
    not_processed: bool = False
    selection: int | None = None
    requests_in_flight: int | None = None
    threshold: Decimal = Decimal(1)
    connection_id: str = "kraken"
    requested_by: str | None = None

    @property
    def told(self) -> dict[str, Any]:
        """The criteria as they are stored: of named customers only their number."""
        given = {
            "wave": self.wave,
            "batch": self.batch,
            "states": list(self.states) or None,
            "error_code": self.error_code,
            "error_path": self.error_path,
            "identifiers": len(set(self.identifiers)) or None,
            "not_processed": self.not_processed or None,
            "selection": self.selection,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRerun:
    """A rerun and the (wave, batch) of its records; `in_kraken` were selected, but are in Kraken already."""

    rerun: int
    batches: tuple[tuple[int, int], ...]
    records: int
    in_kraken: int


def plan_rerun(
    *, tracking: Engine, kraken: KrakenSettings, request: RerunRequest, run: AirflowRun, now: datetime
) -> PlannedRerun:
    """Select the records of a rerun in one transaction; a second call for its run keeps the selection.

    Raises `BadRequest` and writes nothing: a selection that means nothing or covers nothing, or waves that
    were cancelled or closed since.
    """
    check_request(request=request)
    with tracking.begin() as connection:
        known = reruns.rerun_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
        if known is not None:
            reruns.reopen(connection=connection, rerun=known, at=now, cleared=run.cleared)
            built_by = build_version(dialect=request.dialect)
            reruns.remap(connection=connection, rerun=known, built_by=built_by, at=now)
            processes.free(connection=connection, rerun=known, at=now)
            _refuse_hindered(connection=connection, rerun=known)
            return _planned(connection=connection, rerun=known)
        return _select(connection=connection, kraken=kraken, request=request, run=run, now=now)


def _select(
    *,
    connection: Connection,
    kraken: KrakenSettings,
    request: RerunRequest,
    run: AirflowRun,
    now: datetime,
) -> PlannedRerun:
    """Insert a rerun, give it its records, and free those that were parked."""
    wave = _wave(connection=connection, request=request, kraken=kraken)
    mode = Mode.LIVE if wave is None else wave.mode
    if request.selection is not None:
        mode = _mode_of_selection(connection=connection, request=request, kraken=kraken)
    scope = Scope(dialect=request.dialect, mode=mode, target_kraken=kraken.target)
    _check_identifiers(connection=connection, request=request, scope=scope)
    rerun = _add(connection=connection, request=request, scope=scope, run=run, now=now)
    records, in_kraken = reruns.select_items(
        connection=connection,
        rerun=rerun,
        scope=scope,
        selection=Selection(
            wave_id=None if wave is None else wave.id,
            batch=request.batch,
            states=[State(state) for state in request.states] or None,
            error_code=request.error_code,
            error_path=request.error_path,
            identifiers=sorted(set(request.identifiers)) or None,
            chosen=request.selection,
            without=DECIDED,
        ),
    )
    processes.free(connection=connection, rerun=rerun, at=now)
    if not records:
        raise NothingSelected(_nothing(in_kraken=in_kraken))
    planned = _planned(connection=connection, rerun=rerun)
    if len(planned.batches) > MOST_BATCHES:
        raise BadRequest(
            f"The selection reaches into {len(planned.batches)} batches, and one rerun takes "
            f"{MOST_BATCHES} at most: name a wave."
        )
    return planned


def _add(
    *, connection: Connection, request: RerunRequest, scope: Scope, run: AirflowRun, now: datetime
) -> int:
    built_by = build_version(dialect=request.dialect)
    return reruns.add_rerun(
        connection=connection,
        rerun=reruns.NewRerun(
            scope=scope,
            told=request.told,
            requested_by=request.requested_by,
            requests_in_flight=request.requests_in_flight,
            failure_threshold=request.threshold,
            dag_id=run.dag_id,
            run_id=run.run_id,
            cleared=run.cleared,
            package_version=built_by.package,
            mapping_digest=built_by.mapping,
        ),
        at=now,
    )


def rerun_of(*, tracking: Engine, run: AirflowRun) -> int | None:
    """Return the rerun that an Airflow run has begun; None when it has begun none."""
    with tracking.connect() as connection:
        return reruns.rerun_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)


def batches_to_rerun(*, tracking: Engine, rerun: int, now: datetime) -> list[tuple[int, int]]:
    """Return the (wave, batch) with something to create or to await: the rerun's gate.

    Values that must be unique in a wave are checked as before a wave's creates, and only records of the rerun
    are refused for them.
    """
    with tracking.begin() as connection:
        for wave_id in sorted({touched for touched, _ in reruns.batches(connection=connection, rerun=rerun)}):
            only = reruns.items_of_wave(connection=connection, rerun=rerun, wave_id=wave_id)
            wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id, rerun=rerun))
            refuse_shared(connection=connection, wave_id=wave_id, now=now, only=only)
            hold_back_unrehearsed(connection=connection, wave=wave, now=now, only=only)
        hindered = {
            wave_id
            for wave_id, found in reruns.hindrances(connection=connection, rerun=rerun).items()
            if found is not None
        }
        found = set(reruns.batches_in_state(connection=connection, rerun=rerun, states=OPEN))
        for wave_id in {touched for touched, _ in reruns.batches(connection=connection, rerun=rerun)}:
            if wave_id not in hindered:
                covered = gate.batches_covered(
                    connection=connection, ref=WaveRef(wave_id=wave_id, rerun=rerun)
                )
                found.update((wave_id, batch) for batch in covered)
        return sorted(found)


def summarise_rerun(
    *,
    tracking: Engine,
    rerun: int,
    failed_tasks: Sequence[str],
    now: datetime,
    writeback: Engine | None = None,
) -> WaveSummary:
    """Record how a rerun ended: for its own records, not for their waves."""
    with tracking.begin() as connection:
        came_to = result(connection=connection, rerun=rerun)
        given = came_to.rerun
        counts: dict[State, int] = {}
        for way in came_to.ways:
            counts[way.state] = counts.get(way.state, 0) + way.records
        hindrances = reruns.hindrances(connection=connection, rerun=rerun)
        found = next(filter(None, hindrances.values()), None)
        stop: reruns.Rerun | Hindrance = given if given.stopped_at or found is None else found
        failure = failure_of(
            Ending(
                what=f"Rerun {rerun}",
                stop_code=stop.stop_code,
                stop_reason=stop.stop_reason,
                threshold=given.failure_threshold,
                counts=counts,
                failed_tasks=failed_tasks,
                unapproved=_unapproved(connection=connection, rerun=rerun, waves=hindrances),
                causes=came_to.sentence.rstrip("."),
            )
        )
        # One that ended well within the threshold says what it left.
        left = came_to.sentence if came_to.left else None
        reruns.finish(connection=connection, rerun=rerun, failure=failure, left=left, at=now)
    if writeback is not None:
        release(tracking=tracking, writeback=writeback, dialects=(given.dialect,), now=now)
    return WaveSummary(
        counts={state.value: records for state, records in counts.items()},
        failure=failure,
        told=f"Rerun {rerun}: {came_to.sentence}",
    )


def _unapproved(*, connection: Connection, rerun: int, waves: Iterable[int]) -> str | None:
    """Explain which valid records in these waves the rerun's approval does not cover."""
    for wave_id in waves:
        records = gate.uncovered(connection=connection, ref=WaveRef(wave_id=wave_id, rerun=rerun))
        if records:
            wave = reruns.load_wave(connection=connection, ref=WaveRef(wave_id=wave_id, rerun=rerun))
            return unapproved(wave=wave, records=records)
    return None


def check_request(*, request: RerunRequest) -> None:
    """Raise `BadRequest` for a selection that means nothing, before anything is looked up."""
    try:
        get_dialect(name=request.dialect)
    except UnknownDialect as error:
        raise BadRequest(str(error)) from error
    if not request.told:
        raise BadRequest(
            "Say what to rerun: a wave, states, an error code, a path, customers, or everything unprocessed."
        )
    unknown = sorted(set(request.states) - set(RERUNNABLE))
    if unknown:
        shown = ", ".join(state[:_SHOWN] for state in unknown[:_EXAMPLES])
        raise BadRequest(f"Records in state {shown} cannot be rerun: choose among {', '.join(RERUNNABLE)}.")
    if request.batch is not None and request.wave is None:
        raise BadRequest("A batch number belongs to a wave: name the wave too.")
    if any(not identifier.strip() for identifier in request.identifiers):
        raise BadRequest("One of the identifiers is blank: leave it out.")
    check_names(
        wave=request.wave,
        error_code=request.error_code,
        error_path=request.error_path,
        identifiers=request.identifiers,
    )
    if not request.threshold.is_finite() or not 0 <= request.threshold <= 1:
        raise BadRequest(f"The failure threshold must be between 0 and 1, not {request.threshold}.")


def _wave(
    *, connection: Connection, request: RerunRequest, kraken: KrakenSettings
) -> reruns.NamedWave | None:
    if request.wave is None:
        return None
    named = reruns.waves_named(connection=connection, name=request.wave)
    found = [wave for wave in named if wave.dialect == request.dialect]
    if not found:
        raise BadRequest(f"There is no wave {request.wave!r} of {request.dialect}.")
    here = [wave for wave in found if wave.target_kraken == kraken.target]
    if not here:
        raise BadRequest(
            f"Wave {request.wave!r} was planned for {found[0].target_kraken}, but Connection "
            f"{request.connection_id!r} leads to {kraken.target}: point it back."
        )
    if len(here) > 1:
        listed = ", ".join(f"{wave.id} ({wave.mode.value})" for wave in here)
        raise BadRequest(f"Several waves are named {request.wave!r}: say which by its id, {listed}.")
    (wave,) = here
    if wave.closed_at is not None:
        raise BadRequest(
            f"Wave {wave.name!r} is closed since {in_utc(at=wave.closed_at)}: open it again first."
        )
    if wave.stop_code in DECIDED:
        raise BadRequest(f"Wave {wave.name!r} was {wave.stop_reason}")
    return wave


def _mode_of_selection(*, connection: Connection, request: RerunRequest, kraken: KrakenSettings) -> Mode:
    """Return the mode of the chosen records. Raises `BadRequest` for a selection that is not to be rerun."""
    selection = request.selection or 0
    found = selections.find(connection=connection, selection_id=selection)
    if found is None or found.dialect != request.dialect:
        raise BadRequest(f"There is no selection {selection} of records of {request.dialect}.")
    places = selections.spread(connection=connection, selection_id=selection)
    if not places:
        raise NothingSelected(_nothing(in_kraken=0))
    targets = sorted({each.target_kraken for each in places})
    if kraken.target not in targets:
        raise BadRequest(
            f"The records of selection {selection} were planned for {targets[0]}, but Connection "
            f"{request.connection_id!r} leads to {kraken.target}: point it back."
        )
    modes = sorted({each.mode for each in places})
    if len(modes) > 1:
        raise BadRequest(
            f"Selection {selection} has live records and rehearsals: choose the ones or the others."
        )
    return modes[0]


def _refuse_hindered(*, connection: Connection, rerun: int) -> None:
    """Raise `BadRequest` when none of the waves with records left for the rerun may create."""
    found = list(reruns.hindrances(connection=connection, rerun=rerun).values())
    if found and all(found):
        raise BadRequest(f"Rerun {rerun} has nothing left to create: {found[0] and found[0].stop_reason}")


def _check_identifiers(*, connection: Connection, request: RerunRequest, scope: Scope) -> None:
    unknown = reruns.unknown_identifiers(
        connection=connection, scope=scope, identifiers=sorted(set(request.identifiers))
    )
    if unknown:
        more = f" and {len(unknown) - _EXAMPLES} more" if len(unknown) > _EXAMPLES else ""
        raise BadRequest(
            f"No {scope.mode.value} wave of {scope.dialect} has had customer "
            f"{', '.join(unknown[:_EXAMPLES])}{more}: check the identifiers, or plan a wave with them."
        )


def _nothing(*, in_kraken: int) -> str:
    if in_kraken:
        return (
            f"Nothing is left to rerun: all {in_kraken} records of the selection have come through already, "
            "and none of them is touched again."
        )
    return "Nothing was selected: no record of an open wave fits the selection."


def _planned(*, connection: Connection, rerun: int) -> PlannedRerun:
    given = reruns.load_rerun(connection=connection, rerun=rerun)
    return PlannedRerun(
        rerun=rerun,
        batches=reruns.batches(connection=connection, rerun=rerun),
        records=given.records,
        in_kraken=given.in_kraken,
    )
