"""Airflow's Connections as the stack makes them: every field, each as Airflow's own pages would save it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kraken_import.airflow.provider import default_extras
from kraken_import.client.settings import KrakenSettings
from kraken_import.local import targets
from kraken_import.local.targets import Systems
from transforms.registry import dialect_names, get_dialect


@pytest.fixture
def kraken() -> dict[str, Any]:
    systems = Systems(
        kraken_url="https://api.example.energy",
        kraken_token="t0ken",
        legacy_dsn="postgresql://reader@legacy.example/billing",
        tracking_dsn="postgresql://owner@tracking.example/tracking",
        legacy_owner_dsn="postgresql://owner@tracking.example/tracking",
        tracking_owner_dsn="postgresql://owner@tracking.example/tracking",
        bundled_kraken=False,
        bundled_legacy=False,
    )
    return dict(targets.connections(systems=systems)[0])


def test_the_connection_has_every_field_of_the_form_and_means_the_defaults(kraken: dict[str, Any]) -> None:
    extra = json.loads(kraken["extra"])
    assert set(extra) == set(default_extras())
    read = KrakenSettings.from_connection_fields(
        **{name: kraken[name] for name in ("host", "schema", "port", "password")}, extra=extra
    )
    assert read == KrakenSettings(
        base_url="https://api.example.energy",
        token="t0ken",
        import_suppliers={name: get_dialect(name=name).default_import_supplier for name in dialect_names()},
    )


def test_a_connection_that_was_saved_on_airflows_page_leads_to_the_same_place(kraken: dict[str, Any]) -> None:
    saved = kraken | {"login": "", "schema": "", "port": 0}
    stored_before = kraken | {"port": None}
    assert targets.same_place(one=saved, other=kraken)
    assert targets.same_place(one=stored_before, other=kraken)
    assert not targets.same_place(one=saved | {"port": 8443}, other=kraken)
