"""All that knows Airflow: the Connection type, operators by purpose, triggers, notifications, pages."""
