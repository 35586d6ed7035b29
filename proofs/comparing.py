"""Compares what tracking says of live records with what Kraken's own ledger says, record by record.

Pure: both sides are handed in, so that a simulation, a soak and a stack that was killed are judged alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from kraken_import.domain.lifecycle import AWAITING, ENDED_AT_KRAKEN, OPEN, REBUILDABLE, UNDONE, State

_ENDS: Final = {
    State.PROCESSED: "PROCESSED",
    State.ERRORED: "ERRORED",
    State.CANCELLED: "CANCELLED",
}
"""What Kraken says of a record that tracking knows to have ended so there."""


class Key(NamedTuple):
    """What tells import processes apart in Kraken."""

    resource: str
    import_supplier: str
    external_identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A live record as tracking has it. `may_create` is how often it may be created: a rerun adds one."""

    key: Key
    state: State
    parked_from: State | None = None
    kraken_identifier: str | None = None
    may_create: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A record as Kraken's ledger has it: how often it was created live, and how it stands."""

    key: Key
    created: int
    status: str
    kraken_identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One sentence for each record that both sides disagree on, by kind of fault."""

    records: int
    lost: tuple[str, ...] = ()
    """On one side alone: tracking says that Kraken has it, or Kraken has what tracking never heard of."""
    doubled: tuple[str, ...] = ()
    """Created more often than it may be, or claimed more than once."""
    wrong: tuple[str, ...] = ()
    """Another end, or another identifier in Kraken, than tracking says."""
    still_open: tuple[str, ...] = ()
    """Not ended, in tracking or at Kraken."""
    parked: tuple[str, ...] = ()
    """Left to a person. It is not a fault where the ledger allows what tracking does not know."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Every sentence but those of parked records, which are not a fault by themselves."""
        return (*self.lost, *self.doubled, *self.wrong, *self.still_open)


def compare(
    *, tracked: Iterable[Tracked], ledger: Iterable[Booked], before: Mapping[Key, int] | None = None
) -> Comparison:
    """Compare the two sides to the record. Returns every disagreement as a sentence.

    Both sides are about the same live records. `before` says how often the ledger had each key created before
    them: what tracking does not know is lost only when it was created since.
    """
    there = before or {}
    booked = {each.key: each for each in ledger if each.created > 0}
    found: defaultdict[str, list[str]] = defaultdict(list)
    seen: set[Key] = set()
    for record in tracked:
        if record.key in seen:
            found["doubled"].append(f"{_name(record.key)} is claimed more than once.")
            continue
        seen.add(record.key)
        for kind, sentence in _judge(record=record, booked=booked.get(record.key)):
            found[kind].append(sentence)
    strangers = (key for key in booked.keys() - seen if booked[key].created > there.get(key, 0))
    for key in sorted(strangers):
        found["lost"].append(f"{_name(key)} is in Kraken, and tracking has no record of it.")
    return Comparison(records=len(seen), **{kind: tuple(sentences) for kind, sentences in found.items()})


def _judge(*, record: Tracked, booked: Booked | None) -> Iterator[tuple[str, str]]:
    """Yield the faults of one record, each as the name of a field of `Comparison` and a sentence."""
    name, state = _name(record.key), record.state
    if state in UNDONE or state in OPEN:
        yield "still_open", f"{name} is still {state} in tracking."
    if state is State.PARKED:
        yield "parked", f"{name} was parked, and stood at {record.parked_from or 'no known state'} before."
    if booked is None:
        if _must_be_there(record):
            yield "lost", f"{name} is {state} in tracking, and Kraken does not have it."
        return
    if booked.created > record.may_create:
        yield "doubled", f"{name} was created {booked.created} times, not {record.may_create}."
    if _must_not_be_there(record):
        yield "wrong", f"{name} is {state} in tracking, and Kraken has it as {booked.status}."
        return
    if state in ENDED_AT_KRAKEN and booked.status != _ENDS.get(state):
        yield "wrong", f"{name} is {state} in tracking, and {booked.status} in Kraken."
    theirs, ours = booked.kraken_identifier, record.kraken_identifier
    if state is State.PROCESSED and theirs is not None and ours != theirs:
        yield "wrong", f"{name} is {theirs} in Kraken, and {ours or 'nothing'} in tracking."


def _must_be_there(record: Tracked) -> bool:
    """Whether Kraken has accepted the record, as far as tracking knows."""
    known = _known(record)
    return known in ENDED_AT_KRAKEN or known in AWAITING


def _must_not_be_there(record: Tracked) -> bool:
    """Whether tracking knows that Kraken has accepted no create; while it is `creating` either may be."""
    return _known(record) in REBUILDABLE


def _known(record: Tracked) -> State | None:
    """The last state that an answer proved."""
    return record.parked_from if record.state is State.PARKED else record.state


def _name(key: Key) -> str:
    return f"{key.import_supplier} {key.external_identifier}"
