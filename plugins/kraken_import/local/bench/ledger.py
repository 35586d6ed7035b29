"""The CPU ledger of a wave: where its seconds went, for 1,000 accounts, and what of it has no line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from kraken_import.local.bench import machine, processes
from kraken_import.local.bench.clocks import Clocks
from transforms.cpu_clock import Line
from transforms.private import write_private

THOUSAND: Final = 1_000
OPERATORS: Final[Mapping[str, str]] = {
    "BuildBatchOperator": "build task, the rest",
    "ValidateBatchOperator": "validate",
    "CreateBatchOperator": "create",
    "AwaitBatchOperator": "await",
}
START_OF_TASKS: Final = "start of tasks"
AIRFLOWS_DATABASE: Final = "Airflow's database"
_OTHER_TASKS: Final = "plan, gate, summary, report"
_OF_TASKS: Final = ("extract", "build", "rules", "seal", "open")
_TRACKING: Final = "tracking."
_FIGURE_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: CPU seconds and calls for 1,000 accounts."""

    name: str
    group: str
    seconds: float
    calls: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Where the CPU seconds of a wave went. All seconds are for 1,000 accounts."""

    dialect: str
    accounts: int
    machine: str
    rate: float
    total: float
    missing: float
    """Seconds that no line explains, or that lines count twice."""
    entries: tuple[Entry, ...]
    peaks: Mapping[str, int] = field(default_factory=dict)
    """The largest size in bytes that one process of each part reached."""
    bounds: Mapping[str, float] = field(default_factory=dict)
    """The least that a line, or a group of lines, could take."""
    seconds: float = 0.0
    """How long the wave was measured."""
    idle: Mapping[str, float] = field(default_factory=dict)
    """CPU seconds that each part of the stack takes in a second without a wave."""

    @property
    def attributed(self) -> float:
        """The share of all seconds that stands in a line."""
        return 1 - self.missing / self.total if self.total else 0.0

    @property
    def tasks(self) -> float:
        """The task processes that were started for 1,000 accounts."""
        return sum(entry.calls or 0.0 for entry in self.entries if entry.name == START_OF_TASKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was measured of a wave, in seconds of CPU."""

    parts: Mapping[str, float]
    """By part of the stack: all of it, of living and ended processes."""
    servers: Mapping[str, float]
    """Of Postgres' processes, by database, as samples have shown."""
    clocks: Clocks
    bench: float
    """Of Postgres, for this measurement itself."""
    idle_runner: float
    """What the trigger runner would have taken without anything to ask about."""


def ledger_of(*, used: Used, dialect: str, accounts: int, rate: float, peaks: Mapping[str, int]) -> Ledger:
    """Return the ledger of a wave on this machine."""
    each = THOUSAND / accounts
    found = [*_tasks(used=used), *_tracking(used=used), *_airflow(used=used), *_rest(used=used)]
    entries = tuple(
        replace(
            entry, seconds=entry.seconds * each, calls=None if entry.calls is None else entry.calls * each
        )
        for entry in found
    )
    return Ledger(
        dialect=dialect,
        accounts=accounts,
        machine=machine.name(),
        rate=rate,
        total=sum(used.parts.values()) * each,
        missing=sum(abs(gap) for gap in _gaps(used=used)) * each,
        entries=entries,
        peaks=dict(peaks),
    )


def _tasks(*, used: Used) -> Iterator[Entry]:
    clocks = used.clocks
    for name in _OF_TASKS:
        yield _entry(name=name, group="work", line=clocks.lines.get(name, Line()))
    main = dict.fromkeys([*OPERATORS.values(), _OTHER_TASKS], 0.0)
    for operator, seconds in clocks.main.items():
        main[OPERATORS.get(operator, _OTHER_TASKS)] += seconds
    for name, seconds in main.items():
        yield Entry(name=name, group="work", seconds=seconds)
    asked = used.parts.get(processes.RUNNER, 0.0) - clocks.in_runners - used.idle_runner
    yield Entry(name="poll", group="work", seconds=asked)


def _tracking(*, used: Used) -> Iterator[Entry]:
    for name, line in sorted(used.clocks.lines.items(), key=lambda item: -item[1].own - item[1].backend):
        if name not in _OF_TASKS:
            yield _entry(name=name, group="tracking", line=line)


def _airflow(*, used: Used) -> Iterator[Entry]:
    clocks, parts = used.clocks, used.parts
    yield Entry(name=START_OF_TASKS, group="Airflow", seconds=clocks.start, calls=clocks.tasks)
    yield Entry(name="end of tasks", group="Airflow", seconds=clocks.end, calls=clocks.tasks)
    for part in (
        processes.SUPERVISORS,
        processes.SCHEDULER,
        processes.API_SERVER,
        processes.DAG_PROCESSOR,
        processes.DAG_FILES,
    ):
        yield Entry(name=part, group="Airflow", seconds=parts.get(part, 0.0))
    idle = parts.get(processes.TRIGGERER, 0.0) + used.idle_runner
    yield Entry(name=processes.TRIGGERER, group="Airflow", seconds=idle)
    yield Entry(name=AIRFLOWS_DATABASE, group="Airflow", seconds=used.servers.get("airflow", 0.0))


def _rest(*, used: Used) -> Iterator[Entry]:
    for part, seconds in (
        *sorted(_maintenance(used=used).items()),
        (processes.POSTMASTER, used.parts.get(processes.POSTMASTER, 0.0)),
        ("this measurement, in Postgres", used.bench),
    ):
        yield Entry(name=part, group="Postgres", seconds=seconds)
    yield Entry(
        name=processes.STAND_IN, group=processes.STAND_IN, seconds=used.parts.get(processes.STAND_IN, 0.0)
    )


def _maintenance(*, used: Used) -> dict[str, float]:
    return {name: each for name, each in used.servers.items() if name.startswith(f"{processes.PREFIX} ")}


def _gaps(*, used: Used) -> Iterator[float]:
    """Yield what lines do not explain: of task processes, and of Postgres."""
    yield used.parts.get(processes.TASKS, 0.0) - used.clocks.whole
    told = sum(line.backend for line in used.clocks.lines.values()) + used.bench
    seen = used.servers.get("airflow", 0.0) + sum(_maintenance(used=used).values())
    yield used.parts.get(processes.POSTGRES, 0.0) - told - seen


def _entry(*, name: str, group: str, line: Line) -> Entry:
    return Entry(name=name, group=group, seconds=line.own + line.backend, calls=line.calls or None)


def save(*, ledger: Ledger, path: Path) -> None:
    """Keep a ledger as the one that later ones are compared with."""
    write_private(path=path, text=json.dumps({"format": _FIGURE_FORMAT, **asdict(ledger)}, indent=1) + "\n")


def load(*, path: Path) -> Ledger | None:
    """Return a kept ledger; None where there is none, or one that this version does not read."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("format") != _FIGURE_FORMAT:
            return None
        entries = tuple(Entry(**each) for each in told.pop("entries"))
        return Ledger(entries=entries, **told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
