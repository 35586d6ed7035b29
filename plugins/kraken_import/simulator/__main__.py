"""`python -m kraken_import.simulator`: run the stand-in Kraken on its own."""

from __future__ import annotations

import argparse
import errno
import math
import os
import re
import socket
import sys
from pathlib import Path
from typing import NoReturn

import uvicorn

from kraken_import.simulator import suppliers
from kraken_import.simulator.app import Simulator
from kraken_import.simulator.lines import Line
from kraken_import.simulator.rules.page import rules_page
from kraken_import.simulator.store import Store, UnableToReadJournal
from kraken_import.simulator.tokens import Issuer

_SECRETS = {
    "token": "SIMULATOR_TOKEN",
    "jwt": "SIMULATOR_JWT",
    "organisation_key": "SIMULATOR_ORGANISATION_KEY",
    "api_key": "SIMULATOR_API_KEY",
    "login": "SIMULATOR_LOGIN",
}
"""The variable of each secret option, since other users of a machine can read a command line.

Several values stand on lines of their own. With `_FILE` behind its name it names a file with them.
"""
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


class _Parser(argparse.ArgumentParser):
    """Reports an error in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and end with status 2."""
        self.exit(2, f"{message[:1].upper()}{message[1:]}: see python -m kraken_import.simulator --help.\n")


def main() -> int:
    """Serve until stopped; 2 for options or an address that cannot be used."""
    if sys.argv[1:] == ["--rules"]:
        print(rules_page(), end="")
        return 0
    return _serve(options=_options())


def _serve(*, options: argparse.Namespace) -> int:
    store = Store(
        delay=options.delay,
        recreate_after_error=options.recreate_after_error == "accept",
        journal=options.journal,
    )
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        # The address first: a program that has it may be writing the same journal.
        listener.bind((options.host, options.port))
        listener.listen(2048)
        store.open()
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        print(f"Port {options.port} of {options.host} {why}: choose another with --port.", file=sys.stderr)
        return 2
    except UnableToReadJournal as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Stand-in Kraken at http://{options.host}:{listener.getsockname()[1]}", flush=True)
    try:
        uvicorn.Server(_config(app=_app(options=options, store=store))).run(sockets=[listener])
    finally:
        store.close()
    return 0


def _app(*, options: argparse.Namespace, store: Store) -> Simulator:
    return Simulator(
        authorizations=_authorizations(tokens=options.token, jwts=options.jwt),
        store=store,
        issuer=Issuer(
            organisation_keys=frozenset(options.organisation_key),
            api_keys=frozenset(options.api_key),
            passwords=dict(options.login),
            life=options.token_life,
        ),
        envelope=options.envelope,
        error_style=options.error_style,
        suppliers={**suppliers.DEFAULTS, **options.further, **dict(options.supplier)},
    )


def _config(*, app: Simulator) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Line,
        ws="none",
        access_log=False,
        # It looks at no address, so no header needs to be searched for one.
        proxy_headers=False,
        log_level="warning",
        server_header=False,
        # Faults shift the date.
        date_header=False,
        # Requests that are never answered must not keep it from ending.
        timeout_graceful_shutdown=5,
    )


def _authorizations(*, tokens: list[str], jwts: list[str]) -> frozenset[bytes]:
    """The headers to accept: `Token <key>`, and the bare token where it is a JWT."""
    bare = [*jwts, *(token for token in tokens if _JWT.fullmatch(token))]
    return frozenset(value.encode() for value in (*bare, *(f"Token {token}" for token in tokens)))


def _options() -> argparse.Namespace:
    parser = _Parser(prog="simulator", description="A stand-in for Kraken's data-import API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=28081)
    parser.add_argument("--token", action="append", default=[], help="API key to accept; may be repeated")
    parser.add_argument("--jwt", action="append", default=[], help="JWT to accept as it is; may be repeated")
    parser.add_argument(
        "--organisation-key", action="append", default=[], help="key to issue JWTs for; may be repeated"
    )
    parser.add_argument("--api-key", action="append", default=[], help="the same, given as APIKey")
    parser.add_argument(
        "--login", action="append", type=_login, default=[], help="EMAIL:PASSWORD to issue JWTs for"
    )
    parser.add_argument("--token-life", type=_seconds, default=3600.0, help="seconds that a JWT is good for")
    parser.add_argument("--envelope", choices=("wrapped", "bare"), default="wrapped")
    parser.add_argument("--error-style", choices=("auto", "nested", "flat"), default="auto")
    parser.add_argument("--delay", type=_seconds, default=1.0, help="seconds that processing takes")
    parser.add_argument("--recreate-after-error", choices=("accept", "refuse"), default="refuse")
    parser.add_argument("--journal", type=Path, help="file that keeps the creates over a restart")
    parser.add_argument(
        "--supplier",
        action="append",
        type=_supplier,
        default=[],
        help="CODE=FORM of an import supplier; may be repeated",
    )
    parser.add_argument("--rules", action="store_true", help="print what is refused, and end; alone")
    options = parser.parse_args()
    if options.rules:
        parser.error("--rules cannot be combined with other options")
    try:
        options.further = suppliers.read_suppliers(os.environ.get(suppliers.VARIABLE, ""))
    except suppliers.UnableToReadSupplier as error:
        parser.error(f"{suppliers.VARIABLE}: {error}")
    for option, variable in _SECRETS.items():
        getattr(options, option).extend(_from_environment(parser=parser, option=option, variable=variable))
    given = [*options.token, *options.jwt, *options.organisation_key, *options.api_key]
    if not (given or options.login) or "" in given:
        parser.error(
            "give at least one --token, --jwt, key or --login, none of them empty, or SIMULATOR_TOKEN"
        )
    if not options.token_life:
        parser.error("a token lives for more than 0 seconds")
    return options


def _from_environment(
    *, parser: argparse.ArgumentParser, option: str, variable: str
) -> list[str] | list[tuple[str, str]]:
    text, path = os.environ.get(variable, ""), os.environ.get(f"{variable}_FILE", "")
    if text and path:
        parser.error(f"{variable} and {variable}_FILE exclude each other")
    try:
        values = (Path(path).read_text(encoding="utf-8") if path else text).split("\n")
    except (OSError, UnicodeDecodeError):
        parser.error(f"{variable}_FILE names a file that cannot be read")
    found = [value.strip() for value in values if value.strip()]
    try:
        return [_login(value) for value in found] if option == "login" else found
    except argparse.ArgumentTypeError as error:
        parser.error(f"{variable}: {error}")


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not a port from 0 to 65535")
    return int(value)


def _login(value: str) -> tuple[str, str]:
    email, _, password = value.partition(":")
    if not email or not password:
        raise argparse.ArgumentTypeError("a login is EMAIL:PASSWORD")
    return email, password


def _supplier(value: str) -> tuple[str, str]:
    try:
        return suppliers.read_supplier(value)
    except suppliers.UnableToReadSupplier as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
