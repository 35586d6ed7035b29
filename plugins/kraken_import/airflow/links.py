"""Buttons on tasks in Airflow's interface."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf

from kraken_import.airflow.storage import PAGE, folder_of

CONSOLE: Final = "/migration"
"""Where Airflow serves the operators' console."""


class WaveConsoleLink(BaseOperatorLink):
    """Links the tasks of a wave to its page in the console."""

    name = "Wave in the console"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's address in Airflow's web server; empty while the task knows no wave."""
        wave_id = getattr(operator, "known_wave", None)
        place = getattr(getattr(operator, "connections", None), "tracking", None)
        return "" if wave_id is None or place is None else console_page(place=place, wave_id=wave_id)


class WaveReportLink(BaseOperatorLink):
    """Links the task that wrote a report to its page."""

    name = "Report of the wave"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's address in Airflow's web server; empty while there is none."""
        wave_id = getattr(operator, "written_wave", None)
        if wave_id is None:
            return ""
        return f"{base_url()}/migration-reports/{operator.dag_id}/{folder_of(wave_id=wave_id)}/{PAGE}"


def base_url() -> str:
    """Return Airflow's address as people see it; blank where its setting `[api] base_url` is not set."""
    return (conf.get("api", "base_url", fallback="") or "").rstrip("/")


def console_page(*, place: str, wave_id: int) -> str:
    """Return the page of a wave in the console; blank where Airflow's address is not known.

    `place` is the Connection of its tracking database.
    """
    base = base_url()
    return f"{base}{CONSOLE}/{place}/waves/{wave_id}" if base else ""


def page_of(*, dag_id: str, run_id: str | None = None) -> str:
    """Return the page of a run, or of a DAG; blank where Airflow's address is not known."""
    base = base_url()
    if not base:
        return ""
    return f"{base}/dags/{dag_id}" + (f"/runs/{quote(run_id, safe='')}" if run_id else "")
