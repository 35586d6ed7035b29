"""The seeds that the simulation is asked to play."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from proofs.simulation.__main__ import _range


@pytest.mark.parametrize(("text", "seeds"), [("17", range(17, 18)), ("1-5000", range(1, 5_001))])
def test_a_seed_or_a_range_of_them_is_played(text: str, seeds: range) -> None:
    assert _range(text) == seeds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("all", "'all' is not a range: write SEEDS=1-5000 or SEEDS=17"),
        ("9-1", "'9-1' has no seed in it: write the smaller one first"),
    ],
)
def test_a_text_that_is_not_a_range_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        _range(text)
    assert str(refused.value) == sentence
