"""Code maps that people who know the legacy system can read and correct: one CSV file for each map.

`codes/<dialect>/<frame>.<column>.csv` of a project has the codes of a column, `codes/<dialect>/<setting>.csv`
Kraken's words for a setting. Its columns are legacy, kraken and note. A file is the whole map: it takes the
place of what the dialect has in Python. The Connection's configured values win over a setting's file.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

from transforms.additions import BadAddition
from transforms.dialect import ANY_CODE, CodeValue, Column, Dialect, Frame
from transforms.models.places import takes
from transforms.wording import meant, shown_value

FOLDER: Final = "codes"
_HEADER: Final = ("legacy", "kraken", "note")
_CODED: Final = ("code", "codes")
_UNREAD: Final = (".md", ".txt")
_LEFT_OUT: Final = "left out"
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def with_codes(*, dialect: Dialect, folder: Path) -> Dialect:
    """Return the dialect with the code maps of a folder; without one, the same. Raises `BadAddition`."""
    for file in sorted(folder.glob("[!.]*.csv")):
        dialect = _with_file(dialect=dialect, file=file)
    return dialect


def check_codes_folder(*, folder: Path, dialects: Collection[str]) -> None:
    """Raise `BadAddition` for what nothing reads in a project's `codes/`, such as a misspelt folder."""
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        inside = file.relative_to(folder).parts
        if any(part.startswith(".") for part in inside) or file.suffix in _UNREAD:
            continue
        if len(inside) != 2 or inside[0] not in dialects or file.suffix != ".csv":
            raise BadAddition(
                f"{FOLDER}/{'/'.join(inside)} is read by nothing: name it {FOLDER}/<dialect>/<map>.csv, "
                f"where the dialects are {', '.join(sorted(dialects))}."
            )


def maps(*, dialect: Dialect) -> dict[str, Mapping[str, CodeValue]]:
    """Return each code map of a dialect by the name of its file: those of columns, then those of settings."""
    of_columns = {
        f"{frame.name}.{column.name}": column.codes or {}
        for frame in dialect.frames
        for column in frame.columns
        if column.kind in _CODED
    }
    return of_columns | {name: dialect.default_values.get(name, {}) for name in sorted(dialect.settings)}


