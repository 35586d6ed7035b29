"""The only way from Kraken's answers into the tracking database: findings are named, masked and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.domain.masking import mask_findings
from kraken_import.tracking import evidence, processes
from kraken_import.tracking.evidence import Stage
from kraken_import.tracking.processes import Move
from transforms.answers import Answers, is_unnamed, named
from transforms.findings import Finding
from transforms.project import BadProject
from transforms.registry import delivered_dialect, dialect_names


def record_moves(
    *, connection: Connection, moves: Sequence[Move], dialect: str, stage: Stage, at: datetime
) -> int:
    """Take the steps that are still legal, with every value of the payloads masked in their findings.

    A finding without a code from Kraken gets that of the dialect. Returns how many steps were taken: those
    that another worker has taken meanwhile are left out.
    """
    payloads = evidence.payloads_of(connection=connection, keys=[step.key for step in moves if step.findings])
    masked = [
        replace(
            step,
            findings=mask_findings(
                in_our_words(findings=step.findings, dialect=dialect), payloads.get(step.key.id)
            ),
        )
        if step.findings
        else step
        for step in moves
    ]
    return processes.move(connection=connection, moves=masked, stage=stage, at=at)


def in_our_words(*, findings: Sequence[Finding], dialect: str) -> Sequence[Finding]:
    """Return the findings with the codes of the dialect's table, where Kraken has given none."""
    if not any(is_unnamed(finding=finding) for finding in findings):
        # The dialect is imported only when it is needed.
        return findings
    return named(findings=findings, answers=_answers(dialect=dialect))


def _answers(*, dialect: str) -> Answers:
    # Open records of a wave are followed to their end even if the dialect is no longer here, or if it or the
    # project is broken.
    try:
        return delivered_dialect(name=dialect).answers if dialect in dialect_names() else Answers()
    except BadProject:
        return Answers()
