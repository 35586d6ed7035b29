"""The life of an import process: its states, the legal moves, and what a status of Kraken's means.

Pure: no clock, no database, no network. The tracking database repeats the state names in a CHECK
constraint, and a test keeps the two equal.

    planned ── built ── valid ── creating ── created ── pending ── in_progress ── processed
       │         │        ▲          │                                          ├ errored
       └ rejected└ invalid└──────────┘ (known not to have been sent)            ├ cancelled
                                                                                └ dry_run_…
    What cannot be proved, from `built` on, is `parked`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where one customer stands on the way into Kraken."""

    PLANNED = "planned"
    """Claimed by a wave; nothing built yet."""
    REJECTED = "rejected"
    """Refused by our own build: Kraken was never asked."""
    BUILT = "built"
    VALID = "valid"
    INVALID = "invalid"
    """Refused by Kraken's validation, before or at creation."""
    CREATING = "creating"
    """The intent to create is committed; whether Kraken has it is unknown until an answer is recorded."""
    CREATED = "created"
    """Kraken accepted the creation and has scheduled it."""
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    UNRECOGNISED = "unrecognised"
    """Kraken returned a status unknown to us: neither running nor done, so it is asked again."""
    MISSING = "missing"
    """Kraken accepted the creation but no longer knows the record: it is asked again, and shown."""
    PARKED = "parked"
    """Kraken's answers do not prove what became of it: a person decides, or a rerun tries again."""
    PROCESSED = "processed"
    ERRORED = "errored"
    CANCELLED = "cancelled"
    DRY_RUN_SUCCEEDED = "dry_run_succeeded"
    DRY_RUN_ERRORED = "dry_run_errored"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will happen to the record in this attempt."""
        return self in SETTLED

    @property
    def is_open(self) -> bool:
        """Whether Kraken holds, or may hold, an import process that has not ended."""
        return self in OPEN


class Mode(StrEnum):
    """A rehearsal is Kraken's dry run; its outcome stands apart from the live one of the same customer."""

    LIVE = "live"
    REHEARSAL = "rehearsal"


REBUILDABLE: Final = frozenset({State.PLANNED, State.REJECTED, State.BUILT, State.VALID, State.INVALID})
"""No create can be outstanding, so the payload may be built again from the legacy database."""

UNDONE: Final = frozenset({State.PLANNED, State.BUILT, State.VALID})
"""Neither refused nor begun at Kraken: a run that was cleared goes on with these."""

REFUSED: Final = frozenset({State.REJECTED, State.INVALID})
"""Built again only on request: by a rerun, or by a backfill of failed runs."""

AWAITING: Final = frozenset(
    {State.CREATED, State.PENDING, State.IN_PROGRESS, State.UNRECOGNISED, State.MISSING}
)
"""Kraken accepted the creation; its status endpoint is asked until it names a final status."""

OPEN: Final = AWAITING | {State.CREATING}

UNPROVED: Final = OPEN | {State.PARKED}
"""Kraken has, or may have, the record, and its end is not known: neither migrated nor free."""

ASKED: Final = AWAITING | {State.PARKED}
"""The states that the scheduled poll asks about: an answer may still settle what is parked."""

ENDED_AT_KRAKEN: Final = frozenset(
    {
        State.PROCESSED,
        State.ERRORED,
        State.CANCELLED,
        State.DRY_RUN_SUCCEEDED,
        State.DRY_RUN_ERRORED,
    }
)

SUCCEEDED: Final = frozenset({State.PROCESSED, State.DRY_RUN_SUCCEEDED})

SETTLED: Final = ENDED_AT_KRAKEN | {State.REJECTED, State.INVALID}

FAILED: Final = SETTLED - SUCCEEDED

_AFTER_CREATION: Final = ENDED_AT_KRAKEN | AWAITING


LEGAL_MOVES: Final[dict[State, frozenset[State]]] = {
    **{state: frozenset({State.BUILT, State.REJECTED}) for state in (State.PLANNED, State.REJECTED)},
    State.BUILT: frozenset({State.BUILT, State.REJECTED, State.VALID, State.INVALID, State.PARKED}),
    State.INVALID: frozenset({State.BUILT, State.REJECTED}),
    State.VALID: frozenset({State.BUILT, State.REJECTED, State.CREATING, State.PARKED}),
    State.CREATING: _AFTER_CREATION | {State.VALID, State.INVALID, State.PARKED},
    **{state: (_AFTER_CREATION | {State.PARKED}) - {state} - {State.CREATED} for state in AWAITING},
    # To the state that Kraken or a person names. A rerun puts it back to where it stood before.
    State.PARKED: (_AFTER_CREATION | {State.VALID}) - {State.CREATED, State.MISSING},
    **{state: frozenset() for state in ENDED_AT_KRAKEN},
}
"""Each state with the states it may move to. Kraken publishes no transition table, so between the states
that repeat Kraken's own every move is legal until Kraken names an end."""

REOPENABLE: Final = frozenset({State.ERRORED, State.CANCELLED, State.DRY_RUN_ERRORED})
"""Kraken ended the import without keeping the record. Only a rerun may begin a new attempt. Whether Kraken
accepts a second create is not documented, so the code must handle either answer."""

REOPENING_MOVES: Final[dict[State, frozenset[State]]] = {
    state: frozenset({State.BUILT, State.REJECTED}) for state in REOPENABLE
}
"""Legal besides `LEGAL_MOVES`, and only for the attempt that a rerun has selected."""

_STATUSES: Final = {
    "PENDING": State.PENDING,
    "IN_PROGRESS": State.IN_PROGRESS,
    "PROCESSED": State.PROCESSED,
    "ERRORED": State.ERRORED,
    "CANCELLED": State.CANCELLED,
    "DRY_RUN_SUCCEEDED": State.DRY_RUN_SUCCEEDED,
    "DRY_RUN_ERRORED": State.DRY_RUN_ERRORED,
}

_DRY_RUN_STATUSES: Final = frozenset({State.DRY_RUN_SUCCEEDED, State.DRY_RUN_ERRORED})


def legal_pairs(*, reopening: bool = False, validating: bool = False) -> tuple[list[str], list[str]]:
    """Return every legal move as two parallel lists, from and to, for the guard in SQL.

    `reopening` adds the moves that only a rerun may make. `validating` leaves only those that an answer to a
    validation proves: it says nothing about a record that another worker has begun to create meanwhile.
    """
    moves = LEGAL_MOVES | REOPENING_MOVES if reopening else LEGAL_MOVES
    if validating:
        moves = {State.BUILT: moves[State.BUILT]}
    pairs = [(origin, target) for origin, targets in moves.items() for target in sorted(targets)]
    return [origin.value for origin, _ in pairs], [target.value for _, target in pairs]


def state_of_status(*, status: str) -> State:
    """Return the state that repeats a status of Kraken's; `unrecognised` for an unknown status."""
    return _STATUSES.get(status, State.UNRECOGNISED)


def belongs_to_mode(*, state: State, mode: Mode) -> bool:
    """Return whether an answer with this state can be about a create of this mode.

    A dry run's end says nothing of a live create, and a live end nothing of a rehearsal.
    Pending and in-progress answers do not tell which they are.
    """
    if state in _DRY_RUN_STATUSES:
        return mode is Mode.REHEARSAL
    if state in (State.PROCESSED, State.ERRORED):
        return mode is Mode.LIVE
    return True
