"""Orders whose process dies in their middle: they say so, and are given again once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from uuid import UUID, uuid4

from kraken_import.tracking import actions
from kraken_import.tracking.actions import NewAction
from tests.integration.console.conftest import Console, form_of, words_of
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_reruns import SOUND

_CARRIES_OUT = """
import json, sys, time
from uuid import UUID
from sqlalchemy import create_engine
from kraken_import.tracking import actions

told = json.loads(sys.stdin.readline())
engine = create_engine(told.pop("dsn"))
order = actions.NewAction(**told | {"id": UUID(told["id"])}, scope="a wave", reason="so", ordered_by="ops")
with actions.taken(engine=engine, action=order):
    print("begun", flush=True)
    time.sleep(600)
"""


@contextmanager
def process_at_work(console: Console, **order: object) -> Iterator[tuple[UUID, subprocess.Popen[str]]]:
    """A process that has taken an order and is carrying it out."""
    dsn = console.journey.tracking.url.render_as_string(hide_password=False)
    told = {"dsn": dsn, "id": str(uuid4()), "dialect": "edf_accounts", **order}
    process = subprocess.Popen(
        [sys.executable, "-c", _CARRIES_OUT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "begun\n"
        yield UUID(told["id"]), process
    finally:
        process.kill()
        process.communicate()


def test_who_presses_second_takes_nothing_from_who_was_first(console: Console) -> None:
    engine = console.journey.tracking
    order = NewAction(id=uuid4(), kind="pause", scope="a wave", reason="so", ordered_by="ops")

    def is_at_work() -> bool:
        with engine.connect() as connection:
            return actions.is_held(connection=connection, action_id=order.id)

    with actions.taken(engine=engine, action=order) as is_first:
        with actions.taken(engine=engine, action=order) as is_first_too:
            assert (is_first, is_first_too) == (True, False)
        assert is_at_work()
    # Its session ends on the server in its own time.
    end = time.monotonic() + 20
    while is_at_work():
        assert time.monotonic() < end


def test_an_order_is_held_by_the_time_that_others_see_it(console: Console) -> None:
    engine = console.journey.tracking
    orders = [
        NewAction(id=uuid4(), kind="pause", scope="a wave", reason="so", ordered_by="ops") for _ in range(20)
    ]
    together = Barrier(2)

    def press(order: NewAction) -> None:
        together.wait(timeout=20)
        with actions.taken(engine=engine, action=order) as is_first:
            if not is_first:
                return
            # The other one has looked, and gone, by then.
            time.sleep(0.05)
            with engine.connect() as connection:
                assert actions.is_held(connection=connection, action_id=order.id)

    with ThreadPoolExecutor(max_workers=2) as people:
        for order in orders:
            list(people.map(press, (order, order)))


def rows(console: Console) -> list[Mapping[str, object]]:
    return list(console.journey.rows("SELECT * FROM migration.console_action ORDER BY ordered_at"))


def until_broken_off(console: Console, path: str) -> str:
    """Load a page until it says that an order was broken off."""
    end = time.monotonic() + 20
    while "It was broken off" not in (page := console.get(path, user="ops")).text:
        assert time.monotonic() < end
    return page.text


def test_an_order_whose_process_dies_says_so_and_is_given_again_once(console: Console) -> None:
    wave_id = console.journey.plan(limit=1).wave_id
    order = {"kind": "pause", "wave_id": wave_id, "asked_for": {"wave": str(wave_id)}}
    with process_at_work(console, **order) as (action_id, process):
        for path in (f"orders/{action_id}", "orders", f"waves/{wave_id}"):
            page = console.get(path, user="ops")
            assert "It is being carried out." in words_of(page)
            assert "Order it again" not in page.text
        process.kill()
        page = until_broken_off(console, f"orders/{action_id}")
    assert [row["outcome"] for row in rows(console)] == ["failed"]
    assert "Order it again" not in console.get(f"orders/{action_id}").text
    (link,) = re.findall(r'href="[^"]*/tracking/(orders/new/pause\?[^"]*)"', page)
    pages = {user: console.get(link.replace("&amp;", "&"), user=user) for user in ("ops", "admin")}
    with ThreadPoolExecutor(max_workers=2) as people:
        list(
            people.map(
                lambda user: console.post("orders", form_of(pages[user]) | {"reason": "again"}, user=user),
                pages,
            )
        )
    assert [row["outcome"] for row in rows(console)] == ["failed", "done"]
    assert len(console.journey.rows("SELECT * FROM migration.wave_control")) == 1
    # Who comes later is led to what was done.
    late = console.get(link.replace("&amp;", "&"), user="admin")
    assert str(rows(console)[1]["id"]) in late.url
    assert "Order it again" not in late.text


def test_the_page_of_a_wave_says_that_an_order_about_it_was_broken_off(console: Console) -> None:
    wave_id = console.journey.plan(limit=1).wave_id
    with process_at_work(console, kind="cancel", wave_id=wave_id) as (_, process):
        process.kill()
        until_broken_off(console, f"waves/{wave_id}")
    assert [row["outcome"] for row in rows(console)] == ["failed"]


def test_the_list_of_orders_finds_out_which_processes_are_gone(console: Console) -> None:
    with process_at_work(console, kind="stop_all", dialect=None) as (_, process):
        process.kill()
        until_broken_off(console, "orders")
    assert [row["outcome"] for row in rows(console)] == ["failed"]


def test_a_rerun_that_died_before_it_was_begun_is_in_the_way_of_none(console: Console) -> None:
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET account_class = 'ZZZ'")
    wave_id = finished_wave(console.journey, SOUND[0], name="pilot")
    asked_for = {"wave": str(wave_id), "state": "rejected"}
    with process_at_work(console, kind="rerun", wave_id=wave_id, asked_for=asked_for) as (action_id, process):
        assert "is being begun" in words_of(console.get(f"orders/{action_id}", user="ops"))
        process.kill()
        page = until_broken_off(console, f"orders/{action_id}")
    (link,) = re.findall(r'href="[^"]*/tracking/(orders/new/rerun\?[^"]*)"', page)
    form = form_of(console.get(link.replace("&amp;", "&"), user="ops"))
    assert (form["shown"], form["state"], form["wave"]) == ("1", "rejected", str(wave_id))
    assert console.post("orders", form | {"reason": "again"}).status_code == 200
    assert [call[1] for call in console.around.calls if call[0] == "POST"] == [
        "/api/v2/dags/rerun_edf_accounts/dagRuns"
    ]
    assert rows(console)[1]["selection_id"] is not None


def test_what_a_person_wrote_is_not_kept_for_another_order(console: Console) -> None:
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET account_class = 'ZZZ'")
    wave_id = finished_wave(console.journey, SOUND[0], name="pilot")
    console.order("list_leftovers", wave=wave_id)
    form = console.form(f"orders/new/own?wave={wave_id}&whose=none")
    console.post("orders", form | {"owner": "Ann", "note": "a note", "reason": "so"})
    assert [row["asked_for"] for row in rows(console)] == [
        {"wave": str(wave_id)},
        {"wave": str(wave_id), "whose": "none"},
    ]
