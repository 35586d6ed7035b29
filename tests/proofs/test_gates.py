"""Waves of a real Airflow that wait for people: approval, four eyes, a cancellation, and a batch cleared."""

from __future__ import annotations

import time

import pytest
import requests
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.checkouts import login, run
from tests.stacks import DAG, ENDS, Stack

pytestmark = pytest.mark.timeout(400)

FIRST, LAST = 5_651, 5_760
"""Customers of EDF whom no other proof takes."""


@pytest.fixture(autouse=True, scope="module")
def _customers(stack: Stack) -> None:
    url = stack.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
    engine = create_engine(url, poolclass=NullPool)
    load.generate(engine=engine, dialect="edf_accounts", first=FIRST, last=LAST, seed=7)


def customers(first: int, last: int) -> list[str]:
    """The identifiers of customers of this proof, both ends among them."""
    assert FIRST <= first <= last <= LAST
    return [f"GB-{number:09}" for number in range(first, last + 1)]


def test_a_wave_waits_for_approval_and_goes_on_or_ends_as_was_decided(stack: Stack) -> None:
    before = stack.created()
    # One of them can be mended at the source, and rerun.
    *_, mended = chosen = customers(5_651, 5_660)
    stack.change(f"UPDATE legacy.account SET account_class = 'ZZ' WHERE account_number = '{mended}'")
    required = {"approval": "required", "threshold": 1}
    runs = {
        "Approve": stack.start(identifiers=chosen, wave="asked", **required).json()["dag_run_id"],
        "Reject": stack.start(identifiers=customers(5_676, 5_685), **required).json()["dag_run_id"],
        "Cancel": stack.start(identifiers=customers(5_686, 5_695), wave="withdrawn", **required).json()[
            "dag_run_id"
        ],
    }
    for option, run_id in runs.items():
        gate = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/gate"
        stack.until(lambda gate=gate: stack.api("GET", gate).json()["state"] == "deferred")
        question = stack.api("GET", f"{gate}/-1/hitlDetails").json()
        assert "**10 customers** of edf_accounts in a live wave" in question["body"]
        assert "Airflow keeps them: the question of now is on [the wave's page" in question["body"]
        assert stack.created() == before
        if option == "Cancel":
            _cancelled_while_it_waits(stack, run_id, gate)
            continue
        # Airflow takes a task that is resumed before its first worker has gone for one that has died.
        time.sleep(4)
        assert _answers(stack, gate, option) == [200, 409]
        assert stack.finish(run_id) == ("success" if option == "Approve" else "failed")
        if option == "Approve":
            assert len(stack.created()) > len(before)
            before = stack.created()
    assert stack.created() == before
    found = {
        row.run_id: row
        for row in stack.rows(
            "TRACKING_DSN",
            "SELECT run_id, outcome_reason, decision, decided_by FROM migration.wave_decision "
            "JOIN migration.wave ON wave.id = wave_id",
        )
    }
    decisions = [found[runs[option]].decision for option in ("Approve", "Reject", "Cancel")]
    assert decisions == ["approved", "rejected", "withdrawn"]
    user = stack.values["AIRFLOW_USER"]
    assert [found[runs[option]].decided_by for option in ("Approve", "Reject", "Cancel")] == [
        user,
        user,
        None,
    ]
    assert f"was rejected by {user} at the gate" in found[runs["Reject"]].outcome_reason
    assert "was cancelled by " in found[runs["Cancel"]].outcome_reason
    _a_rerun_asks_again(stack, mended)


def _answers(stack: Stack, gate: str, option: str) -> list[int]:
    """Answer a question twice. Returns the statuses."""
    body = {"chosen_options": [option], "params_input": {}}
    return [stack.api("PATCH", f"{gate}/-1/hitlDetails", body).status_code for _ in range(2)]


def _cancelled_while_it_waits(stack: Stack, run_id: str, gate: str) -> None:
    run(checkout=stack.folder, command="wave-cancel", WAVE="withdrawn")
    ordered_at = time.monotonic()
    assert stack.finish(run_id) == "failed"
    assert time.monotonic() - ordered_at < 60
    # An approval is refused from now on.
    assert _answers(stack, gate, "Approve") == [409, 409]


