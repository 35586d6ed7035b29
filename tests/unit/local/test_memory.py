"""What is kept of the memory of processes."""

from __future__ import annotations

from kraken_import.local.memory import Memory

MB = 2**20


def noted(*samples: tuple[str, int, float, int]) -> Memory:
    memory = Memory()
    for component, pid, seconds, size in samples:
        memory.note(component=component, pid=pid, seconds=seconds, size=size * MB)
    return memory


def test_the_peak_of_a_component_is_that_of_its_largest_process() -> None:
    memory = noted(("scheduler", 1, 0.0, 100), ("scheduler", 2, 5.0, 150), ("scheduler", 2, 5.5, 140))
    assert memory.peaks() == {"scheduler": 150 * MB}


def test_the_parts_of_a_wave_have_peaks_of_their_own() -> None:
    memory = noted(
        ("triggerer", 1, 0.1, 100),
        ("triggerer", 1, 29.0, 130),
        ("triggerer", 1, 31.0, 120),
        ("triggerer", 1, 61.0, 140),
        # The end of the run comes after its last record.
        ("triggerer", 1, 95.0, 145),
        ("simulator", 2, 89.0, 40),
    )
    parts = memory.by_part(parts=3, until=90.0)
    assert parts["triggerer"] == [130 * MB, 120 * MB, 145 * MB]
    assert parts["simulator"] == [0, 0, 40 * MB]
    # What happened before the time that is asked about is in none of its parts.
    assert memory.by_part(parts=3, since=30.0, until=90.0)["triggerer"] == [120 * MB, 140 * MB, 145 * MB]
