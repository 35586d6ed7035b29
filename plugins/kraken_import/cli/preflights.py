"""Builds and checks customers without any call, and says what to mend at the source."""

from __future__ import annotations

import secrets
import sqlite3
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from kraken_import.cli.payloads import build_batch
from kraken_import.cli.problems import Problem
from kraken_import.client.settings import KrakenSettings
from kraken_import.reporting.frames import FRAMES_HEADER, frame_rows
from kraken_import.reporting.page import csv_text, render
from kraken_import.tracking import preflights
from kraken_import.tracking.frame_rows import RehearsedRows, of_last_rehearsal
from kraken_import.tracking.preflights import NewPreflight, PreflightCause
from transforms.build import BuildResult
from transforms.database import shown
from transforms.dialect import Dialect
from transforms.extract import candidate_pages, frame_path
from transforms.findings import Finding
from transforms.frame_changes import FrameLine, judge, percent, sentences
from transforms.frame_rows import FrameRows, added
from transforms.private import write_private
from transforms.triage import Cause, Triage

DEFAULT_CUSTOMERS = 10_000
_BATCH = 1_000
_SHOWN = 12
_BARS = 10
_COLUMNS = 5
_WIDTH = 110
_INDENT = " " * 9


class NothingToCheck(Problem):
    """The legacy database has no customers of the dialect."""


@dataclass(slots=True, kw_only=True)
class Checked:
    """What a preflight found. A customer with errors is rejected; one with warnings alone is sent."""

    dialect: Dialect
    causes: Triage
    customers: int = 0
    refused: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    """Customers with warnings, who may be refused as well."""
    seconds: float = 0.0
    frames: Sequence[FrameRows] = field(default_factory=list)
    rehearsed: RehearsedRows | None = None

    @property
    def rejected(self) -> int:
        """Customers that would not be sent."""
        return len(self.refused)

    @property
    def warned(self) -> int:
        """Customers that would be sent with a warning."""
        return len(self.doubtful - self.refused)

    @property
    def payloads(self) -> int:
        """Customers that would be sent."""
        return self.customers - self.rejected

    def add(self, *, result: BuildResult) -> None:
        """Count a batch."""
        self.frames = added([self.frames, result.frames])
        self.customers += len(result.payloads) + len(result.rejections)
        self.refused.update(record.external_identifier for record in result.rejections)
        self.doubtful.update(record.external_identifier for record in result.warnings)
        for record in (*result.rejections, *result.warnings):
            self.causes.add(external_identifier=record.external_identifier, findings=record.findings)

    def lines(self) -> list[FrameLine]:
        """The counts of each frame, beside those of the last rehearsal if one is at hand."""
        if self.rehearsed is None:
            return judge(dialect=self.dialect, now=self.frames)
        return judge(
            dialect=self.dialect,
            now=self.frames,
            before=self.rehearsed.frames,
            earlier=self.rehearsed.title,
        )

    def frame_warnings(self) -> list[str]:
        """Sentences about those counts that a person must look at."""
        return sentences(lines=self.lines(), earlier="" if self.rehearsed is None else self.rehearsed.title)


def check(*, engine: Engine, dialect: Dialect, wanted: int, kraken: KrakenSettings | None) -> Checked:
    """Build and check the first `wanted` candidates, without any call. Raises `NothingToCheck`."""
    checked = Checked(dialect=dialect, causes=Triage(dialect=dialect.name))
    with _SharedValues() as shared:
        started, digest_key = time.perf_counter(), secrets.token_bytes(32)
        for page in candidate_pages(engine=engine, dialect=dialect, size=min(_BATCH, wanted)):
            identifiers = page[: wanted - checked.customers]
            result = build_batch(
                engine=engine,
                dialect=dialect,
                identifiers=identifiers,
                kraken=kraken,
                digest_key=digest_key,
            )
            checked.add(result=result)
            shared.add(result=result)
            if checked.customers >= wanted:
                break
        # The same check as the wave's gate: the same value in two batches.
        for identifier, finding in shared.found():
            checked.causes.add(external_identifier=identifier, findings=[finding])
            found = checked.refused if finding.severity == "error" else checked.doubtful
            found.add(identifier)
        checked.seconds = time.perf_counter() - started
    if not checked.customers:
        raise NothingToCheck(
            f"The legacy database has no customers of {dialect.name} to check: "
            f"{shown(frame_path(dialect=dialect.name, name='candidates'))} says who may migrate."
        )
    return checked


