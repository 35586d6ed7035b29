"""`kraken-migrate wave run`, `rerun`, `reconcile`: what runs in Airflow, started through its REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Engine

from kraken_import.cli import waves
from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import TrackingDsn, WaveOption, check_dialect
from kraken_import.cli.places import NothingSaid, Surroundings
from kraken_import.cli.problems import Problem, WrongUsage
from kraken_import.tracking import reruns
from kraken_import.tracking.reruns import Rerun, Way
from kraken_import.usecases.control import find_wave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.rerun import RerunRequest, check_request, rerun_report
from kraken_import.usecases.wave_request import AirflowRun

app = typer.Typer()
_ENDS: Final = ("success", "failed")
_POLL_SECONDS: Final = 2.0

Wait = Annotated[bool, typer.Option("--wait", help="Wait until the run has ended; exit code 1 if it failed.")]


class RunFailed(Problem):
    """A run cannot start, or ended failed."""


@waves.app.command(name="run")
def run_wave(
    *,
    dialect: Annotated[str, typer.Argument(metavar="DIALECT", help="The dialect, for example edf_accounts.")],
    name: Annotated[str | None, typer.Option("--name", help="What people call the wave.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The next so many customers.")] = None,
    identifiers: Annotated[
        list[str] | None, typer.Option("--identifier", help="Exactly this customer; as often as needed.")
    ] = None,
    cohort: Annotated[str | None, typer.Option("--cohort", help="Exactly this planned cohort.")] = None,
    everybody: Annotated[
        bool, typer.Option("--all-customers", help="Every customer that is in no wave or cohort yet.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Create customers in Kraken; without it, a dry run.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Any other parameter of the DAG; as often as needed."
        ),
    ] = None,
    wait: Wait = False,
) -> None:
    """Start a wave in Airflow: a dry run, unless --live says otherwise."""
    check_dialect(name=dialect)
    if sum((limit is not None, bool(identifiers), cohort is not None, everybody)) != 1:
        raise WrongUsage(
            "Say which customers: --limit, --identifier, --cohort or --all-customers, one of them."
        )
    chosen = {"wave": name, "limit": limit, "identifiers": identifiers, "cohort": cohort}
    conf = {
        **_settings(said=settings or ()),
        **{key: value for key, value in chosen.items() if value},
        "all_customers": everybody,
        "dry_run": not live,
    }
    with _airflow() as api:
        _start(api=api, run=_new_run(dag_id=f"migrate_{dialect}", kind="wave"), conf=conf, wait=wait)


@app.command()
def rerun(
    *,
    wave: WaveOption = None,
    batch: Annotated[int | None, typer.Option("--batch", min=0, help="Only this batch of the wave.")] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", help="Only records in this state; as often as needed.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", help="Only records whose last try has this error.")
    ] = None,
    path: Annotated[
        str | None, typer.Option("--path", help="Only records with an error at this path, without indexes.")
    ] = None,
    identifiers: Annotated[
        list[str] | None, typer.Option("--identifier", help="Only this customer; as often as needed.")
    ] = None,
    not_processed: Annotated[
        bool, typer.Option("--not-processed", help="All live records that are not in Kraken.")
    ] = False,
    dialect: Annotated[
        str | None, typer.Option("--dialect", help="The dialect, where no wave says it.")
    ] = None,
    wait: Wait = False,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Rerun chosen records in Airflow: each criterion that is given must hold."""
    check_dialect(name=dialect)
    criteria = {
        "wave": wave,
        "batch": batch,
        "states": states,
        "error_code": code,
        "error_path": path,
        "identifiers": identifiers,
        "not_processed": not_processed or None,
    }
    conf = _criteria(given=criteria)
    with _airflow() as api, tracking_database(option=tracking_dsn) as tracking:
        wave_id, of = _scope(tracking=tracking, wave=wave, dialect=dialect)
        if wave_id is not None:
            conf["wave"] = wave_id
        check_request(request=RerunRequest(dialect=of, **conf))
        run = _new_run(dag_id=f"rerun_{of}", kind="rerun")
        try:
            _start(api=api, run=run, conf=conf, wait=wait)
        finally:
            report = rerun_report(tracking=tracking, run=run) if wait else None
            if report is not None:
                typer.echo("\n".join(told(rerun=report[0], ways=report[1])))


