"""Which hosts tokens and customers may be sent to, as the administrator of a machine decides.

An operator who may change a Connection could otherwise point it anywhere and press *Test*.
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import urlsplit

VARIABLE: Final = "MIGRATION_KRAKEN_HOSTS"
"""Names with commas between, each with a port where it is not the usual one. Without it all are allowed."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


def check_host(*, base_url: str) -> None:
    """Raise `ValueError`, with a sentence, for an address that is not among those allowed."""
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return
    hosts = {each.strip().lower() for each in said.split(",")}
    if not all(_HOST.fullmatch(each) for each in hosts):
        raise ValueError(
            f"{VARIABLE} must be names of hosts with commas between, for example api.example.com, "
            "kraken.example.com:8443: have an administrator correct it."
        )
    parts = urlsplit(base_url)
    name = parts.netloc.lower()
    usual = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    if not {name, name.removesuffix(f":{parts.port}")} & hosts if usual else name not in hosts:
        raise ValueError(
            f"the host is none of those that {VARIABLE} allows: name one of them, or have an administrator "
            "add it there."
        )
