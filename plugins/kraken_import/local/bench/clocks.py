"""What the processes of a wave have written about their own CPU seconds, added up."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from transforms import cpu_clock
from transforms.cpu_clock import Line

Told = Mapping[str, Any]

_NO_TASK: Final[Told] = {"task": None, "lines": {}, "whole": 0.0}


@dataclass(slots=True, kw_only=True)
class Clocks:
    """CPU seconds of tasks and trigger runners; `main` has those of tasks outside of lines, by operator."""

    tasks: int = 0
    start: float = 0.0
    end: float = 0.0
    whole: float = 0.0
    """All seconds of the tasks that told theirs."""
    main: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    lines: dict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    """Of tasks and trigger runners together; of other processes, only what their backends did."""
    in_runners: float = 0.0
    """The part of the lines' own seconds that trigger runners took."""

    def add(self, *, told: Told, before: Told, is_runner: bool) -> None:
        """Add what a process has told, less what it had told before the wave."""
        own = 0.0
        for name, values in told["lines"].items():
            line, past = self.lines[name], before["lines"].get(name, {})
            line.calls += values["calls"] - past.get("calls", 0)
            line.backend += values["backend"] - past.get("backend", 0.0)
            if told["task"] or is_runner:
                seconds = values["own"] - past.get("own", 0.0)
                line.own += seconds
                own += seconds
        if is_runner:
            self.in_runners += own
        if told["task"]:
            ended = told["whole"] if told["ended"] is None else told["ended"]
            self.tasks += 1
            self.start += told["begun"]
            self.end += told["whole"] - ended
            self.whole += told["whole"]
            self.main[told["task"]] += ended - told["begun"] - own


def told_by(*, folder: Path) -> dict[str, Told]:
    """Return what the processes that still live have told, by file, and delete the files of all tasks."""
    found = {}
    for path, told in _files(folder=folder):
        if told["task"]:
            path.unlink(missing_ok=True)
        else:
            found[path.name] = told
    return found


def clocks_of(*, folder: Path, before: Mapping[str, Told], runners: Collection[int]) -> Clocks:
    """Add up what all processes have told since `before`; `runners` are the trigger runners' numbers."""
    clocks = Clocks()
    for path, told in _files(folder=folder):
        is_runner = int(path.name.partition("-")[0]) in runners
        clocks.add(told=told, before=before.get(path.name, _NO_TASK), is_runner=is_runner)
    return clocks


def _files(*, folder: Path) -> Iterator[tuple[Path, Told]]:
    for path in folder.glob("*-*.json"):
        told = cpu_clock.read(path=path)
        if told is not None:
            yield path, told
