"""After a wave: holds in the legacy system, what came too late, who is handed back, and who sees to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ProgrammingError

from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.refs import BatchRef
from kraken_import.usecases import build as building
from kraken_import.usecases import cutover
from kraken_import.usecases.build import build_batch
from kraken_import.usecases.faults import BadRequest, SystemicFault
from kraken_import.usecases.holds import UnableToHold, release
from kraken_import.usecases.rerun import NothingSelected
from kraken_import.usecases.summarise import summarise_wave
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import begin_rerun, finished_wave, rerun
from transforms import sql_files

SOUND = "GB-000000001"
REJECTED = "GB-000000125"


def now() -> datetime:
    return datetime.now(UTC)


def mend(journey: Journey) -> None:
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE legacy.account SET account_class = 'DOM' WHERE account_number = '{REJECTED}'"
        )


@pytest.fixture
def pilot(begin: BeginJourney) -> tuple[Journey, int]:
    """A finished wave of one customer who migrated and one who did not."""
    journey = begin(customers=150)
    return journey, finished_wave(journey, SOUND, REJECTED, name="pilot")


def change_everything(journey: Journey, at: str = "now()") -> None:
    """A payment, a charge, a reading and a new email of both customers, as they reach the legacy system."""
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"""
            INSERT INTO legacy.ledger_transaction
                (transaction_id, ledger_id, document_number, posted_on, amount, kind, billed, recorded_at)
            SELECT 900000000 + ledger_id * 10 + n, ledger_id, 'LATE-' || n, '20261121', -10, late.kind, ' ',
                {at}
            FROM legacy.ledger
            JOIN legacy.account USING (account_id)
            CROSS JOIN (VALUES (1, '20'), (2, '20'), (3, '10')) AS late (n, kind)
            WHERE account_number IN ('{SOUND}', '{REJECTED}');
            INSERT INTO legacy.reading
                (reading_id, meter_id, read_on, value_whole, value_decimals, kind, billed, closing,
                recorded_at)
            SELECT 900000000 + meter_id, meter_id, '20261121', 1, '00', 'CU', ' ', ' ', {at}
            FROM legacy.meter
            JOIN legacy.supply_point USING (supply_point_id)
            JOIN legacy.occupancy USING (premise_id)
            JOIN legacy.account USING (account_id)
            WHERE account_number = '{SOUND}' AND removed_on = '99991231' AND fuel LIKE 'E%%';
            INSERT INTO legacy.party_contact
                (contact_id, party_id, kind, value, valid_from, valid_to, recorded_at)
            SELECT 900000000 + party_id, party_id, 'EML', 'new@mail.example.com', '20261121', '99991231', {at}
            FROM legacy.account_role
            JOIN legacy.account USING (account_id)
            WHERE account_number = '{SOUND}'
            ORDER BY position
            LIMIT 1
            """
        )


def late(journey: Journey, wave_id: int) -> dict[str, int]:
    found = cutover.late_changes(
        tracking=journey.tracking, legacy=journey.legacy, wave_id=wave_id, dialect="edf_accounts", now=now()
    )
    assert {change.external_identifier for change in found} <= {SOUND}
    return {change.kind: change.changes for change in found}


def close(journey: Journey) -> None:
    wave = cutover.live_wave(tracking=journey.tracking, name="pilot")
    cutover.close_wave(tracking=journey.tracking, legacy=journey.legacy, wave=wave, by="ops", now=now())


def own(
    journey: Journey,
    wave_id: int | None,
    owner: str = "billing",
    code: str | None = None,
    note: str | None = None,
    **what: Any,
) -> int:
    ownership = Ownership(owner=owner, code=code, note=note, at=now())
    return cutover.own(tracking=journey.tracking, wave_id=wave_id, ownership=ownership, **what)


def test_the_crosswalk_and_the_list_of_those_handed_back_cover_everybody(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    (migrated,) = cutover.crosswalk(tracking=journey.tracking, wave_id=wave_id)
    assert migrated.external_identifier == SOUND
    (known,) = journey.rows(
        "SELECT kraken_identifier FROM migration.import_process WHERE state = 'processed'"
    )
    assert migrated.kraken_identifier == known["kraken_identifier"]
    (back,) = cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now())
    assert (back.external_identifier, back.state, back.code) == (REJECTED, "rejected", "unknown_code")
    assert back.path == "account_type"
    assert back.reason


def test_a_wave_that_was_stopped_hands_back_whom_it_did_not_come_to(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=2, name="pilot")
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.wave "
            "SET stopped_at = now(), stop_code = 'forbidden', stop_reason = 'Forbidden.'"
        )
    found = cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now())
    assert [(back.state, back.code) for back in found] == [("valid", "not_created")] * 2
    assert found[0].reason == "Nothing was created: Forbidden."


def test_changes_after_the_snapshot_are_listed_for_those_in_kraken(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    # Generated rows, and what came before the wave, are in the payloads.
    change_everything(journey, at="now() - interval '1 hour'")
    assert late(journey, wave_id) == {}
    with journey.legacy_superuser.begin() as connection:
        for table in ("ledger_transaction", "reading", "party_contact"):
            connection.exec_driver_sql(
                f"UPDATE legacy.{table} SET recorded_at = now() WHERE recorded_at > '2025-01-01'"
            )
    assert late(journey, wave_id) == {"payment": 2, "booking": 1, "reading": 1, "contact": 1}
    columns = {
        row["column_name"]
        for row in journey.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'late_change'"
        )
    }
    assert not columns & {"value", "amount", "email"}


def test_what_the_sql_of_late_changes_does_wrong_is_one_sentence(
    pilot: tuple[Journey, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey, wave_id = pilot
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    tail = "'payment' AS kind, 1 AS changes, now() AS first_at, now() AS last_at"
    where = "WHERE :since IS NOT NULL AND account_number = ANY (CAST(:identifiers AS text[]))"
    for number, (sql, sentence) in enumerate(
        (
            (f"SELECT no_such AS external_identifier, {tail} {where}", "does not fit .* 42703"),
            (f"SELECT CAST(account_number AS integer) FROM legacy.account {where}", "22P02"),
            (f"SELECT account_number FROM legacy.account {where}", "must deliver the columns external_id"),
            (f"SELECT NULL AS external_identifier, {tail} WHERE :since IS NULL OR true", "delivers NULL"),
            (f"SELECT 'X-1' AS external_identifier, {tail}", "was not asked for"),
            (
                f"SELECT account_number AS external_identifier, 'account' AS kind, 1 AS changes, "
                f"now() AS first_at, now() AS last_at FROM legacy.account {where}",
                "delivers another kind than booking, contact, payment, reading",
            ),
            ("SELECT 1 WHERE 1 = :until", "names :until, which is not one of its parameters"),
            ("DELETE FROM legacy.dunning", "tries to write"),
        )
    ):
        folder = tmp_path / "cutover" / f"dialect_{number}"
        folder.mkdir(parents=True)
        (folder / "changes.sql").write_text(sql, encoding="utf-8")
        with pytest.raises(BadRequest, match=rf"changes\.sql.* {sentence}") as failed:
            cutover.late_changes(
                tracking=journey.tracking,
                legacy=journey.legacy,
                wave_id=wave_id,
                dialect=folder.name,
                now=now(),
            )
        assert "GB-" not in str(failed.value)


def test_the_time_of_a_reruns_own_snapshot_counts(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    with journey.tracking.begin() as connection:
        # The wave was a day ago; the change came an hour ago, and the rerun reads it.
        connection.exec_driver_sql(
            "UPDATE migration.import_process SET watermark = watermark - interval '1 day'"
        )
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.party_contact SET recorded_at = now() - interval '1 hour' WHERE party_id IN ("
            "SELECT party_id FROM legacy.account_role JOIN legacy.account USING (account_id) "
            f"WHERE account_number IN ('{SOUND}', '{REJECTED}'))"
        )
    mend(journey)
    assert rerun(journey, states=("rejected",)).counts == {"processed": 1}
    assert set(late(journey, wave_id)) == {"contact"}


def test_a_wave_is_closed_only_when_everything_it_leaves_has_an_owner(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    change_everything(journey)
    with pytest.raises(BadRequest, match="1 customer handed back has no owner; 4 late changes have"):
        close(journey)
    assert own(journey, wave_id, kind="late_change", code="payment") == 1
    assert own(journey, wave_id, code="unknown_code", note="new code asked for") == 1
    assert own(journey, wave_id, "field force", kind="late_change") == 3
    with pytest.raises(BadRequest, match="No matching leftover lacks an owner"):
        own(journey, wave_id)
    # A further payment has no owner yet.
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE legacy.ledger_transaction SET kind = '20', recorded_at = now() "
            "WHERE document_number = 'LATE-3'"
        )
    with pytest.raises(BadRequest, match="1 late change has no owner"):
        close(journey)
    assert own(journey, wave_id) == 1
    close(journey)
    (wave,) = journey.rows("SELECT closed_at IS NOT NULL AS closed, closed_by FROM migration.wave")
    assert (wave["closed"], wave["closed_by"]) == (True, "ops")
    owners = journey.rows("SELECT owner FROM migration.late_change ORDER BY kind")
    assert [row["owner"] for row in owners] == ["field force", "billing", "field force"]
    with pytest.raises(BadRequest, match="closed already"):
        close(journey)


def test_nothing_is_created_in_a_closed_wave_until_it_is_opened_again(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now())
    own(journey, wave_id)
    close(journey)
    mend(journey)
    with pytest.raises(BadRequest, match="'pilot' is closed"):
        begin_rerun(journey, wave="pilot")
    with pytest.raises(NothingSelected):
        begin_rerun(journey, not_processed=True)
    with pytest.raises(BadRequest, match="wave of this run is closed"):
        journey.plan_run(run_id="run-1")
    # Not even by a task that was under way, and takes what was refused.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET takes_refused = true")
    journey.build(wave_id)
    closed = rf"\(closed\): wave 'pilot' is closed since .* \(kraken-migrate wave open {wave_id}\)"
    with pytest.raises(SystemicFault, match=closed):
        journey.validate(wave_id)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET closed_at = NULL")
    journey.validate(wave_id)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.wave SET closed_at = now()")
    with pytest.raises(SystemicFault, match="'pilot' is closed since"):
        journey.create(wave_id)
    assert journey.states(wave_id) == {"processed": 1, "valid": 1}

    cutover.open_again(
        tracking=journey.tracking, wave=cutover.live_wave(tracking=journey.tracking, name="pilot")
    )
    assert rerun(journey, wave="pilot").counts == {"processed": 1}
    assert cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now()) == []
    close(journey)
    assert journey.created() == {SOUND: 1, REJECTED: 1}


def test_a_customer_who_fails_for_another_reason_needs_an_owner_again(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now())
    own(journey, wave_id)
    mend(journey)
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE legacy.account SET last_billed_to = '20260231' WHERE account_number = '{REJECTED}'"
        )
    rerun(journey, states=("rejected",))
    (back,) = cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=now())
    assert (back.code, back.attempt, back.owner) == ("invalid_date", 2, None)


def test_a_wave_that_has_not_ended_is_not_closed(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=2, name="pilot")
    journey.create(wave_id)
    begin_rerun(journey, wave="pilot")
    with pytest.raises(
        BadRequest, match=r"run has not been summarised; rerun 1 has .*; 2 records have not ended"
    ):
        close(journey)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"kind": "nonesuch"}, "no kind 'nonesuch'"),
        ({"owner": " "}, "Say who"),
        ({"code": "x"}, "No matching"),
    ],
)
def test_an_impossible_owner_is_one_sentence(
    pilot: tuple[Journey, int], what: dict[str, str], sentence: str
) -> None:
    journey, wave_id = pilot
    with pytest.raises(BadRequest, match=sentence):
        own(journey, wave_id, **what)


def test_a_wave_is_found_by_id_or_name_and_a_rehearsal_is_refused(journey: Journey) -> None:
    live = journey.plan(name="pilot", limit=1).wave_id
    journey.plan(name="rehearsal", limit=1, dry_run=True)
    for name in ("pilot", str(live)):
        assert cutover.live_wave(tracking=journey.tracking, name=name).id == live
    for name, sentence in (("rehearsal", "is a rehearsal"), ("nonesuch", "no wave 'nonesuch'")):
        with pytest.raises(BadRequest, match=sentence):
            cutover.live_wave(tracking=journey.tracking, name=name)
    with pytest.raises(BadRequest, match=r"write sql/cutover/plenitude_accounts/changes\.sql"):
        cutover.late_changes(
            tracking=journey.tracking,
            legacy=journey.legacy,
            wave_id=live,
            dialect="plenitude_accounts",
            now=now(),
        )


@pytest.fixture
def writeback(postgres: Cluster, legacy_engine: Engine) -> Iterator[Engine]:
    """The legacy database under a role that may hold customers and do nothing else."""
    password = postgres.password_of(user=logins.WRITEBACK)
    engine = create_engine(legacy_engine.url.set(username=logins.WRITEBACK, password=password))
    yield engine
    engine.dispose()


def held(journey: Journey) -> set[str]:
    with journey.legacy_superuser.connect() as connection:
        return set(connection.exec_driver_sql("SELECT account_number FROM legacy.migration_hold").scalars())


def build_holding(journey: Journey, writeback: Engine, wave_id: int, rerun: int | None = None) -> None:
    build_batch(
        systems=replace(journey.systems, writeback=writeback),
        ref=BatchRef(wave_id=wave_id, batch=0, rerun=rerun),
    )


def let_go(journey: Journey, writeback: Engine, **what: Any) -> int:
    return release(
        tracking=journey.tracking, writeback=writeback, dialects=("edf_accounts",), now=now(), **what
    )


@pytest.mark.parametrize("block", [1, 1_000])
def test_customers_are_held_before_they_are_read_and_let_go_when_they_do_not_migrate(
    begin: BeginJourney, writeback: Engine, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(building, "BLOCK", block)
    journey = begin(customers=150)
    wave_id = journey.plan(identifiers=(SOUND, REJECTED)).wave_id
    build_holding(journey, writeback, wave_id)
    build_holding(journey, writeback, wave_id)
    assert held(journey) == {SOUND, REJECTED}
    with journey.legacy_superuser.connect() as connection:
        (before,) = connection.exec_driver_sql(
            f"SELECT held_at FROM legacy.migration_hold WHERE account_number = '{SOUND}'"
        ).scalars()
    watermarks = journey.rows("SELECT watermark FROM migration.import_process")
    assert all(row["watermark"] > before for row in watermarks)
    journey.validate(wave_id)
    journey.create(wave_id)
    assert let_go(journey, writeback) == 1
    assert held(journey) == {SOUND}
    journey.poll(wave_id)
    summarise_wave(
        tracking=journey.tracking, wave_id=wave_id, failed_tasks=(), now=now(), writeback=writeback
    )
    assert let_go(journey, writeback) == 0
    assert held(journey) == {SOUND}
    # Neither is looked at again: the look must not grow with all who ever migrated.
    assert not journey.rows("SELECT 1 FROM migration.legacy_hold WHERE done_at IS NULL")
    assert len(journey.rows("SELECT 1 FROM migration.legacy_hold WHERE released_at IS NULL")) == 1


def test_a_rerun_holds_again_and_a_late_release_does_not_undo_it(
    begin: BeginJourney, writeback: Engine
) -> None:
    journey = begin(customers=150)
    wave_id = journey.plan(identifiers=(REJECTED,)).wave_id
    build_holding(journey, writeback, wave_id)
    assert let_go(journey, writeback, wave_id=wave_id) == 1
    assert held(journey) == set()
    mend(journey)
    planned = begin_rerun(journey, states=("rejected",))
    with journey.tracking.begin() as connection:
        # Held again, and not built yet: it still stands as rejected.
        connection.exec_driver_sql(
            "UPDATE migration.legacy_hold SET held_at = clock_timestamp(), released_at = NULL, done_at = NULL"
        )
    assert let_go(journey, writeback) == 0
    build_holding(journey, writeback, wave_id, rerun=planned.rerun)
    assert let_go(journey, writeback) == 0
    assert held(journey) == {REJECTED}


def test_a_rehearsal_holds_no_customers(journey: Journey, writeback: Engine) -> None:
    wave_id = journey.plan(limit=2, dry_run=True).wave_id
    build_holding(journey, writeback, wave_id)
    assert held(journey) == set()
    assert not journey.rows("SELECT 1 FROM migration.legacy_hold")


def test_the_role_may_hold_and_nothing_else_and_a_refusal_is_one_sentence(
    journey: Journey, writeback: Engine
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), writeback.begin() as connection:
        connection.exec_driver_sql("UPDATE legacy.account SET balance = 0")
    wave_id = journey.plan(limit=2).wave_id
    with journey.legacy_superuser.begin() as connection:
        connection.exec_driver_sql("REVOKE ALL ON legacy.migration_hold FROM legacy_writeback")
    with pytest.raises(
        UnableToHold, match=r"edf_accounts/hold\.sql needs a right .* permission denied"
    ) as failed:
        build_holding(journey, writeback, wave_id)
    assert "GB-" not in str(failed.value)
    # No customer was read without being held.
    assert journey.states(wave_id) == {"planned": 2}


def test_a_dialect_without_holds_holds_no_customers(begin: BeginJourney, writeback: Engine) -> None:
    journey = begin(dialects=("plenitude_accounts",))
    planned = journey.plan(dialect="plenitude_accounts", limit=2)
    build_holding(replace(journey), writeback, planned.wave_id)
    assert not journey.rows("SELECT 1 FROM migration.legacy_hold")
