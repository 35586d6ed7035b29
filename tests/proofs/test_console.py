"""The console inside a real Airflow, in a real browser: a night by its pages alone, and what may go wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from proofs.chaos.windows import WINDOWS
from tests.browser import crawling
from tests.browser.desk import PHONE, WIDE, Desk, Office, expect
from tests.checkouts import run
from tests.conftest import ROOT
from tests.marks import mark, marks_in
from tests.stacks import DAG, Stack, running_stack

pytestmark = pytest.mark.timeout(600)

PLACE = "tracking"
FIRST, LAST = 1, 400
"""Customers of EDF that the stack has."""
DAGS = (DAG, "rerun_edf_accounts", "plan_cohort", "reconcile", "control_wave")
NAMES = {"ops": "AIRFLOW_OPS", "admin": "AIRFLOW", "viewer": "AIRFLOW_VIEWER"}
ACTING = "main a[href*='/orders/new/'], main form[action$='/orders'], main button[name=order]"
"""What begins or gives an order."""
IMAGES = ROOT / "docs" / "images"
AREA = "ZE"
"""The postcode area of the night: no generated customer lives there."""
MOST_TRIES = 30
NIGHT_SECONDS = 240.0
"""Within which a wave of a few customers ends, on a loaded machine."""


@pytest.fixture(scope="module")
def night(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with customers of EDF, of whom some were planted to fail."""
    with running_stack(folder=tmp_path_factory.mktemp("console"), dags=DAGS) as stack:
        _believe_soon(stack)
        yield stack


def _believe_soon(stack: Stack) -> None:
    """Set how soon an answer of this Kraken proves something: two minutes are for one that is far away."""
    found = stack.api("GET", "/connections/kraken").json()
    body = {name: found[name] for name in ("connection_id", "conn_type")}
    body["extra"] = json.dumps(json.loads(found["extra"]) | dict(WINDOWS))
    assert stack.api("PATCH", "/connections/kraken?update_mask=extra", body).ok


@pytest.fixture(scope="module")
def office(browser: Any, night: Stack) -> Office:
    """Desks at the console of the stack. Each user signs in once, through Airflow's own form."""
    known: dict[str, Any] = {"": {}}

    def signed_in(user: str) -> dict[str, Any]:
        if user not in known:
            known[user] = {"storage_state": _sign_in(browser=browser, stack=night, user=user)}
        return dict(known[user])

    address = f"{night.values['AIRFLOW_URL']}/migration/{PLACE}"
    return Office(browser=browser, address=address, logins=signed_in)


