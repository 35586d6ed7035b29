"""One column at a time: what is cleaned, what is refused, and what must never change."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.clean import FloatInFrame, clean_column
from transforms.dialect import FLAG, OPTIONAL_FLAG, Column, Kind

SYDNEY = ZoneInfo("Australia/Sydney")


def clean(kind: Kind, value: Any, *, decimals: Any = None, **options: Any) -> Any:
    """The cleaned value, or the code of what is wrong with it."""
    column = Column(name="c", kind=kind, meaning="m", decimals="d" if decimals is not None else "", **options)
    ((cleaned,), problems) = clean_column(
        column=column, values=[value], decimals=None if decimals is None else [decimals], zone=SYDNEY
    )
    return problems[0].code if problems else cleaned


@pytest.mark.parametrize(
    ("kind", "raw", "cleaned"),
    [
        ("text", "  Anna ", "Anna"),
        ("text", "Zoe\u0308", "Zoë"),
        ("text", "   ", None),
        ("text", "a\x00b", "ab"),
        ("text", "0393", "0393"),
        ("text", 393, "393"),
        ("text", pd.NaT, None),
        ("date", pd.NaT, None),
        ("date", "20190801", "2019-08-01"),
        ("date", "2019-08-01", "2019-08-01"),
        ("date", "2019-08-01 00:00:00", "2019-08-01"),
        ("date", date(2019, 8, 1), "2019-08-01"),
        ("date", "00000000", None),
        ("date", "0000-00-00", None),
        ("date", "99991231", None),
        ("date", "9999-12-31", None),
        ("date", "9999-12-31 23:59:59", None),
        ("date", "9999 High Street", "invalid_date"),
        ("date", "９９９９-12-31", "invalid_date"),
        ("timestamp", "9999-12-31T23:59:59Z", None),
        ("timestamp", "9999x", "invalid_date"),
        ("date", "", None),
        ("date", "20190231", "invalid_date"),
        ("date", "2019-13-01", "invalid_date"),
        ("date", "1.8.2019", "invalid_date"),
        ("date", "2019-08-01 12:00:00", "invalid_date"),
        ("timestamp", "2018-10-10T10:20:00Z", "2018-10-10T10:20:00Z"),
        ("timestamp", "2018-10-10T10:20:00+00:00", "2018-10-10T10:20:00Z"),
        ("timestamp", "2024-01-01T00:00:00", "2024-01-01T00:00:00+11:00"),
        ("timestamp", "2024-07-01T00:00:00", "2024-07-01T00:00:00+10:00"),
        ("timestamp", datetime(2024, 7, 1), "2024-07-01T00:00:00+10:00"),
        ("timestamp", "2024-02-30T00:00:00", "invalid_date"),
        ("money", "30.00", "30.00"),
        ("money", Decimal("21.3"), "21.3"),
        ("money", "12", "12"),
        ("money", "12.300", "12.30"),
        ("money", "12.3450", "12.345"),
        ("money", "0.0000000001000", "0.0000000001"),
        ("money", "0.00000000001", "invalid_value"),
        ("money", "1.123456789012", "invalid_value"),
        ("money", "£12.00", "invalid_value"),
        ("money", "12.00 EUR", "invalid_value"),
        ("money", "12345678901", "invalid_value"),
        ("money", "12.", "invalid_value"),
        ("money", ".5", "0.5"),
        ("money", "-.50", "-0.50"),
        ("money", ".", "invalid_value"),
        ("money", "-.", "invalid_value"),
        ("money", "..5", "invalid_value"),
        ("money", "1,234.50", "invalid_value"),
        ("money", "1e3", "invalid_value"),
        ("money", "NaN", "invalid_value"),
        ("money", "٣", "invalid_value"),
        ("decimal", "1500", "1500"),
        ("decimal", "0.125", "0.125"),
        ("decimal", ".125", "0.125"),
        ("decimal", "-.125", "-0.125"),
        ("decimal", ".", "invalid_value"),
        ("integer", ".5", "invalid_value"),
        ("decimal", "1500 kWh", "invalid_value"),
        ("integer", "5", 5),
        ("integer", " 05 ", 5),
        ("integer", 5, 5),
        ("integer", "5.0", "invalid_value"),
        ("integer", None, None),
    ],
)
def test_a_value_is_cleaned_or_refused(kind: Kind, raw: Any, cleaned: Any) -> None:
    assert clean(kind, raw) == cleaned


PLAIN = "holds no amount: deliver digits, and a point where there are parts, without currency or commas."


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("12.00 EUR", PLAIN),
        ("NaN", PLAIN),
        ("1,234.50", PLAIN),
        (
            Decimal("-101.180000000001"),
            "holds an amount with more than 10 digits after the point, and nothing is rounded here: round it "
            "in the SQL, or mend it.",
        ),
        (
            "12345678901.00",
            "holds an amount of more than 10 digits before the point: look whether it is one.",
        ),
    ],
)
def test_a_value_that_is_not_an_amount_says_what_to_do(raw: Any, sentence: str) -> None:
    column = Column(name="balance", kind="money", meaning="What is owed.")
    _, problems = clean_column(column=column, values=[raw], decimals=None, zone=SYDNEY)
    assert problems[0].detail == f"Column balance {sentence}"


@pytest.mark.parametrize(
    ("raw", "credit_positive"),
    [("-30.00", "30.00"), ("30.00", "-30.00"), ("0.00", "0.00"), ("-0.00", "0.00"), ("-0.0625", "0.0625")],
)
def test_money_owed_becomes_krakens_sign(raw: str, credit_positive: str) -> None:
    assert clean("money", raw, sign="debit_positive") == credit_positive
    assert clean("money", raw, sign="by_type") == raw


@pytest.mark.parametrize(("raw", "cleaned"), [("12.3400", "12.34"), ("12.345", "invalid_value")])
def test_an_amount_has_no_more_places_than_kraken_takes(raw: str, cleaned: str) -> None:
    assert clean("money", raw, places=2) == cleaned


@pytest.mark.parametrize(
    ("whole", "decimals", "value"),
    [
        ("1000", "00", "1000.00"),
        ("980", "5 ", "980.5"),
        ("7", "", "7"),
        ("7", "x", "invalid_value"),
        (" ", "00", "invalid_value"),
        ("-", "5", "invalid_value"),
        (None, "1", None),
    ],
)
def test_a_reading_in_two_columns_becomes_one_number(whole: Any, decimals: str, value: Any) -> None:
    assert clean("decimal", whole, decimals=decimals) == value


def test_each_row_of_a_reading_in_two_columns_keeps_its_own_decimals() -> None:
    column = Column(name="c", kind="decimal", meaning="m", decimals="d")
    wholes = [5, 7, None, "8 ", 9, " ", 6]
    fractions = ["10", "2 ", "10", "  ", None, "10", "1O"]
    cleaned, problems = clean_column(column=column, values=wholes, decimals=fractions, zone=SYDNEY)
    assert cleaned == ["5.10", "7.2", None, "8", "9", None, None]
    assert problems.keys() == {5, 6}


def test_a_blank_is_sent_only_where_the_column_says_so() -> None:
    assert clean("text", "  ", keep_blank=True) == ""
    assert clean("text", None, keep_blank=True) is None
    assert clean("text", "  ") is None


def test_a_last_day_becomes_the_first_that_no_longer_counts() -> None:
    assert clean("date", "20240228", is_last_day=True) == "2024-02-29"
    assert clean("date", "20231231", is_last_day=True) == "2024-01-01"
    assert clean("date", "99991231", is_last_day=True) is None


def test_flags_tell_no_from_unknown() -> None:
    assert clean("code", " ", codes=FLAG) is False
    assert clean("code", " ", codes=OPTIONAL_FLAG) is None
    assert clean("code", "X", codes=OPTIONAL_FLAG) is True
    assert clean("code", "J", codes=FLAG) == "unknown_code"


ROLES = {"HLD": "ADMIN", "BIL": "PAYER", "OLD": None}


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("HLD", ["ADMIN"]),
        (" BIL ,HLD", ["PAYER", "ADMIN"]),
        ("HLD,,", ["ADMIN"]),
        ("OLD,HLD", ["ADMIN"]),
        ("OLD", None),
        (",", None),
        (" ", None),
        (None, None),
        ("HLD,?", "unknown_code"),
        ("HLD;BIL", "unknown_code"),
    ],
)
def test_codes_with_commas_between_become_a_list_or_reject(raw: str | None, cleaned: Any) -> None:
    assert clean("codes", raw, codes=ROLES) == cleaned


def test_a_required_value_that_means_nothing_is_missing() -> None:
    assert clean("date", "99991231", required=True) == "missing_value"
    assert clean("text", None, required=True) == "missing_value"


def test_an_expected_value_that_means_nothing_is_left_out_with_a_warning() -> None:
    column = Column(name="c", kind="date", meaning="m", expected=True)
    cleaned, problems = clean_column(
        column=column, values=["20260101", "00000000", None, "soon"], decimals=None, zone=SYDNEY
    )
    assert cleaned == ["2026-01-01", None, None, None]
    assert {row: (found.code, found.severity) for row, found in problems.items()} == {
        1: ("missing_value", "warning"),
        2: ("missing_value", "warning"),
        3: ("invalid_date", "error"),
    }


@pytest.mark.parametrize("kind", ["money", "decimal", "integer", "text"])
def test_binary_floating_point_numbers_are_refused(kind: Kind) -> None:
    with pytest.raises(FloatInFrame):
        clean(kind, 0.1)


@given(value=st.none() | st.text(), kind=st.sampled_from(get_args(Kind)))
def test_no_text_makes_cleaning_crash(value: str | None, kind: Kind) -> None:
    clean(kind, value, codes={"A": "B"} if kind in ("code", "codes") else None)


@given(value=st.decimals(min_value=-99_999_999, max_value=99_999_999, places=10))
def test_every_part_of_a_cent_survives(value: Decimal) -> None:
    assert Decimal(clean("money", value)) == value
    assert Decimal(clean("money", value, sign="debit_positive")) == -value


@given(number=st.integers(0, 99_999), length=st.integers(5, 13))
def test_leading_zeros_stay(number: int, length: int) -> None:
    text = str(number).zfill(length)
    assert clean("text", text) == text
    assert clean("code", text, codes={text: "V"}) == "V"


@given(day=st.dates(min_value=date(1, 1, 1), max_value=date(9998, 12, 31)))
def test_every_day_is_read_alike_in_both_forms(day: date) -> None:
    assert clean("date", f"{day:%Y%m%d}".zfill(8)) == clean("date", day.isoformat()) == day.isoformat()


@given(
    values=st.lists(st.none() | st.sampled_from(["20190801", "20190231", "", "99991231", "x"]), max_size=30)
)
def test_a_column_is_cleaned_value_by_value_whatever_stands_beside_it(values: list[str | None]) -> None:
    column = Column(name="c", kind="date", meaning="m")
    cleaned, problems = clean_column(column=column, values=values, decimals=None, zone=SYDNEY)
    for row, value in enumerate(values):
        alone, alone_problems = clean_column(column=column, values=[value], decimals=None, zone=SYDNEY)
        assert cleaned[row] == alone[0]
        assert (row in problems) == bool(alone_problems)


def test_the_day_after_the_last_of_the_calendar_is_refused_in_whatever_digits() -> None:
    assert clean("date", "９９９９-12-31", is_last_day=True) == "invalid_date"
    assert clean("date", "9999-12-31", is_last_day=True) is None


def test_an_unknown_code_says_where_it_can_be_named() -> None:
    own = Column(name="c", kind="code", meaning="m", codes={"A": "B"})
    configured = Column(name="c", kind="configured", meaning="m", setting="ledger_codes", codes={"A": "B"})
    for column, mend in (
        (
            own,
            "say in codes/ or columns.toml what it stands for, or deliver one of `kraken-migrate codes`.",
        ),
        (
            configured,
            "name Kraken's word for it in codes/ or the Connection's Configured values, "
            "setting ledger_codes.",
        ),
    ):
        _, problems = clean_column(column=column, values=["ZZ"], decimals=None, zone=SYDNEY)
        assert problems[0].detail == f"Column c holds the unknown code 'ZZ': {mend}"
