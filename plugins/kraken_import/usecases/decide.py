"""Lets a person decide about records that Kraken's answers do not prove: they are there, or they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from kraken_import.client.session import Exchange, KrakenSession
from kraken_import.domain.lifecycle import State
from kraken_import.domain.orders import OF_AN_ORDER, Order
from kraken_import.tracking import actions, decisions, evidence, waves
from kraken_import.tracking.decisions import Decidable, Said
from kraken_import.tracking.processes import Move
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.waves import BatchIsBusy, Wave
from kraken_import.usecases.calling import open_session, raw, wave_for_kraken
from kraken_import.usecases.control import find_wave, title
from kraken_import.usecases.decisions import decided
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.recording import record_moves
from kraken_import.usecases.systems import Systems
from kraken_import.usecases.verdicts import Signal, Timing, signal_of
from kraken_import.usecases.wave_request import check_names

_EXAMPLES: Final = 5

_ANSWERS: Final[Mapping[str, Said]] = {"there": "there", "absent": "absent"}

_PUT_BACK: Final = frozenset({State.BUILT, State.VALID})

_NO_PROOF: Final = {
    Signal.UNAUTHORISED: "refused the token (401): give it a valid one",
    Signal.FORBIDDEN: "does not allow this to the token (403): ask for the data-import permission",
    Signal.SUPPLIER_PAUSED: "says that the migration of the import supplier is paused: have it resumed there",
    Signal.MISROUTED: "does not answer like a data-import API: check its address",
    Signal.SILENT: "gives no usable answer about any record: wait until it does",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    title: str
    wave: Wave
    said: Said
    order: Order


def tell_refusal(*, tracking: Engine, run_id: str, sentence: str) -> None:
    """Record why a run decided nothing with the order of the console that began it; other runs have none."""
    try:
        action_id = UUID(run_id.removeprefix(OF_AN_ORDER))
    except ValueError:
        return
    with tracking.begin() as connection:
        actions.end(connection=connection, action_id=action_id, outcome="refused", result=sentence)


def connection_of(*, tracking: Engine, wave: str) -> str:
    """Return the Airflow Connection of the wave with this id or name. Raises `BadRequest`."""
    _check_wave(wave=wave)
    with tracking.connect() as connection:
        named = find_wave(connection=connection, wave=wave)
        return waves.load_wave(connection=connection, wave_id=named.id).connection_id


async def decide(
    *,
    systems: Systems,
    wave: str,
    identifiers: Sequence[str],
    answer: str,
    order: Order,
) -> str:
    """Record that Kraken has these records of a wave ("there"), or not ("absent"). Returns what follows.

    Kraken is asked first, and the whole decision is refused when it contradicts Kraken about one record.
    Raises `BadRequest` and changes nothing then.
    """
    wanted = list(dict.fromkeys(each.strip() for each in identifiers))
    said = _checked(wave=wave, identifiers=wanted, answer=answer, reason=order.reason)
    with systems.tracking.connect() as connection:
        named = find_wave(connection=connection, wave=wave)
        given = _Decision(
            title=title(named=named),
            wave=_wave(connection=connection, wave_id=named.id, systems=systems),
            said=said,
            order=order,
        )
        open_now = _undecided(connection=connection, given=given, identifiers=wanted)
    if not open_now:
        return _told_before(given=given, records=len(wanted))
    batches = sorted({case.batch for case in open_now})
    try:
        # Under this lock no worker creates records while they are read, asked about and written.
        with waves.batch_locks(engine=systems.tracking, wave_id=named.id, batches=batches) as connection:
            return await _decide(systems=systems, connection=connection, given=given, identifiers=wanted)
    except BatchIsBusy as busy:
        raise BadRequest(
            f"A worker is at work on a batch of these records of {given.title}: wait until its task has "
            "ended, then decide."
        ) from busy


async def _decide(
    *, systems: Systems, connection: Connection, given: _Decision, identifiers: list[str]
) -> str:
    with connection.begin():
        cases = _undecided(connection=connection, given=given, identifiers=identifiers)
    if not cases:
        return _told_before(given=given, records=len(identifiers))
    async with open_session(systems=systems, wave=given.wave) as session:
        exchanges = await _asked(session=session, wave=given.wave, cases=cases)
    timing = Timing(window=systems.window, request=systems.longest_request)
    moves: list[Move] = []
    objections: dict[str, list[str]] = {}
    for case, exchange in zip(cases, exchanges, strict=True):
        found = decided(
            case=case, said=given.said, answer=exchange.answer, mode=given.wave.mode, timing=timing
        )
        if isinstance(found, str):
            objections.setdefault(found, []).append(case.record.external_identifier)
        else:
            moves.append(found.answered_by(answer=raw(exchange=exchange)))
    if objections:
        listed = "; ".join(f"{why} ({_listed(named)})" for why, named in objections.items())
        raise BadRequest(f"Nothing was decided: {listed}: correct the answer, or leave these out.")
    _write(systems=systems, connection=connection, given=given, cases=cases, moves=moves)
    return _told(given=given, moves=moves)


async def _asked(*, session: KrakenSession, wave: Wave, cases: Sequence[Decidable]) -> list[Exchange]:
    """Return what Kraken says of each record. Raises `BadRequest` when it gives no usable answer at all."""
    exchanges = await session.statuses(
        resource=wave.resource,
        import_supplier=wave.import_supplier,
        external_identifiers=(case.record.external_identifier for case in cases),
    )
    signals = {signal_of(answer=exchange.answer) for exchange in exchanges}
    refused = signals & {Signal.UNAUTHORISED, Signal.SUPPLIER_PAUSED}
    if not refused and Signal.FINE not in signals:
        # A person's word counts for a record that Kraken says nothing about, not for all while Kraken is
        # down.
        probe = await session.probe(resource=wave.resource, import_supplier=wave.import_supplier)
        refused = {signal_of(answer=probe.answer)} & _NO_PROOF.keys()
    if refused and session.problem is not None:
        raise BadRequest(f"Nothing was decided: {session.problem}, then decide again.")
    if refused:
        raise BadRequest(
            f"Nothing was decided: Kraken at {wave.target_kraken} {_NO_PROOF[min(refused)]}, then decide "
            "again."
        )
    return exchanges


def _write(
    *,
    systems: Systems,
    connection: Connection,
    given: _Decision,
    cases: Sequence[Decidable],
    moves: Sequence[Move],
) -> None:
    """Park what is open, take every step, and record the decision: all or nothing."""
    now = systems.clock()
    parked = [
        Move(key=case.record.key, to=State.PARKED) for case in cases if case.record.state is not State.PARKED
    ]
    back = [move for move in moves if move.to in _PUT_BACK]
    on = [move for move in moves if move.to not in _PUT_BACK]
    with connection.begin():
        if not decisions.hold(connection=connection, cases=cases):
            raise BadRequest(
                f"Nothing was decided: a record of {given.title} has moved on meanwhile, so look where each "
                "stands now, and decide again."
            )
        dialect = given.wave.dialect
        taken = sum(
            record_moves(connection=connection, moves=steps, dialect=dialect, stage="status", at=now)
            for steps in (parked, on)
        )
        taken += decisions.put_back(connection=connection, moves=back, at=now)
        if taken != len(parked) + len(moves):
            raise RuntimeError("A step of a decision was not legal.")
        evidence.add_answers(
            connection=connection,
            answers=[(move.key, move.answer) for move in back if move.answer is not None],
            stage="status",
            at=now,
        )
        decisions.record(
            connection=connection,
            cases=cases,
            moves=moves,
            said=given.said,
            order=given.order,
        )


def _check_wave(*, wave: str) -> None:
    if not wave.strip():
        raise BadRequest("Say of which wave the records are, by its id or name.")


def _checked(*, wave: str, identifiers: Sequence[str], answer: str, reason: str | None) -> Said:
    _check_wave(wave=wave)
    if not identifiers:
        raise BadRequest("Say which records to decide about, by their external identifiers.")
    if not all(identifiers):
        raise BadRequest("One of the identifiers is blank: leave it out.")
    check_names(identifiers=identifiers)
    if answer not in _ANSWERS:
        raise BadRequest("Say what is so: there when Kraken has these records, absent when it has not.")
    if reason is None:
        raise BadRequest("Say what the answer rests on: a decision needs a reason.")
    return _ANSWERS[answer]


def _wave(*, connection: Connection, wave_id: int, systems: Systems) -> Wave:
    try:
        return wave_for_kraken(connection=connection, ref=WaveRef(wave_id=wave_id), kraken=systems.kraken)
    except SystemicFault as elsewhere:
        raise BadRequest(elsewhere.reason) from None


def _undecided(*, connection: Connection, given: _Decision, identifiers: Sequence[str]) -> list[Decidable]:
    """Return the records that wait for a decision, without those about which the same was decided before."""
    found = decisions.find(connection=connection, wave_id=given.wave.id, identifiers=identifiers)
    known = {case.record.external_identifier for case in found}
    unknown = [each for each in identifiers if each not in known]
    if unknown:
        raise BadRequest(f"{given.title} does not have {_listed(unknown)}: check the identifiers.")
    settled: dict[str, list[str]] = {}
    for case in found:
        if not case.is_undecided and not case.was_decided(said=given.said):
            settled.setdefault(_standing(case=case), []).append(case.record.external_identifier)
    if settled:
        listed = "; ".join(f"{_listed(named)}: {standing}" for standing, named in settled.items())
        raise BadRequest(
            f"{given.title} has nothing to decide about {listed}: only what is open or parked is decided on."
        )
    return [case for case in found if case.is_undecided]


def _standing(*, case: Decidable) -> str:
    state = case.record.state.value
    if case.decision is None:
        return state
    return (
        f"{state}, decided {case.decision.said} by {case.decision.decided_by} on "
        f"{in_utc(at=case.decision.decided_at)}"
    )


def _told(*, given: _Decision, moves: Sequence[Move]) -> str:
    counts = Counter(move.to.value for move in moves)
    listed = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    follows = (
        "a rerun of it creates what was absent."
        if given.said == "absent"
        else "what has not ended there is polled to its end."
    )
    return f"{given.title}: {_counted(len(moves))} decided {given.said} ({listed}); {follows}"


def _told_before(*, given: _Decision, records: int) -> str:
    return f"{given.title}: {_counted(records)} decided {given.said} before, so nothing was left to decide."


def _counted(records: int) -> str:
    return "1 record was" if records == 1 else f"{records:,} records were"


def _listed(identifiers: Sequence[str]) -> str:
    more = f" and {len(identifiers) - _EXAMPLES} more" if len(identifiers) > _EXAMPLES else ""
    return ", ".join(identifiers[:_EXAMPLES]) + more
