"""Cleans one column of a frame at a time.

Each distinct value is cleaned once and the result spread over the rows: legacy columns repeat themselves.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from transforms.bookings import turned
from transforms.clocks import offsets
from transforms.dialect import ANY_CODE, CodeValue, Column
from transforms.findings import Severity
from transforms.wording import are_words, unknown_code

_COMPACT_DATE: Final = re.compile(r"\d{8}", re.ASCII)
_ZEROS: Final = re.compile(r"[0 .:T-]+", re.ASCII)
_MONEY: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MONEY_DIGITS: Final = 10
_CENTS: Final = re.compile(rf"(-?\d{{1,{_MONEY_DIGITS}}}\.\d\d)0*", re.ASCII)
"""An amount that needs no second look: zeros at the end of a fraction mean nothing, databases add them."""
_DECIMAL: Final = re.compile(r"-?\d{1,10}(\.\d{1,10})?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_DIGITS: Final = re.compile(r"\d{0,10}", re.ASCII)
_NO_NUMBER: Final = "?"
"""In place of a fraction; no pattern takes the whole for a number."""
_OPEN_END: Final = re.compile(r"9999[0-9 .:TZ+-]*", re.ASCII)
_TEXT_OR_NONE: Final = frozenset({str, type(None)})
_WHOLE_OR_NONE: Final = frozenset({int, type(None)})
_CONTROL: Final = {code: None for code in range(32) if code not in (9, 10, 13)} | {127: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a value cannot be sent, or, as a warning, what is sent instead; the detail names no value."""

    code: str
    detail: str
    severity: Severity = "error"
    value: Any = None
    """The value that is sent."""


class FloatInFrame(Exception):
    """A column holds binary floating-point numbers, which cannot be exact."""


class NoTextInFrame(Exception):
    """A column holds values that have no text form: bytes, lists or objects."""


def clean_column(
    *,
    column: Column,
    values: Sequence[Any],
    decimals: Sequence[Any] | None,
    zone: ZoneInfo,
    today: date | None = None,
) -> tuple[list[Any], dict[int, Problem]]:
    """Clean a column: a value or None for each row, and the problems by row number.

    Days before `today` are past. Raises `FloatInFrame` and `NoTextInFrame`. No text makes it crash.
    """
    cleaned: list[Any]
    problems: dict[int, Problem] = {}
    if column.kind == "document":
        cleaned = list(values)
    elif column.kind == "texts":
        cleaned = [_texts(value=value, name=column.name) for value in values]
        problems = {row: value for row, value in enumerate(cleaned) if isinstance(value, Problem)}
        cleaned = [None if row in problems else value for row, value in enumerate(cleaned)]
    else:
        texts = _as_texts(values)
        if decimals is not None:
            texts = _joined(wholes=texts, fractions=_as_texts(decimals))
        plain = _plain(texts=texts, column=column) if column.kind == "text" else None
        if plain is not None:
            cleaned = plain
        else:
            clean = _cleaner(column=column, zone=zone, today=today)
            cleaned, problems = _clean_distinct(texts=texts, clean=clean, column=column)
    if (column.required or column.expected) and None in cleaned:
        missing = _missing(column=column)
        for row, value in enumerate(cleaned):
            if value is None and row not in problems:
                problems[row] = missing
    return cleaned, problems


def _plain(*, texts: Sequence[str | None], column: Column) -> list[Any] | None:
    """Return a column of texts in plain letters, stripped; None if some need more than that."""
    if not _is_plain("".join(filter(None, texts))):
        return None
    blank = "" if column.keep_blank else None
    return [None if text is None else text.strip() or blank for text in texts]


def _missing(*, column: Column) -> Problem:
    if column.required:
        return Problem(code="missing_value", detail=f"Column {column.name} is empty but required.")
    return Problem(
        code="missing_value",
        detail=f"Column {column.name} is empty: it is sent without it. Fill it if Kraken needs it.",
        severity="warning",
    )


def _clean_distinct(
    *, texts: Sequence[str | None], clean: Callable[[str], Any], column: Column
) -> tuple[list[Any], dict[int, Problem]]:
    results: dict[str | None, Any] = {None: None}
    bad = {}
    distinct = {text for text in set(texts) if text is not None}
    tidy = str.strip if _is_plain("".join(distinct)) else _tidy
    blank = _blank(column=column)
    for raw in distinct:
        text = tidy(raw)
        result = clean(text) if text else blank
        if isinstance(result, Problem):
            bad[raw] = result
            result = result.value
        results[raw] = result
    if bad:
        _shown_as_they_may_be(bad=bad, column=column)
    cleaned = list(map(results.__getitem__, texts))
    return cleaned, {row: bad[text] for row, text in enumerate(texts) if text in bad} if bad else {}


def _blank(*, column: Column) -> CodeValue:
    """What a blank value of a column is sent as."""
    blank = "" if column.keep_blank else None
    if column.kind in ("code", "configured"):
        return (column.codes or {}).get("", blank)
    return blank


