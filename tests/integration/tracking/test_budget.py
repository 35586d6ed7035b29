"""What an error budget looks at: each stage and each run by itself, ends among records of the same age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import reruns, waves
from kraken_import.tracking.budget import BudgetCause, BudgetStage, Span, recent
from kraken_import.tracking.refs import WaveRef
from kraken_import.tracking.waves import Policy, Wave
from kraken_import.usecases.budget import budget_fault

START = datetime(2026, 11, 21, 20, tzinfo=UTC)
NUMBERS = count(1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try of a record: when its create was answered, and when and how it ended there (None: not yet).

    Times are seconds after the start; a try that was refused by validation has no create.
    """

    created: float | None = None
    ended: float | None = None
    outcome: str | None = None
    code: str | None = None
    path: str | None = None
    rerun_id: int | None = None


def accepted(at: float, *, after: float | None = None, outcome: str = "processed", **said: Any) -> Try:
    return Try(created=at, ended=None if after is None else at + after, outcome=outcome, **said)


def refused(at: float, **said: Any) -> Try:
    return Try(created=at, ended=at, outcome="invalid", **({"code": "refused", "path": "a.b"} | said))


@dataclass(kw_only=True)
class Played:
    """A wave whose rows are written with the times that a test says, as they are after `until` seconds."""

    connection: Connection
    wave_id: int
    until: float = 10_000

    def add(self, *records: Sequence[Try]) -> None:
        """Records with their tries, the first one first."""
        for tries in records:
            (process_id,) = self.connection.exec_driver_sql(
                "INSERT INTO migration.import_process (target_kraken, mode, resource, import_supplier,"
                " dialect, external_identifier, wave_id, batch, airflow_run, planned_at) VALUES ('k', 'live',"
                " 'accounts', 's', 'edf_accounts', %s, %s, 0, 'run', %s) RETURNING id",
                (f"GB-{next(NUMBERS)}", self.wave_id, START),
            ).one()
            for attempt, each in enumerate(tries, start=1):
                self._add_try(process_id, attempt, each)

    def _add_try(self, process_id: int, attempt: int, each: Try) -> None:
        ended = None if each.ended is None or each.ended > self.until else START + each.ended * SECOND
        self.connection.exec_driver_sql(
            "INSERT INTO migration.import_attempt (import_process_id, attempt, wave_id, batch, airflow_run,"
            " started_at, settled_at, outcome) VALUES (%s, %s, %s, 0, 'run', %s, %s, %s)",
            (process_id, attempt, self.wave_id, START, ended, each.outcome if ended else None),
        )
        steps: list[tuple[str, str, Any, str | None, str | None]] = []
        if each.created is None:
            steps.append(("built", each.outcome or "valid", ended or START, each.code, each.path))
        elif each.outcome == "invalid":
            steps.append(("creating", "invalid", ended, each.code, each.path))
        else:
            steps.append(("creating", "created", START + each.created * SECOND, None, None))
            if ended:
                steps.append(("created", each.outcome or "", ended, each.code, each.path))
        for origin, to, at, code, path in steps:
            self.connection.exec_driver_sql(
                "INSERT INTO migration.import_event (import_process_id, attempt, wave_id, from_state,"
                " to_state, occurred_at, error_code, error_path, begun_by_rerun)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (process_id, attempt, self.wave_id, origin, to, at, code, path, each.rerun_id),
            )

    def rerun(self, *, opened: float = 0) -> int:
        return reruns.add_rerun(
            connection=self.connection,
            rerun=reruns.NewRerun(
                scope=reruns.Scope(dialect="edf_accounts", mode=Mode.LIVE, target_kraken="k"),
                told={},
                requested_by=None,
                requests_in_flight=None,
                failure_threshold=Decimal(1),
                dag_id="rerun_edf_accounts",
                run_id=f"rerun-{next(NUMBERS)}",
            ),
            at=START + opened * SECOND,
        )

    def seen(
        self,
        *,
        at: float,
        window: int = 200,
        since: float = 0,
        rerun: int | None = None,
        stage: BudgetStage = "load",
    ) -> dict[Any, Any]:
        """By stage and minutes: how many records, and how many of them failed."""
        found = recent(
            connection=self.connection,
            span=Span(records=window, since=START + since * SECOND, now=START + at * SECOND),
            ref=WaveRef(wave_id=self.wave_id, rerun=rerun),
            stage=stage,
        )
        return {(each.stage, each.minutes): (each.seen, each.failed) for each in found}


