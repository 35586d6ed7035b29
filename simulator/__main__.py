"""`python -m simulator`: run the stand-in Kraken on its own."""

from __future__ import annotations

import argparse
import errno
import socket
import sys
from pathlib import Path

import uvicorn

from simulator.app import Simulator
from simulator.store import Store


def main() -> int:
    """Serve until stopped; 2 for an address that cannot be listened on."""
    options = _options()
    tokens = [f"Token {token}" for token in options.token] + options.jwt
    store = Store(
        delay=options.delay,
        recreate_after_error=options.recreate_after_error == "accept",
        journal=options.journal,
    )
    store.open()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        print(f"Port {options.port} of {options.host} {why}: choose another with --port.", file=sys.stderr)
        return 2
    app = Simulator(tokens=tokens, store=store, envelope=options.envelope, error_style=options.error_style)
    print(f"Stand-in Kraken at http://{options.host}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, http="httptools", access_log=False, log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A stand-in for Kraken's data-import API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=28081)
    parser.add_argument("--token", action="append", default=[], help="API key to accept; may be repeated")
    parser.add_argument("--jwt", action="append", default=[], help="JWT to accept as it is; may be repeated")
    parser.add_argument("--envelope", choices=("wrapped", "bare"), default="wrapped")
    parser.add_argument("--error-style", choices=("auto", "nested", "flat"), default="auto")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds that processing takes")
    parser.add_argument("--recreate-after-error", choices=("accept", "refuse"), default="refuse")
    parser.add_argument("--journal", type=Path, help="file that keeps the creates over a restart")
    options = parser.parse_args()
    if not options.token and not options.jwt:
        parser.error("give at least one --token or --jwt")
    return options


if __name__ == "__main__":
    sys.exit(main())
