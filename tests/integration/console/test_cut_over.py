"""What waves leave, in the console: one table with owners, and orders that do exactly what was shown."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from kraken_import.console.access import Answer
from kraken_import.tracking import leftovers
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.leftovers import Choice
from kraken_import.usecases import cutover
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.leftovers import digest_of, own_leftovers
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.test_cutover import SOUND, change_everything
from tests.integration.usecases.test_owners import EDF_SUPPLIER
from tests.integration.usecases.test_reconcile import at_kraken, identifiers, look, play

SPOILED = ["GB-000000002", "GB-000000003", "GB-000000004"]


def ended(console: Console, **wanted: Any) -> int:
    """Play a wave with failures to its end, and list what it leaves."""
    wave_id = play(console.journey, **wanted)
    assert "Listed:" in words_of(console.order("list_leftovers", wave=wave_id))
    return wave_id


def handed_back(console: Console) -> list[Any]:
    return list(console.journey.rows("SELECT * FROM migration.hand_back ORDER BY import_process_id"))


@pytest.fixture
def wave_id(console: Console) -> int:
    with console.journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = ANY (%(spoiled)s)",
            {"spoiled": SPOILED},
        )
    found = ended(console, name="pilot", limit=8)
    assert len(handed_back(console)) == len(SPOILED)
    return found


def test_the_table_shows_what_is_left_and_filters_it(console: Console, wave_id: int) -> None:
    back = handed_back(console)
    page = console.get(f"waves/{wave_id}/cut-over", user="ops")
    assert page.status_code == 200
    assert page.text.count('name="picked"') == len(back)
    assert f"{len(back)} customers handed back have no owner" in words_of(page)
    assert f"records/{back[0]['import_process_id']}" in page.text
    code = back[0]["code"]
    some = console.get(f"waves/{wave_id}/cut-over?of=hand_back&code={code}&whose=none", user="ops")
    assert some.text.count('name="picked"') == sum(each["code"] == code for each in back)
    none = console.get(f"waves/{wave_id}/cut-over?whose=some", user="ops")
    assert "Nothing is known, for not all was looked at yet." in words_of(none)
    assert console.get(f"waves/{wave_id}/cut-over?page=999999999999").status_code == 200
    assert console.get(f"waves/{wave_id}/cut-over?of=everything").status_code == 409
    assert console.get(f"waves/{wave_id}/cut-over?code={'x' * 5_000}").status_code == 200
    overview = words_of(console.get("cut-over"))
    assert "pilot" in overview
    assert f"{len(back)} {len(back)} without owner" in overview


def test_everything_that_matches_gets_the_owner_once_and_what_was_not_shown_does_not(
    console: Console, wave_id: int
) -> None:
    back = handed_back(console)
    form = console.form(f"orders/new/own?wave={wave_id}&whose=none")
    assert form["shown"] == str(len(back))
    # Another person takes one meanwhile.
    with console.journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.hand_back SET owner = 'Bea', owned_at = now() WHERE import_process_id = %(id)s",
            {"id": back[0]["import_process_id"]},
        )
    late = console.post("orders", form | {"owner": "Ann", "reason": "tonight"})
    assert late.status_code == 409
    assert f"{len(back) - 1} records fit now, and {len(back)} were shown" in words_of(late)
    assert [each["owner"] for each in handed_back(console)].count(None) == len(back) - 1
    form = console.form(f"orders/new/own?wave={wave_id}&whose=none")
    said = form | {"owner": " Ann ", "note": "mended at the source", "reason": "tonight"}
    first, second = console.post("orders", said), console.post("orders", said)
    assert f"{len(back) - 1} entr" in words_of(first)
    assert words_of(first) == words_of(second)
    assert {each["owner"] for each in handed_back(console)} == {"Ann", "Bea"}
    (action,) = console.journey.rows("SELECT * FROM migration.console_action WHERE kind = 'own'")
    assert (action["records"], action["outcome"]) == (len(back) - 1, "done")
    # What is written of an order names no customer.
    for each in identifiers(console.journey, "rejected"):
        assert each not in action["scope"]


def test_what_is_picked_by_hand_gets_the_owner_and_nothing_else(console: Console, wave_id: int) -> None:
    back = handed_back(console)
    page = console.get(f"waves/{wave_id}/cut-over", user="ops")
    keys = re.findall(r'name="picked" value="([^"]+)"', page.text)
    token = console.form(f"waves/{wave_id}/cut-over")["form_token"]
    form = {"wave": str(wave_id), "form_token": token, "picked": keys[0]}
    picked = console.post("cut-over/pick", form)
    assert picked.status_code == 200
    assert "picked=" in picked.url
    assert all(each not in picked.url for each in identifiers(console.journey, "rejected"))
    assert "1 customer handed back of wave" in words_of(picked)
    query = picked.url.partition("?")[2]
    sent = console.form(f"orders/new/own?{query}") | {"owner": "Ann", "reason": "mine"}
    assert "1 entry has the owner now." in words_of(console.post("orders", sent))
    owned = [each["import_process_id"] for each in handed_back(console) if each["owner"] == "Ann"]
    assert owned == [int(keys[0].partition(":")[2])]
    assert len(back) > 1
    assert console.post("cut-over/pick", form | {"form_token": "made up"}).status_code == 403
    assert console.post("cut-over/pick", {"wave": str(wave_id), "form_token": token}).status_code == 409
    assert console.post("cut-over/pick", form | {"picked": "nonsense"}).status_code == 409


def test_two_people_who_take_the_same_entries_do_not_both_succeed(console: Console, wave_id: int) -> None:
    tracking, now = console.journey.tracking, datetime.now(UTC)
    choice = Choice(wave_id=wave_id, dialects=(), whose="none")
    with tracking.connect() as connection:
        digest = digest_of(counts=leftovers.counts(connection=connection, choice=choice), choice=choice)
    ann, bea = Ownership(owner="Ann", at=now), Ownership(owner="Bea", at=now)
    meant: dict[str, Any] = {"choice": choice, "shown": len(handed_back(console)), "digest": digest}
    assert "have the owner" in own_leftovers(tracking=tracking, ownership=ann, **meant)
    with pytest.raises(BadRequest, match="another person was quicker"):
        own_leftovers(tracking=tracking, ownership=bea, **meant)
    assert {each["owner"] for each in handed_back(console)} == {"Ann"}


def test_as_many_other_entries_get_no_owner(console: Console, wave_id: int) -> None:
    ids = [each["import_process_id"] for each in handed_back(console)]

    def owned(by: str | None, number: int) -> None:
        with console.journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE migration.hand_back SET owner = %(by)s, "
                "owned_at = CASE WHEN %(by)s::text IS NOT NULL THEN now() END "
                "WHERE import_process_id = %(id)s",
                {"by": by, "id": ids[number]},
            )

    owned("Cy", 2)
    form = console.form(f"orders/new/own?wave={wave_id}&whose=none")
    assert form["shown"] == "2"
    taken = console.form(f"orders/new/own?wave={wave_id}&picked=hand_back:{ids[0]}", user="admin")
    console.post("orders", taken | {"owner": "Bea", "reason": "mine"}, user="admin")
    # Cy gives one up meanwhile: two are without an owner again, and one of them was not shown.
    owned(None, 2)
    late = console.post("orders", form | {"owner": "Ann", "reason": "tonight"})
    assert (late.status_code, "but others" in words_of(late)) == (409, True)
    assert [each["owner"] for each in handed_back(console)] == ["Bea", None, None]
    choice = Choice(wave_id=wave_id, dialects=(), whose="none")
    ann = Ownership(owner="Ann", at=datetime.now(UTC))
    with pytest.raises(BadRequest, match="As many match now, but others"):
        own_leftovers(
            tracking=console.journey.tracking,
            choice=choice,
            ownership=ann,
            shown=2,
            digest=int(form["digest"]),
        )
    assert [each["owner"] for each in handed_back(console)] == ["Bea", None, None]


def test_a_wave_is_closed_once_nothing_blocks_it_and_opened_again(console: Console, wave_id: int) -> None:
    blocked = console.get(f"orders/new/close?wave={wave_id}", user="ops")
    assert "customers handed back have no owner" in words_of(blocked)
    assert "<button" not in blocked.text
    console.order("own", wave=wave_id)
    page = words_of(console.get(f"waves/{wave_id}/cut-over"))
    assert "have no owner" in page
    form = console.form(f"orders/new/own?wave={wave_id}") | {"owner": "Ann", "reason": "all mine"}
    console.post("orders", form)
    assert "is closed." in words_of(console.order("close", wave=wave_id))
    assert "Closed by ops" in words_of(console.get(f"waves/{wave_id}/cut-over"))
    assert "closed by ops" in words_of(console.get("cut-over"))
    refused = console.get(f"orders/new/close?wave={wave_id}", user="ops")
    assert "It is closed already." in words_of(refused)
    assert "is open again." in words_of(console.order("open", wave=wave_id))


def test_a_late_change_that_came_since_keeps_a_wave_from_being_closed(console: Console) -> None:
    wave_id = ended(console, name="one", identifiers=[SOUND])
    form = console.form(f"orders/new/close?wave={wave_id}") | {"reason": "done"}
    change_everything(console.journey)
    said = words_of(console.post("orders", form))
    assert "late changes have no owner" in said
    page = console.get(f"waves/{wave_id}/cut-over", user="ops")
    assert "1 change since it was read" in words_of(page)
    assert re.search(r'value="late_change:\d+-contact"', page.text)
    sent = console.form(f"orders/new/own?wave={wave_id}&of=late_change")
    console.post("orders", sent | {"owner": "Ann", "reason": "seen"})
    assert "is closed." in words_of(console.order("close", wave=wave_id))


def test_reconciling_is_a_run_of_airflow_that_is_followed_to_its_end(console: Console) -> None:
    wave_id = play(console.journey, limit=2)
    answers = {
        "POST": Answer(status=200, document={}),
        "GET": Answer(status=200, document={"state": "running"}),
    }
    console.around.answers = lambda method, _path, _body: answers[method]
    given = console.order("reconcile", wave=wave_id)
    assert "The run goes on." in words_of(given)
    (_, path, body) = next(each for each in console.around.calls if each[0] == "POST")
    assert path == "/api/v2/dags/reconcile/dagRuns"
    assert body["conf"] == {"wave": wave_id, "full": False}
    assert body["dag_run_id"] == f"console__{given.url.rpartition('/')[2]}"
    answers["GET"] = Answer(status=200, document={"state": "success"})
    place = given.url.partition("/tracking/")[2]
    assert "no difference is open" in words_of(console.get(place))
    # From then on Airflow is not asked.
    answers["GET"] = Answer(status=500, document=None)
    assert "no difference is open" in words_of(console.get(place))
    answers["POST"] = Answer(status=403, document={})
    assert "Airflow does not allow you" in words_of(console.order("reconcile"))
    answers["POST"] = Answer(status=500, document=None)
    assert "did not begin the run (HTTP 500)" in words_of(console.order("reconcile"))


def test_differences_are_shown_and_amounts_only_to_those_who_may_see_them(console: Console) -> None:
    journey = console.journey
    wave_id = play(journey, name="pilot", limit=4)
    processed = identifiers(journey, "processed")
    at_kraken(journey, "DELETE", processed[0], supplier=EDF_SUPPLIER)
    at_kraken(journey, "POST", "UNKNOWN-1", supplier=EDF_SUPPLIER)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.record_money SET payload_cents = payload_cents + 1234 WHERE import_process_id ="
            " (SELECT id FROM migration.import_process WHERE external_identifier = %(id)s)",
            {"id": processed[1]},
        )
    look(journey)
    page = console.get(f"waves/{wave_id}/cut-over", user="ops")
    assert "missing_at_kraken" in words_of(page)
    assert "they are shown to those who may see personal data" in words_of(page)
    seen = words_of(console.get(f"waves/{wave_id}/cut-over", user="admin"))
    assert "they are shown to those" not in seen
    outside = console.get("cut-over/without-wave", user="ops")
    assert "UNKNOWN-1" in outside.text
    assert "1 difference that no wave has" in words_of(console.get("cut-over"))
    form = console.form("orders/new/own?of=difference") | {"owner": "Ann", "reason": "asked Kraken"}
    assert "1 entry has the owner now." in words_of(console.post("orders", form))
    assert "UNKNOWN-1" not in console.get("cut-over/without-wave", user="elsewhere").text


def test_the_crosswalk_has_every_customer_who_is_in_kraken(console: Console, wave_id: int) -> None:
    answer = console.get(f"waves/{wave_id}/crosswalk.csv", user="ops")
    assert answer.headers["content-disposition"] == f'attachment; filename="crosswalk-{wave_id}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = cutover.crosswalk(tracking=console.journey.tracking, wave_id=wave_id)
    assert {(row["external_identifier"], row["kraken_identifier"]) for row in rows} == {
        (each.external_identifier, each.kraken_identifier) for each in expected
    }
    assert len(rows) == len(expected) > 2
    assert console.get(f"waves/{wave_id}/crosswalk.csv", user="elsewhere").status_code == 404
    assert console.get(f"waves/{wave_id}/crosswalk.csv", user="viewer").status_code == 403


def test_rights_decide_over_pages_buttons_and_orders(console: Console, wave_id: int) -> None:
    page = console.get(f"waves/{wave_id}/cut-over", user="viewer")
    assert page.status_code == 200
    assert 'name="picked"' not in page.text
    assert "orders/new" not in page.text
    for kind in ("own", "close", "open", "reconcile", "list_leftovers"):
        assert console.get(f"orders/new/{kind}?wave={wave_id}", user="viewer").status_code == 403
        assert console.get(f"orders/new/{kind}?wave={wave_id}", user="elsewhere").status_code == 404
    assert console.get(f"waves/{wave_id}/cut-over", user="elsewhere").status_code == 404
    assert "pilot" not in console.get("cut-over", user="elsewhere").text


def test_a_rehearsal_leaves_nothing_and_a_purged_wave_is_not_listed_again(console: Console) -> None:
    rehearsal = play(console.journey, limit=2, dry_run=True, name="trial")
    page = console.get(f"waves/{rehearsal}/cut-over")
    assert "there is nothing to cut over" in words_of(page)
    assert console.get(f"orders/new/close?wave={rehearsal}", user="ops").status_code == 409
    assert console.get(f"waves/{rehearsal}/crosswalk.csv", user="ops").status_code == 409
    wave_id = play(console.journey, limit=2)
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET purged_at = now()")
    purged = console.get(f"orders/new/list_leftovers?wave={wave_id}", user="ops")
    assert "It was purged" in words_of(purged)
    assert console.get(f"waves/{wave_id}/cut-over").status_code == 200


def test_what_was_not_looked_at_yet_is_not_called_nothing(console: Console) -> None:
    wave_id = play(console.journey, identifiers=[SOUND])
    said = words_of(console.get("cut-over"))
    assert said.count("not looked at yet") == 4
    assert " never" in said
    page = f"waves/{wave_id}/cut-over"
    said = words_of(console.get(page))
    assert "not all was looked at yet" in said
    assert "Nothing." not in said
    for command in ("crosswalk", "late-changes", "reconcile --wave"):
        assert f"kraken-migrate {command} {wave_id}" in said, command
    console.order("list_leftovers", wave=wave_id)
    said = words_of(console.get(page))
    assert "kraken-migrate reconcile" in said
    assert "kraken-migrate crosswalk" not in said
    assert "kraken-migrate late-changes" not in said
    look(console.journey)
    said = words_of(console.get(page))
    assert "Nothing." in said
    assert "looked at yet" not in said
    assert "looked at yet" not in words_of(console.get("cut-over"))
