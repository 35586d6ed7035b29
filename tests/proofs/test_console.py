"""The console inside a real Airflow, in a real browser: a night by its pages alone, and what may go wrong."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kraken_import.generator import load
from tests.browser import crawling
from tests.browser.desk import PHONE, WIDE, Desk, Office, expect
from tests.checkouts import run
from tests.conftest import ROOT
from tests.marks import mark, marks_in
from tests.stacks import DAG, Stack, running_stack

pytestmark = pytest.mark.timeout(400)

PLACE = "tracking"
CUSTOMERS = 400
DAGS = (DAG, "rerun_edf_accounts", "plan_cohort", "reconcile", "control_wave")
NAMES = {"ops": "AIRFLOW_OPS", "admin": "AIRFLOW", "viewer": "AIRFLOW_VIEWER"}
IMAGES = ROOT / "docs" / "images"
NIGHT_SECONDS = 120.0
"""Within which a wave of a few customers ends, on a loaded machine."""


@pytest.fixture(scope="module")
def night(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with customers of EDF, of whom some were planted to fail."""
    with running_stack(folder=tmp_path_factory.mktemp("console"), dags=DAGS) as stack:
        url = stack.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = create_engine(url, poolclass=NullPool)
        load.generate(engine=engine, dialect="edf_accounts", first=1, last=CUSTOMERS, seed=7)
        yield stack


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
    """The identifiers of customers, both ends among them."""
    assert 1 <= first <= last <= CUSTOMERS
    return [f"GB-{number:09}" for number in range(first, last + 1)]


def started(stack: Stack, name: str, first: int, last: int, **settings: Any) -> tuple[int, str]:
    """Start a wave of these customers as an operator would in Airflow. Returns its id and that of its run."""
    conf = {"wave": name, "identifiers": customers(first, last), "threshold": 1, **settings}
    run_id = str(stack.start(**conf).json()["dag_run_id"])
    found = f"SELECT id FROM migration.wave WHERE run_id = '{run_id}'"
    ((wave_id,),) = stack.until(lambda: stack.rows("TRACKING_DSN", found))
    return wave_id, run_id


