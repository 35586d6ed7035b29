"""Checkouts of the project for tests, and its commands run in them as a person runs them."""

import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from kraken_import.local.postgres import open_cluster
from tests.conftest import ROOT

PARTS = ("dags", "plugins", "transforms", "sql", "proofs")


def copied_checkout(*, folder: Path) -> Path:
    """A copy of the project in an empty folder, for commands that start nothing."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextmanager
def fresh_checkout(*, folder: Path) -> Iterator[Path]:
    """The same; whatever is started in it is stopped in the end."""
    copied_checkout(folder=folder)
    try:
        yield folder
    finally:
        run(checkout=folder, command="down")
        # Under root the data is not below the checkout, which pytest closes to other users.
        shutil.rmtree(open_cluster(home=folder / ".run" / "postgres", port=0).home, ignore_errors=True)


def login(*, values: dict[str, str], user: str) -> dict[str, str]:
    credentials = {"username": values[f"{user}_USER"], "password": values[f"{user}_PASSWORD"]}
    answer = requests.post(f"{values['AIRFLOW_URL']}/auth/token", json=credentials, timeout=30)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def environment_of(*, checkout: Path) -> dict[str, str]:
    lines = run(checkout=checkout, command="env").splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def free_port_base() -> int:
    """Three free ports in a row; at random, since other test processes look for some at the same time."""
    for _ in range(100):
        base = random.randrange(20_000, 32_000, 10)
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            try:
                for offset, probe in enumerate((one, two, three)):
                    probe.bind(("127.0.0.1", base + offset))
            except OSError:
                continue
            return base
    raise AssertionError("No three ports in a row are free.")


def run(*, checkout: Path, command: str, **variables: str) -> str:
    done = attempt(checkout=checkout, command=command, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(*, checkout: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return attempt_module(checkout=checkout, words=("kraken_import.local", command), **variables)


def attempt_module(
    *, checkout: Path, words: Sequence[str], seconds: float = 240, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m` with these words, for so long at most."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=checkout,
        env={**inherited, "PYTHONPATH": f"{checkout}:{checkout / 'plugins'}", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
