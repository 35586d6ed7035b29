"""Imports what every task needs. Airflow's scheduler imports this before it forks its workers.

A forked task finds these modules in memory that it shares with all others, instead of importing them itself
for a second or two; so does each reading of a DAG file, which the DAG processor forks. Only these two import
it, since `airflow_local_settings` names it for them. Of the package's dialects, and the frames, rules and
models that they are made of, each task first looks whether a file has changed, and reads them anew if one
has, so that a corrected mapping needs no restart.
"""

from __future__ import annotations

import gc

import airflow.sdk.execution_time.task_runner
import email_validator
import jinja2
import nmicheck
import phonenumbers
import psycopg2
import sqlalchemy.dialects.postgresql
import stdnum.es.cups
import stdnum.pt.nif

import kraken_import.airflow.dags
from transforms.ahead import load_ahead

LOADED = (
    airflow.sdk.execution_time.task_runner,
    email_validator,
    jinja2,
    kraken_import.airflow.dags,
    nmicheck,
    phonenumbers,
    psycopg2,
    sqlalchemy.dialects.postgresql,
    stdnum.es.cups,
    stdnum.pt.nif,
)

load_ahead()

# The collector does not visit frozen objects, so forked tasks keep sharing their pages.
gc.freeze()
