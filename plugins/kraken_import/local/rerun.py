"""`make rerun`: triggers the rerun of chosen records in the running stack and reports what became of them."""

import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kraken_import.cli.rerun_results import lines
from kraken_import.cli.runs import by_number, failure_of
from kraken_import.local import data
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import Running, require_running
from kraken_import.local.settings import Wishes
from kraken_import.local.waves import await_dag
from kraken_import.tracking import reruns
from kraken_import.usecases.rerun import RerunRequest, check_request
from kraken_import.usecases.rerun_result import result_of_run
from kraken_import.usecases.wave_request import AirflowRun
from transforms.wording import shown_value

_POLL_SECONDS = 0.5


class UnableToRerun(StackProblem):
    """The selection says nothing, or the rerun did not end well."""


def rerun(*, wishes: Wishes) -> None:
    """Rerun what WAVE, BATCH, STATE, CODE, ERROR_PATH, ID or NOT_PROCESSED=1 select; raises UnableToRerun."""
    conf = selection(environment=os.environ, wishes=wishes)
    running = require_running()
    dialect = _dialect(wishes=wishes, running=running, wave=conf.get("wave"))
    # Refused here at once, rather than by the DAG.
    check_request(request=RerunRequest(dialect=dialect, **conf))
    with data.engine_of(dsn=running.systems.tracking_dsn) as tracking:
        conf = by_number(tracking=tracking, dialect=dialect, conf=conf)
    run = AirflowRun(dag_id=f"rerun_{dialect}", run_id=f"rerun-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S.%f}")
    api = running.airflow()
    try:
        await_dag(api=api, dag_id=run.dag_id)
        api.unpause(dag_id=run.dag_id)
        api.trigger(dag_id=run.dag_id, run_id=run.run_id, conf=conf)
        sys.stdout.write(
            f"Rerunning records of {dialect} ({run.dag_id}, run {run.run_id}); where a wave requires "
            "an approval, the rerun waits for one under Required actions …\n"
        )
        sys.stdout.flush()
        while (state := api.run_state(dag_id=run.dag_id, run_id=run.run_id)) not in ("success", "failed"):
            time.sleep(_POLL_SECONDS)
        with data.engine_of(dsn=running.systems.tracking_dsn) as tracking:
            found = result_of_run(tracking=tracking, run=run)
        if found is not None:
            sys.stdout.write("\n".join(lines(found=found)) + "\n")
        if state == "failed":
            reason = found.rerun.outcome_reason if found else None
            raise UnableToRerun(reason or failure_of(api=api, dag_id=run.dag_id, run_id=run.run_id))
    finally:
        api.close()


def selection(*, environment: Mapping[str, str], wishes: Wishes) -> dict[str, Any]:
    """Return the DAG's parameters that the variables stand for. Raises UnableToRerun when none was given."""
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    conf: dict[str, Any] = {
        "wave": given.get("WAVE"),
        "batch": given.get("BATCH"),
        "states": [state.strip() for state in given.get("STATE", "").split(",") if state.strip()],
        "error_code": given.get("CODE"),
        "error_path": given.get("ERROR_PATH"),
        "identifiers": list(wishes.identifiers),
        "not_processed": given.get("NOT_PROCESSED") == "1" or None,
    }
    if conf["batch"] is not None:
        if not (conf["batch"].isascii() and conf["batch"].isdigit() and len(conf["batch"]) < 10):
            shown = shown_value(value=conf["batch"])
            raise UnableToRerun(f"BATCH must be the number of a batch, from 0, not {shown}.")
        conf["batch"] = int(conf["batch"])
    said = {name: value for name, value in conf.items() if value not in (None, [])}
    if not said:
        raise UnableToRerun(
            "Say what to rerun: WAVE=12, BATCH=0, STATE=rejected,errored, CODE=…, ERROR_PATH=…, ID=a,b "
            "or NOT_PROCESSED=1."
        )
    return said


def _dialect(*, wishes: Wishes, running: Running, wave: str | None) -> str:
    if wishes.dialect:
        return dialect_named(name=wishes.dialect).name
    if wave is None:
        raise UnableToRerun("Say of which dialect, for example DIALECT=edf_accounts, or name a wave.")
    with data.engine_of(dsn=running.systems.tracking_dsn) as tracking, tracking.connect() as connection:
        found = {each.dialect for each in reruns.waves_named(connection=connection, name=wave)}
    if len(found) != 1:
        raise UnableToRerun(
            f"There is no wave {wave!r}."
            if not found
            else f"Waves of several dialects are named {wave!r}: add DIALECT={min(found)} or another of them."
        )
    return found.pop()
