"""Airflow's REST API, as far as the commands need it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from kraken_import.cli.problems import Problem, UnableToReach

_TIMEOUT_SECONDS = 60.0
_PAGE = 100
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_HOLD_IDENTIFIERS = frozenset({"identifiers"})
"""The Params that external identifiers are given by."""


class AirflowRefused(Problem):
    """Airflow answered something else than was asked for."""


class AirflowIsSilent(UnableToReach):
    """No answer from Airflow's API, or none to this login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTask:
    """A failed task instance: its name for people, and where the API keeps its log."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRun:
    """A run that names a customer; `began` says when, without the name of the run.

    `others`: how many other customers its parameters name.
    """

    dag_id: str
    run_id: str = field(repr=False)
    began: str
    has_ended: bool
    others: int


class Airflow:
    """A session with Airflow's API as one user: it has a token, or logs in when it first needs one."""

    def __init__(self, *, address: str, user: str = "", password: str = "", token: str | None = None) -> None:
        self._address = address.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._session = requests.Session()
        # Neither a proxy nor a .netrc applies to an address of this machine.
        self._session.trust_env = urlsplit(address).hostname not in _THIS_MACHINE
        # Said by itself, so that no .netrc replaces it.
        self._session.auth = _no_login
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def heartbeats(self) -> Mapping[str, datetime | None]:
        """Map each component to its last heartbeat; None for one that was never seen. Needs no login."""
        answer = self._call("GET", "/api/v2/monitor/health", authenticated=False).json()
        seen: dict[str, datetime | None] = {}
        for component in ("scheduler", "triggerer", "dag_processor"):
            part = answer.get(component) or {}
            at = part.get(f"latest_{component}_heartbeat")
            seen[component.replace("_", "-")] = datetime.fromisoformat(at) if at else None
        return seen

    def warm_up(self) -> None:
        """Make the API server build the part that tasks talk to, which takes seconds at the first call."""
        self._call("GET", "/execution/health", authenticated=False)

    def connection(self, *, connection_id: str) -> dict[str, Any] | None:
        """A Connection without its password, or None."""
        answer = self._call("GET", f"/api/v2/connections/{connection_id}", missing_ok=True)
        return None if answer.status_code == 404 else dict(answer.json())

    def put_connection(self, *, fields: Mapping[str, Any]) -> None:
        """Create a Connection, or give an existing one exactly these fields."""
        if self.connection(connection_id=fields["connection_id"]) is None:
            self._call("POST", "/api/v2/connections", body=fields)
        else:
            self._call("PATCH", f"/api/v2/connections/{fields['connection_id']}", body=fields)

    def put_pools(self, *, pools: Mapping[str, Mapping[str, Any]], anew: bool) -> None:
        """Create pools, each by its name; `anew` gives existing ones these fields, too."""
        entities = [{"name": name, **fields} for name, fields in pools.items()]
        existing = "overwrite" if anew else "skip"
        action = {"action": "create", "entities": entities, "action_on_existence": existing}
        answer = self._call("PATCH", "/api/v2/pools", body={"actions": [action]}).json()
        if errors := (answer.get("create") or {}).get("errors"):
            raise AirflowRefused(f"Airflow refused the pools of the migration: {errors[0].get('error')}")

    def has_dag(self, *, dag_id: str) -> bool:
        """Whether the DAG has been parsed and can be triggered."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}", missing_ok=True)
        return answer.status_code != 404 and not answer.json().get("is_stale", False)

    def parameters(self, *, dag_id: str) -> frozenset[str]:
        """Return the names of a DAG's parameters."""
        return frozenset(self._call("GET", f"/api/v2/dags/{dag_id}/details").json()["params"] or {})

    def is_paused(self, *, dag_id: str) -> bool:
        """Return whether the runs of a DAG do not start."""
        return bool(self._call("GET", f"/api/v2/dags/{dag_id}").json()["is_paused"])

    def unpause(self, *, dag_id: str) -> None:
        """Let its runs start."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", body={"is_paused": False})

    def import_errors(self) -> list[str]:
        """One line for each DAG file that could not be imported."""
        errors = self._call("GET", "/api/v2/importErrors").json()["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def trigger(self, *, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> str:
        """Start a run. Returns its id."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body=body).json()["dag_run_id"])

    def run_state(self, *, dag_id: str, run_id: str) -> str:
        """Return queued, running, success or failed."""
        return str(self._call("GET", _run_path(dag_id=dag_id, run_id=run_id)).json()["state"])

    def clear(self, *, dag_id: str, run_id: str, only_failed: bool) -> int:
        """Have the tasks of a run that has ended run again, or those that failed and what follows them.

        Returns how many they are.
        """
        body: dict[str, Any] = {"dry_run": False, "only_failed": False}
        path = f"{_run_path(dag_id=dag_id, run_id=run_id)}/clear"
        if only_failed:
            failed = self._failed_instances(dag_id=dag_id, run_id=run_id)
            if not failed:
                return 0
            # Only failed ones would leave out what was skipped, or has ended without them.
            body |= {"dag_run_id": run_id, "include_downstream": True}
            body["task_ids"] = [
                each["task_id"] if each["map_index"] < 0 else [each["task_id"], each["map_index"]]
                for each in failed
            ]
            path = f"/api/v2/dags/{dag_id}/clearTaskInstances"
        # Airflow answers with the run alone; who is to run again, only a question ahead tells.
        asked = self._call("POST", path, body=body | {"dry_run": True}).json()
        if tasks := int(asked["total_entries"]):
            self._call("POST", path, body=body)
        return tasks

    def failed_tasks(self, *, dag_id: str, run_id: str) -> list[FailedTask]:
        """The failed task instances of a run, the first to fail first."""
        path = f"{_run_path(dag_id=dag_id, run_id=run_id)}/taskInstances"
        return [
            FailedTask(
                path=f"{path}/{each['task_id']}/logs/{each['try_number']}?map_index={each['map_index']}",
                name=each["task_id"] + (f"[{each['map_index']}]" if each["map_index"] >= 0 else ""),
            )
            for each in self._failed_instances(dag_id=dag_id, run_id=run_id)
        ]

    def _failed_instances(self, *, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"{_run_path(dag_id=dag_id, run_id=run_id)}/taskInstances"
        found: list[dict[str, Any]] = self._call(
            "GET", f"{path}?state=failed&limit=100&order_by=end_date"
        ).json()["task_instances"]
        return found

    def raised_by(self, *, task: FailedTask) -> str | None:
        """The words of the exception that ended a task; None when its log has none."""
        events = self._call("GET", task.path, missing_ok=True).json().get("content", [])
        for event in reversed(events):
            for error in event.get("error_detail") or []:
                if error.get("exc_value"):
                    return str(error["exc_value"])
        return None

    def active_runs(self) -> list[str]:
        """`dag_id/run_id` of every run that is queued or running."""
        path = "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=100"
        return [f"{run['dag_id']}/{run['dag_run_id']}" for run in self._call("GET", path).json()["dag_runs"]]

    def runs_naming(self, *, identifier: str) -> list[NamedRun]:
        """Return the runs of any DAG whose id or parameters name this very customer, the oldest first."""
        found: list[NamedRun] = []
        offset = 0
        while True:
            path = f"/api/v2/dags/~/dagRuns?limit={_PAGE}&offset={offset}&order_by=id"
            page = self._call("GET", path).json()["dag_runs"]
            found += [
                NamedRun(
                    dag_id=run["dag_id"],
                    run_id=run["dag_run_id"],
                    began=str(run.get("run_after") or run.get("queued_at") or "an unknown time"),
                    has_ended=run["state"] in ("success", "failed"),
                    others=len(named - {identifier}),
                )
                for run in page
                if identifier in (named := _customers(conf=run.get("conf")))
                or _is_word(identifier=identifier, run_id=run["dag_run_id"])
            ]
            if len(page) < _PAGE:
                return found
            offset += len(page)

    def delete_run(self, *, run: NamedRun) -> None:
        """Delete a run that has ended, with its task instances and what they passed on."""
        self._call("DELETE", _run_path(dag_id=run.dag_id, run_id=run.run_id), missing_ok=True)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        authenticated: bool = True,
        missing_ok: bool = False,
    ) -> requests.Response:
        if authenticated and "Authorization" not in self._session.headers:
            token = self._call("POST", "/auth/token", body=self._credentials, authenticated=False).json()
            self._session.headers["Authorization"] = f"Bearer {token['access_token']}"
        try:
            answer = self._session.request(
                method, f"{self._address}{path}", json=body, timeout=_TIMEOUT_SECONDS
            )
        except requests.RequestException as error:
            raise AirflowIsSilent(
                f"Airflow does not answer at {self._address} ({type(error).__name__}): check the address, "
                "and that its API server runs."
            ) from error
        if answer.ok or (missing_ok and answer.status_code == 404):
            return answer
        status, reason = answer.status_code, _reason(answer)
        # Airflow answers 403 to a token that is none.
        if status == 401 or (status == 403 and "JWT" in reason):
            raise AirflowIsSilent(
                f"Airflow at {self._address} does not accept the login ({status}): check AIRFLOW_USER and "
                "AIRFLOW_PASSWORD, or AIRFLOW_TOKEN."
            )
        if status == 403:
            reason = "this login may not do it: use one that may trigger the DAG, such as role op."
        raise AirflowRefused(f"Airflow refused {method} {path} ({status}): {reason}")


def _customers(*, conf: Any) -> set[str]:
    """Return the customers whom the parameters of a run name."""
    given = conf if isinstance(conf, Mapping) else {}
    found = [given.get(name) or [] for name in _HOLD_IDENTIFIERS]
    lists = [each if isinstance(each, list) else [each] for each in found]
    return {each.strip() for values in lists for each in values if isinstance(each, str)}


def _is_word(*, identifier: str, run_id: str) -> bool:
    """Return whether a run id has an identifier as a word of its own, not as part of one or of a time."""
    part = r"[\w./,:+-]"
    return re.search(rf"(?<!{part}){re.escape(identifier)}(?!{part})", run_id) is not None


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _run_path(*, dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def _reason(answer: requests.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.reason or "no reason given"
    # Behind the first line of a wrong parameter stands the whole schema that it breaks.
    return (detail.splitlines() or [""])[0].strip() if isinstance(detail, str) else json.dumps(detail)