def _sign_in(*, browser: Any, stack: Stack, user: str) -> Any:
    window = browser.new_context()
    try:
        page = window.new_page()
        page.goto(f"{stack.values['AIRFLOW_URL']}/auth/login/?next=/migration/")
        page.get_by_label("Username").fill(stack.values[f"{NAMES[user]}_USER"])
        page.get_by_label("Password").fill(stack.values[f"{NAMES[user]}_PASSWORD"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(rf"/migration/{PLACE}/waves$"))
        return window.storage_state()
    finally:
        window.close()


def customers(first: int, last: int) -> list[str]:
    """The identifiers of customers by their place in the stack, both ends among them."""
    assert 1 <= first <= last <= LAST - FIRST + 1
    return [f"GB-{number:09}" for number in range(FIRST + first - 1, FIRST + last)]


def started(
    stack: Stack, name: str, first: int, last: int, *, user: str = "admin", **settings: Any
) -> tuple[int, str]:
    """Start a wave of these customers as a person would in Airflow. Returns its id and that of its run."""
    told = {"wave": name, "identifiers": customers(first, last), "threshold": 1, "dry_run": False}
    body = {"logical_date": None, "conf": told | settings}
    begun = stack.api("POST", f"/dags/{DAG}/dagRuns", body, user=NAMES[user])
    assert begun.ok, begun.text
    run_id = str(begun.json()["dag_run_id"])
    return stack.until(lambda: _planned(stack, run_id)), run_id


def _planned(stack: Stack, run_id: str) -> int | None:
    """Return the wave that a run has planned; None before that."""
    found = stack.rows("TRACKING_DSN", f"SELECT id FROM migration.wave WHERE run_id = '{run_id}'")
    if not found:
        assert stack.api("GET", f"/dags/{DAG}/dagRuns/{run_id}").json()["state"] != "failed", run_id
        return None
    return int(found[0].id)


@contextmanager
def struck(stack: Stack, **fault: Any) -> Iterator[None]:
    """Have Kraken behave so for a while; all its faults end with it."""
    faults = f"{stack.values['KRAKEN_URL']}/simulator/faults"
    requests.post(faults, json=fault, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(faults, timeout=10).raise_for_status()


def slowed(stack: Stack, *, seconds: float) -> AbstractContextManager[None]:
    """Have Kraken take its time, so that a wave is under way while a person looks."""
    return struck(stack, kind="slow", operation="create", seconds=seconds)


def spoil(stack: Stack, *identifiers: str) -> None:
    """Give customers an account class that no map has."""
    for each in identifiers:
        stack.change(f"UPDATE legacy.account SET account_class = 'ZZ' WHERE account_number = '{each}'")


def mend(stack: Stack, *identifiers: str) -> None:
    """Mend them at the source, as the legacy system's people do."""
    for each in identifiers:
        stack.change(f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{each}'")


@pytest.fixture(scope="module")
def ended(night: Stack) -> int:
    """A wave that has ended, for pages that are only looked at: most of it is migrated, some is refused."""
    spoil(night, *customers(10, 11))
    wave_id, run_id = started(night, "ended", 1, 20, batch_size=5)
    assert night.finish(run_id) == "success"
    return wave_id


@pytest.fixture(scope="module")
def asked(night: Stack) -> int:
    """A wave that waits for its approval, and so stays as it is."""
    wave_id, run_id = started(night, "asked", 91, 92, approval="required")
    gate = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/gate"
    night.until(lambda: night.api("GET", gate).json()["state"] == "deferred")
    return wave_id


@pytest.fixture
def standing(night: Stack, asked: int) -> Iterator[int]:
    """The same, for a test that may pause it."""
    yield asked
    ((paused,),) = night.rows("TRACKING_DSN", f"SELECT paused_at FROM migration.wave WHERE id = {asked}")
    if paused is not None:
        run(checkout=night.folder, command="wave-resume", WAVE="asked")


def orders(stack: Stack, wave_id: int) -> list[Any]:
    """The orders about a wave, the newest first."""
    found = f"SELECT * FROM migration.console_action WHERE wave_id = {wave_id} ORDER BY ordered_at DESC"
    return stack.rows("TRACKING_DSN", found)


# Who comes in, and what they see.


def test_a_person_comes_from_airflows_own_menu_and_sees_the_waves_inside_it(
    office: Office, night: Stack, ended: int
) -> None:
    with office.desk("ops") as ops:
        ops.page.goto(night.values["AIRFLOW_URL"])
        ops.page.get_by_role("link", name="Migration", exact=True).click()
        inside = ops.page.frame_locator("iframe")
        expect(inside.get_by_role("heading", name="Waves")).to_be_visible()
        inside.get_by_role("link", name="ended", exact=True).click()
        expect(inside.get_by_role("main")).to_contain_text(re.compile(r"\d+ processed"))


def test_without_a_login_no_page_says_more_than_to_log_in(office: Office, ended: int) -> None:
    with office.desk("") as stranger:
        for path in ("waves", f"waves/{ended}", "orders", "orders/new/stop_all"):
            assert stranger.go(path) == 401
            assert "Log in to Airflow first" in stranger.words
            assert "ended" not in stranger.words


def test_a_viewer_sees_every_page_and_nothing_to_press(office: Office, ended: int) -> None:
    with office.desk("viewer") as viewer:
        seen = 0
        for path in crawling.pages(desk=viewer, start="waves"):
            seen += 1
            expect(viewer.page.locator(ACTING)).to_have_count(0)
            assert "/orders/new/" not in path
        assert seen >= 3
        assert viewer.go(f"orders/new/cancel?wave={ended}") == 403
        assert "may look and not do this" in viewer.words


def test_no_link_of_the_console_leads_nowhere(office: Office, ended: int) -> None:
    with office.desk("admin") as admin:
        found = {crawling.kind_of(path=path) for path in crawling.pages(desk=admin, start="waves")}
    assert {"waves", "waves/…", "orders", "orders/…"} & found >= {"waves", "waves/…", "orders"}


def test_what_is_migrated_is_told_and_never_whom(office: Office, night: Stack) -> None:
    chosen = customers(21, 24)
    mark(accounts=chosen, change=night.change)
    _, run_id = started(night, "marked", 21, 24)
    night.finish(run_id)
    with office.desk("ops") as ops:
        for path in crawling.pages(desk=ops, start="waves"):
            assert marks_in(text=ops.page.content()) == set(), path


# Orders.


def test_a_wave_under_way_is_paused_goes_no_further_and_ends_once_it_is_resumed(
    office: Office, night: Stack
) -> None:
    with slowed(night, seconds=1), office.desk("ops") as ops:
        wave_id, run_id = started(night, "held", 31, 60, requests_in_flight=2)
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile(r"[1-9]\d* (creating|created|processed)"), seconds=NIGHT_SECONDS)
        assert "is paused" in ops.order("Pause", reason="hotline full")
        ops.press("To the wave")
        ops.shows(re.compile("paused by ops since .* UTC: hotline full"))
        # What was under way is finished, and nothing leaves after that.
        ops.lacks(re.compile(r"[1-9]\d* creating"), seconds=NIGHT_SECONDS)
        before = night.created()
        ops.shows(re.compile(r"[1-9]\d* valid"))
        assert "goes on" in ops.order("Resume", reason="hotline free")
        assert len(night.created()) - len(before) < 30
    with office.desk("ops") as ops:
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile("succeeded|ended"), seconds=NIGHT_SECONDS)
        log = ops.main.get_by_role("row")
        expect(log.filter(has_text="hotline full")).to_contain_text("ops")
        expect(log.filter(has_text="hotline free")).to_contain_text("ops")
    assert night.finish(run_id) == "success"


def test_a_button_that_is_pressed_twice_gives_one_order(office: Office, night: Stack, standing: int) -> None:
    before = len(orders(night, standing))
    with office.desk("ops") as ops:
        ops.go(f"waves/{standing}")
        ops.prepare("Pause", reason="pressed twice")
        form = ops.page.locator("form[data-once]")
        id_of_order = form.locator("input[name=id]").input_value()
        form.locator("button[type=submit]").dblclick()
        assert "is paused" in ops.outcome()
        # Loading what came of it again sends nothing again.
        ops.page.reload()
        assert "is paused" in ops.outcome()
    found = orders(night, standing)
    assert (len(found), str(found[0].id)) == (before + 1, id_of_order)


def test_an_order_says_what_it_will_do_and_is_not_sent_without_a_reason(
    office: Office, night: Stack, standing: int
) -> None:
    before = len(orders(night, standing))
    with office.desk("ops") as ops:
        ops.go(f"waves/{standing}")
        assert "what was not created is free for another wave" in ops.prepare("Cancel", reason="")
        ops.main.locator("form[data-once] button[type=submit]").click()
        assert ops.main.get_by_label(re.compile("^Reason")).evaluate("each => !each.validity.valid")
        assert ops.path.startswith("orders/new/cancel")
        ops.press("Back")
        expect(ops.page).to_have_url(f"{office.address}/waves/{standing}")
    assert len(orders(night, standing)) == before


def test_of_two_people_who_pause_a_wave_at_once_the_second_is_told(office: Office, standing: int) -> None:
    with office.desk("ops") as ops, office.desk("admin") as admin:
        for each in (ops, admin):
            each.go(f"waves/{standing}")
            each.prepare("Pause", reason=f"seen by {each.user}")
        assert "is paused" in ops.send()
        assert "is paused already" in admin.send()
        admin.press("To the wave")
        admin.shows(re.compile("paused by ops since .*: seen by ops"))


def test_orders_are_given_without_any_script(office: Office, standing: int) -> None:
    window = office.browser.new_context(**office.logins("ops"), java_script_enabled=False)
    try:
        ops = Desk(page=window.new_page(), address=office.address, user="ops")
        ops.go(f"waves/{standing}")
        assert "is paused" in ops.order("Pause", reason="no script")
        ops.press("To the wave")
        assert "paused by ops" in ops.words
    finally:
        window.close()


def test_a_form_that_another_site_sends_does_nothing(office: Office, night: Stack, standing: int) -> None:
    before = len(orders(night, standing))
    with office.desk("ops") as ops:
        ops.go(f"waves/{standing}")
        ops.prepare("Cancel", reason="sent from elsewhere")
        # All that our own page would send, its token included.
        fields = ops.page.locator("form[data-once]").evaluate("form => [...new FormData(form)]")
        hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields)
        page = f'<form method="post" action="{office.address}/orders">{hidden}</form>'
        ops.page.route(
            "https://elsewhere.example/", lambda route: route.fulfill(body=page, content_type="text/html")
        )
        ops.page.goto("https://elsewhere.example/")
        with ops.page.expect_navigation():
            ops.page.locator("form").evaluate("form => form.submit()")
        assert re.search("so nothing was done|Log in to Airflow first", ops.words)
    assert len(orders(night, standing)) == before


