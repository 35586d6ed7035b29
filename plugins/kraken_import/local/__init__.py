"""The local stack: an embedded Postgres, the stand-in Kraken and Airflow on one machine, and its commands.

Nothing here is part of the pipeline: on a real installation Airflow, Postgres and Kraken are run by others,
and this package is not needed.
"""
