"""How each Kraken is used now, and in one sentence what holds its waves back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from kraken_import.client.gate import BOUNDS_MS
from kraken_import.domain.lifecycle import AWAITING, OPEN, UNDONE, State
from kraken_import.tracking import board, overview, traffic
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.traffic import Lag, Learnt, Leased, Minute, Requests, Taken
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.standing import standing

_MOST_OUTAGES: Final = 10
_MOST_WAVES: Final = 20
_MOST_OPEN: Final = 200
_MOST_CREATES: Final = 200
_UNDER_WAY: Final = (AWAITING - {State.MISSING}) | {State.CREATING}
"""What Kraken does not know is not under way there."""
_BEHIND: Final = 60.0
"""Seconds after which an open record that is due, and was not asked about, is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What decides whether creates leave for one Kraken."""

    learnt: Learnt | None
    leased: Leased
    outage: Outage | None
    """The one under way; None while Kraken answers."""
    under_way: int
    """Accounts that it has accepted, or may have, and that have not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A wave that goes to a Kraken now, and what holds it back."""

    wave: WaveLine
    left: int
    """Records that are still to be sent."""
    waiting: int
    """Records that Kraken has accepted and not ended."""
    held_back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long requests of one operation took in the last hour: at most so many milliseconds.

    A percentile is None where it is above all that is told apart.
    """

    operation: str
    calls: int
    refused: int
    """How many of them were answered 429."""
    median_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One Kraken as its page shows it."""

    target_kraken: str
    use: Use
    outages: Sequence[Outage]
    flow: Sequence[Minute]
    taken: Taken | None
    latencies: Sequence[Latency]
    lag: Lag
    waves: Sequence[AtWork]
    sentence: str


def traffic_of(*, connection: Connection, target_kraken: str, dialects: Sequence[str]) -> Traffic:
    """Return how one Kraken is used now; of its waves only those of the given dialects are named."""
    outages = traffic.outages(connection=connection, target_kraken=target_kraken, most=_MOST_OUTAGES)
    ids = traffic.at_work(connection=connection, target_kraken=target_kraken, most=_MOST_WAVES)
    states = board.states(connection=connection, wave_ids=ids)
    use = Use(
        learnt=traffic.learnt(connection=connection, target_kraken=target_kraken),
        leased=traffic.leased(connection=connection, target_kraken=target_kraken),
        outage=next((each for each in outages if each.is_under_way), None),
        under_way=sum(
            count for found in states.values() for state, count in found.items() if state in _UNDER_WAY
        ),
    )
    lag = traffic.lag(connection=connection, wave_ids=ids, most=_MOST_OPEN)
    lines = []
    for wave_id in ids:
        for wave in overview.waves(connection=connection, most=1, wave_id=wave_id, dialects=dialects):
            left = sum(count for state, count in states[wave_id].items() if state in UNDONE)
            waiting = sum(count for state, count in states[wave_id].items() if state in OPEN)
            sentence = holds_back(wave=wave, use=use, lag=lag, left=left, waiting=waiting)
            lines.append(AtWork(wave=wave, left=left, waiting=waiting, held_back=sentence))
    return Traffic(
        target_kraken=target_kraken,
        use=use,
        outages=outages,
        flow=traffic.flow(connection=connection, target_kraken=target_kraken),
        taken=traffic.taken(connection=connection, wave_ids=ids, most=_MOST_CREATES),
        latencies=latencies(found=traffic.requests(connection=connection, target_kraken=target_kraken)),
        lag=lag,
        waves=lines,
        sentence=lines[0].held_back if lines else "No wave goes to this Kraken now.",
    )


def latencies(*, found: Sequence[Requests]) -> list[Latency]:
    """Return how long requests took, by operation. `found` is in the order of what they took."""
    lines = []
    for operation in dict.fromkeys(each.operation for each in found):
        those = [each for each in found if each.operation == operation]
        calls = sum(each.calls for each in those)
        lines.append(
            Latency(
                operation=operation,
                calls=calls,
                refused=sum(each.refused for each in those),
                median_ms=_percentile(those=those, at_least=0.50 * calls),
                p95_ms=_percentile(those=those, at_least=0.95 * calls),
                p99_ms=_percentile(those=those, at_least=0.99 * calls),
            )
        )
    return lines


def _percentile(*, those: Sequence[Requests], at_least: float) -> int | None:
    """Return the milliseconds within which so many were answered; None where that is not told apart."""
    so_far = 0
    for each in those:
        so_far += each.calls
        if so_far >= at_least:
            return each.within_ms if each.within_ms in BOUNDS_MS else None
    return None


def holds_back(*, wave: WaveLine, use: Use, lag: Lag, left: int, waiting: int) -> str:
    """Say what holds a wave back now: a person first, then Kraken, then the limits, then the asking."""
    name = f"Wave {wave.name!r}"
    if by_person := _by_a_person(wave=wave):
        return f"{name} {by_person}"
    if use.outage is not None:
        return _in_outage(name=name, outage=use.outage)
    if left:
        return f"{name} {_while_sending(use=use, left=left)}"
    if waiting:
        if lag.seconds is not None and lag.seconds > _BEHIND:
            return (
                f"{name} waits to be asked about: a record has been due for {lag.seconds:,.0f} seconds. See "
                "whether a triggerer runs; the DAG poll_open asks by itself every ten minutes."
            )
        return f"{name} has sent all and waits for Kraken to end {waiting:,} {_records(waiting)}."
    if wave.finished_at is None:
        return f"{name} has nothing left to send: its run is being summarised, or a task of it is behind."
    return f"{name} has ended."


def _by_a_person(*, wave: WaveLine) -> str | None:
    """Say what a person decided, or is asked to decide; None where none of it holds the wave back."""
    if wave.stop_code is not None or wave.stop_reason is not None:
        return f"is {standing(wave=replace(wave, outcome=None, outcome_reason=None))}"
    if wave.paused_at is not None:
        paused = replace(wave, asked_until=None, silent_since=None, outcome=None)
        return f"is {standing(wave=paused)}: resume it."
    if wave.asked_until is not None:
        return f"{standing(wave=replace(wave, silent_since=None, outcome=None))}."
    return None


def _in_outage(*, name: str, outage: Outage) -> str:
    how = "answers nothing" if outage.is_silent else "answers only questions about the status"
    return (
        f"{name} waits for Kraken, which {how} since {in_utc(at=outage.began_at)}: it is tried again in "
        f"{outage.seconds_to_next_try:,.0f} seconds, and given up at {in_utc(at=outage.gives_up_at)}."
    )


def _while_sending(*, use: Use, left: int) -> str:
    """Say which limit the creates of a wave meet now."""
    learnt, leased = use.learnt, use.leased
    still = f"{left:,} {_records(left)} are still to be sent" if left != 1 else "1 record is still to be sent"
    if learnt is not None:
        for until, what in ((learnt.requests_from, "no request at all"), (learnt.creates_from, "no create")):
            if until is not None and until > learnt.seen_at:
                seconds = (until - learnt.seen_at).total_seconds()
                return f"waits for {seconds:,.0f} seconds: Kraken wants {what} until then (429); {still}."
        if learnt.accounts is not None and use.under_way >= learnt.accounts:
            return (
                f"waits for accounts to end: Kraken takes {learnt.accounts:,} at once, and {use.under_way:,} "
                f"are under way; {still}."
            )
    if leased.sessions == 0:
        return (
            f"sends nothing now: no task talks to Kraken. Its batches are being built, wait for a worker, or "
            f"wait for the creates of the day to begin anew; {still}."
        )
    if leased.wants > leased.requests:
        most = leased.allowed if learnt is None or learnt.places is None else int(learnt.places)
        return (
            f"shares Kraken's limit of {most or leased.requests:,} requests at once with all that is under "
            f"way: {leased.sessions:,} {'session wants' if leased.sessions == 1 else 'sessions want'} "
            f"{leased.wants:,}; {still}."
        )
    return f"is not held back: it sends as fast as it is built; {still}."


def _records(number: int) -> str:
    return "record" if number == 1 else "records"
