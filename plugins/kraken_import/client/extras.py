"""The extra fields of a Connection, each read from what a form, a secrets backend or a variable holds."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from kraken_import.domain.policies import PolicySettings, read_policy
from transforms.registry import dialect_names
from transforms.wording import shown_value

_PATH: Final = re.compile(r"(/[\w.~-]+)+/?", re.ASCII)


def choice(*options: str) -> Callable[[Any], str]:
    """Return a reader that accepts one of these words."""

    def read(value: Any) -> str:
        if value not in options:
            raise ValueError(f"must be {' or '.join(options)}")
        return str(value)

    return read


def _plain(number: float) -> str:
    """Return a number as people write it."""
    return f"{number:,.0f}" if number >= 1_000 else f"{number:g}"


def _number(*, least: float, most: float, whole: bool = False) -> Callable[[Any], float | int]:
    def read(value: Any) -> float | int:
        problem = f"must be a {'whole ' if whole else ''}number from {_plain(least)} to {_plain(most)}"
        if isinstance(value, bool):
            raise ValueError(problem)
        try:
            number = int(str(value)) if whole else float(value)
        except (TypeError, ValueError, OverflowError, RecursionError):
            raise ValueError(problem) from None
        if not least <= number <= most:
            raise ValueError(problem)
        return number

    return read


def _path(value: Any) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ValueError("must be a path alone, for example /v1/graphql/: the host is that of the Connection")
    return value


def _region(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError("must be a two-letter country code, for example GB")
    return value


def _zone(value: Any) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        raise ValueError("must be a time zone, for example Europe/London")
    return str(ZoneInfo(value).key)


def _file(value: Any) -> str:
    try:
        is_file = isinstance(value, str) and Path(value).is_file()
    except OSError:
        is_file = False
    if not is_file:
        raise ValueError("must name a file that exists")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
    except OSError:
        raise ValueError("must name a file with certificates (PEM)") from None
    return str(value)


def _readable(value: Any) -> str:
    try:
        if isinstance(value, str) and Path(value).is_file():
            Path(value).read_bytes()
            return value
    except OSError:
        pass
    raise ValueError("must name a file that exists and can be read")


def check_pair(*, certificate: str | None, key: str | None) -> None:
    """Raise `ValueError` unless a client's certificate and its key belong together."""
    if certificate is None:
        if key is not None:
            raise ValueError("extra field 'client_key' needs 'client_certificate': name both files.")
        return

    def refuse() -> str:
        # Without it, OpenSSL would ask at the terminal.
        raise ValueError("the key has a password")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=refuse)
    except (OSError, ValueError):
        raise ValueError(
            "extra fields 'client_certificate' and 'client_key' must name files (PEM) with a certificate and "
            "its own key, which has no password."
        ) from None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _suppliers(value: Any) -> dict[str, str]:
    # The connection form delivers text where the API delivers an object.
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        value = {dialect.strip(): supplier.strip() for dialect, _, supplier in pairs}
    if not isinstance(value, Mapping) or not all(
        item and _is_text(item) for pair in value.items() for item in pair
    ):
        raise ValueError("must give a supplier for each dialect, for example edf_accounts=TENTACLE_ENERGY")
    return dict(value)


def _configured_values(value: Any) -> dict[str, dict[str, dict[str, str]]]:
    problem = (
        "must be JSON that gives legacy code and value by dialect and setting, for example "
        '{"edf_accounts": {"tariff_codes": {"OLD-1": "NEW-1"}}}'
    )
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(problem) from None
    if not _is_nested(value=value, levels=3):
        raise ValueError(problem)
    return dict(value)


def read_policies(*, value: Any) -> dict[str, PolicySettings]:
    """Read policies by dialect. Raises `ValueError` with a sentence's end."""
    problem = (
        "must be JSON that gives settings by dialect, for example "
        '{"edf_accounts": {"approval": "required", "threshold": 0.02}}'
    )
    if isinstance(value, str):
        try:
            # Digit for digit: a float must not come between what is written and what it means.
            value = json.loads(value, parse_float=str)
        except (ValueError, RecursionError):
            raise ValueError(problem) from None
    if not isinstance(value, Mapping) or not all(isinstance(each, Mapping) for each in value.values()):
        raise ValueError(problem)
    unknown = sorted(set(value) - set(dialect_names()))
    if unknown:
        raise ValueError(
            f"names dialect {shown_value(value=unknown[0])}, which is not known: the dialects are "
            f"{', '.join(dialect_names())}"
        )
    found = {}
    for dialect, settings in value.items():
        try:
            found[dialect] = read_policy(values=settings)
        except ValueError as error:
            raise ValueError(f"has a policy for {dialect} that {error}") from None
    return found


def _is_nested(*, value: Any, levels: int) -> bool:
    """Return whether these are objects in objects, with texts at the bottom."""
    if levels == 0:
        return _is_text(value)
    return isinstance(value, Mapping) and all(
        _is_text(name) and _is_nested(value=inner, levels=levels - 1) for name, inner in value.items()
    )


def _is_text(value: Any) -> bool:
    """Return whether this is a text that can be sent."""
    return isinstance(value, str) and is_sendable(text=value)


def is_sendable(*, text: str) -> bool:
    """Return whether a text is free of lone surrogates, which neither JSON nor an address can hold."""
    return text.encode(errors="ignore").decode() == text


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "sign_in_path": _path,
    "envelope": choice("wrapped", "bare"),
    "region": _region,
    "zone": _zone,
    "requests_in_flight": _number(least=1, most=256, whole=True),
    "requests_at_once": _number(least=1, most=4096, whole=True),
    "requests_per_second": _number(least=0.1, most=100_000),
    "accounts_at_once": _number(least=1, most=10_000_000, whole=True),
    "creates_per_day": _number(least=1, most=100_000_000, whole=True),
    "connect_timeout": _number(least=0.1, most=600),
    "request_timeout": _number(least=0.1, most=600),
    "visibility_window": _number(least=0.1, most=3600),
    "patience": _number(least=0, most=86_400),
    "ca_bundle": _file,
    "client_certificate": _readable,
    "client_key": _readable,
    "import_suppliers": _suppliers,
    "configured_values": _configured_values,
    "policies": lambda stated: stated,
    "allow_http": _flag,
}
"""The reader of each field. Each raises `ValueError` with the end of a sentence."""
