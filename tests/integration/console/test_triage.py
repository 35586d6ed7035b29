"""Triage: causes with their legacy columns, the records behind them, and orders about exactly those."""

from __future__ import annotations

import csv
import re
import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest

from kraken_import.console.access import Answer
from kraken_import.console.columns import COLUMNS, Columns
from kraken_import.console.kept import Kept
from kraken_import.console.routes import customers
from kraken_import.console.routes import triage as routes
from kraken_import.domain.lifecycle import State
from kraken_import.tracking import selections, triage
from kraken_import.tracking.queries import SQL_FOLDER
from kraken_import.tracking.triage import Matching
from kraken_import.usecases.control import UnknownWave
from kraken_import.usecases.selections import customers_in_wave
from tests.integration.conftest import CUSTOMERS
from tests.integration.console.conftest import Console, words_of
from tests.integration.usecases.playing import begin_rerun, finished_wave, rerun, wave_with_parked, work
from tests.integration.usecases.test_reruns import SOUND, broken, give_it_a_tariff

POPULATION = 300
KINDS_OF_FAILURE = ("rejected", "invalid", "errored")


@pytest.fixture
def population() -> int:
    """Enough customers that one of each kind is broken."""
    return POPULATION


def mixed(console: Console) -> tuple[int, dict[str, str]]:
    """A finished wave: two sound customers and one of each kind of failure."""
    assert COLUMNS.of(dialect="edf_accounts", patience=60) is not None
    failing = {state: broken(console.journey, state) for state in KINDS_OF_FAILURE}
    return finished_wave(console.journey, *SOUND[:2], *failing.values(), name="pilot"), failing


def actions(console: Console) -> list[dict[str, object]]:
    rows = console.journey.rows("SELECT * FROM migration.console_action ORDER BY ordered_at")
    return [dict(row) for row in rows]


def chosen(console: Console, order: dict[str, object]) -> set[str]:
    """The customers of an order's selection."""
    rows = console.journey.rows(
        "SELECT external_identifier FROM migration.selection_record JOIN migration.import_process AS process "
        "ON process.id = import_process_id WHERE selection_id = :id",
        id=order["selection_id"],
    )
    return {row["external_identifier"] for row in rows}


def causes(console: Console, wave_id: int) -> list[triage.CauseCount]:
    with console.journey.tracking.connect() as connection:
        return list(triage.causes(connection=connection, wave_ids=[wave_id], most=100).lines)


def link_to(console: Console, wave_id: int, kind: str, code: str) -> str:
    """The address behind the button of a cause, as its page has it."""
    page = console.get(f"waves/{wave_id}/triage", user="ops")
    assert page.status_code == 200, page.text
    links = re.findall(rf'href="[^"]*/tracking/(orders/new/{kind}\?[^"]*)"', page.text)
    return next(link for link in links if f"code={code}" in link).replace("&amp;", "&")


def ordered(console: Console, kind: str, user: str = "ops", **values: object) -> dict[str, object]:
    """Give an order and return its row."""
    done = console.order(kind, user=user, **values)
    assert done.status_code == 200, done.text
    return actions(console)[-1]


def test_a_red_wave_leads_to_the_legacy_column_and_the_rerun_of_exactly_those(console: Console) -> None:
    wave_id, failing = mixed(console)
    assert f"/waves/{wave_id}/triage" in console.get(f"waves/{wave_id}", user="ops").text
    words = words_of(console.get(f"waves/{wave_id}/triage", user="ops"))
    for cause in causes(console, wave_id):
        assert cause.code in words
    assert "legacy." in words
    errored = next(each for each in causes(console, wave_id) if each.stage == "status")
    form = console.form(link_to(console, wave_id, "rerun", errored.code))
    assert form["shown"] == "1"
    said = form | {"reason": "tariff mended"}
    first, second = console.post("orders", said), console.post("orders", said)
    assert words_of(first) == words_of(second)
    (order,) = actions(console)
    assert (order["kind"], order["records"], order["outcome"]) == ("rerun", 1, None)
    assert chosen(console, order) == {failing["errored"]}
    begun = [call for call in console.around.calls if call[0] == "POST"]
    assert begun == [
        (
            "POST",
            "/api/v2/dags/rerun_edf_accounts/dagRuns",
            {
                "dag_run_id": f"console-{order['id']}",
                "logical_date": None,
                "conf": {"selection": order["selection_id"]},
            },
        )
    ]

    planned = begin_rerun(console.journey, str(order["run_id"]), selection=order["selection_id"])
    assert planned.records == 1
    under_way = console.get(f"orders/{order['id']}")
    assert "under way" in words_of(under_way)
    # No wave of it requires an approval, and its run is a link.
    assert "approval" not in words_of(under_way)
    assert f'/dags/rerun_edf_accounts/runs/{order["run_id"]}"' in under_way.text
    work(console.journey, planned)
    ended = console.get(f"orders/{order['id']}")
    kept = "0 of 1 records mended; 1 still not through (kept by Kraken as an earlier create ended: "
    assert kept in words_of(ended)
    assert actions(console)[0]["outcome"] == "done"
    # It was carried out, and nothing is mended: that is no good end, wherever it stands.
    assert '<p class="verdict unsure">' in ended.text
    assert '<td class="unsure">' in console.get("orders").text
    # The list leads straight to the causes of what is left.
    assert f'/waves/{wave_id}/triage">Triage</a>' in console.get("waves").text
    of_wave = console.get(f"waves/{wave_id}").text
    assert '<span class="unsure">ended</span>: <bdi>0 of 1 records mended' in of_wave


