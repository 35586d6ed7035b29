"""Rows by frame: how they are counted while a batch is built, and what about them a person is warned of."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.samples import TODAY, as_frames, identifier_of, sample_rows
from transforms.build import BuildSettings, build
from transforms.frame_changes import FrameLine, judge, sentences
from transforms.frame_rows import FrameRows, added, counted
from transforms.registry import get_dialect

EDF = get_dialect(name="edf_accounts")
PLENITUDE = get_dialect(name="plenitude_accounts")
ME = identifier_of(dialect=EDF)


def counts_of(rows: dict[str, list[dict[str, Any]]], *identifiers: str) -> dict[str, FrameRows]:
    result = build(
        dialect=EDF,
        frames=as_frames(dialect=EDF, rows=rows),
        identifiers=identifiers,
        settings=BuildSettings(import_supplier="X", today=TODAY),
    )
    return {each.frame: each for each in result.frames}


def plenitude(number: int, **shares: float) -> list[FrameRows]:
    """Counts in which each frame has one row for every parent, or for this share of them."""
    counts = {}
    for frame in PLENITUDE.frames:
        parents = counts[frame.parent].rows if frame.parent else number
        having = round(parents * shares.get(frame.name, 1))
        counts[frame.name] = FrameRows(
            frame=frame.name, parents=parents, parents_with_rows=having, rows=having, squares=having
        )
    return list(counts.values())


def agreements(customers: int, rows_each: dict[int, int]) -> list[FrameRows]:
    """Counts in which so many supply points (values) have so many agreements (keys)."""
    owners = [
        f"{each}-{number}"
        for each, points in rows_each.items()
        for number in range(points)
        for _ in range(each)
    ]
    return [*plenitude(customers)[:-1], counted(frame="agreements", parents=customers, owners=owners)]


def warned(lines: list[FrameLine]) -> dict[str, str]:
    return {line.now.frame: line.warning for line in lines if line.warning}


def test_rows_and_parents_with_rows_are_counted_for_every_frame() -> None:
    rows = sample_rows(dialect=EDF)
    childless = copy.deepcopy(rows["meter_points"][0]) | {"meter_point_key": "without agreements"}
    rows["meter_points"].append(childless)
    found = counts_of(rows, ME, "NOT-THERE")
    assert list(found) == [frame.name for frame in EDF.frames]
    assert found["accounts"] == FrameRows(frame="accounts", parents=2, parents_with_rows=1, rows=1, squares=1)
    points = len(rows["meter_points"])
    having = len({row["meter_point_key"] for row in rows["agreements"]})
    line = found["agreements"]
    assert (line.parents, line.parents_with_rows, line.rows) == (points, having, len(rows["agreements"]))
    assert having < points


def test_a_row_without_its_parent_is_a_row_but_gives_no_parent_one() -> None:
    rows = sample_rows(dialect=EDF)
    rows["agreements"] = [row | {"meter_point_key": "another"} for row in rows["agreements"]]
    line = counts_of(rows, ME)["agreements"]
    assert (line.parents_with_rows, line.squares) == (0, 0)
    assert line.rows == len(rows["agreements"]) > 0


def test_batches_add_up_to_the_counts_of_their_customers_together() -> None:
    one = [counted(frame="a", parents=3, owners=[0, 0, 1])]
    other = [counted(frame="a", parents=2, owners=[1]), counted(frame="b", parents=0, owners=[])]
    assert added([one, other]) == [
        FrameRows(frame="a", parents=5, parents_with_rows=3, rows=4, squares=6),
        FrameRows(frame="b", parents=0, parents_with_rows=0, rows=0, squares=0),
    ]
    assert (added([one, other])[0].share, added([one, other])[0].rows_per_parent) == (0.6, 0.8)
    assert (added([one, other])[1].share, added([one, other])[1].rows_per_parent) == (None, None)


def test_a_frame_without_any_row_is_warned_of_with_its_file_even_without_a_rehearsal() -> None:
    assert warned(judge(dialect=PLENITUDE, now=plenitude(5, agreements=0))) == {
        "agreements": "Frame agreements has not one row for the 5 rows of frame supply_points: check that "
        "sql/extract/plenitude_accounts/agreements.sql finds what the legacy database has."
    }


def test_children_of_a_frame_without_rows_are_not_blamed_too() -> None:
    found = warned(judge(dialect=PLENITUDE, now=plenitude(5, supply_addresses=0)))
    assert list(found) == ["supply_addresses"]


def test_a_shared_file_is_named_where_it_is() -> None:
    found = warned(judge(dialect=PLENITUDE, now=plenitude(5, user_details=0)))
    assert "sql/extract/shared/user_details.sql" in found["user_details"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (plenitude(500), "in the rehearsal 'pilot' 100.0 % had one"),
        (plenitude(500, agreements=0), "in the rehearsal 'pilot' none had one either"),
    ],
)
def test_a_frame_without_any_row_is_told_beside_the_rehearsal(before: list[FrameRows], said: str) -> None:
    now = plenitude(500, agreements=0)
    found = judge(dialect=PLENITUDE, now=now, before=before, earlier="the rehearsal 'pilot'")
    assert said in warned(found)["agreements"]


@pytest.mark.parametrize(
    ("customers", "share", "before", "is_warned"),
    [
        (1_000, 0.50, 0.98, True),
        (1_000, 0.98, 0.50, True),  # more than before is a change as well
        (1_000, 0.92, 0.98, True),
        (1_000, 0.94, 0.98, False),  # four points: customers differ by as much
        (100, 0.92, 0.98, False),  # six points, but of a hundred customers that is chance
        (100, 0.80, 0.98, True),
        (29, 0.50, 0.98, False),  # too few to say
    ],
)
def test_a_share_that_has_clearly_changed_is_warned_of(
    customers: int, share: float, before: float, is_warned: bool
) -> None:
    lines = judge(
        dialect=PLENITUDE,
        now=plenitude(customers, agreements=share),
        before=plenitude(1_000, agreements=before),
        earlier="the rehearsal 'pilot'",
    )
    assert ("agreements" in warned(lines)) is is_warned
    if is_warned:
        assert warned(lines)["agreements"].startswith(
            f"{share:.1%}".replace("%", " %")
            + " of the rows of frame supply_points have a row of frame agreements, and "
        )


@pytest.mark.parametrize(
    ("now", "before", "is_warned"),
    [
        ({1: 1_000}, {2: 1_000}, True),
        ({2: 1_000}, {1: 1_000}, True),
        ({1: 550, 2: 450}, {1: 500, 2: 500}, False),  # 1.45 against 1.50
        ({1: 995, 100: 5}, {1: 998, 100: 2}, False),  # a few customers with very many rows
    ],
)
def test_rows_for_each_parent_that_have_clearly_changed_are_warned_of(
    now: dict[int, int], before: dict[int, int], is_warned: bool
) -> None:
    lines = judge(
        dialect=PLENITUDE,
        now=agreements(1_000, now),
        before=agreements(1_000, before),
        earlier="the rehearsal 'pilot'",
    )
    assert warned(lines).get("agreements", "").startswith("Frame agreements has ") is is_warned


def test_rows_of_one_customer_are_not_taken_for_independent_proof() -> None:
    """A single customer with 500 meters must not stand for 500 customers."""

    def counts(customers: int, having: int) -> list[FrameRows]:
        root, *_ = plenitude(customers)
        points = FrameRows(frame="supply_points", parents=500, parents_with_rows=500, rows=500, squares=500)
        child = FrameRows(
            frame="agreements", parents=500, parents_with_rows=having, rows=having, squares=having
        )
        return [root, points, child]

    for customers, is_warned in ((500, True), (40, False)):
        found = judge(
            dialect=PLENITUDE,
            now=counts(customers, 440),
            before=counts(customers, 500),
            earlier="the rehearsal 'pilot'",
        )
        assert ("agreements" in warned(found)) is is_warned


def test_what_was_not_counted_before_or_is_no_frame_any_more_is_not_compared() -> None:
    gone = FrameRows(frame="gone", parents=500, parents_with_rows=500, rows=500, squares=500)
    lines = judge(dialect=PLENITUDE, now=[*plenitude(500), gone], before=plenitude(500)[:1], earlier="x")
    assert [line.now.frame for line in lines] == [frame.name for frame in PLENITUDE.frames]
    assert [line.before is None for line in lines] == [False, True, True, True, True, True]
    assert warned(lines) == {}


def test_what_was_built_again_is_judged_by_its_change_alone() -> None:
    now, before = plenitude(40, agreements=0), plenitude(1_000, agreements=0.02)
    judged = judge(dialect=PLENITUDE, now=now, before=before, earlier="the first build", warn_at_zero=False)
    assert warned(judged) == {}


def test_frames_that_were_empty_before_as_well_are_told_last_and_together() -> None:
    empty = {"user_details": 0.0, "supply_addresses": 0.0}
    lines = judge(
        dialect=PLENITUDE,
        now=plenitude(500, customers=0.5, **empty),
        before=plenitude(500, **empty),
        earlier="the rehearsal 'pilot'",
    )
    changed, known = sentences(lines=lines, earlier="the rehearsal 'pilot'")
    assert changed.startswith("50.0 % of the rows of frame accounts have a row of frame customers, and ")
    assert known == (
        "Frames user_details and supply_addresses have not one row, and had none in the rehearsal 'pilot' "
        "either: make sure that the legacy database has nothing for them."
    )
