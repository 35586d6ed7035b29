"""Columns and frames that an adopter adds to a dialect, from a file beside the adopter's own SQL.

`sql/extract/<dialect>/columns.toml` names them by frame. A column of a name that the frame has takes its
place, codes and all; any other is added to it, and fills whatever field of the model it names. A frame that
the dialect does not have says where its rows go.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from pydantic import BaseModel

from transforms.dialect import Column, Dialect, Frame
from transforms.models.places import has_place, list_at, takes
from transforms.wording import meant

FILE: Final = "columns.toml"
# Other types of booking are not for a single client to change.
_COLUMN: Final = {
    each.name: get_type_hints(Column)[each.name] for each in fields(Column) if each.name != "fits"
}
_TO_BE_SAID: Final = {"sign": "kept", "is_last_day": False}
"""Options that change what is sent, with their defaults: a column that replaces another must state them."""
_FRAME: Final = {"parent": str, "target": str, "key": str, "required": bool, "send_empty": bool}
_PLACE: Final = ("parent", "target", "key")


class BadAddition(Exception):
    """An adopter's file asks for something impossible. One sentence that names the file."""


def with_additions(*, dialect: Dialect, file: Path, whose: str = "") -> Dialect:
    """Return the dialect with the file's additions; without a file, the same. Raises `BadAddition`.

    `whose` names the dialect that the file is for, where that is one which this dialect extends.
    """
    if not file.is_file():
        return dialect
    where = f"sql/extract/{whose or dialect.name}/{file.name}"
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        frames = {frame.name: frame for frame in dialect.frames}
        for name, said in told.items():
            known = frames.get(name)
            frames[name] = (
                _new_frame(name=name, said=said, frames=frames)
                if known is None
                else _more(frame=known, said=said)
            )
        more = replace(dialect, frames=tuple(frames.values()))
        check_places(dialect=more, names=list(told))
        return more
    except tomllib.TOMLDecodeError as error:
        raise BadAddition(f"{where} is not valid TOML: {error}.") from None
    except RecursionError:
        raise BadAddition(f"{where} is nested too deeply: write it flat.") from None
    except UnicodeDecodeError:
        raise BadAddition(f"{where} is not in UTF-8: save it so.") from None
    except (ValueError, BadAddition) as error:
        raise BadAddition(f"{where}: {error}") from None


def _more(*, frame: Frame, said: Any) -> Frame:
    """A frame of the dialect with the columns that are said of it."""
    _check(options=said, known={"columns": dict}, what=f"Frame {frame.name} of the dialect")
    added = {column.name: column for column in _columns(frame=frame.name, said=said)}
    for column in frame.columns:
        _check_replaced(frame=frame.name, column=column, said=said["columns"].get(column.name))
    kept = tuple(added.pop(column.name, column) for column in frame.columns)
    return replace(frame, columns=(*kept, *added.values()))


def _check_replaced(*, frame: str, column: Column, said: Mapping[str, Any] | None) -> None:
    """Refuse a column that would replace another and omit its sign or its last day."""
    for option, default in _TO_BE_SAID.items():
        kept = getattr(column, option)
        if said is not None and kept != default and option not in said:
            shown = "true" if kept is True else repr(kept)
            raise BadAddition(
                f"Column {column.name} of frame {frame} takes the place of one with {option} = {shown}: "
                f"say its {option}."
            )


def _new_frame(*, name: str, said: Any, frames: Mapping[str, Frame]) -> Frame:
    _check(options=said, known={**_FRAME, "columns": dict}, what=f"Frame {name}")
    missing = [option for option in _PLACE if option not in said]
    if missing:
        found = meant(name=name, among=frames)
        misspelt = f"; or is {found} meant?" if found else "."
        raise BadAddition(f"Frame {name} is new, and does not say its {' and '.join(missing)}{misspelt}")
    parent = frames.get(said["parent"])
    if parent is None:
        raise BadAddition(f"Frame {name} has the parent {said['parent']}: name one of {', '.join(frames)}.")
    return Frame(
        name=name,
        key=(*parent.key, said["key"]),
        parent=parent.name,
        target=said["target"],
        required=said.get("required", False),
        send_empty=said.get("send_empty", False),
        columns=_columns(frame=name, said=said),
    )


