"""What Kraken says reaches logs and tables without a personal value in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.domain import masking
from kraken_import.domain.masking import _NEUTRAL, MASK, mask_findings, shape_of
from transforms.findings import Finding

PAYLOAD = json.dumps(
    {
        "customers": [
            {
                "given_name": "Zoë",
                "family_name": "Jabłoński",
                "email": "zoe@mail.example.com",
                "landline": "ring after six",
                "mobile": "07123456789",
            }
        ],
        "billing_name": "A. Featherstone-Haugh",
        "billing_address1": "123 Fake Street",
        "billing_postcode": "LS1 1AA",
        "iban": "GB82WEST12345698765432",
        "supply_addresses": [{"meter_points": [{"identifier": "1200060176720", "profile_class": 1}]}],
        "notes": [{"body": "This account is not a valid field"}],
    }
).encode()


def mask(detail: str, *, path: str = "", code: str = "invalid") -> Finding:
    (masked,) = mask_findings([Finding(code=code, path=path, detail=detail)], PAYLOAD)
    return masked


@pytest.mark.parametrize(
    ("detail", "masked"),
    [
        ("ring after six is not a valid phone number", f"{MASK} is not a valid phone number"),
        ("JABŁOŃSKI lives at 123 fake street", f"{MASK} lives at {MASK}"),
        ("1200060176720 is not a valid MPAN", f"{MASK} is not a valid MPAN"),
        ("Street is unknown", f"{MASK} is unknown"),
        ("Featherstone is unknown", f"{MASK} is unknown"),
        ("GB82 WEST 1234 5698 7654 32 is closed", f"{MASK} is closed"),
        ("LS11AA is no postcode", f"{MASK} is no postcode"),
        ("someone.else@mail.example.org is taken", f"{MASK} is taken"),
        ("Call +44 20 7946 0018 first", f"Call {MASK} first"),
        ("Born on 1989-01-11", f"Born on {MASK}"),
        ('"A. Name" is not a valid choice.', f"{MASK} is not a valid choice."),
        ("This field is required.", "This field is required."),
        ("The historical transactions do not add up.", "The historical transactions do not add up."),
    ],
)
def test_values_are_masked_and_krakens_own_words_stay(detail: str, masked: str) -> None:
    assert mask(detail).detail == masked


def test_a_path_keeps_fields_and_indexes_only() -> None:
    assert mask("x", path="customers.0.landline").path == "customers.0.landline"
    assert mask("x", path="metadata.Zoë Jabłoński.value").path == f"metadata.{MASK}.value"


def test_a_code_that_is_a_sentence_is_masked() -> None:
    assert mask("x", code="invalid_supply_point_identifier").code == "invalid_supply_point_identifier"
    assert mask("x", code="Zoë is not allowed").code == MASK


NAMES = st.text(st.characters(categories=["Lu", "Ll"]), min_size=3, max_size=12)


@given(names=st.lists(NAMES, min_size=1, max_size=5), around=st.text(max_size=10))
def test_no_name_of_the_payload_survives_in_a_detail(names: list[str], around: str) -> None:
    payload = json.dumps({"customers": [{"family_name": name} for name in names]}).encode()
    finding = Finding(code="invalid", path="", detail=f"{around} {' and '.join(names)} {around}")
    (masked,) = mask_findings([finding], payload)
    for name in names:
        if name.lower() not in _NEUTRAL:
            assert f" {name} " not in f" {masked.detail} ".replace(around, "")


@given(detail=st.text(), path=st.text(), code=st.text())
def test_masking_never_crashes(detail: str, path: str, code: str) -> None:
    mask(detail, path=path, code=code)
    mask_findings([Finding(code=code, path=path, detail=detail)], None)


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KINDS = {None, MASK, "a number", "a text", "a blank text", "true or false"}


def leaves(document: object) -> list[object]:
    if isinstance(document, dict):
        return [leaf for value in document.values() for leaf in leaves(value)]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value)]
    return [document]


@given(DOCUMENTS)
def test_the_shape_of_a_document_holds_kinds_in_place_of_values(document: object) -> None:
    assert set(leaves(shape_of(document=document))) <= KINDS


def test_the_shape_keeps_names_of_fields_and_masks_all_others() -> None:
    document = {"given_name": "Zoë", "Zoë Jabłoński": 1, "customers": [{"active": True, "note": " "}]}
    assert shape_of(document=document) == {
        "given_name": "a text",
        MASK: "a number",
        "customers": [{"active": "true or false", "note": "a blank text"}],
    }


def test_the_shape_of_a_deep_document_is_cut_off() -> None:
    document: object = "Zoë"
    for _ in range(900):
        document = [document]
    assert leaves(shape_of(document=document)) == [MASK]


@pytest.mark.parametrize("code_point", range(0x80, 0x110000, 0x8000))
def test_no_other_letter_counts_as_one_of_ascii(code_point: int) -> None:
    of_ascii = re.compile(r"[\x00-\x7f]", re.IGNORECASE)
    found = [
        each
        for each in map(chr, range(code_point, min(code_point + 0x8000, 0x110000)))
        if of_ascii.fullmatch(each) and ord(each) not in masking._SAME_IN_ASCII
    ]

    assert found == []


LETTERS = "abkisAKIS12 -.'ſK\u0131\u0130ßẞéÉµμ"
"""Among them some that count as the same letter though their code points differ."""


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=8), max_size=6),
    st.lists(st.one_of(st.text(LETTERS, max_size=8), st.integers(0, 5)), max_size=6),
    st.sampled_from([str, str.upper, str.lower, str.swapcase, lambda text: " ".join(text)]),
)
def test_a_value_is_masked_as_if_every_value_of_the_payload_were_looked_for(
    values: list[str], said: list[str | int], changed: Callable[[str], str]
) -> None:
    words = [
        changed(values[word % len(values)] if values else "") if isinstance(word, int) else word
        for word in said
    ]
    finding = Finding(code="invalid", path="", detail=" ".join(words))
    payload = json.dumps(values).encode()
    found = mask_findings([finding], payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masking, "_may_be_said", lambda **_: True)
        assert mask_findings([finding], payload) == found