# Causes and customers.


def test_three_clicks_lead_from_a_red_wave_to_the_legacy_column_and_the_rerun_of_exactly_its_records(
    office: Office, night: Stack
) -> None:
    chosen = customers(201, 212)
    planted = chosen[::2]
    spoil(night, *planted)
    wave_id, run_id = started(night, "red", 201, 212, threshold=0.1)
    assert night.finish(run_id) == "failed"
    with office.desk("ops") as ops:
        ops.go("waves")
        ops.press("red")
        ops.press("Triage")
        row = ops.main.get_by_role("row").filter(has_text="account.account_class")
        expect(row).to_contain_text(str(len(planted)))
        mend(night, *planted)
        scope = ops.prepare(f"Rerun these {len(planted)}", reason="account classes mended", within=row)
        assert f"{len(planted)} records" in scope
        ops.send()
        ops.shows(f"{len(planted)} of {len(planted)} records mended", seconds=NIGHT_SECONDS)
    states = f"SELECT state, attempt FROM migration.import_process WHERE wave_id = {wave_id} AND attempt > 1"
    assert [tuple(row) for row in night.rows("TRACKING_DSN", states)] == [("processed", 2)] * len(planted)


def test_a_customer_is_found_by_the_identifier_alone_which_no_address_names(
    office: Office, ended: int
) -> None:
    found, refused = customers(1, 1)[0], customers(10, 10)[0]
    with office.desk("viewer") as viewer:
        for identifier, words in ((found, "processed"), (refused, "account.account_class")):
            viewer.go("customers")
            viewer.fill({"External identifier": identifier})
            viewer.press("Search all waves")
            # There is one record of this customer, so it is opened at once.
            expect(viewer.main.get_by_role("heading", level=1)).to_contain_text(identifier)
            viewer.shows(words)
            assert identifier not in viewer.page.url


