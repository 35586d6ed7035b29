"""Looks at a client's SQL and legacy database as a whole: a broken statement hides nothing of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import SQLAlchemyError

from kraken_import.usecases.legacy_check.catalog import Catalogue, look_up
from kraken_import.usecases.legacy_check.changes import change_misfits
from kraken_import.usecases.legacy_check.column_types import Delivered, type_misfits
from kraken_import.usecases.legacy_check.constants import CONSTANT_KEY, constant_misfits
from kraken_import.usecases.legacy_check.customers import (
    Customers,
    existing_misfits,
    first_customers,
    order_misfits,
    planned_customers,
    planned_misfits,
    rule_misfits,
)
from kraken_import.usecases.legacy_check.maps import map_misfits
from kraken_import.usecases.legacy_check.misfits import Grade, Misfit, graded, in_order
from kraken_import.usecases.legacy_check.money import balance_misfits
from kraken_import.usecases.legacy_check.plans import FEW, plan_misfits
from kraken_import.usecases.legacy_check.statements import Files, Statement, check_files, column_misfits
from kraken_import.usecases.legacy_check.unwritten import unwritten, unwritten_misfits
from kraken_import.usecases.legacy_check.values import RowsChecked
from transforms.build import BuildSettings
from transforms.database import (
    Kind,
    UnableToQuery,
    fault_of,
    place_in,
    read_sql,
    refusal,
    sentences,
    shown,
    statement_in,
)
from transforms.dialect import Dialect
from transforms.extract import UnableToExtract, frame_path
from transforms.frame_changes import FrameLine, judge
from transforms.frame_changes import sentences as frame_sentences
from transforms.reading import BatchReader, Rows

DEFAULT_CUSTOMERS: Final = 5_000
_BATCH: Final = 1_000
_SECONDS: Final = 120
"""How long a statement may take where the database itself sets no limit."""
_EXPLAINED: Final = {"42P01": "no_table", "42501": "right", "42703": "no_column"}
"""What the catalogue tells better, and of all names at once, than the first error of a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyCheck:
    """What was looked at, and what is wrong: errors, warnings, and then notes."""

    dialect: str
    customers: int
    statements: int
    frames: Sequence[FrameLine]
    misfits: Sequence[Misfit]

    def number(self, *, severity: Grade) -> int:
        """How many of the misfits are errors, warnings or notes."""
        return sum(each.severity == severity for each in self.misfits)

    @property
    def is_clean(self) -> bool:
        """Whether nothing of the SQL and the database has to be mended."""
        return all(each.severity == "note" for each in self.misfits)


def check_legacy(
    *, engine: Engine, dialect: Dialect, settings: BuildSettings, limit: int = DEFAULT_CUSTOMERS
) -> LegacyCheck:
    """Run every statement of a dialect, with the first `limit` customers, and tell all that does not fit.

    Nothing is written. Raises `DatabaseInterrupted` when the same check is worth another try.
    """
    files = check_files(dialect=dialect)
    looked = _Check(engine=engine, dialect=dialect, settings=settings, files=files, misfits=[*files.misfits])
    looked.misfits += map_misfits(dialect=dialect, values={**dialect.default_values, **settings.values})
    with _snapshot(engine=engine) as connection:
        looked.run(connection=connection, limit=limit)
    return LegacyCheck(
        dialect=dialect.name,
        customers=len(looked.customers.identifiers),
        statements=len(files.statements),
        frames=looked.lines,
        misfits=in_order(misfits=looked.misfits),
    )


