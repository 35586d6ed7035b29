"""The stand-in Kraken as a component of the stack, and its ledger."""

import sys

from stack.settings import RUN, Ports, Secrets


def simulator_command(*, ports: Ports, secrets: Secrets) -> list[str]:
    """Its command line; the journal lets it remember over a restart what it has created."""
    address = ["--host", "127.0.0.1", "--port", str(ports.simulator)]
    journal = ["--journal", str(RUN / "simulator.journal")]
    return [sys.executable, "-m", "simulator", *address, "--token", secrets.simulator_token, *journal]
