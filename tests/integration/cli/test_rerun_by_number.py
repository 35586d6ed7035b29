"""`kraken-migrate rerun` names no customer to Airflow, whose runs keep what they were triggered with."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.command_lines import command_line, done, is_refused
from tests.integration.conftest import BeginJourney
from tests.integration.usecases.playing import finished_wave
from tests.integration.usecases.test_reruns import SOUND

TRIGGERED: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"is_paused": False, "params": {"selection": {}, "wave": {}, "threshold": {}}})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        TRIGGERED.append({"path": self.path, **given})
        self._answer({"dag_run_id": given["dag_run_id"]})

    def _answer(self, document: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def airflow() -> Iterator[str]:
    TRIGGERED.clear()
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_customers_who_are_named_reach_airflow_as_the_number_of_a_selection(
    begin: BeginJourney, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, airflow: str
) -> None:
    journey = begin()
    wave_id = finished_wave(journey, *SOUND[:2], name="pilot")
    dsn = journey.tracking.url.set(drivername="postgresql").render_as_string(hide_password=False)
    run = command_line(monkeypatch=monkeypatch, folder=tmp_path)
    systems = {"TRACKING_DSN": dsn, "AIRFLOW_URL": airflow, "AIRFLOW_TOKEN": "t"}
    named = ("rerun", "--identifier", SOUND[0])
    assert "Started rerun_edf_accounts" in done(run(*named, "--dialect", "edf_accounts", **systems))
    assert "Started rerun_edf_accounts" in done(run(*named, "--wave", "pilot", **systems))
    selections = journey.rows("SELECT id, described FROM migration.selection ORDER BY id")
    assert [each["conf"] for each in TRIGGERED] == [
        {"selection": selections[0]["id"]},
        {"wave": str(wave_id), "selection": selections[1]["id"]},
    ]
    assert SOUND[0] not in json.dumps([TRIGGERED, [dict(each) for each in selections]])
    chosen = journey.rows(
        "SELECT selection_id, external_identifier FROM migration.selection_record "
        "JOIN migration.import_process ON id = import_process_id ORDER BY 1"
    )
    assert [tuple(row.values()) for row in chosen] == [(each["id"], SOUND[0]) for each in selections]
    unknown = run("rerun", "--identifier", "NOBODY", "--dialect", "edf_accounts", **systems)
    is_refused(unknown, 1, "has had customer NOBODY: check the identifiers")
    assert len(TRIGGERED) == 2
