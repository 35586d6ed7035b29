"""Words that a client names on its Connection reach the payloads, and a misspelt setting is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kraken_import.client.settings import KrakenSettings
from kraken_import.usecases.build import payload_settings
from kraken_import.usecases.faults import BadRequest
from transforms.build import BuildSettings
from transforms.registry import dialect_names, get_dialect

GRID = get_dialect(name="national_grid_accounts")


def settings(**words: dict[str, str]) -> BuildSettings:
    """What a Connection with these words for National Grid decides."""
    kraken = KrakenSettings(
        base_url="http://127.0.0.1:1", token="t", configured_values={GRID.name: words}, connection_id="kraken"
    )
    return payload_settings(dialect=GRID, kraken=kraken, now=datetime(2026, 11, 21, tzinfo=UTC))


def test_words_of_the_connection_are_taken() -> None:
    words = {"SF": "SINGLE_FAMILY", "MF": "APARTMENTS"}
    assert settings(premise_types=words).values == {"premise_types": words}


def test_a_setting_that_no_column_has_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadRequest) as refused:
        settings(premise_typs={"MF": "APARTMENTS"})
    assert str(refused.value).startswith(
        "Configured values of Connection kraken name premise_typs for national_grid_accounts, which that "
        "dialect does not use: name one of billing_document_types, ledger_codes, "
    )
    assert "\n" not in str(refused.value)


def test_words_for_a_dialect_that_there_is_not_are_refused_in_one_sentence() -> None:
    kraken = KrakenSettings(
        base_url="http://127.0.0.1:1",
        token="t",
        configured_values={"national_gird_accounts": {"premise_types": {"*": "*"}}},
        connection_id="kraken",
    )
    with pytest.raises(BadRequest) as refused:
        payload_settings(dialect=GRID, kraken=kraken, now=datetime(2026, 11, 21, tzinfo=UTC))
    assert str(refused.value) == (
        "Configured values of Connection kraken name the dialect national_gird_accounts, which does not "
        f"exist: name one of {', '.join(dialect_names())}."
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"SF": ""}, "give code 'SF' no value: name Kraken's word for it, or leave the code out."),
        ({"SF": " HOUSE"}, "give code 'SF' a value with blanks around it: remove them."),
        ({"SF ": "HOUSE"}, "name code 'SF ' with blanks around it, which no code has: remove them."),
        (
            {"*": "HOUSE"},
            "give * the value 'HOUSE': it may only be *, which sends each other code as it is.",
        ),
        ({"SF": "*"}, "give code 'SF' the value *: name Kraken's word for it."),
    ],
)  # fmt: skip
def test_words_that_could_never_be_meant_are_refused_in_one_sentence(
    words: dict[str, str], problem: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        settings(premise_types=words)
    assert str(refused.value) == (
        f"Configured values of Connection kraken, setting premise_types of national_grid_accounts, {problem}"
    )


def test_blank_may_have_a_word_and_others_may_pass_as_they_are() -> None:
    words = {"": "HOUSE", "MF": "APARTMENTS", "*": "*"}
    assert settings(premise_types=words).values == {"premise_types": words}


@pytest.mark.parametrize("name", dialect_names())
def test_every_default_is_for_a_setting_that_a_column_has(name: str) -> None:
    dialect = get_dialect(name=name)
    assert set(dialect.default_values) <= dialect.settings