def last_rehearsal(
    *, tracking: Engine, dialect: Dialect, kraken: KrakenSettings | None
) -> RehearsedRows | None:
    """Return the rows of the last rehearsal that went to this Kraken; None without one."""
    try:
        with tracking.connect() as connection:
            return of_last_rehearsal(
                connection=connection,
                dialect=dialect.name,
                target_kraken=kraken.target if kraken else None,
            )
    except ProgrammingError:
        # Its schema is older than these counts, or does not exist yet: there is nothing to compare with.
        return None


def keep(*, tracking: Engine, checked: Checked, by: str) -> str:
    """Keep what was found for the console, without values. Returns why it was not; blank if it was."""
    found = NewPreflight(
        dialect=checked.dialect.name,
        customers=checked.customers,
        rejected=checked.rejected,
        warned=checked.warned,
        checked_by=by,
        causes=[
            PreflightCause(
                severity=cause.severity,
                code=cause.code,
                path=cause.path,
                source=cause.source,
                customers=cause.customers,
            )
            for cause in checked.causes.causes()
        ],
    )
    try:
        with tracking.begin() as connection:
            preflights.keep(connection=connection, found=found)
    except ProgrammingError:
        return (
            "The console does not show it: the schema of the tracking database is older, or its user may "
            "only read."
        )
    return ""


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

    def __enter__(self) -> _SharedValues:
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


def write(*, checked: Checked, folder: Path) -> Sequence[Path]:
    """Write the causes and counts as CSV, and all of it as a page. Returns the files."""
    causes = checked.causes.causes()
    table, counts, page = (
        folder / f"{checked.dialect.name}{ending}" for ending in (".csv", "-frames.csv", ".html")
    )
    write_private(path=counts, text=csv_text(header=FRAMES_HEADER, rows=frame_rows(lines=checked.lines())))
    write_private(
        path=table,
        text=csv_text(
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
    )
    write_private(
        path=page,
        text=render(
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
            frames=checked.lines(),
            frame_warnings=checked.frame_warnings(),
            rehearsed=checked.rehearsed,
            mapping=_mapping_page(dialect=checked.dialect.name),
        ),
    )
    return table, counts, page


def _mapping_page(*, dialect: str) -> str:
    """Return where people read about the rules of a dialect, relative to the project's root."""
    return f"docs/mapping/{dialect}.md"


def lines_of(*, checked: Checked, wanted: int, files: Sequence[str]) -> list[str]:
    """Return what was found, in lines for people."""
    rate = checked.customers / checked.seconds if checked.seconds else 0
    lines = [
        f"{checked.dialect.name}: {checked.customers:,} customers checked in {checked.seconds:.1f} s "
        f"({rate:,.0f} a second).",
        f"  {checked.payloads:,} would be sent, {checked.warned:,} of them with a warning; "
        f"{checked.rejected:,} rejected.",
    ]
    if checked.customers < wanted:
        lines.append(f"  {wanted:,} were asked for: the database has no more.")
    for warning in checked.frame_warnings():
        lines += ["", *textwrap.wrap(f"Warning: {warning}", width=_WIDTH, break_on_hyphens=False)]
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
    beside = f", beside {checked.rehearsed.title}" if checked.rehearsed else ""
    lines += ["", f"Rows by frame{beside}:", *map(_counted, checked.lines())]
    lines += ["", f"What each rule of ours rests on: {_mapping_page(dialect=checked.dialect.name)}"]
    return [*lines, "", "Reports:", *(f"  {file}" for file in files)]


def _described(*, cause: Cause) -> Iterator[str]:
    yield f"{cause.customers:>7,}  {cause.severity}: {cause.code}"
    yield f"         {cause.path or 'the whole record'}"
    if cause.source:
        yield f"         ← {cause.source}"
    yield from textwrap.wrap(
        cause.detail,
        width=_WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
    )
    yield f"         e.g. {', '.join(cause.examples)}"


def _counted(line: FrameLine) -> str:
    now, before = line.now, line.before
    each = f"{_share(now)} of {line.parent or 'those asked for'}, {_number(now)} for each"
    beside = f" (was {_share(before)}, {_number(before)})" if before else ""
    return f"{now.rows:>9,}  {now.frame:<24} {each}{beside}"


def _share(rows: FrameRows) -> str:
    return f"{percent(rows.share):>7}"


def _number(rows: FrameRows) -> str:
    return "–" if rows.rows_per_parent is None else f"{rows.rows_per_parent:,.2f}"
