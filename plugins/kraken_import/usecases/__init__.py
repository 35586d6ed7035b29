"""What the pipeline does, one module a step: plan, build, validate, gate, create, poll, summarise.

Plain Python without Airflow: each takes database engines and Kraken's settings, and returns counts.
"""