def _columns(*, frame: str, said: Mapping[str, Any]) -> tuple[Column, ...]:
    columns = said.get("columns") or {}
    if not columns:
        raise BadAddition(f"Frame {frame} has no columns: write [{frame}.columns.<name>] for each.")
    for name, options in columns.items():
        what = f"Column {name} of frame {frame}"
        _check(options=options, known=_COLUMN, what=what)
        missing = [option for option in ("kind", "meaning") if option not in options]
        if missing:
            raise BadAddition(f"{what} does not say its {' and '.join(missing)}.")
        if options["kind"] in ("code", "codes") and not options.get("codes"):
            raise BadAddition(f"{what} is of kind {options['kind']}, and has no codes.")
        if options["kind"] == "configured" and not options.get("setting"):
            raise BadAddition(f"{what} is of kind configured, and has no setting.")
    return tuple(Column(**{"name": name, **options}) for name, options in columns.items())


def _check(*, options: Any, known: Mapping[str, Any], what: str) -> None:
    """Refuse options that are not a table, an unknown option, and a value of another type."""
    if not isinstance(options, dict):
        raise BadAddition(f"{what} is not a table: write its options as name = value.")
    for name, value in options.items():
        if name not in known or name == "name":
            options_known = sorted(set(known) - {"name"})
            there = f"there {'is only' if len(options_known) == 1 else 'are'} {', '.join(options_known)}"
            raise BadAddition(f"{what} has the option {name}: {there}.")
        wanted = known[name]
        kind = wanted if wanted in (str, bool, int, dict) else _type_of(name=name, hint=wanted)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadAddition(f"{what} has {name} = {value!r}, which is not of type {kind.__name__}.")


def _type_of(*, name: str, hint: Any) -> type:
    """The type that TOML has for an option: a table for codes, a text for one of several words."""
    return dict if name == "codes" else type(get_args(hint)[0])


def check_places(*, dialect: Dialect, names: Collection[str]) -> None:
    """Refuse a column of these frames for a field that the model lacks: Kraken would silently drop it.

    Raises `BadAddition`.
    """
    targets: dict[str, tuple[str, ...]] = {}
    frames = {frame.name: frame for frame in dialect.frames}
    for frame in frames.values():
        above = targets.get(frame.parent, ())
        targets[frame.name] = (*above, *frame.target.split(".")) if frame.parent else ()
    for name in names:
        for column in frames[name].columns:
            place = (*targets[name], *column.place)
            if column.kind == "unsent":
                continue
            if not has_place(model=dialect.model, place=place):
                raise BadAddition(
                    f"Column {column.name} of frame {name} fills {'.'.join(place)}, which the model of "
                    f"{dialect.name} does not have: look up its name on the mapping page, which "
                    "`python -m kraken_import.reporting` writes."
                )
            _check_no_list(model=dialect.model, frame=name, column=column, above=targets[name])
            _check_codes(model=dialect.model, frame=name, column=column, place=place)


def _check_codes(*, model: type[BaseModel], frame: str, column: Column, place: tuple[str, ...]) -> None:
    """Refuse a code that would become what the field cannot be: each customer with it would be refused."""
    for code, value in (column.codes or {}).items():
        if value is not None and not takes(model=model, place=place, value=value):
            raise BadAddition(
                f"Column {column.name} of frame {frame} makes {value!r} of code {code!r}, which "
                f"{'.'.join(place)} cannot be: write the word as Kraken has it."
            )


def _check_no_list(*, model: type[BaseModel], frame: str, column: Column, above: tuple[str, ...]) -> None:
    """Refuse a column for a field of a list's objects: each of them needs its own row."""
    for end in range(1, len(column.place)):
        inside = column.place[:end]
        if list_at(model=model, place=(*above, *inside)):
            raise BadAddition(
                f"Column {column.name} of frame {frame} fills {'.'.join(column.place)}, but "
                f"{'.'.join(inside)} is a list: make a frame of it, with target = {'.'.join(inside)!r}."
            )
