"""Buttons on tasks in Airflow's interface."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf

from kraken_import.storage import PAGE, folder_of


class WaveReportLink(BaseOperatorLink):
    """Leads from the task that wrote a report to its page."""

    name = "Report of the wave"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """The page's address in Airflow's web server; empty while there is none."""
        wave_id = getattr(operator, "written_wave", None)
        if wave_id is None:
            return ""
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}/migration-reports/{operator.dag_id}/{folder_of(wave_id=wave_id)}/{PAGE}"
