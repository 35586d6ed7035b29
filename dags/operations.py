"""Everything around the waves: cohorts, orders, open records, reconciliation, the watch."""

from kraken_import.airflow.dags import operation_dags

globals().update(operation_dags())
