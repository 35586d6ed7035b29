"""The report of a wave: one page for people, and tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from kraken_import.reporting.frames import FRAMES_HEADER, frame_rows
from kraken_import.reporting.lines import Line, chart
from kraken_import.reporting.page import csv_text, render
from transforms.frame_changes import FrameLine
from transforms.money import written
from transforms.triage import Cause

_BARS = 6
_PLACES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What happened in one slice of time: records that came through, that failed, that were created."""

    begin: datetime
    created: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """What becomes of the money of one ledger, in cents and Kraken's sign.

    `handed_on` is the legacy balance of customers that a later wave took over.
    """

    ledger: str
    currency: str
    legacy: Decimal
    handed_on: Decimal
    rejected: Decimal
    payload: Decimal
    held_back: Decimal
    """With a payload, and refused by our own gate."""
    refused: Decimal
    failed: Decimal
    parked: Decimal
    underway: Decimal
    accepted: Decimal

    @property
    def adds_up(self) -> bool:
        """Whether no cent was lost or created on the way."""
        parts = self.held_back + self.refused + self.failed + self.parked + self.underway + self.accepted
        return self.legacy - self.handed_on - self.rejected == self.payload == parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedLine:
    """Records that are parked for one cause, and what a person should do."""

    code: str
    detail: str
    customers: int
    examples: Sequence[str]
    to_do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLine:
    """A time in which Kraken gave no usable answer; whether and when it was given up, and answered again."""

    began_at: datetime
    given_up: str
    answered_again: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """An open difference of the last reconciliation."""

    kind: str
    what: str
    ours: str
    theirs: str
    cents: Decimal | None
    owner: str
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveReport:
    """Everything that a report shows. It holds identifiers, codes and masked sentences only."""

    name: str
    number: int
    dialect: str
    mode: str
    import_supplier: str
    kraken: str
    run: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    reason: str | None
    written_at: datetime
    counts: Mapping[str, int]
    states: Mapping[str, int]
    seconds: int
    """Length of a slice."""
    slices: Sequence[Slice]
    causes: Sequence[Cause]
    parked: Sequence[ParkedLine]
    outages: Sequence[OutageLine]
    tries: Sequence[tuple[int, str, int]]
    """Number of the try, how it ended, records."""
    money: Sequence[MoneyLine]
    reconciled_at: datetime | None
    reconciled_with: str
    differences: Sequence[DifferenceLine]
    open_differences: int
    frames: Sequence[FrameLine]
    frame_warnings: Sequence[str]
    frame_note: str
    requested_by: str | None
    policy: str
    """What steered the wave, as a sentence."""
    decision: str
    """The decision at its gate, by whom and when."""
    stop_code: str | None
    """The code of a stop that stands, as the run book lists it."""
    is_paused: bool
    closed_at: datetime | None
    orders: Sequence[str]
    """What people ordered of it, the latest first."""
    rate: float | None
    """Records that end at Kraken each second, while any do, as the console says it; None before one has."""
    built_by: str
    """The package and the mapping that built its payloads, in words."""
    restored: str | None = None
    console: str = ""
    """The address of the wave in the console; blank where it is not known."""
    """Since when, by whom and why creates wait for a look-up; None where they do not."""

    @property
    def verdict(self) -> tuple[str, str]:
        """The kind of its end, and how it is called."""
        if self.outcome == "failed":
            return "error", "Ended badly"
        if self.outcome == "succeeded" and self.open_differences:
            one = self.open_differences == 1
            return (
                "warning",
                f"Ended, and {self.open_differences:,} difference{' is' if one else 's are'} open",
            )
        if self.outcome == "succeeded":
            return "good", "Ended well"
        if self.stop_code is not None:
            return "warning", "Stopped"
        return "warning", "Paused" if self.is_paused else "Not ended"


def files(*, report: WaveReport) -> dict[str, str]:
    """The files of a report by name; `index.html` is the page."""
    return {
        "index.html": _page(report=report),
        "funnel.csv": csv_text(header=("stage", "customers"), rows=_funnel(report=report)),
        "states.csv": csv_text(header=("state", "customers"), rows=report.states.items()),
        "timeline.csv": csv_text(
            header=("begin", "seconds", "created", "succeeded", "failed"),
            rows=(
                (part.begin.isoformat(), report.seconds, part.created, part.succeeded, part.failed)
                for part in report.slices
            ),
        ),
        "causes.csv": _csv(
            "severity customers code path source detail examples domain event unnamed found_by",
            lines=report.causes,
            detail="explanation",
            unnamed="without_code",
        ),
        "parked.csv": _csv("customers code detail to_do examples", lines=report.parked, detail="explanation"),
        "outages.csv": _csv("began_at given_up answered_again tries", lines=report.outages),
        "tries.csv": csv_text(header=("try", "ended", "customers"), rows=report.tries),
        "money.csv": csv_text(header=("ledger", "currency", "stage", "amount"), rows=_money(report=report)),
        "differences.csv": _csv("kind what ours theirs cents owner found_at", lines=report.differences),
        "frames.csv": csv_text(header=FRAMES_HEADER, rows=frame_rows(lines=report.frames)),
    }


