"""Whose codes are Kraken's own: those of the bundled database, and no other's unless their owner says so."""

from __future__ import annotations

import json

import pytest

from kraken_import.client.settings import KrakenSettings
from kraken_import.generator.values import configured_values
from kraken_import.local.targets import Systems, connections
from transforms.registry import dialect_names, get_dialect


@pytest.mark.parametrize("is_bundled", [True, False])
def test_only_the_bundled_databases_codes_are_sent_as_they_are_without_a_word(is_bundled: bool) -> None:
    dsn = "postgresql://me@127.0.0.1:5432/any"
    systems = Systems(
        kraken_url="http://127.0.0.1:1",
        kraken_token="t",
        legacy_dsn=dsn,
        tracking_dsn=dsn,
        legacy_owner_dsn=dsn,
        tracking_owner_dsn=dsn,
        bundled_kraken=True,
        bundled_legacy=is_bundled,
    )
    (kraken, *_) = connections(systems=systems)
    settings = KrakenSettings.from_connection_fields(
        host=kraken["host"], password=kraken["password"], extra=json.loads(kraken["extra"])
    )
    assert dict(settings.configured_values) == (configured_values() if is_bundled else {})


@pytest.mark.parametrize("name", dialect_names())
def test_every_setting_without_values_has_its_codes_sent_as_they_are(name: str) -> None:
    dialect = get_dialect(name=name)
    settings = {
        column.setting
        for frame in dialect.frames
        for column in frame.columns
        if column.setting and not column.codes
    }
    given = configured_values()[name]
    assert given.keys() | dialect.default_values.keys() >= settings
    assert given.keys().isdisjoint(dialect.default_values)
    assert all(values == {"*": "*"} for values in given.values())
