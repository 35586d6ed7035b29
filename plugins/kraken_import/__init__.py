"""The import engine: it takes customers through Kraken's data-import API and records every outcome.

From the bottom up: `lifecycle` (states and legal moves) and `masking`, `client` (Kraken over HTTP) and
`tracking` (the tracking database), `usecases` (what the pipeline does), and on top the modules that
know Airflow: `hook`, `triggers`, `operators`, `provider`. Imports point downwards only.
"""
