"""The import engine: it takes customers through Kraken's data-import API and records every outcome.

From the bottom up: `domain` (states and policies), `client` (Kraken over HTTP), `tracking` (the tracking
database) and `reporting`, `usecases` (what the pipeline does), and `airflow` on top. Beside them stand the
`simulator` of Kraken, the `generator` of customers and the `local` stack. Imports point downwards only.
"""
