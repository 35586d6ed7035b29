"""How many records of a batch the poller asks about in one round."""

from __future__ import annotations

import pytest

from kraken_import.client.answers import Accepted
from kraken_import.client.gate import Gate
from kraken_import.client.session import KrakenSession
from kraken_import.client.settings import KrakenSettings
from kraken_import.usecases.poller import records_of_round


@pytest.mark.parametrize(
    ("waits", "seconds_each", "records"),
    [
        # Before the first answer it is not known how quick Kraken is.
        (1, None, 500),
        (5, None, 100),
        (1000, None, 100),
        # A quick Kraken answers large rounds of all batches in about two seconds.
        (1, 0.02, 1000),
        (1, 0.2, 500),
        (3, 0.02, 1000),
        (5, 0.02, 640),
        (10, 0.02, 320),
        (20, 0.02, 160),
        (1000, 0.02, 100),
        # A slow one leaves rounds as small as the turns of others need.
        (2, 1.0, 250),
        (5, 1.0, 100),
        (5, 0.1, 128),
    ],
)
def test_rounds_are_as_large_as_leaves_every_batch_its_turn_soon(
    waits: int, seconds_each: float | None, records: int
) -> None:
    gate = Gate(places=32)
    if seconds_each is not None:
        gate.saw(answer=Accepted(), seconds=seconds_each, is_create=False)
    settings = KrakenSettings(base_url="https://kraken.invalid", token="token", requests_in_flight=32)

    async def refresh() -> KrakenSettings:
        return settings

    session = KrakenSession(settings=settings, refresh=refresh, gate=gate)
    assert records_of_round(session=session, waits=waits) == records
