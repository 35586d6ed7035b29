"""When the memory of a wave counts as flat."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from proofs.soak.flatness import growth, too_large

MB = 2**20


def sizes(*megabytes: int) -> Sequence[int]:
    return [size * MB for size in megabytes]


@pytest.mark.parametrize(
    ("name", "thirds", "expected"),
    [
        ("triggerer", sizes(240, 250, 245), 0),
        # What is small may grow by 30 MB, what is large by 15 in a hundred.
        ("postgres", sizes(10, 20, 40), 0),
        ("postgres", sizes(10, 20, 41), 1),
        ("scheduler", sizes(300, 320, 344), 0),
        ("scheduler", sizes(300, 320, 346), 1),
        # In between it may be larger, if it gives that back.
        ("scheduler", sizes(250, 390, 250), 0),
        ("scheduler", sizes(250, 401, 250), 1),
        # The stand-in's ledger grows with the wave, and has an end as well.
        ("simulator", sizes(40, 80, 160), 0),
        ("simulator", sizes(40, 80, 401), 1),
        # Too large and growing are two things.
        ("api-server", sizes(300, 380, 420), 2),
    ],
)
def test_growth_from_the_first_third_to_the_last_is_told(
    name: str, thirds: Sequence[int], expected: int
) -> None:
    sentences = growth(peaks={name: thirds, "dag-processor": sizes(240, 240, 240)})
    assert len(sentences) == expected
    assert all(name in sentence for sentence in sentences)


def test_a_short_wave_is_judged_by_size_alone() -> None:
    peaks = {"triggerer": sizes(100, 200, 390), "scheduler": sizes(100, 401, 100)}
    assert too_large(peaks=peaks) == ["A process of scheduler took 401 MB, more than 400 MB."]
