"""Runs the SQL of a batch in one snapshot, so that a value that cannot be read costs one customer only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, TextClause
from sqlalchemy.exc import SQLAlchemyError

from transforms.arrays import ArrayLiteral, text_array
from transforms.database import Fault, Kind, fault_of, place_in, refusal, shown, statement_in
from transforms.findings import Finding

UNREADABLE: Final = "unreadable"
"""Code of the finding about a customer whose values the SQL could not convert."""

_PARAMETERS: Final = frozenset({"identifiers"})

_BEGIN: Final = """SET LOCAL random_page_cost = 1.1;
SET LOCAL enable_mergejoin = off;
SAVEPOINT batch;
SELECT transaction_timestamp()"""
"""A batch is a small part of all customers. At the usual cost of a page, which is that of turning disks,
Postgres reads whole tables of a hundred thousand customers for each batch, several times over. And a merge
join walks through all accounts to those of the batch, wherever the table it meets is small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a statement."""

    names: list[str]
    rows: Sequence[Row[Any]]


class _Unreadable(Exception):
    """Some customer's values do not fit the statement."""

    def __init__(self, *, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(slots=True, kw_only=True)
class BatchReader:
    """Reads the customers of a batch; `unreadable` collects those whom later statements leave out."""

    connection: Connection
    identifiers: Sequence[str]
    raises: type[Exception]
    unreadable: dict[str, Finding] = field(default_factory=dict)
    _sent: tuple[Sequence[str], ArrayLiteral] | None = None
    """The customers of the last statement, and what was sent for them."""

    def begin(self) -> Any:
        """Take the snapshot. Returns its time."""
        # One statement for all: what fails later is undone to the savepoint, and the snapshot stays.
        return self.connection.exec_driver_sql(_BEGIN).scalar_one()

    def read(self, *, file: Path, path: str) -> Rows:
        """Return the rows of all readable customers. `path` is the place of the rows in findings.

        Raises `raises` and `DatabaseInterrupted`.
        """
        statement = statement_in(file, parameters=_PARAMETERS)
        asked = self._readable()
        try:
            return self._run(statement=statement, file=file, identifiers=asked)
        except _Unreadable as unreadable:
            fault = unreadable.fault
        try:
            nothing = self._run(statement=statement, file=file, identifiers=[])
        except _Unreadable:
            sentence = fault.sentence(place=place_in(file)).removesuffix(".")
            raise self.raises(f"{sentence}; it fails whichever customers are asked for.") from None
        return self._halved(statement=statement, file=file, path=path, asked=asked, nothing=nothing)

    def refuse(self, *, identifier: str, file: Path, path: str, reason: str) -> None:
        """Leave a customer out because of the values in its rows of a file."""
        self.unreadable[identifier] = Finding(code=UNREADABLE, path=path, detail=f"{shown(file)} {reason}.")

    def _readable(self) -> Sequence[str]:
        """Return the customers that could be read so far: mostly all."""
        if not self.unreadable:
            return self.identifiers
        return [each for each in self.identifiers if each not in self.unreadable]

    def _halved(
        self, *, statement: TextClause, file: Path, path: str, asked: Sequence[str], nothing: Rows
    ) -> Rows:
        """Halve the batch until each part either can be read or is one customer that cannot."""
        rows: list[Row[Any]] = []
        parts = [asked]
        while parts:
            part = parts.pop()
            try:
                rows += self._run(statement=statement, file=file, identifiers=part).rows
            except _Unreadable as unreadable:
                if len(part) > 1:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                    continue
                sentence = unreadable.fault.sentence(place=place_in(file))
                self.unreadable[part[0]] = Finding(code=UNREADABLE, path=path, detail=sentence)
        return Rows(names=nothing.names, rows=rows)

    def _run(self, *, statement: TextClause, file: Path, identifiers: Sequence[str]) -> Rows:
        if self._sent is None or self._sent[0] != identifiers:
            self._sent = (identifiers, text_array(texts=identifiers))
        try:
            result = self.connection.execute(statement, {"identifiers": self._sent[1]})
            return Rows(names=list(result.keys()), rows=result.fetchall())
        except (SQLAlchemyError, ValueError, RecursionError) as error:
            fault = fault_of(error=error)
            if fault.kind is not Kind.DATA:
                raise refusal(error=error, place=place_in(file), raises=self.raises) from None
        self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT batch")
        raise _Unreadable(fault=fault)
