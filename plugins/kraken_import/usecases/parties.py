"""Who refused a record, in the same words everywhere: our build, our gate, or a step of Kraken's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kraken_import.domain.lifecycle import State
from kraken_import.tracking.gate import Cause
from kraken_import.usecases.triage import Mapped, Traced, mapped_of
from transforms.triage import KEPT_BY_KRAKEN, OUTCOME_KEPT

LEFT_OUT: Final = (State.REJECTED, State.INVALID, State.PARKED)
"""Records that a gate leaves out: refused before their create, or parked."""

_KRAKENS: Final = {
    State.ERRORED: "ended by Kraken",
    State.CANCELLED: "ended by Kraken",
    State.DRY_RUN_ERRORED: "ended by Kraken",
    State.PARKED: "parked: not proved",
}


def refused_by(*, cause: Cause) -> str:
    """Return who refused the records of a cause, or that nothing proves what became of them."""
    if cause.code == OUTCOME_KEPT:
        return KEPT_BY_KRAKEN
    if cause.state is State.REJECTED:
        return "held back at our gate" if cause.is_built else "rejected by our build"
    if cause.state is State.INVALID:
        return f"refused by Kraken's {'create' if cause.on_create else 'validation'}"
    return _KRAKENS.get(cause.state, cause.state.value)


def traced(*, cause: Cause, mapped: Mapped, detail: str = "") -> Traced:
    """Return the legacy columns that a cause leads to; `detail` is the sentence of one record."""
    is_ours = cause.state is State.REJECTED
    return mapped.trace(
        path=cause.path, code=cause.code, detail=detail, origin="local" if is_ours else "kraken"
    )


def in_markdown(*, causes: Sequence[Cause], dialect: str) -> str:
    """Return a table of causes: numbers, parties, codes, fields and legacy columns, nothing of a customer."""
    mapped = mapped_of(dialect=dialect)
    rows = [
        f"| {cause.records:,} | {refused_by(cause=cause)} | `{cause.code}` | {cause.path} | "
        f"{traced(cause=cause, mapped=mapped).source} |"
        for cause in causes
    ]
    return "\n".join(
        ["| records | by whom | code | field | legacy column |", "| ---: | --- | --- | --- | --- |", *rows]
    )


def in_words(*, causes: Sequence[Cause]) -> str:
    """Return causes for a sentence: who refused how many, by which codes and paths."""
    by: dict[str, list[str]] = {}
    for cause in causes:
        place = f" at {cause.path}" if cause.path else ""
        code = f"{cause.code or 'no code'}{place} {cause.records:,}"
        by.setdefault(refused_by(cause=cause), []).append(code)
    return "; ".join(f"{party}: {', '.join(codes)}" for party, codes in by.items())
