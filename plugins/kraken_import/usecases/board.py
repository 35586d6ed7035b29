"""Waves as the console shows them: how each stands in words, its counts, rate, budget, money and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import FAILED, OPEN, SUCCEEDED, UNDONE, State
from kraken_import.tracking import board, overview, waves
from kraken_import.tracking.board import NOW, OVER, People, Phase, Wanted, WaveMoney
from kraken_import.tracking.overview import WaveLine
from kraken_import.usecases.budget import budget_left
from kraken_import.usecases.pace import LATEST, Rate, rate_of
from kraken_import.usecases.remedies import Remedy, remedy_of
from kraken_import.usecases.standing import has_moved_since, since_the_end, standing

Oldest: TypeAlias = Callable[[Sequence[int]], Mapping[int, datetime]]
"""Since when the oldest open record of each of these waves is open, as far as it is known."""
_MANY_OPEN: Final = 10_000
"""Open records of which a page that waits does not look for the oldest: it is among all of them."""
_TONES: Final[Mapping[Phase, Literal["unsure", "bad"]]] = {
    Phase.STOPPED: "bad",
    Phase.WAITING: "unsure",
    Phase.UNFINISHED: "unsure",
    Phase.PAUSED: "unsure",
}
MOST_NOW: Final = 25
"""Waves that are under way or wait for a person, on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """A wave, how it stands in words, its records by state, and what people ask about it."""

    wave: WaveLine
    phase: Phase
    standing: str
    states: Mapping[State, int]
    people: People
    rate: Rate | None
    """None until a record has ended at Kraken, and in a list of a wave that is over."""
    oldest_open: datetime | None
    money: Sequence[WaveMoney]
    threshold: Decimal | None = None
    """Share of failed records above which its run ends red; None of a wave that is over."""
    budget: str = ""
    """How near it is to its error budget; blank of a wave that creates nothing now."""

    @property
    def records(self) -> int:
        """How many records it has."""
        return sum(self.states.values())

    @property
    def parked(self) -> int:
        """How many of them wait for a decision."""
        return self.states.get(State.PARKED, 0)

    @property
    def failed(self) -> int:
        """How many of them were refused or have failed."""
        return sum(records for state, records in self.states.items() if state in FAILED)

    @property
    def to_mend(self) -> int:
        """How many of them stand in triage: refused, failed or parked; none of a wave that was purged."""
        return 0 if self.phase is Phase.PURGED else self.failed + self.parked

    @property
    def undone(self) -> int:
        """How many of them neither were refused nor have begun at Kraken."""
        return sum(records for state, records in self.states.items() if state in UNDONE)

    @property
    def remedy(self) -> Remedy | None:
        """What to do about its stop; None where nothing stopped it."""
        return remedy_of(stop_code=self.wave.stop_code)

    @property
    def goes_on(self) -> bool:
        """Whether clearing its run makes sense."""
        if self.phase is Phase.STOPPED:
            return self.remedy is None or self.remedy.then == "clear"
        return self.phase in (Phase.FAILED, Phase.UNFINISHED) and self.undone > 0

    @property
    def tone(self) -> Literal["good", "unsure", "bad", "way"]:
        """How it stands, as a colour: only a wave of which nothing is left to mend is good."""
        if self.phase in (Phase.FAILED, Phase.SUCCEEDED):
            if self.is_mended or (self.phase is Phase.SUCCEEDED and not self.to_mend):
                return "good"
            return "unsure" if self.phase is Phase.SUCCEEDED else "bad"
        return _TONES.get(self.phase, "way")

    @property
    def ending(self) -> str:
        """How a wave that is over ended, in few words; blank where its phase is not its ending."""
        if self.phase is Phase.FAILED:
            return "failed, mended since" if self.is_mended else "failed"
        if self.phase is Phase.SUCCEEDED:
            return f"succeeded, {self.to_mend:,} not through" if self.to_mend else "succeeded"
        return ""

    @property
    def is_mended(self) -> bool:
        """Whether its run failed, and all of its records came through since."""
        return self.phase is Phase.FAILED and 0 < self.records == self.succeeded

    @property
    def succeeded(self) -> int:
        """How many of them ended well."""
        return sum(records for state, records in self.states.items() if state in SUCCEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NowLines:
    """A page of the waves that are under way or wait for a person, and how many come before and after it."""

    lines: Sequence[BoardLine]
    before: int
    after: int


def waves_now(
    *, connection: Connection, wanted: Wanted, page: int = 0, oldest: Oldest | None = None
) -> NowLines:
    """Return those of the wanted waves that are under way or wait for a person, the most urgent first.

    `oldest` is asked for the oldest open records where very many are open.
    """
    skipped = page * MOST_NOW
    found = board.urgent(connection=connection, wanted=wanted, most=MOST_NOW, skipped=skipped)
    phases = {each.id: each.phase for each in found}
    lines = _lines(connection=connection, phases=phases, oldest=oldest)
    place = {each.id: position for position, each in enumerate(found)}
    number = found[0].number if found else 0
    return NowLines(
        lines=sorted(lines, key=lambda line: place[line.wave.id]),
        before=skipped,
        after=max(0, number - skipped - len(found)),
    )


def waves_over(*, connection: Connection, wanted: Wanted, most: int) -> list[BoardLine]:
    """Return those of the wanted waves that are over, the newest first."""
    phases = [each for each in OVER if each in wanted.phases]
    found = board.listing(connection=connection, wanted=replace(wanted, phases=phases), most=most)
    return _lines(connection=connection, phases={each.id: each.phase for each in found}, oldest=None)


def line_of(*, connection: Connection, wave: WaveLine, oldest: Oldest | None = None) -> BoardLine:
    """Return one wave in the same form."""
    wanted = Wanted(dialects=[wave.dialect], before=wave.id + 1)
    (found,) = board.listing(connection=connection, wanted=wanted, most=1)
    (line,) = _lines(connection=connection, phases={found.id: found.phase}, oldest=oldest)
    return line


def _oldest_open(
    *,
    connection: Connection,
    states: Mapping[int, Mapping[State, int]],
    under_way: list[int],
    oldest: Oldest | None,
) -> Mapping[int, datetime]:
    """Return since when the oldest open record of each wave waits; of many, as `oldest` knows it."""
    still_open = sum(states[wave_id].get(state, 0) for wave_id in under_way for state in OPEN)
    if not still_open:
        return {}
    if oldest is not None and still_open > _MANY_OPEN:
        return oldest(under_way)
    return board.oldest_open(connection=connection, wave_ids=under_way)


def _lines(*, connection: Connection, phases: Mapping[int, Phase], oldest: Oldest | None) -> list[BoardLine]:
    ids = list(phases)
    if not ids:
        return []
    under_way = [wave_id for wave_id, phase in phases.items() if phase in NOW]
    states = board.states(connection=connection, wave_ids=ids)
    # Of the many that are over the rate stands on their own page: it takes every minute of each.
    paced = ids if len(ids) == 1 else under_way
    paces = board.pace(connection=connection, wave_ids=paced, latest=LATEST) if paced else {}
    people = board.people(connection=connection, wave_ids=ids)
    money = board.money(connection=connection, wave_ids=ids)
    since = _oldest_open(connection=connection, states=states, under_way=under_way, oldest=oldest)
    now = board.present(connection=connection)
    found = overview.waves_of(connection=connection, wave_ids=ids)
    moved = [each.id for each in found if has_moved_since(wave=each, states=states[each.id])]
    reruns = board.reruns_since(connection=connection, wave_ids=moved) if moved else {}
    lines = []
    for wave in found:
        phase, pace = phases[wave.id], paces.get(wave.id)
        full = waves.load_wave(connection=connection, wave_id=wave.id) if phase in NOW else None
        lines.append(
            BoardLine(
                wave=wave,
                phase=phase,
                standing=standing(
                    wave=wave,
                    since=since_the_end(wave=wave, states=states[wave.id], reruns=reruns.get(wave.id, ())),
                ),
                states=states[wave.id],
                people=people[wave.id],
                rate=None
                if pace is None
                else rate_of(
                    pace=pace,
                    states=states[wave.id],
                    since=wave.started_at,
                    until=wave.finished_at or now,
                    is_under_way=wave.finished_at is None,
                ),
                oldest_open=since.get(wave.id),
                money=money.get(wave.id, []),
                threshold=None if full is None else full.failure_threshold,
                budget=budget_left(connection=connection, wave=full)
                if full is not None and phase not in (Phase.STOPPED, Phase.UNFINISHED)
                else "",
            )
        )
    return lines
