"""What every page of the console keeps to, and its list of waves."""

from __future__ import annotations

from fastapi.routing import APIRoute

from kraken_import.tracking import board, progress
from tests.integration.console.conftest import PLACE, Console, words_of
from tests.integration.usecases.test_reconcile import play


def test_waves_are_listed_as_they_stand(console: Console) -> None:
    wave_id = play(console.journey, limit=3)
    page = console.get("waves")
    assert page.status_code == 200
    assert f"/{PLACE}/waves/{wave_id}" in page.text
    assert "3 processed" in words_of(page)
    assert "succeeded" in words_of(page)


def test_counts_that_moves_keep_are_those_of_the_records(console: Console) -> None:
    journey = console.journey
    wave_id = play(journey, limit=7, batch_size=3)
    with journey.tracking.connect() as connection:
        counted = board.states(connection=connection, wave_ids=[wave_id])[wave_id]
        assert counted == progress.wave_states(connection=connection, wave_id=wave_id)
        for batch, states in board.batches(connection=connection, wave_id=wave_id).items():
            assert states == progress.batch_states(connection=connection, wave_id=wave_id, batch=batch)


def test_counts_of_a_wave_that_is_over_are_added_up(console: Console) -> None:
    journey = console.journey
    wave_id = play(journey, limit=7, batch_size=3)
    kept = journey.rows(
        "SELECT count(*) AS kept, count(DISTINCT (batch, state, minute)) AS different "
        "FROM migration.state_count"
    )
    assert kept[0]["kept"] == kept[0]["different"]
    with journey.tracking.begin() as connection:
        before = board.batches(connection=connection, wave_id=wave_id)
        connection.exec_driver_sql("UPDATE migration.import_process SET state = state")
        board.gather(connection=connection, wave_id=wave_id)
        assert board.batches(connection=connection, wave_id=wave_id) == before


def test_a_wave_is_paused_and_resumed_once_however_often_it_is_pressed(console: Console) -> None:
    wave_id = console.journey.plan(limit=3).wave_id
    form = console.form(f"orders/new/pause?wave={wave_id}") | {"reason": "hotline full"}
    first, second = console.post("orders", form), console.post("orders", form)
    assert "is paused" in words_of(first)
    assert words_of(first) == words_of(second)
    (order,) = console.journey.rows("SELECT * FROM migration.console_action")
    assert (order["ordered_by"], order["reason"], order["outcome"]) == ("ops", "hotline full", "done")
    assert "paused by ops" in words_of(console.get(f"waves/{wave_id}"))
    assert "is paused already" in words_of(console.order("pause", wave=wave_id))
    assert "goes on" in words_of(console.order("resume", wave=wave_id))


def test_an_order_needs_a_reason_a_permission_and_our_own_page(console: Console) -> None:
    wave_id = console.journey.plan(limit=1).wave_id
    form = console.form(f"orders/new/pause?wave={wave_id}")
    said = {"reason": "so"}
    assert console.post("orders", form | {"reason": " "}).status_code == 409
    assert console.get(f"orders/new/pause?wave={wave_id}", user="viewer").status_code == 403
    assert console.post("orders", form | said, user="viewer").status_code == 403
    assert console.post("orders", form | said, Origin="https://elsewhere.example").status_code == 403
    assert console.post("orders", form | said, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert console.post("orders", form | said | {"form_token": "made up"}).status_code == 403
    assert console.post("orders", form | said | {"reason": "x" * 3_000}).status_code == 409
    assert console.journey.rows("SELECT id FROM migration.console_action") == []


def test_nothing_is_shown_without_a_login_or_of_a_dag_that_may_not_be_read(console: Console) -> None:
    wave_id = console.journey.plan(limit=1).wave_id
    assert console.get("waves", user="").status_code == 401
    assert console.get(f"waves/{wave_id}", user="elsewhere").status_code == 404
    assert f"waves/{wave_id}" not in console.get("waves", user="elsewhere").text
    assert console.get("waves/999999").status_code == 404


def test_every_route_asks_for_a_login(console: Console) -> None:
    routes = [each for each in console.app.routes if isinstance(each, APIRoute)]
    assert len(routes) > 5
    for route in routes:
        path = route.path.replace("{place}", PLACE)
        for method in route.methods:
            answer = console.ask(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path


def test_pages_hold_no_inline_script_or_style(console: Console) -> None:
    wave_id = play(console.journey, limit=2)
    for path in ("waves", f"waves/{wave_id}", "orders", f"orders/new/cancel?wave={wave_id}"):
        page = console.get(path, user="ops")
        assert page.status_code == 200, path
        assert " style=" not in page.text
        assert "<style" not in page.text
        assert " onclick=" not in page.text
        assert page.text.count("<script") == page.text.count('<script type="module" src=') == 1


def test_an_unexpected_error_gets_no_word_out(console: Console) -> None:
    console.around.places = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    page = console.ask("GET", "/", user="ops")
    assert page.status_code == 500
    assert "division" not in page.text
    assert "Waves are not touched" in page.text