def test_what_is_not_known_yet_is_said_to_be_looked_up(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id, _ = mixed(console)
    (errored,) = (each for each in causes(console, wave_id) if each.stage == "status")
    # A process that has not read the mapping yet: that takes longer than a page waits.
    monkeypatch.setattr(routes, "COLUMNS", Columns())
    monkeypatch.setattr(customers, "COLUMNS", Columns())
    for page in (
        f"waves/{wave_id}/triage",
        "triage",
        f"left?wave={wave_id}",
        f"records/{errored.examples[0]}",
    ):
        said = words_of(console.get(page))
        assert "looking up…" in said, page
        assert "Kraken named no field" not in said, page
    assert routes.COLUMNS.of(dialect="edf_accounts", patience=60) is not None
    said = words_of(console.get(f"waves/{wave_id}/triage"))
    assert "looking up…" not in said
    assert "Kraken named no field: these are the columns" in said


def test_a_refusal_that_says_nothing_says_what_to_do(console: Console) -> None:
    assert COLUMNS.of(dialect="edf_accounts", patience=60) is not None
    first, second = SOUND[:2]
    console.journey.strike(kind="failed_validation", operation="create", keys=[first])
    console.journey.strike(kind="error", operation="validate", status=422, keys=[second])
    wave_id = finished_wave(console.journey, first, second, name="pilot")
    page = console.get(f"waves/{wave_id}/triage", user="ops")
    assert "rehearse these records, and its validation says why" in words_of(page)
    assert "orders/new/rehearse?" in page.text
    # Its `detail` is no field: why there is no column is said.
    assert "is no field of the payload, so no column is behind it" in words_of(page)


def test_a_rehearsal_is_rehearsed_again_and_the_order_says_what_it_mended(console: Console) -> None:
    errored = broken(console.journey, "errored")
    wave_id = finished_wave(console.journey, errored, SOUND[0], dry_run=True)
    order = ordered(console, "rerun", wave=wave_id, state="dry_run_errored")
    give_it_a_tariff(console.journey)
    work(
        console.journey,
        begin_rerun(console.journey, str(order["run_id"]), selection=order["selection_id"]),
    )
    assert "1 of 1 records mended" in words_of(console.get(f"orders/{order['id']}"))
    assert "Nothing is left to mend" in words_of(console.get(f"waves/{wave_id}/triage"))
    assert console.get("orders/new/rehearse?wave=1", user="ops").status_code == 200
    assert "rerun them" in words_of(console.get("orders/new/rehearse?wave=1", user="ops"))


def test_customers_of_a_live_wave_are_rehearsed_in_a_wave_of_their_own(console: Console) -> None:
    wave_id, failing = mixed(console)
    order = ordered(console, "rehearse", wave=wave_id, state="errored")
    begun = console.around.calls[-2]
    assert begun[1] == "/api/v2/dags/migrate_edf_accounts/dagRuns"
    conf = begun[2]["conf"]
    assert conf == {"dry_run": True, "selection": order["selection_id"]}
    before = console.journey.states(wave_id)
    planned = console.journey.plan_run(run_id=str(order["run_id"]), limit=None, **conf)
    rows = console.journey.rows(
        "SELECT external_identifier, mode FROM migration.import_process WHERE wave_id = :id",
        id=planned.wave_id,
    )
    assert [tuple(row.values()) for row in rows] == [(failing["errored"], "rehearsal")]
    assert console.journey.states(wave_id) == before
    assert f"Wave {planned.wave_id} rehearses them" in words_of(console.get(f"orders/{order['id']}"))


def test_what_was_shown_is_what_is_acted_on_or_nothing_is(console: Console) -> None:
    wave_id, _ = mixed(console)
    form = console.form(f"orders/new/rerun?wave={wave_id}") | {"reason": "all"}
    assert form["shown"] == "3"
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = 'processed' WHERE state = 'errored'"
        )
    refused = console.post("orders", form)
    assert refused.status_code == 409
    assert "2 records fit now, and 3 were shown" in words_of(refused)
    assert console.journey.rows("SELECT * FROM migration.selection") == []


