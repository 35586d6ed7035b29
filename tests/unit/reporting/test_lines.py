"""Charts: every line stays inside its frame, whatever it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_import.reporting.lines import Line, chart

BEGIN = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


@given(values=st.lists(st.integers(0, 10**7), min_size=1, max_size=200), seconds=st.integers(1, 86_400))
def test_a_line_stays_inside_its_frame_and_axes_are_labelled(values: list[int], seconds: int) -> None:
    times = [BEGIN + timedelta(seconds=seconds * place) for place in range(len(values))]
    drawn = chart(label="", times=times, lines=[Line(name="a", kind="good", values=values)])
    ((_, _, points, _),) = drawn.paths
    for point in points.split():
        x, y = map(float, point.split(","))
        assert drawn.left <= x <= drawn.right
        assert 0 <= y <= drawn.bottom
    heights = [tick.at for tick in drawn.y_ticks]
    assert heights == sorted(heights, reverse=True)
    assert len({tick.label for tick in drawn.y_ticks}) == len(heights)
    assert len({tick.at for tick in drawn.x_ticks}) == len(drawn.x_ticks) <= 6


@pytest.mark.parametrize(
    ("most", "top"), [(0, "1"), (3, "4"), (96, "100"), (401, "800"), (1_000_000, "1,000,000")]
)
def test_the_top_of_the_axis_is_a_round_number(most: int, top: str) -> None:
    drawn = chart(label="", times=[BEGIN] * 2, lines=[Line(name="a", kind="good", values=[0, most])])
    assert drawn.y_ticks[-1].label == top
