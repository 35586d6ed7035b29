"""The page of a wave: how it stands, what to do about it, and the answers to its gate."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from html import unescape
from typing import Any

from kraken_import.console.access import Answer
from kraken_import.domain.stops import StopCode
from kraken_import.usecases.gate import ApprovalBarred, answer_question
from kraken_import.usecases.report import wave_report
from tests.integration.console.conftest import PLACE, Console, words_of
from tests.integration.console.test_waves import ask, stopped
from tests.integration.usecases.playing import begin_rerun, rerun
from tests.integration.usecases.test_reconcile import play

HITL = "/taskInstances/gate/-1/hitlDetails"


def asking(console: Console, *, taken: int = 200) -> None:
    """Have Airflow hold the question of the gate, and take an answer with this status."""

    def answers(method: str, path: str, _: Any) -> Answer:
        if not path.endswith(HITL):
            return Answer(status=404, document={"detail": "no such page"})
        if method == "GET":
            question = {
                "subject": "Create 2 records?",
                "body": "**2 customers**: 2 valid.\n\n| records | code |\n| ---: | --- |\n| 1 | `<odd>` |",
                "response_received": False,
                "created_at": datetime.now(UTC).isoformat(),
            }
            return Answer(status=200, document=question)
        return Answer(status=taken, document={})

    console.around.answers = answers


def running(console: Console, *, state: str = "failed", cleared: int = 200) -> None:
    """Have Airflow's runs be in this state, and cleared with this status."""

    def answers(method: str, path: str, body: Any) -> Answer:
        if method == "GET":
            return Answer(status=200, document={"state": state})
        if body["dry_run"]:
            return Answer(status=200, document={"total_entries": 7})
        return Answer(status=cleared, document={})

    console.around.answers = answers


def test_a_wave_shows_its_funnel_chart_batches_money_and_where_its_run_is(console: Console) -> None:
    wave_id = play(console.journey, limit=7, batch_size=3)
    page = console.get(f"waves/{wave_id}")
    said = words_of(page)
    assert "selected 7 100.0 %" in said
    assert "ended well" in said
    assert "ended well, 0 refused or failed" in said
    assert page.text.count('class="cell ') == 3
    assert "/dags/migrate_edf_accounts/runs/run-1/tasks/prepare.validate/mapped/2" in page.text
    assert "/migration-reports/migrate_edf_accounts/runs/run-1" in page.text
    assert "No approval is needed" in said


def test_a_stopped_wave_says_what_to_do_and_goes_on_once_its_run_is_cleared(console: Console) -> None:
    journey = console.journey
    wave_id = journey.plan(limit=2).wave_id
    stopped(journey, wave_id)
    running(console)
    page = console.get(f"waves/{wave_id}", user="ops")
    assert "ask Kraken's support for the data-import permission" in words_of(page).replace("&#39;", "'")
    assert f"orders/new/clear?wave={wave_id}" in page.text
    assert f"orders/new/clear?wave={wave_id}" not in console.get(f"waves/{wave_id}", user="viewer").text
    assert "(7 tasks)" in words_of(console.get(f"orders/new/clear?wave={wave_id}", user="ops"))
    assert "the wave goes on" in words_of(console.order("clear", wave=wave_id))
    path = "/api/v2/dags/migrate_edf_accounts/dagRuns/run-1/clear"
    assert console.around.calls[-1] == ("POST", path, {"only_failed": False, "dry_run": False})
    assert "clear" in words_of(console.get(f"waves/{wave_id}"))


def test_a_run_that_has_not_ended_or_whose_wave_is_over_for_good_is_not_cleared(console: Console) -> None:
    journey = console.journey
    wave_id = journey.plan(limit=2).wave_id
    running(console, state="running")
    assert "has not ended" in words_of(console.get(f"orders/new/clear?wave={wave_id}", user="ops"))
    running(console, cleared=403)
    assert "Airflow does not allow you" in words_of(console.order("clear", wave=wave_id))
    stopped(journey, wave_id, StopCode.CANCELLED)
    assert "cancelled for good" in words_of(console.get(f"orders/new/clear?wave={wave_id}", user="ops"))
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET closed_at = migration.present(), closed_by = 'ann'"
        )
    assert "is closed since" in words_of(console.get(f"orders/new/clear?wave={wave_id}", user="ops"))
    assert not [call for call in console.around.calls if call[2] == {"only_failed": False, "dry_run": False}][
        1:
    ]


