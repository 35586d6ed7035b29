"""What Airflow loads by the entry point `airflow.plugins`: the link to a wave's report, and its pages.

Named there alone: Airflow refuses a second plugin of this name, in its plugins folder or among a provider's.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from kraken_import.airflow.links import WaveReportLink
from kraken_import.airflow.report_pages import PREFIX, RUN_PAGE, app


class MigrationPlugin(AirflowPlugin):
    """The reports of migration waves."""

    name = "kraken_migration"
    operator_extra_links = [WaveReportLink()]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {"name": "Wave report", "href": RUN_PAGE, "destination": "dag_run", "url_route": "wave-report"}
    ]
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Migration reports"}]  # noqa: RUF012