def test_as_many_other_records_are_not_those_that_were_shown(console: Console) -> None:
    wave_id, failing = mixed(console)
    form = console.form(f"orders/new/rerun?wave={wave_id}&state=errored")
    assert form["shown"] == "1"
    with console.journey.tracking_superuser.begin() as connection:
        # One is mended by another person's order, and one more fails: the number stays the same.
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET state = CASE state WHEN 'errored' THEN 'processed' "
            "ELSE 'errored' END WHERE state IN ('errored', 'invalid')"
        )
    refused = console.post("orders", form | {"reason": "tariff mended"})
    assert (refused.status_code, "but others" in words_of(refused)) == (409, True)
    assert console.journey.rows("SELECT * FROM migration.selection") == []
    assert [call for call in console.around.calls if call[0] == "POST"] == []
    again = ordered(console, "rerun", wave=wave_id, state="errored")
    assert chosen(console, again) == {failing["invalid"]}


def test_records_that_change_while_their_order_is_given_are_not_those_that_were_shown(
    console: Console,
) -> None:
    wave_id, _ = mixed(console)
    form = console.form(f"orders/new/rerun?wave={wave_id}&state=errored")
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(max_workers=1) as pool:
        with console.journey.tracking.begin() as connection:
            # Another person's order is being compared: this one waits for it, after it was checked.
            selections.lock(connection=connection)
            given = pool.submit(console.post, "orders", form | {"reason": "tariff mended"})
            end = time.monotonic() + 20
            while not console.journey.rows(waiting):
                assert time.monotonic() < end
            with console.journey.tracking_superuser.begin() as other:
                other.exec_driver_sql(
                    "UPDATE migration.import_process SET state = CASE state WHEN 'errored' THEN 'processed' "
                    "ELSE 'errored' END WHERE state IN ('errored', 'invalid')"
                )
        assert "but others" in words_of(given.result())
    (order,) = actions(console)
    assert (order["outcome"], order["selection_id"]) == ("refused", None)
    assert [call for call in console.around.calls if call[0] == "POST"] == []


def test_the_second_of_two_people_is_told_what_the_first_ordered(console: Console) -> None:
    wave_id, _ = mixed(console)
    late = console.form(f"orders/new/rerun?wave={wave_id}", user="admin") | {"reason": "me too"}
    first = ordered(console, "rerun", wave=wave_id, state="errored")
    told = words_of(console.get(f"orders/new/rerun?wave={wave_id}", user="admin"))
    assert "ops ordered to rerun 1 record of these" in told
    refused = console.post("orders", late, user="admin")
    assert "ops ordered to rerun 1 record of these" in words_of(refused)
    assert len(console.journey.rows("SELECT * FROM migration.selection")) == 1
    # Others are free, and so are these once that order has ended, whether or not a page showed its end.
    ordered(console, "rerun", wave=wave_id, state="rejected")
    work(
        console.journey,
        begin_rerun(console.journey, str(first["run_id"]), selection=first["selection_id"]),
    )
    again = ordered(console, "rerun", user="admin", wave=wave_id, state="errored")
    assert again["selection_id"] is not None
    assert actions(console)[0]["outcome"] == "done"