def _csv(fields: str, *, lines: Iterable[Any], **headings: str) -> str:
    """Return a CSV with these fields of each line; `headings` renames columns."""
    names = fields.split()
    return csv_text(
        header=[headings.get(name, name) for name in names],
        rows=([_cell(getattr(line, name)) for name in names] for line in lines),
    )


def _cell(value: object) -> object:
    """Format a list with blanks between its values, a time with its offset."""
    if isinstance(value, datetime):
        return value.isoformat()
    return " ".join(value) if isinstance(value, list | tuple) else value


def amount(cents: Decimal) -> str:
    """Format cents as people write an amount."""
    return written(cents=cents).replace("-", "−")


def unnamed(*, causes: Iterable[Cause]) -> str:
    """Return how many refusals have no code of their own, and where, as a sentence; empty for none."""
    found = sorted((cause for cause in causes if cause.unnamed), key=lambda cause: -cause.unnamed)
    if not found:
        return ""
    number = sum(cause.unnamed for cause in found)
    places = "; ".join(f"{cause.path or 'the whole record'} {cause.unnamed:,}" for cause in found[:_PLACES])
    others = f"; {len(found) - _PLACES} other places" if len(found) > _PLACES else ""
    return (
        f"{number:,} {'finding' if number == 1 else 'findings'} of Kraken's without a code of "
        f"{'its' if number == 1 else 'their'} own, by place: {places}{others}. Add what Kraken says there to "
        "the answers of the dialect (docs/how-to/add-a-dialect.md), so that they count as what they are."
    )


def _page(*, report: WaveReport) -> str:
    until = f"{report.finished_at:%d %B %Y, %H:%M:%S}" if report.finished_at else "not ended"
    counts = report.counts
    return render(
        template="wave",
        title=f"{'Rehearsal' if report.mode == 'rehearsal' else 'Live wave'} {report.name}",
        lead=f"{report.dialect}, import supplier {report.import_supplier}, to {report.kraken}. "
        f"{report.started_at:%d %B %Y, %H:%M:%S} to {until} UTC.",
        report=report,
        counts=counts,
        failed=counts["rejected"]
        + counts["refused_at_gate"]
        + counts["invalid"]
        + counts["errored"]
        + counts["cancelled"],
        parked=counts["parked"] + counts["parked_unsent"],
        rate="–" if report.rate is None else f"{report.rate:,.1f}",
        funnel=[
            {"name": name, "note": note, "value": value, "kind": kind}
            for (name, value), (note, kind) in zip(_funnel(report=report), _FUNNEL_NOTES, strict=True)
        ],
        balanced=_balanced(counts=counts),
        charts=_charts(report=report),
        top=[
            {"name": cause.code, "note": cause.where, "value": cause.customers, "kind": cause.severity}
            for cause in sorted(report.causes, key=lambda cause: -cause.customers)[:_BARS]
        ],
        unnamed=unnamed(causes=report.causes),
        amount=amount,
        stages=[
            stage
            for stage in _STAGES
            if stage[0] not in ("handed_on", "held_back", "parked")
            or any(getattr(line, stage[0]) for line in report.money)
        ],
        compared=any(line.before for line in report.frames),
    )


_FUNNEL_NOTES = (
    ("claimed by the wave", ""),
    ("payload made; the others were rejected by our build", ""),
    ("passed Kraken's validation, and not held back at our gate", ""),
    ("accepted by Kraken's create", ""),
    ("processed by Kraken; the others have not ended, or were ended by Kraken", "good"),
)

_STAGES = (
    ("legacy", "Legacy database"),
    ("handed_on", "handed on to another wave"),
    ("rejected", "rejected by our build"),
    ("payload", "In payloads"),
    ("held_back", "held back at our gate"),
    ("refused", "refused by Kraken's validation or create"),
    ("failed", "ended by Kraken"),
    ("parked", "parked"),
    ("underway", "under way"),
    ("accepted", "Accepted"),
)


