"""The statements that a dialect reads, and what must be true of each file before any database is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import text

from kraken_import.usecases.cutover import CHANGE_COLUMNS, CHANGE_PARAMETERS
from kraken_import.usecases.legacy_check.misfits import Misfit, listed, misfit
from transforms.database import UnableToQuery, read_sql, shown
from transforms.dialect import Dialect, Frame
from transforms.extract import BALANCE, balances_sql, frame_sql
from transforms.paging import PAGING
from transforms.registry import sql_file, sql_folders
from transforms.selection import candidates_sql
from transforms.tracing import UnableToTrace, trace
from transforms.wording import meant

_CUSTOMERS: Final = frozenset({"identifiers"})
PLANNED: Final = ("external_identifier", "stratum", "exclusion")
_WRITEBACK: Final = "legacy_writeback"
_WRITING: Final = ("hold", "release")
_HARMLESS: Final = ("no_order",)
"""What does not keep a statement from being looked at further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A file with one SELECT, its parameters, and the columns that it must deliver."""

    name: str
    file: Path
    parameters: frozenset[str] = _CUSTOMERS
    columns: tuple[str, ...] = ()
    frame: Frame | None = None
    """Of whose rows it is; such a statement delivers its columns and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the files of a dialect are: those that can be run, by name, and what is wrong with any."""

    statements: Mapping[str, Statement]
    misfits: Sequence[Misfit]
    traced: Mapping[str, Sequence[str]]
    """The columns that statements deliver as their text has it, by name."""


def check_files(*, dialect: Dialect) -> Files:
    """Look at every file of a dialect's SQL, without a database."""
    misfits = [*_unknown_files(dialect=dialect), *_of_writeback(dialect=dialect)]
    statements: dict[str, Statement] = {}
    traced: dict[str, Sequence[str]] = {}
    for find in _statements(dialect=dialect):
        try:
            statement = find()
            found = list(_faults(statement=statement, sql=read_sql(statement.file)))
        except UnableToQuery as problem:
            misfits.append(_unreadable(problem=problem))
            continue
        misfits += found
        if any(each.code not in _HARMLESS for each in found):
            continue
        statements[statement.name] = statement
        if statement.frame is None:
            continue
        try:
            traced[statement.name] = list(trace(sql=statement.file))
        except UnableToTrace as problem:
            misfits.append(_untraceable(statement=statement, problem=problem))
    return Files(statements=statements, misfits=misfits, traced=traced)


def column_misfits(*, statement: Statement, delivered: Sequence[str]) -> Iterator[Misfit]:
    """Yield what is wrong with the names of the columns that a statement delivers."""
    missing = [name for name in statement.columns if name not in delivered]
    unknown = [name for name in dict.fromkeys(delivered) if name not in statement.columns]
    say = partial(misfit, file=statement.file)
    for name in missing:
        instead = meant(name=name, among=unknown)
        if instead:
            unknown.remove(instead)
        hint = f"add it, or rename {instead}, which may be meant" if instead else "add it"
        yield say(code="missing_column", column=name, says=f"does not deliver column {name}: {hint}")
    if statement.frame is not None:
        for name in unknown:
            yield say(
                code="unknown_column",
                column=name,
                says=f"delivers column {name}, which nothing reads: declare it in columns.toml, or remove it",
            )
    for name, times in Counter(delivered).items():
        if times > 1:
            yield say(
                code="repeated_column",
                column=name,
                says=f"delivers column {name} {times} times: keep one of them",
            )


def _statements(*, dialect: Dialect) -> Iterator[Callable[[], Statement]]:
    """Yield what finds each statement, or raises `UnableToQuery`."""
    name = dialect.name
    for frame in dialect.frames:
        yield partial(_of_frame, dialect=name, frame=frame)
    yield lambda: Statement(
        name="candidates", file=frame_sql(dialect=name, name="candidates"), parameters=PAGING
    )
    yield lambda: Statement(name="existing", file=frame_sql(dialect=name, name="existing"))
    if dialect.money:
        yield lambda: Statement(name="balances", file=balances_sql(dialect=name), columns=BALANCE)
    yield lambda: Statement(
        name="planned", file=candidates_sql(dialect=name), parameters=frozenset(), columns=PLANNED
    )
    if changes := sql_file(part="cutover", dialect=name, name="changes"):
        yield lambda: Statement(
            name="changes", file=changes, parameters=CHANGE_PARAMETERS, columns=CHANGE_COLUMNS
        )


