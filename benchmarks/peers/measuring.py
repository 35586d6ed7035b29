"""Runs the command of a peer: how long it takes, what it costs, and what one kill in its middle does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks.peers.environments import plain_environment

_ENDED: Final = frozenset({"PROCESSED", "ERRORED"})
_LOOK_AGAIN: Final = 0.05
_LONGEST: Final = 1_800.0


class PeerFailed(Exception):
    """A sentence that says how the command of a peer ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is started: words, and the variables that it has besides the caller's."""

    words: Sequence[str]
    variables: dict[str, str]
    log: Path
    further_cpu: Callable[[], float] = lambda: 0.0
    """CPU seconds that others have spent for it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What a whole run took, from the start of the command to its end."""

    accounts: int
    seconds: float
    cpu_seconds: float
    further_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Accounts a second."""
        return self.accounts / self.seconds

    @property
    def cpu_of_thousand(self) -> float:
        """CPU seconds of a thousand accounts, of the command and of those who work for it."""
        return 1_000 * (self.cpu_seconds + self.further_cpu_seconds) / max(1, self.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What one kill has done, by the ledger of the stand-in and the books of the peer."""

    sent_twice: int
    """Accounts of which Kraken received a second create."""
    created_twice: int
    lost: int
    """Accounts that were to be created, and that Kraken has not."""
    unknown: int
    """Accounts whose end the books do not tell, or tell otherwise than Kraken."""


def run(*, command: Command, url: str) -> Speed:
    """Run a command to its end. Raises PeerFailed."""
    before = command.further_cpu()
    process = _start(command)
    began = time.monotonic()
    cpu = _await(process=process, command=command)
    seconds = time.monotonic() - began
    return Speed(
        accounts=ledger(url=url, summary=True)["live_creates"],
        seconds=seconds,
        cpu_seconds=cpu,
        further_cpu_seconds=command.further_cpu() - before,
    )


def run_killed(*, command: Command, url: str, kill_at: int) -> None:
    """Kill a command and all that it started after so many creates, and run it again. Raises PeerFailed."""
    process = _start(command)
    deadline = time.monotonic() + _LONGEST
    while ledger(url=url, summary=True)["live_creates"] < kill_at:
        if process.poll() is not None or time.monotonic() > deadline:
            _kill(process)
            raise PeerFailed(f"It ended before it had created {kill_at} accounts: see {command.log}.")
        time.sleep(_LOOK_AGAIN)
    _kill(process)
    process.wait()
    again = _start(command)
    _await(process=again, command=command)


def _start(command: Command) -> subprocess.Popen[bytes]:
    with command.log.open("ab") as log:
        return subprocess.Popen(
            command.words,
            env=plain_environment(**command.variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A group of its own, so that one signal reaches all that it starts.
            start_new_session=True,
        )


def _await(*, process: subprocess.Popen[bytes], command: Command) -> float:
    """Wait for its end. Returns its CPU seconds, with those of its own processes; raises PeerFailed."""
    deadline = time.monotonic() + _LONGEST
    while True:
        found, status, used = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            break
        if time.monotonic() > deadline:
            _kill(process)
            process.wait()
            raise PeerFailed(f"It has not ended within {_LONGEST:.0f} s: see {command.log}.")
        time.sleep(_LOOK_AGAIN)
    if process.returncode != 0:
        raise PeerFailed(f"It ended with {process.returncode}: see {command.log}.")
    return used.ru_utime + used.ru_stime


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def ledger(*, url: str, summary: bool = False) -> dict[str, Any]:
    """Return what the stand-in says of all that it was sent."""
    found: dict[str, Any] = requests.get(
        f"{url}/simulator/ledger{'?summary=1' if summary else ''}", timeout=60
    ).json()
    return found


def harm(*, url: str, wanted: Sequence[str], outcomes: dict[str, str]) -> Harm:
    """Compare what was to be created with Kraken's ledger and with the books of the peer."""
    told = {each["external_identifier"]: each for each in ledger(url=url)["keys"]}
    asked = requests.get(f"{url}/simulator/requests", timeout=60).json()["keys"]
    creates = [each["seen"].get("create", 0) for each in asked]
    return Harm(
        sent_twice=sum(number > 1 for number in creates),
        created_twice=sum(each["created"] > 1 for each in told.values()),
        lost=sum(each not in told for each in wanted),
        unknown=sum(
            each["status"] not in _ENDED or outcomes.get(identifier) != each["status"]
            for identifier, each in told.items()
        ),
    )


def outcomes_of(*, folder: Path) -> dict[str, str]:
    """Return what the books of a peer say last of each account."""
    lines = (folder / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()
    return dict(json.loads(line) for line in lines)