def test_a_question_is_shown_with_all_that_the_gate_says_and_answered_as_the_user(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required", requested_by="ann")
    ask(journey, wave_id)
    asking(console)
    # Airflow keeps the words of the first time that it was asked: they are not shown.
    page = console.get(f"waves/{wave_id}", user="ops")
    assert "Create 2 records of wave" in page.text
    assert "<strong>Answer by</strong>" in page.text
    assert "Create 2 records?" not in page.text
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET asked_subject = NULL")
    of_an_older_version = console.get(f"waves/{wave_id}", user="ops")
    assert "Create 2 records?" in of_an_older_version.text
    assert "<code>&lt;odd&gt;</code>" in of_an_older_version.text
    assert "orders/new/approve" not in console.get(f"waves/{wave_id}", user="viewer").text
    assert "2 records." in words_of(console.get(f"orders/new/approve?wave={wave_id}", user="ops"))
    given = console.order("approve", wave=wave_id)
    assert "the gate reads it within seconds" in words_of(given)
    path = f"/api/v2/dags/migrate_edf_accounts/dagRuns/run-1{HITL}"
    body = {"chosen_options": ["Approve"], "params_input": {}}
    assert ("PATCH", path, body) in console.around.calls
    answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=True, answered_by="ops", now=datetime.now(UTC)
    )
    assert "The wave was approved by ops" in words_of(
        console.ask("GET", given.url.removeprefix(console.address), user="ops")
    )
    assert "asks nothing now" in words_of(console.get(f"orders/new/reject?wave={wave_id}", user="ops"))


