"""Makes a client's dialect of another one, without a copy: what is not named here is the parent's.

Its SQL is looked for in `sql/extract/<its name>/` and then in the parent's folder, file by file, and so it is
in the other parts of `sql/`. Several clients of one dialect live side by side, each under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from transforms.additions import check_places
from transforms.answers import Answers
from transforms.dialect import CodeValue, Column, Dialect, Frame
from transforms.models.base import Payload
from transforms.rules.engine import Circumstances, Rule


class UnableToExtend(Exception):
    """What a dialect changes of its parent is not there, or is the same. One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a dialect has otherwise than its parent; what is left out stays."""

    title: str | None = None
    default_import_supplier: str | None = None
    columns: Mapping[str, Sequence[Column]] | None = None
    """By frame: a column of a name that the frame has takes its place, any other is added to it."""
    frames: Sequence[Frame] = ()
    """Further lists of the payload, parents first, each with a file of its name."""
    codes: Mapping[str, Mapping[str, CodeValue]] | None = None
    """Code maps by `<frame>.<column>`, in place of the parent's."""
    default_values: Mapping[str, Mapping[str, str]] | None = None
    """Kraken's word for each legacy code by setting, where the Connection says nothing."""
    model: type[Payload] | None = None
    """A subclass of the parent's, with the fields that the parent's lacks."""
    rules: Callable[[Circumstances], tuple[Rule, ...]] | None = None
    """All the rules. Those of the parent are `parent.rules(given)`."""
    answers: Answers | None = None


def extend(parent: Dialect, /, *, name: str, changes: Changes | None = None) -> Dialect:
    """Return a dialect of this name with the parent's form and SQL, but for the changes.

    Raises `UnableToExtend`, and `BadAddition` for a column whose field the model does not have, and for
    a word that its field cannot be.
    """
    if name == parent.name:
        raise UnableToExtend(f"A dialect that extends {name} needs a name of its own: give it another.")
    said = changes or Changes()
    frames = {frame.name: frame for frame in parent.frames}
    for frame, columns in (said.columns or {}).items():
        frames[frame] = _with_columns(frame=_frame(frames=frames, name=frame), columns=columns)
    for place, codes in (said.codes or {}).items():
        frame, _, column = place.partition(".")
        frames[frame] = _with_codes(frame=_frame(frames=frames, name=frame), column=column, codes=codes)
    for added in said.frames:
        if added.name in frames:
            raise UnableToExtend(f"{parent.name} has a frame {added.name}: name its columns under columns.")
        frames[added.name] = added
    found = replace(
        parent,
        name=name,
        parent=parent.name,
        frames=tuple(frames.values()),
        title=said.title or parent.title,
        default_import_supplier=said.default_import_supplier or parent.default_import_supplier,
        default_values={**parent.default_values, **(said.default_values or {})},
        model=said.model or parent.model,
        rules=said.rules or parent.rules,
        answers=said.answers or parent.answers,
    )
    coded = {place.partition(".")[0] for place in said.codes or {}}
    changed = {*(said.columns or {}), *coded, *(each.name for each in said.frames)}
    check_places(dialect=found, names=sorted(changed))
    return found


def with_changes_of(*, dialect: Dialect, own: Dialect, parent: Dialect) -> Dialect:
    """Return the dialect with the columns and words that `own` has otherwise than `parent`.

    `dialect` is `own` with the files that count for `parent`: what is nearer to the client wins.
    """
    theirs = {(frame.name, column.name): column for frame in parent.frames for column in frame.columns}
    changed = {
        (frame.name, column.name): column
        for frame in own.frames
        for column in frame.columns
        if theirs.get((frame.name, column.name)) != column
    }
    words = {
        setting: found
        for setting, found in own.default_values.items()
        if found != parent.default_values.get(setting)
    }
    return replace(
        dialect,
        frames=tuple(
            frame.having(*(changed.get((frame.name, column.name), column) for column in frame.columns))
            for frame in dialect.frames
        ),
        default_values={**dialect.default_values, **words},
    )


def _frame(*, frames: Mapping[str, Frame], name: str) -> Frame:
    if name not in frames:
        raise UnableToExtend(f"There is no frame {name!r} to change: the frames are {', '.join(frames)}.")
    return frames[name]


def _with_columns(*, frame: Frame, columns: Sequence[Column]) -> Frame:
    said = {column.name: column for column in columns}
    kept = tuple(said.pop(column.name, column) for column in frame.columns)
    return replace(frame, columns=(*kept, *said.values()))


def _with_codes(*, frame: Frame, column: str, codes: Mapping[str, CodeValue]) -> Frame:
    coded = [each.name for each in frame.columns if each.kind in ("code", "codes")]
    if column not in coded:
        raise UnableToExtend(
            f"Frame {frame.name} has no column {column!r} with codes: those that have are {', '.join(coded)}."
        )
    return replace(
        frame,
        columns=tuple(replace(each, codes=codes) if each.name == column else each for each in frame.columns),
    )
