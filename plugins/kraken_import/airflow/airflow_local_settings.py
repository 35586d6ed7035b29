"""Imported by Airflow's components as they start, from a copy in `$AIRFLOW_HOME/config`.

The scheduler forks every task, and the DAG processor every reading of a file. Neither has to import again
what is loaded by then.
"""

import sys

if {"scheduler", "dag-processor"} & set(sys.argv):
    import kraken_import.airflow.preload  # noqa: F401
