"""Describes the installed distribution to Airflow: the Connection type `kraken` and the triggers."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description, as the entry point `apache_airflow_provider` requires."""
    return {
        "package-name": "kraken-migration",
        "name": "Kraken",
        "description": "Imports customers into Kraken through its data-import API.",
        "integrations": [{"integration-name": "Kraken", "tags": ["service"]}],
        "hooks": [{"integration-name": "Kraken", "python-modules": ["kraken_import.airflow.hook"]}],
        "triggers": [{"integration-name": "Kraken", "python-modules": ["kraken_import.airflow.triggers"]}],
        "extra-links": ["kraken_import.airflow.links.WaveReportLink"],
        "connection-types": [
            {
                "connection-type": "kraken",
                "hook-class-name": "kraken_import.airflow.hook.KrakenHook",
                "hook-name": "Kraken",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    # Airflow's Test button refuses a Connection that was stored without a port.
                    "relabeling": {
                        "host": "Address",
                        "login": "E-mail (to sign in by e-mail)",
                        "password": "Token, or the secret to sign in with",
                        "port": "Port (443 for https; Test needs one)",
                    },
                    "placeholders": {"host": "https://api.example-kraken.energy", "port": "443"},
                },
                "conn-fields": _fields(),
            }
        ],
    }


def _fields() -> dict[str, Any]:
    """Return the form's own fields."""
    return {
        "sign_in": _field(
            label="Sign in (none: the password is an API key or JWT that is sent as it is)",
            schema={
                "type": ["string", "null"],
                "enum": ["none", "organisation_key", "api_key", "email"],
                "default": "none",
            },
        ),
        "sign_in_path": _field(
            label="Path where a token is obtained",
            schema={"type": ["string", "null"], "default": "/v1/graphql/"},
        ),
        "envelope": _field(
            label="Envelope",
            schema={
                "type": ["string", "null"],
                "enum": ["wrapped", "bare"],
                "default": "wrapped",
            },
        ),
        "region": _field(label="Default region (for example GB)", schema=_TEXT),
        "zone": _field(label="Default time zone (for example Europe/London)", schema=_TEXT),
        **_limits(),
        "connect_timeout": _field(label="Seconds to connect", schema=_seconds(default=10)),
        "request_timeout": _field(label="Seconds for a request", schema=_seconds(default=60)),
        "visibility_window": _field(
            label="Seconds until a create is surely visible", schema=_seconds(default=30)
        ),
        "patience": _field(
            label="Seconds of patience with a Kraken that does not answer",
            schema=_seconds(default=1800),
        ),
        "ca_bundle": _field(label="CA bundle (file)", schema=_TEXT),
        "import_suppliers": _field(label="Import suppliers (dialect=code, …)", schema=_TEXT),
        "configured_values": _field(
            label="Configured values (JSON: dialect, setting, legacy code, value)", schema=_TEXT
        ),
        "policies": _field(label="Policies of waves (JSON: dialect, setting, value)", schema=_TEXT),
        "allow_http": _field(label="Allow http", schema={"type": ["boolean", "null"], "default": False}),
    }


def _limits() -> dict[str, Any]:
    """Return the limits of one task, and of all tasks that use this Kraken together."""
    return {
        "requests_in_flight": _field(
            label="Requests in flight, of one task",
            schema={"type": ["integer", "null"], "minimum": 1, "maximum": 256, "default": 32},
        ),
        "requests_at_once": _field(
            label="Requests at once, of all that talk to this Kraken",
            schema={"type": ["integer", "null"], "minimum": 1, "maximum": 4096, "default": 128},
        ),
        "requests_per_second": _field(
            label="Requests a second, of all of them (empty: no limit)",
            schema={"type": ["number", "null"], "default": None},
        ),
        "accounts_at_once": _field(
            label="Accounts under way at this Kraken at once (empty: as many as it takes)",
            schema={"type": ["integer", "null"], "minimum": 1, "default": None},
        ),
        "creates_per_day": _field(
            label="Creates a day (empty: no limit)",
            schema={"type": ["integer", "null"], "minimum": 1, "default": None},
        ),
    }


def default_extras() -> dict[str, Any]:
    """Return every field with its default, for a Connection made without the form.

    Airflow's form of an existing Connection shows only the fields that are in its extras.
    """
    (kraken,) = get_provider_info()["connection-types"]
    return {name: field["schema"].get("default", "") for name, field in kraken["conn-fields"].items()}


_TEXT = {"type": ["string", "null"]}


def _field(*, label: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "schema": schema}


def _seconds(*, default: int) -> dict[str, Any]:
    return {"type": ["number", "null"], "default": default}
