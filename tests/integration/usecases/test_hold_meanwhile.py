"""Legal holds that begin while something is deleted: each waits for what has begun, and keeps the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kraken_import.tracking import legal_holds
from kraken_import.usecases import retention
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.legal_holds import hold
from kraken_import.usecases.purge import purge_wave
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_erase import CLEAN, erase, ordered
from tests.integration.usecases.test_erase_meanwhile import OTHER, during
from tests.integration.usecases.test_purge import personal
from tests.integration.usecases.test_reconcile import look
from tests.integration.usecases.test_retention import age, run


def keep(journey: Journey, *, wave: str | None = None, who: str | None = None) -> str:
    return hold(tracking=journey.tracking, wave=wave, external_identifier=who, order=ordered("The court"))


def test_a_hold_waits_for_a_purge_and_for_an_erasure_that_have_looked_for_holds(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_wave(journey, CLEAN, name="pilot")
    finished_wave(journey, OTHER, name="second")
    held = during(monkeypatch, legal_holds, "of_wave", lambda: keep(journey, who=CLEAN))
    purge_wave(tracking=journey.tracking, wave="pilot", order=ordered())
    assert "is under legal hold" in held().result()
    held = during(monkeypatch, legal_holds, "of_customer", lambda: keep(journey, who=OTHER))
    token = erase(journey, OTHER).token
    # When it begins, no wave has the identifier any more.
    assert "for an identifier that no wave and no cohort has" in held().result()
    assert journey.rows(
        "SELECT FROM migration.import_process WHERE external_identifier = :token", token=token
    )


def test_a_hold_that_begins_between_check_and_deletion_keeps_its_wave_and_the_others_go(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = finished_wave(journey, CLEAN, name="of a customer")
    second = finished_wave(journey, OTHER, name="itself")
    third = finished_wave(journey, "GB-000000003", name="third")
    age(journey, first, second, third)
    for wave_id in (first, second, third):
        (tmp_path / f"{wave_id}.html").touch()
    begun: list[int] = []
    real = retention._Work._delete

    def late(work: Any, *, wave: Any, **given: Any) -> int:
        if wave.id not in begun:
            begun.append(wave.id)
            if wave.id == first:
                keep(journey, who=CLEAN)
            if wave.id == second:
                keep(journey, wave="itself")
        return real(work, wave=wave, **given)

    for days in ({"answers": 30}, {"digests": 30}, {"details": 30}, {"reports": 30}, {"payloads": 30}):
        begun.clear()
        monkeypatch.setattr(retention._Work, "_delete", late)
        done = run(journey, tmp_path, **days)
        monkeypatch.undo()
        assert (done.held, done.failure, begun) == ({first, second}, None, [first, second, third])
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql("DELETE FROM migration.legal_hold")
    for wave_id in (first, second):
        assert all(personal(journey, wave_id).values())
        assert (tmp_path / f"{wave_id}.html").exists()
    assert not any(personal(journey, third).values())


def test_what_deletes_in_the_database_asks_for_holds_of_waves_and_of_customers_itself(
    journey: Journey, tmp_path: Path
) -> None:
    wave_id = finished_wave(journey, CLEAN, name="pilot")
    for _ in range(3):
        look(journey, full=True)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.reconciliation SET reconciled_at = reconciled_at - interval '31 days'"
        )
    compared = "SELECT count(*) AS rows FROM migration.reconciliation WHERE wave_id IS NOT NULL"
    before = journey.rows(compared)
    for of in ({"who": CLEAN}, {"wave": "pilot"}):
        keep(journey, **of)
        for call, refusal in (
            (f"drop_answers({wave_id}, 30)", "is not over"),
            (f"blank_details({wave_id}, 10, 30)", "is not over"),
            (f"erase('TENTACLE_ENERGY', '{CLEAN}', 'ann', 'Asked')", "a customer under a legal hold"),
        ):
            with pytest.raises(Exception, match=refusal), journey.tracking_superuser.begin() as connection:
                connection.exec_driver_sql(f"SELECT migration.{call}")
        run(journey, tmp_path, runs=30)
        assert journey.rows(compared) == before
        with journey.tracking_superuser.begin() as connection:
            connection.exec_driver_sql("DELETE FROM migration.legal_hold")
    run(journey, tmp_path, runs=30)
    assert journey.rows(compared) != before


def test_a_hold_gives_way_and_one_of_an_unknown_customer_is_said(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep(journey, who="GB-00000001").startswith(
        "Legal hold 1 is for an identifier that no wave and no cohort has: if it is misspelt, "
    )
    monkeypatch.setitem(legal_holds._SQL, "lock", legal_holds._SQL["lock"].replace("1min", "100ms"))
    with journey.tracking.begin() as purge:
        legal_holds.keep_waiting(connection=purge)
        with pytest.raises(BadRequest, match="Nothing is held yet"):
            keep(journey, who=CLEAN)