def test_two_orders_given_at_once_are_not_both_carried_out(console: Console) -> None:
    wave_id, _ = mixed(console)
    forms = [
        console.form(f"orders/new/rerun?wave={wave_id}", user=user) | {"reason": "now"}
        for user in ("ops", "admin")
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(
            pool.map(
                lambda given: console.post("orders", given[0], user=given[1]),
                zip(forms, ("ops", "admin"), strict=True),
            )
        )
    assert len([call for call in console.around.calls if call[0] == "POST"]) == 1
    assert len(console.journey.rows("SELECT * FROM migration.selection")) == 1


def test_ticked_records_are_acted_on_and_no_others(console: Console) -> None:
    wave_id, failing = mixed(console)
    page = console.get(f"left?wave={wave_id}", user="ops")
    assert "3 records match" in words_of(page)
    numbers = {
        row["external_identifier"]: row["id"]
        for row in console.journey.rows("SELECT id, external_identifier FROM migration.import_process")
    }
    for identifier in failing.values():
        assert f"/records/{numbers[identifier]}" in page.text
    ticked = f"record={numbers[failing['invalid']]}&record={numbers[failing['rejected']]}"
    lead = console.ask(
        "GET",
        f"/tracking/left/ticked?wave={wave_id}&order=export&{ticked}",
        user="ops",
        allow_redirects=False,
    )
    assert lead.status_code == 303
    form = console.form(lead.headers["location"].partition("/tracking/")[2])
    assert form["shown"] == "2"
    console.post("orders", form | {"reason": "for the data team"})
    (order,) = actions(console)
    assert chosen(console, order) == {failing["invalid"], failing["rejected"]}
    none = console.get(f"left/ticked?wave={wave_id}&order=export", user="ops")
    assert (none.status_code, "No record is ticked" in words_of(none)) == (409, True)


def test_a_list_is_loaded_without_payload_and_without_formulas(console: Console) -> None:
    wave_id, failing = mixed(console)
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.import_error SET detail = '=1+1' WHERE stage = 'status'")
    order = ordered(console, "export", wave=wave_id)
    assert f"/orders/{order['id']}/list.csv" in console.get(f"orders/{order['id']}", user="ops").text
    answer = console.get(f"orders/{order['id']}/list.csv", user="ops")
    assert answer.status_code == 200
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert {row["external_identifier"]: row["state"] for row in rows} == {
        identifier: state for state, identifier in failing.items()
    }
    assert [row["detail"] for row in rows if row["state"] == "errored"] == ["'=1+1"]
    assert any(row["legacy_column"].startswith("legacy.") for row in rows)
    assert console.get(f"orders/{order['id']}/list.csv", user="viewer").status_code == 403
    assert console.get(f"orders/{order['id']}/list.csv", user="elsewhere").status_code == 404


def test_records_are_given_to_an_owner_once(console: Console) -> None:
    wave_id, failing = mixed(console)
    for owner, where in (("Ann", "&state=errored"), ("Bob", "")):
        form = console.form(f"orders/new/give?wave={wave_id}{where}")
        console.post("orders", form | {"reason": "a test", "owner": owner, "note": "tariffs"})
    done = actions(console)[-1]
    assert done["result"] == "2 records given to Bob; 1 record left as before, owned already or parked."
    rows = console.journey.rows(
        "SELECT external_identifier, owner, note FROM migration.hand_back "
        "JOIN migration.import_process ON id = import_process_id"
    )
    owners = {row["external_identifier"]: row["owner"] for row in rows}
    assert owners == {failing["errored"]: "Ann", failing["rejected"]: "Bob", failing["invalid"]: "Bob"}
    page = words_of(console.get(f"left?wave={wave_id}"))
    assert "Ann tariffs" in page


def test_parked_records_are_decided_about_by_the_run_that_asks_kraken(console: Console) -> None:
    wave_id, unsent, sent = wave_with_parked(console.journey)
    order = ordered(console, "decide", wave=wave_id, answer="absent")
    assert (order["records"], chosen(console, order)) == (2, {unsent, sent})
    begun = next(call for call in console.around.calls if call[0] == "POST")
    assert begun[1] == "/api/v2/dags/control_wave/dagRuns"
    assert begun[2]["conf"] == {
        "action": "decide",
        "wave": str(wave_id),
        "answer": "absent",
        "reason": "a test",
        "selection": order["selection_id"],
    }
    identifiers = customers_in_wave(
        tracking=console.journey.tracking, selection=int(str(order["selection_id"])), wave=str(wave_id)
    )
    assert set(identifiers) == {unsent, sent}
    with pytest.raises(UnknownWave, match="does not have the records"):
        customers_in_wave(tracking=console.journey.tracking, selection=999, wave=str(wave_id))
    console.around.answers = lambda *_: Answer(status=200, document={"state": "failed"})
    assert "Nothing was decided" in words_of(console.get(f"orders/{order['id']}"))
    assert actions(console)[0]["outcome"] == "refused"


def test_a_refusal_of_airflow_is_a_sentence_and_ends_the_order(console: Console) -> None:
    wave_id, _ = mixed(console)
    console.around.answers = lambda *_: Answer(status=200, document={"is_paused": True})
    assert "is paused in Airflow" in str(ordered(console, "rerun", wave=wave_id)["result"])
    console.around.answers = lambda method, *_: Answer(status=403 if method == "POST" else 200, document={})
    order = ordered(console, "rerun", wave=wave_id)
    assert (order["outcome"], "Airflow refused" in str(order["result"])) == ("refused", True)
    # It is not in the way of the next one.
    console.around.answers = lambda *_: Answer(status=200, document={})
    assert ordered(console, "rerun", wave=wave_id)["outcome"] is None


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"state": "errored"},
        {"stage": "status"},
        {"stage": "build"},
        {"code": "", "path": "", "stage": ""},
        {"code": "made_up"},
        {"ids": "one"},
    ],
)
def test_count_page_and_selection_mean_the_same_records(console: Console, given: dict[str, str]) -> None:
    wave_id, failing = mixed(console)
    journey = console.journey
    values: dict[str, Any] = dict(given)
    if "ids" in values:
        values["ids"] = [journey.rows("SELECT min(id) AS id FROM migration.import_process")[0]["id"]]
    if "state" in values:
        values["state"] = State(values["state"])
    with journey.tracking_superuser.begin() as connection:
        # Of one nothing is known, and one is erased.
        connection.exec_driver_sql(
            "DELETE FROM migration.import_error WHERE import_process_id = "
            "(SELECT id FROM migration.import_process WHERE state = 'errored')"
        )
    matching = Matching(wave_ids=[wave_id], **values)
    with journey.tracking.begin() as connection:
        selection = selections.add(
            connection=connection, dialect="edf_accounts", described="some", made_by="ops"
        )
        kept = selections.keep(connection=connection, selection_id=selection, matching=matching)
        counted = triage.count(connection=connection, matching=matching)
        page = triage.records(connection=connection, matching=matching, after=(0, 0), most=50)
        listed = [
            each.external_identifier
            for each in selections.lines(connection=connection, selection_id=selection)
        ]
        assert triage.count(connection=connection, matching=matching, among=selection) == counted
    assert counted == kept
    assert counted.records == len(page)
    assert sorted(each.external_identifier for each in page) == sorted(listed)
    if given.get("code") == "":
        assert listed == [failing["errored"]]
    if given.get("stage") == "build":
        assert listed == [failing["rejected"]]