@contextmanager
def _snapshot(*, engine: Engine) -> Iterator[Connection]:
    with (
        sentences(place=lambda _: "Reading the legacy database"),
        engine.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql(
            "SELECT set_config('statement_timeout', %s, true) "
            "WHERE current_setting('statement_timeout') = '0'",
            (f"{_SECONDS}s",),
        )
        yield connection


@dataclass(slots=True, kw_only=True)
class _Check:
    engine: Engine
    dialect: Dialect
    settings: BuildSettings
    files: Files
    misfits: list[Misfit] = field(default_factory=list)
    customers: Customers = field(default_factory=Customers)
    lines: Sequence[FrameLine] = ()

    def run(self, *, connection: Connection, limit: int) -> None:
        """Look at everything, each part after those that it rests on."""
        catalogue = look_up(connection=connection, statements=self.files.statements.values())
        self.misfits += catalogue.of_role
        left = unwritten(statements=self.files.statements, missing=catalogue.missing)
        self.misfits += unwritten_misfits(
            dialect=self.dialect.name,
            left=left.values(),
            statements=self.files.statements.values(),
            missing=catalogue.missing,
        )
        runnable = self._probed(connection=connection, catalogue=catalogue, left_out=left)
        self.misfits += type_misfits(connection=connection, delivered=runnable)
        usable = {name: statement for name, (statement, _) in runnable.items()}
        if "candidates" in usable:
            self._find_customers(connection=connection, usable=usable, limit=limit)
        if not self.customers.identifiers and "candidates" not in left:
            self.misfits.append(self._nothing_read(candidates=usable.get("candidates")))
        found = list(constant_misfits(dialect=self.dialect, files=self.files, with_begun=False))
        self._add_unless_told(misfits=[each for each in found if each.code == CONSTANT_KEY])
        self._read_rows(connection=connection, usable=usable)
        # The rows tell better what is NULL.
        self._add_unless_told(misfits=[each for each in found if each.code != CONSTANT_KEY])
        self._plan(connection=connection, usable=usable)
        if "planned" in usable:
            self.misfits += rule_misfits(engine=self.engine, dialect=self.dialect)

    def _probed(
        self, *, connection: Connection, catalogue: Catalogue, left_out: Collection[str]
    ) -> dict[str, tuple[Statement, list[Delivered]]]:
        """Run each statement for no customer. Returns those that run, and what they deliver."""
        found = {}
        for name, statement in self.files.statements.items():
            if name in left_out:
                continue
            delivered = _deliver(connection=connection, statement=statement)
            if isinstance(delivered, Misfit):
                better = catalogue.explanations.get(statement.file, ())
                self.misfits += better
                if delivered.code not in {each.code for each in better}:
                    self.misfits.append(delivered)
                names: Sequence[str] | None = self.files.traced.get(name)
            else:
                found[name] = (statement, delivered)
                names = [each.name for each in delivered]
            if names is not None:
                self.misfits += column_misfits(statement=statement, delivered=names)
        return found

    def _find_customers(self, *, connection: Connection, usable: Mapping[str, Statement], limit: int) -> None:
        """Find out whom to look at, and whether the statements about customers agree."""
        candidates = usable["candidates"]
        with self._told(connection=connection):
            self.customers = first_customers(connection=connection, statement=candidates, limit=limit)
            self.misfits += self.customers.misfits
        identifiers = self.customers.identifiers
        if not any(each.file == shown(candidates.file) for each in self.files.misfits):
            self.misfits += order_misfits(
                engine=self.engine, dialect=self.dialect, statement=candidates, number=len(identifiers)
            )
        if "existing" in usable:
            with self._told(connection=connection):
                self.misfits += existing_misfits(
                    connection=connection,
                    statement=usable["existing"],
                    customers=identifiers,
                    of=shown(candidates.file),
                )
        if "planned" in usable:
            with self._told(connection=connection):
                self.misfits += planned_misfits(
                    connection=connection,
                    statement=usable["planned"],
                    candidates=shown(candidates.file),
                    customers=identifiers,
                )
        if "changes" in usable and identifiers:
            with self._told(connection=connection):
                self.misfits += change_misfits(
                    connection=connection, statement=usable["changes"], customers=identifiers
                )
        if {"planned", "existing"} <= usable.keys():
            with self._told(connection=connection), suppress(UnableToQuery):
                self.misfits += existing_misfits(
                    connection=connection,
                    statement=usable["existing"],
                    customers=planned_customers(engine=self.engine, dialect=self.dialect, number=limit),
                    of=shown(usable["planned"].file),
                )

    @contextmanager
    def _told(self, *, connection: Connection) -> Iterator[None]:
        """Turn what a statement raises into a misfit, and leave the snapshot as it was."""
        try:
            with connection.begin_nested():
                yield
        except UnableToQuery as problem:
            self.misfits.append(Misfit(code="statement", sentence=str(problem)))

    def _nothing_read(self, *, candidates: Statement | None) -> Misfit:
        place = shown(frame_path(dialect=self.dialect.name, name="candidates"))
        is_faulty = candidates is None or any(each.file == place for each in self.misfits)
        why = (
            "cannot be used: mend it first" if is_faulty else "selects no customer: say there who may migrate"
        )
        return Misfit(
            code="no_customers",
            sentence=f"No row was looked at, since {place} {why}.",
            severity="warning" if is_faulty else "error",
        )

    def _read_rows(self, *, connection: Connection, usable: Mapping[str, Statement]) -> None:
        """Look at the rows of each frame, and at the balances, of all customers."""
        if not self.customers.identifiers:
            return
        checked = RowsChecked(
            dialect=self.dialect,
            customers=frozenset(self.customers.identifiers),
            settings=self.settings,
            of_wrong_type=frozenset(
                (each.file, each.column)
                for each in self.misfits
                if each.code in ("wrong_type", CONSTANT_KEY) and each.severity == "error"
            ),
        )
        for name, statement in usable.items():
            if statement.frame is None and name != "balances":
                continue
            rows = self._rows(connection=connection, statement=statement)
            if rows is None:
                continue
            if statement.frame is not None:
                checked.add(statement=statement, rows=rows)
            else:
                self.misfits += balance_misfits(statement=statement, rows=rows, customers=checked.customers)
        self.misfits += checked.misfits
        self.misfits += checked.codes.misfits()
        self.lines = judge(dialect=self.dialect, now=checked.counts)
        self.misfits += [
            Misfit(code="no_rows", sentence=sentence, severity="warning")
            for sentence in frame_sentences(lines=self.lines)
        ]

    def _add_unless_told(self, *, misfits: Sequence[Misfit]) -> None:
        """Add misfits of the text of the SQL about columns and files of which nothing has been said."""
        told = {(each.file, each.column) for each in self.misfits if each.file}
        broken = {each.file for each in self.misfits if each.severity == "error"}
        self.misfits += [
            each
            for each in misfits
            if (each.file, each.column) not in told and (each.severity != "error" or each.file not in broken)
        ]

    def _rows(self, *, connection: Connection, statement: Statement) -> Rows | None:
        """Return the rows of all customers that the statement can read; None where it cannot be run."""
        rows: list[Row[Any]] = []
        names: list[str] = []
        unreadable = Counter[str]()
        identifiers = self.customers.identifiers
        with self._told(connection=connection):
            for start in range(0, len(identifiers), _BATCH):
                reader = BatchReader(
                    connection=connection,
                    identifiers=identifiers[start : start + _BATCH],
                    raises=UnableToExtract,
                )
                reader.begin()
                found = reader.read(file=statement.file, path="")
                names = found.names
                rows += found.rows
                unreadable.update(finding.detail for finding in reader.unreadable.values())
        self.misfits += [
            Misfit(
                code="unreadable",
                sentence=f"{detail.removesuffix('.')}; of {len(identifiers):,} customers this is so for "
                f"{customers:,}.",
                file=shown(statement.file),
                severity=graded(severity="error", rows=customers, among=len(identifiers)),
            )
            for detail, customers in unreadable.items()
        ]
        return Rows(names=names, rows=rows) if names else None

    def _plan(self, *, connection: Connection, usable: Mapping[str, Statement]) -> None:
        """Ask how the database would read a few customers."""
        few = {"identifiers": list(self.customers.identifiers[:FEW])}
        values: dict[str, Mapping[str, Any]] = {
            name: few
            for name, statement in usable.items()
            if statement.frame is not None or name in ("balances", "existing")
        }
        if "candidates" in usable:
            values["candidates"] = {"after": self.customers.middle, "row_limit": FEW}
        if few["identifiers"]:
            self.misfits += plan_misfits(
                connection=connection,
                plans={name: (usable[name], given) for name, given in values.items()},
            )


def _deliver(*, connection: Connection, statement: Statement) -> list[Delivered] | Misfit:
    """Return the columns that a statement delivers, or why it cannot be run."""
    place = place_in(statement.file)
    if statement.parameters:
        clause = statement_in(statement.file, parameters=statement.parameters)
    else:
        clause = text(f"WITH planned AS ( {read_sql(statement.file)}\n) TABLE planned LIMIT 0")
    nothing: Mapping[str, Any] = {"after": None, "row_limit": 0, "identifiers": [], "since": []}
    values = {name: nothing[name] for name in statement.parameters}
    try:
        with connection.begin_nested():
            result = connection.execute(clause, values)
            keys, description = list(result.keys()), cast("Any", result.cursor).description
            return [
                Delivered(name=name, type=int(kind), scale=scale)
                for name, (_, kind, _, _, _, scale, _) in zip(keys, description, strict=True)
            ]
    except (SQLAlchemyError, ValueError, RecursionError) as error:
        fault = fault_of(error=error)
        if fault.kind is Kind.TRANSIENT:
            raise refusal(error=error, place=place) from None
        state = fault.state.removeprefix("SQLSTATE ")[:5]
        return Misfit(
            code=_EXPLAINED.get(state, "statement"),
            sentence=fault.sentence(place=place),
            file=shown(statement.file),
        )