def new_wave(connection: Connection, policy: Policy) -> int:
    number = next(NUMBERS)
    wave_id = waves.add_wave(
        connection=connection,
        wave=waves.NewWave(
            name=f"wave-{number}",
            dialect="edf_accounts",
            resource="accounts",
            mode=Mode.LIVE,
            import_supplier="s",
            target_kraken="k",
            connection_id="kraken",
            requested=None,
            batch_size=100_000,
            requests_in_flight=None,
            failure_threshold=Decimal(1),
            dag_id="migrate_edf_accounts",
            run_id=f"run-{number}",
            policy=policy,
        ),
        at=START,
    )
    connection.exec_driver_sql(
        "INSERT INTO migration.batch (wave_id, batch, customers) VALUES (%s, 0, 1)", (wave_id,)
    )
    return wave_id


@pytest.fixture
def played(tracking_engine: Engine) -> Iterator[Played]:
    with tracking_engine.connect() as connection:
        yield Played(connection=connection, wave_id=new_wave(connection, Policy()))
        connection.rollback()


def test_an_accepted_create_has_succeeded_at_once_and_a_refused_one_is_not_an_end_of_processing(
    played: Played,
) -> None:
    played.add(*([accepted(n)] for n in range(9)), [refused(9)])
    assert played.seen(at=10) == {("create", 0): (10, 1), ("process", 0): (9, 0)}


def test_ends_are_judged_among_records_of_the_same_age(played: Played) -> None:
    # A record a second; failures come after three minutes, successes after one second.
    played.until = 600
    played.add(
        *([accepted(n, after=180, outcome="errored", code="late")] for n in range(0, 600, 2)),
        *([accepted(n, after=1)] for n in range(1, 600, 2)),
    )
    # The last 200 that were accepted have only begun to fail; those of five minutes ago have all ended.
    assert played.seen(at=600) == {
        ("create", 0): (200, 0),
        ("process", 0): (200, 11),
        ("process", 1): (200, 40),
        ("process", 5): (200, 100),
    }


def test_failures_that_come_before_successes_make_no_share_of_their_own(played: Played) -> None:
    played.add(
        *(
            [accepted(n, after=1, outcome="errored", code="soon") if n % 10 == 0 else accepted(n, after=600)]
            for n in range(300)
        )
    )
    for at in (30, 100, 300):
        for seen, failed in played.seen(at=at).values():
            assert failed <= seen / 10 + 1


def test_only_what_came_since_the_run_was_opened_counts(played: Played) -> None:
    played.add([refused(1)], [accepted(2, after=10, outcome="errored")], [accepted(5)])
    assert played.seen(at=60, since=3) == {("create", 0): (1, 0), ("process", 0): (1, 0)}


@pytest.mark.parametrize(
    ("tries", "create", "process"),
    [
        ([refused(1), refused(5)], (0, 0), None),
        ([refused(1), refused(5, code="other")], (1, 1), None),
        ([refused(1), refused(5, path="c")], (1, 1), None),
        ([refused(1), Try(), refused(5)], (0, 0), None),
        ([refused(1), accepted(5)], (1, 0), (1, 0)),
        ([Try(ended=1, outcome="rejected", code="refused", path="a.b"), refused(5)], (0, 0), None),
        ([accepted(1, after=1, outcome="errored", code="x"), accepted(5)], (1, 0), (1, 0)),
        (
            [
                accepted(1, after=1, outcome="errored", code="x"),
                accepted(5, after=1, outcome="errored", code="x"),
            ],
            (1, 0),
            (0, 0),
        ),
        (
            [
                accepted(1, after=1, outcome="errored", code="x"),
                accepted(5, after=1, outcome="errored", code="y"),
            ],
            (1, 0),
            (1, 1),
        ),
        (
            [accepted(1, after=1, outcome="cancelled"), accepted(5, after=1, outcome="errored")],
            (1, 0),
            (1, 1),
        ),
    ],
)
def test_a_failure_that_only_repeats_the_last_one_of_its_record_is_neither_failure_nor_evidence(
    played: Played, tries: list[Try], create: tuple[int, int], process: tuple[int, int] | None
) -> None:
    played.add(tries)
    found = played.seen(at=20, since=4)
    assert found.get(("create", 0), (0, 0)) == create
    assert found.get(("process", 0), (0, 0)) == (process or (0, 0))


def test_a_wave_and_a_rerun_count_what_they_did_themselves_and_a_rerun_in_all_of_its_waves(
    played: Played,
) -> None:
    first, second = played.rerun(), played.rerun()
    other = replace(played, wave_id=new_wave(played.connection, Policy()))
    played.add([refused(1)], [accepted(2, after=1, outcome="errored")])
    played.add([refused(1, rerun_id=first)], [accepted(2, rerun_id=second)])
    other.add([refused(3, rerun_id=first)], [accepted(4)])
    assert played.seen(at=10) == {("create", 0): (2, 1), ("process", 0): (1, 1)}
    assert other.seen(at=10) == {("create", 0): (1, 0), ("process", 0): (1, 0)}
    for each in (played, other):
        assert each.seen(at=10, rerun=first) == {("create", 0): (2, 2)}
    assert played.seen(at=10, rerun=second) == {("create", 0): (1, 0), ("process", 0): (1, 0)}


