"""What people are told while a migration runs: one sentence and counts, never personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import FAILED, SUCCEEDED, Mode, State
from kraken_import.domain.texts import counted
from kraken_import.tracking import progress, reruns, waves
from kraken_import.tracking.outages import Outage
from kraken_import.tracking.watch import DueCohort, ParkedRecords
from kraken_import.tracking.waves import Wave

Moment: TypeAlias = Literal["start", "gate", "stop", "end"]
"""Moments of a wave."""
OtherMoment: TypeAlias = Literal[
    "plan_failed",
    "rerun_end",
    "differences",
    "open_too_long",
    "parked",
    "outage",
    "outage_over",
    "cohort_overdue",
    "triggerer_silent",
    "late",
]

_NAMED_COHORTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One sentence and its numbers; for a wave also which wave it is, otherwise blanks."""

    moment: Moment | OtherMoment
    about: str
    wave: str = ""
    wave_id: int | None = None
    dialect: str = ""
    mode: str = ""
    text: str
    counts: Mapping[str, int]

    def values(self, *, link: str) -> dict[str, Any]:
        """Return it as plain values for templates: `text` ends with the link, if any; `sentence` does not."""
        return {**asdict(self), "sentence": self.text, "link": link, "text": f"{self.text} {link}".rstrip()}


def announce(*, tracking: Engine, wave_id: int, moment: Moment, failure: str | None = None) -> Announcement:
    """Return what to tell of a wave at a moment. `failure` says why it stopped, or ended badly."""
    with tracking.connect() as connection:
        wave = waves.load_wave(connection=connection, wave_id=wave_id)
        states = progress.wave_states(connection=connection, wave_id=wave_id)
    return Announcement(
        moment=moment,
        about=_name(wave=wave),
        wave=wave.name,
        wave_id=wave.id,
        dialect=wave.dialect,
        mode=wave.mode.value,
        text=_text(wave=wave, states=states, moment=moment, failure=failure),
        counts={state.value: records for state, records in states.items()},
    )


def plan_failed(*, what: str, dialect: str, failure: str) -> Announcement:
    """Report a wave, a rerun or a cohort that could not be planned, and so does not happen."""
    return Announcement(
        moment="plan_failed",
        about=what,
        dialect=dialect,
        text=f"{what} of {dialect} could not be planned, so none of it was sent: {failure}",
        counts={},
    )


def late_run(*, what: str, dialect: str, minutes: int) -> Announcement:
    """Report a run that is under way after its deadline."""
    lasted = f"{minutes:,} {'minute' if minutes == 1 else 'minutes'}"
    return Announcement(
        moment="late",
        about=what,
        dialect=dialect,
        text=f"{what} of {dialect} has not ended after {lasted}: look at what it waits for.",
        counts={"minutes": minutes},
    )


def announce_rerun(*, tracking: Engine, rerun: int, failure: str | None) -> Announcement:
    """Report how a rerun ended. `failure` says why it ended badly."""
    with tracking.connect() as connection:
        given = reruns.load_rerun(connection=connection, rerun=rerun)
        ways = reruns.ways(connection=connection, rerun=rerun)
    through = sum(way.records for way in ways if way.state in SUCCEEDED)
    return rerun_ended(
        rerun=rerun,
        dialect=given.dialect,
        mode=given.mode.value,
        counts={
            "mended": through,
            "left": sum(way.records for way in ways) - through,
            "parked": sum(way.records for way in ways if way.state is State.PARKED),
        },
        failure=failure,
    )


def rerun_ended(
    *, rerun: int, dialect: str, mode: str, counts: Mapping[str, int], failure: str | None
) -> Announcement:
    """Report how many records of a rerun are through, how many are left, and how many of those are parked."""
    about = f"Rerun {rerun}"
    mended, left, parked = counts["mended"], counts["left"], counts["parked"]
    through = f"with {mended:,} of {mended + left:,} records through and {left:,} left"
    if parked:
        through += f" ({parked:,} parked)"
    if failure is not None:
        how = f"badly, {through}: {failure}"
    else:
        how = f"{through}." if left else f"well, {through}."
    return Announcement(
        moment="rerun_end",
        about=about,
        dialect=dialect,
        mode=mode,
        text=f"{about} of {dialect} ended {how}",
        counts=dict(counts),
    )


def differences_found(*, connection_id: str, differences: Mapping[str, int]) -> Announcement:
    """Report what reconciliation over a Connection left open, by kind."""
    number = sum(differences.values())
    listed = ", ".join(f"{kind} {records:,}" for kind, records in sorted(differences.items()))
    what = "1 difference is" if number == 1 else f"{number:,} differences are"
    return Announcement(
        moment="differences",
        about=f"Reconciliation over {connection_id}",
        text=f"{what} open after reconciliation over Connection {connection_id!r} ({listed}): "
        "`kraken-migrate differences` lists them, and each needs an owner.",
        counts=dict(differences),
    )


def open_too_long(
    *, connection_id: str, records: int, since: datetime, hours: float, now: datetime
) -> Announcement:
    """Report records that Kraken has not ended for longer than `hours`; `since` is the oldest one's time."""
    what = "1 record has" if records == 1 else f"{records:,} records have"
    return Announcement(
        moment="open_too_long",
        about=f"Connection {connection_id}",
        text=f"{what} been open at Kraken over Connection {connection_id!r} for more than {hours:g} hours, "
        f"the oldest for {_hours(now - since):,} hours: ask Kraken what has become of them.",
        counts={"open": records, "oldest_hours": _hours(now - since)},
    )