def test_what_is_left_is_said_in_one_place(console: Console) -> None:
    (first, *_) = console.journey.rows(
        "SELECT id, wave_id FROM migration.import_process WHERE wave_id = :id LIMIT 1",
        id=finished_wave(console.journey, SOUND[0]),
    )
    left = {}
    for state in State:
        with console.journey.tracking_superuser.begin() as connection:
            # No order of states is kept here: any may be left, or not.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(
                "UPDATE migration.import_process SET state = %(state)s, "
                "parked_from = CASE %(state)s WHEN 'parked' THEN 'valid' END, "
                "mode = CASE WHEN starts_with(%(state)s, 'dry_run') THEN 'rehearsal' ELSE 'live' END "
                "WHERE id = %(id)s",
                {"state": state.value, "id": first["id"]},
            )
        with console.journey.tracking.connect() as connection:
            matching = Matching(wave_ids=[first["wave_id"]])
            left[state] = triage.count(connection=connection, matching=matching).records
    assert {state for state, number in left.items() if number} == triage.LEFT
    spelt = [
        file.name for file in SQL_FOLDER.glob("*.sql") if "'dry_run_errored', 'parked'" in file.read_text()
    ]
    assert spelt == []


def test_what_kraken_keeps_after_a_rerun_says_what_to_do_and_is_not_new(console: Console) -> None:
    journey = console.journey
    assert COLUMNS.of(dialect="edf_accounts", patience=60) is not None
    errored = broken(journey, "errored")
    rehearsal = finished_wave(journey, errored, name="dress", dry_run=True)
    assert journey.states(rehearsal) == {"dry_run_errored": 1}
    finished_wave(journey, SOUND[0], name="before")
    wave_id = finished_wave(journey, errored, SOUND[1], name="pilot")
    words = words_of(console.get(f"waves/{wave_id}/triage"))
    assert "new" in words.split()
    assert "legacy.contract.tariff_code" in words
    give_it_a_tariff(journey)
    rerun(journey, wave=str(wave_id))
    words = words_of(console.get(f"waves/{wave_id}/triage"))
    assert "outcome_kept" in words
    assert "keeps its old outcome: mend or remove it there, then rerun." in words
    assert "kept by Kraken as an earlier create ended" in words
    assert "new" not in words.replace("the new create", "").split()
    assert "tariff_code" not in words
    (row,) = journey.rows("SELECT id FROM migration.import_process WHERE state = 'errored'")
    record = words_of(console.get(f"records/{row['id']}"))
    last_try = record[record.index("Errors of the last try") : record.index("What happened")]
    assert "mend or remove it there, then rerun." in last_try
    assert "Of an earlier create Kraken says tariff_code_not_found: Tariff ••• does not exist." in last_try
    assert "legacy." not in last_try


