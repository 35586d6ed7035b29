"""Takes safeguards out one at a time, to see that histories catch what follows.

Each ablation changes the product's code or SQL while a block lasts, as a mistake in it would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from kraken_import.client.answers import NotFound
from kraken_import.client.session import Exchange
from kraken_import.domain.lifecycle import State, legal_pairs
from kraken_import.tracking import processes, waves
from kraken_import.usecases.admission import Admission
from kraken_import.usecases.asking import LookedUp
from kraken_import.usecases.verdicts import Signal, Timing, Verdict

building: Any = import_module("kraken_import.usecases.build")
creating: Any = import_module("kraken_import.usecases.creator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A safeguard, what happens without it, and the block in which it is off."""

    safeguard: str
    without: str
    gone: Callable[[], Any]


@contextmanager
def _changed(owner: Any, **names: Any) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in names}
    for name, value in names.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


@contextmanager
def _rewritten(statements: Mapping[str, str], **names: Callable[[str], str]) -> Iterator[None]:
    """Change statements. Raises `ValueError` where that changes nothing: the SQL reads otherwise by now."""
    found: dict[str, str] = statements  # type: ignore[assignment]
    before = {name: found[name] for name in names}
    for name, change in names.items():
        found[name] = change(before[name])
        if found[name] == before[name]:
            raise ValueError(f"Statement {name} is not what the ablation takes it for.")
    try:
        yield
    finally:
        found.update(before)


@contextmanager
def _without_committed_intent() -> Iterator[None]:
    """The intent is written in one transaction with what came of it."""
    record = creating.Creator._record_creates

    def intend(worker: Any, most: int) -> list[Any]:
        return processes.intend(
            connection=worker.connection, ref=worker.ref, most=most, at=worker.systems.clock()
        )

    def rolled_back(worker: Any, most: int) -> tuple[Admission, list[Any]]:
        transaction = worker.connection.begin()
        chunk = intend(worker, most)
        transaction.rollback()
        return Admission(most=most), chunk

    def together(worker: Any, chunk: Any, exchanges: Any, found: Any, ruled: Any) -> None:
        with worker.connection.begin():
            intend(worker, len(chunk))
        record(worker, chunk, exchanges, found, ruled)

    with _changed(creating.Creator, _intend=rolled_back, _record_creates=together):
        yield


@contextmanager
def _without_batch_lock() -> Iterator[None]:
    with _rewritten(waves._SQL, lock_batch=lambda _: "SELECT true", unlock_batch=lambda _: "SELECT true"):
        yield


@contextmanager
def _without_second_window() -> Iterator[None]:
    def absent_from(self: Timing, *, record: Any) -> Any:
        if record.doubted_at is not None:
            return record.doubted_at
        return record.intended_at + self.window

    with _changed(Timing, absent_from=absent_from):
        yield


@contextmanager
def _without_look_up() -> Iterator[None]:
    async def look_up(*, records: Any, **_: Any) -> list[LookedUp]:
        nothing = Exchange(answer=NotFound(), http_status=404, body=b"")
        return [
            LookedUp(
                record=record,
                exchange=nothing,
                verdict=Verdict(move=processes.Move(key=record.key, to=State.VALID), signal=Signal.FINE),
            )
            for record in records
        ]

    with _changed(creating, look_up=look_up):
        yield


@contextmanager
def _without_frozen_payload() -> Iterator[None]:
    def pairs(**given: bool) -> tuple[list[str], list[str]]:
        origins, targets = legal_pairs(**given)
        return [*origins, "creating", "creating"], [*targets, "built", "rejected"]

    with (
        _changed(building, UNDONE=building.UNDONE | {State.CREATING}),
        _changed(processes, legal_pairs=pairs),
    ):
        yield


@contextmanager
def _without_guarded_move() -> Iterator[None]:
    def change(statement: str) -> str:
        guard = statement[
            statement.index("    JOIN unnest(%(legal_from)s") : statement.index(
                "    WHERE process.id = incoming.id"
            )
        ]
        of_this_try = (
            "        AND incoming.attempt = process.attempt\n"
            "        AND (incoming.intended_at IS NULL OR incoming.intended_at = process.intended_at)\n"
        )
        return statement.replace(guard, "").replace(of_this_try, "")

    with _rewritten(processes._SQL, move=change):
        yield


@contextmanager
def _without_stop_check() -> Iterator[None]:
    def change(statement: str) -> str:
        return statement.replace("AND (SELECT migration.may_create(%(wave_id)s, %(rerun_id)s))", "")

    with (
        _rewritten(processes._SQL, intend=change),
        _changed(waves, may_create=lambda **_: True),
    ):
        yield


@contextmanager
def _without_shared_limit() -> Iterator[None]:
    with _changed(creating, admit=lambda *, most, **_: Admission(most=most)):
        yield


ABLATIONS: Final[Mapping[str, Ablation]] = {
    "intent": Ablation(
        safeguard="the intent is committed before the create leaves",
        without="it is written together with the answer",
        gone=_without_committed_intent,
    ),
    "lock": Ablation(
        safeguard="a batch has one worker",
        without="its lock is always given",
        gone=_without_batch_lock,
    ),
    "window": Ablation(
        safeguard="a 404 counts only a window after the request has ended",
        without="it counts at once, and of a dead worker's create a window after the intent",
        gone=_without_second_window,
    ),
    "look_up": Ablation(
        safeguard="a doubt is looked up before a second create",
        without="it is sent again unseen",
        gone=_without_look_up,
    ),
    "payload": Ablation(
        safeguard="the payload is frozen from the intent on",
        without="a build takes records in doubt too",
        gone=_without_frozen_payload,
    ),
    "transition": Ablation(
        safeguard="every step is guarded by the state, attempt and intent that it is about",
        without="it is written whatever there is",
        gone=_without_guarded_move,
    ),
    "stop": Ablation(
        safeguard="each intent asks whether its wave may create",
        without="none asks",
        gone=_without_stop_check,
    ),
    "limit": Ablation(
        safeguard="accounts under way are counted for all together",
        without="each task sends what it has",
        gone=_without_shared_limit,
    ),
}
"""By the name that the command takes."""


@contextmanager
def without(name: str | None) -> Iterator[None]:
    """Take this safeguard out until the block ends; None takes out nothing."""
    with ExitStack() as stack:
        if name is not None:
            stack.enter_context(ABLATIONS[name].gone())
        yield
