"""What Airflow's components import as they start, from a copy in `$AIRFLOW_HOME/config`.

The scheduler forks each task, the DAG processor each reading of a file; neither imports what is there then.
"""

import sys

if {"scheduler", "dag-processor"} & set(sys.argv):
    import kraken_import.airflow.preload  # noqa: F401
