"""Reconciliation: nothing to say about a clean wave, and exactly what differs otherwise."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from kraken_import.generator import load
from kraken_import.usecases import build as build_module
from kraken_import.usecases.faults import BadRequest, Retryable, SystemicFault
from kraken_import.usecases.reconcile import Reconciled, reconcile
from tests.integration.conftest import BeginJourney, Journey
from transforms.extract import Extract

DIALECT = "national_grid_accounts"
SUPPLIER = "<IMPORT_SUPPLIER>"
CUSTOMERS = 25 * 4


def look(
    journey: Journey, wave_id: int | None = None, *, full: bool = False, later: timedelta = timedelta()
) -> Reconciled:
    return asyncio.run(
        reconcile(
            systems=journey.systems,
            connection_id="kraken",
            wave_id=wave_id,
            full=full,
            now=datetime.now(UTC) + later,
        )
    )


def play(journey: Journey, **wanted: Any) -> int:
    """Run a whole wave. Returns its id."""
    planned = journey.plan(**wanted)
    for batch in planned.batches:
        journey.build(planned.wave_id, batch)
        journey.validate(planned.wave_id, batch)
        journey.create(planned.wave_id, batch)
        assert journey.poll(planned.wave_id, batch)["open"] == 0
    journey.summarise(planned.wave_id)
    return planned.wave_id


def at_kraken(
    journey: Journey, method: str, identifier: str, *, supplier: str = SUPPLIER, **fields: Any
) -> None:
    """Change what the stand-in holds behind the pipeline's back."""
    key = {"resource": "accounts", "import_supplier": supplier, "external_identifier": identifier}
    requests.request(
        method, f"{journey.simulator.url}/simulator/processes", json=key | fields, timeout=10
    ).raise_for_status()


def identifiers(journey: Journey, state: str) -> list[str]:
    rows = journey.rows(
        "SELECT external_identifier FROM migration.import_process WHERE state = :state ORDER BY id",
        state=state,
    )
    return [row["external_identifier"] for row in rows]


def found(journey: Journey) -> set[tuple[str, str | int]]:
    rows = journey.rows("SELECT * FROM migration.reconciliation_difference WHERE resolved_at IS NULL")
    assert len(rows) == len({(row["kind"], row["external_identifier"], row["batch"]) for row in rows})
    return {(row["kind"], row["external_identifier"] or row["batch"]) for row in rows}


@pytest.mark.parametrize("dialect", load.generated_dialects())
def test_a_clean_wave_has_no_differences_whatever_became_of_its_customers(
    begin: BeginJourney, dialect: str
) -> None:
    journey = begin(customers=CUSTOMERS, dialects=(dialect,))
    wave_id = play(journey, dialect=dialect, batch_size=60)
    outcome = look(journey)
    assert [wave.id for wave in outcome.waves] == [wave_id]
    assert (outcome.differences, outcome.failure) == ({}, None)
    ours = "WHERE wave_id = :id"
    (run,) = journey.rows(f"SELECT * FROM migration.reconciliation {ours}", id=wave_id)
    assert run["source"] == ("status" if "supply_points" in dialect else "listing")
    counts = run["counts"]
    assert counts["claimed"] == counts["selected"] == counts["built"] + counts["rejected"] == CUSTOMERS
    assert counts["built"] == counts["created"] + counts["invalid"] + counts["refused_at_gate"]
    assert counts["created"] == counts["processed"] + counts["errored"] + counts["cancelled"]
    sums = journey.rows(f"SELECT stage, sum(cents) FROM migration.batch_money {ours} GROUP BY 1", id=wave_id)
    assert len(sums) == (2 if dialect in ("edf_accounts", DIALECT) else 0)


def test_a_wave_in_the_middle_of_its_life_has_no_differences(journey: Journey) -> None:
    wave_id = journey.valid_wave(limit=8)
    assert look(journey) == Reconciled(waves=(), differences={}, failure=None)
    assert look(journey, wave_id).failure is None
    journey.create(wave_id)
    assert look(journey, wave_id).failure is None
    # Processed at Kraken, which we shall learn with the next poll.
    requests.get(f"{journey.simulator.url}/simulator/health", timeout=10)
    assert look(journey, wave_id).failure is None


def test_a_rehearsal_is_not_a_record_at_kraken(journey: Journey) -> None:
    rehearsal = journey.valid_wave(dry_run=True)
    journey.create(rehearsal)
    journey.poll(rehearsal)
    assert look(journey, rehearsal).failure is None
    live = play(journey, limit=5)
    assert len(look(journey).waves) == 1
    assert look(journey, live).failure is None


