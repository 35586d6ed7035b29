"""Writes the report of a wave again when it is opened, in a separate process.

`python -m kraken_import.airflow.renewing DAG WAVE` does it; `… DAG --run RUN PAGE` writes the page of the
wave, or of the rerun, of a run to an open file that is named by its descriptor: libraries print to the
standard output what they like. The models and libraries that a report needs would otherwise stay in the
memory of Airflow's web server.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from typing import Final

from kraken_import.airflow.storage import seconds_since_written

_log: Final = logging.getLogger(__name__)

_CURRENT: Final = 10.0
"""Seconds for which a report that was written counts as current: its tables are opened from its page."""
_LONGEST: Final = 60.0
"""Seconds that a reader waits for a large wave; then the report is shown as it was."""

_NOTHING: Final = 3
"""Exit code for a run without a page: a process that fails ends with 1."""


class UnableToMakePage(Exception):
    """The page of a run cannot be made now; the log of the process says what it met."""


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


def page_of(*, dag_id: str, run_id: str) -> bytes | None:
    """Return the page of a run as it stands now; None where it has no wave or rerun.

    Raises `UnableToMakePage`.
    """
    try:
        with tempfile.TemporaryFile() as page:
            number = page.fileno()
            command = [sys.executable, "-m", __name__, dag_id, "--run", run_id, str(number)]
            done = subprocess.run(
                command, capture_output=True, timeout=_LONGEST, check=False, pass_fds=(number,)
            )
            page.seek(0)
            written = page.read()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        _log.warning("The page of a run of %s could not be made (%s).", dag_id, type(error).__name__)
        raise UnableToMakePage from error
    if done.returncode not in (0, _NOTHING):
        _log.warning("The page of a run of %s could not be made.", dag_id)
        raise UnableToMakePage
    return written if done.returncode == 0 else None


def main(arguments: list[str]) -> int:
    """Write the report of a wave of a DAG, or the page of a run.

    Returns 1 where the DAG has no such wave, and 3 where the run has no page.
    """
    if arguments[1] == "--run":
        page = _page(dag_id=arguments[0], run_id=arguments[2])
        if page is None:
            return _NOTHING
        with os.fdopen(int(arguments[3]), "w", encoding="utf-8") as written:
            written.write(page)
        return 0
    from kraken_import.airflow.connections import connection_ids, database
    from kraken_import.airflow.links import console_page
    from kraken_import.airflow.storage import write_report
    from kraken_import.usecases.report import report_of_dag

    dag_id, wave_id = arguments[0], int(arguments[1])
    ids = connection_ids(dialect=dag_id.removeprefix("migrate_"))
    files = report_of_dag(
        tracking=database(connection_id=ids.tracking),
        dag_id=dag_id,
        wave_id=wave_id,
        now=datetime.now(UTC),
        console=console_page(place=ids.tracking, wave_id=wave_id),
    )
    if files is None:
        return 1
    write_report(dag_id=dag_id, wave_id=wave_id, files=files)
    return 0


def _page(*, dag_id: str, run_id: str) -> str | None:
    from kraken_import.airflow.connections import connection_ids, database
    from kraken_import.airflow.links import console_page
    from kraken_import.usecases.plan import planned_wave
    from kraken_import.usecases.report import wave_report
    from kraken_import.usecases.rerun_result import page_of_rerun
    from kraken_import.usecases.wave_request import AirflowRun
    from transforms.registry import dialect_names

    kind, _, dialect = dag_id.partition("_")
    if kind not in ("migrate", "rerun") or dialect not in dialect_names():
        return None
    place = connection_ids(dialect=dialect).tracking
    tracking = database(connection_id=place)
    run = AirflowRun(dag_id=dag_id, run_id=run_id)
    if kind == "rerun":
        return page_of_rerun(tracking=tracking, run=run)
    wave_id = planned_wave(tracking=tracking, run=run)
    if wave_id is None:
        return None
    console = console_page(place=place, wave_id=wave_id)
    files = wave_report(tracking=tracking, wave_id=wave_id, now=datetime.now(UTC), console=console)
    return files["index.html"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
