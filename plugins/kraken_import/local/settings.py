"""Paths of the local stack, its ports and secrets, and what the caller asked for."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn

from kraken_import.local.problems import StackProblem
from transforms.sql_files import CHECKOUT
from transforms.wording import shown_value

ROOT = CHECKOUT or Path.cwd()
"""The project folder, with `dags/` and `.run/`: the checkout, or the current folder where there is none."""
RUN = ROOT / ".run"
LOGS = RUN / "logs"
DEFAULT_PORT_BASE = 28080
DEFAULT_SEED = 7
_HIGHEST_PORT_BASE = 65_500


class UnableToUnderstand(StackProblem):
    """A variable on the command line makes no sense."""


class NeedsCheckout(StackProblem):
    """A command that works on the project's own files, where the project is only installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The stack's ports: PORT_BASE and those right above it."""

    base: int

    @property
    def airflow(self) -> int:
        """Airflow's UI and API."""
        return self.base

    @property
    def simulator(self) -> int:
        """The stand-in Kraken."""
        return self.base + 1

    @property
    def postgres(self) -> int:
        """Postgres."""
        return self.base + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Generated once for each checkout, kept in a file that only its owner can read."""

    jwt: str
    api_key: str
    fernet: str
    simulator_token: str
    admin_password: str
    ops_password: str
    viewer_password: str

    @property
    def passwords(self) -> dict[str, str]:
        """User name to password, for Airflow's simple login."""
        return {"admin": self.admin_password, "ops": self.ops_password, "viewer": self.viewer_password}


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Systems other than the bundled ones; None stands for the bundled one."""

    kraken_url: str | None = None
    kraken_token: str | None = None
    legacy_dsn: str | None = None
    tracking_dsn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller set as variables; None where a variable is not set."""

    targets: Targets
    port_base: int | None
    accounts: int | None
    seed: int | None
    dialect: str | None
    name: str | None
    identifiers: tuple[str, ...]
    limit: int | None
    wave: str | None = None
    reason: str | None = None
    live: bool = False
    """Whether customers may be created in a Kraken that is not the bundled one."""
    kraken: str | None = None


def read_wishes(*, environment: Mapping[str, str]) -> Wishes:
    """Read ACCOUNTS, KRAKEN_URL and the other variables; raises UnableToUnderstand."""
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    url, token = given.get("KRAKEN_URL"), given.get("KRAKEN_TOKEN")
    if url and not token:
        raise UnableToUnderstand("KRAKEN_URL needs KRAKEN_TOKEN: the stack sends no request without a token.")
    if token and not url:
        raise UnableToUnderstand("KRAKEN_TOKEN needs KRAKEN_URL: the bundled Kraken has its own token.")
    targets = Targets(
        kraken_url=_read_url(name="KRAKEN_URL", value=url) if url else None,
        kraken_token=token,
        legacy_dsn=_read_dsn(name="LEGACY_DSN", value=given.get("LEGACY_DSN")),
        tracking_dsn=_read_dsn(name="TRACKING_DSN", value=given.get("TRACKING_DSN")),
    )
    identifiers = tuple(part.strip() for part in given.get("ID", "").split(",") if part.strip())
    return Wishes(
        targets=targets,
        port_base=_read_number(given=given, name="PORT_BASE", least=1024, most=_HIGHEST_PORT_BASE),
        accounts=_read_number(given=given, name="ACCOUNTS", least=1, most=100_000_000),
        seed=_read_number(given=given, name="SEED", least=0, most=2**31 - 1),
        dialect=given.get("DIALECT"),
        name=given.get("NAME"),
        identifiers=tuple(dict.fromkeys(identifiers)),
        limit=_read_number(given=given, name="LIMIT", least=1, most=100_000_000),
        live=_read_live(value=given.get("LIVE")),
        wave=given.get("WAVE"),
        reason=given.get("REASON"),
        kraken=given.get("KRAKEN"),
    )


def require_checkout(*, command: str) -> None:
    """Raise NeedsCheckout where the project's own files are not at hand."""
    if CHECKOUT is None:
        raise NeedsCheckout(
            f"`{command}` works on the project's own files, and here it is only installed: "
            "run it in a checkout of the project."
        )


def load_secrets(*, path: Path = RUN / "secrets.json") -> Secrets:
    """The checkout's secrets: generated at the first call, and again if the file is damaged."""
    with suppress(FileNotFoundError, ValueError, TypeError, RecursionError):
        known = json.loads(path.read_text(encoding="utf-8"))
        is_whole = set(known) == {each.name for each in fields(Secrets)}
        if is_whole and all(isinstance(value, str) and value for value in known.values()):
            return Secrets(**known)
    made = Secrets(
        jwt=secrets.token_urlsafe(64),
        api_key=secrets.token_urlsafe(32),
        fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        simulator_token=secrets.token_hex(20),
        admin_password=secrets.token_urlsafe(12),
        ops_password=secrets.token_urlsafe(12),
        viewer_password=secrets.token_urlsafe(12),
    )
    write_private(path=path, text=json.dumps(asdict(made), indent=2))
    return made


def write_private(*, path: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)


def _read_number(*, given: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    # Python refuses numbers with thousands of digits.
    is_number = text.isascii() and text.isdigit() and len(text.lstrip("0")) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise UnableToUnderstand(
            f"{name} must be a whole number from {least:,} to {most:,}, not {shown_value(value=text)}."
        )
    return int(text)


def _read_live(*, value: str | None) -> bool:
    if value not in (None, "yes"):
        raise UnableToUnderstand(
            "LIVE must be yes, or left out for a dry run where it is not the bundled systems, not "
            f"{shown_value(value=value)}."
        )
    return value == "yes"


def _read_url(*, name: str, value: str) -> str:
    example = "for example https://api.example.com"
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UnableToUnderstand(f"{name} must be an http or https address, {example}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnableToUnderstand(f"{name} must be an address without login, query or fragment, {example}.")
    return value.rstrip("/")


def _read_dsn(*, name: str, value: str | None) -> str | None:
    if value is None:
        return None
    sentence = f"{name} must be a URI like postgresql://user:password@host:5432/database."
    if not value.startswith(("postgresql://", "postgres://")):
        raise UnableToUnderstand(sentence)
    try:
        parsed = parse_dsn(value)
        sound_ports = all(_is_port(text=port) for port in parsed.get("port", "5432").split(","))
    except psycopg2.ProgrammingError as error:
        # Not the error's own words: they may repeat the password.
        raise UnableToUnderstand(sentence) from error
    if not sound_ports:
        raise UnableToUnderstand(sentence)
    if not parsed.get("dbname"):
        raise UnableToUnderstand(f"{name} names no database: end it with /database.")
    return "postgresql://" + value.split("://", 1)[1]


def _is_port(*, text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65_536


def environment_wishes() -> Wishes:
    """The wishes of this process's environment, where make puts the variables of its command line."""
    return read_wishes(environment=os.environ)
