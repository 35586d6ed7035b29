"""Retention takes what is older than the days of its kind, of waves that are over, and says what it took."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from kraken_import.domain.orders import Order
from kraken_import.domain.retention import KINDS
from kraken_import.generator import load
from kraken_import.tracking.retention import DueWave
from kraken_import.usecases.legal_holds import end_hold, hold
from kraken_import.usecases.retention import Retained, retain
from tests.integration.conftest import Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_purge import own_all, personal
from tests.integration.usecases.test_reconcile import look

DAYS = dict.fromkeys(KINDS, 30)
REJECTED = "GB-000000125"


def age(journey: Journey, *waves: int) -> None:
    with journey.tracking_superuser.begin() as connection:
        connection.execute(
            text(
                "UPDATE migration.wave SET finished_at = finished_at - interval '31 days', "
                "started_at = started_at - interval '31 days' WHERE id = ANY (:waves)"
            ),
            {"waves": list(waves)},
        )


def run(journey: Journey, folder: Path, **days: int) -> Retained:
    def delete_report(wave: DueWave) -> bool:
        page = folder / f"{wave.id}.html"
        page.unlink(missing_ok=True)
        return True

    return retain(tracking=journey.tracking, days=days or DAYS, delete_report=delete_report)


def logged(journey: Journey) -> list[tuple[Any, ...]]:
    rows = journey.rows("SELECT kind, wave_id, amount > 0 AS some, days FROM migration.retention ORDER BY id")
    return [tuple(row.values()) for row in rows]


def details(journey: Journey, wave_id: int) -> set[str]:
    rows = journey.rows(
        "SELECT detail FROM migration.import_error WHERE wave_id = :id "
        "UNION SELECT reason FROM migration.hand_back WHERE wave_id = :id",
        id=wave_id,
    )
    return {row["detail"] for row in rows}


def test_each_kind_goes_after_its_days_from_waves_that_are_over_and_under_no_hold(
    journey: Journey, tmp_path: Path
) -> None:
    load.generate(engine=journey.legacy_superuser, dialect="edf_accounts", first=125, last=125, seed=7)
    old = finished_wave(journey, "GB-000000001", REJECTED, name="old")
    held = finished_wave(journey, "GB-000000002", name="held")
    unowned = finished_wave(journey, "GB-000000003", name="open")
    young = finished_wave(journey, "GB-000000004", name="young")
    for wave_id in (old, held, unowned, young):
        (tmp_path / f"{wave_id}.html").touch()
    own_all(journey, old)
    with journey.tracking_superuser.begin() as connection:
        connection.execute(
            text("UPDATE migration.import_process SET state = 'pending' WHERE wave_id = :id"), {"id": unowned}
        )
    age(journey, old, held, unowned)
    order = Order(by="ann", reason="Asked for by the court", at=datetime.now(UTC))
    hold(tracking=journey.tracking, wave=None, external_identifier="GB-000000002", order=order)
    assert look(journey, full=True).failure is None
    states = journey.states(old)

    assert not run(journey, tmp_path, digests=32).deleted["digests"]
    first = run(journey, tmp_path, answers=30, details=30)
    assert (personal(journey, old)["payload"], personal(journey, old)["answer"]) == (1, 0)
    assert details(journey, old) == {"Purged."}
    assert first.held == {held}
    assert first.failure is not None
    assert first.failure.startswith(
        f"1 waves are kept for longer than the setting allows, wave {unowned} for example "
        "(1 record has not ended at Kraken): "
    )
    assert run(journey, tmp_path).refused.keys() == {unowned}
    assert not any(personal(journey, old).values())
    assert journey.states(old) == states
    for wave_id in (held, unowned, young):
        assert all(personal(journey, wave_id).values())
        assert (tmp_path / f"{wave_id}.html").exists()
    assert not (tmp_path / f"{old}.html").exists()
    (purged,) = journey.rows("SELECT wave_id, ordered_by FROM migration.wave_purge")
    assert tuple(purged.values()) == (old, "retention")
    before = logged(journey)
    assert before == [
        ("answers", old, True, 30),
        ("details", old, True, 30),
        ("details", old, False, 30),
        ("payloads", old, True, 30),
        ("reports", old, True, 30),
    ]
    # Repeated, it finds nothing; without the hold it goes on, and keeps the last comparison of each wave.
    assert not run(journey, tmp_path).deleted.total()
    assert logged(journey) == before
    end_hold(tracking=journey.tracking, number=1, order=order)
    look(journey, full=True)
    with journey.tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE migration.reconciliation SET reconciled_at = reconciled_at - interval '31 days'"
        )
    later = run(journey, tmp_path)
    assert later.deleted["runs"] > 0
    assert not any(personal(journey, held).values())
    assert look(journey, full=True).failure is None
