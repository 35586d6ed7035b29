"""One customer's whole story, for a person who asks what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from kraken_import.tracking import story
from kraken_import.tracking.story import Answered, Around, Error, Record, Sent, Told
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.faults import BadRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened to a record; `state` is the one that it came to, `error` what was found."""

    at: datetime
    attempt: int | None
    words: str
    state: str | None = None
    error: Error | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStory:
    """What became of one record, in the order of time, and the customer's other records."""

    told: Told
    entries: Sequence[Entry]
    around: Around
    others: Sequence[Record]

    @property
    def record(self) -> Record:
        """The record as it stands."""
        return self.told.record

    @property
    def errors(self) -> Sequence[Error]:
        """The errors and warnings of its last try."""
        return [each for each in self.told.errors if each.attempt == self.record.attempt]


def story_of_record(*, connection: Connection, record: Record) -> RecordStory:
    """Return what became of a record, without personal data."""
    (told,) = story.tell(connection=connection, found=[record])
    around = story.around(connection=connection, told=told)
    alike = story.records(connection=connection, external_identifier=record.external_identifier)
    return RecordStory(
        told=told,
        entries=_entries(told=told, around=around),
        around=around,
        others=[each for each in alike if each.id != record.id],
    )


def look_at(*, tracking: Engine, record: Record, by: str | None) -> tuple[Sequence[Sent], Sequence[Answered]]:
    """Return what was sent and answered of a record: personal data.

    That somebody looks at it is recorded first; `by` is None where it is masked before it is shown.
    """
    if by is not None:
        with tracking.begin() as connection:
            story.look(connection=connection, record_id=record.id, by=by)
    with tracking.connect() as connection:
        (told,) = story.tell(connection=connection, found=[record])
        return (
            story.sent(connection=connection, told=told),
            story.answered(connection=connection, told=told),
        )


def _entries(*, told: Told, around: Around) -> list[Entry]:
    """Return what happened, in the order of time; what has the same time stays in the order of its kind."""
    found = [
        *(
            Entry(
                at=each.started_at,
                attempt=each.attempt,
                words=f"Try {each.attempt} begins in wave {each.wave_id}.{other}",
            )
            for each, other in zip(told.tries, _other_mappings(tries=told.tries), strict=True)
        ),
        *(
            Entry(
                at=each.occurred_at,
                attempt=each.attempt,
                words=(f"{each.from_state} → {each.to_state}" if each.from_state else each.to_state),
                state=each.to_state,
            )
            for each in told.moves
        ),
        *(
            Entry(
                at=each.occurred_at,
                attempt=each.attempt,
                words=f"{each.severity} in {each.stage}",
                error=each,
            )
            for each in told.errors
        ),
        *(
            Entry(
                at=each.decided_at,
                attempt=each.attempt,
                words=f"{each.decided_by} decided {each.answer}: {each.reason}",
            )
            for each in told.decisions
        ),
        *_entries_around(around=around),
    ]
    return sorted(found, key=lambda entry: entry.at)


def _other_mappings(*, tries: Sequence[story.Try]) -> list[str]:
    """Return for each try a sentence where another mapping built it than the try before, else nothing."""
    befores = [None, *tries[:-1]]
    return [
        f" Another mapping built it than the try before: {each.built_by.in_words}."
        if before is not None and each.built_by.differs(other=before.built_by)
        else ""
        for before, each in zip(befores, tries, strict=True)
    ]


def _entries_around(*, around: Around) -> list[Entry]:
    back = around.hand_back
    found = [
        *(
            Entry(
                at=each.requested_at,
                attempt=each.attempt,
                words=f"Rerun {each.id} took it up"
                f"{f', asked for by {each.requested_by}' if each.requested_by else ''}.",
            )
            for each in around.reruns
        ),
        *(
            Entry(
                at=each.found_at,
                attempt=None,
                words=f"Reconciliation found {each.kind}"
                f"{f', seen to by {each.owner}' if each.owner else ''}"
                f"{', settled since' if each.resolved_at else ''}.",
            )
            for each in around.differences
        ),
        *(
            Entry(
                at=each.ordered_at,
                attempt=None,
                words=f"{each.ordered_by} ordered {each.kind}: {each.reason}",
            )
            for each in around.orders
        ),
    ]
    if back is not None:
        found.append(Entry(at=back.listed_at, attempt=None, words=f"Handed back for {back.code}."))
    if back is not None and back.owner is not None and back.owned_at is not None:
        note = f": {back.note}" if back.note else ""
        found.append(Entry(at=back.owned_at, attempt=None, words=f"Given to {back.owner}{note}."))
    return found


def story_of(
    *, tracking: Engine, identifier: str, wave: str | None = None, with_personal_data: bool = False
) -> list[tuple[Told, Sequence[Sent], Sequence[Answered]]]:
    """Return what became of a customer, record by record: of one wave, or of all.

    What was sent and answered is personal data: it is read only if it is asked for. Raises `BadRequest`.
    """
    with tracking.connect() as connection:
        named = None if wave is None else find_wave(connection=connection, wave=wave)
        found = story.records(connection=connection, external_identifier=identifier)
        told = story.tell(connection=connection, found=found)
        if named is not None:
            told = [each for each in told if named.id in _waves(told=each)]
        if not told:
            of = "any wave" if named is None else f"wave {named.id} {named.name!r}"
            raise BadRequest(
                f"No record of {of} has the external identifier {identifier!r}: check the identifier."
            )
        if not with_personal_data:
            return [(each, (), ()) for each in told]
        return [
            (
                each,
                story.sent(connection=connection, told=each),
                story.answered(connection=connection, told=each),
            )
            for each in told
        ]


def _waves(*, told: Told) -> set[int]:
    return {told.record.wave_id, *(each.wave_id for each in told.tries)}
