"""Cohorts: selected by rules, never planned twice, and taken by the runs whose night it is."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kraken_import.domain.lifecycle import Mode
from kraken_import.domain.orders import Order
from kraken_import.domain.policies import PolicySettings
from kraken_import.generator import load
from kraken_import.tracking import cohorts
from kraken_import.usecases.cohorts import CohortRequest, PlannedCohort, preview_cohort, write_cohort
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.nights import NothingPlanned
from kraken_import.usecases.plan import EmptyWave
from kraken_import.usecases.systems import PlanSystems
from tests.integration.conftest import SETTINGS, BeginJourney, Journey
from transforms.registry import get_dialect
from transforms.selection import LEFT_OUT, Selection, rule_names, rule_parameters, select

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 12)
EVENING = {day: datetime(day.year, day.month, day.day, 20, tzinfo=UTC) for day in (FIRST, SECOND, THIRD)}
ONE_OF_ALL = {
    "every": 3,
    "account_type": "DOM",
    "postcode_area": "LS",
    "billing_from": "2026-09-01",
    "billing_to": "2026-09-28",
}


def ask(journey: Journey, act: Any, name: str, **wanted: Any) -> PlannedCohort:
    """Plan a live cohort unless the test says otherwise; settings of its policy may stand beside the rest."""
    policy = {"mode": Mode.LIVE} | {name: wanted.pop(name) for name in SETTINGS & wanted.keys()}
    request = CohortRequest(
        **({"dialect": "edf_accounts", "rule": "all", "name": name} | wanted), policy=PolicySettings(**policy)
    )
    planned = act(
        systems=PlanSystems(tracking=journey.tracking, legacy=journey.legacy, kraken=journey.kraken),
        request=request,
        now=NOW,
    )
    assert isinstance(planned, PlannedCohort)
    # No customer is lost between selection and plan.
    assert planned.selected == (
        planned.planned
        + planned.beyond_size
        + planned.already_planned
        + planned.already_claimed
        + sum(planned.excluded.values())
    )
    assert sum(planned.strata.values()) == planned.planned
    return planned


def preview(journey: Journey, name: str = "preview", **wanted: Any) -> PlannedCohort:
    return ask(journey, preview_cohort, name, **wanted)


def write(journey: Journey, name: str, **wanted: Any) -> PlannedCohort:
    return ask(journey, write_cohort, name, **wanted)


def customers(journey: Journey, name: str) -> list[str]:
    rows = journey.rows(
        "SELECT external_identifier FROM migration.cohort_customer JOIN migration.cohort ON id = cohort_id "
        "WHERE name = :name ORDER BY priority, external_identifier",
        name=name,
    )
    return [row["external_identifier"] for row in rows]


def in_wave(journey: Journey, wave_id: int) -> list[str]:
    rows = journey.rows(
        "SELECT external_identifier FROM migration.import_process WHERE wave_id = :id ORDER BY id", id=wave_id
    )
    return [row["external_identifier"] for row in rows]


def night(journey: Journey, day: date, run_type: str = "scheduled", **wanted: Any) -> Any:
    return journey.plan_run(
        run_id=f"{run_type}-{day}", run_type=run_type, logical_date=EVENING[day], **wanted
    )


@pytest.mark.parametrize("dialect", load.generated_dialects())
def test_every_rule_runs_in_order_and_pages_make_no_difference(begin: BeginJourney, dialect: str) -> None:
    journey = begin(customers=40, dialects=(dialect,))
    assert {"all", "account_type", "trial"} <= set(rule_names(dialect=dialect))
    for rule in rule_names(dialect=dialect):
        given = {name: ONE_OF_ALL[name] for name in rule_parameters(dialect=dialect, rule=rule)}
        wanted: dict[str, Any] = {
            "dialect": get_dialect(name=dialect),
            "selection": Selection(rule=rule, parameters=given),
        }
        whole = [each for page in select(engine=journey.legacy, **wanted) for each in page]
        paged = [each for page in select(engine=journey.legacy, **wanted, page=7) for each in page]
        assert paged == whole
        identifiers = [each.external_identifier for each in whole]
        assert identifiers == sorted(set(identifiers))
        if rule == "all":
            assert len(whole) == 40


def test_a_preview_says_what_would_be_planned_and_writes_nothing(journey: Journey) -> None:
    seen = preview(journey, size=5)
    assert (seen.cohort_id, seen.planned, seen.beyond_size) == (None, 5, 15)
    assert journey.rows("SELECT 1 FROM migration.cohort") == []
    assert journey.rows("SELECT 1 FROM migration.cohort_customer") == []
    written = write(journey, "preview", size=5)
    assert written.counts == seen.counts
    assert len(customers(journey, "preview")) == 5


def test_of_two_overlapping_cohorts_the_second_gets_who_is_left_and_says_so(journey: Journey) -> None:
    claimed = in_wave(journey, journey.plan(limit=2).wave_id)
    first = write(journey, "first", size=8)
    second = write(journey, "second")
    assert (first.planned, first.already_claimed) == (8, 2)
    assert (second.planned, second.already_planned, second.already_claimed) == (10, 8, 2)
    planned = customers(journey, "first") + customers(journey, "second")
    assert len(planned + claimed) == len({*planned, *claimed}) == 20
    with pytest.raises(BadRequest, match="0 must wait, 2 are in a wave and 18 in another cohort"):
        write(journey, "third")
    # A rehearsal stands apart, as its import processes do.
    assert write(journey, "rehearsal", mode=Mode.REHEARSAL).planned == 20


def test_plans_written_at_once_never_share_a_customer(begin: BeginJourney) -> None:
    journey = begin(customers=300)
    with ThreadPoolExecutor(max_workers=3) as workers:
        planned = list(workers.map(lambda number: write(journey, f"at-once-{number}", size=90), range(3)))
    assert [each.planned for each in planned] == [90, 90, 90]
    keys = journey.rows("SELECT DISTINCT external_identifier FROM migration.cohort_customer")
    assert len(keys) == 270


def test_customers_who_must_wait_are_counted_by_reason_and_not_planned(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        for statement in (
            "UPDATE legacy.supply_point SET dispute_flag = 'X' WHERE supply_point_id = 2",
            "UPDATE legacy.supply_point SET transfer_flag = 'X' WHERE supply_point_id IN (4, 6)",
            "UPDATE legacy.account SET unknown_occupier = 'X' WHERE account_id = 4",
            "UPDATE legacy.account SET account_class = 'DVA' WHERE account_id = 5",
            "INSERT INTO legacy.dunning VALUES (6, 'LETTERS', '20260901'), (7, 'LETTERS', '20260901')",
        ):
            connection.exec_driver_sql(statement)
    everything = frozenset({*LEFT_OUT, "unknown_occupier", "vacant", "in_arrears", "misspelt"})
    planned = preview(journey, leave_out=everything)
    assert planned.excluded == {
        "open_dispute": 1,
        "erroneous_transfer": 2,
        "unknown_occupier": 1,
        "vacant": 1,
        "in_arrears": 2,
        "misspelt": 0,
    }
    assert (planned.planned, planned.included) == (13, {})
    # What Kraken does not refuse waits for nothing, and is not planned without a word.
    planned = write(journey, "sound")
    assert planned.excluded == {"open_dispute": 1, "erroneous_transfer": 2}
    assert planned.included == {"unknown_occupier": 1, "vacant": 1, "in_arrears": 2}
    assert planned.planned == 17
    assert not {f"GB-{n:09}" for n in range(1, 4)} & set(customers(journey, "sound"))
    (stored,) = journey.rows("SELECT parameters FROM migration.cohort")
    assert stored["parameters"] == {"leave_out": ["erroneous_transfer", "open_dispute"]}


def test_a_customer_with_two_reasons_is_left_out_for_whichever_counts(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET unknown_occupier = 'X', account_class = 'DVA' WHERE account_id = 4"
        )
    assert preview(journey, leave_out=frozenset({"vacant"})).excluded == {"vacant": 1}
    everybody = preview(journey, leave_out=frozenset())
    assert (everybody.excluded, everybody.planned) == ({}, 20)
    assert everybody.included == {"unknown_occupier": 1, "vacant": 1}


def test_nothing_but_what_kraken_refuses_keeps_a_customer_out_of_every_cohort(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET unknown_occupier = 'X' WHERE account_id = 4")
    write(journey, "sound")
    assert "GB-000000004" in customers(journey, "sound")


def test_a_trial_has_every_nth_of_each_account_type_however_rare(begin: BeginJourney) -> None:
    journey = begin(customers=100)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = CASE WHEN account_id = 77 THEN 'MGD' "
            "WHEN account_id > 70 THEN 'BUS' ELSE 'DOM' END WHERE market = 'GB' AND data_origin = 'GEN'"
        )
        connection.exec_driver_sql("INSERT INTO legacy.dunning VALUES (2, 'LETTERS', '20260901')")
    wanted: dict[str, Any] = {"rule": "trial", "leave_out": frozenset({"in_arrears"})}
    planned = write(journey, "trial", **wanted, parameters={"every": 10})
    assert planned.strata == {"BUS": 3, "DOM": 7, "MGD": 1}
    # Who must wait takes no place; and the first of each type come before the second of any.
    trial = customers(journey, "trial")
    assert trial[:4] == ["GB-000000001", "GB-000000071", "GB-000000077", "GB-000000012"]
    small = preview(journey, rule="trial", parameters={"every": 7}, size=4)
    assert set(small.strata) == {"BUS", "DOM"}


def test_the_rules_of_edf_select_by_postcode_area_billing_cycle_and_account_type(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=100)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.address SET postcode = CASE address_id WHEN 1 THEN 'B1 1AA' WHEN 2 THEN 'b2 2BB' "
            "ELSE 'BS1 1AA' END WHERE address_id <= 100"
        )
        for account, billed_to in ((11, "20250103"), (12, "20250102"), (13, "20250104"), (14, "20250101")):
            connection.exec_driver_sql(
                f"UPDATE legacy.account SET last_billed_to = '{billed_to}' WHERE account_id = {account}"
            )
    write(journey, "area", rule="postcode_area", parameters={"postcode_area": "B"})
    assert customers(journey, "area") == ["GB-000000001", "GB-000000002"]
    days = {"billing_from": "2025-01-02", "billing_to": "2025-01-03"}
    write(journey, "cycle", rule="billing_cycle", parameters=days)
    assert customers(journey, "cycle") == ["GB-000000012", "GB-000000011"]
    business = preview(journey, rule="account_type", parameters={"account_type": "BUS"})
    assert set(business.strata) == {"BUS"}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"rule": "nonesuch"}, "no rule 'nonesuch' for edf_accounts: the rules are account_type, all,"),
        ({"rule": "candidates"}, "no rule 'candidates'"),
        ({"rule": "trial"}, "Rule trial needs every"),
        ({"parameters": {"every": 3}}, "Rule all does not look at every"),
        (
            {"rule": "postcode_area", "parameters": {"postcode_area": "ZZ"}},
            "with postcode_area ZZ selects no customer",
        ),
        (
            {"rule": "billing_cycle", "parameters": {"billing_from": "soon", "billing_to": "2026-01-01"}},
            r"billing_cycle\.sql(, line \d,)? meets a value that it cannot convert",
        ),
        ({"wave_date": date(2026, 10, 31)}, "2026-10-31 is over"),
        ({"size": 0}, "size must be 1 or more"),
        ({"name": " "}, "no name"),
        ({"dialect": "nonesuch"}, "no dialect 'nonesuch'"),
        ({"name": "taken"}, "'taken' exists already"),
        ({"mode": Mode.REHEARSAL, "wave_date": FIRST}, "choose another date"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(
    journey: Journey, wanted: dict[str, Any], sentence: str
) -> None:
    write(journey, "taken", size=1, wave_date=FIRST)
    for act in (preview, write):
        with pytest.raises(BadRequest, match=sentence):
            act(journey, **({"name": "other"} | wanted))
    assert len(journey.rows("SELECT 1 FROM migration.cohort")) == 1


def test_a_scheduled_run_takes_what_is_due_or_was_missed_and_nothing_else(journey: Journey) -> None:
    write(journey, "third", size=2, wave_date=THIRD)
    write(journey, "second", size=3, wave_date=SECOND)
    write(journey, "first", size=4, wave_date=FIRST)
    write(journey, "undated", size=5)
    planned = night(journey, SECOND)
    # The missed night goes first.
    assert in_wave(journey, planned.wave_id) == customers(journey, "first") + customers(journey, "second")
    assert (planned.claimed, planned.already_claimed) == (7, 0)
    # The same run again, and later as a backfill, is the same wave.
    assert night(journey, SECOND) == planned
    again = journey.plan_run(run_id=f"scheduled-{SECOND}", run_type="backfill", logical_date=EVENING[SECOND])
    assert again == planned
    assert night(journey, THIRD).claimed == 2
    assert len(customers(journey, "undated")) == 5
    with pytest.raises(NothingPlanned, match="2026-11-12: cohort 'third' is in wave 'third'"):
        night(journey, THIRD, run_type="backfill")


def test_a_backfill_takes_the_cohorts_of_exactly_its_day(journey: Journey) -> None:
    write(journey, "first", size=4, wave_date=FIRST)
    write(journey, "second", size=3, wave_date=SECOND)
    planned = night(journey, SECOND, run_type="backfill")
    assert in_wave(journey, planned.wave_id) == customers(journey, "second")
    with pytest.raises(NothingPlanned, match="2026-11-12: no cohort of edf_accounts is due"):
        night(journey, THIRD, run_type="backfill")
    assert in_wave(journey, night(journey, FIRST, run_type="backfill").wave_id) == customers(journey, "first")


def test_the_day_of_a_run_is_that_of_the_dialects_zone(begin: BeginJourney) -> None:
    dialect = "essential_supply_points_cdns"
    journey = begin(dialects=(dialect,))
    write(journey, "sydney", dialect=dialect, wave_date=SECOND)
    begun_at = EVENING[FIRST]
    assert begun_at.date() == FIRST
    planned = journey.plan_run(run_id="sydney", dialect=dialect, run_type="backfill", logical_date=begun_at)
    assert planned.claimed == 20


def test_a_night_without_a_plan_writes_nothing(journey: Journey) -> None:
    with pytest.raises(NothingPlanned, match="Nothing was planned for 2026-11-10: no cohort"):
        night(journey, FIRST)
    assert journey.rows("SELECT 1 FROM migration.wave") == []


def test_a_dated_run_takes_no_other_parameters(journey: Journey) -> None:
    write(journey, "first", wave_date=FIRST)
    for wanted in (
        {"limit": 3},
        {"identifiers": ("GB-000000001",)},
        {"cohort": "first"},
        {"all_customers": True},
    ):
        with pytest.raises(BadRequest, match="takes the cohorts of its date"):
            night(journey, FIRST, run_type="backfill", **wanted)


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_mode_of_a_night_is_its_cohorts_whatever_the_form_says(journey: Journey, dry_run: bool) -> None:
    write(journey, "live", wave_date=FIRST, size=2)
    write(journey, "rehearsal", wave_date=SECOND, size=2, mode=Mode.REHEARSAL)
    waves = [night(journey, day, dry_run=dry_run).wave_id for day in (FIRST, SECOND)]
    modes = {row["id"]: row["mode"] for row in journey.rows("SELECT id, mode FROM migration.wave")}
    assert [modes[wave] for wave in waves] == ["live", "rehearsal"]


def test_a_cohort_decides_whether_its_wave_is_a_rehearsal_and_other_kinds_wait(journey: Journey) -> None:
    write(journey, "rehearsal", mode=Mode.REHEARSAL, wave_date=FIRST, size=3)
    write(journey, "live", wave_date=SECOND, size=2)
    first = night(journey, SECOND)
    second = night(journey, THIRD)
    modes = {row["id"]: row["mode"] for row in journey.rows("SELECT id, mode FROM migration.wave")}
    assert modes == {first.wave_id: "rehearsal", second.wave_id: "live"}
    assert (first.claimed, second.claimed) == (3, 2)


def test_a_manual_run_takes_the_cohort_that_it_names(journey: Journey) -> None:
    write(journey, "pilot", size=4)
    planned = journey.plan(cohort="pilot")
    assert in_wave(journey, planned.wave_id) == customers(journey, "pilot")
    with pytest.raises(BadRequest, match=f"'pilot' is in wave {planned.wave_id} already"):
        journey.plan(cohort="pilot")
    for wanted, sentence in (
        ({"cohort": "nonesuch"}, "no live cohort named 'nonesuch'"),
        ({"cohort": "pilot", "limit": 2}, "taken whole"),
        ({"cohort": "pilot", "all_customers": True}, "taken whole"),
    ):
        with pytest.raises(BadRequest, match=sentence):
            journey.plan(**wanted)


def test_a_named_cohort_of_the_other_mode_is_pointed_to_and_not_taken(journey: Journey) -> None:
    write(journey, "pilot", size=4)
    with pytest.raises(
        BadRequest, match=r"no rehearsal cohort named 'pilot'.* a live one: say dry_run: false"
    ):
        journey.plan(cohort="pilot", dry_run=True)
    write(journey, "trial", size=4, mode=Mode.REHEARSAL)
    with pytest.raises(
        BadRequest, match=r"no live cohort named 'trial'.* a rehearsal one: say dry_run: true"
    ):
        journey.plan(cohort="trial", dry_run=False)
    assert journey.rows("SELECT 1 FROM migration.wave") == []


def test_a_wave_by_number_leaves_who_waits_in_a_cohort(journey: Journey) -> None:
    write(journey, "later", size=15, wave_date=THIRD)
    assert journey.plan().claimed == 5
    with pytest.raises(EmptyWave, match="a wave or a cohort already"):
        journey.plan()
    # By name they can be had; their cohort then goes without them, and says so.
    journey.plan(identifiers=customers(journey, "later")[:2])
    planned = night(journey, THIRD)
    assert (planned.claimed, planned.already_claimed) == (13, 2)


def test_a_cohort_that_others_have_emptied_is_a_quiet_night(journey: Journey) -> None:
    write(journey, "gone", size=2, wave_date=FIRST)
    journey.plan(identifiers=customers(journey, "gone"))
    with pytest.raises(NothingPlanned, match="all 2 customers of cohort gone are in other waves"):
        night(journey, FIRST)
    with pytest.raises(EmptyWave, match="All 2 customers of cohort 'gone'"):
        journey.plan(cohort="gone")


def test_of_two_runs_at_once_one_wins_and_the_other_says_so(journey: Journey) -> None:
    write(journey, "wanted", size=6, wave_date=FIRST)

    def attempt(number: int) -> int | str:
        try:
            if number:
                return journey.plan_run(run_id="by-hand", cohort="wanted").claimed
            return int(night(journey, FIRST).claimed)
        except (BadRequest, NothingPlanned) as refused:
            return str(refused)

    # Both find the row locked, and go for it when it is let go.
    with ThreadPoolExecutor(max_workers=2) as workers:
        with journey.tracking.begin() as connection:
            cohorts.lock_named_cohort(
                connection=connection,
                target_kraken=journey.kraken.target,
                dialect="edf_accounts",
                mode=Mode.LIVE,
                name="wanted",
            )
            attempts = [workers.submit(attempt, number) for number in range(2)]
            time.sleep(0.5)
            assert not any(each.done() for each in attempts)
        said = [each.result() for each in attempts]
    assert 6 in said
    (refused,) = (each for each in said if isinstance(each, str))
    assert "is in wave" in refused
    assert len(journey.rows("SELECT 1 FROM migration.import_process")) == 6


def test_a_plan_takes_today_for_where_the_customers_live(journey: Journey) -> None:
    request = CohortRequest(dialect="edf_accounts", rule="all", name="today", wave_date=FIRST)
    late = EVENING[FIRST] + timedelta(hours=3, minutes=59)
    planned = preview_cohort(
        systems=PlanSystems(tracking=journey.tracking, legacy=journey.legacy, kraken=journey.kraken),
        request=request,
        now=late,
    )
    assert planned.planned == 20


def test_who_was_not_created_by_a_cancelled_wave_can_be_planned_and_taken_again(journey: Journey) -> None:
    write(journey, "first", size=10)
    cancelled = journey.plan(cohort="first")
    journey.build(cancelled.wave_id)
    control_wave(
        tracking=journey.tracking,
        wave=str(cancelled.wave_id),
        action="cancel",
        order=Order(by="ann", reason=None, at=datetime.now(UTC)),
    )
    # Its cohort holds them no longer, neither from a wave by number nor from another cohort.
    assert journey.plan(limit=3).claimed == 3
    again = write(journey, "second", size=10)
    assert (again.planned, again.already_claimed, again.already_planned) == (10, 3, 0)
    assert journey.plan(cohort="second").claimed == 10
    held = journey.rows("SELECT cohort_id, count(*) AS customers FROM migration.cohort_customer GROUP BY 1")
    assert {row["cohort_id"]: row["customers"] for row in held} == {1: 3, 2: 10}
