"""The SQL of a dialect as an author begins with it: every statement, every column, and what each is for.

A statement as it stands can be run and returns no row, so that it can be filled in table by table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from kraken_import.usecases.legacy_check.statements import PLANNED
from transforms.dialect import Column, Dialect, Frame
from transforms.selection import UnableToSelect, candidates_sql
from transforms.tracing import UnableToTrace, trace
from transforms.wording import in_words

_WIDTH: Final = 106
_MOST_CODES: Final = 12
_TYPES: Final = {"texts": "text[]", "document": "jsonb", "money": "numeric"}

_CANDIDATES: Final = """\
-- Who may migrate, each once, in ascending order, page by page: what is above :after, at most :row_limit.
-- Where the key is a CHAR column, write > CAST(:after AS bpchar), so that its index is used.

SELECT account.external_identifier
FROM (SELECT CAST(NULL AS text) AS external_identifier) AS account -- your table
WHERE account.external_identifier > coalesce(CAST(:after AS text), '')
    AND false -- say here who may migrate
ORDER BY account.external_identifier
LIMIT :row_limit
"""
_EXISTING: Final = """\
-- Which of the given customers there are, whether they may migrate or not.

SELECT account.external_identifier
FROM (SELECT CAST(NULL AS text) AS external_identifier) AS account -- your table
WHERE account.external_identifier = ANY (CAST(:identifiers AS text[]))
"""
_BALANCES: Final = """\
-- What each customer's books say, to compare with the payloads: read it from the books, and not from what the
-- frames are made of. Credits are positive. {ledgers}

SELECT
    CAST(NULL AS text) AS external_identifier,
    CAST(NULL AS text) AS ledger,
    CAST(NULL AS text) AS currency,
    CAST(NULL AS numeric) AS amount
WHERE CAST(NULL AS text) = ANY (CAST(:identifiers AS text[]))
"""
_PLANNED: Final = """\
-- Who may be planned into cohorts. stratum: what a trial wave is sampled by, never NULL. exclusion: NULL, or
-- the reasons for which a cohort may leave a customer out, with commas between. Other columns are for rules.

SELECT
    account.external_identifier,
    CAST('all' AS text) AS stratum,
    CAST(NULL AS text) AS exclusion{more}
FROM (SELECT CAST(NULL AS text) AS external_identifier) AS account -- your table
WHERE false -- say here who may migrate
"""
_CHANGES: Final = """\
-- What reached the legacy system after customers were read from it: kind (payment, booking, reading or
-- contact), how many, the first and the last. Each is filled. :identifiers and :since (timestamptz) are
-- parallel arrays; no change, no row. No wave is closed without this file: leave it where no time is known.

SELECT
    given.external_identifier,
    CAST('reading' AS text) AS kind,
    CAST(1 AS bigint) AS changes,
    given.since AS first_at,
    given.since AS last_at
