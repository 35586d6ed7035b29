"""What stands where a code should be is shown if it looks like one, and otherwise by its shape alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from transforms.clean import clean_column
from transforms.dialect import Column
from transforms.wording import are_words, looks_like_code, shape_of, unknown_code, unlisted_value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ZZ",
            "Z9",
            "DOM-1",
            "A/B",
            "TARIFF_2024.1",
            "quarterly",
            "QUARTERLY",
            "Monthly",
            "E1R",
            "00001",
            "x",
        ),
        *("x", "DOM", "SE", "E1-Y", "ELEBASE", "DOM-HEAT", "gas_only", "A1B2", "SMITH2024", "E1-1A"),
    ],
)
def test_what_looks_like_a_code_is_shown(text: str) -> None:
    assert looks_like_code(text=text)
    assert unknown_code(text=text) == f"the unknown code {text!r}"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Smith-Jones", "Aaaaa-Aaaaa"),
        ("J.Smith", "A.Aaaaa"),
        ("Anna_Meier", "Aaaa_Aaaaa"),
        ("McDonald", "AaAaaaaa"),
        ("SMITH-JONES", "AAAAA-AAAAA"),
        ("J.MUELLER", "A.AAAAAAA"),
        ("anna.meier", "aaaa.aaaaa"),
        ("smith_jones", "aaaaa_aaaaa"),
        ("Anna.MEIER", "Aaaa.AAAAA"),
        ("SW1A1AA", "AA9A9AA"),
        ("ls11aa", "aa99aa"),
        ("LS1-1AA", "AA9-9AA"),
        ("Zoë", "Aaa"),
        ("Ann Smith", "Aaa Aaaaa"),
        ("O'Brien", "A'Aaaaa"),
        ("07400123456", "99999999999"),
        ("+44 7400 123456", "+99 9999 999999"),
        ("0740-012-3456", "9999-999-9999"),
        ("1200060176720", "9999999999999"),
        ("12.3456.789", "99.9999.999"),
        ("a@b.example", "a@a.aaaaaaa"),
        ("1980-02-03", "9999-99-99"),
        ("03.02.80", "99.99.99"),
        ("19800203", "99999999"),
        ("GB82WEST12345698", "AA99AAAA99999999"),
        ("a" * 21, "a" * 20 + "…"),
        ("A B", "A A"),
        ("LS1 1AA", "AA9 9AA"),
        ("\u202eZZ", "?AA"),
        ("Z\x00Z", "A?A"),
        ("李", "a"),
    ],
)
def test_what_may_be_personal_is_shown_by_its_shape(text: str, shape: str) -> None:
    assert not looks_like_code(text=text)
    assert shape_of(text=text) == shape
    assert unlisted_value(text=text).startswith(f"a value of the shape {shape!r} (")
    assert unknown_code(text=text).startswith(f"an unknown code of the shape {shape!r} (A and a are letters")


def test_a_column_of_words_is_one_of_names_and_one_of_codes_with_a_word_is_not() -> None:
    assert are_words(values=["Smith", "Jones", "ZZ"])
    assert not are_words(values=["Smith", "Z9", "ZZ"])
    assert not are_words(values=[])


@pytest.mark.parametrize(
    ("values", "known", "are"),
    [
        (["SMITH"], (), True),
        (["smith", "jones"], ("A", "Z9"), True),
        (["SMITH", "JONES-MILLER", "MUELLER"], ("A",), True),
        (["anna.meier", "ann_mueller"], (), True),
        (["SMITH", "HILL", "KIRK"], (), False),
        (["DOM", "SE"], (), False),
        (["E1-Y"], (), False),
        (["ELEBASE"], ("ELETOU", "A"), False),
        (["ELEBASE"], ("monthly",), True),
        (["quarterly"], ("monthly",), False),
        (["Smith", "Jones"], ("Monthly", "ELEBASE"), True),
    ],
)
def test_words_in_capitals_or_small_letters_are_names_unless_they_are_short_or_the_columns_codes_are_such(
    values: list[str], known: tuple[str, ...], are: bool
) -> None:
    assert are_words(values=values, known=known) is are


@pytest.mark.parametrize("kind", ["code", "codes"])
def test_a_column_whose_unknown_values_are_names_is_shown_by_shape(kind: str) -> None:
    column = Column(name="c", kind=kind, meaning="", codes={"A": "a"})  # type: ignore[arg-type]

    def told(*values: str) -> set[str]:
        _, problems = clean_column(column=column, values=values, decimals=None, zone=ZoneInfo("UTC"))
        return {problem.detail.partition(":")[0] for problem in problems.values()}

    shape = "Column c holds an unknown code of the shape 'Aaaaa' (A and a are letters, 9 is a digit)"
    assert told("A", "Smith", "Jones", "Marsh") == {shape}
    assert not any("SMITH" in each for each in told("A", "SMITH", "JONES-MILLER", "MUELLER"))
    assert told("A", "Z1", "Z2", "Zulu") == {
        f"Column c holds the unknown code {each!r}" for each in ("Z1", "Z2", "Zulu")
    }
