"""CPU seconds of a process by line of work, for `make bench`, with those of Postgres for the same line.

Without MIGRATION_CPU_LEDGER, which names a folder, nothing is measured, and nothing is different. With it
each process keeps a file there: a task writes it as it ends, a process that lives on each second.

A line of work is a function or a block that never awaits, so that a thread works on one at a time. What a
line calls under a name of its own counts there alone.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event

from transforms.private import write_private

VARIABLE: Final = "MIGRATION_CPU_LEDGER"
COMMIT, SESSION, OTHER = "commit", "session", "other"
"""Lines of a database beside those that ask it: its ends of transactions, a session's start, all else."""

_BETWEEN_WRITES: Final = 1.0
_SERVER: Final = "postgres"
_STATE: Final = "cpu_clock"

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Line:
    """What one line took: how often it was worked on, CPU seconds of this process, and of its backends."""

    calls: int = 0
    own: float = 0.0
    backend: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Backend:
    """A server process of a session, and the line for which it worked last."""

    pid: int
    database: str
    line: str
    seconds: float = 0.0


class _Thread(threading.local):
    """The lines that a thread is in, the innermost last, and its CPU time when the last one changed."""

    def __init__(self) -> None:
        self.inside: list[tuple[str, Line]] = []
        self.mark = 0.0
        self.found: dict[str, Line] | None = None
        """Its lines so far, which no other thread changes."""


class Clock:
    """The lines of this process, for a file in the folder.

    With `keeps_writing` a process that is no task writes it each second.
    """

    def __init__(self, *, folder: Path, keeps_writing: bool = False) -> None:
        self._folder = folder
        self._keeps_writing = keeps_writing
        self.reset()

    def reset(self) -> None:
        """Begin again, as a process that was just forked does."""
        self._name = f"{os.getpid()}-{time.time_ns()}.json"
        self._lock = threading.RLock()
        self._thread = _Thread()
        self._of_threads: list[dict[str, Line]] = []
        self._of_backends: dict[str, float] = {}
        self._backends: dict[int, _Backend] = {}
        self._task: str | None = None
        self._begun: float | None = None
        self._ended: float | None = None
        self._writer: threading.Thread | None = None

    def enter(self, *, line: str) -> None:
        """Begin to work on a line."""
        thread, now = self._thread, time.thread_time()
        if thread.inside:
            thread.inside[-1][1].own += now - thread.mark
        thread.mark = now
        found = thread.found
        if found is None:
            found = thread.found = {}
            with self._lock:
                self._of_threads.append(found)
        there = found.get(line)
        if there is None:
            there = found[line] = Line()
        there.calls += 1
        thread.inside.append((line, there))

    def leave(self) -> None:
        """End the innermost line of this thread."""
        thread, now = self._thread, time.thread_time()
        thread.inside.pop()[1].own += now - thread.mark
        thread.mark = now
        if self._keeps_writing and self._task is None and self._writer is None:
            # A process that is no task has no end at which it could tell.
            self._writer = threading.Thread(target=self._keep_writing, daemon=True)
            self._writer.start()

    def begin(self, *, task: str) -> None:
        """Take what this process took until now as the start of a task. Only the first call counts."""
        if self._task is None:
            self._task, self._begun = task, time.process_time()
            # Airflow's task processes run what was registered after their fork.
            atexit.register(self.write)

    def end(self) -> None:
        """Take what follows as the end of the task."""
        self._ended = time.process_time()
        self.write()

    def working(self, *, connection: Connection) -> None:
        """Note that a session's backend will work for the present line of this thread."""
        backend = self._backend(connection=connection)
        if backend is not None:
            self._settle(backend)
            inside = self._thread.inside
            backend.line = inside[-1][0] if inside else f"{backend.database}.{OTHER}"

    def committing(self, *, connection: Connection) -> None:
        """Note that a session's transaction ends."""
        backend = self._backend(connection=connection)
        if backend is not None:
            self._settle(backend)
            backend.line = f"{backend.database}.{COMMIT}"

    def closing(self, *, backend: _Backend | None) -> None:
        """Note that a session ends."""
        if backend is not None:
            self._settle(backend)
            self._backends.pop(backend.pid, None)

    def of_backends(self) -> float:
        """Return what the backends of all lines have done."""
        with self._lock:
            return sum(self._of_backends.values())

    def write(self) -> None:
        """Write the file."""
        with self._lock:
            for backend in tuple(self._backends.values()):
                self._settle(backend)
            told = {
                "task": self._task,
                "begun": self._begun,
                "ended": self._ended,
                "whole": time.process_time(),
                "lines": {name: asdict(line) for name, line in self._together().items()},
            }
        # A task must not fail for its measurement; what is missing stands as not attributed.
        with suppress(OSError):
            write_private(path=self._folder / self._name, text=json.dumps(told))

    def _keep_writing(self) -> None:
        while True:
            time.sleep(_BETWEEN_WRITES)
            self.write()

    def _together(self) -> dict[str, Line]:
        """Add up the lines of all threads and backends."""
        lines: dict[str, Line] = {}
        for found in self._of_threads:
            # A thread that begins a line meanwhile adds to its own.
            for name, line in tuple(found.items()):
                whole = lines.setdefault(name, Line())
                whole.calls += line.calls
                whole.own += line.own
        for name, seconds in self._of_backends.items():
            lines.setdefault(name, Line()).backend = seconds
        return lines

    def _settle(self, backend: _Backend) -> None:
        """Add what a backend has done since the last look to the line that it worked for."""
        seconds = cpu_seconds(pid=backend.pid)
        with self._lock:
            if seconds is not None and seconds > backend.seconds:
                past = self._of_backends.get(backend.line, 0.0)
                self._of_backends[backend.line] = past + seconds - backend.seconds
                backend.seconds = seconds

    def _backend(self, *, connection: Connection) -> _Backend | None:
        """Return the backend of a session; None where it is not a process of this machine."""
        there: Any = connection.info.get(_STATE, _UNKNOWN)
        if there is _UNKNOWN:
            driver: Any = connection.connection.dbapi_connection
            there = _local_backend(pid=driver.info.backend_pid, database=driver.info.dbname)
            connection.info[_STATE] = there
            if there is not None:
                self._backends[there.pid] = there
        found: _Backend | None = there
        return found