def test_what_was_sent_is_masked_and_whoever_sees_it_is_recorded(
    office: Office, night: Stack, ended: int
) -> None:
    ((record, given),) = night.rows(
        "TRACKING_DSN",
        "SELECT id, external_identifier FROM migration.import_process "
        f"WHERE wave_id = {ended} AND state = 'processed' ORDER BY id LIMIT 1",
    )
    with office.desk("viewer") as viewer:
        viewer.go(f"records/{record}")
        viewer.press(re.compile("^What was sent and answered"))
        viewer.shows("the kind of each value in its place")
        expect(viewer.main.get_by_role("button", name="Show the values")).to_have_count(0)
        assert given not in viewer.main.locator("pre").first.inner_text()
    with office.desk("admin") as admin:
        admin.go(f"records/{record}/payload")
        assert given not in admin.main.locator("pre").first.inner_text()
        admin.press("Show the values")
        admin.shows("Personal data: it is recorded that you looked")
        expect(admin.main.locator("pre").first).to_contain_text(given)
        admin.go(f"records/{record}")
        expect(admin.main.get_by_role("listitem").filter(has_text="admin, ")).to_have_count(1)


def test_an_erased_customer_is_found_no_more_and_the_record_says_why_it_is_empty(
    office: Office, night: Stack, ended: int
) -> None:
    (erased,) = customers(2, 2)
    ((record,),) = night.rows(
        "TRACKING_DSN",
        "SELECT id FROM migration.import_process "
        f"WHERE wave_id = {ended} AND external_identifier = '{erased}'",
    )
    _erase(night, erased)
    with office.desk("admin") as admin:
        admin.go("customers")
        admin.fill({"External identifier": erased})
        admin.press("Search all waves")
        admin.shows("A customer who was erased is found by the token alone")
        admin.go(f"records/{record}")
        admin.shows("This customer was erased on")
        assert erased not in admin.page.content()
        admin.press(re.compile("^What was sent and answered"))
        admin.shows("Nothing is kept of what was sent or answered")


def _erase(stack: Stack, identifier: str) -> None:
    """Erase a customer as the owner of the tracking database does, on the command line."""
    script = "import sys; from kraken_import.cli import main; sys.exit(main())"
    words = ["erase", identifier, "--reason", "Asked for.", "--yes"]
    given = {name: stack.values[name] for name in ("AIRFLOW_URL", "AIRFLOW_USER", "AIRFLOW_PASSWORD")}
    place = {**os.environ, **given, "TRACKING_DSN": stack.values["TRACKING_OWNER_DSN"]}
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=stack.folder,
        env=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# A night.


