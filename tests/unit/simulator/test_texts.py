"""How millions of texts, keys and references are kept in little memory."""

import random
import sys

import pytest

from kraken_import.simulator import texts as kept_texts
from kraken_import.simulator.keys import Key, Keys
from kraken_import.simulator.references import References
from kraken_import.simulator.texts import END, Texts

STRANGE = [
    "",
    " ",
    "\n",
    "\x00",
    "a",
    "a\x00",
    "ab",
    "abc",
    "é",
    "ÿ",
    "þÿ",
    "€",
    "😀",
    "x" * 5_000,
]
"""Texts of which some begin others, and characters at the edges of UTF-8."""


def closed(text: str) -> bytes:
    return text.encode() + END


def test_texts_are_numbered_as_a_plain_dict_would_number_them() -> None:
    rng, model, kept = random.Random(7), dict[str, int](), Texts()
    for step in range(60_000):
        text = rng.choice(STRANGE) if step % 50 == 0 else f"GB-{rng.randrange(20_000)}"
        assert kept.find(text=closed(text)) == model.get(text)
        if text not in model and rng.random() < 0.7:
            assert kept.add(text=closed(text)) == model.setdefault(text, len(model))
    assert [kept.text(number=number) for number in model.values()] == list(model)


@pytest.mark.parametrize("code", [0, -1, 255, 1 << 40, -(1 << 62)])
def test_texts_whose_hashes_are_alike_are_told_apart(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_texts, "hash", lambda _: code, raising=False)
    kept, many = Texts(), [*STRANGE, *(f"GB-{number}" for number in range(200))]

    assert [kept.add(text=closed(text)) for text in many] == list(range(len(many)))
    assert [kept.find(text=closed(text)) for text in many] == list(range(len(many)))
    assert kept.find(text=closed("GB-200")) is None


def test_a_text_takes_few_bytes_and_never_waits_for_a_table_of_all_texts() -> None:
    number, kept = 200_000, Texts()
    for index in range(number):
        text = f"GB-{index:09d}"
        kept.add(text=closed(text))

    arrays = (kept._content, kept._starts, kept._hashes, *kept._tables)
    assert sum(map(sys.getsizeof, arrays)) / number < len(text) + 32
    assert max(map(len, kept._tables)) < number / 50


def test_keys_are_found_by_what_they_say_whatever_was_asked_for_before() -> None:
    kept = Keys()
    keys = [
        Key(resource, supplier, identifier)
        for resource in ("accounts", "supply-points")
        for supplier in ("S", "S T")
        for identifier in ("", "1", " 1", "1 1")
    ]
    assert [kept.find(key=key) for key in keys] == [None] * len(keys)
    for _ in range(2):
        for number, key in enumerate(keys):
            assert kept.number(key=key) == number
            assert kept.find(key=keys[0]) == 0
            assert kept.find(key=Key(*key)) == kept.number(key=Key(*key)) == number
            assert kept.find(key=key._replace(external_identifier="2")) is None
    assert [kept.key(number=number) for number in range(len(keys))] == keys


def test_references_are_those_of_whom_they_were_given_to_last() -> None:
    rng, model, kept = random.Random(7), dict[tuple[str, str], int](), References()
    for _ in range(20_000):
        reference = (
            rng.choice(["allpay", "allpay 1", "1"]),
            rng.choice(["1 1", "1", f"{rng.randrange(2_000)}"]),
        )
        namespace, value = reference
        assert kept.owner(namespace=namespace, value=value) == model.get(reference)
        if rng.random() < 0.5:
            owner, record = rng.randrange(1 << 32), kept.give if reference in model else kept.add
            record(namespace=namespace, value=value, owner=owner)
            model[reference] = owner
    assert len(kept) == len(model)
