"""What the proofs read of both sides, and that what was done to either of them is found."""

from __future__ import annotations

import pytest
import requests
from sqlalchemy import text

from proofs import books
from proofs.comparing import Comparison, compare
from proofs.soak import mix
from proofs.soak.mix import UnableToSetFaults
from tests.integration.conftest import Journey


def compared(journey: Journey, wave_id: int) -> Comparison:
    return compare(
        tracked=books.tracked(tracking=journey.tracking, wave_id=wave_id),
        ledger=books.ledger(kraken_url=journey.simulator.url),
    )


def change(journey: Journey, statement: str) -> None:
    with journey.tracking.begin() as connection:
        connection.execute(text(statement))


def test_what_is_done_to_one_side_alone_is_found(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.finish(wave_id)
    assert compared(journey, wave_id).faults == ()
    assert compared(journey, wave_id).records == 5

    address = f"{journey.simulator.url}/simulator/processes"
    key = {
        "resource": "accounts",
        "import_supplier": "TENTACLE_ENERGY",
        "external_identifier": "GB-000000001",
    }
    requests.delete(address, json=key, timeout=10).raise_for_status()
    change(
        journey,
        "UPDATE migration.import_process SET kraken_identifier = 'A-OTHER' "
        "WHERE external_identifier = 'GB-000000002'",
    )
    found = compared(journey, wave_id)
    assert found.lost == (
        "TENTACLE_ENERGY GB-000000001 is processed in tracking, and Kraken does not have it.",
    )
    (wrong,) = found.wrong
    assert wrong.endswith("in Kraken, and A-OTHER in tracking.")


def test_money_is_summed_from_both_sides_of_what_was_processed(journey: Journey) -> None:
    wave_id = journey.valid_wave()
    journey.finish(wave_id)

    def sums() -> dict[str, tuple[int, int]]:
        return books.money(
            tracking=journey.tracking,
            legacy=journey.legacy_superuser,
            wave_id=wave_id,
            dialect="edf_accounts",
        )

    assert sums().keys() == {"ledgers", "transfer_balance"}
    assert all(owed == sent for owed, sent in sums().values())
    with journey.legacy_superuser.begin() as connection:
        connection.execute(
            text("UPDATE legacy.account SET balance = balance - 1 WHERE account_number = 'GB-000000003'")
        )
    owed, sent = sums()["transfer_balance"]
    assert owed == sent + 100


def test_a_wave_survives_the_mix_and_the_stand_in_is_well_again_after_it(journey: Journey) -> None:
    journey = journey.with_settings(visibility_window=0.5, request_timeout=1)
    url = journey.simulator.url
    with mix.suffered(kraken_url=url, seed=7):
        wave_id = journey.valid_wave(limit=20)
        journey.finish(wave_id)
        assert sum(mix.struck(kraken_url=url).values()) > 0
        with pytest.raises(UnableToSetFaults, match="suffers faults already"):
            with mix.suffered(kraken_url=url, seed=7):
                pass
        # It did not end the faults of another.
        assert mix.struck(kraken_url=url)
    assert requests.get(f"{url}/simulator/faults", timeout=10).json() == {"faults": []}
    assert compared(journey, wave_id).faults == ()
    seen = dict(books.requests_by_key(kraken_url=url))
    assert len(seen) == 20
    assert sum(each["create"] for each in seen.values()) <= books.requests_seen(kraken_url=url)["create"]
