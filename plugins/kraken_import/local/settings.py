"""Paths of the local stack, its ports and secrets, and what the caller asked for."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from kraken_import.cli.places import read_dsn, with_files
from kraken_import.cli.problems import WrongUsage
from kraken_import.local.problems import StackProblem
from transforms.private import write_private
from transforms.project import located
from transforms.sql_files import CHECKOUT
from transforms.wording import shown_value

ROOT = CHECKOUT or (located() or (Path.cwd(), ""))[0]
"""The folder with `dags/` and `.run/`: the checkout, else that of the project, else the current one."""
RUN = ROOT / ".run"
LOGS = RUN / "logs"
DEFAULT_PORT_BASE = 28080
DEFAULT_SEED = 7
_HIGHEST_PORT_BASE = 65_500
_ADDED = frozenset({"wave_keys"})
"""Secrets that files of earlier versions do not have."""


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
    wave_keys: str
    """What the keys of waves are wrapped with; without it no payload of the stack opens any more."""

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
    tracking_owner_dsn: str | None = None
    """The tracking database for the user who brings its schema up to date; None for that of tracking_dsn."""


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
    save: bool = False
    """Whether what was measured is kept for comparisons."""
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
        tracking_owner_dsn=_read_dsn(name="TRACKING_OWNER_DSN", value=given.get("TRACKING_OWNER_DSN")),
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
        save=_read_save(value=given.get("SAVE")),
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
    """The checkout's secrets: generated at the first call, and again if the file is damaged.

    What a later version needs beside them is added to those of an earlier one.
    """
    names = {each.name for each in fields(Secrets)}
    known: dict[str, str] = {}
    with suppress(FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
        is_sound = names - _ADDED <= set(found) <= names
        if is_sound and all(isinstance(value, str) and value for value in found.values()):
            known = found
    if set(known) == names:
        return Secrets(**known)
    made = replace(_made(), **known)
    # Not private itself: under root the user of Postgres reaches its data through it.
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path=path, text=json.dumps(asdict(made), indent=2))
    return made


def _made() -> Secrets:
    return Secrets(
        jwt=secrets.token_urlsafe(64),
        api_key=secrets.token_urlsafe(32),
        fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        simulator_token=secrets.token_hex(20),
        admin_password=secrets.token_urlsafe(12),
        ops_password=secrets.token_urlsafe(12),
        viewer_password=secrets.token_urlsafe(12),
        wave_keys=base64.b64encode(secrets.token_bytes(32)).decode(),
    )


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


def _read_save(*, value: str | None) -> bool:
    if value not in (None, "yes"):
        raise UnableToUnderstand(f"SAVE must be yes, or left out, not {shown_value(value=value)}.")
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
    try:
        return read_dsn(name=name, value=value)
    except WrongUsage as wrong:
        raise UnableToUnderstand(str(wrong)) from None


def environment_wishes() -> Wishes:
    """The wishes of this process's environment, where make puts the variables of its command line."""
    try:
        said = with_files(said=os.environ, folder=Path.cwd(), source="the environment")
    except WrongUsage as wrong:
        raise UnableToUnderstand(str(wrong)) from None
    return read_wishes(environment={**os.environ, **said})
