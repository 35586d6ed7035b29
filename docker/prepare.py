"""Writes the files in `secrets/` that docker-compose.yml gives to its services. Needs nothing but Python.

    python3 docker/prepare.py [--demo]

Passwords and keys are made once, and a file that is there stays as it is. `connections.json`, with Airflow's
Connections, is written each time: from `.env` or the environment (KRAKEN_URL, IMPORT_SUPPLIERS, KRAKEN_EXTRA)
and from the files kraken_token and legacy_dsn, which are yours to write, or KRAKEN_TOKEN, LEGACY_DSN,
TRACKING_DSN, TRACKING_READER_DSN and TRACKING_OWNER_DSN there, and from wave_keys, where a further key is
written before the one that is there. With `--demo` they lead to the stand-in Kraken and to made-up customers.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PASSWORDS = (
    "postgres_password",
    "airflow_password",
    "tracking_password",
    "tracking_app_password",
    "tracking_reader_password",
    "legacy_password",
    "legacy_app_password",
    "redis_password",
    "admin_password",
    "ops_password",
    "viewer_password",
)
FILES = (
    *PASSWORDS,
    "api_secret_key",
    "jwt_secret",
    "fernet_key",
    "wave_keys",
    "airflow_database",
    "broker_url",
    "logins",
    "tracking_dsn",
    "tracking_reader_dsn",
    "tracking_owner_dsn",
    "legacy_dsn",
    "kraken_token",
    "connections.json",
)
"""Every file that is there afterwards."""
TRACKING = ("tracking_dsn", "tracking_reader_dsn", "tracking_owner_dsn")
SIMULATOR = "http://simulator:28081"
DEMO_SETTINGS = {
    "edf_accounts": (
        "business_segments",
        "operations_teams",
        "dunning_paths",
        "tariff_codes",
        "intermediaries",
        "ledger_codes",
        "payment_vendors",
        "campaigns",
    ),
    "plenitude_accounts": ("tariff_codes",),
}
"""Where the made-up customers have Kraken's own words: these codes are sent as they are."""


_NO_READER = (
    "The console of Airflow will show no page: write into {file} the address of your tracking database for a "
    "member of migration_reader, then run this again.\n"
)


class UnableToPrepare(Exception):
    """A sentence for the person who starts it."""


def main(arguments: list[str], environment: dict[str, str], root: Path = ROOT) -> int:
    """Write what is missing. Returns the exit status."""
    if arguments not in ([], ["--demo"]):
        sys.stderr.write("Usage: python3 docker/prepare.py [--demo]\n")
        return 2
    try:
        settings = {**read_settings(file=root / ".env"), **environment}
        folder = root / (settings.get("SECRETS") or "secrets")
        has_reader = prepare(folder=folder, settings=settings, is_demo=bool(arguments))
    except UnableToPrepare as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    if not has_reader:
        sys.stderr.write(_NO_READER.format(file=folder / "tracking_reader_dsn"))
    sys.stdout.write(f"{folder} is ready; the login `ops` has the password in {folder / 'ops_password'}.\n")
    return 0


