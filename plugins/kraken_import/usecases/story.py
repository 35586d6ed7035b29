"""One customer's whole story, for a person who asks what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from kraken_import.tracking import story
from kraken_import.tracking.story import Answered, Sent, Told
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.faults import BadRequest


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