def test_validation_stands_alone(played: Played) -> None:
    played.add([Try(ended=1, outcome="invalid", code="x")], [Try(ended=2)], [refused(3)])
    assert played.seen(at=10, stage="validate") == {("validate", 0): (2, 1)}


def fault(played: Played, engine: Engine, *, at: float, **settings: Any) -> str | None:
    """The reason for which the wave as written so far would be stopped at this time."""
    wave: Wave = waves.load_wave(connection=played.connection, wave_id=played.wave_id)
    changes = {name: settings.pop(name) for name in ("rerun_id", "finished_at") if name in settings}
    found = budget_fault(
        tracking=engine,
        wave=replace(wave, policy=replace(wave.policy, **settings), **changes),
        stage="load",
        now=START + at * SECOND,
    )
    return found and found.reason


@pytest.fixture
def kept(tracking_engine: Engine) -> Iterator[Played]:
    """The same, seen by other connections too."""
    with tracking_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("BEGIN")
        wave_id = new_wave(connection, Policy())
        connection.exec_driver_sql("COMMIT")
        yield Played(connection=connection, wave_id=wave_id)


def test_one_record_in_ten_refused_at_once_and_the_others_slow_stops_nothing(
    kept: Played, tracking_engine: Engine
) -> None:
    for n in range(0, 400, 10):
        kept.add([refused(n)], *([accepted(n + i, after=600)] for i in range(1, 10)))
        assert fault(kept, tracking_engine, at=n + 10) is None
    assert fault(kept, tracking_engine, at=5_000) is None


def test_six_records_in_ten_stop_within_two_hundred_creates_and_the_reason_says_why(
    kept: Played, tracking_engine: Engine
) -> None:
    reason = None
    created = 0
    while reason is None and created < 200:
        kept.add(
            *([refused(created + i, code="mpan_invalid", path="meter_points.mpan")] for i in range(5)),
            [refused(created + 5, code="too_long", path="")],
            *([accepted(created + i)] for i in range(6, 10)),
        )
        created += 10
        reason = fault(kept, tracking_engine, at=created)
    assert reason == (
        "Kraken refused 90 of the last 150 creates (at least 50.2 % with 99 % certainty; the budget is "
        "50.0 %): mpan_invalid at meter_points.mpan 75, too_long 15: mend the causes, clear the run in "
        "Airflow to go on with what is undone, and rerun what was refused."
    )


def test_slow_failures_of_processing_stop_a_wave_that_quick_successes_make_look_well(
    kept: Played, tracking_engine: Engine
) -> None:
    kept.until = 700
    kept.add(
        *([accepted(n, after=250, outcome="errored", code="late")] for n in range(0, 700, 2)),
        *([accepted(n, after=2)] for n in range(1, 700, 2)),
    )
    assert fault(kept, tracking_engine, at=700, error_share=Decimal("0.3")) == (
        "Kraken failed to process 100 of the last 200 records that it accepted at least 5 minutes ago (at "
        "least 41.6 % with 99 % certainty; the budget is 30.0 %): late 100: mend the causes, clear the run "
        "in Airflow to go on with what is undone, and rerun what has failed."
    )


def test_a_number_is_exceeded_at_once_also_by_a_finished_wave_of_which_a_task_is_cleared(
    kept: Played, tracking_engine: Engine
) -> None:
    kept.add([refused(1)], [refused(2)], [accepted(3)])
    assert fault(kept, tracking_engine, at=9, error_count=2, finished_at=START) is None
    reason = fault(kept, tracking_engine, at=9, error_count=1, finished_at=START)
    assert reason is not None
    assert reason.startswith(
        "Kraken refused 2 of the last 3 creates (the budget is 1): refused at a.b 2: mend"
    )


def test_a_share_of_all_and_no_number_is_not_a_budget(kept: Played, tracking_engine: Engine) -> None:
    kept.add(*([refused(n)] for n in range(100)))
    assert fault(kept, tracking_engine, at=200, error_share=Decimal(1)) is None


def test_the_causes_come_by_number_of_records(played: Played) -> None:
    played.add(*([refused(n, code=code)] for n, code in enumerate("abbccc")))
    (creates,) = recent(
        connection=played.connection,
        ref=WaveRef(wave_id=played.wave_id),
        stage="load",
        span=Span(records=200, since=START),
    )
    assert creates.causes == tuple(
        BudgetCause(code=code, path="a.b", records=records)
        for code, records in (("c", 3), ("b", 2), ("a", 1))
    )
