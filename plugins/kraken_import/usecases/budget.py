"""The error budget of a wave or a rerun: stops it before most of its records are affected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.stops import StopCode
from kraken_import.tracking import budget
from kraken_import.tracking.budget import BudgetCause, BudgetStage, LatestRecords, Stage
from kraken_import.tracking.waves import Policy, Wave
from kraken_import.usecases.evidence_bound import CERTAINTY, is_evident, lower_bound
from kraken_import.usecases.faults import SystemicFault

_MOST_CAUSES: Final = 3
_ENOUGH: Final = 200
"""Answered creates that suffice to prove a budget broken when most of them fail."""
_MOST_DECIMALS: Final = 6

_STAGES: Final[tuple[BudgetStage, ...]] = ("validate", "load")
_SEEN: Final[dict[Stage, str]] = {
    "validate": "validations refused",
    "create": "creates refused",
    "process": "accepted records failed",
}
_WHAT_FAILED: Final[dict[Stage, str]] = {
    "validate": "was refused",
    "create": "was refused",
    "process": "has failed",
}


def budget_fault(
    *, tracking: Engine, wave: Wave, stage: BudgetStage, now: datetime | None = None
) -> SystemicFault | None:
    """Return the fault of a wave, or of the rerun that sees it, that exceeds its budget; None within it.

    A rerun is judged by what it has done itself, in all of its waves, and a wave by what its own run has.
    `now` replaces the database's clock.
    """
    policy = wave.policy
    if wave.stopped_at is not None or (policy.error_share >= 1 and policy.error_count is None):
        return None
    with tracking.connect() as connection:
        samples = budget.recent(
            connection=connection,
            ref=wave.ref,
            stage=stage,
            span=budget.Span(records=policy.error_window, since=wave.reopened_at or wave.started_at, now=now),
        )
    for sample in samples:
        measure = _beyond(sample=sample, policy=policy)
        if measure is not None:
            return SystemicFault(code=StopCode.ERROR_BUDGET, reason=_reason(sample=sample, measure=measure))
    return None


def budget_left(*, connection: Connection, wave: Wave) -> str:
    """Return in words how near a wave's own run is to its error budget: the stage that is nearest."""
    policy = wave.policy
    if policy.error_share >= 1 and policy.error_count is None:
        return "no budget stops it"
    span = budget.Span(records=policy.error_window, since=wave.reopened_at or wave.started_at)
    samples = [
        sample
        for stage in _STAGES
        for sample in budget.recent(connection=connection, ref=wave.ref, stage=stage, span=span, ages=[0])
    ]
    if not samples:
        return "untouched: no record has been judged yet"
    left, sample = min(
        ((_left(sample=each, policy=policy), each) for each in samples), key=lambda pair: pair[0]
    )
    seen = f"{sample.failed:,} of the last {sample.seen:,} {_SEEN[sample.stage]}"
    return f"{left:,} more in a row stop it ({seen})" if left else f"used up: {seen}"


def _left(*, sample: LatestRecords, policy: Policy) -> int:
    """Return how many records would have to fail in a row from now on until the budget is exceeded."""
    window = policy.error_window

    def is_beyond(more: int) -> bool:
        seen = min(window, sample.seen + more)
        # What falls out of the window is taken to be good: it stops at this number at the earliest.
        failed = min(seen, sample.failed + more)
        return _beyond(sample=replace(sample, seen=seen, failed=failed), policy=policy) is not None

    return bisect_left(range(window), True, key=is_beyond)


def has_answered(*, tracking: Engine, wave: Wave, since: datetime) -> bool:
    """Return whether Kraken has answered a create of the wave, or of the rerun that sees it, since then."""
    with tracking.connect() as connection:
        return budget.answered(connection=connection, ref=wave.ref, since=since, most=1) > 0


def may_hurry(*, tracking: Engine, wave: Wave) -> bool:
    """Return whether enough creates were answered for the budget to judge them.

    Until then a wave goes slowly, so that few records are affected before it is stopped.
    """
    since = wave.reopened_at or wave.started_at
    with tracking.connect() as connection:
        found = budget.answered(connection=connection, ref=wave.ref, since=since, most=_ENOUGH)
    return found >= _ENOUGH


def _beyond(*, sample: LatestRecords, policy: Policy) -> str | None:
    """Return how far a sample exceeds the budget, in words; None when it does not."""
    failed, seen = sample.failed, sample.seen
    if is_evident(failed=failed, seen=seen, share=policy.error_share, window=policy.error_window):
        least, most = _told_apart(lower_bound(failed=failed, seen=seen), float(policy.error_share))
        return f"at least {least} with {CERTAINTY} certainty; the budget is {most}"
    if policy.error_count is not None and failed > policy.error_count:
        return f"the budget is {policy.error_count}"
    return None


def _told_apart(*shares: float) -> list[str]:
    """Format shares in percent, with as few decimals as tell them apart."""
    said: list[str] = []
    for decimals in range(1, _MOST_DECIMALS + 1):
        said = [f"{share * 100:.{decimals}f} %" for share in shares]
        if len(set(said)) == len(said):
            break
    return said


def _reason(*, sample: LatestRecords, measure: str) -> str:
    failed, seen = f"{sample.failed:,}", f"{sample.seen:,}"
    match sample.stage:
        case "validate":
            what = f"Kraken refused {failed} of the last {seen} validated records"
        case "create":
            what = f"Kraken refused {failed} of the last {seen} creates"
        case "process":
            age = f" at least {sample.minutes} minutes ago" if sample.minutes else ""
            what = f"Kraken failed to process {failed} of the last {seen} records that it accepted{age}"
    return (
        f"{what} ({measure}): {_causes(causes=sample.causes)}: mend the causes, clear the run in Airflow to "
        f"go on with what is undone, and rerun what {_WHAT_FAILED[sample.stage]}."
    )


def _causes(*, causes: Sequence[BudgetCause]) -> str:
    """Format the main causes with their numbers of records."""
    said = [
        f"{cause.code}{f' at {cause.path}' if cause.path else ''} {cause.records:,}"
        for cause in causes[:_MOST_CAUSES]
    ]
    others = sum(cause.records for cause in causes[_MOST_CAUSES:])
    return ", ".join(said + ([f"others {others:,}"] if others else []))
