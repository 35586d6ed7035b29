"""What a person reads before letting a wave pass: counts, causes, money, time, rehearsal, rows by frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import Mode, State
from kraken_import.domain.texts import counted
from kraken_import.tracking import gate, money, reconciliation
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.frame_rows import review_frames, table_in_markdown, warnings_in_markdown
from kraken_import.usecases.moments import in_utc
from kraken_import.usecases.parties import LEFT_OUT, in_markdown
from kraken_import.usecases.policy import wave_in_words
from transforms.money import written
from transforms.registry import get_dialect

_MOST_CAUSES: Final = 20


def review(*, connection: Connection, wave: Wave, counts: Mapping[State, int], until: datetime) -> str:
    """Return the summary in Markdown: codes and numbers only, no customer data. `until` is its deadline."""
    valid = counts.get(State.VALID, 0)
    rate = gate.measured_rate(connection=connection, wave_id=wave.id)
    frames = review_frames(connection=connection, wave_id=wave.id, dialect=wave.dialect, claimed=wave.claimed)
    lines = [
        _customers(connection=connection, wave=wave, counts=counts),
        f"**Answer by** {in_utc(at=until)}: without an answer the wave ends, and nothing is created.",
        *_cohorts(connection=connection, wave=wave),
        f"**Policy**: {wave_in_words(wave=wave)}",
        *([f"**Asked for by** {wave.requested_by}."] if wave.requested_by else []),
        *_four_eyes(connection=connection, wave=wave),
        *_causes(connection=connection, wave=wave),
        *warnings_in_markdown(frames=frames),
        f"**Money**: {_money(connection=connection, wave=wave)}",
        f"**Time**: {_duration(records=valid, rate=rate)}",
    ]
    if wave.mode is Mode.LIVE:
        found = gate.compare_with_rehearsal(connection=connection, wave_id=wave.id)
        lines.append(
            f"**Rehearsal**: {found.same:,} valid payloads as rehearsed, {found.changed:,} changed since, "
            f"{found.new:,} new (never rehearsed with success); {found.missing:,} customers rehearsed with "
            "them are missing here."
        )
    lines.extend(table_in_markdown(frames=frames))
    return "\n\n".join(lines)


def _customers(*, connection: Connection, wave: Wave, counts: Mapping[State, int]) -> str:
    """Say how many are valid, who refused the others, and what share of all that is."""
    total = sum(counts.values())
    found = reconciliation.counts(connection=connection, wave_id=wave.id)
    refused = {
        "rejected by our build": found["rejected"],
        "held back at our gate": found["refused_at_gate"],
        "refused by Kraken's validation": found["invalid"] - found["refused_on_create"],
        "refused by Kraken's create": found["refused_on_create"],
    }
    said = [f"{counts.get(State.VALID, 0):,} valid"]
    said += [f"{records:,} {party}" for party, records in refused.items() if records]
    if parked := counts.get(State.PARKED, 0):
        said.append(f"{parked:,} parked")
    share = sum(refused.values()) / total if total else 0.0
    what = counted(number=total, noun="customer")
    return (
        f"**{what}** of {wave.dialect} in a {wave.mode.value} wave: {', '.join(said)}. "
        f"Refused are {share:.1%}, and above {wave.failure_threshold:.1%} the run ends red."
    )


def _cohorts(*, connection: Connection, wave: Wave) -> Iterator[str]:
    names = gate.cohorts(connection=connection, wave_id=wave.id)
    if names:
        yield f"**Cohort**: {', '.join(f'`{name}`' for name in names)}."


def _four_eyes(*, connection: Connection, wave: Wave) -> Iterator[str]:
    if not wave.policy.four_eyes:
        return
    askers = gate.askers(connection=connection, wave_id=wave.id)
    if askers:
        yield (
            f"**Four eyes**: {' and '.join(askers)} asked for this wave or planned its cohort and cannot "
            "approve it, only reject it: after such an approval the question stays open for another user."
        )
    else:
        yield "**Four eyes**: Airflow names no user who asked for this wave, so any user may approve it."


def _causes(*, connection: Connection, wave: Wave) -> Iterator[str]:
    causes = gate.causes(connection=connection, wave_id=wave.id, states=LEFT_OUT, most=_MOST_CAUSES)
    if causes:
        yield in_markdown(causes=causes, dialect=wave.dialect)


def _money(*, connection: Connection, wave: Wave) -> str:
    sources = get_dialect(name=wave.dialect).money
    if not sources:
        return "payloads of this dialect hold no balances."
    source = sources[0]
    total = sum(
        fate.payload_cents
        for fate in money.by_fate(connection=connection, wave_id=wave.id)
        if fate.state is State.VALID
        and fate.currency == source.currency
        and source.ledger in ("", fate.ledger)
    )
    return f"{written(cents=total)} {source.currency} in the valid payloads (sum of {source.place})."


def _duration(*, records: int, rate: float | None) -> str:
    if not rate:
        return "unknown: no earlier wave of this dialect to this Kraken was measured."
    seconds = records / rate
    shown_time = f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
    return f"about {shown_time}, at the {rate:,.1f} records/s of earlier waves."