def sabotage(monkeypatch: pytest.MonkeyPatch, change: Callable[[Extract], None]) -> None:
    """A transform with a mistake: it loses rows between the snapshot and the payloads."""
    extract = build_module.extract

    def careless(**arguments: Any) -> Extract:
        extracted = extract(**arguments)
        change(extracted)
        return extracted

    monkeypatch.setattr(build_module, "extract", careless)


def test_ten_planted_differences_are_found_and_nothing_else(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = begin(customers=25 * 17, dialects=(DIALECT,))
    cent, ledger = "8800000003", "8800000005"
    with journey.legacy_superuser.begin() as connection:
        account = f"(SELECT account_id FROM legacy.account WHERE account_number = '{cent}')"
        connection.exec_driver_sql(
            "UPDATE legacy.ledger SET printed_balance = CAST(round(balance + 0.0001, 4) AS text) "
            f"WHERE account_id = {account}"
        )
        connection.exec_driver_sql(
            "UPDATE legacy.ledger_transaction SET amount = amount + 0.0001 WHERE transaction_id = ("
            "SELECT min(transaction_id) FROM legacy.ledger_transaction JOIN legacy.ledger USING (ledger_id) "
            f"WHERE account_id = {account})"
        )

        # A second ledger with nothing on it: without it every sum is still right.
        connection.exec_driver_sql(
            "INSERT INTO legacy.ledger SELECT 99, account_id, statement_closed_on, statement_issued_on, 0, "
            "0, kind, document_kind, '0.00' FROM legacy.ledger JOIN legacy.account USING (account_id) "
            f"WHERE account_number = '{ledger}'"
        )

    def lose_a_ledger(extracted: Extract) -> None:
        frame = extracted.frames["ledgers"]
        extracted.frames["ledgers"] = frame[frame["ledger_key"] != 99]

    sabotage(monkeypatch, lose_a_ledger)
    with journey.legacy_superuser.connect() as connection:
        broken = connection.exec_driver_sql(
            "SELECT min(external_identifier) FROM generator.expected_outcome "
            "WHERE expected_state IN ('errored', 'rejected') GROUP BY expected_state"
        ).scalars()
        wanted = [f"88{number:08}" for number in range(1, 23)] + list(broken)
    wave_id = play(journey, dialect=DIALECT, batch_size=10, identifiers=wanted)
    processed = [key for key in identifiers(journey, "processed") if key not in (cent, ledger)]
    assert {cent, ledger} <= set(identifiers(journey, "processed"))
    # What is planted from here on is found by a look at what has changed.
    assert look(journey).differences == {"balance_differs": 1, "ledger_missing": 1}
    lost, doubled, renamed, altered = processed[:4]
    errored, rejected = identifiers(journey, "errored")[0], identifiers(journey, "rejected")[0]

    at_kraken(journey, "DELETE", lost)
    at_kraken(journey, "POST", doubled, listed=2)
    at_kraken(journey, "POST", renamed, kraken_identifier="A-SOMEBODY")
    at_kraken(journey, "POST", "88-UNKNOWN")
    at_kraken(journey, "POST", errored)
    at_kraken(journey, "POST", rejected)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.payload SET body = %(body)s WHERE import_process_id = ("
            "SELECT id FROM migration.import_process WHERE external_identifier = %(key)s)",
            {"body": zlib.compress(b"{}"), "key": altered},
        )
        connection.exec_driver_sql("UPDATE migration.batch SET customers = customers + 1 WHERE batch = 2")

    planted = {
        ("missing_at_kraken", lost),
        ("doubled_at_kraken", doubled),
        ("balance_differs", cent),
        ("ledger_missing", ledger),
        ("unknown_here", "88-UNKNOWN"),
        ("identifier_differs", renamed),
        ("state_differs", errored),
        ("not_created_here", rejected),
        ("payload_altered", altered),
        ("batch_count", 2),
    }
    outcome = look(journey)
    assert found(journey) == planted
    assert outcome.differences == dict.fromkeys([kind for kind, _ in planted], 1)
    assert outcome.failure is not None
    assert "10 differences are open after" in outcome.failure
    (row,) = journey.rows("SELECT * FROM migration.reconciliation_difference WHERE kind = 'balance_differs'")
    # A hundredth of a cent: nothing is rounded on either side.
    assert (row["ledger"], row["currency"], row["cents"]) == ("ENERGY", "USD", Decimal("-0.01"))
    assert len(row["ours"].partition(".")[2]) == 4
    (_, run) = journey.rows("SELECT counts FROM migration.reconciliation WHERE wave_id IS NULL ORDER BY id")
    assert run["counts"]["unknown_here"] == 1

    # An owner takes one on, and keeps it when it is found again.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.reconciliation_difference SET owner = 'Ann', owned_at = now() "
            "WHERE kind = 'unknown_here'"
        )
    assert look(journey, wave_id).differences == outcome.differences
    assert found(journey) == planted
    (row,) = journey.rows("SELECT * FROM migration.reconciliation_difference WHERE kind = 'unknown_here'")
    assert row["owner"] == "Ann"
    assert row["seen_at"] > row["found_at"]

    # What is mended is settled, and nothing else is.
    at_kraken(journey, "DELETE", "88-UNKNOWN")
    at_kraken(journey, "POST", doubled, listed=1)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = customers - 1 WHERE batch = 2")
    look(journey)
    mended = {("unknown_here", "88-UNKNOWN"), ("doubled_at_kraken", doubled), ("batch_count", 2)}
    assert found(journey) == planted - mended


