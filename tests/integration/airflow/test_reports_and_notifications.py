"""Reports where they are kept, and notifiers that can do a wave no harm."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.airflow import notifiers
from tests.integration.airflow.test_dags import set_connections
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.test_reconcile import play

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    pytest.mark.filterwarnings("default"),
]

MODULE = "tests.integration.airflow.notifiers"


class _TaskInstance:
    def __init__(self, states: dict[str, str]) -> None:
        self.states = states

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return dict.fromkeys(run_ids, self.states)


@dataclass(kw_only=True)
class _DagRun:
    run_id: str
    dag_id: str = "migrate_edf_accounts"
    run_type: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(value="manual"))
    clear_number: int = 0
    logical_date: None = None


def context(run_id: str, **states: str) -> dict[str, Any]:
    """As much of a run as our operators look at."""
    from airflow.sdk import DAG

    return {
        "dag": DAG(dag_id="migrate_edf_accounts", schedule=None),
        "dag_run": _DagRun(run_id=run_id),
        "run_id": run_id,
        "ti": _TaskInstance(states),
        "params": {"wave": None},
    }


def operator(kind: str, **arguments: Any) -> Any:
    from kraken_import import operators
    from kraken_import.connections import ConnectionIds

    return getattr(operators, kind)(task_id=kind.lower(), connections=ConnectionIds(), **arguments)


def configure(monkeypatch: pytest.MonkeyPatch, *entries: Any) -> None:
    monkeypatch.setenv("MIGRATION_NOTIFIERS", json.dumps(entries))
    notifiers.SENT.clear()


@pytest.fixture
def airflow_journey(monkeypatch: pytest.MonkeyPatch, begin: BeginJourney) -> Journey:
    journey = begin()
    set_connections(monkeypatch, tracking=journey.tracking, simulator=journey.simulator)
    return journey


def test_a_report_is_written_shown_and_linked(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kraken_import.storage import read_report

    monkeypatch.setenv("MIGRATION_REPORTS", f"file://{tmp_path}/some where")
    wave_id = play(airflow_journey, limit=3)
    task = operator("ReportWaveOperator")
    (link,) = task.operator_extra_links
    assert link.get_link(task, ti_key=None) == ""
    where = task.execute(context("run-1"))
    folder = tmp_path / "some where" / "migrate_edf_accounts" / f"wave-{wave_id}"
    assert where.endswith(f"wave-{wave_id}/index.html")
    assert "Ended well" in (folder / "index.html").read_text(encoding="utf-8")
    assert (folder / "funnel.csv").is_file()
    assert link.get_link(task, ti_key=None).endswith(
        f"/migration-reports/{task.dag_id}/wave-{wave_id}/index.html"
    )
    shown = read_report(dag_id="migrate_edf_accounts", folder=f"wave-{wave_id}", name="funnel.csv")
    assert shown == (folder / "funnel.csv").read_bytes()
    (tmp_path / "secret.csv").write_text("x")
    for dag_id, inner, name in (
        ("..", ".", "secret.csv"),
        ("migrate_edf_accounts", "..", "../../secret.csv"),
    ):
        assert read_report(dag_id=dag_id, folder=inner, name=name) is None


def test_a_place_that_cannot_be_written_is_one_sentence_and_leaves_the_outcome_alone(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    wave_id = play(airflow_journey, limit=3)
    (tmp_path / "file").write_text("in the way")
    for place in ((tmp_path / "file").as_uri(), "s3://nobody@bucket/reports", "nonesuch://x"):
        monkeypatch.setenv("MIGRATION_REPORTS", place)
        with pytest.raises(AirflowFailException, match=f"The report of wave {wave_id} could not be written"):
            operator("ReportWaveOperator").execute(context("run-1"))
        # What reconciliation finds does not depend on it either.
        assert operator("ReconcileOperator").execute(context("run-1")) == {}
    (wave,) = airflow_journey.rows("SELECT * FROM migration.wave")
    assert (wave["outcome"], wave["outcome_reason"]) == ("succeeded", None)


def test_an_earlier_failure_of_the_report_is_no_failure_of_the_wave(airflow_journey: Journey) -> None:
    from airflow.sdk import DAG

    play(airflow_journey, limit=3)
    with DAG(dag_id="migrate_edf_accounts", schedule=None):
        summarise, report = operator("SummariseWaveOperator"), operator("ReportWaveOperator")
        summarise >> report.as_teardown()
    assert summarise.execute(context("run-1", reportwaveoperator="failed")) == {"processed": 3}


def test_a_difference_fails_the_run_in_one_sentence(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    monkeypatch.setenv("MIGRATION_REPORTS", tmp_path.as_uri())
    wave_id = play(airflow_journey, limit=3)
    with airflow_journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = 4")
    with pytest.raises(
        AirflowFailException, match=r"1 difference is open .*\(batch_count 1\): see migration"
    ):
        operator("ReconcileOperator").execute(context("run-1"))
    page = tmp_path / "migrate_edf_accounts" / f"wave-{wave_id}" / "index.html"
    assert "1 difference is open." in page.read_text(encoding="utf-8")


def test_people_are_told_at_the_gate_at_the_end_and_once_of_a_stop(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kraken_import.usecases.faults import SystemicFault

    configure(monkeypatch, {"notifier": f"{MODULE}.Remembers", "kwargs": {"text": "{{ migration.text }}"}})
    wave_id = airflow_journey.valid_wave(limit=3)
    operator("GateOperator").execute(context("run-1"))
    airflow_journey.strike(kind="unauthorised", operation="create")
    create = operator(
        "CreateBatchOperator", batch={"wave_id": wave_id, "batch": 0}, patience=timedelta(minutes=1)
    )
    for _ in range(2):
        with pytest.raises(SystemicFault):
            create.execute(context("run-1"))
    airflow_journey.heal()
    with pytest.raises(Exception, match="was stopped"):
        operator("SummariseWaveOperator").execute(context("run-1"))
    assert [told["moment"] for _, told in notifiers.SENT] == ["gate", "stop", "end"]
    texts = [text for text, _ in notifiers.SENT]
    assert texts[0].endswith("is at the gate: 3 of 3 customers are valid, 0 were refused.")
    assert "was stopped: Kraken refused the token" in texts[1]
    assert notifiers.SENT[0][1]["counts"] == {"valid": 3}


@pytest.mark.parametrize(
    "value",
    [
        "no json",
        "{}",
        '["x"]',
        '[{"kwargs": {}}]',
        '[{"notifier": "nonesuch.Module"}]',
        '[{"notifier": "builtins.dict"}]',
        f'[{{"notifier": "{MODULE}.Fails"}}]',
        f'[{{"notifier": "{MODULE}.Remembers", "kwargs": {{"text": "{{{{ nonesuch.x }}}}"}}}}]',
        f'[{{"notifier": "{MODULE}.Hangs"}}]',
    ],
)
def test_whatever_is_wrong_with_a_notifier_the_wave_goes_on(
    airflow_journey: Journey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    from kraken_import import notifications

    monkeypatch.setattr(notifications, "_PATIENCE_SECONDS", 0.2 if "Hangs" in value else 30)
    monkeypatch.setenv("MIGRATION_NOTIFIERS", value)
    airflow_journey.valid_wave(limit=2)
    with caplog.at_level(logging.WARNING, logger="kraken_import.notifications"):
        (batch,) = operator("GateOperator").execute(context("run-1"))
    assert batch["batch"] == 0
    said = [record.getMessage() for record in caplog.records if record.name == "kraken_import.notifications"]
    assert len(said) == (0 if value == "{}" else 1)
    assert not [sentence for sentence in said if "hidden" in sentence or "\n" in sentence]
