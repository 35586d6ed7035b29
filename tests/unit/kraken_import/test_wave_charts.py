"""The funnel and the chart of a wave, from counts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.board import Moved
from kraken_import.usecases.funnel import funnel
from kraken_import.usecases.throughput import throughput

BEGIN = datetime(2026, 11, 1, 20, tzinfo=UTC)


def moved(*, minute: int, state: State, records: int) -> Moved:
    return Moved(minute=BEGIN + timedelta(minutes=minute), state=state, records=records)


def test_every_state_counts_in_each_step_that_its_records_have_passed() -> None:
    found = funnel(states=dict.fromkeys(State, 1))
    assert [step.records for step in found] == [17, 14, 12, 11, 10, 5, 2]


def test_a_funnel_never_widens() -> None:
    for state in State:
        steps = [step.records for step in funnel(states={state: 3})]
        assert steps == sorted(steps, reverse=True), state
        assert steps[0] == 3


def test_what_krakens_create_refused_had_passed_its_checks() -> None:
    found = funnel(states={State.INVALID: 3, State.PROCESSED: 1}, refused_on_create=1)
    assert [step.records for step in found] == [4, 4, 2, 2, 1, 1, 1]


def test_records_are_counted_in_the_stretch_in_which_they_ended() -> None:
    chart = throughput(
        flow=[
            moved(minute=0, state=State.PROCESSED, records=5),
            moved(minute=0, state=State.ERRORED, records=2),
            moved(minute=3, state=State.PROCESSED, records=1),
            # Opened again for a rerun: no bar below zero.
            moved(minute=2, state=State.ERRORED, records=-2),
        ]
    )
    assert chart.minutes == 1
    assert [(each.good, each.bad) for each in chart.stretches] == [(5, 2), (0, 0), (0, 0), (1, 0)]
    assert chart.most == 7


def test_a_chart_of_a_month_has_as_few_bars_as_one_of_an_evening_and_loses_no_record() -> None:
    flow = [moved(minute=minute, state=State.PROCESSED, records=3) for minute in range(0, 45 * 1_440, 97)]
    chart = throughput(flow=flow)
    assert len(chart.stretches) <= 91
    assert sum(each.good for each in chart.stretches) == 3 * len(flow)
    later = throughput(flow=[*flow, moved(minute=400 * 1_440, state=State.PROCESSED, records=1)])
    assert len(later.stretches) <= 91
    assert sum(each.good for each in later.stretches) == 3 * len(flow) + 1


def test_a_wave_without_an_end_has_no_chart() -> None:
    assert throughput(flow=[]).stretches == []
    assert throughput(flow=[]).most == 1
