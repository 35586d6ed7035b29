"""What did not come through, as people act on it: causes with their legacy columns, shares and trends."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from kraken_import.tracking import triage
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.triage import ALL_CAUSES, CauseCount, Sought
from transforms.triage import OUTCOME_KEPT, SAID_BEFORE, found_by

MOST_CAUSES: Final = 100
"""Causes that are shown: the most frequent. Others are found by looking for them."""
_EXAMPLES: Final = 3
_MOST_PLACES: Final = 8
"""Fields that a code may stand for: more say nothing about where to look."""
_QUOTED: Final = re.compile(r"['\"`]([a-z][a-z0-9_]+)['\"`]")
_COMPOUND: Final = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_UNSPECIFIC: Final = "invalid"
"""The code of a sentence of Kraken's that has none of its own."""
NO_ERROR: Final = "no error is known"
"""What stands in place of the code of records that ended badly without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What the mapping says of a path: its legacy columns, what becomes of them, what it means.

    `queries` are the SQL files that read them.
    """

    source: str
    transform: str = ""
    meaning: str = ""
    queries: Sequence[str] = ()
    conditions: Sequence[str] = ()
    """Of a list, the columns that decide whether its query returns a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The legacy columns that an error leads to, the queries that read them, and how they were found.

    `how` is blank where the error itself names the field.
    """

    source: str
    queries: Sequence[str] = ()
    transform: str = ""
    meaning: str = ""
    how: str = ""


