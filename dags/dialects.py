"""The waves and reruns of every dialect."""

from kraken_import.airflow.dags import dialect_dags

globals().update(dialect_dags())
