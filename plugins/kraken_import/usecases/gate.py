"""The one place between validation and the first create of a wave."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Engine

from kraken_import.lifecycle import OPEN, State
from kraken_import.tracking import evidence, processes, shared_values, waves
from kraken_import.tracking.evidence import Key
from kraken_import.tracking.processes import Move
from transforms.findings import Finding
from transforms.registry import get_dialect
from transforms.rules.engine import Circumstances


def batches_to_load(*, tracking: Engine, wave_id: int, now: datetime) -> list[int]:
    """The batches that have something to create or to await; none of a wave that was stopped.

    Valid records that share with others what must be unique are refused, or warned of, first. Everything
    else that is valid passes for now: an approval belongs here.
    """
    with tracking.begin() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        findings = _findings_by_rule(dialect=wave.dialect, now=now)
        told: dict[Key, list[Finding]] = defaultdict(list)
        for key, code, path in shared_values.shared(connection=connection, wave_id=wave_id):
            told[key].append(findings.get((code, path)) or _unknown(code=code, path=path))
        refused = {
            key: found for key, found in told.items() if any(each.severity == "error" for each in found)
        }
        processes.move(
            connection=connection,
            moves=[Move(key=key, to=State.REJECTED, findings=tuple(found)) for key, found in refused.items()],
            stage="build",
            at=now,
        )
        evidence.add_findings(
            connection=connection,
            findings=[(key, each) for key, found in told.items() if key not in refused for each in found],
            stage="build",
            at=now,
        )
        states = OPEN if wave.stopped_at else OPEN | {State.VALID}
        return list(waves.batches_in_state(connection=connection, wave_id=wave_id, states=states))


def _unknown(*, code: str, path: str) -> Finding:
    # The rule was there when the batch was built.
    return Finding(code=code, path=path, detail="Another customer of the wave has the same value.")


def _findings_by_rule(*, dialect: str, now: datetime) -> dict[tuple[str, str], Finding]:
    """What each rule says of its path, by code and path."""
    found = get_dialect(name=dialect)
    rules = found.rules(Circumstances(today=now.date(), region=found.market))
    return {(rule.code, rule.path): rule.finding(path=rule.path) for rule in rules}
