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
        "extra-links": [
            "kraken_import.airflow.links.WaveReportLink",
            "kraken_import.airflow.links.WaveConsoleLink",
        ],
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
        "sign_in": _choice(
            "Sign in (none: the password is an API key or JWT that is sent as it is)",
            "none",
            "organisation_key",
            "api_key",
            "email",
        ),
        "sign_in_path": _field("Path where a token is obtained", "string", default="/v1/graphql/"),
        "envelope": _choice("Envelope", "wrapped", "bare"),
        "region": _field("Default region (for example GB)", "string"),
        "zone": _field("Default time zone (for example Europe/London)", "string"),
        # Limits of one task, and of all tasks that use this Kraken together.
        "requests_in_flight": _field(
            "Requests in flight, of one task", "integer", minimum=1, maximum=256, default=32
        ),
        "requests_at_once": _field(
            "Requests at once, of all that talk to this Kraken",
            "integer",
            minimum=1,
            maximum=4096,
            default=128,
        ),
        "requests_per_second": _field(
            "Requests a second, of all of them (empty: no limit)", "number", default=None
        ),
        "accounts_at_once": _field(
            "Accounts under way at this Kraken at once (empty: as many as it takes)",
            "integer",
            minimum=1,
            default=None,
        ),
        "creates_per_day": _field("Creates a day (empty: no limit)", "integer", minimum=1, default=None),
        "connect_timeout": _field("Seconds to connect", "number", default=10),
        "request_timeout": _field("Seconds for a request", "number", default=60),
        "visibility_window": _field("Seconds until a create is surely visible", "number", default=30),
        "patience": _field("Seconds of patience with a Kraken that does not answer", "number", default=1800),
        "ca_bundle": _field("CA bundle (file)", "string"),
        "client_certificate": _field("Client certificate (file)", "string"),
        "client_key": _field("Key of the client certificate (file)", "string"),
        "import_suppliers": _field("Import suppliers (dialect=code, …)", "string"),
        "configured_values": _field(
            "Configured values (JSON: dialect, setting, legacy code, value)", "string"
        ),
        "policies": _field("Policies of waves (JSON: dialect, setting, value)", "string"),
        "allow_http": _field("Allow http", "boolean", default=False),
    }


def default_extras() -> dict[str, Any]:
    """Return every field with its default, for a Connection made without the form.

    Airflow's form of an existing Connection shows only the fields that are in its extras.
    """
    (kraken,) = get_provider_info()["connection-types"]
    return {name: field["schema"].get("default", "") for name, field in kraken["conn-fields"].items()}


def _choice(label: str, *options: str) -> dict[str, Any]:
    return _field(label, "string", enum=list(options), default=options[0])


def _field(label: str, kind: str, /, **schema: Any) -> dict[str, Any]:
    return {"label": label, "schema": {"type": [kind, "null"], **schema}}