def planned(stack: Stack, name: str, **settings: Any) -> None:
    """Plan a cohort of the customers in the postcode area of the night, as operations do in Airflow."""
    conf = {"dialect": "edf_accounts", "rule": "postcode_area", "postcode_area": AREA, "cohort": name}
    body = {"logical_date": None, "conf": {**conf, "preview": False, **settings}}
    begun = stack.api("POST", "/dags/plan_cohort/dagRuns", body, user=NAMES["ops"])
    assert begun.ok, begun.text
    assert stack.finish(begun.json()["dag_run_id"], "plan_cohort") == "success"


def move(stack: Stack, *identifiers: str) -> None:
    """Have customers live in the postcode area of the night, where no generated one does."""
    stack.change(
        f"UPDATE legacy.address SET postcode = '{AREA}1 0AA' WHERE address_id IN ("
        "SELECT premise.address_id FROM legacy.account JOIN legacy.occupancy USING (account_id) "
        f"JOIN legacy.premise USING (premise_id) WHERE account_number = ANY ('{{{','.join(identifiers)}}}'))"
    )


@pytest.mark.timeout(1_200)
def test_a_night_is_played_from_its_plan_to_its_close_by_the_console_alone(
    office: Office, night: Stack
) -> None:
    *_, silent, hopeless = customers(61, 72)
    mended = customers(61, 62)
    move(night, *customers(61, 72))
    spoil(night, *mended, hopeless)
    policy = {"approval": "required", "four_eyes": True, "require_rehearsal": True, "threshold": 1}
    planned(night, "night-rehearsed", mode="rehearsal", threshold=1)
    planned(night, "night", mode="live", requests_in_flight=1, **policy)
    with office.desk("ops") as ops, office.desk("admin") as admin:
        _rehearsed_and_mended(ops, night, mended)
        wave_id = _approved_by_another(ops, admin, night, silent)
        _parked_and_decided(ops, admin, wave_id)
        _reconciled_and_closed(ops, wave_id)
    created = night.created()
    assert {created.get(each) for each in customers(61, 71)} == {1}
    assert hopeless not in created


def _begun(ops: Desk, cohort: str, *, reason: str) -> int:
    """Have a cohort taken now. Returns its wave."""
    ops.turn_to("Plan")
    row = ops.main.get_by_role("row").filter(has=ops.page.get_by_role("link", name=cohort, exact=True))
    assert "12 records" in ops.prepare("Start now", reason=reason, within=row.last)
    ops.send()
    ops.shows(re.compile(r"Its run has planned wave \d+"), seconds=NIGHT_SECONDS)
    ops.turn_to("Waves")
    ops.press(cohort)
    expect(ops.main.get_by_role("heading", level=1)).to_contain_text(cohort)
    return int(ops.path.rpartition("/")[2])


def _rehearsed_and_mended(ops: Desk, night: Stack, mended: list[str]) -> None:
    """A rehearsal finds three customers that would be refused; two can be mended at the source."""
    ops.go("waves")
    wave_id = _begun(ops, "night-rehearsed", reason="the evening before")
    ops.shows("9 dry run succeeded", seconds=NIGHT_SECONDS)
    ops.shows("3 rejected")
    ops.shows("succeeded")
    ops.press("Triage")
    row = ops.main.get_by_role("row").filter(has_text="account.account_class")
    mend(night, *mended)
    assert "3 records" in ops.prepare("Rehearse these 3", reason="two were mended", within=row)
    ops.send()
    ops.shows("2 of 3 records mended; 1 still not through", seconds=NIGHT_SECONDS)
    ops.go(f"waves/{wave_id}")
    ops.shows("11 dry run succeeded", seconds=NIGHT_SECONDS)


def _approved_by_another(ops: Desk, admin: Desk, night: Stack, silent: str) -> int:
    """The live wave waits for four eyes, is paused and resumed, and one customer is left in doubt."""
    with struck(night, kind="forbidden", operation="create", keys=[silent]), slowed(night, seconds=1.5):
        wave_id = _begun(ops, "night", reason="as rehearsed")
        ops.shows("another user must approve it", seconds=NIGHT_SECONDS)
        expect(ops.main.get_by_role("link", name="Approve", exact=True)).to_have_count(0)
        admin.go(f"waves/{wave_id}")
        admin.shows("Create 11 records")
        assert "11 records" in admin.prepare("Approve", reason="as rehearsed")
        admin.send()
        admin.shows("approved by admin", seconds=NIGHT_SECONDS)
        ops.shows(re.compile(r"[1-9]\d* (created|pending|in progress|processed)"), seconds=NIGHT_SECONDS)
        assert "is paused" in ops.order("Pause", reason="hotline full")
        ops.press("To the wave")
        ops.shows("paused by ops")
        assert "goes on" in ops.order("Resume", reason="hotline free")
        ops.press("To the wave")
        ops.shows("1 parked", seconds=NIGHT_SECONDS)
        ops.shows("10 processed", seconds=NIGHT_SECONDS)
        ops.shows("failed", seconds=NIGHT_SECONDS)
    return wave_id


