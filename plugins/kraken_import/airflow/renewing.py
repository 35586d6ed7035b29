"""Writes the report of a wave again when it is opened, in a separate process.

`python -m kraken_import.airflow.renewing DAG WAVE` does it. The models and libraries that a report needs
would otherwise stay in the memory of Airflow's web server.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import Final

from kraken_import.airflow.storage import seconds_since_written

_log: Final = logging.getLogger(__name__)

_CURRENT: Final = 10.0
"""Seconds for which a report that was written counts as current: its tables are opened from its page."""
_LONGEST: Final = 60.0
"""Seconds that a reader waits for a large wave; then the report is shown as it was."""


def renew(*, dag_id: str, wave_id: int) -> None:
    """Have the report of a wave written again, unless that was done just now. Errors are logged.

    The page says when it was written, so that readers recognise an old one.
    """
    written = seconds_since_written(dag_id=dag_id, wave_id=wave_id)
    if written is not None and written < _CURRENT:
        return
    command = [sys.executable, "-m", __name__, dag_id, str(wave_id)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("The report of wave %s is shown as it was (%s).", wave_id, type(error).__name__)
        return
    if done.returncode:
        _log.warning("The report of wave %s is shown as it was: it could not be renewed.", wave_id)


def main(arguments: list[str]) -> int:
    """Write the report of a wave of a DAG. Returns 1 where the DAG has no such wave."""
    from kraken_import.airflow.connections import connection_ids, database
    from kraken_import.airflow.storage import write_report
    from kraken_import.usecases.report import report_of_dag

    dag_id, wave_id = arguments[0], int(arguments[1])
    ids = connection_ids(dialect=dag_id.removeprefix("migrate_"))
    files = report_of_dag(
        tracking=database(connection_id=ids.tracking), dag_id=dag_id, wave_id=wave_id, now=datetime.now(UTC)
    )
    if files is None:
        return 1
    write_report(dag_id=dag_id, wave_id=wave_id, files=files)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
