"""What Airflow loads by the entry point `airflow.plugins`: the link to a wave's report, and its pages.

Named there alone: Airflow refuses a second plugin of this name, in its plugins folder or among a provider's.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from kraken_import.airflow import console
from kraken_import.airflow.links import CONSOLE, WaveConsoleLink, WaveReportLink
from kraken_import.airflow.report_pages import PREFIX, RUN_PAGE, app


class MigrationPlugin(AirflowPlugin):
    """The reports of migration waves, and the operators' console."""

    name = "kraken_migration"
    operator_extra_links = [WaveReportLink(), WaveConsoleLink()]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {"name": "Wave report", "href": RUN_PAGE, "destination": "dag_run", "url_route": "wave-report"},
        {
            "name": "Wave",
            "href": f"{CONSOLE[1:]}/runs/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "wave",
        },
        {
            "name": "Migration",
            "href": f"{CONSOLE[1:]}/",
            "destination": "nav",
            "url_route": "migration",
        },
    ]
    fastapi_apps = [  # noqa: RUF012
        {"app": app, "url_prefix": PREFIX, "name": "Migration reports"},
        {"app": console.app, "url_prefix": CONSOLE, "name": "Migration console"},
    ]
