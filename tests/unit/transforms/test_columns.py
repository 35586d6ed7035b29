"""Columns beyond single values: lists of texts, settings without values, past days, nulls, shared fields."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from transforms.assemble import Assembled, Conventions, assemble
from transforms.clean import FloatInFrame, Problem, clean_column
from transforms.dialect import Column, Dialect, Frame
from transforms.models.base import Payload

LONDON = ZoneInfo("Europe/London")
TODAY = date(2026, 11, 21)
KEY = ("external_identifier",)


def clean(column: Column, value: Any) -> tuple[Any, Problem | None]:
    (cleaned,), problems = clean_column(
        column=column, values=[value], decimals=None, zone=LONDON, today=TODAY
    )
    return cleaned, problems.get(0)


TEXTS = Column(name="emails", kind="texts", meaning="Addresses.")


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (["Flat 2, 7 High Street", "b"], ["Flat 2, 7 High Street", "b"]),
        (("a",), ["a"]),
        ('["a, b", " c "]', ["a, b", "c"]),
        ([" Zoe\u0308 ", None, "  "], ["Zoë"]),
        ([], None),
        ("[]", None),
        ([None], None),
        ("  ", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_several_texts_in_one_cell_keep_their_commas(raw: Any, cleaned: Any) -> None:
    assert clean(TEXTS, raw) == (cleaned, None)


@pytest.mark.parametrize("raw", ["a, b", '{"a": 1}', "[1]", '"a"', "[" * 9_000, [["a"]], [1], 7, [0.5]])
def test_a_value_that_is_not_a_list_of_texts_rejects_the_record(raw: Any) -> None:
    cleaned, problem = clean(TEXTS, raw)
    assert cleaned is None
    assert problem is not None
    assert (problem.code, problem.severity) == ("invalid_value", "error")
    assert problem.detail.startswith("Column emails is not a list of texts")


def test_a_number_in_place_of_a_list_of_texts_is_refused_before_it_can_be_read_wrongly() -> None:
    with pytest.raises(FloatInFrame):
        clean(TEXTS, 0.5)


def test_a_required_list_of_texts_is_missing_when_it_is_empty() -> None:
    column = Column(name="emails", kind="texts", meaning="Addresses.", required=True)
    _, problem = clean(column, ["", None])
    assert problem is not None
    assert problem.code == "missing_value"


PATH = Column(name="since", kind="date", meaning="Since when.", if_past="The path starts again.")


@pytest.mark.parametrize(
    ("raw", "sent", "is_told"),
    [
        ("20261120", None, True),
        ("19000101", None, True),
        ("00010101", None, True),
        ("20261121", "2026-11-21", False),
        ("20261122", "2026-11-22", False),
        ("99991231", None, False),
        ("00000000", None, False),
        (None, None, False),
    ],
)
def test_a_day_that_is_over_is_left_out_with_a_word_of_what_comes_of_it(
    raw: str | None, sent: str | None, is_told: bool
) -> None:
    cleaned, problem = clean(PATH, raw)
    assert cleaned == sent
    assert (problem is not None) == is_told
    if problem is not None:
        assert (problem.code, problem.severity) == ("date_in_past", "warning")
        assert problem.detail.endswith("The path starts again.")


TARIFF: dict[str, Any] = {"name": "tariff", "kind": "configured", "setting": "tariff_codes", "meaning": "T."}


def test_a_code_whose_setting_has_no_values_is_sent_as_it_is_with_a_warning() -> None:
    cleaned, problem = clean(Column(**TARIFF), " FIX-1 ")
    assert cleaned == "FIX-1"
    assert problem is not None
    assert (problem.code, problem.severity) == ("unmapped_code", "warning")
    assert "tariff_codes" in problem.detail
    assert "FIX-1" not in problem.detail
    assert clean(Column(**TARIFF), "  ") == (None, None)


def test_a_code_that_its_map_does_not_know_rejects_unless_the_map_lets_others_pass() -> None:
    _, problem = clean(Column(**TARIFF, codes={"A": "B"}), "FIX-1")
    assert problem is not None
    assert (problem.code, problem.severity) == ("unknown_code", "error")
    lenient = Column(**TARIFF, codes={"A": "B", "*": "*"})
    assert clean(lenient, "FIX-1") == ("FIX-1", None)
    assert clean(lenient, "A") == ("B", None)
    assert clean(lenient, " ") == (None, None)


def test_an_asterisk_with_another_value_is_a_code_like_any_other() -> None:
    _, problem = clean(Column(**TARIFF, codes={"*": "B"}), "FIX-1")
    assert problem is not None
    assert problem.code == "unknown_code"


def toy(*columns: Column, children: tuple[Column, ...] = ()) -> Dialect:
    more = (
        (Frame(name="points", key=(*KEY, "point_key"), parent="accounts", target="points", columns=children),)
        if children
        else ()
    )
    return Dialect(
        name="toy",
        title="Toy",
        resource="accounts",
        market="GB",
        zone="Europe/London",
        identifier_path=KEY,
        default_import_supplier="X",
        model=Payload,
        rules=lambda _: (),
        frames=(Frame(name="accounts", key=KEY, columns=columns), *more),
    )


def nested(dialect: Dialect, *rows: dict[str, Any], children: tuple[dict[str, Any], ...] = ()) -> Assembled:
    frames = {
        frame.name: pd.DataFrame(
            {name: pd.Series([row.get(name) for row in given], dtype=object) for name in frame.column_names}
        )
        for frame, given in zip(dialect.frames, (rows, children), strict=False)
    }
    return assemble(
        dialect=dialect,
        frames=frames,
        identifiers=[row["external_identifier"] for row in rows],
        conventions=Conventions(zone=LONDON, today=TODAY),
    )


VALUE = (
    Column(name="text_value", kind="text", field="detail.value", meaning="A text."),
    Column(name="list_value", kind="texts", field="detail.value", meaning="Or several."),
    Column(name="number_value", kind="integer", field="detail.value", meaning="Or a number."),
)


def test_a_field_has_the_kind_of_the_column_that_has_a_value() -> None:
    rows = (
        {"external_identifier": "A", "text_value": "one"},
        {"external_identifier": "B", "list_value": ["one", "two"]},
        {"external_identifier": "C", "number_value": 0},
        {"external_identifier": "D"},
    )
    found = nested(toy(*VALUE), *rows)
    assert found.documents == {
        "A": {"detail": {"value": "one"}},
        "B": {"detail": {"value": ["one", "two"]}},
        "C": {"detail": {"value": 0}},
        "D": {},
    }
    assert not found.findings


def test_two_columns_with_a_value_for_one_field_reject_the_record() -> None:
    found = nested(toy(*VALUE), {"external_identifier": "A", "text_value": "one", "number_value": 1})
    ((finding,),) = found.findings.values()
    assert (finding.code, finding.path) == ("ambiguous_value", "detail.value")


def test_a_column_that_fills_an_object_and_one_that_fills_a_part_of_it_are_refused_together() -> None:
    whole = Column(name="whole", kind="document", field="detail", meaning="All of it.")
    with pytest.raises(ValueError, match="choose one"):
        toy(*VALUE, whole)


def test_an_empty_column_is_null_where_it_says_so_and_its_object_is_there() -> None:
    columns = (
        Column(name="ended", kind="date", sends_null=True, meaning="Until when."),
        Column(name="name", kind="text", field="detail.name", meaning="Name."),
        Column(name="note", kind="text", field="detail.note", sends_null=True, meaning="Note."),
    )
    found = nested(
        toy(*columns),
        {"external_identifier": "A", "ended": "20270101", "name": "a", "note": "b"},
        {"external_identifier": "B", "name": "a"},
        {"external_identifier": "C"},
    )
    assert found.documents == {
        "A": {"ended": "2027-01-01", "detail": {"name": "a", "note": "b"}},
        "B": {"detail": {"name": "a", "note": None}, "ended": None},
        "C": {"ended": None},
    }


def test_a_column_that_is_required_cannot_be_null() -> None:
    with pytest.raises(ValueError, match="cannot be required and null"):
        Column(name="ended", kind="date", sends_null=True, required=True, meaning="Until when.")


def test_a_setting_without_values_is_told_once_for_a_record() -> None:
    children = tuple(
        {"external_identifier": "A", "point_key": number, "tariff": f"T-{number}"} for number in range(400)
    )
    found = nested(toy(children=(Column(**TARIFF),)), {"external_identifier": "A"}, children=children)
    (warnings,) = found.warnings.values()
    assert [(warning.code, warning.path) for warning in warnings] == [("unmapped_code", "points.0.tariff")]
    assert [point["tariff"] for point in found.documents["A"]["points"]] == [
        f"T-{number}" for number in range(400)
    ]
