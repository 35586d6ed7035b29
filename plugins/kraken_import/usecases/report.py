"""Gathers what the report of a wave shows, and writes its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import FAILED, SUCCEEDED, State
from kraken_import.reporting.wave import (
    DifferenceLine,
    MoneyLine,
    OutageLine,
    ParkedLine,
    Slice,
    WaveReport,
    files,
)
from kraken_import.tracking import (
    board,
    comparisons,
    money,
    outages,
    progress,
    reconciliation,
    reports,
    waves,
)
from kraken_import.tracking.comparisons import Extent, LastRun
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.frame_rows import review_frames
from kraken_import.usecases.pace import LATEST, rate_of
from kraken_import.usecases.parked import to_do
from kraken_import.usecases.policy import wave_in_words
from kraken_import.usecases.restored import restored_sentence
from kraken_import.usecases.triage import UNMAPPED, Mapped, mapped_of
from transforms.registry import get_dialect
from transforms.triage import Cause, found_by

_MOST_SLICES: Final = 120
_LENGTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400)
_SHOWN: Final = 200
_NOTHING: Final = Decimal(0)

_WITH: Final = {
    "listing": "with Kraken's listing and, where that raised a doubt, its status endpoint",
    "status": "with Kraken's status endpoint, record by record",
    "none": "on our own side only",
}


def wave_report(*, tracking: Engine, wave_id: int, now: datetime, console: str = "") -> dict[str, str]:
    """Return the files of a wave's report by name, from one snapshot of the tracking database.

    `console` is the address of the wave in the console; blank: the page leads nowhere.
    """
    with tracking.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        report = gather(connection=connection, wave_id=wave_id, now=now)
    return files(report=replace(report, console=console))


def report_of_dag(
    *, tracking: Engine, dag_id: str, wave_id: int, now: datetime, console: str = ""
) -> dict[str, str] | None:
    """Return the same for a wave of this DAG; None where the DAG has no such wave."""
    with tracking.connect() as connection:
        if waves.dag_of(connection=connection, wave_id=wave_id) != dag_id:
            return None
    return wave_report(tracking=tracking, wave_id=wave_id, now=now, console=console)


def gather(*, connection: Connection, wave_id: int, now: datetime) -> WaveReport:
    """Return what the report shows."""
    header = reports.header(connection=connection, wave_id=wave_id)
    states = progress.wave_states(connection=connection, wave_id=wave_id)
    seconds, slices = _slices(connection=connection, wave_id=wave_id)
    last = comparisons.last_run(connection=connection, wave_id=wave_id)
    frames = review_frames(
        connection=connection, wave_id=wave_id, dialect=header.dialect, claimed=header.claimed
    )
    wave = waves.load_wave(connection=connection, wave_id=wave_id)
    return WaveReport(
        name=header.name,
        number=wave_id,
        dialect=get_dialect(name=header.dialect).title,
        mode=header.mode,
        import_supplier=header.import_supplier,
        kraken=header.target_kraken,
        run=header.run_id,
        started_at=header.started_at,
        finished_at=header.finished_at,
        outcome=header.outcome,
        reason=header.outcome_reason or header.stop_reason,
        written_at=now,
        counts=reconciliation.counts(connection=connection, wave_id=wave_id),
        states={state.value: records for state, records in sorted(states.items())},
        seconds=seconds,
        slices=slices,
        causes=_causes(connection=connection, wave_id=wave_id, dialect=header.dialect),
        parked=_parked(connection=connection, wave_id=wave_id),
        outages=_outages(connection=connection, wave_id=wave_id),
        tries=_tries(connection=connection, wave_id=wave_id),
        money=money_lines(connection=connection, wave_id=wave_id),
        reconciled_at=None if last is None else last.reconciled_at,
        reconciled_with="" if last is None else _compared(last=last),
        differences=_differences(connection=connection, wave_id=wave_id),
        open_differences=0 if last is None else last.differences,
        frames=frames.lines,
        frame_warnings=frames.warnings,
        frame_note=frames.note,
        requested_by=wave.requested_by,
        policy=wave_in_words(wave=wave),
        decision=decision_in_words(header=header, wave=wave),
        stop_code=wave.stop_code,
        is_paused=wave.paused_at is not None,
        closed_at=wave.closed_at,
        orders=[_ordered(order) for order in reports.orders(connection=connection, wave_id=wave_id)],
        rate=_rate(connection=connection, header=header, wave_id=wave_id, states=states),
        built_by=wave.built_by.in_words,
        restored=restored_sentence(connection=connection, wave_id=wave_id),
    )


def _rate(
    *, connection: Connection, header: reports.Header, wave_id: int, states: Mapping[State, int]
) -> float | None:
    """Return the rate that the console shows of the wave."""
    pace = board.pace(connection=connection, wave_ids=[wave_id], latest=LATEST).get(wave_id)
    if pace is None:
        return None
    found = rate_of(
        pace=pace,
        states=states,
        since=header.started_at,
        until=header.finished_at or board.present(connection=connection),
        is_under_way=header.finished_at is None,
    )
    return found.a_second


def _outages(*, connection: Connection, wave_id: int) -> list[OutageLine]:
    found = outages.of_wave(connection=connection, wave_id=wave_id, most=_SHOWN)
    return [outage_line(outage=outage) for outage in found]


def _tries(*, connection: Connection, wave_id: int) -> list[tuple[int, str, int]]:
    found = reports.attempts(connection=connection, wave_id=wave_id)
    return [(each.attempt, each.outcome, each.records) for each in found]


def _ordered(order: reports.WaveOrder) -> str:
    done = {"pause": "Paused", "resume": "Resumed", "cancel": "Cancelled"}[order.action]
    because = f": {order.reason}" if order.reason else ""
    return f"{done} by {order.ordered_by}, {_at(order.ordered_at)}{because}"


def _compared(*, last: LastRun) -> str:
    """Describe what the last reconciliation compared."""
    since = "" if last.compared_at is None else f"unchanged since {_at(last.compared_at)}"
    match last.extent:
        case Extent.SKIPPED:
            return f"skipped: {since}"
        case Extent.KRAKEN:
            return f"{since} here, compared {_WITH[last.source]}"
        case _:
            return _WITH[last.source]


def _parked(*, connection: Connection, wave_id: int) -> list[ParkedLine]:
    return [
        ParkedLine(
            code=found.code,
            detail=found.detail,
            customers=found.customers,
            examples=found.examples,
            to_do=to_do(code=found.code),
        )
        for found in reports.parked(connection=connection, wave_id=wave_id)
    ]


def outage_line(*, outage: Outage) -> OutageLine:
    """Return an outage as the report shows it: the end of the patience and the answer are told apart."""
    if outage.was_given_up:
        given_up = _at(outage.gives_up_at)
    else:
        given_up = f"not yet, but at {_at(outage.gives_up_at)}" if outage.is_under_way else "no"
    if outage.is_under_way:
        answered_again = "not yet"
    elif outage.ended_at is None:
        answered_again = "not known: no wave waits for it any more"
    else:
        answered_again = "not before the next outage" if outage.failed_anew else _at(outage.ended_at)
    return OutageLine(
        began_at=outage.began_at.astimezone(UTC),
        given_up=given_up,
        answered_again=answered_again,
        tries=outage.tries,
    )


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M:%S} UTC"


def decision_in_words(*, header: reports.Header, wave: Wave) -> str:
    """Return what was decided at the gate, and by whom."""
    if header.decision is not None and header.decided_at is not None:
        by = f" by {header.decided_by}" if header.decided_by else ""
        return f"{header.decision}{by}, {header.decided_at.astimezone(UTC):%d %B %Y, %H:%M} UTC"
    return "not needed" if wave.policy.approval == "unattended" else "not given"


def _slices(*, connection: Connection, wave_id: int) -> tuple[int, Sequence[Slice]]:
    """Return the length of a slice in seconds, and every slice in which records were created or ended."""
    span = reports.span(connection=connection, wave_id=wave_id)
    if span is None:
        return _LENGTHS[0], []
    first, last = span
    needed = (last - first).total_seconds() / _MOST_SLICES
    seconds = next((length for length in _LENGTHS if length >= needed), _LENGTHS[-1])
    origin = first.replace(microsecond=0)
    sums: dict[datetime, dict[State, int]] = defaultdict(dict)
    for begin, state, records in reports.timeline(
        connection=connection,
        wave_id=wave_id,
        origin=origin,
        seconds=seconds,
        states=FAILED | SUCCEEDED | {State.CREATING},
    ):
        sums[begin][state] = records
    return seconds, [
        Slice(
            begin=begin,
            created=found.get(State.CREATING, 0),
            succeeded=sum(records for state, records in found.items() if state in SUCCEEDED),
            failed=sum(records for state, records in found.items() if state in FAILED),
        )
        for begin, found in sorted(sums.items())
    ]


def _causes(*, connection: Connection, wave_id: int, dialect: str) -> list[Cause]:
    found_causes = reports.causes(connection=connection, wave_id=wave_id)
    mapped = mapped_of(dialect=dialect) if found_causes else UNMAPPED
    return [_cause(found=found, mapped=mapped) for found in found_causes]


def _cause(*, found: reports.FindingCount, mapped: Mapped) -> Cause:
    traced = mapped.trace(path=found.path, code=found.code, detail=found.detail, origin=found.origin)
    return Cause(
        severity="error" if found.severity == "error" else "warning",
        code=found.code,
        path=found.path,
        source=traced.source,
        detail=mapped.worded(detail=found.detail, traced=traced),
        how=traced.how,
        customers=found.customers,
        examples=list(found.examples),
        domain=found.domain,
        event=found.event,
        unnamed=found.unnamed,
        found_by=found_by(severity=found.severity, origin=found.origin, stage=found.stage, code=found.code),
    )


def money_lines(*, connection: Connection, wave_id: int) -> list[MoneyLine]:
    """Return what became of the money of a wave, by ledger and currency."""
    fates: dict[tuple[str, str], list[money.StateMoney]] = defaultdict(list)
    for fate in money.by_fate(connection=connection, wave_id=wave_id):
        fates[fate.ledger, fate.currency].append(fate)
    handed_on = money.handed_on(connection=connection, wave_id=wave_id)
    lines = []
    for ledger, currency in dict.fromkeys((*fates, *handed_on)):
        found, gone = fates[ledger, currency], handed_on.get((ledger, currency), _NOTHING)
        built = [fate for fate in found if fate.built]

        def cents(*states: State, built: Sequence[money.StateMoney] = built) -> Decimal:
            return sum((fate.payload_cents for fate in built if fate.state in states), _NOTHING)

        held_back, refused = cents(State.REJECTED), cents(State.INVALID)
        failed = cents(State.ERRORED, State.CANCELLED, State.DRY_RUN_ERRORED)
        accepted = cents(State.PROCESSED, State.DRY_RUN_SUCCEEDED)
        parked = cents(State.PARKED)
        payload = sum((fate.payload_cents for fate in built), _NOTHING)
        lines.append(
            MoneyLine(
                ledger=ledger,
                currency=currency,
                legacy=sum((fate.legacy_cents for fate in found), gone),
                handed_on=gone,
                rejected=sum((fate.legacy_cents for fate in found if not fate.built), _NOTHING),
                payload=payload,
                held_back=held_back,
                refused=refused,
                failed=failed,
                parked=parked,
                underway=payload - held_back - refused - failed - parked - accepted,
                accepted=accepted,
            )
        )
    return lines


def _differences(*, connection: Connection, wave_id: int) -> list[DifferenceLine]:
    return [
        DifferenceLine(
            kind=kept.kind,
            what=kept.external_identifier
            or (f"batch {kept.batch}" if kept.batch is not None else "the wave"),
            ours=kept.ours,
            theirs=kept.theirs,
            cents=kept.cents,
            owner=kept.owner or "",
            found_at=kept.found_at,
        )
        for kept in reconciliation.open_differences(connection=connection, wave_id=wave_id, most=_SHOWN)
    ]
