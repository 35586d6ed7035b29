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
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from transforms.bookings import turned
from transforms.clocks import is_repeated, is_skipped
from transforms.dialect import ANY_CODE, CodeValue, Column
from transforms.findings import Severity

_COMPACT_DATE: Final = re.compile(r"\d{8}", re.ASCII)
_ZEROS: Final = re.compile(r"[0 .:T-]+", re.ASCII)
_MONEY: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MONEY_DIGITS: Final = 10
_DECIMAL: Final = re.compile(r"-?\d{1,10}(\.\d{1,10})?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_DIGITS: Final = re.compile(r"\d{0,10}", re.ASCII)
_OPEN_END: Final = re.compile(r"9999[0-9 .:TZ+-]*", re.ASCII)
_TEXT_OR_NONE: Final = frozenset({str, type(None)})
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
            texts = [
                _join(whole=whole, fraction=_as_text(fraction))
                for whole, fraction in zip(texts, decimals, strict=True)
            ]
        plain = _plain(texts=texts, column=column) if column.kind == "text" else None
        if plain is not None:
            cleaned = plain
        else:
            clean = _cleaner(column=column, zone=zone, today=today)
            cleaned, problems = _clean_distinct(texts=texts, clean=clean)
    if column.required or column.expected:
        missing = _missing(column=column)
        for row, value in enumerate(cleaned):
            if value is None and row not in problems:
                problems[row] = missing
    return cleaned, problems


def _plain(*, texts: Sequence[str | None], column: Column) -> list[Any] | None:
    """Return a column of texts in plain letters, stripped; None if some need more than that."""
    together = "".join(filter(None, texts))
    if not (together.isascii() and together.isprintable()):
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
    *, texts: Sequence[str | None], clean: Callable[[str], Any]
) -> tuple[list[Any], dict[int, Problem]]:
    if not any(texts) and "" not in texts:
        return [None] * len(texts), {}
    codes, distinct = pd.factorize(np.array(texts, dtype=object))
    results = np.empty(len(distinct) + 1, dtype=object)
    bad = []
    for number, value in enumerate(distinct):
        result = clean(value)
        if isinstance(result, Problem):
            bad.append((number, result))
            results[number] = result.value
        else:
            results[number] = result
    # Missing values have code -1, which is the last place: None.
    cleaned = results[codes].tolist()
    problems = {int(row): problem for number, problem in bad for row in np.flatnonzero(codes == number)}
    return cleaned, problems


def _cleaner(*, column: Column, zone: ZoneInfo, today: date | None) -> Callable[[str], Any]:
    blank = "" if column.keep_blank else None

    def clean(raw: str) -> Any:
        text = _tidy(raw)
        match column.kind:
            case "code":
                return _code(text=text, codes=column.codes or {}, blank=blank, column=column)
            case "configured" if column.codes is not None:
                return _code(text=text, codes=column.codes, blank=blank, column=column)
            case _ if not text:
                return blank
            case "configured":
                return _unmapped(text=text, column=column)
            case "codes":
                return _codes(text=text, codes=column.codes or {}, column=column)
            case "unsent":
                return Problem(
                    code="value_not_sent",
                    detail=f"Kraken has no field for what column {column.name} holds: it is left out.",
                    severity="warning",
                )
            case "date":
                return _date(text=text, column=column, today=today)
            case "timestamp":
                return _timestamp(text=text, zone=zone, name=column.name)
            case "money":
                return _money(text=text, column=column)
            case "decimal":
                return _number(text=_led(text=text), pattern=_DECIMAL, name=column.name)
            case "integer":
                number = _number(text=text, pattern=_INTEGER, name=column.name)
                return int(number) if isinstance(number, str) else number
            case _:
                return text

    return clean


def _tidy(raw: str) -> str:
    plain = raw.isascii() and raw.isprintable()
    return (raw if plain else unicodedata.normalize("NFC", raw).translate(_CONTROL)).strip()


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
    # Most columns hold only texts.
    if set(map(type, values)) <= _TEXT_OR_NONE:
        return values
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


def _join(*, whole: str | None, fraction: str | None) -> str | None:
    """A number that the legacy system splits into the digits before and after the point."""
    digits = (fraction or "").strip()
    if whole is None or not digits:
        return whole
    # A fraction that is not digits makes the number unreadable, which the pattern then says. So does one
    # without digits before it: a reading whose first column was never filled is none, and not nought.
    is_whole = _DIGITS.fullmatch(digits) and whole.strip(" +-")
    return f"{whole.strip()}.{digits if is_whole else '?'}"


def _code(*, text: str, codes: Mapping[str, CodeValue], blank: str | None, column: Column) -> Any:
    if text in codes:
        return codes[text]
    if not text:
        return blank
    if codes.get(ANY_CODE) == ANY_CODE:
        return text
    shown = text if len(text) <= 20 else f"{text[:20]}…"
    mend = (
        f"name Kraken's word for it in the Connection's Configured values, setting {column.setting}"
        if column.setting
        else "deliver one of docs/mapping, or say in columns.toml what it stands for"
    )
    return Problem(
        code="unknown_code", detail=f"Column {column.name} holds the unknown code {shown!r}: {mend}."
    )


def _unmapped(*, text: str, column: Column) -> Problem:
    return Problem(
        code="unmapped_code",
        detail=f"Setting {column.setting} has no values, so column {column.name} is sent as it is: give each "
        "code a value in the Connection's Configured values, or * for * where they are Kraken's own.",
        severity="warning",
        value=text,
    )


def _codes(*, text: str, codes: Mapping[str, CodeValue], column: Column) -> Any:
    values = []
    for part in text.split(","):
        value = _code(text=part.strip(), codes=codes, blank=None, column=column)
        if isinstance(value, Problem):
            return value
        if value is not None:
            values.append(value)
    return values or None


def _date(*, text: str, column: Column, today: date | None) -> Any:
    if _ZEROS.fullmatch(text) or _OPEN_END.fullmatch(text):
        return None
    compact = _COMPACT_DATE.fullmatch(text)
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) if compact else _plain_date(text)
    except ValueError:
        return Problem(code="invalid_date", detail=f"Column {column.name} holds a date that does not exist.")
    if column.if_past and today is not None and day < today:
        return Problem(
            code="date_in_past",
            detail=f"Column {column.name} holds a day that is over, and is left out: {column.if_past}",
            severity="warning",
        )
    return (day + timedelta(days=1) if column.is_last_day else day).isoformat()


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
        if is_repeated(wall=time, zone=zone):
            return _guessed(sent=sent, name=name, zone=zone, what="show twice: the first of the two is sent")
        if is_skipped(wall=time, zone=zone):
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
    text = _led(text=text)
    whole, point, fraction = text.partition(".")
    # Zeros at the end of a fraction mean nothing: databases add them.
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
    amount = f"{whole}.{digits}" if point else text
    return turned(amount=amount) if column.sign == "debit_positive" else amount


def _number(*, text: str, pattern: re.Pattern[str], name: str) -> Any:
    if not pattern.fullmatch(text):
        return Problem(code="invalid_value", detail=f"Column {name} holds something that is not a number.")
    return text
