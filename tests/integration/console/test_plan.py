"""The plan: cohorts by night, what their customers' rehearsals said, and orders to one of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kraken_import.console.access import Answer
from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.policies import PolicySettings
from kraken_import.usecases.cohorts import CohortRequest, write_cohort
from kraken_import.usecases.dialect_facts import facts_from_elsewhere, facts_of
from kraken_import.usecases.systems import PlanSystems
from tests.integration.conftest import Journey
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.test_reconcile import play

TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=3)
DAG = "/api/v2/dags/migrate_edf_accounts"


def cohort(journey: Journey, name: str, *, day: date | None = SOON, size: int = 4, **policy: Any) -> int:
    """Plan a cohort. Returns its id."""
    write_cohort(
        systems=PlanSystems(tracking=journey.tracking, legacy=journey.legacy, kraken=journey.kraken),
        request=CohortRequest(
            dialect="edf_accounts",
            name=name,
            rule="all",
            size=size,
            wave_date=day,
            policy=PolicySettings(**{"mode": Mode.LIVE} | policy),
            planned_by="carol",
        ),
        now=datetime.now(UTC),
    )
    (row,) = journey.rows("SELECT id FROM migration.cohort WHERE name = :name", name=name)
    return int(row["id"])


def on(journey: Journey, cohort_id: int, day: date) -> None:
    """Give a cohort a date that is over, as time does."""
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.cohort SET wave_date = %s, planned_at = %s WHERE id = %s",
            (day, day - timedelta(days=1), cohort_id),
        )


def date_of(journey: Journey, cohort_id: int) -> date | None:
    (row,) = journey.rows("SELECT wave_date FROM migration.cohort WHERE id = :id", id=cohort_id)
    found: date | None = row["wave_date"]
    return found


def airflow(console: Console, *, is_paused: bool = False, started: int = 200, state: str = "running") -> None:
    """Have Airflow answer about the DAG, and take a run with this status."""

    def answers(method: str, path: str, _: Any) -> Answer:
        if method == "POST":
            return Answer(status=started, document={})
        return Answer(status=200, document={"is_paused": is_paused, "state": state})

    console.around.answers = answers


def test_the_plan_shows_each_cohort_with_its_night_size_and_account_types(console: Console) -> None:
    journey = console.journey
    assert "No cohort waits" in words_of(console.get("plan"))
    first = cohort(journey, "north")
    cohort(journey, "by hand", day=None, size=2)
    page = console.get("plan")
    said = words_of(page)
    assert f"waits for its date, {SOON}" in said
    assert "only a run that names it takes it" in said
    assert f'/plan/{first}"><bdi>north</bdi></a> <b>4</b>' in page.text
    (stratum, *_) = journey.rows("SELECT stratum FROM migration.cohort_customer")
    assert stratum["stratum"] in said
    assert "by hand" not in console.get("plan", user="elsewhere").text


def test_a_missed_night_is_told_on_top_with_the_order_to_catch_up(console: Console) -> None:
    cohort_id = cohort(console.journey, "north")
    assert "Missed nights" not in console.get("plan").text
    on(console.journey, cohort_id, TODAY - timedelta(days=2))
    page = console.get("plan", user="ops")
    assert "No run has taken cohort" in words_of(page)
    assert "Catch up" in page.text
    assert "Catch up" not in console.get("plan", user="viewer").text


def test_a_cohort_shows_the_rehearsals_of_exactly_its_customers(console: Console) -> None:
    journey = console.journey
    play(journey, dry_run=True, limit=3)
    page = words_of(console.get(f"plan/{cohort(journey, 'north', size=20)}"))
    good = journey.rows("SELECT id FROM migration.import_process WHERE state = 'dry_run_succeeded'")
    total = journey.rows("SELECT external_identifier FROM migration.cohort_customer")
    assert f"{len(good)} of {len(total)} were rehearsed with success" in page
    assert f"never rehearsed {len(total) - 3}" in page
    assert console.get("plan/999").status_code == 404


def test_a_cohort_is_started_in_its_own_mode_by_a_run_that_names_it(console: Console) -> None:
    journey = console.journey
    live, dry = cohort(journey, "north"), cohort(journey, "dry", day=None, mode=Mode.REHEARSAL)
    airflow(console)
    assert "4 records." in words_of(console.get(f"orders/new/start?cohort={live}", user="ops"))
    given = console.order("start", cohort=live)
    assert "has not planned its wave yet" in words_of(given)
    method, path, body = console.around.calls[-2]
    assert (method, path) == ("POST", f"{DAG}/dagRuns")
    assert body["conf"] == {"cohort": "north", "dry_run": False}
    console.order("start", cohort=dry)
    posted = [call for call in console.around.calls if call[0] == "POST"]
    assert posted[-1][2]["conf"] == {"cohort": "dry", "dry_run": True}
    wave_id = journey.plan_run(run_id=body["dag_run_id"], cohort="north").wave_id
    again = console.ask("GET", given.url.removeprefix(console.address), user="ops")
    assert f"has planned wave {wave_id}" in words_of(again)
    assert console.get(f"orders/new/start?cohort={live}", user="ops").status_code == 404


def test_exactly_the_customers_of_a_live_cohort_are_rehearsed_and_none_of_them_twice(
    console: Console,
) -> None:
    journey = console.journey
    play(journey, dry_run=True, limit=3)
    live = cohort(journey, "north", size=20)
    airflow(console)
    total = len(journey.rows("SELECT external_identifier FROM migration.cohort_customer"))
    console.order("rehearse_cohort", cohort=live)
    (posted,) = [call for call in console.around.calls if call[0] == "POST"]
    assert posted[2]["conf"] == {"cohort": "north", "dry_run": True}
    (found,) = journey.rows("SELECT id, wave_date, planned_by FROM migration.cohort WHERE mode = 'rehearsal'")
    assert (found["wave_date"], found["planned_by"]) == (None, "ops")
    planned = journey.plan(cohort="north", dry_run=True)
    assert planned.claimed == total - 3
    claimed = journey.rows(
        "SELECT external_identifier FROM migration.import_process WHERE mode = 'rehearsal'"
        " EXCEPT SELECT external_identifier FROM migration.cohort_customer WHERE mode = 'live'"
    )
    assert claimed == []
    again = console.get(f"orders/new/rehearse_cohort?cohort={live}", user="ops")
    assert "Each of its customers was rehearsed" in words_of(again)
    assert "never rehearsed" not in words_of(console.get(f"plan/{live}"))


def test_a_rehearsal_that_is_planned_and_not_started_waits_in_the_plan(console: Console) -> None:
    live = cohort(console.journey, "north")
    airflow(console, started=500)
    said = words_of(console.order("rehearse_cohort", cohort=live)).replace("&#39;", "'")
    assert "planned as 'north', and not started" in said
    assert words_of(console.get("plan")).count("north") >= 2
    form = console.form(f"orders/new/start?cohort={live}", user="admin")
    assert console.get(f"orders/new/rehearse_cohort?cohort={live}", user="viewer").status_code == 403
    assert form["shown"] == "4"


def test_a_start_that_airflow_would_leave_lying_or_refuses_is_told(console: Console) -> None:
    cohort_id = cohort(console.journey, "north")
    airflow(console, is_paused=True)
    assert "while that DAG is paused" in words_of(
        console.get(f"orders/new/start?cohort={cohort_id}", user="ops")
    )
    airflow(console, started=403)
    assert "Airflow does not allow you" in words_of(console.order("start", cohort=cohort_id))
    airflow(console, state="failed")
    assert "the log of its task plan says why" in words_of(console.order("start", cohort=cohort_id))


def test_a_cohort_is_postponed_to_another_night_or_to_none(console: Console) -> None:
    journey = console.journey
    cohort_id = cohort(journey, "north")
    later = SOON + timedelta(days=7)
    form = console.form(f"orders/new/postpone?cohort={cohort_id}") | {"reason": "holidays"}
    assert form["date"] == str(SOON)
    assert f"in place of {SOON}" in words_of(console.post("orders", form | {"date": str(later)}))
    assert date_of(journey, cohort_id) == later
    form = console.form(f"orders/new/postpone?cohort={cohort_id}") | {"reason": "not at all", "date": ""}
    assert "only a run that names it" in words_of(console.post("orders", form))
    assert date_of(journey, cohort_id) is None


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (str(TODAY - timedelta(days=2)), "is over"),
        ("tomorrow", "must be one like"),
        (str(SOON + timedelta(days=1)), "has another mode, import supplier or policy"),
    ],
)
def test_a_date_that_no_night_could_keep_is_refused(console: Console, said: str, answer: str) -> None:
    journey = console.journey
    cohort(journey, "rehearsal", day=SOON + timedelta(days=1), mode=Mode.REHEARSAL)
    cohort_id = cohort(journey, "north")
    form = console.form(f"orders/new/postpone?cohort={cohort_id}") | {"reason": "so", "date": said}
    assert answer in words_of(console.post("orders", form))
    assert date_of(journey, cohort_id) == SOON


def test_a_cohort_that_a_wave_takes_meanwhile_keeps_its_date(console: Console) -> None:
    journey = console.journey
    cohort_id = cohort(journey, "north")
    form = console.form(f"orders/new/postpone?cohort={cohort_id}")
    journey.plan(cohort="north")
    answer = console.post("orders", form | {"reason": "so", "date": str(SOON + timedelta(days=1))})
    assert answer.status_code == 404
    assert "another run may have taken it" in words_of(answer)
    assert date_of(journey, cohort_id) == SOON


def test_zones_are_read_in_another_process_and_are_the_same_there() -> None:
    for dialect in ("edf_accounts", "essential_supply_points_cdns", "no_such_dialect"):
        assert facts_from_elsewhere(dialect) == facts_of(dialect)


def test_a_cohort_is_planned_by_a_run_that_gets_what_the_form_says(console: Console) -> None:
    airflow(console)
    form = console.form("orders/new/plan?dialect=edf_accounts")
    said = {"cohort": "north", "rule": "all", "size": "40", "wave_date": "", "mode": "live"}
    given = console.post("orders", form | said | {"approval": "required", "reason": "the first"})
    assert "selects the customers now" in words_of(given)
    (posted,) = [call for call in console.around.calls if call[0] == "POST"]
    assert posted[1] == "/api/v2/dags/plan_cohort/dagRuns"
    assert posted[2]["conf"] == {
        "dialect": "edf_accounts",
        "cohort": "north",
        "rule": "all",
        "size": 40,
        "wave_date": None,
        "mode": "live",
        "approval": "required",
        "preview": False,
    }
    wrong = console.form("orders/new/plan?dialect=edf_accounts") | said | {"size": "-1", "reason": "so"}
    assert "a size of 1 or more" in words_of(console.post("orders", wrong))
    assert console.get("orders/new/plan?dialect=edf_accounts", user="viewer").status_code == 403
    assert console.get("orders/new/plan?dialect=none", user="ops").status_code == 404
