"""Differences that reconciliation found get owners, those of a wave and those that no wave has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kraken_import.usecases import cutover
from kraken_import.usecases.faults import BadRequest
from tests.integration.conftest import BeginJourney, Journey
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_cutover import REJECTED, SOUND, close, own
from tests.integration.usecases.test_reconcile import at_kraken, look

EDF_SUPPLIER = "TENTACLE_ENERGY"


@pytest.fixture
def pilot(begin: BeginJourney) -> tuple[Journey, int]:
    """A finished wave of one customer who migrated and one who did not."""
    journey = begin(customers=150)
    return journey, finished_wave(journey, SOUND, REJECTED, name="pilot")


def test_differences_of_a_reconciliation_need_an_owner_while_they_are_open(
    pilot: tuple[Journey, int],
) -> None:
    journey, wave_id = pilot
    cutover.hand_back(tracking=journey.tracking, wave_id=wave_id, now=datetime.now(UTC))
    own(journey, wave_id)
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = customers + 1")
    at_kraken(journey, "DELETE", SOUND, supplier=EDF_SUPPLIER)
    assert look(journey).differences == {"batch_count": 1, "missing_at_kraken": 1}
    with pytest.raises(BadRequest, match="2 differences of the reconciliation have no owner"):
        close(journey)
    assert own(journey, wave_id, "Ann", code="missing_at_kraken", note="asked Kraken") == 1
    with pytest.raises(BadRequest, match="1 difference of the reconciliation has no owner"):
        close(journey)
    # A difference that is gone needs no owner, and gets none.
    with journey.tracking.begin() as connection:
        connection.exec_driver_sql("UPDATE migration.batch SET customers = customers - 1")
    assert look(journey).differences == {"missing_at_kraken": 1}
    with pytest.raises(BadRequest, match="No matching leftover lacks an owner"):
        own(journey, wave_id, kind="difference")
    close(journey)
    kept = journey.rows(
        "SELECT kind, owner, owned_at IS NOT NULL AS owned, note FROM migration.reconciliation_difference "
        "ORDER BY kind"
    )
    assert [tuple(row.values()) for row in kept] == [
        ("batch_count", None, False, None),
        ("missing_at_kraken", "Ann", True, "asked Kraken"),
    ]


def test_what_is_in_kraken_and_in_no_wave_is_shown_and_gets_an_owner_too(pilot: tuple[Journey, int]) -> None:
    journey, wave_id = pilot
    for stranger in ("GB-STRANGER-1", "GB-STRANGER-2"):
        at_kraken(journey, "POST", stranger, supplier=EDF_SUPPLIER)
    assert look(journey).differences == {"unknown_here": 2}
    with pytest.raises(BadRequest, match="No matching leftover"):
        own(journey, None, kind="difference", dialect="national_grid_accounts")
    with pytest.raises(BadRequest, match="belong to a wave: name it"):
        own(journey, None, kind="hand_back")
    assert own(journey, None, "Ann", kind="difference", dialect="edf_accounts", note="by hand?") == 2
    listed = cutover.differences(tracking=journey.tracking)
    assert [
        (each.wave_id, each.kind, each.external_identifier, each.owner, each.note) for each in listed
    ] == [
        (None, "unknown_here", "GB-STRANGER-1", "Ann", "by hand?"),
        (None, "unknown_here", "GB-STRANGER-2", "Ann", "by hand?"),
    ]
    assert cutover.differences(tracking=journey.tracking, dialect="national_grid_accounts") == []
    assert cutover.differences(tracking=journey.tracking, wave_id=wave_id) == []