def _parked_and_decided(ops: Desk, admin: Desk, wave_id: int) -> None:
    """Kraken does not say whether it has a customer: a person finds out and decides, and the wave goes on."""
    for _ in range(MOST_TRIES):
        ops.go(f"waves/{wave_id}/triage")
        row = ops.main.get_by_role("row").filter(has_text="1 parked")
        row.get_by_role("link", name=re.compile("^1 records? with")).click()
        ops.shows("1 record matches")
        ops.prepare("Decide about the parked", reason="asked their support", **{"What is so": "absent"})
        ops.send()
        ops.shows(re.compile("1 record decided|Nothing was decided"), seconds=NIGHT_SECONDS)
        # While its create may still take effect, that it is absent is not taken.
        if "1 record decided" in ops.words:
            break
    ops.shows("1 record decided")
    ops.press("To the wave")
    assert "the wave goes on" in ops.order("Go on", reason="decided")
    # What was not created is asked about again, by itself.
    admin.go(f"waves/{wave_id}")
    admin.shows("Create 1 record", seconds=NIGHT_SECONDS)
    assert "1 record." in admin.prepare("Approve", reason="the one that was in doubt")
    admin.send()
    admin.shows("approved by admin", seconds=NIGHT_SECONDS)
    admin.press("To the wave")
    admin.shows("11 processed", seconds=NIGHT_SECONDS)
    admin.shows("succeeded", seconds=NIGHT_SECONDS)


def _reconciled_and_closed(ops: Desk, wave_id: int) -> None:
    """What is left gets an owner, Kraken is compared, and the wave is closed."""
    ops.go(f"waves/{wave_id}")
    ops.turn_to("Cut-over")
    ops.press("night")
    assert "1 customer handed back" in ops.order("List again", reason="the morning after")
    ops.go(f"waves/{wave_id}/cut-over")
    ops.shows("no owner")
    assert "cannot be closed yet" in ops.prepare_refused("Close")
    ops.prepare(re.compile("^Give the one that matches"), reason="by hand", Owner="Bea", Note="unknown class")
    assert "has the owner now" in ops.send()
    ops.go(f"waves/{wave_id}/cut-over")
    ops.order("Reconcile now", reason="the morning after")
    ops.shows("no difference is open", seconds=NIGHT_SECONDS)
    ops.go(f"waves/{wave_id}/cut-over")
    assert "is closed" in ops.order("Close", reason="done")
    ops.go(f"waves/{wave_id}/cut-over")
    ops.shows("Closed by ops")


def test_a_cohort_is_given_another_night_and_the_calendar_shows_it(office: Office, night: Stack) -> None:
    first, second = (datetime.now(UTC).date() + timedelta(days=days) for days in (7, 14))
    conf = {"rule": "all", "postcode_area": None, "size": 3, "mode": "rehearsal"}
    planned(night, "later", wave_date=str(first), **conf)
    with office.desk("ops") as ops:
        ops.go("plan")
        ops.press(re.compile("^later$"), within=ops.main.get_by_role("table").first)
        ops.shows(str(first))
        assert "3 records" in ops.prepare(
            "Postpone", reason="move of the call centre", **{"New date": str(second)}
        )
        ops.send()
        ops.turn_to("Plan")
        row = ops.main.get_by_role("row").filter(has_text="later").last
        expect(row).to_contain_text(str(second))


# What goes wrong.


def test_a_page_is_at_most_five_seconds_old_and_is_not_loaded_again(
    office: Office, night: Stack, standing: int
) -> None:
    with office.desk("viewer") as viewer:
        viewer.go(f"waves/{standing}")
        viewer.page.evaluate("() => { window.isTheSamePage = true }")
        run(checkout=night.folder, command="wave-pause", WAVE="asked", REASON="seen by itself")
        viewer.shows("seen by itself", seconds=6)
        assert viewer.page.evaluate("() => window.isTheSamePage")


