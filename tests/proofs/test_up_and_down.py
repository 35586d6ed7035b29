"""The whole stack in a checkout of its own, through the states that people get it into."""

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import psycopg2
import pytest
import requests

from kraken_import.airflow.provider import default_extras
from tests.checkouts import attempt, login, run
from tests.stacks import Stack


@pytest.mark.timeout(400)
@pytest.mark.ends_the_stack
def test_up_heals_what_was_killed_and_down_leaves_nothing(stack: Stack) -> None:
    checkout, values = stack.folder, stack.values
    base = int(values["AIRFLOW_URL"].rpartition(":")[2])

    _test_button_works(values=values)

    # Once more: nothing is started twice, nothing is restarted, and what people set in Airflow stays.
    before = _leaders(checkout=checkout)
    _kraken_connection(values=values, extra='{"envelope": "bare"}')
    run(checkout=checkout, command="up")
    assert _leaders(checkout=checkout) == before
    assert _kraken_connection(values=values)["extra"] == '{"envelope": "bare"}'

    other = attempt(checkout=checkout, command="up", PORT_BASE=str(base + 10))
    assert other.returncode == 1
    assert f"PORT_BASE={base}" in other.stderr

    # The three users may do what their roles say: the viewer may not start anything.
    assert _may_unpause(values=values, user="AIRFLOW") is True
    assert _may_unpause(values=values, user="AIRFLOW_VIEWER") is False

    scheduler = next(each for each in before if "scheduler" in _command_line(pid=each))
    os.kill(scheduler, signal.SIGKILL)
    run(checkout=checkout, command="up")
    after = _leaders(checkout=checkout)
    assert len(after) == len(before)
    assert len(set(after) - set(before)) == 1

    # Without its database nothing of Airflow works on, so all of it starts again.
    os.kill(_postmaster(values=values), signal.SIGKILL)
    run(checkout=checkout, command="up")
    before, after = after, _leaders(checkout=checkout)
    assert len(after) == len(before)
    assert not set(after) & set(before)

    for path in (checkout / ".run").rglob("*"):
        if path.name in ("secrets.json", "stack.json", "passwords.json"):
            assert path.stat().st_mode & 0o077 == 0, path

    # Even when all notes about it are lost.
    (checkout / ".run" / "stack.json").unlink()
    run(checkout=checkout, command="down")
    assert not [pid for pid in after if psutil.pid_exists(pid) and _is_ours(pid=pid, checkout=checkout)]
    for port in range(base, base + 3):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, port
    assert "Nothing was running." in run(checkout=checkout, command="down")


def _may_unpause(*, values: dict[str, str], user: str) -> bool:
    answer = requests.patch(
        f"{values['AIRFLOW_URL']}/api/v2/dags/migrate_edf_accounts",
        json={"is_paused": False},
        headers=login(values=values, user=user),
        timeout=30,
    )
    return answer.status_code != 403


def _test_button_works(*, values: dict[str, str]) -> None:
    """Airflow's page sends what it was given: nothing as an empty text, no port as 0, the secret as ***."""
    stored = _kraken_connection(values=values)
    assert set(json.loads(stored["extra"])) == set(default_extras())
    sent = {name: stored[name] for name in ("connection_id", "conn_type", "description", "host", "extra")}
    sent |= {"login": "", "password": "***", "port": 0, "schema": ""}
    address = f"{values['AIRFLOW_URL']}/api/v2/connections/test"
    answer = requests.post(address, json=sent, headers=login(values=values, user="AIRFLOW"), timeout=60)
    assert answer.ok, answer.text
    assert answer.json() == {
        "status": True,
        "message": f"{values['KRAKEN_URL'].removeprefix('http://')} answers, and accepts the token.",
    }


def _kraken_connection(*, values: dict[str, str], extra: str | None = None) -> dict[str, str]:
    """The Connection as it is, or after its extra fields were changed as a person would in the UI."""
    address = f"{values['AIRFLOW_URL']}/api/v2/connections/kraken"
    headers = login(values=values, user="AIRFLOW")
    if extra is None:
        return dict(requests.get(address, headers=headers, timeout=30).json())
    body = {"connection_id": "kraken", "conn_type": "kraken", "extra": extra}
    changed = requests.patch(f"{address}?update_mask=extra", json=body, headers=headers, timeout=30)
    assert changed.ok, changed.text
    return dict(changed.json())


def _leaders(*, checkout: Path) -> list[int]:
    """The stack's components: leaders of sessions whose output goes to this checkout's logs."""
    return sorted(pid for pid in psutil.pids() if _leads(pid=pid) and _is_ours(pid=pid, checkout=checkout))


def _leads(*, pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _postmaster(*, values: dict[str, str]) -> int:
    connection = psycopg2.connect(values["AIRFLOW_DSN"])
    try:
        return psutil.Process(connection.info.backend_pid).ppid()
    finally:
        connection.close()


def _is_ours(*, pid: int, checkout: Path) -> bool:
    try:
        return str(Path(f"/proc/{pid}/fd/1").readlink()).startswith(f"{checkout}/.run/logs/")
    except OSError:
        return False


def _command_line(*, pid: int) -> str:
    return " ".join(psutil.Process(pid).cmdline())