def test_what_a_listing_leaves_out_is_asked_for_before_it_counts_as_lost(journey: Journey) -> None:
    play(journey, limit=5)
    key = identifiers(journey, "processed")[0]
    requests.post(
        f"{journey.simulator.url}/simulator/processes",
        json={
            "resource": "accounts",
            "import_supplier": "TENTACLE_ENERGY",
            "external_identifier": key,
            "listed": 0,
        },
        timeout=10,
    ).raise_for_status()
    assert look(journey).failure is None
    (run,) = journey.rows("SELECT counts FROM migration.reconciliation WHERE wave_id IS NOT NULL")
    assert run["counts"]["confirmed_although_listed_otherwise"] == 1


def test_identifiers_of_a_listing_are_taken_to_the_letter(journey: Journey) -> None:
    play(journey, limit=2)
    strange = {"GB\tTAB", "GB\nLINE\r", "GB\\N", "\\.", "\\N", "Ünïcode €"}
    for identifier in strange:
        at_kraken(journey, "POST", identifier, supplier="TENTACLE_ENERGY", kraken_identifier="A\t\\1")
    assert look(journey).differences == {"unknown_here": len(strange)}
    assert found(journey) == {("unknown_here", identifier) for identifier in strange}
    assert {
        row["theirs"] for row in journey.rows("SELECT theirs FROM migration.reconciliation_difference")
    } == {"A\t\\1"}


def test_without_a_listing_every_record_is_asked_for(journey: Journey) -> None:
    wave_id = play(journey, limit=5)
    journey.strike(kind="error", operation="list", status=404)
    assert look(journey).failure is None
    (run,) = journey.rows("SELECT * FROM migration.reconciliation WHERE wave_id = :id", id=wave_id)
    assert (run["source"], run["counts"]["asked_one_by_one"]) == ("status", 5)


def test_what_was_not_looked_at_is_not_settled(journey: Journey) -> None:
    play(journey, limit=5)
    at_kraken_edf = {"resource": "accounts", "import_supplier": "TENTACLE_ENERGY"}
    requests.delete(
        f"{journey.simulator.url}/simulator/processes",
        json=at_kraken_edf | {"external_identifier": identifiers(journey, "processed")[0]},
        timeout=10,
    ).raise_for_status()
    assert look(journey).differences == {"missing_at_kraken": 1}
    journey.strike(kind="drop_before", operation="list")
    with pytest.raises(Retryable, match="could not be read to its end"):
        look(journey)
    journey.heal()
    with pytest.raises(SystemicFault, match="put a valid token into it"):
        look(replace(journey, kraken=replace(journey.kraken, token="wrong"), renewed=None))
    assert len(found(journey)) == 1
    journey.strike(kind="unauthorised", operation="list", count=1)
    assert look(journey).differences == {"missing_at_kraken": 1}


def test_a_wave_that_cannot_be_reconciled_is_one_sentence(journey: Journey) -> None:
    with pytest.raises(BadRequest, match="There is no wave 99"):
        look(journey, 99)
    wave_id = journey.valid_wave()
    with pytest.raises(BadRequest, match="point it back"):
        look(replace(journey, kraken=replace(journey.kraken, base_url="https://elsewhere")), wave_id)