def test_the_wave_before_and_the_rehearsal_are_compared(console: Console) -> None:
    errored = broken(console.journey, "errored")
    finished_wave(console.journey, errored, SOUND[0], dry_run=True, name="dress")
    finished_wave(console.journey, *SOUND[1:3], name="earlier")
    wave_id = finished_wave(console.journey, errored, name="pilot")
    words = words_of(console.get(f"waves/{wave_id}/triage"))
    assert "new" in words
    assert "before earlier : 0 (0.0 %)" in words
    assert "rehearsal dress : 1 (50.0 %)" in words


def test_causes_are_searched_without_a_word_in_the_address(console: Console) -> None:
    wave_id, _ = mixed(console)
    errored = next(each for each in causes(console, wave_id) if each.stage == "status")
    others = {each.code for each in causes(console, wave_id)} - {errored.code}
    form = {
        key: value for key, value in console.form(f"waves/{wave_id}/triage").items() if key == "form_token"
    }
    for path in (f"waves/{wave_id}/triage", "triage"):
        page = console.post(path, form | {"search": errored.code[:8].upper(), "stage": ""}, user="ops")
        assert page.status_code == 200, page.text
        rows = page.text.partition("<tbody>")[2]
        assert errored.code in rows
        assert not any(code in rows for code in others)
        assert "No cause holds this" in words_of(console.post(path, form | {"search": "made up"}))
    long = console.post(f"waves/{wave_id}/triage", form | {"search": "x" * 10_000_000})
    assert (long.status_code, "shorten it" in words_of(long)) == (409, True)
    assert console.post(f"waves/{wave_id}/triage", {"search": "x"}).status_code == 403


def with_many_causes(console: Console, number: int) -> int:
    """A wave with two records that were not built, one of which has many errors of its own."""
    for account in SOUND[:2]:
        with console.journey.legacy_superuser.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE legacy.account SET account_class = 'ZZZ' WHERE account_number = %(account)s",
                {"account": account},
            )
    wave_id = finished_wave(console.journey, *SOUND[:2], name="pilot")
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.import_error (import_process_id, attempt, wave_id, stage, origin, "
            "severity, code, path, indexed_path, detail, occurred_at, is_named) "
            "SELECT process.id, process.attempt, wave_id, 'build', 'local', 'error', 'made_up_' || number, "
            "'a.path', 'a.path', 'It is made up', now(), true "
            "FROM migration.import_process AS process CROSS JOIN generate_series(1, %(number)s) AS number "
            "WHERE process.id = (SELECT min(id) FROM migration.import_process WHERE state = 'rejected')",
            {"number": number},
        )
    return wave_id


def test_the_most_frequent_of_very_many_causes_are_shown_and_the_others_are_found(console: Console) -> None:
    wave_id = with_many_causes(console, 1_234)
    for path in (f"waves/{wave_id}/triage", "triage"):
        page = console.get(path, user="ops")
        words = words_of(page)
        assert "The 100 most frequent of 1,235 causes" in words
        assert "And 1,135 further causes, each with no more than 1 record: search above" in words
        rows = page.text.partition("<tbody>")[2]
        assert rows.count("<tr>") == 100
        assert rows.index("unknown_code") < rows.index("made_up_")
        assert ">made_up_999<" not in page.text
        form = console.form(path) | {"search": "UP_999", "stage": "build"}
        found = console.post(path, form, user="ops").text.partition("<tbody>")[2]
        assert (found.count("<tr>"), ">made_up_999<" in found) == (1, True)
        assert "No cause holds this" in words_of(console.post(path, form | {"stage": "status"}))


