"""Buttons on tasks in Airflow's interface."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf

from kraken_import.airflow.storage import PAGE, folder_of


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


def page_of(*, dag_id: str, run_id: str | None = None) -> str:
    """Return the page of a run, or of a DAG; blank where Airflow's address is not known."""
    base = base_url()
    if not base:
        return ""
    return f"{base}/dags/{dag_id}" + (f"/runs/{quote(run_id, safe='')}" if run_id else "")
