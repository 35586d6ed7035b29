"""Runs one large wave through Airflow while its Kraken fails, and judges records, money and memory.

`mix` has the faults, `figures` what came of the wave, and `flatness` says when memory counts as flat.
"""