def as_csv(*, codes: Mapping[str, CodeValue]) -> str:
    """Return a code map as the text of its file."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for legacy, word in codes.items():
        written = "" if word is None else str(word).lower() if isinstance(word, bool) else word
        writer.writerow((legacy, written, _LEFT_OUT if word is None else ""))
    return text.getvalue()


def _with_file(*, dialect: Dialect, file: Path) -> Dialect:
    where = f"{FOLDER}/{file.parent.name}/{file.name}"
    coded = {
        f"{frame.name}.{column.name}": (frame, column)
        for frame in dialect.frames
        for column in frame.columns
        if column.kind in _CODED
    }
    try:
        if file.stem in coded:
            frame, column = coded[file.stem]
            return _with_column(dialect=dialect, frame=frame, column=column, file=file)
        if file.stem in dialect.settings:
            return _with_setting(dialect=dialect, file=file)
        found = meant(name=file.stem, among=sorted({*coded, *dialect.settings}))
        misspelt = f" Is {found}.csv meant?" if found else ""
        raise BadAddition(
            f"no column with codes and no setting of {dialect.name} is called {file.stem}: name the file "
            f"after one.{misspelt}"
        )
    except UnicodeDecodeError:
        raise BadAddition(f"{where} is not in UTF-8: save it so.") from None
    except BadAddition as bad:
        raise BadAddition(f"{where}: {bad}") from None


def _with_column(*, dialect: Dialect, frame: Frame, column: Column, file: Path) -> Dialect:
    place = _place(dialect=dialect, frame=frame, column=column)
    codes: dict[str, CodeValue] = {}
    for line, legacy, word, note in _rows(file=file):
        if not word and not note:
            raise BadAddition(
                f"line {line} has no word of Kraken's: write it, or say in the note why the field is left "
                "out."
            )
        _check_any(legacy=legacy, word=word, line=line)
        codes[legacy] = _value(dialect=dialect, place=place, word=word, line=line)
    changed = replace(
        frame,
        columns=tuple(
            replace(each, codes=codes) if each.name == column.name else each for each in frame.columns
        ),
    )
    frames = tuple(changed if each.name == frame.name else each for each in dialect.frames)
    return replace(dialect, frames=frames)


def _with_setting(*, dialect: Dialect, file: Path) -> Dialect:
    setting = file.stem
    places = [
        _place(dialect=dialect, frame=frame, column=column)
        for frame in dialect.frames
        for column in frame.columns
        if column.setting == setting
    ]
    words: dict[str, str] = {}
    for line, legacy, word, _ in _rows(file=file):
        _check_any(legacy=legacy, word=word, line=line, is_blank_right=False)
        if word != ANY_CODE:
            for place in places:
                _check(dialect=dialect, place=place, value=word, line=line)
        words[legacy] = word
    return replace(dialect, default_values={**dialect.default_values, setting: words})


def _rows(*, file: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield the line, the legacy code, Kraken's word and the note of each row."""
    seen: dict[str, int] = {}
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = _as_csv_has_them(text)
        header = tuple(next(rows, (1, ()))[1])
        if header not in (_HEADER, _HEADER[:2]):
            raise BadAddition(
                f"the first line must be {','.join(_HEADER)}, with commas: it tells what the columns are."
            )
        for line, row in rows:
            if not row:
                continue
            if len(row) < 2 or len(row) > len(header):
                raise BadAddition(
                    f"line {line} has {len(row)} columns: put a text with a comma into quotation marks."
                )
            legacy, word = row[:2]
            if legacy != legacy.strip() or word != word.strip():
                raise BadAddition(f"line {line} has blanks around a code or a word: remove them.")
            if legacy in seen:
                raise BadAddition(
                    f"line {line} has the code {shown_value(value=legacy)} again, as line {seen[legacy]}: "
                    "leave one."
                )
            seen[legacy] = line
            yield line, legacy, word, "".join(row[2:]).strip()
    if not seen:
        raise BadAddition("it has no code: write one a line, or remove the file.")


def _as_csv_has_them(text: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its last line."""
    # Not strict, a quotation mark without its partner would take the rows below it into a note.
    reader = csv.reader(text, strict=True)
    begins = 1
    try:
        for row in reader:
            yield reader.line_num, row
            begins = reader.line_num + 1
    except csv.Error:
        raise BadAddition(
            f"the row that begins in line {begins} cannot be read: look at its quotation marks."
        ) from None


def _value(*, dialect: Dialect, place: tuple[str, ...], word: str, line: int) -> CodeValue:
    """Return what Kraken gets: nothing for a blank word, and true or false where the field is a flag."""
    if not word:
        return None
    # First as a flag, since a field that is one would take the word as well, and Kraken would not.
    if word in _FLAGS and takes(model=dialect.model, place=place, value=_FLAGS[word]):
        return _FLAGS[word]
    _check(dialect=dialect, place=place, value=word, line=line)
    return word


def _check(*, dialect: Dialect, place: tuple[str, ...], value: str, line: int) -> None:
    if not takes(model=dialect.model, place=place, value=value):
        raise BadAddition(
            f"line {line} makes {shown_value(value=value)} of a code, which {'.'.join(place)} cannot be: "
            "write the word as Kraken has it."
        )


def _check_any(*, legacy: str, word: str, line: int, is_blank_right: bool = True) -> None:
    if not (word or is_blank_right) or (legacy == ANY_CODE) != (word == ANY_CODE):
        raise BadAddition(
            f"line {line} says neither Kraken's word for a code, nor * for *, which sends each other code as "
            "it is."
        )


def _place(*, dialect: Dialect, frame: Frame, column: Column) -> tuple[str, ...]:
    frames = {each.name: each for each in dialect.frames}
    above: tuple[str, ...] = ()
    while frame.parent:
        above = (*frame.target.split("."), *above)
        frame = frames[frame.parent]
    return (*above, *column.place)
