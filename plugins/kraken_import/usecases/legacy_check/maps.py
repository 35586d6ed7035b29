"""Code maps whose words the model does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kraken_import.usecases.legacy_check.misfits import Misfit
from transforms.dialect import ANY_CODE, Column, Dialect, Frame
from transforms.models.places import takes
from transforms.wording import shown_value


def place_of(*, dialect: Dialect, frame: Frame, column: Column) -> tuple[str, ...]:
    """Return the place of a column's values in the model."""
    parts = list(column.place)
    frames = {each.name: each for each in dialect.frames}
    while frame.parent:
        parts[:0] = frame.target.split(".")
        frame = frames[frame.parent]
    return tuple(parts)


def mapped(*, column: Column, values: Mapping[str, Mapping[str, str]]) -> Column:
    """Return a column with the map that is configured for it, if one is."""
    return replace(column, codes=values[column.setting]) if column.setting in values else column


def map_misfits(*, dialect: Dialect, values: Mapping[str, Mapping[str, str]]) -> Iterator[Misfit]:
    """Yield the codes that would become a word that the model refuses."""
    for frame in dialect.frames:
        for column in frame.columns:
            codes = mapped(column=column, values=values).codes or {}
            place = place_of(dialect=dialect, frame=frame, column=column)
            for code, word in codes.items():
                if word is None or code == ANY_CODE or takes(model=dialect.model, place=place, value=word):
                    continue
                yield Misfit(
                    code="unlisted_value",
                    column=column.name,
                    sentence=f"Column {column.name} of frame {frame.name} makes {shown_value(value=word)} of "
                    f"code {shown_value(value=code)}, which {'.'.join(place)} cannot be: name a word that "
                    "Kraken has" + (f" in setting {column.setting}." if column.setting else "."),
                )