def cpu_seconds(*, pid: int) -> float | None:
    """Return the CPU seconds of a process with one thread, exact to less than a tick; None without one."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split(maxsplit=1)[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def clocked(*, line: str) -> AbstractContextManager[None]:
    """Count what this block takes as a line's. It must not await."""
    return _OFF if _clock is None else _Counted(_clock, line)


def at_work(*, connection: Connection) -> None:
    """Count what a session's backend does now as the present line's, where the driver runs a COPY itself."""
    if _clock is not None:
        _clock.working(connection=connection)


def a_line(name: str, /) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Return a decorator that counts what a function takes as a line's. Not for generators."""

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        clock = _clock
        if clock is None:
            return function

        @wraps(function)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            with _Counted(clock, name):
                return function(*args, **kwargs)

        return run

    return decorate


@contextmanager
def a_task(*, name: str) -> Iterator[None]:
    """Tell what a task does in this block from what its process needs to start and to end."""
    if _clock is None:
        yield
        return
    _clock.begin(task=name)
    try:
        yield
    finally:
        _clock.end()


def watched(*, engine: Engine) -> Engine:
    """Count what the backends of an engine's sessions do for each line. Returns the engine."""
    if _clock is not None:
        watch(engine=engine, clock=_clock)
    return engine


def watch(*, engine: Engine, clock: Clock) -> None:
    """Have a clock look at the backends of an engine's sessions."""

    def before_statement(connection: Connection, *_: object) -> None:
        clock.working(connection=connection)

    def before_end(connection: Connection) -> None:
        clock.committing(connection=connection)

    def before_close(_: object, record: Any) -> None:
        clock.closing(backend=record.info.pop(_STATE, None))

    event.listen(engine, "before_cursor_execute", before_statement)
    for end in ("commit", "rollback"):
        event.listen(engine, end, before_end)
    event.listen(engine, "close", before_close)


class _Counted:
    """A block whose seconds are a line's."""

    __slots__ = ("_clock", "_line")

    def __init__(self, clock: Clock, line: str) -> None:
        self._clock = clock
        self._line = line

    def __enter__(self) -> None:
        self._clock.enter(line=self._line)

    def __exit__(self, *_: object) -> None:
        self._clock.leave()


def _local_backend(*, pid: int, database: str) -> _Backend | None:
    try:
        is_server = Path(f"/proc/{pid}/comm").read_text().startswith(_SERVER)
    except OSError:
        return None
    return _Backend(pid=pid, database=database, line=f"{database}.{SESSION}") if is_server else None


def read(*, path: Path) -> dict[str, Any] | None:
    """Return what a process has written; None for a file that is not whole."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return told
    except (OSError, ValueError):
        return None


def _started() -> Clock | None:
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    clock = Clock(folder=Path(folder), keeps_writing=True)
    os.register_at_fork(after_in_child=clock.reset)
    return clock


_OFF: Final[AbstractContextManager[None]] = nullcontext()
_UNKNOWN: Final[Any] = object()
_clock: Final = _started()
