"""The mapping of each dialect: field, column, query, rule and its source, and what a wave met of it."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from fastapi import APIRouter

from kraken_import.console.asking import Ask, NotFound
from kraken_import.console.catalogues import Catalogues, UnableToReadMapping
from kraken_import.tracking import preflights, refusals

router = APIRouter()

_CATALOGUES: Final = Catalogues()
_LONGEST: Final = 100


@router.get("/data")
def dialects(asked: Ask) -> Any:
    """Show the dialects whose waves the user may read, with the newest wave of each."""
    in_force = set(asked.surroundings.places()[asked.place])
    with asked.read() as connection:
        found = [
            (name, name in in_force, refusals.last_wave(connection=connection, dialect=name))
            for name in asked.dialects
        ]
        checked = preflights.latest(connection=connection, dialects=asked.dialects)
    return asked.page("data", dialects=found, checked=checked)


@router.get("/data/{dialect}")
def mapping(asked: Ask, dialect: str, find: str = "") -> Any:
    """Show the mapping of a dialect, or what of it has the words that are looked for."""
    if dialect not in asked.dialects:
        raise NotFound("There is no such dialect that you may see: Data lists those there are.")
    find = find[:_LONGEST].strip()
    catalogue, problem = None, ""
    if dialect in asked.surroundings.places()[asked.place]:
        try:
            catalogue = _CATALOGUES.get(name=dialect)
        except UnableToReadMapping as error:
            problem = str(error)
    else:
        problem = f"{dialect} is not in force here any more, so its mapping is not known."
    with asked.read() as connection:
        wave = refusals.last_wave(connection=connection, dialect=dialect)
        met = {} if wave is None else refusals.of_wave(connection=connection, wave_id=wave.id)
        checked = preflights.latest(connection=connection, dialects=[dialect]).get(dialect)
        causes = [] if checked is None else preflights.causes(connection=connection, preflight_id=checked.id)
    by_code: Counter[str] = Counter()
    for (code, _), errors in met.items():
        by_code[code] += errors
    fields, rules = ([], []) if catalogue is None else catalogue.matching(words=find)
    known = set() if catalogue is None else {each.code for each in catalogue.rules}
    return asked.page(
        "mapping",
        dialect=dialect,
        find=find,
        catalogue=catalogue,
        problem=problem,
        fields=fields,
        rules=rules,
        wave=wave,
        checked=checked,
        causes=causes,
        by_code=by_code,
        others=[] if catalogue is None else [each for each in by_code.most_common() if each[0] not in known],
    )
