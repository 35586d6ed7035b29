"""Reports for people: self-contained HTML pages and CSVs. Knows neither Airflow nor any database."""
