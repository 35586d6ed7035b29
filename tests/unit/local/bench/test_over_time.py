"""Figures over time: the plot shows those of the file, thinned, and needs nothing else."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kraken_import.local.bench import plot, processes, series
from kraken_import.local.bench.processes import Process, Seen

CHECKPOINTER = "Postgres checkpointer"
SVG = "{http://www.w3.org/2000/svg}"


def _figures(path: Path, *, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=series.COLUMNS, restval="")
        writer.writeheader()
        for number in range(rows):
            sizes = {processes.TASKS: (200 + number) * 2**20, "payload": number * 2**20}
            writer.writerow({"seconds": number * 2, "built": 0, "created": 0, "ended": number * 500, **sizes})


def test_a_long_wave_has_as_many_points_as_a_short_one_and_ends_where_it_ended(tmp_path: Path) -> None:
    figures, picture = tmp_path / "wave.csv", tmp_path / "wave.svg"
    _figures(figures, rows=5_001)
    plot.draw(figures=figures, title="1,000,000 edf_accounts", to=picture)
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    lines = [line.attrib["points"].split() for line in root.iter(f"{SVG}polyline")]
    assert max(len(line) for line in lines) <= 241
    said = [text.text for text in root.iter(f"{SVG}text")]
    assert "167 min" in said
    assert "1,000,000 edf_accounts" in said


def test_rates_are_of_the_time_between_two_rows() -> None:
    known = ((0.0, 0.0), (2.0, 500.0), (6.0, 700.0))
    rows = [{"seconds": at, "ended": ended, "built": 700.0, "created": None} for at, ended in known]
    rates, *_ = plot.panels(rows=rows)
    assert rates.lines["ended"] == [(2.0, 250.0), (6.0, 50.0)]
    assert rates.lines["built"] == [(2.0, 0.0), (6.0, 0.0)]


def test_what_was_not_known_is_not_drawn_as_nothing(tmp_path: Path) -> None:
    figures = tmp_path / "wave.csv"
    _figures(figures, rows=3)
    (row, *_) = series.rows_of(path=figures)
    assert row["answer"] is None
    *_, tables = plot.panels(rows=[row])
    assert tables.lines["answer"] == []
    assert tables.lines["payload"] == [(0.0, 0.0)]


def test_a_wave_without_figures_can_be_drawn(tmp_path: Path) -> None:
    figures = tmp_path / "wave.csv"
    _figures(figures, rows=0)
    plot.draw(figures=figures, title="none", to=tmp_path / "wave.svg")


def _server(pid: int, *, own: float, place: str = "airflow", size: int = 1) -> Process:
    part = processes.POSTGRES if place == "airflow" else processes.MAINTENANCE
    return Process(pid=pid, part=part, own=own, ended=0.0, size=size, place=place)


def test_a_server_process_counts_from_the_wave_on_also_once_it_has_ended() -> None:
    seen = Seen()
    seen.note(processes=[_server(1, own=5.0, size=3), _server(2, own=1.0, place=CHECKPOINTER)])
    seen.note(
        processes=[_server(1, own=6.0, size=7), _server(2, own=1.5, place=CHECKPOINTER), _server(3, own=0.25)]
    )
    seen.note(processes=[_server(2, own=2.0, place=CHECKPOINTER)])
    assert seen.server_seconds() == pytest.approx({"airflow": 1.25, CHECKPOINTER: 1.0})
    assert seen.peaks == {processes.POSTGRES: 7, processes.MAINTENANCE: 1}
