"""Imported by Airflow's components as they start, from a copy in `$AIRFLOW_HOME/config`.

The scheduler forks every task, and the DAG processor every reading of a file. Neither has to import again
what is loaded by then. The triggerer runs its triggers on a loop of Airflow's making.
"""

import sys

if {"scheduler", "dag-processor"} & set(sys.argv):
    import kraken_import.airflow.preload  # noqa: F401

if "triggerer" in sys.argv:
    import asyncio

    import uvloop

    # The loop of tasks too: a request takes a quarter less of a core with it.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