@contextmanager
def slowed(stack: Stack, *, seconds: float, operation: str = "create") -> Iterator[None]:
    """Have Kraken take its time, so that a wave is under way while a person looks."""
    faults = f"{stack.values['KRAKEN_URL']}/simulator/faults"
    fault = {"kind": "slow", "operation": operation, "seconds": seconds}
    requests.post(faults, json=fault, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(faults, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def ended(night: Stack) -> int:
    """A wave that has ended, for pages that are only looked at: most of it is migrated, some is refused."""
    rejected, *_ = customers(10, 10)
    night.change(f"UPDATE legacy.account SET account_class = 'ZZ' WHERE account_number = '{rejected}'")
    wave_id, run_id = started(night, "ended", 1, 20, batch_size=5)
    assert night.finish(run_id) == "success"
    return wave_id


def waiting(stack: Stack, name: str, first: int, last: int) -> tuple[int, str]:
    """A wave that waits for its approval, and so stays as it is until a test has looked."""
    wave_id, run_id = started(stack, name, first, last, approval="required")
    gate = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/gate"
    stack.until(lambda: stack.api("GET", gate).json()["state"] == "deferred")
    return wave_id, run_id


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
            orders = viewer.page.locator("main a[href*='/orders/new/'], main form[method=post]")
            expect(orders).to_have_count(0)
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
        wave_id, run_id = started(night, "held", 31, 90, requests_in_flight=2)
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
        assert len(night.created()) - len(before) < 60
    with office.desk("ops") as ops:
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile("succeeded|ended"), seconds=NIGHT_SECONDS)
        log = ops.main.get_by_role("row")
        expect(log.filter(has_text="hotline full")).to_contain_text("ops")
        expect(log.filter(has_text="hotline free")).to_contain_text("ops")
    assert night.finish(run_id) == "success"


def test_a_button_that_is_pressed_twice_gives_one_order(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "twice", 91, 93)
    orders = f"SELECT id FROM migration.console_action WHERE wave_id = {wave_id}"
    with office.desk("ops") as ops:
        ops.go(f"waves/{wave_id}")
        ops.prepare("Pause", reason="pressed twice")
        ops.main.locator("form[data-once] button[type=submit]").dblclick()
        assert "is paused" in ops.outcome()
        assert len(night.rows("TRACKING_DSN", orders)) == 1
        # Nor does going back and sending the same form again.
        ops.page.go_back()
        ops.page.locator("form[data-once]").evaluate("form => form.submit()")
        ops.outcome()
        assert len(night.rows("TRACKING_DSN", orders)) == 1
    _withdraw(night, "twice", run_id)


def test_an_order_says_what_it_will_do_and_is_not_sent_without_a_reason(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "reasonless", 94, 95)
    with office.desk("ops") as ops:
        ops.go(f"waves/{wave_id}")
        assert "what was not created is free for another wave" in ops.prepare("Cancel", reason="")
        ops.main.locator("form[data-once] button[type=submit]").click()
        assert ops.path.startswith("orders/new/cancel")
        assert ops.main.get_by_label(re.compile("^Reason")).evaluate("each => !each.validity.valid")
        ops.press("Back")
        expect(ops.page).to_have_url(f"{office.address}/waves/{wave_id}")
    assert night.rows("TRACKING_DSN", "SELECT 1 FROM migration.console_action WHERE reason = ''") == []
    _withdraw(night, "reasonless", run_id)


def test_of_two_people_who_pause_a_wave_at_once_the_second_is_told(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "two", 96, 97)
    with office.desk("ops") as ops, office.desk("admin") as admin:
        for each in (ops, admin):
            each.go(f"waves/{wave_id}")
            each.prepare("Pause", reason=f"seen by {each.user}")
        assert "is paused" in ops.send()
        assert "is paused already" in admin.send()
        admin.press("To the wave")
        admin.shows("seen by ops")
    _withdraw(night, "two", run_id)


def test_orders_are_given_without_any_script(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "scriptless", 98, 99)
    window = office.browser.new_context(**office.logins("ops"), java_script_enabled=False)
    try:
        ops = Desk(page=window.new_page(), address=office.address, user="ops")
        ops.go(f"waves/{wave_id}")
        assert "is paused" in ops.order("Pause", reason="no script")
        ops.press("To the wave")
        assert "paused by ops" in ops.words
    finally:
        window.close()
    _withdraw(night, "scriptless", run_id)


def test_a_form_that_another_site_sends_does_nothing(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "foreign", 100, 101)
    with office.desk("ops") as ops:
        ops.go(f"waves/{wave_id}")
        ops.prepare("Cancel", reason="sent from elsewhere")
        form = ops.page.locator("form[data-once]").evaluate(
            "form => { form.action = form.action; return form.outerHTML }"
        )
        reason = "<input name=reason value='sent from elsewhere'>"
        # Another site has the user's browser send it, with all that the form holds.
        ops.page.route(
            "https://elsewhere.example/**",
            lambda route: route.fulfill(
                content_type="text/html",
                body=form.replace("</form>", f"{reason}</form>").replace(
                    'action="/', f'action="{night.values["AIRFLOW_URL"]}/'
                ),
            ),
        )
        ops.page.goto("https://elsewhere.example/")
        with ops.page.expect_navigation():
            ops.page.locator("form").evaluate(
                "form => { form.querySelector('textarea').remove(); form.submit() }"
            )
        assert ops.page.locator("main").inner_text().find("so nothing was done") > 0 or (
            "Log in to Airflow first" in ops.page.locator("main").inner_text()
        )
    assert (
        night.rows("TRACKING_DSN", f"SELECT 1 FROM migration.console_action WHERE wave_id = {wave_id}") == []
    )
    _withdraw(night, "foreign", run_id)


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


def _withdraw(stack: Stack, name: str, run_id: str) -> None:
    """End a wave that only waited for a test."""
    run(checkout=stack.folder, command="wave-cancel", WAVE=name)
    assert stack.finish(run_id) == "failed"


# What goes wrong.


def test_a_page_is_at_most_five_seconds_old_and_is_not_loaded_again(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "live", 132, 133)
    with office.desk("viewer") as viewer:
        viewer.go(f"waves/{wave_id}")
        viewer.page.evaluate("() => { window.isTheSamePage = true }")
        run(checkout=night.folder, command="wave-pause", WAVE="live", REASON="seen by itself")
        viewer.shows("seen by itself", seconds=6)
        assert viewer.page.evaluate("() => window.isTheSamePage")
    _withdraw(night, "live", run_id)


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
        expect(viewer.page.get_by_text(re.compile("connection is lost|Log in"))).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "waves/999999",
        "waves/0",
        "waves/-1",
        "waves/x",
        "waves/99999999999999999999999",
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


def test_ten_megabytes_of_text_are_refused_and_the_console_goes_on(office: Office, ended: int) -> None:
    with office.desk("ops") as ops:
        ops.go("waves")
        refused = ops.page.evaluate(
            """async ([path, length]) => {
                const answer = await fetch(path, {method: "POST",
                    headers: {"Content-Type": "application/x-www-form-urlencoded"},
                    body: "id=" + "x".repeat(length)}).catch(() => ({status: 0}));
                return answer.status;
            }""",
            [f"{office.address}/orders", 10_000_000],
        )
        assert 400 <= refused < 500 or refused == 0
        assert ops.go("waves") == 200


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


def test_the_keyboard_alone_reaches_a_wave_and_pauses_it(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "by keys", 134, 135)
    with office.desk("ops") as ops:
        ops.go("waves")
        keys = ops.page.keyboard
        # The first stop leads over the menu.
        ops.tab_to("To the content")
        keys.press("Enter")
        ops.tab_to("by keys")
        keys.press("Enter")
        expect(ops.page).to_have_url(f"{office.address}/waves/{wave_id}")
        ops.tab_to("Pause")
        keys.press("Enter")
        ops.tab_to("Reason")
        keys.type("by keys alone")
        ops.tab_to("Pause")
        keys.press("Enter")
        assert "is paused" in ops.outcome()
    _withdraw(night, "by keys", run_id)


def test_the_focus_stays_where_it_is_while_a_page_renews_itself(office: Office, night: Stack) -> None:
    wave_id, run_id = waiting(night, "focused", 136, 137)
    with office.desk("ops") as ops:
        ops.go("waves")
        ops.tab_to("focused")
        with ops.page.expect_response(lambda answer: answer.request.headers.get("x-console") == "live"):
            run(checkout=night.folder, command="wave-pause", WAVE="focused", REASON="so that it changes")
        ops.page.keyboard.press("Enter")
        expect(ops.page).to_have_url(f"{office.address}/waves/{wave_id}")
    _withdraw(night, "focused", run_id)


def test_pictures_of_the_documentation_are_those_of_this_run(
    office: Office, night: Stack, ended: int
) -> None:
    with slowed(night, seconds=1), office.desk("ops") as ops:
        wave_id, run_id = started(night, "tonight", 141, 240, batch_size=10, requests_in_flight=2)
        ops.go(f"waves/{wave_id}")
        ops.shows(re.compile(r"[1-9]\d* processed"), seconds=NIGHT_SECONDS)
        ops.picture(file=IMAGES / "console-wave.png")
        ops.turn_to("Waves")
        ops.shows("tonight")
        ops.picture(file=IMAGES / "console-waves.png")
    assert night.finish(run_id) == "success"
    for name in ("wave", "waves"):
        assert (IMAGES / f"console-{name}.png").stat().st_size > 10_000
