"""What encryption a connection to a database demands, wherever it is opened."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import libpq_version, parse_dsn

_VERIFIED: Final = "verify-full"
_SYSTEM_SINCE: Final = 160_000
"""The libpq that takes sslrootcert=system."""
UNTRUSTED: Final = "its certificate is not trusted: name its authority in sslrootcert"
NO_TLS: Final = "it does not agree on TLS: check sslmode"
"""What stands in place of libpq's words, which name hosts and files."""


def demanded(
    *, parameters: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what is to be added to a connection's parameters, so that it leads to the right host alone.

    Nothing for this machine and for a Unix socket, or where `sslmode` is said, by PGSSLMODE too. A service
    may lead anywhere, and what is added here goes before the `sslmode` of its file.
    """
    said = os.environ if environment is None else environment
    if _mode(parameters=parameters, said=said) or _is_local(parameters=parameters, said=said):
        return {}
    added = {"sslmode": _VERIFIED}
    # The file of a service may name its authority, and what is said here would go before it.
    service = _service(parameters=parameters, said=said)
    if not (service or parameters.get("sslrootcert") or said.get("PGSSLROOTCERT")):
        added |= _authorities()
    return added


def demanded_by_dsn(*, dsn: str) -> dict[str, str]:
    """Return the same for a DSN."""
    return demanded(parameters=parse_dsn(dsn))


def warning(*, dsn: str, named: str) -> str:
    """Return a sentence on a connection that is not sure of its host; blank where there is no doubt."""
    parameters = parse_dsn(dsn)
    mode = _mode(parameters=parameters, said=os.environ)
    if mode in ("", _VERIFIED) or _is_local(parameters=parameters, said=os.environ):
        return ""
    return (
        f"{named} says sslmode={mode}, by which customers may be sent unencrypted or to another host: "
        f"name sslmode={_VERIFIED}, and by sslrootcert the file of the authority."
    )


def why_untrusted(*, error: BaseException) -> str:
    """Return why a connection failed for want of trust, also where it stands in place of libpq's words.

    Blank for another cause.
    """
    text = str(error)
    # Not every "SSL error": one that says that the connection broke off is worth another try.
    if "certificate" in text:
        return UNTRUSTED
    return NO_TLS if "does not support SSL" in text or NO_TLS in text else ""


def distrust(*, error: BaseException, named: str) -> str:
    """Return a sentence on a connection that failed for want of trust; blank for another cause."""
    sentences = {
        UNTRUSTED: f"The certificate of the database of {named} is not trusted, or not of its host: name the "
        "file of its authority by sslrootcert, and the host as the certificate does.",
        NO_TLS: f"The database of {named} does not speak TLS: have it do so, or name another sslmode where "
        "the way to it is safe.",
    }
    return sentences.get(why_untrusted(error=error), "")


def _mode(*, parameters: Mapping[str, Any], said: Mapping[str, str]) -> str:
    return str(parameters.get("sslmode") or said.get("PGSSLMODE") or "")


def _service(*, parameters: Mapping[str, Any], said: Mapping[str, str]) -> str:
    return str(parameters.get("service") or said.get("PGSERVICE") or "")


def _is_local(*, parameters: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    """Return whether every host is this machine; libpq tries several in turn."""
    if _service(parameters=parameters, said=said):
        return False
    named = (
        parameters.get("hostaddr") or said.get("PGHOSTADDR") or parameters.get("host") or said.get("PGHOST")
    )
    return all(_is_this_machine(host=each) for each in str(named or "").split(","))


def _is_this_machine(*, host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _authorities() -> dict[str, str]:
    """Return the authorities that this machine trusts.

    Its file before libpq's own word for it: the libpq of psycopg2's wheels looks in the folders of the
    machine that it was built on.
    """
    file = ssl.get_default_verify_paths().cafile
    if file and Path(file).is_file():
        return {"sslrootcert": file}
    return {"sslrootcert": "system"} if libpq_version() >= _SYSTEM_SINCE else {}