_UNTRACED: Final = Traced(source="")
_NO_FIELD: Final = "Kraken named no field"
_BY_RULE: Final = "where the rule of this code looks"
_BY_WORDS: Final = "which its words name"
_BY_KIND: Final = "that hold its dates or amounts"
_NO_ROW: Final = (
    "no row fits: this is where its rows stand, and what its query asks of them and of the rows around them"
)
_MISSING: Final = "missing_child"
"""The code of an object without a row of a frame."""
UNEXPLAINED: Final = "import_process_failed_validation"
"""The code of a create of Kraken's that says no more than that its own validation failed."""
_TO_EXPLAIN: Final = "Kraken did not say which field: rehearse these records, and its validation says why"
_SAYS_NOTHING: Final = "Kraken named neither a field nor a code: what it says is all that is known"
_NO_SUCH_FIELD: Final = "what Kraken named is no field of the payload, so no column is behind it"
_DATES: Final = frozenset({"date", "dates", "overlap", "overlaps", "overlapping", "gap", "gaps", "period"})
_SUMS: Final = frozenset({"balance", "balances", "sum", "sums", "amount", "total", "mismatch"})
_TIMES: Final = ("date", "time ")
"""How what becomes of a column of dates begins."""
_AMOUNTS: Final = ("amount",)
_OWN_COLUMN: Final = re.compile(r"^(Column (?P<name>\w+)) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What is known of a dialect's mapping: columns by path, and what rules say and look at, by code."""

    columns: Mapping[str, Column]
    rules: Mapping[str, str]
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, *, document: Mapping[str, Mapping[str, Any]]) -> Mapped:
        """Return what `kraken_import.reporting.columns` says of a dialect."""
        return cls(
            columns={path: Column(**said) for path, said in document["columns"].items()},
            rules={code: str(said) for code, said in document["rules"].items()},
            places=document["places"],
        )

    def column(self, *, path: str) -> Column | None:
        """Return the column of a path, or of the nearest object around it; None for the whole record."""
        while path:
            if path in self.columns:
                return self.columns[path]
            path = path.rpartition(".")[0]
        return None

    def rule(self, *, code: str, stage: str) -> str:
        """Return what our rule of a code says; blank where Kraken found it by a code that says nothing."""
        return "" if code == _UNSPECIFIC and stage != "build" else self.rules.get(code, "")

    def source(self, *, path: str) -> str:
        """Return the legacy columns behind a path; blank where there are none."""
        column = self.column(path=path)
        return "" if column is None else column.source

    def trace(self, *, path: str, code: str, detail: str = "", origin: str = "local") -> Traced:
        """Return the columns that an error leads to.

        They are those of the field that it names. Where it names none, or an object as a whole, they are
        those that our rule of the same code looks at, or those of fields that its code or sentence names.
        What Kraken keeps of an earlier create leads to none: what is legacy data now was not sent then.
        """
        if code in (OUTCOME_KEPT, SAID_BEFORE):
            return _UNTRACED
        if path and self._is_field(path):
            return self._of((path,), how="")
        if code == _MISSING and path in self.columns and self.columns[path].conditions:
            rows = self.columns[path]
            sources = ", ".join((rows.source, *rows.conditions))
            return Traced(source=sources, queries=rows.queries, meaning=rows.meaning, how=_NO_ROW)
        if origin != "local" and code == UNEXPLAINED and not path:
            return replace(_UNTRACED, how=_TO_EXPLAIN)
        named = path or ("" if origin == "local" else _NO_FIELD)
        leads = (
            (self._of_rule(code=code, below=path), _BY_RULE),
            (self._of_words(code=code, detail=detail, below=path), _BY_WORDS),
        )
        # Of an object as a whole only its table is known, so that comes last.
        fields = [(paths, how) for paths, how in leads if any(map(self._is_field, paths))]
        for paths, how in (*fields, (self._of_kind(code=code, at=path), _BY_KIND), *leads):
            found = self._of(paths, how=f"{named}: these are the columns {how}" if named else "")
            if found.source:
                return found
        if path and self.columns and self.column(path=path) is None and not self._inside(path):
            return replace(_UNTRACED, how=_NO_SUCH_FIELD if origin != "local" else "")
        if path:
            inside = [each for each in self.columns if each.startswith(f"{path}.")]
            return self._of((path,) if path in self.columns or len(inside) > _MOST_PLACES else inside, how="")
        if origin == "local":
            return _UNTRACED
        return replace(_UNTRACED, how=_SAYS_NOTHING if code == _UNSPECIFIC else _NO_FIELD)

    def worded(self, *, detail: str, traced: Traced) -> str:
        """Return a sentence of our build's whose column is named as the legacy database has it, too.

        What it calls a column is the query's name for it.
        """
        found = _OWN_COLUMN.match(detail)
        if found is None or not traced.source:
            return detail
        said = f"{found[1]} of the query"
        if ", " not in traced.source:
            said = f"{said}, from {traced.source},"
        return f"{said}{detail[found.end(1) :]}"

    def _inside(self, path: str) -> bool:
        return any(other.startswith(f"{path}.") for other in self.columns)

    def _is_field(self, path: str) -> bool:
        """Return whether a path is of one value, and not of an object or a list of them."""
        return path in self.columns and not any(other.startswith(f"{path}.") for other in self.columns)

    def _of(self, paths: Sequence[str], *, how: str) -> Traced:
        found = list(filter(None, (self.column(path=path) for path in paths)))
        if not found:
            return _UNTRACED
        sources = dict.fromkeys(column.source for column in found)
        one = found[0] if len(found) == 1 else None
        return Traced(
            source=", ".join(sources),
            queries=tuple(dict.fromkeys(query for column in found for query in column.queries)),
            transform=one.transform if one else "",
            meaning=one.meaning if one else "",
            how=how,
        )

    def _of_rule(self, *, code: str, below: str) -> Sequence[str]:
        if code == _UNSPECIFIC:
            return ()
        paths = [path for path in self.places.get(code, ()) if not below or path.startswith(f"{below}.")]
        return paths if len(paths) <= _MOST_PLACES else ()

    def _of_kind(self, *, code: str, at: str) -> Sequence[str]:
        """Return the dates, or the amounts, of each object that the rule of a code is about as a whole."""
        words = set(code.split("_"))
        kinds = (*(_TIMES if words & _DATES else ()), *(_AMOUNTS if words & _SUMS else ()))
        if not kinds:
            return ()
        wholes = [each for each in self.places.get(code, ()) if not at or each == at]
        paths = [
            path
            for whole in wholes or ([at] if at else [])
            for path, column in self.columns.items()
            if path.rpartition(".")[0] == whole and column.transform.startswith(kinds)
        ]
        return paths if len(paths) <= _MOST_PLACES else ()

    def _of_words(self, *, code: str, detail: str, below: str) -> Sequence[str]:
        said = f"_{code}_"
        quoted = set(_QUOTED.findall(detail)) | set(_COMPOUND.findall(detail))
        leaves: dict[str, list[str]] = defaultdict(list)
        for path in self.columns:
            leaf = path.rpartition(".")[2]
            is_in_code = f"_{leaf}_" in said if "_" in leaf else code.startswith(f"{leaf}_")
            if (is_in_code or leaf in quoted) and (not below or path.startswith(f"{below}.")):
                leaves[leaf].append(path)
        # A name that stands inside of another one is a part of it.
        whole = [leaf for leaf in leaves if not any(leaf != other and leaf in other for other in leaves)]
        paths = [path for leaf in whole for path in leaves[leaf]]
        return paths if len(paths) <= _MOST_PLACES else ()


UNMAPPED: Final = Mapped(columns={}, rules={})
"""What is known of a dialect that is not in force, or whose mapping is still being read."""


