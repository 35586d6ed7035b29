"""What a rerun came to: how many records it mended, and who refused the others, by which causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import SUCCEEDED, State
from kraken_import.reporting.page import render
from kraken_import.tracking import reruns
from kraken_import.tracking.gate import Cause
from kraken_import.tracking.reruns import Left, Rerun, Transition
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.parties import in_words, refused_by, traced
from kraken_import.usecases.triage import UNMAPPED, mapped_of
from kraken_import.usecases.wave_request import AirflowRun
from transforms.versions import BuildVersion

_MOST_CAUSES: Final = 5
_SHOWN: Final = 200
_MOST_WAVES: Final = 5
_NOT_THROUGH: Final = "still not through"
_REFUSED: Final = tuple(
    state for state in State if (state.is_settled and state not in SUCCEEDED) or state is State.PARKED
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunResult:
    """A rerun, the ways of its records, and the main causes of those that are not through."""

    rerun: Rerun
    ways: Sequence[Transition]
    causes: Sequence[Cause]
    mapped_otherwise: Mapping[int, BuildVersion] = field(default_factory=dict)
    """Waves of which another mapping has built the payloads, and which."""

    @property
    def mapping(self) -> str:
        """What builds its payloads, and which of its waves another mapping has built, as a sentence."""
        said = f"Built by {self.rerun.built_by.in_words}"
        waves = [str(wave_id) for wave_id in self.mapped_otherwise]
        if not waves:
            return f"{said}."
        more = f" and {len(waves) - _MOST_WAVES:,} more" if len(waves) > _MOST_WAVES else ""
        first = next(iter(self.mapped_otherwise.values()))
        of = f"wave {waves[0]}" if len(waves) == 1 else f"waves {', '.join(waves[:_MOST_WAVES])}{more}"
        return f"{said}: another than that of {of} ({first.in_words})."

    @property
    def mended(self) -> int:
        """Records that are through now."""
        return sum(way.records for way in self.ways if way.state in SUCCEEDED)

    @property
    def left(self) -> int:
        """Records that are not."""
        return sum(way.records for way in self.ways) - self.mended

    @property
    def sentence(self) -> str:
        """What was mended, what is left, and why."""
        mended = f"{self.mended:,} of {self.mended + self.left:,} records mended"
        if not self.left:
            return f"{mended}."
        why = in_words(causes=self.causes)
        others = self.left - sum(cause.records for cause in self.causes)
        if others:
            why = f"{why}; others {others:,}" if why else f"open {others:,}"
        return f"{mended}; {self.left:,} {_NOT_THROUGH}{f' ({why})' if why else ''}."


def says_of_some_left(*, sentence: str) -> bool:
    """Return whether the sentence of a rerun says that records of it are not through."""
    return _NOT_THROUGH in sentence


def result(*, connection: Connection, rerun: int) -> RerunResult:
    """Return what a rerun has come to by now."""
    return RerunResult(
        rerun=reruns.load_rerun(connection=connection, rerun=rerun),
        ways=reruns.ways(connection=connection, rerun=rerun),
        causes=reruns.causes(connection=connection, rerun=rerun, states=_REFUSED, most=_MOST_CAUSES),
        mapped_otherwise=reruns.mapped_otherwise(connection=connection, rerun=rerun),
    )


def result_of_run(*, tracking: Engine, run: AirflowRun) -> RerunResult | None:
    """Return the same of the rerun of an Airflow run; None before it began."""
    with tracking.connect() as connection:
        rerun = reruns.rerun_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
        return None if rerun is None else result(connection=connection, rerun=rerun)


def result_of(*, tracking: Engine, rerun: int) -> tuple[RerunResult, list[Left]]:
    """Return the same of the rerun with this number, and who is left. Raises `BadRequest`."""
    with tracking.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        if not reruns.exists(connection=connection, rerun=rerun):
            raise BadRequest(f"There is no rerun {rerun}: `kraken-migrate wave show` lists those of a wave.")
        return result(connection=connection, rerun=rerun), reruns.left(connection=connection, rerun=rerun)


def page_of_rerun(*, tracking: Engine, run: AirflowRun) -> str | None:
    """Return the page of an Airflow run's rerun as it stands now; None before it began."""
    with tracking.connect() as connection:
        rerun = reruns.rerun_of_run(connection=connection, dag_id=run.dag_id, run_id=run.run_id)
    if rerun is None:
        return None
    found, left = result_of(tracking=tracking, rerun=rerun)
    mapped = mapped_of(dialect=found.rerun.dialect) if left else UNMAPPED
    failed = found.rerun.outcome == "failed"
    return render(
        template="rerun",
        title=f"Rerun {rerun}",
        lead=f"{found.rerun.dialect}, {found.rerun.mode.value}, to {found.rerun.target_kraken}.",
        number=rerun,
        kind="error" if failed else "warning" if found.left or found.rerun.outcome is None else "good",
        standing="Not ended" if found.rerun.outcome is None else "Ended badly" if failed else "Ended",
        sentence=(found.rerun.outcome_reason if failed else None) or found.sentence,
        mapping=found.mapping,
        ways=found.ways,
        more=len(left) > _SHOWN,
        left=[
            {
                "identifier": each.external_identifier,
                "wave_id": each.wave_id,
                "by_whom": refused_by(cause=each.cause),
                "code": each.cause.code,
                "detail": each.detail,
                "path": each.cause.path,
                "source": traced(cause=each.cause, mapped=mapped, detail=each.detail).source,
            }
            for each in left[:_SHOWN]
        ],
    )
