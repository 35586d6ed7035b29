"""`make env`: every address, DSN and login of the running stack, as lines that a shell can read."""

import shlex

from kraken_import.local import postgres
from kraken_import.local.running import require_running
from kraken_import.local.stopping import cluster_of


def print_environment() -> None:
    """Print KEY=VALUE lines, quoted where a shell needs it."""
    running = require_running()
    systems, secrets = running.systems, running.secrets
    values = {
        "AIRFLOW_URL": f"http://127.0.0.1:{running.ports.airflow}",
        "AIRFLOW_USER": "admin",
        "AIRFLOW_PASSWORD": secrets.admin_password,
        "AIRFLOW_OPS_USER": "ops",
        "AIRFLOW_OPS_PASSWORD": secrets.ops_password,
        "AIRFLOW_VIEWER_USER": "viewer",
        "AIRFLOW_VIEWER_PASSWORD": secrets.viewer_password,
        "KRAKEN_URL": systems.kraken_url,
        "KRAKEN_TOKEN": systems.kraken_token,
        "LEGACY_DSN": systems.legacy_dsn,
        "TRACKING_DSN": systems.tracking_dsn,
        "WAVE_KEYS": systems.wave_keys,
        "LEGACY_OWNER_DSN": systems.legacy_owner_dsn,
        "TRACKING_OWNER_DSN": systems.tracking_owner_dsn,
        "AIRFLOW_DSN": cluster_of(ports=running.ports).dsn(database="airflow"),
        postgres.BINARIES_VARIABLE: str(postgres.find_binaries()),
        "PORT_BASE": str(running.ports.base),
    }
    print("\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items()))
