"""A running stack as tests of Airflow use it: its API, its databases, its stand-in Kraken."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.checkouts import environment_of, free_port_base, fresh_checkout, login, run
from tests.conftest import ROOT

DAG = "migrate_edf_accounts"
ENDS = ("success", "failed")
TOLD = ".run/told.txt"
"""In a stack's folder: what its notifier was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running stack and its values as `make env` prints them."""

    folder: Path
    values: dict[str, str]
    logins: dict[str, dict[str, str]] = field(default_factory=dict)

    def api(self, method: str, path: str, body: Any = None, *, user: str = "AIRFLOW") -> requests.Response:
        """Return the answer to a request; logs in again if the login has lapsed or is another Airflow's."""
        url = f"{self.values['AIRFLOW_URL']}/api/v2{path}"
        if user in self.logins:
            answer = requests.request(method, url, json=body, headers=self.logins[user], timeout=60)
            if answer.status_code != 401:
                return answer
        self.logins[user] = login(values=self.values, user=user)
        return requests.request(method, url, json=body, headers=self.logins[user], timeout=60)

    def unpause(self, *dags: str) -> None:
        for dag in dags:
            self.until(lambda dag=dag: self.api("PATCH", f"/dags/{dag}", {"is_paused": False}).ok)

    def start(self, **conf: Any) -> requests.Response:
        """Trigger a live wave, unless the test says otherwise."""
        conf = {"dry_run": False} | conf
        return self.api("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None, "conf": conf})

    def trigger(self, dag: str, **conf: Any) -> str:
        """Start a run of any DAG; its id."""
        started = self.api("POST", f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})
        assert started.ok, started.text
        return str(started.json()["dag_run_id"])

    def finish(self, run_id: str, dag: str = DAG) -> str:
        """The state in which a run ends."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}"
        return str(self.until(lambda: (state := self.api("GET", path).json()["state"]) in ENDS and state))

    def until(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.5)
        raise AssertionError("It did not come to that in time.")

    def rows(self, dsn: str, statement: str) -> list[Any]:
        url = self.values[dsn].replace("postgresql://", "postgresql+psycopg2://", 1)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            return list(connection.execute(text(statement)))

    def change(self, statement: str) -> None:
        url = self.values["LEGACY_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text(statement))

    def created(self) -> dict[str, int]:
        ledger = requests.get(f"{self.values['KRAKEN_URL']}/simulator/ledger", timeout=30).json()
        return {key["external_identifier"]: key["created"] for key in ledger["keys"]}

    def set_token(self, token: str) -> None:
        body = {"connection_id": "kraken", "conn_type": "kraken", "password": token}
        changed = self.api("PATCH", "/connections/kraken?update_mask=password", body)
        assert changed.ok, changed.text


@contextmanager
def running_stack(
    *, folder: Path, dags: Sequence[str], files: Mapping[str, str] | None = None, **variables: str
) -> Iterator[Stack]:
    """A stack of a checkout of its own, with these DAGs unpaused; stopped in the end.

    What it tells people it writes into a file. `files` are written into the checkout before it starts, and
    `variables` are added to its environment.
    """
    with fresh_checkout(folder=folder) as checkout:
        for name, content in (files or {}).items():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_text(content, encoding="utf-8")
        shutil.copy(ROOT / "tests" / "file_notifier.py", checkout / "plugins")
        notifier = {
            "notifier": "file_notifier.WritesToFile",
            "kwargs": {"text": "{{ migration.text }}", "file": str(checkout / TOLD)},
        }
        run(
            checkout=checkout,
            command="up",
            PORT_BASE=str(free_port_base()),
            MIGRATION_NOTIFIERS=json.dumps([notifier]),
            **variables,
        )
        started = Stack(folder=checkout, values=environment_of(checkout=checkout))
        started.unpause(*dags)
        yield started
