"""The stand-in's memory: import processes, and how often each was really created.

Processing takes no timers: the status of a process follows from its age.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

from kraken_import.simulator.keys import Key
from kraken_import.simulator.processes import Process, Processes
from kraken_import.simulator.references import References


class UnableToReadJournal(Exception):
    """The journal cannot be opened, or is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What is created. `in_place` keeps the time at which the one before was created.

    `references` are those of the account, which no other may have once it is there.
    """

    is_dry_run: bool = False
    error: tuple[str, str] | None = None
    references: Sequence[tuple[str, str]] = ()
    in_place: bool = False
    has_event: bool = False


@dataclass(slots=True, kw_only=True)
class Store:
    """All processes. `delay` is the seconds that processing takes."""

    delay: float
    recreate_after_error: bool
    journal: Path | None = None
    processes: Processes = field(default_factory=Processes)
    references: References = field(default_factory=References)
    """Whose each reference is; it counts once that account is there."""
    resets: int = 0
    """How often everything was forgotten: requests from before then must not take effect."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _file: IO[bytes] | None = None

    def open(self) -> None:
        """Read the journal, and go on writing it. Raises `UnableToReadJournal`."""
        if self.journal is None:
            return
        try:
            self._file = self.journal.open("a+b", buffering=0)
            with self.journal.open("rb") as lines:
                self._read(lines)
        except OSError as problem:
            raise UnableToReadJournal(
                f"The journal {self.journal} cannot be opened: {problem.strerror}."
            ) from None

    def close(self) -> None:
        """Stop writing the journal."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def reset(self) -> None:
        """Forget everything."""
        self.processes = Processes()
        self.references = References()
        self.resets += 1
        self._numbers = itertools.count(1)
        if self._file is not None:
            self._file.truncate(0)

    def may_create(self, *, key: Key, is_dry_run: bool, now: float, recreate: bool | None = None) -> bool:
        """Return whether a create is accepted, as far as existing processes are concerned.

        `recreate` says whether it is after ERRORED, where that is not as usual.
        """
        process = self.processes.find(key=key)
        if process is None:
            return True
        status = self.status(process=process, now=now)
        if process.is_dry_run:
            return status in ("DRY_RUN_SUCCEEDED", "DRY_RUN_ERRORED")
        accepts = self.recreate_after_error if recreate is None else recreate
        return status == "ERRORED" and accepts and not is_dry_run

    def create(self, *, key: Key, made: Creation, now: float) -> None:
        """Create an import process."""
        before = self.processes.find(key=key)
        created_at = before.created_at if before and made.in_place else now
        owner = self._remember(key=key, made=made, created_at=created_at, started_at=now)
        kept = [] if made.is_dry_run else made.references
        self._refer(references=kept, owner=owner, now=now)
        if self._file is not None:
            again = (now, made.has_event, kept) if made.in_place or made.has_event or kept else ()
            self._file.write(orjson.dumps([*key, created_at, made.is_dry_run, made.error, *again]) + b"\n")

    def put(self, *, key: Key, kraken_identifier: str | None, listed: int, now: float) -> None:
        """Record it as processed long ago, whatever was there before; for tests, and not in the journal."""
        before = self.processes.find(key=key)
        since = now - self.delay
        self._remember(key=key, made=Creation(), created_at=since, started_at=since)
        self.processes[key] = self.processes[key]._replace(
            live_creates=before.live_creates if before else 0,
            named=kraken_identifier or (before.kraken_identifier if before else ""),
            listed=listed,
        )

    def is_taken(self, *, namespace: str, value: str, by: Key, now: float) -> bool:
        """Whether a reference belongs to an account that is there, and is not the one that asks."""
        owner = self.references.owner(namespace=namespace, value=value)
        if owner is None or owner == self.processes.numbering.find(key=by):
            return False
        return self._is_there(owner, now)

    def status(self, *, process: Process, now: float) -> str:
        """The status of a process at a time."""
        age = now - process.started_at
        if age < self.delay * 0.3:
            return "PENDING"
        if age < self.delay:
            return "IN_PROGRESS"
        end = "ERRORED" if process.error else "SUCCEEDED" if process.is_dry_run else "PROCESSED"
        return f"DRY_RUN_{end}" if process.is_dry_run else end

    def in_progress(self, *, now: float) -> int:
        """How many processes have not ended."""
        started = itertools.takewhile(lambda start: now - start < self.delay, self.processes.starts())
        return sum(1 for _ in started)

    def _read(self, lines: Iterable[bytes]) -> None:
        """Take in the journal, line by line, since it may be large."""
        whole = 0
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                # It was cut off by a kill in mid-write: that create was never answered.
                assert self._file is not None
                self._file.truncate(whole)
                return
            whole += len(line)
            try:
                self._take_in(line)
            except (ValueError, TypeError):
                raise UnableToReadJournal(
                    f"Line {number} of {self.journal} is not an entry of a journal."
                ) from None

    def _take_in(self, line: bytes) -> None:
        resource, supplier, identifier, created_at, is_dry_run, error, *again = orjson.loads(line)
        started_at, has_event, *rest = again or (created_at, False)
        key = Key(resource, supplier, identifier)
        owner = self._remember(
            key=key,
            made=Creation(is_dry_run=is_dry_run, error=tuple(error) if error else None, has_event=has_event),
            created_at=created_at,
            started_at=started_at,
        )
        references = [(namespace, value) for namespace, value in (rest[0] if rest else ())]
        self._refer(references=references, owner=owner, now=started_at)

    def _refer(self, *, references: Sequence[tuple[str, str]], owner: int, now: float) -> None:
        """Give the key of a number the references that belong to no other account that is there."""
        for namespace, value in references:
            before = self.references.owner(namespace=namespace, value=value)
            if before is None:
                self.references.add(namespace=namespace, value=value, owner=owner)
            elif before != owner and not self._is_there(before, now):
                self.references.give(namespace=namespace, value=value, owner=owner)

    def _is_there(self, owner: int, now: float) -> bool:
        process = self.processes.owner(number=owner)
        return process is not None and self.status(process=process, now=now) == "PROCESSED"

    def _remember(self, *, key: Key, made: Creation, created_at: float, started_at: float) -> int:
        """Put a process last, so that they stay in the order of their creation. Returns its key's number."""
        # Given its number first, the key is not searched for again.
        self.processes.numbering.number(key=key)
        before = self.processes.find(key=key)
        process = Process(
            key=key,
            created_at=created_at,
            started_at=started_at,
            is_dry_run=made.is_dry_run,
            number=next(self._numbers),
            error=made.error,
            live_creates=(before.live_creates if before else 0) + (not made.is_dry_run),
            dry_run_creates=(before.dry_run_creates if before else 0) + made.is_dry_run,
            has_event=made.has_event,
        )
        return self.processes.renew(process=process)


def iso(*, time: float) -> str:
    """A time as the API prints it, with microseconds and offset."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds")
