"""What ends a wave for the business: owners, reconciliation, the lists made again, closing and opening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.kinds.kind import AtOnce, Field, Kind, Progress, Scope, is_at_work
from kraken_import.console.values import wave_id_of
from kraken_import.domain.texts import LONGEST_NAME, LONGEST_REASON, plain
from kraken_import.tracking import leftovers
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.leftovers import Choice
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.reruns import NamedWave, waves_named
from kraken_import.usecases import cutover
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.leftovers import (
    before_closing,
    choice_of,
    chosen_in_words,
    digest_of,
    in_words,
    matching,
    own_leftovers,
)

_DAG: Final = "reconcile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(AtOnce):
    """Gives leftovers to an owner: those picked by hand, or all that match a filter."""

    name: str = "own"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return how many leftovers would get an owner."""
        wave = _live(asked, values) if values.get("wave") else None
        wave_id = None if wave is None else wave.id
        choice = choice_of(wave_id=wave_id, dialects=asked.dialects, values=values)
        with asked.read() as connection:
            counts = leftovers.counts(connection=connection, choice=choice)
        found = matching(counts=counts, choice=choice)
        records = sum(found.values())
        where = f"of wave {wave.id} {wave.name!r}" if wave else "that no wave has"
        return Scope(
            title="Give what is left to an owner",
            words=f"{in_words(found=found)} {where}, {chosen_in_words(choice=choice)}. The owner and the "
            "note replace those that are there.",
            button="Give to the owner",
            dialect=None if wave is None else wave.dialect,
            wave_id=wave_id,
            records=records,
            digest=str(digest_of(counts=counts, choice=choice)),
            refusal="" if records else "Nothing matches any more: go back, and look again.",
            fields=(
                Field(name="owner", label="Owner"),
                Field(name="note", label="Note (name no customer)", is_required=False),
            ),
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Give the owner. Raises `BadRequest` where another number matches by now."""
        said = own_leftovers(
            tracking=asked.writer,
            choice=choice_of(wave_id=scope.wave_id, dialects=asked.dialects, values=values),
            ownership=Ownership(
                owner=plain(text=values.get("owner", ""), most=LONGEST_NAME),
                note=plain(text=values.get("note", ""), most=LONGEST_REASON).strip(),
                at=datetime.now(UTC),
            ),
            shown=scope.records or 0,
            digest=int(scope.digest),
        )
        return Progress(sentence=said, outcome="done")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileNow:
    """A run of the DAG that reconciles, of one wave or of all."""

    name: str = "reconcile"
    act: Act = Act.RECONCILE

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be compared."""
        wave = _live(asked, values) if values.get("wave") else None
        what = (
            "Every live wave with something processed or parked is compared as far as it can differ"
            if wave is None
            else f"All of wave {wave.id} {wave.name!r} is compared"
        )
        return Scope(
            title="Reconcile now" if wave is None else f"Reconcile wave {wave.name} now",
            words=f"{what}, with itself and with what Kraken has; no record is changed. A difference makes "
            "the run of reconcile in Airflow fail, and notifiers say so.",
            button="Reconcile",
            dialect=None if wave is None else wave.dialect,
            wave_id=None if wave is None else wave.id,
            dag_id=_DAG,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Have Airflow begin a run, by the name of the order: pressed twice it is one."""
        body: dict[str, Any] = {
            "dag_run_id": _run_id(action),
            "logical_date": None,
            "conf": {"wave": scope.wave_id, "full": False},
            "note": f"Ordered in the console by {action.ordered_by}.",
        }
        answer = asked.airflow(method="POST", path=f"/api/v2/dags/{_DAG}/dagRuns", body=body)
        if answer.is_good or answer.status == 409:
            return Progress(sentence="Airflow has begun the run, or lets it wait for the one before.")
        if answer.status in (401, 403):
            raise BadRequest("Airflow does not allow you to begin a run of reconcile: nothing was done.")
        raise BadRequest(
            f"Airflow did not begin the run (HTTP {answer.status}): see whether the DAG reconcile is there "
            "and not paused, then order it again."
        )

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return how the run stands, and what was found."""
        # First: a process that is at work may begin the run at any time.
        if is_at_work(asked=asked, action=action):
            return Progress(sentence="Its run is being begun by Airflow.")
        path = f"/api/v2/dags/{_DAG}/dagRuns/{_run_id(action)}"
        answer = asked.airflow(method="GET", path=path)
        if answer.status == 404:
            return Progress(sentence="Airflow has no such run: order it again.", outcome="failed")
        state = answer.document.get("state") if answer.is_good and isinstance(answer.document, dict) else None
        if state == "success":
            return Progress(sentence="Compared: no difference is open.", outcome="done")
        if state == "failed":
            with asked.read() as connection:
                choice = Choice(wave_id=action.wave_id, dialects=asked.dialects)
                counts = leftovers.counts(connection=connection, choice=choice)
            found = sum(each.entries for each in counts if each.kind == "difference")
            where = "that no wave has" if action.wave_id is None else "of the wave"
            return Progress(
                sentence=f"The run failed: differences are open ({found:,} {where}), or it could not compare "
                "all. Its log in Airflow has the sentence.",
                outcome="failed",
            )
        if state == "queued":
            return Progress(sentence="The run waits in Airflow: unpause the DAG reconcile if it is paused.")
        return Progress(sentence="The run goes on." if state else "Airflow does not say how the run stands.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgain(AtOnce):
    """Makes the lists of a wave again: who is handed back, and what came too late."""

    name: str = "list_leftovers"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be listed."""
        wave = _live(asked, values)
        return Scope(
            title=f"List again what wave {wave.name} leaves",
            words=f"Customers of wave {wave.id} {wave.name!r} who are not migrated, and what reached the "
            "legacy system after the others were read. Owners stay with what has not changed.",
            button="List again",
            dialect=wave.dialect,
            wave_id=wave.id,
            refusal=_purged(wave),
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Make both lists. Raises `BadRequest` where the SQL for late changes is missing or does not fit."""
        wave, now = _named(asked, scope), datetime.now(UTC)
        back = cutover.hand_back(tracking=asked.writer, wave_id=wave.id, now=now)
        late = cutover.late_changes(
            tracking=asked.writer,
            legacy=asked.surroundings.legacy(dialect=wave.dialect),
            wave_id=wave.id,
            dialect=wave.dialect,
            now=now,
        )
        said = in_words(found={"hand_back": len(back), "late_change": len(late)})
        return Progress(sentence=f"Listed: {said}.", outcome="done")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWave(AtOnce):
    """Ends a wave for good."""

    name: str = "close"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what closing means, or what blocks it."""
        wave = _live(asked, values)
        with asked.read() as connection:
            obstacles = before_closing(connection=connection, wave=wave)
        refusal = ""
        if wave.closed_at is not None:
            refusal = "It is closed already."
        elif obstacles:
            refusal = f"It cannot be closed yet: {'; '.join(obstacles)}."
        return Scope(
            title=f"Close wave {wave.name}",
            words=f"Wave {wave.id} {wave.name!r} ({wave.dialect}). Both lists are made once more; then "
            "nothing more is created in it, and clearing or rerunning it is refused until it is opened.",
            button="Close the wave",
            dialect=wave.dialect,
            wave_id=wave.id,
            refusal=refusal,
            is_dangerous=True,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Close it. Raises `BadRequest`, which says what stands in the way."""
        wave = _named(asked, scope)
        cutover.close_wave(
            tracking=asked.writer,
            legacy=asked.surroundings.legacy(dialect=wave.dialect),
            wave=wave,
            by=action.ordered_by,
            now=datetime.now(UTC),
        )
        return Progress(sentence=f"Wave {wave.name!r} is closed.", outcome="done")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWave(AtOnce):
    """Opens a closed wave again."""

    name: str = "open"
    act: Act = Act.OWN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what opening means."""
        wave = _live(asked, values)
        return Scope(
            title=f"Open wave {wave.name} again",
            words=f"Wave {wave.id} {wave.name!r} ({wave.dialect}) may be rerun and cleared again; nothing is "
            "sent by that alone.",
            button="Open it again",
            dialect=wave.dialect,
            wave_id=wave.id,
            refusal=_purged(wave) or ("" if wave.closed_at else "It is not closed."),
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Open it. Raises `BadRequest` when it is open or purged."""
        wave = _named(asked, scope)
        cutover.open_again(tracking=asked.writer, wave=wave)
        return Progress(sentence=f"Wave {wave.name!r} is open again.", outcome="done")


def _live(asked: Asked, values: Mapping[str, str]) -> WaveLine:
    wave = asked.wave(wave_id=wave_id_of(values=values))
    if wave.mode != "live":
        raise BadRequest(
            f"Wave {wave.name!r} is a rehearsal: it migrated no customers, so there is nothing to cut over."
        )
    return wave


def _named(asked: Asked, scope: Scope) -> NamedWave:
    with asked.read() as connection:
        (named,) = [
            each
            for each in waves_named(connection=connection, name=str(scope.wave_id))
            if each.id == scope.wave_id
        ]
    return named


def _purged(wave: WaveLine) -> str:
    return "It was purged, so nothing of it can be listed or sent again." if wave.purged_at else ""


def _run_id(action: NewAction) -> str:
    return f"console__{action.id}"


KINDS: Final[tuple[Kind, ...]] = (Own(), ReconcileNow(), ListAgain(), CloseWave(), OpenWave())
