"""Which runs of Airflow an erasure lists and deletes: those of the customer, and no other's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.erasing import _said_of_runs

RUNS: list[dict[str, Any]] = [
    {"dag_run_id": "manual__2026-11-22T14:33:44.100457+00:00", "conf": {"identifiers": ["900"]}},
    {"dag_run_id": "night-of-GB-10", "conf": {"batch_size": 100}},
    {"dag_run_id": "a", "conf": {"identifiers": ["GB-1", " GB-2"]}},
    {"dag_run_id": "b", "conf": {"identifiers": ["GB-1-2", "GB-10", "1,100"], "limit": 33}},
    {"dag_run_id": "again GB-7 (late)", "conf": None},
    {"dag_run_id": "GB-8", "conf": {"wave": "100", "reason": "100", "batch_size": "100"}},
    {"dag_run_id": "c", "conf": {"identifiers": ["GB-9"]}, "state": "running"},
]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = {"dag_runs": [{"dag_id": "migrate", "state": "success", **run} for run in RUNS]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def api() -> Iterator[Airflow]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found = Airflow(address=f"http://127.0.0.1:{server.server_port}", token="t")
    yield found
    found.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_is_the_customers_only_where_it_has_the_very_identifier(api: Airflow) -> None:
    named = {
        who: [(run.run_id, run.others) for run in api.runs_naming(identifier=who)]
        for who in ("1004", "100", "33", "00", "GB", "GB-1", "GB-2", "GB-7", "GB-8", "GB-10", "manual")
    }
    assert {who: runs for who, runs in named.items() if runs} == {
        "GB-1": [("a", 1)],
        "GB-2": [("a", 1)],
        "GB-7": [("again GB-7 (late)", 0)],
        "GB-8": [("GB-8", 0)],
        "GB-10": [("b", 2)],
    }


def test_a_run_that_names_others_too_is_listed_as_such(api: Airflow) -> None:
    said = _said_of_runs(runs=[*api.runs_naming(identifier="GB-1"), *api.runs_naming(identifier="GB-9")])
    assert said[1:] == [
        "  migrate from an unknown time, names others too (1): to be deleted",
        "  migrate from an unknown time: under way, so repeat it later",
    ]
