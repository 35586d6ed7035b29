"""What the rows of a frame lack: keys, and values that cannot become what their columns are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from kraken_import.usecases.legacy_check.maps import mapped, place_of
from kraken_import.usecases.legacy_check.misfits import Grade, Misfit, graded, listed, misfit
from kraken_import.usecases.legacy_check.statements import Statement
from kraken_import.usecases.legacy_check.unused import CodesSeen
from transforms.build import BuildSettings
from transforms.clean import FloatInFrame, NoTextInFrame, Problem, clean_column
from transforms.database import shown, stripped
from transforms.dialect import Column, Dialect, Frame
from transforms.frame_rows import FrameRows, counted
from transforms.models.places import closed_list
from transforms.reading import Rows
from transforms.triage import MOST_CODES
from transforms.wording import are_words, looks_like_code, unlisted_value

_QUOTING: Final = ("unknown_code", "unlisted_value")
"""Problems whose sentences hold a value."""

Key = tuple[Any, ...]


@dataclass(slots=True, kw_only=True)
class RowsChecked:
    """The rows of a dialect's frames so far: their keys by frame, their counts, and what is wrong."""

    dialect: Dialect
    customers: frozenset[str]
    settings: BuildSettings
    of_wrong_type: frozenset[tuple[str, str]] = frozenset()
    """Files and columns of which no value can be right: that has been said."""
    keys: dict[str, frozenset[Key]] = field(default_factory=dict)
    counts: list[FrameRows] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    codes: CodesSeen = field(init=False)

    def __post_init__(self) -> None:
        self.codes = CodesSeen(dialect=self.dialect)

    def add(self, *, statement: Statement, rows: Rows) -> None:
        """Look at the rows of a frame, whose parent's have been looked at."""
        frame = statement.frame
        if frame is None:
            return
        columns = {name: [row[at] for row in rows.rows] for at, name in enumerate(rows.names)}
        if set(frame.key) <= columns.keys():
            self._keys(statement=statement, frame=frame, columns=columns)
        values = {**self.dialect.default_values, **self.settings.values}
        for column in frame.columns:
            if (shown(statement.file), column.name) in self.of_wrong_type:
                continue
            self.codes.add(frame=frame, column=column, values=columns.get(column.name, ()))
            if column.name in columns and (not column.decimals or column.decimals in columns):
                self.misfits += _values(
                    statement=statement,
                    column=mapped(column=column, values=values),
                    columns=columns,
                    given=self,
                )

    def _keys(self, *, statement: Statement, frame: Frame, columns: Mapping[str, Sequence[Any]]) -> None:
        keys: list[Key] = list(
            zip(*([stripped(each) for each in columns[name]] for name in frame.key), strict=True)
        )
        if any((shown(statement.file), name) in self.of_wrong_type for name in frame.key):
            return
        if frame.parent and frame.parent not in self.keys:
            return
        self.keys[frame.name] = frozenset(keys)
        depth = len(frame.key) - 1
        parents = self.keys.get(frame.parent, frozenset())
        self.counts.append(
            counted(
                frame=frame.name,
                parents=len(parents) if depth else len(self.customers),
                owners=[key[:depth] for key in keys if key[:depth] in parents] if depth else keys,
                rows=len(keys),
            )
        )
        self.misfits += self._of_keys(statement=statement, frame=frame, keys=keys)
        self.misfits += self._childless(statement=statement, frame=frame, keys=keys)
        if not depth and (missing := len(self.customers - {key[0] for key in keys})):
            self.misfits.append(
                misfit(
                    code="missing_customer",
                    file=statement.file,
                    column=frame.key[0],
                    says=f"delivers no row for {missing:,} of the {len(self.customers):,} customers that "
                    "candidates.sql selects: make both look at the same customers",
                )
            )

    def _childless(self, *, statement: Statement, frame: Frame, keys: Sequence[Key]) -> Iterator[Misfit]:
        """Yield how many rows of the parent lack what each of them needs. Of a frame without rows all do."""
        depth = len(frame.key) - 1
        parents = self.keys.get(frame.parent, frozenset())
        missing = parents - {key[:depth] for key in keys}
        if keys and missing and (frame.required or frame.expected):
            severity: Grade = "error" if frame.required else "warning"
            yield misfit(
                code="missing_child",
                file=statement.file,
                severity=graded(severity=severity, rows=len(missing), among=len(parents)),
                says=f"delivers no row for {len(missing):,} of the {len(parents):,} rows of frame "
                f"{frame.parent}, each of which needs one: look whether a join loses them",
            )

    def _of_keys(self, *, statement: Statement, frame: Frame, keys: Sequence[Key]) -> Iterator[Misfit]:
        """Yield what is wrong with keys, each with the number of rows."""
        depth = len(frame.key) - 1
        parents = self.keys.get(frame.parent) if depth else None
        found = Counter[tuple[str, str, str]]()
        for key in keys:
            if empty := [name for name, part in zip(frame.key, key, strict=True) if part in (None, "")]:
                found[
                    "empty_key", empty[0], f"have no {empty[0]}, which is of their key: leave them out"
                ] += 1
            elif key[0] not in self.customers and isinstance(key[0], str):
                found[
                    "stranger",
                    frame.key[0],
                    "are of customers that it was not asked for: select by :identifiers",
                ] += 1
            elif parents is not None and key[:depth] not in parents:
                orphans = f"belong to no row of frame {frame.parent}: select the same parents there"
                found["orphan", frame.key[-1], orphans] += 1
        if twice := sum(times - 1 for times in Counter(keys).values() if times > 1):
            repeated = f"repeat the key {', '.join(frame.key)} of another: join so that each comes once"
            found["repeated_key", frame.key[-1], repeated] += twice
        few = partial(_of_few, among=len(keys))
        for (code, column, says), rows in found.items():
            yield misfit(
                code=code,
                file=statement.file,
                column=column,
                severity="error" if code == "stranger" or column == frame.key[0] else few(rows),
                says=f"delivers rows ({rows:,} of {len(keys):,}) that {says}",
            )


