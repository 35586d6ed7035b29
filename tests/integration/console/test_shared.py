"""Pages that stay open: read once for all who may see the same, and no user is shown what is another's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute
from requests import Response
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from kraken_import.console import pages, shared
from kraken_import.console.access import Act
from kraken_import.domain.orders import Order
from kraken_import.usecases.control import control_wave
from tests.integration.console.conftest import PLACE, USERS, Console, served
from tests.integration.console.test_misuse import absent
from tests.integration.console.test_plan import cohort
from tests.integration.console.test_wave import asking
from tests.integration.console.test_waves import ask
from tests.integration.usecases.test_reconcile import play

MANY: Final = 30
PATHS: Final = ("waves", "waves/{wave_id}", "kraken")
"""The pages that are shared and name a wave; the plan is shared as well."""


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages be shown for as long as a test may take on a machine with other work."""
    monkeypatch.setattr(shared, "CURRENT", 600.0)


def looked(console: Console, path: str, *, user: str = "ops", after: Response | None = None) -> Response:
    """Ask for a page as an open one does by itself; `after` is what it shows."""
    headers = {"X-Console": "live"}
    if after is not None:
        headers |= {"X-Console-Shown": read_at(after), "If-None-Match": after.headers.get("ETag", "")}
    return console.ask("GET", f"/{PLACE}/{path}", user=user, headers=headers)


def read_at(page: Response) -> str:
    """Return when a page was read, as the page says it, loaded by a person or not."""
    found = page.headers.get("X-Console-Read")
    if found is not None:
        return str(found)
    said = re.search(r'data-read="(\d+)"', page.text)
    assert said is not None, page.text[:300]
    return said[1]


@contextmanager
def reads(engine: Engine, *, seconds: float = 0.0) -> Iterator[list[int]]:
    """Count how often the database is read from, and have each of these begin so late."""
    found: list[int] = []

    def count(*_: Any) -> None:
        found.append(1)
        time.sleep(seconds)

    event.listen(engine, "checkout", count)
    try:
        yield found
    finally:
        event.remove(engine, "checkout", count)


def at_once(ask: Callable[[str], Response], users: list[str]) -> list[Response]:
    """Ask as each of these users at the same time."""
    with ThreadPoolExecutor(max_workers=len(users)) as threads:
        return list(threads.map(ask, users))