def test_four_eyes_let_the_one_who_asked_reject_and_not_approve(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required", four_eyes=True, requested_by="OPS")
    ask(journey, wave_id)
    asking(console)
    page = console.get(f"waves/{wave_id}", user="ops")
    assert "another user must approve it" in words_of(page)
    assert "orders/new/approve" not in page.text
    assert "orders/new/reject" in page.text
    refusal = console.get(f"orders/new/approve?wave={wave_id}", user="ops")
    assert "its policy wants four eyes" in words_of(refusal)
    form = console.form(f"orders/new/approve?wave={wave_id}", user="admin")
    assert console.post("orders", form | {"reason": "so"}, user="ops").status_code in (403, 409)
    assert not [call for call in console.around.calls if call[0] == "PATCH"]


def test_an_approval_that_four_eyes_do_not_count_is_told_as_refused(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required", four_eyes=True, requested_by="ann")
    ask(journey, wave_id)
    asking(console)
    given = console.order("approve", wave=wave_id)
    with journey.tracking_superuser.begin() as connection:
        # As if Airflow named the user otherwise in the console than in its answer.
        connection.exec_driver_sql("UPDATE migration.wave SET requested_by = 'ops'")
    with contextlib.suppress(ApprovalBarred):
        answer_question(
            tracking=journey.tracking,
            wave_id=wave_id,
            approved=True,
            answered_by="ops",
            now=datetime.now(UTC),
        )
    again = console.ask("GET", given.url.removeprefix(console.address), user="ops")
    assert "The approval does not count" in words_of(again)


def test_of_two_people_who_answer_the_second_is_told(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required")
    ask(journey, wave_id)
    asking(console, taken=409)
    assert "it was done before" in words_of(console.order("reject", wave=wave_id))
    (order,) = journey.rows("SELECT outcome FROM migration.console_action")
    assert order["outcome"] == "refused"


def test_orders_and_decisions_of_all_ways_are_one_log_and_none_stands_in_it_twice(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required")
    ask(journey, wave_id)
    console.order("pause", wave=wave_id, reason="hotline full")
    answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=False, answered_by="bea", now=datetime.now(UTC)
    )
    console.order("stop_all", reason="wrong tariffs")
    log = words_of(console.get(f"waves/{wave_id}")).split("Orders and decisions")[1]
    assert log.count("hotline full") == 1
    assert "bea rejected" in log
    assert log.index("rejected") < log.index("pause")


def test_of_a_purged_or_closed_wave_nothing_can_be_ordered(console: Console) -> None:
    wave_id = play(console.journey, limit=2)
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave SET closed_at = migration.present(), closed_by = 'ann',"
            " purged_at = migration.present()"
        )
    page = console.get(f"waves/{wave_id}", user="ops")
    assert page.status_code == 200
    assert "purged on" in words_of(page)
    for kind in ("approve", "reject", "clear", "pause", "resume", "cancel"):
        assert f"orders/new/{kind}" not in page.text, kind


def test_the_tab_of_a_run_leads_to_its_wave_and_that_of_a_rerun_to_the_first_it_mends(
    console: Console,
) -> None:
    journey = console.journey
    wave_id = play(journey, limit=3)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.import_process SET state = 'errored' WHERE batch = 0")
    begin_rerun(journey, states=("errored",))

    def led(path: str, user: str = "viewer") -> tuple[int, str]:
        answer = console.ask("GET", f"/runs/{path}", user=user, allow_redirects=False)
        return answer.status_code, answer.headers.get("location", "")

    there = (303, f"/{PLACE}/waves/{wave_id}")
    assert led("migrate_edf_accounts/run-1") == there
    assert led("rerun_edf_accounts/rerun-1") == there
    for path in ("migrate_edf_accounts/nonesuch", "reconcile/run-1", "migrate_nonesuch/run-1"):
        assert led(path) == (404, ""), path
    assert led("migrate_edf_accounts/run-1", user="elsewhere") == (404, "")


def test_a_wave_whose_question_airflow_does_not_show_still_has_its_page(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required")
    ask(journey, wave_id)
    console.around.answers = lambda _method, _path, _body: Answer(status=404, document={"detail": "gone"})
    page = console.get(f"waves/{wave_id}", user="ops")
    assert page.status_code == 200
    assert "Required actions" in words_of(page)
    assert "orders/new/approve" not in page.text


def test_a_record_that_krakens_create_refused_had_passed_its_checks_and_was_sent(console: Console) -> None:
    journey = console.journey
    journey.strike(kind="failed_validation", keys=["GB-000000002"])
    wave_id = journey.valid_wave(limit=3)
    journey.finish(wave_id)
    journey.summarise(wave_id)
    assert journey.states(wave_id) == {"processed": 2, "invalid": 1}
    said = unescape(words_of(console.get(f"waves/{wave_id}")))
    for step, records in (
        ("passed our checks", 3),
        ("passed Kraken's checks", 3),
        ("sent to be created", 3),
        ("accepted by Kraken", 2),
    ):
        assert f"{step} {records} " in said, step
    files = wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    assert "valid,3\ncreated,2" in files["funnel.csv"].replace("\r\n", "\n")
    page = files["index.html"]
    assert "3 built = 3 valid + 0 refused by Kraken&#39;s validation" in page
    assert "3 valid = 2 created + 1 refused by Kraken&#39;s create" in page


def test_a_record_that_validation_refuses_after_an_earlier_create_has_not_passed_it(console: Console) -> None:
    journey = console.journey
    journey.strike(kind="failed_validation", keys=["GB-000000002"])
    wave_id = journey.valid_wave(limit=2)
    journey.finish(wave_id)
    journey.summarise(wave_id)
    journey.heal()
    journey.strike(
        kind="error", operation="validate", named="invalid", path="customers", words="No.", status=400
    )
    rerun(journey, wave=str(wave_id))
    assert journey.states(wave_id)["invalid"] == 1
    assert "passed Kraken's checks 1 " in unescape(words_of(console.get(f"waves/{wave_id}")))
