"""Stores customers who were named as a selection, so that what runs in Airflow names a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import selections
from kraken_import.tracking.reruns import NamedWave
from kraken_import.tracking.selections import Customers
from kraken_import.usecases.control import UnknownWave, find_wave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.wave_request import check_names

_EXAMPLES: Final = 5


def store_customers(
    *, tracking: Engine, dialect: str, wave: NamedWave | None, identifiers: Sequence[str], by: str
) -> int:
    """Store the records of customers: live ones, or those of a wave. Returns the number of the selection.

    Raises `BadRequest` for customers who have none.
    """
    wanted = sorted({each.strip() for each in identifiers})
    if not all(wanted):
        raise BadRequest("One of the identifiers is blank: leave it out.")
    check_names(identifiers=wanted)
    mode = Mode.LIVE if wave is None else wave.mode
    of = "" if wave is None else f" of wave {wave.id}"
    with tracking.begin() as connection:
        selection = selections.add(
            connection=connection,
            dialect=dialect,
            described=f"{len(wanted):,} customers{of}, by name",
            made_by=by,
        )
        known = selections.keep_customers(
            connection=connection,
            selection_id=selection,
            customers=Customers(
                dialect=dialect,
                mode=mode,
                wave_id=None if wave is None else wave.id,
                identifiers=wanted,
            ),
        )
        unknown = [each for each in wanted if each not in known]
        if unknown:
            more = f" and {len(unknown) - _EXAMPLES} more" if len(unknown) > _EXAMPLES else ""
            where = (
                f"No {mode.value} wave of {dialect} has" if wave is None else f"Wave {wave.id} does not have"
            )
            had = " had" if wave is None else ""
            raise BadRequest(
                f"{where}{had} customer {', '.join(unknown[:_EXAMPLES])}{more}: check the identifiers, or "
                "plan a wave with them."
            )
    return selection


def customers_in_wave(*, tracking: Engine, selection: int, wave: str) -> tuple[str, ...]:
    """Return the customers of a selection that this wave has all of.

    Raises `UnknownWave` where it is not so: a wave and a selection of another tracking database may have the
    same numbers.
    """
    with tracking.connect() as connection:
        named = find_wave(connection=connection, wave=wave)
        places = selections.spread(connection=connection, selection_id=selection)
        if {place.wave_id for place in places} != {named.id}:
            raise UnknownWave(
                f"Wave {named.id} {named.name!r} does not have the records of selection {selection}."
            )
        return tuple(selections.identifiers(connection=connection, selection_id=selection))


def customers_of(*, connection: Connection, selection: int, dialect: str) -> tuple[str, ...]:
    """Return the customers of a selection of this dialect. Raises `BadRequest` where there are none."""
    found = selections.find(connection=connection, selection_id=selection)
    if found is None or found.dialect != dialect:
        raise BadRequest(f"There is no selection {selection} of records of {dialect}.")
    return tuple(selections.identifiers(connection=connection, selection_id=selection))