def test_causes_of_very_many_records_are_counted_beside_the_page(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave_id = with_many_causes(console, 3)
    monkeypatch.setattr(routes, "_MOST_AT_ONCE", 1)
    monkeypatch.setattr(routes, "_COUNTED", Kept())
    end = time.monotonic() + 30
    while "counted at" not in (words := words_of(console.get(f"waves/{wave_id}/triage", user="ops"))):
        assert "their causes are being counted" in words
        assert time.monotonic() < end
    assert "made_up_3" in words
    # They are kept: a look does not count them again.
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.import_error SET code = 'other'")
    assert "made_up_3" in words_of(console.get(f"waves/{wave_id}/triage", user="ops"))


def test_open_waves_are_triaged_together_and_only_those_that_may_be_read(console: Console) -> None:
    assert "no open wave has a record" in words_of(console.get("triage"))
    wave_id, _ = mixed(console)
    other = finished_wave(console.journey, *SOUND[2:3])
    page = console.get("triage", user="ops")
    assert f"/waves/{wave_id}/triage" in page.text
    assert f"/waves/{other}/triage" not in page.text
    assert "no open wave has a record" in words_of(console.get("triage", user="elsewhere"))
    form = console.form(f"orders/new/rerun?wave={wave_id},{other}")
    assert form["shown"] == "3"


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("waves/999/triage", 404, "There is no wave 999"),
        ("left?wave=999", 404, "There is no wave 999"),
        ("left", 409, "Say which wave"),
        ("left?wave=one", 409, "does not say a wave"),
        ("left?wave=1&state=processed", 409, "nothing to mend"),
        ("left?wave=1&records=x", 409, "does not say records"),
        ("left?wave=1&code=made_up", 200, "0 records match"),
        ("orders/new/rerun?wave=1&code=made_up", 200, "No record fits any more"),
        ("orders/new/decide?wave=1", 200, "nothing is to decide"),
        ("orders/00000000-0000-0000-0000-000000000001/list.csv", 404, "There is no such list"),
    ],
)
def test_senseless_addresses_get_a_calm_page(console: Console, path: str, status: int, sentence: str) -> None:
    finished_wave(console.journey, *SOUND[:1])
    page = console.get(path, user="ops")
    assert (page.status_code, sentence in words_of(page)) == (status, True), words_of(page)


def test_a_closed_wave_is_shown_and_not_rerun(console: Console) -> None:
    wave_id, _ = mixed(console)
    with console.journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET closed_at = now(), closed_by = 'ops'")
    assert console.get(f"waves/{wave_id}/triage").status_code == 200
    assert "is closed since" in words_of(console.get(f"orders/new/rerun?wave={wave_id}", user="ops"))
    assert "no open wave has a record" in words_of(console.get("triage"))


def test_a_viewer_sees_causes_and_no_button(console: Console) -> None:
    wave_id, _ = mixed(console)
    for path in (f"waves/{wave_id}/triage", f"left?wave={wave_id}", "triage"):
        page = console.get(path, user="viewer")
        assert page.status_code == 200
        assert "orders/new" not in page.text
        assert 'type="checkbox"' not in page.text
    for kind in ("rerun", "rehearse", "decide", "give", "export"):
        assert console.get(f"orders/new/{kind}?wave={wave_id}").status_code == 403


def test_pages_keep_to_the_policy_of_their_headers(console: Console) -> None:
    wave_id, _ = mixed(console)
    for path in ("triage", f"waves/{wave_id}/triage", f"left?wave={wave_id}"):
        page = console.get(path, user="ops")
        assert not re.search(r"<style| style=| on[a-z]+=", page.text), path
        assert page.text.count("<script") == 1
        assert not any(
            row["external_identifier"] in each
            for row in console.journey.rows("SELECT external_identifier FROM migration.import_process")
            for each in re.findall(r'(?:href|action|value)="([^"]*)"', page.text)
        )


