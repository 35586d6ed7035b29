"""What Airflow learns from this project: the link to a wave's report, and the pages behind it."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from kraken_import.airflow.links import WaveReportLink
from kraken_import.airflow.report_pages import PREFIX, app


class MigrationPlugin(AirflowPlugin):
    """The reports of migration waves."""

    name = "kraken_migration"
    operator_extra_links = [WaveReportLink()]  # noqa: RUF012
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Migration reports"}]  # noqa: RUF012