def _cleaner(*, column: Column, zone: ZoneInfo, today: date | None) -> Callable[[str], Any]:
    """What cleans a value that is not blank. It is chosen once, since a batch has millions of values."""
    name = column.name
    match column.kind:
        case "configured" if column.codes is None:
            return lambda text: _unmapped(text=text, column=column)
        case "code" | "configured":
            codes = column.codes or {}
            return lambda text: _code(text=text, codes=codes, column=column)
        case "codes":
            return lambda text: _codes(text=text, codes=column.codes or {}, column=column)
        case "unsent":
            return lambda _: _unsent(column=column)
        case "date" if not (column.if_past or column.is_last_day):
            return lambda text: _plain_day(text) or _date(text=text, column=column, today=today)
        case "date":
            return lambda text: _date(text=text, column=column, today=today)
        case "timestamp":
            return lambda text: _timestamp(text=text, zone=zone, name=name)
        case "money":
            return lambda text: _money(text=text, column=column)
        case "decimal":
            return lambda text: (
                text
                if _DECIMAL.fullmatch(text)
                else _number(text=_led(text=text), pattern=_DECIMAL, name=name)
            )
        case "integer":
            return lambda text: _integer(text=text, name=name)
        case _:
            return lambda text: text


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _tidy(raw: str) -> str:
    return (raw if _is_plain(raw) else unicodedata.normalize("NFC", raw).translate(_CONTROL)).strip()


def _texts(*, value: Any, name: str) -> Any:
    """The texts of an array without the blank ones, or None when there are none."""
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    elif not isinstance(value, list | tuple):
        # A value that is not a text is reported as in any other column.
        if _as_text(value) is None:
            return None
        value = None
    if not isinstance(value, list | tuple) or not all(
        each is None or isinstance(each, str) for each in value
    ):
        return Problem(
            code="invalid_value",
            detail=f"Column {name} is not a list of texts: deliver a text array, or a JSON array of texts.",
        )
    return [text for text in map(_tidy, filter(None, value)) if text] or None


def _as_texts(values: Sequence[Any]) -> Sequence[str | None]:
    # Most columns hold only texts, and most others only whole numbers.
    kinds = set(map(type, values))
    if kinds <= _TEXT_OR_NONE:
        return values
    if kinds <= _WHOLE_OR_NONE:
        return [None if value is None else str(value) for value in values]
    return [_as_text(value) for value in values]


def _as_text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    # It passes for a time, and its text for a value.
    if value is pd.NaT:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    if value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float):
        raise FloatInFrame("it holds floating-point numbers: cast it to numeric or text")
    if isinstance(value, bytes | bytearray | memoryview | list | tuple | dict):
        # Python's own notation of it would pass for a value.
        raise NoTextInFrame("it holds bytes, lists or objects: turn them into text")
    return str(value)


def _joined(*, wholes: Sequence[str | None], fractions: Sequence[str | None]) -> list[str | None]:
    """Return numbers that the legacy system splits into the digits before and after the point."""
    ends = {fraction: _end(fraction=fraction) for fraction in set(fractions)}
    # A reading whose first column was never filled is none, and not nought.
    return [
        whole if whole is None or not end else f"{whole.strip()}.{end if whole.strip(' +-') else _NO_NUMBER}"
        for whole, end in zip(wholes, map(ends.__getitem__, fractions), strict=True)
    ]


def _end(*, fraction: str | None) -> str:
    """Return the digits after the point; what is not digits makes it no number."""
    digits = (fraction or "").strip()
    return digits if _DIGITS.fullmatch(digits) else _NO_NUMBER


def _code(*, text: str, codes: Mapping[str, CodeValue], column: Column) -> Any:
    if text in codes:
        return codes[text]
    if not text:
        return None
    if codes.get(ANY_CODE) == ANY_CODE:
        return text
    return _unknown(text=text, column=column)


def _unknown(*, text: str, column: Column, by_shape: bool = False) -> Problem:
    mend = (
        f"name Kraken's word for it in codes/ or the Connection's Configured values, setting {column.setting}"
        if column.setting
        else "say in codes/ or columns.toml what it stands for, or deliver one of `kraken-migrate codes`"
    )
    return Problem(
        code="unknown_code",
        detail=f"Column {column.name} holds {unknown_code(text=text, by_shape=by_shape)}: {mend}.",
    )


def _shown_as_they_may_be(*, bad: dict[str, Problem], column: Column) -> None:
    """Show the unknown codes of a column by their shape if most of them are words as names are."""
    unknown = {
        text: _unknown_part(text=text, column=column)
        for text, problem in bad.items()
        if problem.code == "unknown_code"
    }
    if are_words(values=unknown.values(), known=column.codes or ()):
        bad |= {text: _unknown(text=part, column=column, by_shape=True) for text, part in unknown.items()}


def _unknown_part(*, text: str, column: Column) -> str:
    parts = [_tidy(part) for part in (text.split(",") if column.kind == "codes" else [text])]
    return next((part for part in parts if part and part not in (column.codes or {})), "")


