"""The setting for retention is read whole, or refused in one sentence that repeats no part of it."""

from __future__ import annotations

import pytest

from kraken_import.domain.retention import UnableToReadRetention, read_retention


def test_days_are_read_by_kind_in_the_order_in_which_they_go() -> None:
    assert read_retention(name="MIGRATION_RETENTION", said="") == {}
    found = read_retention(name="MIGRATION_RETENTION", said=" details=365,payloads=90\nruns=1 ")
    assert list(found.items()) == [("payloads", 90), ("details", 365), ("runs", 1)]


@pytest.mark.parametrize(
    "said", ["90", "payloads", "payloads=", "payloads=0", "payloads=1 payloads=2", "logs=9", "runs=36501"]
)
def test_anything_else_is_refused_in_one_sentence(said: str) -> None:
    with pytest.raises(
        UnableToReadRetention, match=r"^MIGRATION_RETENTION must give days by kind, .*there\.$"
    ):
        read_retention(name="MIGRATION_RETENTION", said=said)
