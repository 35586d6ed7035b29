"""The ledger: each second in one line, an honest rest, and what got worse."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kraken_import.local.bench import comparison, ledger, machine, processes
from kraken_import.local.bench.clocks import Clocks, clocks_of, told_by
from kraken_import.local.bench.ledger import Entry, Ledger, Used, ledger_of
from kraken_import.local.bench.machine import Company
from kraken_import.local.bench.tables import idle_sentence, largest_entries, ledger_table

BUILD = {
    "task": "BuildBatchOperator",
    "begun": 0.5,
    "ended": 3.5,
    "whole": 3.75,
    "lines": {
        "extract": {"calls": 1, "own": 0.5, "backend": 0.25},
        "build": {"calls": 1, "own": 1.0, "backend": 0.0},
        "tracking.processes.move": {"calls": 4, "own": 0.25, "backend": 2.0},
    },
}
RUNNER = {
    "task": None,
    "begun": None,
    "ended": None,
    "whole": 9.0,
    "lines": {"tracking.processes.move": {"calls": 10, "own": 1.0, "backend": 3.0}},
}


def _write(folder: Path, *, name: str, told: object) -> None:
    (folder / name).write_text(json.dumps(told), encoding="utf-8")


def _clocks(folder: Path) -> Clocks:
    _write(folder, name="100-1.json", told=BUILD)
    _write(folder, name="200-1.json", told=RUNNER)
    return clocks_of(folder=folder, before={}, runners={200})


def _used(*, clocks: Clocks, tasks: float = 3.75, postgres: float = 9.0) -> Used:
    return Used(
        parts={
            processes.TASKS: tasks,
            processes.RUNNER: 4.0,
            processes.TRIGGERER: 0.5,
            processes.SCHEDULER: 2.0,
            processes.POSTGRES: postgres,
            processes.STAND_IN: 1.0,
        },
        servers={"airflow": 2.5, "tracking": 4.0, "Postgres checkpointer": 1.0},
        clocks=clocks,
        bench=0.25,
        idle_runner=0.75,
    )


def _ledger(*, used: Used) -> Ledger:
    return ledger_of(
        used=used, dialect="edf_accounts", accounts=2_000, rate=100.0, peaks={"scheduler": 250 * 2**20}
    )


def _seconds(found: Ledger) -> Mapping[str, float]:
    return {entry.name: entry.seconds for entry in found.entries}


def test_each_second_stands_in_one_line_for_a_thousand_accounts(tmp_path: Path) -> None:
    found = _ledger(used=_used(clocks=_clocks(tmp_path)))
    lines = _seconds(found)
    # Of 2,000 accounts, so half of what was used.
    assert lines["extract"] == pytest.approx(0.375)
    assert lines["build"] == pytest.approx(0.5)
    assert lines["build task, the rest"] == pytest.approx((3.5 - 0.5 - 1.75) / 2)
    assert lines["start of tasks"] == pytest.approx(0.25)
    assert lines["end of tasks"] == pytest.approx(0.125)
    assert lines["tracking.processes.move"] == pytest.approx((0.25 + 2.0 + 1.0 + 3.0) / 2)
    assert lines["poll"] == pytest.approx((4.0 - 1.0 - 0.75) / 2)
    assert lines["triggerer"] == pytest.approx((0.5 + 0.75) / 2)
    assert found.total == pytest.approx(20.25 / 2)
    assert found.missing == pytest.approx(0.0)
    assert sum(lines.values()) == pytest.approx(found.total)


def test_what_no_process_told_is_missing_and_is_not_spread_over_the_lines(tmp_path: Path) -> None:
    clocks = _clocks(tmp_path)
    whole = _ledger(used=_used(clocks=clocks))
    found = _ledger(used=_used(clocks=clocks, tasks=5.75, postgres=12.0))
    assert found.missing == pytest.approx((2.0 + 3.0) / 2)
    assert found.attributed == pytest.approx(1 - 5.0 / 25.25)
    assert _seconds(found) == _seconds(whole)


def test_what_is_counted_twice_is_missing_too(tmp_path: Path) -> None:
    clocks = _clocks(tmp_path)
    assert _ledger(used=_used(clocks=clocks, tasks=2.75)).missing == pytest.approx(0.5)


def test_a_process_that_lives_on_counts_from_the_beginning_of_the_wave(tmp_path: Path) -> None:
    _write(tmp_path, name="200-1.json", told=RUNNER)
    before = told_by(folder=tmp_path)
    later = {"calls": 12, "own": 1.5, "backend": 3.25}
    _write(tmp_path, name="200-1.json", told={**RUNNER, "lines": {"tracking.processes.move": later}})
    line = clocks_of(folder=tmp_path, before=before, runners={200}).lines["tracking.processes.move"]
    assert (line.calls, line.own, line.backend) == (2, 0.5, 0.25)


def test_tasks_of_an_earlier_wave_are_forgotten_before_the_next(tmp_path: Path) -> None:
    _clocks(tmp_path)
    assert list(told_by(folder=tmp_path)) == ["200-1.json"]
    assert clocks_of(folder=tmp_path, before=told_by(folder=tmp_path), runners={200}).tasks == 0


def test_of_a_component_that_counts_as_a_whole_only_the_backends_are_added(tmp_path: Path) -> None:
    _write(tmp_path, name="300-1.json", told=RUNNER)
    clocks = clocks_of(folder=tmp_path, before={}, runners={200})
    line = clocks.lines["tracking.processes.move"]
    assert (line.own, line.backend, clocks.in_runners) == (0.0, 3.0, 0.0)


def test_a_torn_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "100-1.json").write_text('{"task": "Build', encoding="utf-8")
    assert clocks_of(folder=tmp_path, before={}, runners=()).tasks == 0


def test_a_kept_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = replace(_ledger(used=_used(clocks=_clocks(tmp_path))), bounds={"build": 0.1})
    path = tmp_path / "kept.json"
    ledger.save(ledger=found, path=path)
    assert ledger.load(path=path) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "entries": [{}]}'])
def test_a_kept_ledger_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(text, encoding="utf-8")
    assert ledger.load(path=path) is None
    assert ledger.load(path=tmp_path / "none.json") is None


def _of(*, seconds: Mapping[str, float], memory: int = 200) -> Ledger:
    return Ledger(
        dialect="edf_accounts",
        accounts=20_000,
        machine="2 × A",
        rate=250.0,
        total=sum(seconds.values()),
        missing=0.0,
        entries=tuple(Entry(name=name, group="work", seconds=each) for name, each in seconds.items()),
        peaks={"scheduler": memory * 2**20},
    )


def test_what_takes_over_three_percent_more_is_named_the_largest_growth_first() -> None:
    before = _of(seconds={"build": 1.0, "rules": 1.0, "seal": 1.0, "open": 0.001})
    now = _of(seconds={"build": 1.04, "rules": 1.5, "seal": 1.02, "open": 0.004, "poll": 0.3}, memory=230)
    assert [each.sentence for each in comparison.worse(before=before, now=now)] == [
        "all: 3.001 → 3.864 s (+29%)",
        "rules: 1.000 → 1.500 s (+50%)",
        "poll: 0.000 → 0.300 s (new)",
        "build: 1.000 → 1.040 s (+4%)",
        "memory of scheduler: 200.000 → 230.000 MB (+15%)",
    ]
    assert comparison.worse(before=now, now=before) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": "4 × B"}, "another machine (4 × B; this is 2 × A)"),
        ({"accounts": 5_000}, "of 5,000 edf_accounts, so nothing is compared"),
        ({"dialect": "acme"}, "of 20,000 acme, so nothing is compared"),
    ],
)
def test_ledgers_of_unlike_things_are_not_compared(change: Mapping[str, object], said: str) -> None:
    now = _of(seconds={"build": 1.0})
    assert said in (comparison.why_not(before=replace(now, **change), now=now) or "")
    assert comparison.why_not(before=now, now=now) is None
    assert "SAVE=yes" in (comparison.why_not(before=None, now=now) or "")


@pytest.mark.parametrize(
    ("before", "others", "stolen", "busy"),
    [
        (0.0, 0.0, 0.0, False),
        (0.04, 0.04, 0.01, False),
        (0.3, 0.0, 0.0, True),
        (0.0, 0.3, 0.0, True),
        (0.0, 0.0, 0.1, True),
    ],
)
def test_a_busy_machine_is_said(before: float, others: float, stolen: float, *, busy: bool) -> None:
    said = machine.why_busy(before=before, meanwhile=Company(others=others, stolen=stolen))
    assert (said is not None) == busy
    assert said is None or said.startswith("The machine was busy: ")


def test_what_the_stack_itself_used_is_nobody_elses() -> None:
    since = machine.Moment(at=0.0, used=100.0, stolen=1.0)
    until = machine.Moment(at=10.0, used=100.0 + 0.9 * 10 * machine.cores(), stolen=1.0)
    own = 0.8 * 10 * machine.cores()
    found = machine.company(since=since, until=until, own=own)
    assert found.others == pytest.approx(0.1)
    assert found.stolen == 0.0


def test_a_size_that_the_disk_cannot_hold_is_refused(tmp_path: Path) -> None:
    said = "^Waves of 10,000,000 and 100,000,000 accounts need 2,204.3 GB of disk, and .* GB are free"
    with pytest.raises(machine.TooLarge, match=said):
        machine.check_room(waves=(10_000_000, 100_000_000), folder=tmp_path)
    machine.check_room(waves=(1,), folder=tmp_path)


def test_the_table_names_what_matters_and_adds_up_the_rest(tmp_path: Path) -> None:
    found = replace(_ledger(used=_used(clocks=_clocks(tmp_path))), bounds={"tracking": 0.5, "build": 0.1})
    table = ledger_table(ledger=found)
    rows = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    by_name = {str(row[0]).strip(): row for row in rows}
    assert by_name["tracking"][-1] == "0.500"
    assert by_name["build"][1:] == ("0.500", "4.9%", "0.5", "0.100")
    assert by_name["all"][1] == "10.125"
    assert "tracking.processes.move 3.12" in largest_entries(ledger=found)


def test_what_idleness_takes_of_a_wave_is_said(tmp_path: Path) -> None:
    idle = {processes.SCHEDULER: 0.075, processes.RUNNER: 0.025}
    found = replace(_ledger(used=_used(clocks=_clocks(tmp_path))), idle=idle, seconds=40.5)
    # A tenth of 40.5 s, of 20.25 in all.
    assert "0.100 CPU seconds a second (scheduler 0.075, trigger runner 0.025): 20%" in idle_sentence(
        ledger=found
    )