def _unmapped(*, text: str, column: Column) -> Problem:
    return Problem(
        code="unmapped_code",
        detail=f"Setting {column.setting} has no values, so column {column.name} is sent as it is: give each "
        "code a value in codes/ or the Connection's Configured values, or * for * where they are Kraken's "
        "own.",
        severity="warning",
        value=text,
    )


def _unsent(*, column: Column) -> Problem:
    return Problem(
        code="value_not_sent",
        detail=f"Kraken has no field for what column {column.name} holds: it is left out.",
        severity="warning",
    )


def _codes(*, text: str, codes: Mapping[str, CodeValue], column: Column) -> Any:
    values = []
    for part in text.split(","):
        value = _code(text=part.strip(), codes=codes, column=column)
        if isinstance(value, Problem):
            return value
        if value is not None:
            values.append(value)
    return values or None


def _date(*, text: str, column: Column, today: date | None) -> Any:
    try:
        day = _day(text)
    except ValueError:
        return Problem(code="invalid_date", detail=f"Column {column.name} holds a date that does not exist.")
    if day is None:
        return None
    if column.if_past and today is not None and day < today:
        return Problem(
            code="date_in_past",
            detail=f"Column {column.name} holds a day that is over, and is left out: {column.if_past}",
            severity="warning",
        )
    return (day + timedelta(days=1) if column.is_last_day else day).isoformat()


# The days of a utility's columns are the same ones over and over.
@lru_cache(maxsize=1 << 15)
def _plain_day(text: str) -> str | None:
    """The day of a text as it is sent; None where there is more to say of it."""
    try:
        day = _day(text)
    except ValueError:
        return None
    return None if day is None else day.isoformat()


@lru_cache(maxsize=1 << 15)
def _day(text: str) -> date | None:
    """The day of a text, None where it stands for none or for an open end. Raises `ValueError`."""
    if _ZEROS.fullmatch(text) or _OPEN_END.fullmatch(text):
        return None
    if _COMPACT_DATE.fullmatch(text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return _plain_date(text)


def _plain_date(text: str) -> date:
    # A time of day at midnight is how some databases print a date.
    day, _, time = text.replace("T", " ").partition(" ")
    if time.strip("0:. ") or not day.isascii():
        raise ValueError("a time of day, or digits of another script")
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date()


def _timestamp(*, text: str, zone: ZoneInfo, name: str) -> Any:
    if _ZEROS.fullmatch(text) or _OPEN_END.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        aware = time if time.tzinfo is not None else time.replace(tzinfo=zone)
        iso = aware.isoformat()
        sent = iso.removesuffix("+00:00") + "Z" if iso.endswith("+00:00") else iso
        if time.tzinfo is not None:
            return sent
        before, after = offsets(wall=aware)
        if before > after:
            return _guessed(sent=sent, name=name, zone=zone, what="show twice: the first of the two is sent")
        if before < after:
            return _guessed(
                sent=sent, name=name, zone=zone, what="skip: it is sent as of before they go forward"
            )
    except (ValueError, OverflowError):
        return Problem(code="invalid_date", detail=f"Column {name} holds a time that does not exist.")
    return sent


def _guessed(*, sent: str, name: str, zone: ZoneInfo, what: str) -> Problem:
    return Problem(
        code="ambiguous_time",
        detail=f"Column {name} holds a time that clocks in {zone.key} {what}. Deliver it with its offset.",
        severity="warning",
        value=sent,
    )


def _led(*, text: str) -> str:
    """The text of a number with a nought before a point that has no digit there: Oracle prints half as .5."""
    if text.startswith("."):
        return f"0{text}"
    return f"-0{text[1:]}" if text.startswith("-.") else text


def _money(*, text: str, column: Column) -> Any:
    if column.places >= 2 and (cents := _CENTS.fullmatch(text)):
        return _signed(amount=cents[1], column=column)
    text = _led(text=text)
    whole, point, fraction = text.partition(".")
    digits = fraction[:2] + fraction[2:].rstrip("0")
    wrong = ""
    if not _MONEY.fullmatch(text):
        wrong = "no amount: deliver digits, and a point where there are parts, without currency or commas"
    elif len(whole.removeprefix("-")) > _MONEY_DIGITS:
        wrong = f"an amount of more than {_MONEY_DIGITS} digits before the point: look whether it is one"
    elif len(digits) > column.places:
        wrong = (
            f"an amount with more than {column.places} digits after the point, and nothing is rounded here: "
            "round it in the SQL, or mend it"
        )
    if wrong:
        return Problem(code="invalid_value", detail=f"Column {column.name} holds {wrong}.")
    return _signed(amount=f"{whole}.{digits}" if point else text, column=column)


def _signed(*, amount: str, column: Column) -> str:
    return turned(amount=amount) if column.sign == "debit_positive" else amount


def _number(*, text: str, pattern: re.Pattern[str], name: str) -> Any:
    if not pattern.fullmatch(text):
        return Problem(code="invalid_value", detail=f"Column {name} holds something that is not a number.")
    return text


def _integer(*, text: str, name: str) -> Any:
    number = _number(text=text, pattern=_INTEGER, name=name)
    return int(number) if isinstance(number, str) else number
