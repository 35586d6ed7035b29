"""The report of a wave: what the page and its tables say, and that they hold nothing personal."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal

from kraken_import.domain.orders import Order
from kraken_import.tracking import overview
from kraken_import.usecases.announce import announce
from kraken_import.usecases.board import line_of
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.gate import answer_question, question_to_ask
from kraken_import.usecases.report import wave_report
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.test_reconcile import at_kraken, look, play
from transforms.triage import FURTHER, MOST_CODES

CUSTOMERS = 25 * 8


def table(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name])))


def report(journey: Journey, wave_id: int) -> dict[str, str]:
    return wave_report(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))


def test_a_report_accounts_for_every_customer_and_every_cent_and_holds_nothing_personal(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=CUSTOMERS)
    wave_id = play(journey, name="autumn <1>", batch_size=60)
    look(journey)
    _the_tables_account_for_every_customer_and_every_cent(journey, wave_id)
    _the_page_needs_no_network_and_holds_nothing_personal(journey, wave_id)


def _the_tables_account_for_every_customer_and_every_cent(journey: Journey, wave_id: int) -> None:
    files = report(journey, wave_id)
    states = {row["state"]: int(row["customers"]) for row in table(files, "states.csv")}
    assert states == journey.states(wave_id)
    assert sum(states.values()) == CUSTOMERS
    funnel = {row["stage"]: int(row["customers"]) for row in table(files, "funnel.csv")}
    assert funnel["selected"] == CUSTOMERS
    assert funnel["processed"] == states["processed"]
    assert funnel["built"] == CUSTOMERS - states["rejected"]
    timeline = table(files, "timeline.csv")
    assert sum(int(row["succeeded"]) for row in timeline) == states["processed"]
    assert sum(int(row["succeeded"]) + int(row["failed"]) for row in timeline) == CUSTOMERS
    money = {(row["ledger"], row["stage"]): Decimal(row["amount"]) for row in table(files, "money.csv")}
    with journey.legacy_superuser.connect() as connection:
        owed, accepted = (
            connection.exec_driver_sql(
                "SELECT -sum(balance) FROM legacy.account WHERE account_number = ANY (%(keys)s)",
                {"keys": [row["external_identifier"] for row in journey.rows(statement)]},
            ).scalar_one()
            for statement in (
                "SELECT external_identifier FROM migration.import_process",
                "SELECT external_identifier FROM migration.import_process WHERE state = 'processed'",
            )
        )
    assert money["transfer_balance", "legacy"] == owed
    assert money["transfer_balance", "accepted"] == accepted
    assert owed != accepted
    assert money["transfer_balance", "legacy"] - money["transfer_balance", "rejected"] == sum(
        money["transfer_balance", stage] for stage in ("refused", "failed", "parked", "underway", "accepted")
    )
    causes = {row["code"]: row for row in table(files, "causes.csv")}
    assert causes["invalid_phone_number"]["source"] == "legacy.party_contact.value (kind 'TEL')"
    assert table(files, "differences.csv") == []
    assert "✗" not in files["index.html"]
    assert "Nothing differs." in files["index.html"]


def _the_page_needs_no_network_and_holds_nothing_personal(journey: Journey, wave_id: int) -> None:
    files = report(journey, wave_id)
    page = files["index.html"]
    assert "autumn &lt;1&gt;" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=", page)
    with journey.legacy_superuser.connect() as connection:
        personal = [
            value.strip()
            for statement in (
                "SELECT value FROM legacy.party_contact",
                "SELECT billing_name FROM legacy.account",
                "SELECT line1 FROM legacy.address",
                "SELECT identifier FROM legacy.supply_point",
            )
            for value in connection.exec_driver_sql(statement).scalars()
            if value and len(value.strip()) > 4
        ]
    assert len(personal) > CUSTOMERS
    said = "\n".join(files.values())
    assert not [value for value in personal if value in said]


def test_a_wave_that_is_not_reconciled_or_not_ended_can_be_reported(journey: Journey) -> None:
    wave_id = journey.plan(limit=3).wave_id
    page = report(journey, wave_id)["index.html"]
    assert "Not ended" in page
    assert "Not reconciled yet" in page
    journey.build(wave_id)
    assert "3 built + 0 rejected" in report(journey, wave_id)["index.html"]


def test_a_report_tells_how_a_wave_stands_and_what_people_ordered(journey: Journey) -> None:
    wave_id = play(journey, limit=4)
    assert "<b>Ended well</b>" in report(journey, wave_id)["index.html"]
    # Kraken has a customer less than was created.
    (lost, *_) = journey.rows(
        "SELECT external_identifier, import_supplier FROM migration.import_process WHERE state = 'processed'"
    )
    at_kraken(journey, "DELETE", lost["external_identifier"], supplier=lost["import_supplier"])
    look(journey)
    assert "<b>Ended, and 1 difference is open</b>" in report(journey, wave_id)["index.html"]
    other = journey.valid_wave(limit=3)
    order = {"tracking": journey.tracking, "wave": str(other)}
    control_wave(**order, action="pause", order=Order(by="ann", reason="Hotline full", at=datetime.now(UTC)))
    page = report(journey, other)["index.html"]
    assert "<b>Paused</b>" in page
    assert re.search("Paused by ann, .* UTC: Hotline full", page)
    control_wave(**order, action="cancel", order=Order(by="ben", reason=None, at=datetime.now(UTC)))
    page = report(journey, other)["index.html"]
    assert "<b>Stopped</b>" in page
    assert "(<code>cancelled</code>)" in page
    assert re.search("Cancelled by ben, .* UTC<br>Paused by ann", page)


def test_a_report_says_the_rate_that_the_console_says(journey: Journey) -> None:
    wave_id = play(journey, limit=4)
    with journey.tracking.connect() as connection:
        (wave,) = overview.waves_of(connection=connection, wave_ids=[wave_id])
        shown = line_of(connection=connection, wave=wave).rate
    assert shown is not None
    said = re.search(r"<b>([^<]+)</b><span>records a second", report(journey, wave_id)["index.html"])
    assert said is not None
    assert said[1] == f"{shown.a_second:,.1f}"


def test_a_report_leads_to_the_columns_that_the_console_leads_to(journey: Journey) -> None:
    journey.strike(
        kind="error",
        operation="validate",
        status=400,
        keys=["GB-000000001"],
        named="day_not_possible",
        words="Field smart_read_cycle_day is out of range.",
    )
    wave_id = play(journey, limit=4)
    files = report(journey, wave_id)
    (cause,) = (row for row in table(files, "causes.csv") if row["code"] == "day_not_possible")
    assert cause["source"] == "legacy.account.read_day"
    assert "Kraken named no field: these are the columns which its words name" in files["index.html"]
    # It does not send to itself those who look for causes.
    assert "see its report" not in files["index.html"]


def test_announcements_are_one_sentence_with_counts(journey: Journey) -> None:
    def text(moment: str, failure: str | None = None) -> str:
        return announce(
            tracking=journey.tracking,
            wave_id=wave_id,
            moment=moment,  # type: ignore[arg-type]
            failure=failure,
        ).text

    wave_id = journey.plan(limit=4, name="pilot").wave_id
    assert text("start") == "Wave 'pilot' of edf_accounts begins: 4 customers."
    journey.build(wave_id)
    journey.validate(wave_id)
    assert "is at the gate: 4 of 4 customers are valid, 0 were refused." in text("gate")
    assert text("stop", "Because.") == "Wave 'pilot' of edf_accounts was stopped: Because."
    journey.create(wave_id)
    journey.poll(wave_id)
    assert "ended well: 4 of 4 customers are through, 0 failed." in text("end")
    assert "ended badly. 3 tasks failed." in text("end", "3 tasks failed.")


def test_a_report_says_live_or_rehearsal_who_asked_who_approved_and_by_what_policy(journey: Journey) -> None:
    rehearsal = journey.plan(limit=1, dry_run=True).wave_id
    page = report(journey, rehearsal)["index.html"]
    assert "Rehearsal: Kraken went through the import" in page
    assert "unknown: Airflow names no user" in page
    assert "No approval is needed, and more than 10 % refused stops it" in page
    assert "not needed" in page
    live = journey.plan(limit=3, requested_by="alice", approval="required").wave_id
    journey.build(live)
    journey.validate(live)
    now = datetime.now(UTC)
    assert "not given" in report(journey, live)["index.html"]
    question_to_ask(tracking=journey.tracking, wave_id=live, now=now)
    answer_question(tracking=journey.tracking, wave_id=live, approved=True, answered_by="bob", now=now)
    page = report(journey, live)["index.html"]
    assert "Live: what Kraken accepted is created there" in page
    assert "<td>alice</td>" in page
    assert "A person must approve it within 720 minutes" in page
    assert f"approved by bob, {now:%d %B %Y, %H:%M} UTC" in page


def test_each_unknown_code_is_a_cause_with_its_customers_and_the_rarest_of_many_are_one(
    begin: BeginJourney,
) -> None:
    journey = begin(customers=60)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.account SET account_class = CASE WHEN account_id <= 30 THEN 'ZZ'"
            " ELSE 'Q' || chr(CAST(35 + account_id AS integer)) END WHERE account_number < 'GB-000000056'"
            " AND account_number LIKE 'GB-%%'"
        )
    planned = journey.plan(limit=60)
    journey.build(planned.wave_id)
    causes = [
        row
        for row in table(report(journey, planned.wave_id), "causes.csv")
        if (row["code"], row["path"]) == ("unknown_code", "account_type")
    ]
    assert len(causes) == MOST_CODES + 1
    assert "holds the unknown code 'ZZ'" in causes[0]["explanation"]
    assert causes[0]["examples"].startswith("GB-000000001 ")
    assert [row["explanation"] for row in causes if int(row["customers"]) in range(2, 20)] == [FURTHER]
    assert {row["found_by"] for row in causes} == {"rejected by our build"}
