"""Reports for people: self-contained HTML pages and CSVs. Uses neither Airflow nor any database."""
