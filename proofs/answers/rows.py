"""Landings: rows of a legacy database, cleaned column by column, summed as money and built into payloads."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import orjson
from hypothesis import strategies as st

from proofs.answers.contract import Parser, claim
from proofs.answers.damage import as_of_databases, mostly, texts
from tests.samples import TODAY, as_frames, identifier_of, sample_rows
from transforms.assemble import FrameContractBroken
from transforms.build import BuildResult, BuildSettings, build
from transforms.clean import FloatInFrame, NoTextInFrame, Problem, clean_column
from transforms.clocks import instants
from transforms.database import UnableToQuery
from transforms.dialect import FLAG, Column, Dialect, Kind, Sign
from transforms.money import is_amount, legacy_balances
from transforms.paging import Pages
from transforms.registry import dialect_names, get_dialect
from transforms.rules.ledgers import amount

_ZONES: Final = tuple(ZoneInfo(name) for name in ("Europe/London", "Australia/Lord_Howe", "UTC"))
_PERSONAL: Final = "Zdenka Quillfeather"
_EXACT: Final = Context(prec=140_000, Emax=999_999, Emin=-999_999)
_amounts: Final = st.one_of(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(str),
    st.integers(-(10**12), 10**12),
)
_columns: Final = st.builds(
    lambda kind, sign, is_last_day, required, keep_blank, has_decimals: Column(
        name="c",
        kind=kind,
        meaning="m",
        codes=FLAG if kind in ("code", "codes") else None,
        sign=sign if kind == "money" else "kept",
        is_last_day=is_last_day and kind == "date",
        required=required,
        keep_blank=keep_blank,
        decimals="d" if has_decimals and kind == "decimal" else "",
    ),
    st.sampled_from(get_args(Kind)),
    st.sampled_from(get_args(Sign)),
    *(st.booleans() for _ in range(4)),
)
# A local time has no zone.
_walls: Final = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
_cells: Final = as_of_databases | st.just(_PERSONAL) | _amounts


def _read_column(given: tuple[Column, list[Any], list[Any], ZoneInfo]) -> None:
    column, values, fractions, zone = given
    decimals = [fractions[row % len(fractions)] for row in range(len(values))] if column.decimals else None
    cleaned, problems = clean_column(column=column, values=values, decimals=decimals, zone=zone)
    claim(len(cleaned) == len(values), "A row is lost.")
    for row, (value, found) in enumerate(zip(values, cleaned, strict=True)):
        _check_cell(column=column, value=value, found=found, problem=problems.get(row))


def _check_cell(*, column: Column, value: Any, found: Any, problem: Problem | None) -> None:
    if problem is not None:
        claim(problem.severity == "warning" or problem.value is None, "A refused value is sent.")
        claim(len(problem.detail) < 300, "A detail is too long.")
        if column.kind not in ("code", "codes"):
            claim(_PERSONAL not in problem.detail, "A detail tells a value.")
        return
    if found is None or found == "":
        return
    if column.kind == "money" and isinstance(value, Decimal | int | str) and not isinstance(value, bool):
        exact, sent = Decimal(str(value).strip() if isinstance(value, str) else value), Decimal(found)
        wanted = -exact if column.sign == "debit_positive" else exact
        claim(sent == wanted, "An amount has changed.")
        claim(amount(found) == wanted, "The summed amount is another one.")
    if column.kind == "decimal" and not column.decimals and isinstance(value, Decimal | int):
        claim(Decimal(found) == Decimal(value), "A number is not the number.")
    if column.kind == "date":
        claim(date.fromisoformat(found).isoformat() == found, "A date is none.")
    if column.kind == "timestamp":
        claim(datetime.fromisoformat(found).tzinfo is not None, "A time has no offset.")


def _read_balances(rows: list[tuple[Any, Any]]) -> None:
    given = [
        ("A-1", "main", "GBP", amount) for amount, _ in rows if amount is None or is_amount(value=amount)
    ]
    with localcontext(_EXACT):
        wanted = sum(
            (Decimal(row[3]).quantize(Decimal("1E-10")) * 100 for row in given if row[3] is not None),
            Decimal(0),
        )
    for balance in legacy_balances(rows=given).get("A-1", ()):
        claim(balance.cents == wanted, "A sum is not the sum of its amounts.")


def _read_page(given: tuple[list[list[Any]], bool]) -> None:
    pages = Pages(source="sql/extract/x/candidates.sql")
    told: list[str] = []
    for keys in given[0]:
        told += pages.checked(keys=keys, next_after=lambda key: key if given[1] else None)
    claim(all(isinstance(key, str) and key == key.strip() and key for key in told), "A key cannot be one.")


_keys: Final = mostly(st.text("ab 1", min_size=1, max_size=3), as_of_databases)


def _read_clock(given: tuple[datetime, ZoneInfo]) -> None:
    wall, zone = given
    first, last = instants(wall=wall.replace(second=0, microsecond=0), zone=zone)
    claim(first <= last, "The last instant is before the first.")


@cache
def _sample(dialect: str) -> tuple[Dialect, dict[str, list[dict[str, Any]]]]:
    found = get_dialect(name=dialect)
    return found, sample_rows(dialect=found)


_edits: Final = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 200), st.integers(0, 200), as_of_databases | texts),
    min_size=1,
    max_size=3,
)


def _damaged_rows(dialect: str, edits: Sequence[tuple[int, int, int, Any]]) -> tuple[Dialect, Any]:
    found, sample = _sample(dialect)
    rows = copy.deepcopy(sample)
    for action, at, column, value in edits:
        places = [(name, row) for name, listed in rows.items() for row in range(len(listed))]
        if not places:
            break
        name, row = places[at % len(places)]
        if action == 0:
            rows[name][row][list(rows[name][row])[column % len(rows[name][row])]] = value
        elif action == 1:
            rows[name].append(dict(rows[name][row]))
        else:
            del rows[name][row]
    return found, rows


def _read_rows(given: tuple[str, list[tuple[int, int, int, Any]]]) -> None:
    dialect, rows = _damaged_rows(*given)
    identifier = identifier_of(dialect=dialect)
    result: BuildResult = build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=rows),
        identifiers=[identifier, "NOBODY"],
        settings=BuildSettings(import_supplier="S", today=TODAY),
    )
    sent = [each.external_identifier for each in result.payloads]
    refused = [each.external_identifier for each in result.rejections]
    claim(sorted(sent + refused) == sorted([identifier, "NOBODY"]), "A customer is lost, or there twice.")
    claim(all(each.findings for each in result.rejections), "A customer is refused without a reason.")
    for payload in result.payloads:
        dialect.model.model_validate_json(payload.body)
        claim(orjson.dumps(orjson.loads(payload.body)) == payload.body, "A payload is read as another one.")


PARSERS: Final = (
    Parser(
        name="column of a legacy database",
        inputs=st.tuples(
            _columns,
            st.lists(_cells, min_size=1, max_size=4),
            st.lists(_cells, min_size=1, max_size=2),
            st.sampled_from(_ZONES),
        ),
        read=_read_column,
        refusals=(FloatInFrame, NoTextInFrame),
    ),
    Parser(
        name="balances of a legacy database",
        inputs=st.lists(st.tuples(mostly(_amounts, as_of_databases), st.none()), max_size=4),
        read=_read_balances,
    ),
    Parser(
        name="pages of customers",
        inputs=st.tuples(st.lists(st.lists(_keys, max_size=3), max_size=3), st.booleans()),
        read=_read_page,
        refusals=(UnableToQuery,),
    ),
    Parser(
        name="local time of a clock",
        inputs=st.tuples(_walls, st.sampled_from(_ZONES)),
        read=_read_clock,
    ),
    Parser(
        name="rows of a customer",
        inputs=st.tuples(st.sampled_from(dialect_names()), _edits),
        read=_read_rows,
        refusals=(FrameContractBroken,),
    ),
)