def _a_rerun_asks_again(stack: Stack, mended: str) -> None:
    """A record of an approved wave, mended at the source, is created only once its rerun was approved."""
    stack.change(f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{mended}'")
    stack.until(lambda: stack.api("PATCH", "/dags/rerun_edf_accounts", {"is_paused": False}).ok)
    body = {"logical_date": None, "conf": {"wave": "asked", "identifiers": [mended]}}
    rerun = stack.api("POST", "/dags/rerun_edf_accounts/dagRuns", body).json()["dag_run_id"]
    gate = f"/dags/rerun_edf_accounts/dagRuns/{rerun}/taskInstances/gate"
    stack.until(lambda: stack.api("GET", gate).json()["state"] == "deferred")
    question = stack.api("GET", f"{gate}/-1/hitlDetails").json()
    assert question["subject"].startswith("Create 1 record of rerun")
    assert "Airflow keeps them: the numbers of now are in the report of rerun" in question["body"]
    assert mended not in stack.created()
    time.sleep(4)
    assert _answers(stack, gate, "Approve") == [200, 409]
    stack.until(lambda: stack.created().get(mended) == 1)


def test_with_four_eyes_the_user_who_triggered_a_wave_is_asked_again_until_another_answers(
    stack: Stack,
) -> None:
    before = stack.created()
    asked = {"threshold": 1, "approval": "required", "four_eyes": True}
    run_id = stack.start(identifiers=customers(5_661, 5_665), **asked).json()["dag_run_id"]
    gate = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/gate"
    user, answer = stack.values["AIRFLOW_USER"], {"chosen_options": ["Approve"], "params_input": {}}

    def waits() -> bool:
        details = stack.api("GET", f"{gate}/-1/hitlDetails").json()
        state = stack.api("GET", gate).json()["state"]
        return state == "deferred" and details.get("response_received") is False

    for _ in range(2):
        stack.until(waits)
        body = stack.api("GET", f"{gate}/-1/hitlDetails").json()["body"]
        assert f"**Four eyes**: {user} asked for this wave or planned its cohort and cannot approve" in body
        time.sleep(4)
        assert stack.api("PATCH", f"{gate}/-1/hitlDetails", answer).ok
        stack.until(lambda: not waits())
    stack.until(waits)
    assert stack.created() == before
    assert stack.api("GET", gate).json()["try_number"] == 1
    time.sleep(4)
    approved = requests.patch(
        f"{stack.values['AIRFLOW_URL']}/api/v2{gate}/-1/hitlDetails",
        json=answer,
        headers=login(values=stack.values, user="AIRFLOW_OPS"),
        timeout=60,
    )
    assert approved.ok, approved.text
    assert stack.finish(run_id) == "success"
    assert len(stack.created()) > len(before)
    (decided,) = stack.rows(
        "TRACKING_DSN",
        "SELECT requested_by, decided_by FROM migration.wave_decision "
        f"JOIN migration.wave ON wave.id = wave_id WHERE run_id = '{run_id}'",
    )
    assert tuple(decided) == (user, stack.values["AIRFLOW_OPS_USER"])


def test_a_cleared_batch_leaves_to_a_rerun_what_was_refused_and_that_takes_no_others(stack: Stack) -> None:
    # Two customers a batch: one of the first and one of the last have what can be mended at the source.
    first, last = "GB-000005750", "GB-000005725"
    sound = customers(5_751, 5_752)
    wave = {"identifiers": [first, last, *sound], "batch_size": 2, "threshold": 0.5, "wave": "mended"}
    run_id = stack.start(**wave).json()["dag_run_id"]
    assert stack.finish(run_id) == "success"
    before = _of_wave(stack, run_id)
    assert [row[:2] for row in before.values()] == [
        ("rejected", 0),
        ("rejected", 0),
        ("processed", 1),
        ("processed", 1),
    ]

    stack.change("UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = 'GB-000005750'")
    body = {
        "dry_run": False,
        "only_failed": False,
        "reset_dag_runs": True,
        "dag_run_id": run_id,
        "task_ids": [["prepare.build", 0]],
        "include_downstream": True,
    }
    cleared = stack.api("POST", f"/dags/{DAG}/clearTaskInstances", body)
    assert cleared.ok, cleared.text
    stack.until(lambda: stack.api("GET", f"/dags/{DAG}/dagRuns/{run_id}").json()["state"] not in ENDS)
    assert stack.finish(run_id) == "success"
    # What was refused is for a rerun, mended or not.
    assert _of_wave(stack, run_id) == before

    stack.change("UPDATE legacy.supply_point SET transfer_flag = ' ' WHERE transfer_flag = 'X'")
    said = run(checkout=stack.folder, command="rerun", WAVE="mended", STATE="rejected")
    assert "2 records" in said
    assert "2  rejected → processed" in said
    after = _of_wave(stack, run_id)
    assert after == before | {first: ("processed", 0, 2), last: ("processed", 0, 2)}
    assert {stack.created()[each] for each in after} == {1}


def _of_wave(stack: Stack, run_id: str) -> dict[str, tuple[str, int, int]]:
    return {
        row.external_identifier: (row.state, row.batch, row.attempt)
        for row in stack.rows(
            "TRACKING_DSN",
            "SELECT process.* FROM migration.import_process AS process "
            f"JOIN migration.wave ON wave.id = process.wave_id WHERE wave.run_id = '{run_id}' "
            "ORDER BY process.external_identifier",
        )
    }