def _of_frame(*, dialect: str, frame: Frame) -> Statement:
    return Statement(
        name=frame.name,
        file=frame_sql(dialect=dialect, name=frame.name),
        columns=frame.column_names,
        frame=frame,
    )


def _unknown_files(*, dialect: Dialect) -> Iterator[Misfit]:
    """Yield the SQL files of a dialect that nothing reads: misspelt, they leave the shared one in force."""
    extracted = {"candidates", "existing", *(frame.name for frame in dialect.frames)}
    read = {"extract": extracted, "reconcile": {"balances"}, "cutover": {"changes"}, _WRITEBACK: {*_WRITING}}
    for part, known in read.items():
        folders = (each for each in sql_folders(part=part, dialect=dialect.name) if each.name == dialect.name)
        for file in (file for folder in folders for file in sorted(folder.glob("*.sql"))):
            if file.stem not in known:
                instead = meant(name=file.stem, among=known)
                yield misfit(
                    code="unknown_file",
                    file=file,
                    says="is read by nothing: "
                    + (f"{instead}.sql may be meant, so rename it" if instead else "remove it"),
                )


def _of_writeback(*, dialect: Dialect) -> Iterator[Misfit]:
    """Yield what is wrong with the text of the statements that write, which are never run here."""
    # A wave holds customers as soon as one of the folders is there.
    if not any(folder.is_dir() for folder in sql_folders(part=_WRITEBACK, dialect=dialect.name)):
        return
    for name in _WRITING:
        file = sql_file(part=_WRITEBACK, dialect=dialect.name, name=name)
        if file is None:
            place = f"sql/{_WRITEBACK}/{dialect.name}/{name}.sql"
            yield Misfit(code="missing_file", sentence=f"{place} is missing: write it.", file=place)
            continue
        try:
            yield from _faults(statement=Statement(name=name, file=file), sql=read_sql(file))
        except UnableToQuery as problem:
            yield _unreadable(problem=problem)


def _faults(*, statement: Statement, sql: str) -> Iterator[Misfit]:
    """Yield what is wrong with the text of a statement."""
    say = partial(misfit, file=statement.file)
    if not re.sub(r"--[^\n]*|/\*.*?\*/", "", sql, flags=re.DOTALL).strip(" \n\t;"):
        yield say(code="empty", says="is empty: it must be one SELECT")
        return
    named = text(sql).compile().params
    given = " and ".join(f":{name}" for name in sorted(statement.parameters))
    for name in sorted(set(named) - statement.parameters):
        lines = [number for number, line in enumerate(sql.splitlines(), start=1) if f":{name}" in line]
        yield misfit(
            code="unknown_parameter",
            file=statement.file,
            says=f"names :{name} in line {listed(names=[str(each) for each in lines])}, which is not one of "
            f"its parameters: {f'name {given}' if given else 'it has none'}, and write \\: for a colon",
        )
    for name in sorted(statement.parameters - set(named)):
        paged = statement.parameters is PAGING
        yield say(
            code="unread_parameter",
            says=f"does not look at :{name}: "
            + ("it could not be read page by page" if paged else f"it must select by :{name}"),
        )
    if statement.parameters is PAGING and "order by" not in " ".join(sql.lower().split()):
        yield say(code="no_order", says="has no ORDER BY: it must order by external_identifier")


def _unreadable(*, problem: UnableToQuery) -> Misfit:
    sentence = str(problem)
    is_missing = "is missing" in sentence
    return Misfit(
        code="missing_file" if is_missing else "not_utf_8",
        sentence=sentence,
        file=re.split(r",? (?:line|is) ", sentence)[0],
    )


def _untraceable(*, statement: Statement, problem: UnableToTrace) -> Misfit:
    said = str(problem).removeprefix(statement.file.name).removeprefix(shown(statement.file))
    return Misfit(
        code="untraceable",
        sentence=f"{shown(statement.file)} cannot be traced to legacy columns, which findings and the "
        f"mapping page then lack{said if said.startswith(':') else ': ' + said.strip()}",
        file=shown(statement.file),
        severity="warning",
    )
