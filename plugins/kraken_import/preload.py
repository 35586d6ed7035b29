"""Imports what every task needs. Airflow's scheduler imports this before it forks its workers.

A forked task finds these modules in memory that it shares with all others, instead of importing them for
a second or two of its own. `airflow_local_settings` names it, so that the scheduler alone pays for it.
"""

from __future__ import annotations

import gc

import airflow.sdk.execution_time.task_runner

import kraken_import.operators
from transforms.registry import dialect_names, get_dialect

LOADED = (
    airflow.sdk.execution_time.task_runner,
    kraken_import.operators,
    *(get_dialect(name=name) for name in dialect_names()),
)

# What is frozen is not visited by the collector, so forked tasks keep sharing its pages.
gc.freeze()
