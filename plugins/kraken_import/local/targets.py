"""What a stack works against: the bundled Kraken and databases, or others; checked before anything starts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from psycopg2.extensions import parse_dsn

from kraken_import.airflow.provider import default_extras
from kraken_import.cli import databases
from kraken_import.cli.doctor import ask_kraken
from kraken_import.cli.places import Place
from kraken_import.client.probe import UnableToAsk
from kraken_import.client.settings import KrakenSettings, UnableToReadConnection
from kraken_import.generator.values import configured_values
from kraken_import.local import logins
from kraken_import.local.postgres import Cluster
from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import Ports, Secrets, Targets
from transforms.registry import delivered_dialect, usable_dialects


class UnableToReachKraken(StackProblem):
    """No Kraken answers at KRAKEN_URL, or it does not accept the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The addresses in use; `bundled_…` tells whether it is the stack's own.

    `…_owner_dsn` are for the schema and the made-up customers, the others for tasks and commands.
    """

    kraken_url: str
    kraken_token: str
    legacy_dsn: str
    tracking_dsn: str
    legacy_owner_dsn: str
    tracking_owner_dsn: str
    bundled_kraken: bool
    bundled_legacy: bool
    tracking_reader_dsn: str = ""
    """The tracking database for the console's pages; blank for that of tasks."""
    wave_keys: str = field(default="", repr=False)
    """What the keys of waves are wrapped with; the stack's own, whatever the tracking database."""

    @property
    def target_kraken(self) -> str:
        """Kraken's identity in the tracking database."""
        return kraken_settings(url=self.kraken_url, token=self.kraken_token).target


def resolve(*, targets: Targets, ports: Ports, secrets: Secrets, cluster: Cluster) -> Systems:
    """Fill in the bundled systems where no other was named. The cluster must have been created."""
    return Systems(
        kraken_url=targets.kraken_url or f"http://127.0.0.1:{ports.simulator}",
        kraken_token=targets.kraken_token or secrets.simulator_token,
        legacy_dsn=targets.legacy_dsn or cluster.dsn(database="legacy", user=logins.LEGACY),
        tracking_dsn=targets.tracking_dsn or cluster.dsn(database="tracking", user=logins.APP),
        tracking_reader_dsn=targets.tracking_dsn or cluster.dsn(database="tracking", user=logins.READER),
        legacy_owner_dsn=targets.legacy_dsn or cluster.dsn(database="legacy"),
        tracking_owner_dsn=targets.tracking_owner_dsn
        or targets.tracking_dsn
        or cluster.dsn(database="tracking", user=logins.OWNER),
        bundled_kraken=targets.kraken_url is None,
        bundled_legacy=targets.legacy_dsn is None,
        wave_keys=secrets.wave_keys,
    )


def check(*, targets: Targets) -> None:
    """Try every system that is not bundled. Raises UnableToReachKraken or UnableToReach."""
    if targets.legacy_dsn:
        check_database(name="LEGACY_DSN", dsn=targets.legacy_dsn)
    if targets.tracking_dsn:
        check_database(name="TRACKING_DSN", dsn=targets.tracking_dsn)
    if targets.tracking_owner_dsn:
        check_database(name="TRACKING_OWNER_DSN", dsn=targets.tracking_owner_dsn)
    if targets.kraken_url and targets.kraken_token:
        check_kraken(url=targets.kraken_url, token=targets.kraken_token)


def check_database(*, name: str, dsn: str) -> None:
    """Open and close one connection. Raises UnableToReach."""
    databases.check_database(place=Place(dsn=dsn, said_by=name))


