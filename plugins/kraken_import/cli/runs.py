"""`kraken-migrate wave run`, `rerun`, `reconcile`: what runs in Airflow, started through its REST API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Engine

from kraken_import.cli import waves
from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import TrackingDsn, WaveArgument, WaveOption, check_dialect, order
from kraken_import.cli.places import NothingSaid, Surroundings
from kraken_import.cli.problems import ExitCode, Problem, WrongUsage
from kraken_import.cli.rerun_results import ListFolder, lines, write_left
from kraken_import.domain.lifecycle import Mode
from kraken_import.usecases.control import check_name_is_free, find_wave, run_of_wave
from kraken_import.usecases.rerun import RerunRequest, check_request
from kraken_import.usecases.rerun_result import result_of_run
from kraken_import.usecases.selections import store_customers
from kraken_import.usecases.wave_request import AirflowRun
from transforms.wording import meant

app = typer.Typer()
_ENDS: Final = ("success", "failed")
_POLL_SECONDS: Final = 2.0
_NOT_IN_A_RUN_ID: Final = re.compile(r"[^A-Za-z0-9_.~-]+")

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
    tracking_dsn: TrackingDsn = None,
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
    mode = Mode.LIVE if live else Mode.REHEARSAL
    if name:
        _check_name(name=name, dialect=dialect, mode=mode, tracking_dsn=tracking_dsn)
    named = _NOT_IN_A_RUN_ID.sub("-", name or cohort or "wave")
    with _airflow() as api:
        run = _new_run(dag_id=f"migrate_{dialect}", kind=f"{mode.value}-{named}")
        _start(api=api, run=run, conf=conf, wait=wait)


@waves.app.command(name="clear")
def clear_wave(
    *,
    wave: WaveArgument,
    only_failed: Annotated[
        bool,
        typer.Option(
            "--failed-tasks", help="Only what failed, and what follows it; a stopped wave stays stopped."
        ),
    ] = False,
    wait: Wait = False,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Clear the run of a wave in Airflow: it goes on with what is undone, and creates nothing twice."""
    with tracking_database(option=tracking_dsn) as tracking:
        run = run_of_wave(tracking=tracking, wave=wave)
    with _airflow() as api:
        _check_ready(api=api, dag_id=run.dag_id)
        state = api.run_state(dag_id=run.dag_id, run_id=run.run_id)
        if state not in _ENDS:
            raise RunFailed(
                f"Run {run.run_id} of {run.dag_id} is {state}: wait for its end, or pause or cancel the wave."
            )
        tasks = api.clear(dag_id=run.dag_id, run_id=run.run_id, only_failed=only_failed)
        if not tasks:
            typer.echo(f"No task of {run.dag_id}, run {run.run_id}, had failed: nothing was cleared.")
            return
        typer.echo(f"Cleared {run.dag_id}, run {run.run_id}: {tasks} tasks run again.")
        if wait:
            _await_end(api=api, run=run)


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
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="Share that may still fail before the run is red."),
    ] = None,
    wait: Wait = False,
    folder: ListFolder = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Rerun chosen records in Airflow: each criterion that is given must hold.

    With --wait it says what was mended and what is left; exit code 5 if something is.
    """
    _check_list(wait=wait, folder=folder)
    check_dialect(name=dialect)
    conf = _criteria(
        given={
            "wave": wave,
            "batch": batch,
            "states": states,
            "error_code": code,
            "error_path": path,
            "identifiers": identifiers,
            "not_processed": not_processed or None,
        }
    )
    chosen = {"dialect": dialect, "threshold": threshold}
    with tracking_database(option=tracking_dsn) as tracking:
        _start_rerun(tracking=tracking, conf=conf, chosen=chosen, wait=wait, folder=folder)


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


def _check_name(*, name: str, dialect: str, mode: Mode, tracking_dsn: str | None) -> None:
    """Raise `NameTaken` for a name that planning would refuse, where it is said which waves there are."""
    target = None
    with suppress(NothingSaid):
        target = Surroundings().kraken().target
    with suppress(NothingSaid), tracking_database(option=tracking_dsn) as tracking:
        check_name_is_free(tracking=tracking, name=name, dialect=dialect, mode=mode, target=target)


def _new_run(*, dag_id: str, kind: str) -> AirflowRun:
    return AirflowRun(dag_id=dag_id, run_id=f"{kind}-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S.%f}")


def _start(*, api: Airflow, run: AirflowRun, conf: Mapping[str, Any], wait: bool) -> None:
    _check_ready(api=api, dag_id=run.dag_id)
    known = api.parameters(dag_id=run.dag_id)
    for name in sorted(conf.keys() - known):
        found = meant(name=name, among=sorted(known))
        advice = f"is {found} meant?" if found else "its form in Airflow shows their names."
        raise WrongUsage(f"DAG {run.dag_id} has no parameter {name}: {advice}")
    api.trigger(dag_id=run.dag_id, run_id=run.run_id, conf=conf)
    asks = (
        ""
        if run.dag_id == "reconcile"
        else "; an approval, if its policy requires one, is asked for under Required actions"
    )
    typer.echo(f"Started {run.dag_id}, run {run.run_id}{asks}.")
    if wait:
        _await_end(api=api, run=run)


def _check_ready(*, api: Airflow, dag_id: str) -> None:
    """Raise `RunFailed` for a DAG that runs nothing."""
    if not api.has_dag(dag_id=dag_id):
        raise RunFailed(f"Airflow has no DAG {dag_id}: look at its import errors, and at the dialect.")
    # Unpausing it here might begin nights that a person has held back.
    if api.is_paused(dag_id=dag_id):
        raise RunFailed(f"DAG {dag_id} is paused in Airflow, so no run of it begins: unpause it there first.")


def _await_end(*, api: Airflow, run: AirflowRun) -> None:
    """Wait until a run has ended. Raises `RunFailed` with what the first failed task says."""
    while (state := api.run_state(dag_id=run.dag_id, run_id=run.run_id)) not in _ENDS:
        time.sleep(_POLL_SECONDS)
    if state == "failed":
        raise RunFailed(failure_of(api=api, dag_id=run.dag_id, run_id=run.run_id))
    typer.echo("The run has succeeded.")


def _check_list(*, wait: bool, folder: Path | None) -> None:
    """Raise `WrongUsage` for a list of who is left that nothing would write."""
    if folder is not None and not wait:
        raise WrongUsage(
            "Give --folder together with --wait: without it the command ends before it is known who is left, "
            "which `kraken-migrate rerun-show` lists later."
        )


def _start_rerun(
    *, tracking: Engine, conf: dict[str, Any], chosen: Mapping[str, Any], wait: bool, folder: Path | None
) -> None:
    wave_id, dialect = _scope(tracking=tracking, wave=conf.get("wave"), dialect=chosen["dialect"])
    if wave_id is not None:
        conf["wave"] = wave_id
    check_request(request=RerunRequest(dialect=dialect, **conf))
    conf = by_number(tracking=tracking, dialect=dialect, conf=conf)
    if chosen["threshold"] is not None:
        conf["threshold"] = chosen["threshold"]
    run = _new_run(dag_id=f"rerun_{dialect}", kind="rerun")
    with _airflow() as api, _told(tracking=tracking, run=run, folder=folder) if wait else nullcontext():
        _start(api=api, run=run, conf=conf, wait=wait)


def by_number(*, tracking: Engine, dialect: str, conf: Mapping[str, Any]) -> dict[str, Any]:
    """Return the criteria of a rerun with customers stored as a selection, so that Airflow gets its number.

    Raises `BadRequest` for customers who have no record.
    """
    identifiers = conf.get("identifiers")
    if not identifiers:
        return dict(conf)
    named = conf.get("wave")
    with tracking.connect() as connection:
        wave = None if named is None else find_wave(connection=connection, wave=named, dialect=dialect)
    selection = store_customers(
        tracking=tracking, dialect=dialect, wave=wave, identifiers=identifiers, by=order(reason=None).by
    )
    return {name: value for name, value in conf.items() if name != "identifiers"} | {"selection": selection}


@contextmanager
def _told(*, tracking: Engine, run: AirflowRun, folder: Path | None) -> Iterator[None]:
    """Say at the end what a rerun mended, however its run ended, and list what is left in a folder."""
    try:
        yield
    finally:
        found = result_of_run(tracking=tracking, run=run)
        if found is not None:
            typer.echo("\n".join(lines(found=found)))
            if folder is not None:
                typer.echo(f"  {write_left(tracking=tracking, rerun=found.rerun.id, folder=folder)}")
    if found is not None and found.left:
        raise typer.Exit(ExitCode.PARTLY_DONE)


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
        found = find_wave(connection=connection, wave=wave, dialect=dialect)
    return str(found.id), found.dialect