@app.command()
def reconcile(
    *,
    wave: WaveOption = None,
    full: Annotated[
        bool, typer.Option("--full", help="Also compare what has not changed since it was correct.")
    ] = False,
    wait: Wait = False,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Compare counts and money with Kraken's own records, in Airflow: of one wave, or of every live one."""
    conf: dict[str, Any] = {"full": full}
    if wave is not None:
        with tracking_database(option=tracking_dsn) as tracking, tracking.connect() as connection:
            conf["wave"] = find_wave(connection=connection, wave=wave).id
    with _airflow() as api:
        _start(api=api, run=_new_run(dag_id="reconcile", kind="reconcile"), conf=conf, wait=wait)


def told(*, rerun: Rerun, ways: Sequence[Way]) -> list[str]:
    """Return what became of a rerun, in lines."""
    left = f", {rerun.in_kraken:,} more are in Kraken already and were left alone" if rerun.in_kraken else ""
    return [
        f"Rerun {rerun.id}: {rerun.records:,} records{left}.",
        *(f"{way.records:>9,}  {way.from_state.value} → {way.state.value}" for way in ways),
    ]


def failure_of(*, api: Airflow, dag_id: str, run_id: str) -> str:
    """Return why a run failed, in the words of the first task that did."""
    tasks = api.failed_tasks(dag_id=dag_id, run_id=run_id)
    said = api.raised_by(task=tasks[0]) if tasks else None
    return said or f"{dag_id} failed: see run {run_id} in Airflow."


@contextmanager
def _airflow() -> Iterator[Airflow]:
    said = Surroundings().airflow()
    if not said:
        raise NothingSaid(
            "Nothing says where Airflow is: set AIRFLOW_URL, and AIRFLOW_TOKEN or AIRFLOW_USER and "
            "AIRFLOW_PASSWORD."
        )
    api = Airflow(
        address=said["AIRFLOW_URL"],
        user=said.get("AIRFLOW_USER", ""),
        password=said.get("AIRFLOW_PASSWORD", ""),
        token=said.get("AIRFLOW_TOKEN"),
    )
    try:
        yield api
    finally:
        api.close()


def _new_run(*, dag_id: str, kind: str) -> AirflowRun:
    return AirflowRun(dag_id=dag_id, run_id=f"{kind}-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S.%f}")


def _start(*, api: Airflow, run: AirflowRun, conf: Mapping[str, Any], wait: bool) -> None:
    if not api.has_dag(dag_id=run.dag_id):
        raise RunFailed(f"Airflow has no DAG {run.dag_id}: look at its import errors, and at the dialect.")
    # Unpausing it here might begin nights that a person has held back.
    if api.is_paused(dag_id=run.dag_id):
        raise RunFailed(
            f"DAG {run.dag_id} is paused in Airflow, so no run of it begins: unpause it there first."
        )
    unknown = sorted(conf.keys() - api.parameters(dag_id=run.dag_id))
    if unknown:
        raise WrongUsage(
            f"DAG {run.dag_id} has no parameter {unknown[0]}: its form in Airflow shows their names."
        )
    api.trigger(dag_id=run.dag_id, run_id=run.run_id, conf=conf)
    typer.echo(
        f"Started {run.dag_id}, run {run.run_id}; a required approval is asked for under Required actions."
    )
    if not wait:
        return
    while (state := api.run_state(dag_id=run.dag_id, run_id=run.run_id)) not in _ENDS:
        time.sleep(_POLL_SECONDS)
    if state == "failed":
        raise RunFailed(failure_of(api=api, dag_id=run.dag_id, run_id=run.run_id))
    typer.echo("The run has succeeded.")


def _criteria(*, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the criteria that say something. Raises `WrongUsage` when none does."""
    conf = {key: value for key, value in given.items() if value not in (None, [])}
    if not conf:
        raise WrongUsage(
            "Say what to rerun: --wave, --batch, --state, --code, --path, --identifier or --not-processed."
        )
    return conf


def _settings(*, said: Sequence[str]) -> dict[str, Any]:
    """Return parameters by name: a value is JSON, or else text."""
    found = {}
    for each in said:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise WrongUsage("Give --set as NAME=VALUE, for example --set threshold=0.05.")
        try:
            found[name] = json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found


def _scope(*, tracking: Engine, wave: str | None, dialect: str | None) -> tuple[str | None, str]:
    """Return the id of the wave, if one is named, and the dialect. Raises `BadRequest` or `WrongUsage`."""
    if wave is None:
        if dialect is None:
            raise WrongUsage("Say of which dialect by --dialect, or name a wave by --wave.")
        return None, dialect
    with tracking.connect() as connection:
        named = reruns.waves_named(connection=connection, name=wave)
    found = [each for each in named if dialect in (None, each.dialect)]
    if not found:
        raise BadRequest(f"There is no wave {wave!r}" + (f" of {dialect}." if dialect else "."))
    if len(found) > 1:
        listed = ", ".join(f"{each.id} ({each.mode.value}, {each.dialect})" for each in found)
        raise BadRequest(f"Several waves are called {wave!r}: give the id of one: {listed}.")
    return str(found[0].id), found[0].dialect
