"""The operators' console: pages about waves, customers and Kraken, and orders to them.

It knows nothing of Airflow: who asks, what they may do and where the databases are comes from the
`Surroundings` that the plugin gives it. Pages are read with the database role that sees no payload.
"""