def _funnel(*, report: WaveReport) -> list[tuple[str, int]]:
    counts = report.counts
    return [
        ("selected", counts["selected"]),
        ("built", counts["built"]),
        ("valid", counts["created"] + counts["not_created"] + counts["refused_on_create"]),
        ("created", counts["created"]),
        ("processed", counts["processed"]),
    ]


def _balanced(*, counts: Mapping[str, int]) -> list[tuple[str, bool]]:
    """Check that each stage accounts for all customers of the one before."""
    c = counts
    valid = c["created"] + c["not_created"] + c["refused_on_create"]
    return [
        (
            f"{c['claimed']:,} claimed = {c['built']:,} built + {c['rejected']:,} rejected by our build"
            + (f" + {c['not_built']:,} not built yet" if c["not_built"] else "")
            + (f" + {c['handed_on']:,} handed on to another wave" if c["handed_on"] else ""),
            c["claimed"] == c["built"] + c["rejected"] + c["not_built"] + c["handed_on"],
        ),
        (
            f"{c['built']:,} built = {valid:,} valid + "
            f"{c['invalid'] - c['refused_on_create']:,} refused by Kraken's validation"
            + (f" + {c['refused_at_gate']:,} held back at our gate" if c["refused_at_gate"] else "")
            + (f" + {c['not_validated']:,} not validated yet" if c["not_validated"] else "")
            + (f" + {c['parked_unsent']:,} parked unsent" if c["parked_unsent"] else ""),
            c["built"]
            == c["created"]
            + c["not_created"]
            + c["invalid"]
            + c["refused_at_gate"]
            + c["not_validated"]
            + c["parked_unsent"],
        ),
        (
            f"{valid:,} valid = {c['created']:,} created"
            + f" + {c['refused_on_create']:,} refused by Kraken's create"
            + (f" + {c['not_created']:,} not created" if c["not_created"] else ""),
            valid == c["created"] + c["refused_on_create"] + c["not_created"],
        ),
        (
            f"{c['created']:,} created = {c['processed']:,} processed + "
            f"{c['errored'] + c['cancelled']:,} ended by Kraken + {c['open']:,} open"
            + (f" + {c['parked']:,} parked" if c["parked"] else ""),
            c["created"] == c["processed"] + c["errored"] + c["cancelled"] + c["open"] + c["parked"],
        ),
    ]


def _charts(*, report: WaveReport) -> list[tuple[str, Any]]:
    if not report.slices:
        return []
    parts = _without_gaps(report=report)
    # A slice's records are complete at its end.
    times = [part.begin + timedelta(seconds=report.seconds) for part in parts]
    begin = [report.slices[0].begin, *times]

    def total(values: Iterable[int]) -> list[float]:
        return [0, *accumulate(values)]

    def speed(values: Iterable[int]) -> list[float]:
        return [0, *(value / report.seconds for value in values)]

    return [
        (
            "Outcomes over time",
            chart(
                label="customers so far",
                times=begin,
                lines=(
                    Line(name="sent", kind="accent", values=total(part.created for part in parts)),
                    Line(name="succeeded", kind="good", values=total(part.succeeded for part in parts)),
                    Line(name="failed", kind="error", values=total(part.failed for part in parts)),
                ),
            ),
        ),
        (
            "Throughput",
            chart(
                label="customers a second",
                times=begin,
                lines=(
                    Line(name="sent", kind="accent", values=speed(part.created for part in parts)),
                    Line(
                        name="ended",
                        kind="good",
                        values=speed(part.succeeded + part.failed for part in parts),
                    ),
                ),
            ),
        ),
    ]


def _without_gaps(*, report: WaveReport) -> list[Slice]:
    """Return a slice for each step of time, including steps in which nothing happened."""
    known = {part.begin: part for part in report.slices}
    step = timedelta(seconds=report.seconds)
    number = int((report.slices[-1].begin - report.slices[0].begin) / step) + 1
    begins = [report.slices[0].begin + step * place for place in range(number)]
    return [known.get(begin) or Slice(begin=begin, created=0, succeeded=0, failed=0) for begin in begins]


def _money(*, report: WaveReport) -> Iterable[tuple[str, str, str, str]]:
    for line in report.money:
        for stage, _ in _STAGES:
            cents = getattr(line, stage)
            # For spreadsheets: a plain minus and no thousands; never a formula, as it is a number.
            yield line.ledger, line.currency, stage, written(cents=cents).replace(",", "")