def mapped_of(*, dialect: str) -> Mapped:
    """Return what is known of a dialect's mapping, which takes a second or so to read."""
    # Tracing needs libraries that most processes never use.
    from kraken_import.reporting.columns import columns

    return Mapped.read(document=columns(name=dialect))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How many records of another wave had the same error."""

    what: str
    wave_id: int
    name: str
    records: int
    claimed: int

    @property
    def share(self) -> float:
        """Its share of the customers of that wave, from 0 to 1."""
        return self.records / self.claimed if self.claimed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Records with one error in their last try, of one wave or of several of one dialect and mode."""

    code: str
    path: str
    stage: str
    column: str
    queries: Sequence[str]
    traced_how: str
    """How the column was found where the error names no field; blank where it does."""
    by_whom: str
    detail: str
    rule: str
    records: int
    parked: int
    share: float
    """Its share of all customers of these waves, from 0 to 1."""
    first_at: datetime | None
    last_at: datetime | None
    examples: Sequence[int]
    waves: Mapping[int, int]
    """How many of them each wave has."""
    before: Sequence[Before] = ()

    @property
    def called(self) -> str:
        """Its code, or that none is known."""
        return self.code or NO_ERROR

    @property
    def wants_rehearsal(self) -> bool:
        """Whether only another validation says why: Kraken did not."""
        return self.code == UNEXPLAINED and not self.column

    @property
    def trend(self) -> str:
        """How its share stands to the wave before, in words; blank without one."""
        earlier = next((each for each in self.before if each.what == "before"), None)
        if earlier is None:
            return ""
        if not earlier.records:
            return "new"
        ratio = self.share / earlier.share if earlier.share else 0.0
        return "more" if ratio > 1.1 else "less" if ratio < 0.9 else "as before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """The most frequent causes, and how many there are in all."""

    shown: Sequence[Cause]
    number: int

    @property
    def further(self) -> int:
        """How many causes are not shown: each has no more records than the last one that is."""
        return self.number - len(self.shown)


def sought(*, text: str, stage: str, mapped: Mapped) -> Sought:
    """Return what a person looks for: in codes, paths, sentences and legacy columns; blank for anything."""
    wanted = text.strip().lower()
    if not wanted:
        return Sought(stage=stage or None)
    columns = mapped.columns.items()
    paths = [path for path, column in columns if wanted in column.source.lower()]
    return Sought(stage=stage or None, text=wanted, paths=paths, no_error=NO_ERROR)


def causes_of(
    *, connection: Connection, wave: WaveLine, mapped: Mapped, looked_for: Sought = ALL_CAUSES
) -> Causes:
    """Return the causes of one wave, with what the wave before and the rehearsal had of each.

    What Kraken keeps of earlier creates is compared with neither.
    """
    found = triage.causes(connection=connection, wave_ids=[wave.id], most=MOST_CAUSES, sought=looked_for)
    others = triage.compared(connection=connection, wave_id=wave.id)
    had = triage.had(
        connection=connection,
        wave_ids=[each.id for each in others],
        causes=[count.key for count in found.lines],
    )
    causes = [
        _cause(
            counts=[count],
            claimed=wave.claimed,
            mapped=mapped,
            before=[
                Before(
                    what=each.what,
                    wave_id=each.id,
                    name=each.name,
                    records=had[each.id].get(count.key, 0),
                    claimed=each.claimed,
                )
                for each in others
                # Only a rerun finds it, so it is neither new nor more than before.
                if count.code != OUTCOME_KEPT
            ],
        )
        for count in found.lines
    ]
    return Causes(shown=causes, number=found.number)


def causes_of_waves(
    *, connection: Connection, waves: Sequence[WaveLine], mapped: Mapped, looked_for: Sought = ALL_CAUSES
) -> Causes:
    """Return the causes of several waves of one dialect and mode, the most frequent first."""
    wave_ids = [wave.id for wave in waves]
    found = triage.causes(connection=connection, wave_ids=wave_ids, most=MOST_CAUSES, sought=looked_for)
    grouped: dict[tuple[str, str, str], list[CauseCount]] = defaultdict(list)
    for count in found.lines:
        grouped[count.key].append(count)
    claimed = sum(wave.claimed for wave in waves)
    causes = [_cause(counts=counts, claimed=claimed, mapped=mapped) for counts in grouped.values()]
    return Causes(shown=causes, number=found.number)


def _cause(
    *, counts: Sequence[CauseCount], claimed: int, mapped: Mapped, before: Sequence[Before] = ()
) -> Cause:
    first = counts[0]
    traced = mapped.trace(path=first.path, code=first.code, detail=first.detail, origin=first.origin)
    records = sum(count.records for count in counts)
    return Cause(
        code=first.code,
        path=first.path,
        stage=first.stage,
        column=traced.source,
        queries=traced.queries,
        traced_how=traced.how,
        by_whom=found_by(severity="error", origin=first.origin, stage=first.stage, code=first.code)
        if first.code
        else NO_ERROR,
        detail=mapped.worded(detail=first.detail, traced=traced),
        rule=mapped.rule(code=first.code, stage=first.stage),
        records=records,
        parked=sum(count.parked for count in counts),
        share=records / claimed if claimed else 0.0,
        first_at=min((count.first_at for count in counts if count.first_at), default=None),
        last_at=max((count.last_at for count in counts if count.last_at), default=None),
        examples=[number for count in counts for number in count.examples][:_EXAMPLES],
        waves={count.wave_id: count.records for count in counts},
        before=before,
    )
