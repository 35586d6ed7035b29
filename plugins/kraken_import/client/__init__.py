"""Kraken's data-import API over HTTP: settings, requests built, answers read, one pooled session.

Knows neither Airflow nor the tracking database. `requests` and `answers` are pure; `session` sends.
"""