KRAKENS = {
    # The field itself, in a list, in lists of lists, and an object as a whole.
    "invalid_phone_number": (
        "customers.0.mobile",
        "Cannot be dialled.",
        "legacy.party_contact.value (kind 'MOB')",
    ),
    "tariff_not_on_sale": (
        "supply_addresses.0.meter_points.0.agreements.0.tariff_code",
        "Not on sale.",
        "legacy.contract.tariff_code",
    ),
    "path_not_known": ("dunning_path", "Not set up.", "legacy.dunning.path"),
    # No field: a rule of ours has the code, or the code or the sentence has the name of a field.
    "ledger_balances_not_equal_to_transfer_balance": ("", "They differ.", "legacy.account.balance"),
    "next_bill_due_date_in_past": ("", "It is over.", "legacy.account.next_bill_due_on"),
    "day_not_possible": ("", "Field smart_read_cycle_day is out of range.", "legacy.account.read_day"),
}


def test_each_of_ten_planted_failures_leads_to_its_legacy_column(console: Console) -> None:
    assert COLUMNS.of(dialect="edf_accounts", patience=60) is not None
    journey = console.journey
    tariff = broken(journey, "errored")
    with journey.legacy_superuser.connect() as connection:
        broken_ones = connection.exec_driver_sql("SELECT external_identifier FROM generator.expected_outcome")
        numbers = (f"GB-{number:09}" for number in range(1, CUSTOMERS + 1))
        others = sorted(set(numbers) - set(broken_ones.scalars()))[:9]
    planted = dict(zip(KRAKENS, others, strict=False))
    nameless, classless, voiceless = others[6:]
    for code, key in planted.items():
        path, words, _ = KRAKENS[code]
        journey.strike(
            kind="error", operation="validate", status=400, keys=[key], named=code, path=path, words=words
        )
    journey.strike(
        kind="error", operation="validate", status=400, keys=[nameless], named="not_possible", words="No."
    )
    with journey.legacy_superuser.begin() as connection:
        for column, key in (("account_class", classless), ("communication", voiceless)):
            connection.exec_driver_sql(
                f"UPDATE legacy.account SET {column} = 'Z' WHERE account_number = %(key)s", {"key": key}
            )
    wave_id = finished_wave(journey, tariff, *others, name="pilot")

    lines = re.findall(r"<tr>.*?</tr>", console.get(f"waves/{wave_id}/triage").text, re.DOTALL)
    said = {
        key: next(line for line in lines if key in line).replace("&#39;", "'") for key in (tariff, *others)
    }
    wanted = {planted[code]: column for code, (_, _, column) in KRAKENS.items()}
    wanted |= {
        tariff: "legacy.contract.tariff_code",
        classless: "legacy.account.account_class",
        voiceless: "legacy.account.communication",
    }
    for key, column in wanted.items():
        assert f"<b>{column}" in said[key], said[key]
        assert re.search(r"read by <code>[^<]+\.sql</code>", said[key]), said[key]
    guessed = {key for key, line in said.items() if "Kraken named no field: these are the columns" in line}
    assert guessed == {tariff, *list(planted.values())[3:]}
    assert "Kraken named no field<" in said[nameless]
    assert "<b>" not in said[nameless]
    # The page of the record leads to the same column.
    for key, column in wanted.items():
        link = re.search(r"/tracking/(records/\d+)", said[key])
        assert link is not None
        assert f"<b>{column}" in console.get(link[1]).text.replace("&#39;", "'")


def test_what_others_wrote_turns_nothing_that_stands_beside_it(console: Console) -> None:
    turned = "\u202eNot \u05d1\u05e8\u05d5\u05e8 \u200fhere\u2067"
    console.journey.strike(
        kind="error", operation="validate", status=400, keys=[SOUND[0]], named="odd", words=turned
    )
    wave_id = finished_wave(console.journey, SOUND[0], name="\u05d2\u05dc one")
    (record,) = console.journey.rows("SELECT id FROM migration.import_process")
    with console.journey.tracking_superuser.begin() as connection:
        # As a version that took any name would have stored it.
        connection.exec_driver_sql(
            "UPDATE migration.wave SET name = '\u202e' || name, requested_by = '\u202eann'"
        )
    for page in (
        f"waves/{wave_id}/triage",
        f"left?wave={wave_id}",
        f"records/{record['id']}",
        f"waves/{wave_id}",
        "waves",
    ):
        text = console.get(page).text
        assert not set("\u202e\u200f\u2067") & set(text), page
        is_of_waves = page.removesuffix(f"/{wave_id}") == "waves"
        words = "\u05d2\u05dc one" if is_of_waves else "Not \u05d1\u05e8\u05d5\u05e8 here"
        assert f"<bdi>{words}</bdi>" in text, page
