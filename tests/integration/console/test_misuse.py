"""What addresses, forms, haste and the end of a server are not to bring about."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from fastapi import Request
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool

from kraken_import.console import forms
from kraken_import.console.access import Answer
from kraken_import.console.asking import Asked
from kraken_import.console.routes import cutover
from kraken_import.tracking import actions
from kraken_import.usecases.gate import ApprovalBarred, answer_question
from tests.integration.console.conftest import PLACE, USERS, Console, words_of
from tests.integration.console.test_wave import asking
from tests.integration.console.test_waves import ask
from tests.integration.usecases.test_reconcile import play

MANY = 60
"""More requests at once than a server has threads."""


def begun(console: Console, kind: str, *, ago: timedelta = timedelta(0), **more: object) -> str:
    """Record an order as if the server had got no further than this, so long ago."""
    number = str(uuid4())
    values = {"dialect": "edf_accounts", "wave_id": None, "dag_id": None, "run_id": None} | more
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.console_action "
            "(id, kind, dialect, wave_id, dag_id, run_id, scope, reason, ordered_by, ordered_at) VALUES "
            "(%(id)s, %(kind)s, %(dialect)s, %(wave_id)s, %(dag_id)s, %(run_id)s, 'x', 'y', 'ops', %(at)s)",
            values | {"id": number, "kind": kind, "at": datetime.now(UTC) - ago},
        )
    return number


def outcome(console: Console, number: str) -> str | None:
    (row,) = console.journey.rows("SELECT outcome FROM migration.console_action WHERE id = :id", id=number)
    found: str | None = row["outcome"]
    return found


def absent(_method: str, _path: str, _body: Any) -> Answer:
    """Have Airflow know of no run."""
    return Answer(status=404, document={"detail": "not found"})


def test_an_address_gives_no_other_order_than_its_page_shows(console: Console) -> None:
    wave_id = console.journey.plan(limit=2).wave_id
    form = console.form(
        f"orders/new/pause?wave={wave_id}&kind=cancel&id={uuid4()}&shown=7&form_token=none&reason=none"
    )
    done = console.post("orders", form | {"reason": "hotline full"})
    assert "is paused" in words_of(done)
    (order,) = console.journey.rows("SELECT kind FROM migration.console_action")
    assert order["kind"] == "pause"


@contextmanager
def at_work(console: Console, order: str) -> Iterator[None]:
    """Hold an order as the process does that carries it out."""
    with console.journey.tracking.connect() as connection:
        key = {"id": order}
        connection.execute(text("SELECT pg_advisory_lock(1720461, hashtext(:id))"), key)
        assert actions.is_held(connection=connection, action_id=UUID(order))
        yield
        connection.execute(text("SELECT pg_advisory_unlock(1720461, hashtext(:id))"), key)


@pytest.mark.parametrize("kind", ["export", "reconcile", "start", "rerun", "decide"])
def test_an_order_that_is_being_carried_out_is_not_ended_by_a_look_at_it(console: Console, kind: str) -> None:
    console.around.answers = absent
    run = {} if kind in ("export", "rerun", "decide") else {"dag_id": "migrate_edf_accounts", "run_id": "r"}
    # However long it takes.
    order = begun(console, kind, ago=timedelta(minutes=5), **run)
    with at_work(console, order):
        assert console.get(f"orders/{order}").status_code == 200
        assert outcome(console, order) is None
    assert console.get(f"orders/{order}").status_code == 200
    assert outcome(console, order) == "failed"


def test_an_answer_that_never_reached_airflow_is_said(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required")
    ask(journey, wave_id)
    asking(console)
    run = {"wave_id": wave_id, "dag_id": "migrate_edf_accounts", "run_id": "run-1"}
    young = begun(console, "approve", **run)
    assert "within seconds" in words_of(console.get(f"orders/{young}"))
    old = begun(console, "approve", ago=timedelta(minutes=5), **run)
    assert "the question is still open" in words_of(console.get(f"orders/{old}"))
    assert outcome(console, old) == "failed"


def test_the_second_of_two_answers_is_not_told_what_became_of_the_first(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required", four_eyes=True, requested_by="ann")
    ask(journey, wave_id)
    asking(console)
    with suppress(ApprovalBarred):
        answer_question(
            tracking=journey.tracking,
            wave_id=wave_id,
            approved=True,
            answered_by="ann",
            now=datetime.now(UTC),
        )
    given = console.order("approve", wave=wave_id)
    assert "does not count" not in words_of(given)
    answer_question(
        tracking=journey.tracking, wave_id=wave_id, approved=True, answered_by="ops", now=datetime.now(UTC)
    )
    again = console.ask("GET", given.url.removeprefix(console.address), user="ops")
    assert "The wave was approved by ops" in words_of(again)


def test_an_answer_to_an_earlier_question_is_refused(console: Console) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=2, approval="required")
    ask(journey, wave_id)
    asking(console)
    form = console.form(f"orders/new/approve?wave={wave_id}")
    with journey.tracking_superuser.begin() as connection:
        # As when its run was cleared after a rejection, and other records are valid now.
        connection.exec_driver_sql("UPDATE migration.wave SET asked_at = asked_at + interval '1 second'")
    late = console.post("orders", form | {"reason": "looks right"})
    assert late.status_code == 409
    assert "another question" in words_of(late)
    assert not [call for call in console.around.calls if call[0] == "PATCH"]


def test_what_was_stopped_is_named_only_to_those_who_may_read_it(console: Console) -> None:
    console.journey.plan(limit=1, name="secret-name")
    done = console.order("stop_all", user="elsewhere")
    assert "secret-name" not in done.text
    assert "Stopped 1 wave" in words_of(done)
    assert "secret-name" not in console.get("orders", user="elsewhere").text


def test_no_address_makes_a_page_break(console: Console) -> None:
    wave_id = play(console.journey, limit=1)
    large = "9_999_999_999_999_999_999"
    for path in (
        "waves?mode=%00",
        "waves?before=" + large,
        "waves/" + large,
        f"left?wave={wave_id}&code=%00",
        f"left?wave={wave_id}&path=a%00b",
        f"left?wave={wave_id}&after=" + large,
        f"orders/new/rerun?wave={wave_id}&stage=%00",
        f"waves/{wave_id}/cut-over?code=%00",
        "cut-over?before=" + large,
        "records/" + large,
        "records/%2B99999999999999999999",
        "plan/" + large,
        "data/%00",
        "data/edf_accounts?find=%00",
    ):
        answer = console.get(path, user="ops")
        assert answer.status_code < 500, (path, answer.text)
    for run in ("migrate_edf_accounts/run%00", "mi%00grate_edf_accounts/run-1", "_/..%2F..%2Fwaves", "a/b"):
        assert console.ask("GET", f"/runs/{run}", user="ops").status_code == 404, run


def test_a_form_of_any_length_is_refused_before_it_is_read(console: Console) -> None:
    for path in ("cut-over/pick", "orders", "customers", "triage"):
        answer = console.post(path, {"picked": "x" * 10_000_000})
        assert answer.status_code == 409, path
        assert "64 kB" in words_of(answer)


def test_all_that_a_page_of_the_cut_over_shows_can_be_picked(console: Console) -> None:
    wave_id = play(console.journey, limit=1)
    token = console.form("customers")["form_token"]
    picked = [f"late_change:{10**9 + number}-balance_changed" for number in range(100)]
    answer = console.ask(
        "POST",
        f"/{PLACE}/cut-over/pick",
        user="ops",
        data={"form_token": token, "wave": str(wave_id), "picked": picked},
        headers={"Origin": console.address},
    )
    assert answer.status_code == 200, words_of(answer)
    assert "Nothing matches any more" in words_of(answer)


def test_an_owner_is_a_name_that_can_be_read(console: Console) -> None:
    console.journey.legacy_superuser.connect().close()
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET account_class = 'ZZZ'")
    wave_id = play(console.journey, limit=2)
    assert "Listed:" in words_of(console.order("list_leftovers", wave=wave_id))
    form = console.form(f"orders/new/own?wave={wave_id}&whose=none")
    done = console.post("orders", form | {"owner": "An\x00n\u202e", "note": "so\x00", "reason": "tonight"})
    assert "ha" in words_of(done)
    owned = console.journey.rows("SELECT DISTINCT owner, note FROM migration.hand_back")
    assert [dict(each) for each in owned] == [{"owner": "Ann", "note": "so"}]


def test_a_stalled_download_holds_no_connection(console: Console) -> None:
    wave_id = play(console.journey, limit=3)
    around = console.around
    around.reading = create_engine(around.reading.url, poolclass=QueuePool)
    try:
        request = Request({"type": "http", "headers": [], "path_params": {}, "query_string": b""})
        asked = Asked(request=request, surroundings=around, caller=USERS["ops"], place=PLACE)
        lines = cutover._crosswalk(asked=asked, wave_id=wave_id)
        assert next(lines).startswith("external_identifier")
        assert next(lines).count("\r\n") == 3
        assert around.reading.pool.checkedout() == 0  # type: ignore[attr-defined]
        lines.close()
    finally:
        around.reading.dispose()


def test_as_many_pages_as_threads_leave_some_to_airflow(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = console.journey
    wave_id = journey.valid_wave(limit=1, approval="required")
    ask(journey, wave_id)

    async def in_a_thread() -> None:
        # Airflow's own routes work in the threads that the console's work in.
        with anyio.fail_after(10):
            await anyio.to_thread.run_sync(lambda: None)

    def airflow(*, request: Request, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        anyio.from_thread.run(anyio.sleep, 0.5)
        anyio.from_thread.run(in_a_thread)
        return Answer(status=404, document={})

    monkeypatch.setattr(console.around, "airflow", airflow)
    with ThreadPoolExecutor(MANY) as people:
        pages = [people.submit(console.get, f"waves/{wave_id}") for _ in range(MANY)]
        assert {page.result().status_code for page in pages} == {200}


def test_a_page_waits_for_no_lock_for_ever(console: Console) -> None:
    request = Request({"type": "http", "headers": [], "path_params": {}, "query_string": b""})
    asked = Asked(request=request, surroundings=console.around, caller=USERS["ops"], place=PLACE)
    with asked.read() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "20s"


def test_orders_that_wait_for_each_other_need_no_further_connection(console: Console) -> None:
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET account_class = 'ZZZ'")
    wave_id = play(console.journey, limit=2)
    state = "running"
    console.around.answers = lambda method, _path, _body: Answer(
        status=200, document={"state": state} if method == "GET" else {}
    )
    assert console.order("rerun", wave=wave_id).status_code == 200
    assert "is under way" in words_of(console.get(f"orders/new/rerun?wave={wave_id}", user="ops"))
    state = "failed"
    form = console.form(f"orders/new/rerun?wave={wave_id}")
    (first,) = console.journey.rows("SELECT id, outcome FROM migration.console_action")
    # A look at what could be ordered changes nothing.
    assert first["outcome"] is None
    one = create_engine(
        console.journey.tracking.url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=1
    )
    console.around.writing = one
    try:
        assert console.post("orders", form | {"reason": "again"}).status_code == 200
    finally:
        one.dispose()
    assert outcome(console, str(first["id"])) == "failed"
    (second,) = console.journey.rows(
        "SELECT selection_id FROM migration.console_action WHERE reason = 'again'"
    )
    assert second["selection_id"] is not None


def test_a_form_that_arrives_too_slowly_is_refused(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_LONGEST_WAIT", 0.5)
    host, _, port = console.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        head = (
            f"POST /{PLACE}/orders HTTP/1.1\r\nHost: {host}:{port}\r\nX-Test-User: ops\r\nContent-Length: 9"
        )
        client.sendall(f"{head}\r\n\r\nkind".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 409")
