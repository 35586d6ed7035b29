"""The steps of the pipeline, one module each: plan, build, validate, gate, create, poll, summarise.

Plain Python without Airflow: each step takes database engines and Kraken's settings, and returns counts.
"""
