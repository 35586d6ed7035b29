"""Have the run of a wave go on: its tasks are cleared, and create nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kraken_import.console.access import Act
from kraken_import.console.asking import Asked
from kraken_import.console.kinds.kind import AtOnce, Kind, Progress, Scope
from kraken_import.console.runs import path_of, refused, run_of
from kraken_import.console.values import wave_id_of
from kraken_import.domain.stops import StopCode
from kraken_import.tracking.actions import NewAction
from kraken_import.tracking.overview import WaveLine
from kraken_import.tracking.waves import PlannedRun
from kraken_import.usecases.moments import in_utc

_ENDS: Final = frozenset({"success", "failed"})
_ALL: Final = {"only_failed": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearRun(AtOnce):
    """Clears the run of a wave."""

    name: str = "clear"
    act: Act = Act.START

    def scope(self, *, asked: Asked, values: Mapping[str, str]) -> Scope:
        """Return what goes on, and how many tasks run again."""
        wave = asked.wave(wave_id=wave_id_of(values=values))
        run = run_of(asked=asked, wave_id=wave.id)
        tasks, refusal = 0, _refusal(wave=wave)
        if not refusal:
            state = asked.airflow(method="GET", path=path_of(run=run))
            if not state.is_good:
                refusal = str(refused(status=state.status, what="clear"))
            elif state.document["state"] not in _ENDS:
                refusal = "Its run has not ended: wait for its end, or pause or cancel the wave."
        if not refusal:
            dry = asked.airflow(
                method="POST", path=f"{path_of(run=run)}/clear", body={**_ALL, "dry_run": True}
            )
            if dry.is_good:
                tasks = int(dry.document["total_entries"])
            else:
                refusal = str(refused(status=dry.status, what="clear the run"))
        return Scope(
            title=f"Go on with wave {wave.name}",
            words=f"Wave {wave.id} {wave.name!r} ({wave.mode}, {wave.dialect}): its run is cleared, and goes "
            f"on with what is undone{_counted(tasks)}. Nothing is created twice; what was refused or has "
            "failed waits for a rerun, and a wave that needs an approval asks again.",
            button="Go on",
            dialect=wave.dialect,
            wave_id=wave.id,
            refusal=refusal,
            dag_id=run.dag_id,
            run_id=run.run_id,
        )

    def carry_out(
        self, *, asked: Asked, scope: Scope, values: Mapping[str, str], action: NewAction
    ) -> Progress:
        """Clear the run. Raises `BadRequest` where Airflow does not."""
        run = PlannedRun(dag_id=str(scope.dag_id), run_id=str(scope.run_id))
        answer = asked.airflow(
            method="POST", path=f"{path_of(run=run)}/clear", body={**_ALL, "dry_run": False}
        )
        if not answer.is_good:
            raise refused(status=answer.status, what="clear the run")
        return Progress(sentence="The run was cleared: the wave goes on.", outcome="done")


def _counted(tasks: int) -> str:
    return f" ({tasks:,} tasks)" if tasks else ""


def _refusal(*, wave: WaveLine) -> str:
    if wave.purged_at is not None:
        return f"The wave was purged on {in_utc(at=wave.purged_at)}: nothing of it can go on."
    if wave.closed_at is not None:
        return f"The wave is closed since {in_utc(at=wave.closed_at)}: open it first, if it is still to go."
    if wave.stop_code == StopCode.CANCELLED:
        return "The wave was cancelled for good: plan what is left again."
    return ""


KINDS: Final[tuple[Kind, ...]] = (ClearRun(),)
