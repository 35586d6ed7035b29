"""Imports the libraries that every task needs. Airflow's scheduler imports this before it forks its workers.

A forked task finds these modules in memory that it shares with all others, instead of importing them itself
for a second or two; so does each reading of a DAG file, which the DAG processor forks. Only these two import
it, since `airflow_local_settings` names it for them. It imports libraries only: each task reads our own
modules, so that a corrected mapping needs no restart.
"""

from __future__ import annotations

import gc

import aiohttp
import airflow.sdk.execution_time.task_runner
import email_validator
import jinja2
import mpan
import nmicheck
import orjson
import pandas
import phonenumbers
import psycopg2
import pydantic
import sqlalchemy.dialects.postgresql
import sqlglot
import stdnum.es.cups
import stdnum.pt.nif

LOADED = (
    aiohttp,
    airflow.sdk.execution_time.task_runner,
    email_validator,
    jinja2,
    mpan,
    nmicheck,
    orjson,
    pandas,
    phonenumbers,
    psycopg2,
    pydantic,
    sqlalchemy.dialects.postgresql,
    sqlglot,
    stdnum.es.cups,
    stdnum.pt.nif,
)

# The collector does not visit frozen objects, so forked tasks keep sharing their pages.
gc.freeze()