def paused(console: Console, wave_id: int, *, by: str = "Ann") -> None:
    """Have another process pause a wave."""
    order = Order(by=by, reason="hotline full", at=datetime.now(UTC))
    control_wave(tracking=console.journey.tracking, wave=str(wave_id), action="pause", order=order)


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize("path", PATHS)
def test_of_many_who_look_at_once_one_reads_and_the_others_wait(console: Console, path: str) -> None:
    address = path.format(wave_id=console.journey.valid_wave(limit=2, name="tonight"))
    # May do the same, and is another user.
    users = ["ops", "admin"] * (MANY // 2)
    with reads(console.around.reading, seconds=0.5) as found:
        answers = at_once(lambda user: looked(console, address, user=user), users)
    assert {each.status_code for each in answers} == {200}
    assert all("tonight" in each.text for each in answers)
    assert len({each.content for each in answers}) == 1
    assert len(found) == 1
    with reads(console.around.reading) as found:
        looked(console, address)
    assert found == []


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize("path", PATHS)
def test_each_user_sees_what_that_user_alone_would_see(console: Console, path: str) -> None:
    console.around.answers = lambda *_: pytest.fail("Airflow was asked.")
    address = path.format(wave_id=console.journey.valid_wave(limit=2, name="tonight"))
    alone = {}
    for user in USERS:
        console.app.state.shared_pages.forget()
        alone[user] = looked(console, address, user=user)
    assert "tonight" in alone["viewer"].text
    assert "tonight" not in alone["elsewhere"].text
    if path != "kraken":
        assert "orders/new/pause" in alone["ops"].text
        assert "orders/new/pause" not in alone["viewer"].text
    for first, second in product(USERS, USERS):
        console.app.state.shared_pages.forget()
        looked(console, address, user=first)
        found = looked(console, address, user=second)
        assert found.status_code == alone[second].status_code, (first, second)
        assert timeless(found) == timeless(alone[second]), (first, second)


@pytest.mark.usefixtures("lasting")
def test_the_plan_is_shared_by_those_who_may_see_and_order_the_same(console: Console) -> None:
    cohort(console.journey, "north", size=2)
    found = {
        user: looked(console, "plan", user=user).text for user in ("ops", "viewer", "elsewhere", "admin")
    }
    assert ["north" in each for each in found.values()] == [True, True, False, True]
    assert ["orders/new/start" in each for each in found.values()] == [True, False, False, True]
    assert found["admin"] == found["ops"]


def timeless(page: Response) -> str:
    """Return the words and links of a page without how long ago something was."""
    return re.sub(r"\d+(\.\d+)?( seconds ago| s<)", "", page.text)


@pytest.mark.usefixtures("lasting")
def test_a_right_that_was_taken_away_is_missing_in_the_next_look(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id = console.journey.valid_wave(limit=2, name="tonight")
    assert "orders/new/pause" in looked(console, "waves").text
    without = replace(USERS["ops"], acts=frozenset(Act) - {Act.CONTROL})
    monkeypatch.setitem(USERS, "ops", without)
    assert "orders/new/pause" not in looked(console, "waves").text
    assert looked(console, f"waves/{wave_id}").status_code == 200
    monkeypatch.setitem(USERS, "ops", replace(without, unread=frozenset({"edf_accounts"})))
    assert "tonight" not in looked(console, "waves").text
    assert looked(console, f"waves/{wave_id}").status_code == 404


@pytest.mark.usefixtures("lasting")
def test_what_airflow_answers_to_one_user_is_shown_to_no_other(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required", four_eyes=True, requested_by="OPS")
    ask(journey, wave_id)
    asking(console)
    address = f"waves/{wave_id}"
    for users in (("ops", "admin"), ("admin", "ops")):
        console.app.state.shared_pages.forget()
        found = {user: looked(console, address, user=user).text for user in users}
        assert "orders/new/approve" not in found["ops"]
        assert "orders/new/approve" in found["admin"]
    asked = len(console.around.calls)
    # The same user's own pages are shared: what Airflow has said to that user stands there.
    looked(console, address, user="ops")
    assert len(console.around.calls) == asked
    # Nor is one told that there is no question because another may not see it.
    console.app.state.shared_pages.forget()
    console.around.answers = absent
    assert "orders/new/approve" not in looked(console, address, user="ops").text
    asking(console)
    assert "orders/new/approve" in looked(console, address, user="admin").text


def test_an_open_page_shows_a_change_within_five_seconds(console: Console) -> None:
    wave_id = console.journey.valid_wave(limit=2)
    spread = re.search(rb"^const SPREAD = ([0-9.]+);$", script(), re.MULTILINE)
    assert spread is not None
    # The latest look that the script of a page chooses, after what was read just before the change.
    page = looked(console, f"waves/{wave_id}", user="viewer")
    paused(console, wave_id)
    waits = float(page.headers["X-Console-Next"]) + float(spread[1])
    # What is left of five seconds is for reading, on a machine with other work as well.
    assert shared.CURRENT / 2 < waits < 4.5
    time.sleep(waits)
    assert "paused by Ann" in looked(console, f"waves/{wave_id}", user="viewer", after=page).text


def test_one_that_looks_late_is_told_to_look_again_when_what_it_sees_is_as_old_as_for_others(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id = console.journey.valid_wave(limit=2)
    first = looked(console, f"waves/{wave_id}")
    time.sleep(0.5)
    second = looked(console, f"waves/{wave_id}")
    assert read_at(second) == read_at(first)
    assert float(second.headers["X-Console-Next"]) < float(first.headers["X-Console-Next"]) - 0.4
    monkeypatch.setattr(shared, "CURRENT", 0.01)
    monkeypatch.setattr(shared, "_REST", 0.0)
    console.app.state.shared_pages.forget()
    looked(console, f"waves/{wave_id}")
    paused(console, wave_id)
    time.sleep(0.02)
    assert "paused by Ann" in looked(console, f"waves/{wave_id}").text


@pytest.mark.usefixtures("lasting")
def test_what_a_person_loads_is_read_for_that_person(console: Console) -> None:
    wave_id = console.journey.valid_wave(limit=2)
    before = looked(console, f"waves/{wave_id}", user="viewer")
    paused(console, wave_id)
    # It is shared, or this would show nothing.
    assert read_at(looked(console, f"waves/{wave_id}", user="viewer")) == read_at(before)
    loaded = console.get(f"waves/{wave_id}")
    assert "paused by Ann" in loaded.text
    # And never shows what is older by itself.
    assert "paused by Ann" in looked(console, f"waves/{wave_id}", user="viewer", after=loaded).text


@pytest.mark.usefixtures("lasting")
def test_who_gives_an_order_sees_its_effect_at_once_and_so_do_others_who_look(console: Console) -> None:
    wave_id = console.journey.valid_wave(limit=2)
    looks = list(product(("waves", f"waves/{wave_id}", "kraken"), ("ops", "viewer")))
    for path, user in looks:
        assert "paused by" not in looked(console, path, user=user).text, (path, user)
    console.order("pause", wave=wave_id, reason="hotline full")
    for path, user in looks:
        assert "paused by ops" in looked(console, path, user=user).text, (path, user)


@pytest.mark.usefixtures("lasting")
def test_an_order_that_another_server_took_is_seen_at_once_by_who_gave_it(console: Console) -> None:
    wave_id = console.journey.valid_wave(limit=2)
    path = f"waves/{wave_id}"
    with served(journey=console.journey, around=console.around) as other:
        assert "paused by ops" not in looked(other, path).text
        console.order("pause", wave=wave_id, reason="hotline full")
        loaded = console.get(path, user="ops")
        # What the other server keeps is older than what the page shows.
        assert "paused by ops" not in looked(other, path).text
        assert "paused by ops" in looked(other, path, after=loaded).text


def test_what_could_not_be_read_is_told_to_those_who_waited_and_not_kept(console: Console) -> None:
    console.journey.valid_wave(limit=2, name="tonight")
    working = console.around.reading
    gone = create_engine(
        working.url.set(database="no_such_database"), poolclass=NullPool, connect_args={"connect_timeout": 5}
    )
    tries: list[int] = []

    @event.listens_for(gone, "do_connect")
    def _(*_: Any) -> None:
        tries.append(1)
        time.sleep(0.5)

    console.around.reading = gone
    answers = at_once(lambda user: looked(console, "waves", user=user), ["ops"] * 10)
    assert {each.status_code for each in answers} == {503}
    assert len(tries) == 1
    console.around.reading = working
    assert "tonight" in looked(console, "waves").text


def test_what_has_not_changed_is_not_sent_again(console: Console) -> None:
    wave_id = play(console.journey, limit=2)
    first = looked(console, f"waves/{wave_id}")
    console.app.state.shared_pages.forget()
    same = looked(console, f"waves/{wave_id}", after=first)
    assert (same.status_code, same.content) == (304, b"")
    assert int(read_at(same)) > int(read_at(first))
    assert float(same.headers["X-Console-Next"]) > 2
    console.order("close", wave=wave_id, reason="done")
    assert looked(console, f"waves/{wave_id}", after=same).status_code in (200, 304)
    plain = console.ask(
        "GET",
        f"/{PLACE}/waves/{wave_id}",
        user="ops",
        headers={"X-Console": "live", "Accept-Encoding": "identity"},
    )
    packed = looked(console, f"waves/{wave_id}")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.usefixtures("lasting")
def test_only_pages_without_customers_are_kept(console: Console) -> None:
    journey = console.journey
    with journey.legacy_superuser.begin() as legacy:
        legacy.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = 'GB-000000002'"
        )
    wave_id = play(journey, limit=3)
    (record,) = journey.rows("SELECT id FROM migration.import_process WHERE state = 'rejected'")
    console.order("export", wave=wave_id)
    (order,) = journey.rows("SELECT id FROM migration.console_action")
    given = {
        "place": PLACE,
        "wave_id": wave_id,
        "record_id": record["id"],
        "cohort_id": cohort(journey, "north", size=2),
        "action_id": order["id"],
        "kind": f"cancel?wave={wave_id}",
        "dialect": "edf_accounts",
        "name": "console.css",
        "dag_id": "migrate_edf_accounts",
        "run_id": "run-1",
    }
    asked = 0
    for route in console.app.routes:
        if isinstance(route, APIRoute) and "GET" in route.methods:
            path = route.path.replace(":path}", "}").format(**given)
            query = f"?wave={wave_id}" if path.endswith("/left") else ""
            answer = console.ask("GET", path + query, user="admin", headers={"X-Console": "live"})
            asked += answer.status_code == 200
    assert asked > 15
    kept = console.app.state.shared_pages._pages
    assert {path for _, path, _ in kept} == {
        f"/{PLACE}/{path.format(wave_id=wave_id)}" for path in (*PATHS, "plan")
    }
    assert not [each for found in kept.values() for each in found if b"GB-0000000" in each.body]


def test_an_open_page_gets_all_its_parts_and_nothing_of_its_frame(console: Console) -> None:
    wave_id = play(console.journey, limit=2)
    cohort(console.journey, "north", size=2)
    for path in ("waves", f"waves/{wave_id}", "kraken", "plan", "orders", "cut-over"):
        loaded, live = console.get(path, user="ops"), looked(console, path)
        parts = re.findall(r'id="([\w-]+)" data-live', loaded.text)
        assert parts, path
        assert re.findall(r'id="([\w-]+)" data-live', live.text) == parts, path
        assert f'data-version="{pages.version()}"' in live.text
        assert "<nav" not in live.text
        assert len(live.content) < len(loaded.content)


def script() -> bytes:
    """Return the script of the pages."""
    found = pages.static(name="console.js")
    assert found is not None
    return bytes(found.body)
