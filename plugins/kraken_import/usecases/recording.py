"""The only way from Kraken's answers into the tracking database: findings are named, masked and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.domain.masking import mask_findings, withhold_sentences
from kraken_import.tracking import evidence, processes
from kraken_import.tracking.evidence import SentSoFar, Stage
from kraken_import.tracking.processes import Move
from transforms.answers import Answers, is_unnamed, named
from transforms.findings import Finding
from transforms.project import BadProject
from transforms.registry import delivered_dialect, dialect_names
from transforms.triage import SAID_BEFORE


def record_moves(
    *, connection: Connection, moves: Sequence[Move], dialect: str, stage: Stage, at: datetime
) -> int:
    """Take the steps that are still legal, with every value of the payloads masked in their findings.

    They are the payloads of all tries of the customer at this Kraken, since Kraken may speak of an earlier
    create. Where it does, and not all are known, its sentences are left out. A finding without a code from
    Kraken gets that of the dialect. Returns how many steps were taken: those that another worker has taken
    meanwhile are left out.
    """
    telling = [step for step in moves if step.findings or step.said_before]
    sent = evidence.sent_of(connection=connection, keys=[step.key for step in telling])
    of_earlier = [step.key.id for step in telling if step.of_earlier]
    restored = evidence.restored(connection=connection, ids=of_earlier)
    masked = [
        _masked(
            step=step,
            dialect=dialect,
            sent=sent[step.key.id],
            is_known=sent[step.key.id].is_complete and step.key.id not in restored,
        )
        if step.key.id in sent
        else step
        for step in moves
    ]
    return processes.move(connection=connection, moves=masked, stage=stage, at=at)


def _masked(*, step: Move, dialect: str, sent: SentSoFar, is_known: bool) -> Move:
    def masked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        found = in_our_words(findings=findings, dialect=dialect)
        if step.of_earlier and not is_known:
            found = withhold_sentences(found)
        return mask_findings(found, sent.payload, earlier=sent.earlier)

    before = [_as_said_before(finding=finding) for finding in masked(step.said_before)]
    return replace(step, findings=(*masked(step.findings), *before), said_before=())


def _as_said_before(*, finding: Finding) -> Finding:
    """Return what Kraken says of an earlier create as a warning, which leads to no field of this one."""
    detail = f"Of an earlier create Kraken says {finding.code}: {finding.detail}"
    return replace(finding, code=SAID_BEFORE, path="", detail=detail, severity="warning", is_named=True)


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