def check_kraken(*, url: str, token: str) -> None:
    """Ask Kraken about an import process that cannot exist. Raises UnableToReachKraken."""
    try:
        status = ask_kraken(settings=kraken_settings(url=url, token=token))
    except UnableToAsk as error:
        raise UnableToReachKraken(
            f"No Kraken answers at KRAKEN_URL={url} ({error}): check the address and the network."
        ) from None
    if status == 401:
        raise UnableToReachKraken(f"Kraken at {url} does not accept KRAKEN_TOKEN (401): check the token.")
    if status == 403:
        raise UnableToReachKraken(f"KRAKEN_TOKEN may not use the data-import API of {url} (403).")
    if status not in (200, 404):
        raise UnableToReachKraken(
            f"KRAKEN_URL={url} answered {status} where a data-import API says 404: check the address."
        )


def kraken_settings(*, url: str, token: str) -> KrakenSettings:
    """Return the Connection's settings as the pipeline will read them. Raises UnableToReachKraken."""
    try:
        return KrakenSettings.from_connection_fields(host=url, password=token)
    except UnableToReadConnection as error:
        raise UnableToReachKraken(
            f"KRAKEN_URL and KRAKEN_TOKEN make no usable connection: {error}"
        ) from error


def connections(*, systems: Systems) -> list[Mapping[str, Any]]:
    """The fields of the stack's Connections in Airflow."""
    return [
        _kraken_connection(systems=systems),
        _postgres_connection(connection_id="legacy", dsn=systems.legacy_dsn),
        _postgres_connection(connection_id="tracking", dsn=systems.tracking_dsn),
        _postgres_connection(
            connection_id="tracking_reader", dsn=systems.tracking_reader_dsn or systems.tracking_dsn
        ),
        {
            "connection_id": "wave_keys",
            "conn_type": "generic",
            "description": "What the keys of waves are wrapped with",
            "host": None,
            "login": None,
            "schema": None,
            "port": 0,
            "password": systems.wave_keys,
            "extra": "{}",
        },
    ]


def same_place(*, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two Connections lead to the same system; their other settings may differ."""
    # Airflow's pages save a missing field as an empty one, and a missing port as 0.
    return all(
        (one.get(name) or None) == (other.get(name) or None)
        for name in ("conn_type", "host", "port", "schema", "login")
    )


def place_of(*, connection: Mapping[str, Any]) -> str:
    """Where a Connection leads, for people."""
    port = f":{connection['port']}" if connection.get("port") else ""
    database = f"/{connection['schema']}" if connection.get("schema") else ""
    return f"{connection.get('host')}{port}{database}"


def _kraken_connection(*, systems: Systems) -> Mapping[str, Any]:
    dialects = [delivered_dialect(name=name) for name in usable_dialects()]
    extra = {
        **default_extras(),
        "import_suppliers": ", ".join(
            f"{dialect.name}={dialect.default_import_supplier}" for dialect in dialects
        ),
    }
    if systems.bundled_legacy:
        # Kraken's field holds JSON as text.
        extra["configured_values"] = json.dumps(configured_values())
    return {
        "connection_id": "kraken",
        "conn_type": "kraken",
        "description": "The Kraken that customers are migrated into",
        "host": systems.kraken_url,
        "login": None,
        "schema": None,
        # What Airflow's pages send for no port: its Test button requires exactly the stored port.
        "port": 0,
        "password": systems.kraken_token,
        "extra": json.dumps(extra),
    }


def _postgres_connection(*, connection_id: str, dsn: str) -> Mapping[str, Any]:
    parts = parse_dsn(dsn)
    own = ("host", "port", "user", "password", "dbname")
    descriptions = {
        "legacy": "The legacy billing database",
        "tracking": "The migration's tracking database",
        "tracking_reader": "The same for the console, which sees no payload",
    }
    return {
        "connection_id": connection_id,
        "conn_type": "postgres",
        "description": descriptions[connection_id],
        "host": parts.get("host", "localhost"),
        "port": int(parts.get("port", 5432)),
        "login": parts.get("user"),
        "password": parts.get("password"),
        "schema": parts["dbname"],
        "extra": json.dumps({name: value for name, value in parts.items() if name not in own}),
    }


def safe_address(*, dsn: str) -> str:
    """Host, port and database of a DSN, without its login."""
    parts = urlsplit(dsn)
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"