def test_a_lost_connection_is_said_and_the_page_goes_on_by_itself(office: Office, ended: int) -> None:
    with office.desk("viewer") as viewer:
        viewer.go(f"waves/{ended}")
        lost = viewer.page.get_by_text("The connection is lost")
        expect(lost).to_be_hidden()
        viewer.page.context.set_offline(True)
        expect(lost).to_be_visible()
        # What was there still stands, and can be read.
        viewer.shows("processed")
        viewer.page.context.set_offline(False)
        expect(lost).to_be_hidden()


def test_a_login_that_ends_is_said_on_the_open_page(office: Office, ended: int) -> None:
    with office.desk("viewer") as viewer:
        viewer.go(f"waves/{ended}")
        viewer.page.context.clear_cookies()
        expect(viewer.page.get_by_text("You are signed out of Airflow")).to_be_visible()
        assert viewer.go(f"waves/{ended}") == 401


@pytest.mark.parametrize(
    "path",
    [
        "waves/999999",
        "waves/0",
        "waves/-1",
        "waves/x",
        "waves/99999999999999999999999",
        "waves?before=99999999999999999999999",
        "waves/999999/triage",
        "waves/999999/cut-over",
        "left?wave=999999",
        "left?wave=1&state=x",
        "records/999999",
        "records/999999/payload",
        "orders/00000000-0000-0000-0000-000000000000",
        "orders/new/pause?wave=999999",
        "orders/new/pause",
        "orders/new/dance",
        "nowhere",
    ],
)
def test_what_does_not_exist_is_answered_by_a_sentence_and_a_way_back(
    office: Office, ended: int, path: str
) -> None:
    with office.desk("ops") as ops:
        assert ops.go(path) in (404, 409, 422)
        assert "Traceback" not in ops.words
        ops.press("To the waves")
        expect(ops.main.get_by_role("heading", name="Waves")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "label"),
    [("customers", "External identifier"), ("triage", "Code, path")],
    ids=["customer", "cause"],
)
def test_a_search_for_ten_megabytes_is_refused_with_a_sentence(
    office: Office, ended: int, path: str, label: str
) -> None:
    with office.desk("ops") as ops:
        ops.go(path)
        field = ops.main.get_by_label(re.compile(f"^{label}"))
        # More than a person can type there: a script of theirs has.
        field.evaluate("each => { each.value = 'x'.repeat(10_000_000) }")
        with ops.page.expect_navigation():
            field.evaluate("each => each.form.submit()")
        ops.press("To the waves")
        expect(ops.main.get_by_role("heading", name="Waves", exact=True)).to_be_visible()


def test_a_filter_and_a_search_that_match_nothing_say_so_and_lead_back(office: Office, ended: int) -> None:
    with office.desk("ops") as ops:
        ops.go("waves")
        ops.fill({"Dialect": "national_grid_accounts"})
        ops.press("Show")
        ops.shows("No wave fits")
        ops.press("All waves")
        ops.shows("ended")
        ops.turn_to("Triage")
        ops.fill({"Code, path": "no such code"})
        ops.press("Search")
        ops.shows("No cause holds this")
        ops.press("All causes")
        ops.shows("account_class")
        ops.turn_to("Customers")
        ops.fill({"External identifier": "GB-NOBODY"})
        ops.press("Search all waves")
        ops.shows("No record that you may see has this identifier")


# How it looks, and who can use it.


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_any_page_keeps_people_out(office: Office, ended: int, axe: str, scheme: str) -> None:
    found = {}
    with office.desk("admin", scheme=scheme) as admin:
        for path in crawling.pages(desk=admin, start="waves"):
            if obstacles := admin.obstacles(axe=axe):
                found[path] = obstacles
    assert found == {}