def read_settings(*, file: Path) -> dict[str, str]:
    """Return the variables of `.env`, as Compose reads them; none where there is no such file."""
    if not file.is_file():
        return {}
    found = re.findall(r"^([A-Za-z_]\w*)=(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: re.sub(r"^(['\"])(.*)\1$", r"\2", value.strip()) for name, value in found}


def prepare(*, folder: Path, settings: dict[str, str], is_demo: bool) -> bool:
    """Write every file of FILES. Returns whether the console has a user who only reads.

    Raises UnableToPrepare before anything that Airflow reads is changed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in PASSWORDS:
        _keep(file=folder / name, text=secrets.token_hex(20))
    _keep(file=folder / "api_secret_key", text=secrets.token_hex(32))
    _keep(file=folder / "jwt_secret", text=secrets.token_hex(64))
    _keep(file=folder / "fernet_key", text=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _keep(file=folder / "wave_keys", text=base64.b64encode(secrets.token_bytes(32)).decode())
    said = {name: (folder / name).read_text(encoding="utf-8").strip() for name in PASSWORDS}
    logins = {user: said[f"{user}_password"] for user in ("admin", "ops", "viewer")}
    _keep(file=folder / "logins", text=json.dumps(logins))
    database = f"postgresql+psycopg2://airflow:{said['airflow_password']}@postgres:5432/airflow"
    _keep(file=folder / "airflow_database", text=database)
    _keep(file=folder / "broker_url", text=f"redis://:{said['redis_password']}@redis:6379/0")
    made_up = _own_dsn(name="legacy", user="legacy_app", said=said)
    # Those of an earlier version, whose tasks owned what they worked on.
    _replace(
        file=folder / "legacy_dsn", before=_older_dsn(name="legacy", user="legacy", said=said), after=made_up
    )
    if is_demo:
        _keep(file=folder / "kraken_token", text=secrets.token_hex(20))
        _keep(file=folder / "legacy_dsn", text=made_up)
    else:
        for name in ("kraken_token", "legacy_dsn", *TRACKING):
            if value := settings.get(name.upper(), "").strip():
                _write(file=folder / name, text=value)
    _refuse_a_mixture(file=folder / "legacy_dsn", made_up=made_up, is_demo=is_demo)
    owner = _own_dsn(name="tracking", user="tracking", said=said)
    tasks = _own_dsn(name="tracking", user="tracking_app", said=said)
    older = _older_dsn(name="tracking", user="tracking", said=said)
    _replace(file=folder / "tracking_dsn", before=older, after=tasks)
    _keep(file=folder / "tracking_dsn", text=tasks)
    named = _read(file=folder / "tracking_dsn", what="the address of the tracking database")
    _keep(file=folder / "tracking_owner_dsn", text=owner if named == tasks else named)
    reader = _reader(file=folder / "tracking_reader_dsn", said=said, is_ours=named == tasks)
    connections = _connections(folder=folder, settings=settings, is_demo=is_demo)
    if reader:
        connections["tracking_reader"] = reader
    _write(file=folder / "connections.json", text=json.dumps(connections, indent=2))
    return bool(reader)


def _reader(*, file: Path, said: dict[str, str], is_ours: bool) -> str:
    """Return where the console reads the tracking database; blank where nothing says it of another's."""
    ours = _own_dsn(name="tracking", user="tracking_reader", said=said)
    if is_ours:
        _keep(file=file, text=ours)
    found = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    # The bundled database is empty where tasks work on another.
    return "" if found == ours and not is_ours else found


def _refuse_a_mixture(*, file: Path, made_up: str, is_demo: bool) -> None:
    """Made-up customers stay out of a real Kraken, and real ones out of the stand-in."""
    is_made_up = file.is_file() and file.read_text(encoding="utf-8").strip() == made_up
    if is_made_up and not is_demo:
        raise UnableToPrepare(
            f"{file} leads to the demo's made-up customers: write your own address into it."
        )
    if is_demo and not is_made_up:
        raise UnableToPrepare(
            f"{file} leads to your own customers: name another folder for the demo by SECRETS=."
        )


def _own_dsn(*, name: str, user: str, said: dict[str, str]) -> str:
    """Return where a database of the bundled Postgres is, for one of its users.

    The network that leads there is Compose's own, on this machine.
    """
    return f"{_older_dsn(name=name, user=user, said=said)}?sslmode=disable"


def _older_dsn(*, name: str, user: str, said: dict[str, str]) -> str:
    """Return the same as an earlier version wrote it."""
    return f"postgresql://{user}:{said[f'{user}_password']}@postgres:5432/{name}"


def _connections(*, folder: Path, settings: dict[str, str], is_demo: bool) -> dict[str, object]:
    url = SIMULATOR if is_demo else settings.get("KRAKEN_URL", "").strip()
    if not url:
        raise UnableToPrepare("KRAKEN_URL is not set: write the https address of your Kraken into .env.")
    if not is_demo and urlsplit(url).scheme != "https":
        raise UnableToPrepare("KRAKEN_URL must begin with https: http would send personal data unencrypted.")
    extra: dict[str, object] = {}
    if is_demo:
        codes = {name: {each: {"*": "*"} for each in named} for name, named in DEMO_SETTINGS.items()}
        extra = {"allow_http": True, "configured_values": codes}
    if suppliers := settings.get("IMPORT_SUPPLIERS", "").strip():
        extra["import_suppliers"] = suppliers
    return {
        "kraken": {
            "conn_type": "kraken",
            "host": url,
            "password": _read(file=folder / "kraken_token", what="the token for Kraken"),
            "extra": {**_extra(text=settings.get("KRAKEN_EXTRA", "")), **extra},
        },
        "legacy": _read(file=folder / "legacy_dsn", what="the address of the legacy database"),
        "tracking": _read(file=folder / "tracking_dsn", what="the address of the tracking database"),
        "wave_keys": {
            "conn_type": "generic",
            "password": _read(file=folder / "wave_keys", what="the keys that wrap those of waves"),
        },
    }


def _extra(*, text: str) -> dict[str, object]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnableToPrepare('KRAKEN_EXTRA must be a JSON object, for example {"requests_at_once": 64}.')
    return found


def _read(*, file: Path, what: str) -> str:
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not text:
        raise UnableToPrepare(f"{file} is missing or empty: write {what} into it.")
    return text


def _replace(*, file: Path, before: str, after: str) -> None:
    """Write a file anew that is there with one text and no other."""
    if file.is_file() and file.read_text(encoding="utf-8").strip() == before:
        _write(file=file, text=after)


def _keep(*, file: Path, text: str) -> None:
    """Write a file unless it is there."""
    if not file.is_file():
        _write(file=file, text=text)


def _write(*, file: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
