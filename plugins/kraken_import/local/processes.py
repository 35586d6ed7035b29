"""Processes that outlive the command that starts them, and ways to end all of them.

Each component leads its own session. Its process id is kept with its start time, so that another process
with the same number is never mistaken for it. Its children are found by session, by descent, and by the
folder that their output goes to, which works even when every note about the component was lost.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from kraken_import.local.problems import StackProblem, called
from transforms.private import private_file

_GRACE_SECONDS = 3.0
_KILL_SECONDS = 10.0
# Start times are floats that each reading computes again from clock ticks.
_SAME_START_SECONDS = 1.0


class PortIsBusy(StackProblem):
    """Another program listens on one of our ports."""


class UnableToStop(StackProblem):
    """A process survived SIGKILL."""


# Children of this process must be waited for by it; those of earlier commands have been adopted.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A started component: `pid` is also its session; times are seconds since the epoch."""

    name: str
    pid: int
    created: float
    launched: float


def launch(
    *, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> Component:
    """Start a command in its own session, with its output appended to `log`."""
    launched = time.time()
    with private_file(path=log, append=True) as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Whatever it writes is for its owner alone: logs and reports name customers.
            umask=0o077,
        )
    _children[process.pid] = process
    with contextlib.suppress(psutil.NoSuchProcess):
        created = psutil.Process(process.pid).create_time()
        return Component(name=name, pid=process.pid, created=created, launched=launched)
    return Component(name=name, pid=process.pid, created=launched, launched=launched)


def is_alive(*, component: Component) -> bool:
    """Whether the component's leader runs."""
    leader = _process(pid=component.pid)
    if leader is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        same = abs(leader.create_time() - component.created) < _SAME_START_SECONDS
        return same and leader.status() != psutil.STATUS_ZOMBIE
    return False


def stop(*, components: Iterable[Component] = (), logs: Path | None = None) -> int:
    """End the components, their children, and every process that writes below `logs`. Returns how many."""
    known = list(components)
    belonging = _belonging(components=known, logs=logs)
    for component in known:
        if is_alive(component=component):
            with contextlib.suppress(ProcessLookupError):
                os.kill(component.pid, 15)
    psutil.wait_procs(belonging, timeout=_GRACE_SECONDS)
    # Looked up again: a child that a leader started while it was ending belongs to it too.
    rest = {process.pid: process for process in (*belonging, *_belonging(components=known, logs=logs))}
    for process in rest.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, survivors = psutil.wait_procs(list(rest.values()), timeout=_KILL_SECONDS)
    for component in known:
        if child := _children.pop(component.pid, None):
            child.wait()
    if survivors:
        raise UnableToStop(
            f"Process {survivors[0].pid} does not end: end it by hand, then run "
            f"{called(command='down')} again."
        )
    return len(belonging)


def family(*, components: Iterable[Component]) -> list[psutil.Process]:
    """Every live process of these components."""
    return _belonging(components=list(components), logs=None)


def check_port(*, port: int, what: str, base: int) -> None:
    """Raise PortIsBusy when 127.0.0.1:port cannot be listened on."""
    with socket.socket() as probe:
        # As servers do: connections that linger from the last run do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError as error:
            raise PortIsBusy(
                f"Port {port} ({what}) is in use by another program: choose other ports, "
                f"for example PORT_BASE={base + 100}."
            ) from error


def _belonging(*, components: Sequence[Component], logs: Path | None) -> list[psutil.Process]:
    sessions = {component.pid for component in components if not _is_stranger(component=component)}
    ancestors = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = {}
    for process in psutil.process_iter():
        if process.pid in ancestors:
            continue
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if os.getsid(process.pid) in sessions or (logs and _writes_below(pid=process.pid, folder=logs)):
                found[process.pid] = process
    for process in list(found.values()):
        with contextlib.suppress(psutil.Error):
            found.update({child.pid: child for child in process.children(recursive=True)})
    return [process for pid, process in found.items() if pid not in ancestors]


def _writes_below(*, pid: int, folder: Path) -> bool:
    """Return whether its standard output is a file in the folder, even a deleted one; needs /proc."""
    try:
        return str(Path(f"/proc/{pid}/fd/1").readlink()).startswith(f"{folder}/")
    except OSError:
        return False


def _is_stranger(*, component: Component) -> bool:
    """Return whether the component's number now belongs to another process."""
    leader = _process(pid=component.pid)
    if leader is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        return abs(leader.create_time() - component.created) >= _SAME_START_SECONDS
    return False


def _process(*, pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