FROM unnest(CAST(:identifiers AS text[]), CAST(:since AS timestamptz[])) AS given (external_identifier, since)
WHERE false -- your table, joined by the customer, with what was entered after given.since
"""


def sql_skeletons(*, dialect: Dialect, name: str) -> dict[str, str]:
    """Return the text of each statement that a dialect reads, as `name`, by its path below `sql/`."""
    files = {
        f"extract/{name}/{frame.name}.sql": _of_frame(dialect=dialect, frame=frame)
        for frame in dialect.frames
    }
    files |= {
        f"extract/{name}/candidates.sql": _CANDIDATES,
        f"extract/{name}/existing.sql": _EXISTING,
        f"plan/{name}/candidates.sql": _PLANNED.format(more=_for_rules(dialect=dialect)),
        f"cutover/{name}/changes.sql": _CHANGES,
    }
    if dialect.money:
        files[f"reconcile/{name}/balances.sql"] = _BALANCES.format(ledgers=_ledgers(dialect=dialect))
    return files


def _of_frame(*, dialect: Dialect, frame: Frame) -> str:
    lines = [*_comment(_about(dialect=dialect, frame=frame)), "", "SELECT"]
    cells = [*_keys(frame=frame), *_columns(frame=frame)]
    for number, (said, cell) in enumerate(cells, start=1):
        lines += [*_comment([said], indent="    "), f"    {cell}{',' if number < len(cells) else ''}"]
    lines.append("WHERE CAST(NULL AS text) = ANY (CAST(:identifiers AS text[]))")
    return "\n".join(lines) + "\n"


def _about(*, dialect: Dialect, frame: Frame) -> Iterator[str]:
    """Yield what the author of a statement must know of its rows."""
    if not frame.parent:
        yield f"{frame.name}: one row for each customer of the batch, {dialect.title}."
    else:
        yield f"{frame.name}: the rows become {frame.target} of their row of {frame.parent}, in this order."
    if frame.required:
        yield f"A row of {frame.parent} without one is refused{_unless(frame=frame)}."
    elif frame.expected:
        yield f"A row of {frame.parent} without one is sent with a warning."
    yield (
        "Put your columns in the place of NULL and your tables before WHERE, compare their key with "
        ":identifiers, and add ORDER BY. Where that key is a CHAR column, write bpchar[] for text[]."
    )


def _unless(*, frame: Frame) -> str:
    named = [
        f"{name} is {in_words(names=[str(each) for each in values])}" for name, values in frame.unless.items()
    ]
    return f", unless {' or '.join(named)}" if named else ""


def _keys(*, frame: Frame) -> Iterator[tuple[str, str]]:
    for place, name in enumerate(frame.key):
        if place == 0:
            said = "Key: the customer, as candidates.sql delivers it."
        elif place < len(frame.key) - 1:
            said = f"Key: as the frames above deliver it, {frame.parent} the last."
        else:
            said = "Key: tells the rows of one parent apart."
        yield said, f"CAST(NULL AS text) AS {name}"


def _columns(*, frame: Frame) -> Iterator[tuple[str, str]]:
    for column in frame.columns:
        if column.name not in frame.key:
            yield _told(column=column), f"CAST(NULL AS {_TYPES.get(column.kind, 'text')}) AS {column.name}"
        if column.decimals:
            yield f"The digits after the point of {column.name}.", f"CAST(NULL AS text) AS {column.decimals}"


def _told(*, column: Column) -> str:
    """Return what a column is for, its kind, its codes, and what becomes of a blank one."""
    said = [column.meaning.rstrip("."), f"Kind {column.kind}"]
    if column.setting:
        said.append(f"Words of your Kraken are configured as {column.setting}")
    if column.codes:
        said.append(f"Codes: {_codes(column=column)}")
    if column.kind == "money" and column.sign != "kept":
        said.append("Debits are positive")
    if column.is_last_day:
        said.append("The last day that counts")
    if column.required:
        said.append("Required: a blank one refuses the customer")
    elif column.expected:
        said.append("Expected: a blank one warns")
    return ". ".join(said) + "."


def _codes(*, column: Column) -> str:
    codes = [
        f"{code or 'blank'} is {'left out' if word is None else word}"
        for code, word in (column.codes or {}).items()
    ]
    more = len(codes) - _MOST_CODES
    return ", ".join(codes[:_MOST_CODES]) + (f" and {more} more in the mapping page" if more > 0 else "")


def _for_rules(*, dialect: Dialect) -> str:
    """Return the further columns that the rules of `sql/plan` may look at."""
    try:
        known = trace(sql=candidates_sql(dialect=dialect.name))
    except (UnableToSelect, UnableToTrace):
        return ""
    return "".join(f",\n    CAST(NULL AS text) AS {each}" for each in known if each not in PLANNED)


def _ledgers(*, dialect: Dialect) -> str:
    named = sorted({source.ledger for source in dialect.money if source.ledger})
    return f"Ledgers: {in_words(names=named)}." if named else "ledger is what the payload calls it."


def _comment(said: Iterable[str], *, indent: str = "") -> Iterator[str]:
    """Yield sentences as comments, each on lines of its own."""
    for sentence in said:
        for line in textwrap.wrap(sentence, width=_WIDTH - len(indent), break_on_hyphens=False):
            # A colon before a letter would be a parameter.
            yield f"{indent}-- {line}"
