"""`make preflight`: builds and checks customers without any call, and says what to mend at the source."""

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reporting.page import csv_text, render
from stack.payload import build_batch, kraken_connection, legacy_database, wanted_dialect
from stack.problems import StackProblem
from stack.settings import ROOT, RUN, Wishes
from transforms.build import BuildResult
from transforms.dialect import Dialect
from transforms.extract import candidate_pages
from transforms.findings import Finding
from transforms.triage import Cause, Triage

DEFAULT_CUSTOMERS = 10_000
_BATCH = 1_000
_SHOWN = 12
_BARS = 10
_COLUMNS = 5


class NothingToCheck(StackProblem):
    """The legacy database has no customers of the dialect."""


@dataclass(slots=True, kw_only=True)
class Checked:
    """What a preflight found. A customer with errors is rejected; one with warnings alone is sent."""

    dialect: Dialect
    causes: Triage
    customers: int = 0
    rejected: int = 0
    warned: int = 0
    seconds: float = 0.0

    @property
    def payloads(self) -> int:
        """Customers that would be sent."""
        return self.customers - self.rejected

    def add(self, *, result: BuildResult) -> None:
        """Count a batch."""
        self.customers += len(result.payloads) + len(result.rejections)
        self.rejected += len(result.rejections)
        self.warned += len(result.warnings)
        for record in (*result.rejections, *result.warnings):
            self.causes.add(external_identifier=record.external_identifier, findings=record.findings)


def preflight(*, wishes: Wishes) -> None:
    """Check the first ACCOUNTS candidates of DIALECT; print the causes, write them as CSV and HTML."""
    dialect = wanted_dialect(wishes=wishes)
    wanted = wishes.accounts or DEFAULT_CUSTOMERS
    kraken = kraken_connection()
    checked = Checked(dialect=dialect, causes=Triage(dialect=dialect.name))
    with (
        legacy_database(wishes=wishes, dialect=dialect, at_least=wanted) as engine,
        _SharedValues() as shared,
    ):
        started = time.perf_counter()
        for page in candidate_pages(engine=engine, dialect=dialect, size=min(_BATCH, wanted)):
            identifiers = page[: wanted - checked.customers]
            result = build_batch(engine=engine, dialect=dialect, identifiers=identifiers, kraken=kraken)
            checked.add(result=result)
            shared.add(result=result)
            if checked.customers >= wanted:
                break
        # What the wave's gate would find: the same value in two batches.
        for identifier, finding in shared.found():
            checked.causes.add(external_identifier=identifier, findings=[finding])
            if finding.severity == "error":
                checked.rejected += 1
            else:
                checked.warned += 1
        checked.seconds = time.perf_counter() - started
    if not checked.customers:
        raise NothingToCheck(
            f"The legacy database has no customers of {dialect.name} to check: "
            f"sql/extract/{dialect.name}/candidates.sql says who may migrate."
        )
    _print(checked=checked, wanted=wanted, files=_write(checked=checked))


class _SharedValues:
    """Values of all batches that must be unique, in a temporary file: they may be millions."""

    def __init__(self) -> None:
        # The empty name is SQLite's own temporary file, gone when it is closed.
        self._database = sqlite3.connect("")
        self._findings: dict[tuple[str, str], Finding] = {}
        self._database.execute(
            "CREATE TABLE value (digest BLOB, batch INTEGER, owner TEXT, code TEXT, path TEXT)"
        )
        self._batches = 0

    def __enter__(self) -> "_SharedValues":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, *, result: BuildResult) -> None:
        """Keep the values of a batch's payloads."""
        self._batches += 1
        rows = []
        for value in result.shared:
            self._findings.setdefault((value.finding.code, value.finding.path), value.finding)
            rows.append(
                (
                    value.digest,
                    self._batches,
                    value.external_identifier,
                    value.finding.code,
                    value.finding.path,
                )
            )
        self._database.executemany("INSERT INTO value VALUES (?, ?, ?, ?, ?)", rows)

    def found(self) -> Iterator[tuple[str, Finding]]:
        """Customers that share a value with one of another batch; their own batch was looked at before."""
        query = """
            SELECT DISTINCT owner, code, path FROM value
            WHERE digest IN (SELECT digest FROM value GROUP BY digest HAVING count(DISTINCT batch) > 1)
            ORDER BY owner
        """
        with closing(self._database.execute(query)) as rows:
            for owner, code, path in rows:
                yield owner, self._findings[code, path]


def _write(*, checked: Checked) -> Sequence[Path]:
    folder = RUN / "preflight"
    folder.mkdir(parents=True, exist_ok=True)
    causes = checked.causes.causes()
    table, page = (folder / f"{checked.dialect.name}.{ending}" for ending in ("csv", "html"))
    table.write_text(
        csv_text(
            header=("severity", "customers", "code", "path", "source", "explanation", "examples"),
            rows=(
                (
                    cause.severity,
                    cause.customers,
                    cause.code,
                    cause.path,
                    cause.source,
                    cause.detail,
                    " ".join(cause.examples),
                )
                for cause in causes
            ),
        ),
        encoding="utf-8",
    )
    page.write_text(
        render(
            template="preflight",
            title=f"Preflight of {checked.dialect.title}",
            lead=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC. Built and checked; nothing was sent.",
            customers=checked.customers,
            payloads=checked.payloads,
            rejected=checked.rejected,
            warned=checked.warned,
            causes=causes,
            top=[
                {"name": cause.code, "note": cause.where, "value": cause.customers, "kind": cause.severity}
                for cause in sorted(causes, key=lambda cause: -cause.customers)[:_BARS]
            ],
        ),
        encoding="utf-8",
    )
    return table, page


def _print(*, checked: Checked, wanted: int, files: Sequence[Path]) -> None:
    rate = checked.customers / checked.seconds if checked.seconds else 0
    lines = [
        f"{checked.dialect.name}: {checked.customers:,} customers checked in {checked.seconds:.1f} s "
        f"({rate:,.0f} a second).",
        f"  {checked.payloads:,} would be sent, {checked.warned:,} of them with a warning; "
        f"{checked.rejected:,} rejected.",
    ]
    if checked.customers < wanted:
        lines.append(f"  {wanted:,} were asked for: the database has no more.")
    causes = checked.causes.causes()
    shown = causes if len(causes) <= _SHOWN + 1 else causes[:_SHOWN]
    for cause in shown:
        lines += ["", *_described(cause=cause)]
    if len(causes) > len(shown):
        lines += ["", f"And {len(causes) - len(shown)} more causes in the reports."]
    columns = checked.causes.sources()[:_COLUMNS]
    if columns:
        lines += ["", "Customers by legacy column, whatever the cause:"]
        lines += [f"{customers:>7,}  {source}" for source, customers in columns]
    lines += ["", "Reports: " + ", ".join(str(file.relative_to(ROOT)) for file in files)]
    sys.stdout.write("\n".join(lines) + "\n")


def _described(*, cause: Cause) -> Iterator[str]:
    yield f"{cause.customers:>7,}  {cause.severity}: {cause.code}"
    yield f"         {cause.path or 'the whole record'}"
    if cause.source:
        yield f"         ← {cause.source}"
    yield f"         {cause.detail}"
    yield f"         e.g. {', '.join(cause.examples)}"