def parked_records(*, connection_id: str, found: ParkedRecords) -> Announcement:
    """Report parked records of waves that have ended: a person must decide about them."""
    what = "1 record is" if found.records == 1 else f"{found.records:,} records are"
    waves_of = "1 wave" if found.waves == 1 else f"{found.waves:,} waves"
    them = "it" if found.records == 1 else "them"
    return Announcement(
        moment="parked",
        about=f"Connection {connection_id}",
        text=f"{what} parked in {waves_of} that went over Connection {connection_id!r}: no answer of "
        f"Kraken's proves what became of {them}, so decide (kraken-migrate record decide, or action decide "
        f"of control_wave), or rerun {them}.",
        counts={"parked": found.records, "waves": found.waves},
    )


def outage_begun(*, outage: Outage) -> Announcement:
    """Report that a Kraken gives no usable answer, and that its waves wait for it."""
    what = "answered" if outage.is_silent else "taken anything"
    return Announcement(
        moment="outage",
        about=f"Kraken at {outage.target_kraken}",
        text=f"Kraken at {outage.target_kraken} has not {what} since {_clock(outage.began_at)}: have it "
        f"looked at; its waves wait until {_clock(outage.gives_up_at)}, go on by themselves once it answers, "
        "and are stopped otherwise.",
        counts={"minutes": _minutes(outage.seen_at - outage.began_at), "tries": outage.tries},
    )


def outage_over(*, outage: Outage) -> Announcement:
    """Report that an outage that people were told about is over, or was given up."""
    ended = outage.ended_at or outage.seen_at
    counts = {"minutes": _minutes(ended - outage.began_at), "tries": outage.tries}
    if outage.was_given_up:
        text = (
            f"Kraken at {outage.target_kraken}, silent since {_clock(outage.began_at)}, was given up at "
            f"{_clock(outage.gives_up_at)}: check the host and the network, then clear the runs that were "
            "stopped to go on."
        )
    elif outage.ended_at is None:
        text = (
            f"Nothing waits any more for Kraken at {outage.target_kraken}, which did not answer from "
            f"{_clock(outage.began_at)} on: whether it answers again is not known."
        )
    else:
        text = (
            f"Kraken at {outage.target_kraken} answers again after {_minutes(ended - outage.began_at):,} "
            "minutes, and its waves go on by themselves."
        )
    return Announcement(
        moment="outage_over", about=f"Kraken at {outage.target_kraken}", text=text, counts=counts
    )


def cohorts_overdue(*, dialect: str, cohorts: Sequence[DueCohort], night: datetime) -> Announcement:
    """Report cohorts whose night has begun without a run that takes them; `night` is the first one's."""
    names = ", ".join(repr(cohort.name) for cohort in cohorts[:_NAMED_COHORTS])
    more = f" and {len(cohorts) - _NAMED_COHORTS:,} more" if len(cohorts) > _NAMED_COHORTS else ""
    what = "Cohort" if len(cohorts) == 1 else "Cohorts"
    were = "was" if len(cohorts) == 1 else "were"
    it = "it" if len(cohorts) == 1 else "them"
    return Announcement(
        moment="cohort_overdue",
        about=f"Cohorts of {dialect}",
        dialect=dialect,
        text=f"{what} {names}{more} of {dialect} {were} due from {night:%Y-%m-%d %H:%M %Z} and no run has "
        f"taken {it}: check whether the DAG migrate_{dialect} is paused or its last run failed, or trigger "
        "it with the cohort's name.",
        counts={
            "cohorts": len(cohorts),
            "customers": sum(cohort.customers for cohort in cohorts),
        },
    )


def triggerer_silent(*, silence: timedelta | None) -> Announcement:
    """Report that Airflow's triggerer has been silent for that long; None: always."""
    ever = "has never been seen" if silence is None else f"has been silent for {_minutes(silence)} minutes"
    return Announcement(
        moment="triggerer_silent",
        about="Airflow's triggerer",
        text=f"Airflow's triggerer {ever}, so waves that wait for Kraken, a person or a pause do not go on, "
        "while their tasks look deferred: start the triggerer; nothing needs to be cleared.",
        counts={} if silence is None else {"silent_minutes": _minutes(silence)},
    )


def _name(*, wave: Wave) -> str:
    what = "rehearsal" if wave.mode is Mode.REHEARSAL else "wave"
    return f"{what.capitalize()} {wave.name!r}"


def _text(*, wave: Wave, states: dict[State, int], moment: Moment, failure: str | None) -> str:
    name = f"{_name(wave=wave)} of {wave.dialect}"
    total = sum(states.values())
    failed = sum(records for state, records in states.items() if state in FAILED)
    parked = states.get(State.PARKED, 0)
    match moment:
        case "start":
            return f"{name} begins: {counted(number=total, noun='customer')}."
        case "gate":
            return (
                f"{name} is at the gate: {states.get(State.VALID, 0):,} of {total:,} customers are valid, "
                f"{failed:,} were refused" + (f", {parked:,} are parked." if parked else ".")
            )
        case "stop":
            code = f" ({wave.stop_code})" if wave.stop_code else ""
            return f"{name} was stopped{code}: {failure}"
        case _:
            if failure is not None:
                return f"{name} ended badly{f' with {parked:,} parked' if parked else ''}. {failure}"
            succeeded = sum(records for state, records in states.items() if state in SUCCEEDED)
            return f"{name} ended well: {succeeded:,} of {total:,} customers are through, {failed:,} failed."


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M} UTC"


def _hours(age: timedelta) -> int:
    return int(age.total_seconds() // 3600)


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)
