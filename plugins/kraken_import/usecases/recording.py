"""The one way from Kraken's answers into the tracking database: masked first, then moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from kraken_import.masking import mask_findings
from kraken_import.tracking import evidence, processes
from kraken_import.tracking.evidence import Stage
from kraken_import.tracking.processes import Move


def record_moves(*, connection: Connection, moves: Sequence[Move], stage: Stage, at: datetime) -> int:
    """Take the steps that are still legal, with every value of the payloads masked in their findings.

    How many were taken: a step that another worker has taken meanwhile is left out.
    """
    payloads = evidence.payloads_of(connection=connection, keys=[step.key for step in moves if step.findings])
    masked = [
        replace(step, findings=mask_findings(step.findings, payloads.get(step.key.id)))
        if step.findings
        else step
        for step in moves
    ]
    return processes.move(connection=connection, moves=masked, stage=stage, at=at)
