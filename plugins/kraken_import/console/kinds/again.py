"""Orders to try chosen records again: rerun them, or rehearse them in a wave of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.chosen import chosen
from kraken_import.console.kinds.choosing import (
    Work,
    barred,
    begin_run,
    begun_large,
    count_of,
    counted,
    met,
    standing_of_run,
    title_of,
)
from kraken_import.console.kinds.kind import Kind, Progress, Scope
from kraken_import.console.triggering import state_of_run
from kraken_import.tracking import overview, reruns, waves
from kraken_import.tracking.actions import Action, NewAction
from kraken_import.usecases.rerun_result import result_of_run
from kraken_import.usecases.wave_request import AirflowRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """Has records built, checked and created once more: exactly those that were shown."""

    name: str = "rerun"
    act: Act = Act.RERUN

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be rerun."""
        found = chosen(asked=asked, values=values)
        records, digest = count_of(asked=asked, found=found)
        verb = "Rerun" if found.is_live else "Rehearse again"
        means = (
            "They are read from the legacy database again, built, validated and created. What is in Kraken "
            "is never created again; parked ones are looked up first."
            if found.is_live
            else "They are read again, and Kraken goes through their import without creating anything."
        )
        refusal = barred(found=found, records=records)
        if not refusal:
            with asked.read() as connection:
                refusal = met(asked=asked, connection=connection, found=found, but=None)
        return Scope(
            title=title_of(verb, found, records),
            words=f"{begun_large(found.words)}. {means}",
            button=f"{verb} {counted(records)}",
            dialect=found.dialect,
            wave_id=found.wave_id,
            records=records,
            digest=digest,
            refusal=refusal,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Begin the rerun."""
        found = chosen(asked=asked, values=values)
        return begin_run(
            asked=asked, found=found, scope=scope, action=action, work=Work(dag_id=f"rerun_{found.dialect}")
        )

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return what the rerun has mended, and what is left."""
        if action.dag_id is None or action.run_id is None:
            return standing_of_run(asked=asked, action=action)
        run = AirflowRun(dag_id=action.dag_id, run_id=action.run_id)
        found = result_of_run(tracking=asked.reader, run=run)
        if found is None:
            return standing_of_run(asked=asked, action=action)
        said = f"Rerun {found.rerun.id}: {found.sentence}"
        if found.rerun.outcome is not None:
            return Progress(sentence=said, outcome="done" if found.rerun.outcome == "succeeded" else "failed")
        if state_of_run(asked=asked, dag_id=run.dag_id, run_id=run.run_id) == "failed":
            return Progress(
                sentence=f"{said} Its run failed and does not go on: clear it in Airflow.", outcome="failed"
            )
        return Progress(
            sentence=f"Rerun {found.rerun.id}: {found.mended:,} of {found.mended + found.left:,} records "
            f"mended so far. It is under way{self._approval(asked=asked, rerun=found.rerun.id)}."
        )

    def _approval(self, *, asked: Asked, rerun: int) -> str:
        """Return that it waits for an approval, as the end of a sentence; blank where it does not."""
        with asked.read() as connection:
            asking = reruns.asking_waves(connection=connection, rerun=rerun)
        if not asking:
            return ""
        names = " and ".join(repr(each.name) for each in asking)
        return f", and needs an approval, as wave {names} requires: answer under Required actions in Airflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearse:
    """Has Kraken go through the import of live customers without creating anything: in a wave of its own."""

    name: str = "rehearse"
    act: Act = Act.START

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what would be rehearsed."""
        found = chosen(asked=asked, values=values)
        records, digest = count_of(asked=asked, found=found)
        refusal = "" if found.is_live else "These are rehearsals: rerun them, which rehearses them again."
        if not records:
            refusal = refusal or barred(found=found, records=records)
        if not refusal:
            with asked.read() as connection:
                refusal = met(asked=asked, connection=connection, found=found, but=None)
        return Scope(
            title=title_of("Rehearse", found, records),
            words=f"{begun_large(found.words)}. A rehearsal of exactly these customers: they are read from "
            "the legacy database again, and Kraken goes through their import without creating anything. The "
            "live records stay as they are.",
            button=f"Rehearse {counted(records)}",
            dialect=found.dialect,
            wave_id=found.wave_id,
            records=records,
            digest=digest,
            refusal=refusal,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Begin the wave."""
        found = chosen(asked=asked, values=values)
        return begin_run(
            asked=asked,
            found=found,
            scope=scope,
            action=action,
            work=Work(dag_id=f"migrate_{found.dialect}", conf={"dry_run": True}),
        )

    def progress(self, *, asked: Asked, action: Action) -> Progress:
        """Return how the rehearsal stands."""
        if action.dag_id is None or action.run_id is None:
            return standing_of_run(asked=asked, action=action)
        with asked.read() as connection:
            wave_id = waves.wave_of_run(connection=connection, dag_id=action.dag_id, run_id=action.run_id)
            found = [] if wave_id is None else overview.waves(connection=connection, most=1, wave_id=wave_id)
        if not found:
            return standing_of_run(asked=asked, action=action)
        (wave,) = found
        if wave.outcome is None:
            return Progress(sentence=f"Wave {wave.id} rehearses them: its page says how far it is.")
        if wave.outcome == "succeeded":
            return Progress(sentence=f"Wave {wave.id} has rehearsed them, and ended well.", outcome="done")
        return Progress(
            sentence=f"Wave {wave.id} has rehearsed them: {wave.outcome_reason or wave.outcome}",
            outcome="failed",
        )


KINDS: Final[tuple[Kind, ...]] = (Rerun(), Rehearse())
