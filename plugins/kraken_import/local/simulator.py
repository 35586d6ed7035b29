"""The stand-in Kraken: as a component of the stack, or alone in the foreground."""

import os
import sys

from kraken_import.local.airflow import plain_environment
from kraken_import.local.processes import check_port
from kraken_import.local.settings import DEFAULT_PORT_BASE, ROOT, RUN, Ports, Secrets, Wishes, load_secrets


def simulator_environment(*, secrets: Secrets) -> dict[str, str]:
    """Return its environment, which has its token: other users can read a command line."""
    return {**plain_environment(), "SIMULATOR_TOKEN": secrets.simulator_token}


def simulator_command(*, ports: Ports) -> list[str]:
    """Return its command line; with the journal it remembers across restarts what it has created."""
    # At another address the tracking database sees another Kraken, which has none of this one's customers.
    name = "simulator" if ports.base == DEFAULT_PORT_BASE else f"simulator-{ports.base}"
    return [*_command(ports=ports), "--journal", str(RUN / f"{name}.journal")]


def run_alone(*, wishes: Wishes) -> None:
    """Become the stand-in Kraken, starting empty; it ends with Ctrl-C."""
    ports = Ports(base=wishes.port_base or DEFAULT_PORT_BASE)
    check_port(port=ports.simulator, what="the stand-in Kraken", base=ports.base)
    secrets = load_secrets()
    print(f"KRAKEN_URL=http://127.0.0.1:{ports.simulator}")
    print(f"KRAKEN_TOKEN={secrets.simulator_token}", flush=True)
    os.chdir(ROOT)
    command = _command(ports=ports)
    os.execve(command[0], command, simulator_environment(secrets=secrets))


def _command(*, ports: Ports) -> list[str]:
    address = ["--host", "127.0.0.1", "--port", str(ports.simulator)]
    return [sys.executable, "-m", "kraken_import.simulator", *address]
