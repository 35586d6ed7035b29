"""How orders stand: each look finds out whether one has come to its end, and records that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from kraken_import.console.asking import Asked
from kraken_import.console.kinds import KINDS
from kraken_import.console.kinds.kind import AtOnce, Progress
from kraken_import.tracking import actions
from kraken_import.tracking.actions import Action
from kraken_import.tracking.board import UNDER_WAY, LogLine


def progress_of(*, asked: Asked, action: Action) -> Progress:
    """Return how an order stands, and record its end where that is found out now."""
    if action.outcome is not None:
        return Progress(sentence=action.result or "", outcome=action.outcome)
    kind = KINDS.get(action.kind)
    if kind is None:
        return Progress(sentence="Under way.")
    found = kind.progress(asked=asked, action=action)
    end_order(asked=asked, action_id=action.id, progress=found)
    return found


def end_order(*, asked: Asked, action_id: UUID, progress: Progress) -> None:
    """Record what came of an order, once something has."""
    if progress.outcome is None:
        return
    with asked.writer.begin() as connection:
        actions.end(
            connection=connection, action_id=action_id, outcome=progress.outcome, result=progress.sentence
        )


def followed(*, asked: Asked, log: Sequence[LogLine]) -> list[LogLine]:
    """Return a log in which orders that were broken off say so."""
    return [_followed(asked=asked, line=line) for line in log]


def _followed(*, asked: Asked, line: LogLine) -> LogLine:
    if line.action_id is None or line.came_of_it != UNDER_WAY:
        return line
    with asked.read() as connection:
        action = actions.find(connection=connection, action_id=line.action_id)
    # What asks Airflow takes longer than a page about a wave should.
    if action is None or not isinstance(KINDS.get(action.kind), AtOnce):
        return line
    return replace(line, came_of_it=progress_of(asked=asked, action=action).sentence)