@pytest.mark.parametrize("size", [WIDE, PHONE, (WIDE[0] // 2, WIDE[1] // 2)], ids=["wide", "phone", "zoomed"])
def test_no_page_has_to_be_moved_sideways(office: Office, ended: int, size: tuple[int, int]) -> None:
    with office.desk("admin", size=size) as admin:
        for path in crawling.pages(desk=admin, start="waves"):
            assert admin.sideways <= 0, path


def test_pages_are_dark_and_light_as_airflow_or_the_system_is(office: Office, ended: int) -> None:
    seen = {}
    for chosen, scheme in ((None, "light"), (None, "dark"), ("dark", "light"), ("light", "dark")):
        with office.desk("viewer", scheme=scheme) as viewer:
            if chosen is not None:
                viewer.page.add_init_script(f"localStorage.setItem('theme', '{chosen}')")
            viewer.go("waves")
            colour = viewer.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
            seen[chosen, scheme] = sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128
    assert seen == {
        (None, "light"): True,
        (None, "dark"): False,
        ("dark", "light"): False,
        ("light", "dark"): True,
    }


def test_the_keyboard_alone_reaches_a_wave_and_pauses_it(office: Office, standing: int) -> None:
    with office.desk("ops") as ops:
        ops.go("waves")
        keys = ops.page.keyboard
        # The first stop leads over the menu.
        ops.tab_to("To the content")
        keys.press("Enter")
        ops.tab_to("asked")
        keys.press("Enter")
        expect(ops.page).to_have_url(f"{office.address}/waves/{standing}")
        ops.tab_to("Pause")
        keys.press("Enter")
        ops.page.wait_for_url("**/orders/new/pause?*")
        ops.tab_to("Reason")
        keys.type("by keys alone")
        ops.tab_to("Pause")
        keys.press("Enter")
        assert "is paused" in ops.outcome()


def test_the_focus_stays_where_it_is_while_a_page_renews_itself(
    office: Office, night: Stack, standing: int
) -> None:
    with office.desk("ops") as ops:
        ops.go("waves")
        ops.tab_to("asked")
        with ops.page.expect_response(lambda answer: answer.request.headers.get("x-console") == "live"):
            run(checkout=night.folder, command="wave-pause", WAVE="asked", REASON="so that it changes")
        ops.page.keyboard.press("Enter")
        expect(ops.page).to_have_url(f"{office.address}/waves/{standing}")


def test_pictures_of_the_documentation_are_those_of_this_run(
    office: Office, night: Stack, ended: int, tmp_path: Path
) -> None:
    # A run that is not asked for pictures leaves the checkout as it was.
    folder = IMAGES if os.environ.get("PICTURES") == "1" else tmp_path
    with slowed(night, seconds=1), office.desk("ops") as ops:
        wave_id, run_id = started(night, "tonight", 141, 200, batch_size=6, requests_in_flight=1)
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile(r"[1-9]\d* processed"), seconds=NIGHT_SECONDS)
        ops.picture(file=folder / "console-wave.png")
        ops.turn_to("Waves")
        ops.shows("tonight")
        ops.picture(file=folder / "console-waves.png")
    assert night.finish(run_id) == "success"
    for name in ("wave", "waves"):
        assert (folder / f"console-{name}.png").stat().st_size > 10_000


# What ends the others' waves or their Airflow.


def test_everything_is_stopped_from_one_page(office: Office, night: Stack) -> None:
    with slowed(night, seconds=2), office.desk("ops") as ops:
        wave_id, run_id = started(night, "stopped", 102, 131, requests_in_flight=1)
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile(r"[1-9]\d* (creating|created|processed)"), seconds=NIGHT_SECONDS)
        ops.turn_to("Orders")
        scope = ops.prepare("Stop everything", reason="wrong tariff")
        assert "Every wave and rerun under way" in scope
        ops.send()
        ops.go(f"waves/{wave_id}")
        ops.shows("wrong tariff", seconds=NIGHT_SECONDS)
    assert night.finish(run_id) == "failed"
    assert len(set(customers(102, 131)) & night.created().keys()) < 30


def test_a_page_over_an_upgrade_says_that_airflow_is_gone_and_then_that_it_is_old(
    office: Office, night: Stack, ended: int
) -> None:
    base = night.folder / "plugins" / "kraken_import" / "console" / "templates" / "base.html"
    before = base.read_text()
    with office.desk("viewer") as viewer:
        viewer.go(f"waves/{ended}")
        _kill_api_server(night)
        expect(viewer.page.get_by_text("The connection is lost")).to_be_visible()
        base.write_text(before.replace("To the content", "Straight to the content"))
        _again(night)
        # An open page asks ever less often while it gets no answer: once a minute at last.
        old = viewer.page.get_by_text("The console was upgraded")
        expect(old).to_be_visible(timeout=90_000)
        viewer.page.reload()
        expect(viewer.page.get_by_text("The console was upgraded")).to_be_hidden()
        viewer.shows("processed")


def _kill_api_server(stack: Stack) -> None:
    known = json.loads((stack.folder / ".run" / "stack.json").read_text())
    (pid,) = (each["pid"] for each in known["components"] if each["name"] == "api-server")
    for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        os.kill(process.pid, signal.SIGKILL)


def _again(stack: Stack) -> None:
    """Start what was killed, while the browser goes on."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        worker.submit(run, checkout=stack.folder, command="up", PORT_BASE=stack.values["PORT_BASE"]).result()
