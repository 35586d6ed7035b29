"""Customers: found by identifier, told record by record; what was sent only for those who may see it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kraken_import.console.columns import COLUMNS
from tests.integration.console.conftest import Console, words_of
from tests.integration.console.test_triage import POPULATION, mixed, ordered
from tests.integration.usecases.playing import begin_rerun, finished_wave, wave_with_parked, work
from tests.integration.usecases.test_decisions import say
from tests.integration.usecases.test_purge import purge
from tests.integration.usecases.test_reruns import SOUND


@pytest.fixture
def population() -> int:
    """Enough customers that one of each kind is broken."""
    return POPULATION


def search(console: Console, identifier: str, user: str = "viewer", **given: Any) -> Any:
    """Send the form of the page of customers."""
    form = console.form("customers", user=user)
    return console.post("customers", form | {"identifier": identifier}, user=user, **given)


def number_of(console: Console, identifier: str, mode: str = "live") -> int:
    rows = console.journey.rows(
        "SELECT id FROM migration.import_process WHERE external_identifier = :key AND mode = :mode",
        key=identifier,
        mode=mode,
    )
    return int(rows[0]["id"])


def looks(console: Console) -> list[tuple[int, str]]:
    rows = console.journey.rows(
        "SELECT import_process_id, looked_by FROM migration.personal_look ORDER BY id"
    )
    return [tuple(row.values()) for row in rows]


def test_a_customer_is_found_without_its_identifier_in_an_address(console: Console) -> None:
    finished_wave(console.journey, SOUND[0])
    page = search(console, f"  {SOUND[0]} ")
    assert page.url.endswith(f"/records/{number_of(console, SOUND[0])}")
    assert SOUND[0] in words_of(page)
    assert not any(SOUND[0] in each for each in re.findall(r'(?:href|action)="([^"]*)"', page.text))


def test_several_records_of_a_customer_are_listed(console: Console) -> None:
    finished_wave(console.journey, SOUND[0], dry_run=True, name="dress")
    finished_wave(console.journey, SOUND[0], name="pilot")
    page = search(console, SOUND[0])
    live, rehearsal = number_of(console, SOUND[0]), number_of(console, SOUND[0], "rehearsal")
    assert f"/records/{live}" in page.text
    assert f"/records/{rehearsal}" in page.text
    assert f"Record {rehearsal}" in words_of(console.get(f"records/{live}"))


@pytest.mark.parametrize(
    ("given", "status", "sentence"),
    [
        ("NOBODY", 200, "No record that you may see has this identifier"),
        (" ", 409, "Give the external identifier"),
        ("x" * 10_000, 409, "longer than 200 characters"),
        ("a\u202eb", 409, "turns the writing"),
        ("x" * 10_000_000, 409, "shorten it"),
    ],
)
def test_a_senseless_search_gets_a_calm_page(
    console: Console, given: str, status: int, sentence: str
) -> None:
    page = search(console, given)
    assert (page.status_code, sentence in words_of(page)) == (status, True), words_of(page)
    assert len(page.text) < 10_000


def test_a_search_needs_our_own_page_and_shows_what_may_be_read(console: Console) -> None:
    finished_wave(console.journey, SOUND[0])
    number = number_of(console, SOUND[0])
    assert "No record that you may see" in words_of(search(console, SOUND[0], user="elsewhere"))
    assert console.get(f"records/{number}", user="elsewhere").status_code == 404
    assert console.get(f"records/{number}/payload", user="elsewhere").status_code == 404
    assert console.get("records/999999").status_code == 404
    assert console.post("customers", {"identifier": SOUND[0]}).status_code == 403
    assert search(console, SOUND[0], Origin="https://elsewhere.example").status_code == 403


def test_the_story_is_told_in_the_order_of_time_beside_column_and_rule(console: Console) -> None:
    wave_id, failing = mixed(console)
    number = number_of(console, failing["invalid"])
    order = ordered(console, "rerun", wave=wave_id, records=number)
    work(
        console.journey,
        begin_rerun(console.journey, str(order["run_id"]), selection=order["selection_id"]),
    )
    page = console.get(f"records/{number}")
    assert page.status_code == 200, page.text
    words = words_of(page)
    (error,) = console.journey.rows(
        "SELECT code, path, detail FROM migration.import_error WHERE import_process_id = :id AND attempt = 2 "
        "AND severity = 'error' LIMIT 1",
        id=number,
    )
    mapped = COLUMNS.of(dialect="edf_accounts", patience=60)
    assert mapped is not None
    assert mapped.source(path=error["path"]) in words
    assert error["code"] in words
    places = [
        words.index(each)
        for each in (
            "Try 1 begins",
            "built → invalid",
            "ops ordered rerun: a test",
            "Rerun 1 took it up",
            "Try 2 begins",
        )
    ]
    assert places == sorted(places)
    assert (
        f"orders/new/rerun?wave={wave_id}&amp;records={number}"
        in console.get(f"records/{number}", user="ops").text
    )
    assert "orders/new" not in page.text


def test_decisions_are_part_of_the_story(console: Console) -> None:
    _, unsent, _ = wave_with_parked(console.journey)
    assert "Kraken may have it, or not" in words_of(console.get(f"records/{number_of(console, unsent)}"))
    say(console.journey, "absent", unsent)
    words = words_of(console.get(f"records/{number_of(console, unsent)}"))
    assert "ops decided absent: Looked it up in Kraken." in words


def test_values_are_shown_to_those_who_may_see_them_once_it_is_recorded(console: Console) -> None:
    wave_id = finished_wave(console.journey, SOUND[0])
    number = number_of(console, SOUND[0])
    payload = console.journey.payloads(wave_id)[SOUND[0]].decode()
    assert SOUND[0] in payload
    names = ("external_account_number",)
    for user in ("viewer", "ops", "admin"):
        masked = console.get(f"records/{number}/payload", user=user)
        assert masked.status_code == 200, masked.text
        assert all(name in masked.text for name in names)
        assert "a text" in masked.text
        assert SOUND[0] not in masked.text
        assert ("Show the values" in masked.text) == (user == "admin")
    assert looks(console) == []
    token = {"form_token": console.form(f"records/{number}/payload", user="admin")["form_token"]}
    shown = console.post(f"records/{number}/payload", token, user="admin")
    assert shown.status_code == 200
    assert SOUND[0] in shown.text
    assert looks(console) == [(number, "admin")]
    others = {"form_token": console.form("customers", user="ops")["form_token"]}
    assert console.post(f"records/{number}/payload", others, user="ops").status_code == 403
    assert console.post(f"records/{number}/payload", {}, user="admin").status_code == 403
    assert looks(console) == [(number, "admin")]
    assert "admin" in words_of(console.get(f"records/{number}", user="admin")).partition("Who looked")[2]
    assert "Who looked" not in words_of(console.get(f"records/{number}", user="viewer"))


def test_no_masked_page_holds_a_value_of_the_payload(console: Console) -> None:
    wave_id, failing = mixed(console)
    payloads = console.journey.payloads(wave_id)
    for identifier in (SOUND[0], failing["errored"]):
        page = console.get(f"records/{number_of(console, identifier)}/payload")
        values = {
            each
            for each in re.findall(r'"([^"\\]{6,})"(?=[,}\]])', payloads[identifier].decode())
            if " " in each
        }
        assert values
        assert not any(each in page.text for each in values)


def test_of_a_purged_wave_the_story_stays_and_nothing_that_was_sent(console: Console) -> None:
    wave_id = finished_wave(console.journey, SOUND[0])
    number = number_of(console, SOUND[0])
    purge(console.journey, wave=wave_id)
    assert "Nothing is kept" in words_of(console.get(f"records/{number}/payload", user="admin"))
    assert "processed" in words_of(console.get(f"records/{number}"))


def test_an_erased_customer_says_so(console: Console) -> None:
    finished_wave(console.journey, SOUND[0])
    number = number_of(console, SOUND[0])
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET erased_at = now(), external_identifier = 'erased-1'"
        )
    assert "This customer was erased on" in words_of(console.get(f"records/{number}"))
    assert "No record that you may see" in words_of(search(console, SOUND[0]))
    assert search(console, "erased-1").url.endswith(f"/records/{number}")
