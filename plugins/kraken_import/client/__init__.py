"""Kraken's data-import API over HTTP: settings, requests, answers, and one pooled session.

Knows neither Airflow nor the tracking database. `requests` and `answers` are pure; `session` sends.
"""