def _values(
    *, statement: Statement, column: Column, columns: Mapping[str, Sequence[Any]], given: RowsChecked
) -> Iterator[Misfit]:
    """Yield what is wrong with the values of a column, each with the number of rows."""
    settings, dialect = given.settings, given.dialect
    raw = columns[column.name]
    try:
        cleaned, problems = clean_column(
            column=column,
            values=raw,
            decimals=columns[column.decimals] if column.decimals else None,
            zone=ZoneInfo(settings.zone or dialect.zone),
            today=settings.today,
        )
    except (FloatInFrame, NoTextInFrame) as error:
        yield misfit(
            code="wrong_type", file=statement.file, column=column.name, says=f"column {column.name}: {error}"
        )
        return
    frame = statement.frame
    assert frame is not None
    words = closed_list(model=dialect.model, place=place_of(dialect=dialect, frame=frame, column=column))
    if words is not None and column.kind not in ("codes", "texts"):
        problems |= {
            row: _unlisted(column=column, value=value)
            for row, value in enumerate(cleaned)
            if isinstance(value, str) and value not in words and row not in problems
        }
    # What is sent instead differs from row to row.
    rows = Counter(replace(problem, value=None) for problem in problems.values())
    shows = _shows_codes(values=raw, problems=problems)
    hidden = [problem for problem in rows if problem.code in _QUOTING and not shows]
    for problem, times in rows.items():
        if problem not in hidden:
            yield misfit(
                code=problem.code,
                file=statement.file,
                column=column.name,
                severity=problem.severity
                if problem.code == "unmapped_code"
                else graded(severity=problem.severity, rows=times, among=len(raw)),
                says=f"({times:,} of {len(raw):,} rows): {problem.detail.removesuffix('.')}"
                + (_distinct(values=raw) if problem.code == "unmapped_code" and shows else ""),
            )
    if hidden:
        yield _no_codes(statement=statement, column=column, number=len(hidden))


def _distinct(*, values: Sequence[Any]) -> str:
    """Return the codes of a column, the most frequent first."""
    codes = Counter(str(value).strip() for value in values if value is not None)
    return (
        f"; the codes are {listed(names=[code for code, _ in codes.most_common() if code], most=MOST_CODES)}"
    )


def _unlisted(*, column: Column, value: str) -> Problem:
    return Problem(
        code="unlisted_value",
        detail=f"Column {column.name} holds {unlisted_value(text=value)}, which the model's closed list does "
        "not have: deliver one of its words.",
    )


def _shows_codes(*, values: Sequence[Any], problems: Mapping[int, Problem]) -> bool:
    """Whether what a column holds looks like codes, which are no person's: few, short, and mostly known."""
    texts = [str(value).strip() for value in values if value not in (None, "")]
    odd = {str(values[row]).strip() for row in problems if values[row] not in (None, "")}
    known_codes = {*texts} - odd
    looks = all(looks_like_code(text=text) for text in odd) and not are_words(values=odd, known=known_codes)
    few = len(odd) <= MOST_CODES
    known = len(problems) * 2 <= len(texts) or len(set(texts)) * 5 <= len(texts)
    return looks and few and known


def _no_codes(*, statement: Statement, column: Column, number: int) -> Misfit:
    return misfit(
        code="unknown_code",
        file=statement.file,
        column=column.name,
        says=f"delivers in column {column.name} {number:,} different values that are none of its codes and "
        "may be personal: make sure that it is the right column",
    )


def _of_few(rows: int, *, among: int) -> Grade:
    return graded(severity="error", rows=rows, among=among)
