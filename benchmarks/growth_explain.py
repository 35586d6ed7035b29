"""Runs each statement of `sql/tracking` under EXPLAIN ANALYZE, and judges what it read, locked and took."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg2

from benchmarks.growth_cases import BEFORE, CASES, MAINTENANCE, OWN_LIMITS, Case
from benchmarks.growth_fill import Scale
from benchmarks.growth_sample import Sample, defaults
from kraken_import.tracking.queries import SQL_FOLDER, queries
from transforms.arrays import with_arrays

MOST_MS: Final = 50.0
"""Milliseconds for a thousand records, or for fewer."""
MOST_PARTITIONS: Final = 4
"""Payloads and answers of the wave that a statement is about, and of one more."""
_READS: Final = 20
"""Rows that may be read for each record that a statement is about: its attempts, events and errors."""
_SCANS: Final = 10
"""The same where a table is read from one end to the other: it is about a tenth of that table, or more."""
_FREE: Final = 2_000
_LARGE: Final = 10_000
_PLAIN: Final = re.compile(r"(?:\s|--[^\n]*\n)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_PARTITION: Final = re.compile(r"^(payload|answer)_wave_\d+$")


@dataclass(slots=True, kw_only=True)
class Found:
    """What one case showed."""

    name: str
    about: int
    milliseconds: float = 0.0
    partitions: int = 0
    read: int = 0
    """Rows of tables that grow, found or filtered away."""
    written: int = 0
    """Rows that were inserted, updated or deleted."""
    scanned: set[str] = field(default_factory=set)
    """Tables that were read from one end to the other, with or without an index."""
    large: set[str] = field(default_factory=set)
    """Those of them that are large, and of which it needs little."""
    conditions: set[str] = field(default_factory=set)
    """What indexes were asked for."""

    @property
    def per_thousand(self) -> float:
        """Milliseconds for a thousand records, or for all when there are fewer."""
        return self.milliseconds / max(1.0, self.about / 1_000)

    @property
    def broken(self) -> list[str]:
        """The rules that it breaks, whether or not it is excused."""
        return [
            sentence
            for holds, sentence in (
                (not self.large, f"scans {', '.join(sorted(self.large))}"),
                (
                    self.read <= _READS * self.about + _FREE,
                    f"reads {self.read:,} rows for {self.about:,} records",
                ),
                (self.partitions <= MOST_PARTITIONS, f"locks {self.partitions:,} partitions"),
                (
                    self.per_thousand <= OWN_LIMITS.get(self.name, MOST_MS),
                    f"takes {self.per_thousand:,.0f} ms a thousand records",
                ),
            )
            if not holds
        ]

    @property
    def is_excused(self) -> bool:
        """Whether it is maintenance."""
        return self.name in MAINTENANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schema:
    """Tables that are large, and indexes that leave out most of their rows."""

    large: frozenset[str]
    partial: frozenset[str]


def statements() -> dict[str, str]:
    """Every statement of `sql/tracking`, by file and name."""
    return {
        f"{path.stem}.{name}": statement
        for path in sorted(SQL_FOLDER.glob("*.sql"))
        for name, statement in queries(file=path.stem).items()
    }


def forgotten() -> list[str]:
    """Statements without a case, and cases without a statement."""
    return sorted(statements().keys() ^ CASES.keys())


def sample_of(*, dsn: str, scale: Scale) -> Sample:
    """Choose the records and waves that the statements are run for."""
    with _cursor(dsn=dsn) as cursor:
        ended, working = scale.waves - 4, scale.waves
        page = min(1_000, scale.looked_at)
        cursor.execute("SELECT id FROM migration.rerun ORDER BY id DESC LIMIT 1")
        rerun = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM migration.import_process WHERE wave_id > %s", (scale.waves - 2,))
        at_work = cursor.fetchone()[0]
        cursor.execute("SELECT id FROM migration.cohort WHERE claimed_by_wave = %s", (ended,))
        cohort = cursor.fetchone()[0]
        cursor.execute(
            "SELECT wave.id, count(*) FROM migration.wave"
            " JOIN migration.wave AS ended USING (import_supplier)"
            " JOIN migration.import_process AS process ON process.wave_id = wave.id"
            " WHERE ended.id = %s AND wave.mode = 'live' GROUP BY wave.id",
            (ended,),
        )
        of_supplier = dict(cursor.fetchall())
        found = {}
        for kind, wave, states in (
            ("page", ended, ["processed"]),
            ("build", working, ["planned", "built"]),
            ("valid", working, ["valid"]),
            ("creating", working, ["creating"]),
            ("sent", working, ["pending", "in_progress"]),
            ("parked", ended, ["parked"]),
        ):
            cursor.execute(
                "SELECT id, attempt, external_identifier, batch FROM migration.import_process"
                " WHERE wave_id = %s AND state = ANY (%s) ORDER BY id LIMIT %s",
                (wave, states, page),
            )
            found[kind] = cursor.fetchall()
    return Sample(
        scale=scale,
        ended=ended,
        working=working,
        rerun=rerun,
        of_rerun=working,
        open=at_work,
        cohort=cohort,
        of_supplier=sorted(of_supplier),
        per_supplier=sum(of_supplier.values()),
        ids={kind: [row[0] for row in rows] for kind, rows in found.items()},
        attempts={kind: [row[1] for row in rows] for kind, rows in found.items()},
        batches={kind: rows[0][3] for kind, rows in found.items()},
        identifiers=[row[2] for row in found["page"]],
    )


def explain(
    *,
    dsn: str,
    sample: Sample,
    settings: Mapping[str, str] | None = None,
    runs: int = 4,
    names: Collection[str] | None = None,
) -> list[Found]:
    """Run every case, or those of `names`, in one session, each back to a savepoint.

    Returns what the quickest of `runs` showed.

    The first one reads what a session knows of two thousand partitions, and from the disk what the fill left
    there, for which a task pays once; and others may be at work on the machine.
    """
    with _cursor(dsn=dsn) as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'migration'::regnamespace AND reltuples > %s",
            (_LARGE,),
        )
        large = frozenset(row[0] for row in cursor.fetchall())
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indpred IS NOT NULL"
        )
        schema = _Schema(large=large, partial=frozenset(row[0] for row in cursor.fetchall()))
        for setting, value in (settings or {}).items():
            cursor.execute("SELECT set_config(%s, %s, true)", (setting, value))
        found = []
        for name in CASES if names is None else names:
            for case in CASES[name]:
                results = [
                    _run(cursor=cursor, name=name, case=case, sample=sample, schema=schema)
                    for _ in range(runs)
                ]
                found.append(min(results, key=lambda each: each.milliseconds))
        return found


def _run(*, cursor: Any, name: str, case: Case, sample: Sample, schema: _Schema) -> Found:
    given = {**defaults(sample=sample), **case.values(sample)}
    about = sample.records(about=case.about, wave_id=given["wave_id"])
    values = with_arrays(values=given)
    found = Found(name=f"{name} {case.label}".strip(), about=about)
    cursor.execute("SAVEPOINT before")
    try:
        for earlier in case.before:
            for part in _split(statement=_earlier(name=f"{name.partition('.')[0]}.{earlier}"), wave_id=None):
                cursor.execute(part, values if "%(" in part else None)
        locked = _locked(cursor=cursor)
        for part in _split(statement=statements()[name], wave_id=values["wave_id"]):
            _measure(cursor=cursor, statement=part, values=values, schema=schema, found=found)
    except psycopg2.Error as error:
        raise RuntimeError(f"{found.name} cannot be explained: {error}") from error
    found.partitions = len(_locked(cursor=cursor) - locked)
    cursor.execute("ROLLBACK TO SAVEPOINT before")
    return found


def _earlier(*, name: str) -> str:
    return statements().get(name) or BEFORE[name]


def _split(*, statement: str, wave_id: int | None) -> list[str]:
    # No statement of ours holds a semicolon in a string or a comment but at the end of its line.
    formatted = statement.replace("{wave_id}", str(wave_id))
    parts = re.split(r";\s*\n", re.sub(r"^\s*--[^\n]*\n", "", formatted, flags=re.MULTILINE))
    return [part for part in parts if part.strip()]


def _measure(
    *, cursor: Any, statement: str, values: Mapping[str, Any], schema: _Schema, found: Found
) -> None:
    if not _PLAIN.match(statement):
        started = time.perf_counter()
        if statement.lstrip().startswith("COPY"):
            cursor.copy_expert(statement, io.BytesIO(values["copied"]))
        else:
            cursor.execute(statement, values if "%(" in statement else None)
        found.milliseconds += (time.perf_counter() - started) * 1_000
        return
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, FORMAT JSON) {statement}", values)
    report = cursor.fetchone()[0][0]
    found.milliseconds += report["Planning Time"] + report["Execution Time"]
    for node in _nodes(plan=report["Plan"]):
        table = node.get("Relation Name")
        if node["Node Type"] == "ModifyTable":
            found.written += sum(
                round(part["Actual Rows"]) for part in node["Plans"] if part["Parent Relationship"] == "Outer"
            )
        if table is None or not node["Node Type"].endswith("Scan"):
            continue
        removed = sum(count for key, count in node.items() if key.startswith("Rows Removed by"))
        rows = round((node["Actual Rows"] + removed) * node["Actual Loops"])
        if table in schema.large or _PARTITION.match(table):
            found.read += rows
        found.conditions |= {node["Index Cond"]} if "Index Cond" in node else set()
        if node["Actual Loops"] and _is_whole(node=node, schema=schema):
            found.scanned.add(table)
            if (table in schema.large or _PARTITION.match(table)) and rows > _SCANS * found.about + _FREE:
                found.large.add(table)


def _is_whole(*, node: Mapping[str, Any], schema: _Schema) -> bool:
    """Whether a scan reads its table from one end to the other, be it along an index of every row."""
    if node["Node Type"].endswith("Seq Scan"):
        return True
    index = node.get("Index Name")
    return index is not None and "Index Cond" not in node and index not in schema.partial


def _nodes(*, plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(plan=child)


def _locked(*, cursor: Any) -> set[str]:
    """Partitions of payloads and answers that this session has locked."""
    cursor.execute(
        "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation"
        " WHERE pid = pg_backend_pid() AND locktype = 'relation'"
    )
    return {row[0] for row in cursor.fetchall() if _PARTITION.match(row[0])}


@contextlib.contextmanager
def _cursor(*, dsn: str) -> Iterator[Any]:
    """Yield a cursor of a separate session, whose transaction is rolled back."""
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.rollback()
        connection.close()
