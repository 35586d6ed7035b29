"""`kraken-migrate erase` and `hold`: what must go of one customer, and what may not go yet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

import typer

from kraken_import.cli.airflow_api import Airflow, NamedRun
from kraken_import.cli.databases import tracking_database
from kraken_import.cli.options import AsJson, Reason, TrackingDsn, order
from kraken_import.cli.output import show, table
from kraken_import.cli.places import Surroundings
from kraken_import.cli.problems import WrongUsage
from kraken_import.usecases.erase import Erasure, erase_customer, find_erasure
from kraken_import.usecases.erased_files import ErasedFiles, erase_in_files
from kraken_import.usecases.legal_holds import end_hold, hold, holds

_REPORTS: Final = "MIGRATION_REPORTS"
_NOT_REACHED: Final = (
    "Not reached: backups, exports of yours, Airflow's logs and audit log, the legacy system and Kraken."
)

app = typer.Typer()
hold_app = typer.Typer(
    help="Legal holds: keep a wave or a customer from being purged or erased.", no_args_is_help=True
)


@app.command()
def erase(
    *,
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="The customer's external identifier.")
    ],
    reason: Reason = None,
    import_supplier: Annotated[
        str | None,
        typer.Option("--import-supplier", help="Whose customer, where several have this identifier."),
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--reports",
            metavar="FOLDER",
            help=f"Also in the reports and lists of this folder; as often as needed. Without it: {_REPORTS}.",
            file_okay=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, only what would be erased is listed.")
    ] = False,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Erase one customer for good: in the tracking database, in reports, and in runs of Airflow."""
    who, places = identifier.strip(), _folders(given=folders or ())
    changed: list[ErasedFiles] = []

    def in_files(found: Erasure) -> None:
        changed.extend(erase_in_files(folder=place, names=found.names, token=found.token) for place in places)

    with tracking_database(option=tracking_dsn, as_owner=True) as tracking:
        if yes:
            found = erase_customer(
                tracking=tracking,
                external_identifier=who,
                import_supplier=import_supplier,
                order=order(reason=reason),
                before_commit=in_files,
            )
            typer.echo("\n".join(_done(found=found, places=places, changed=changed)))
            runs = _runs(identifier=who)
            typer.echo("\n".join(_said_of_runs(runs=runs)))
            _delete(runs=runs or ())
            typer.echo(_NOT_REACHED)
        else:
            found = find_erasure(tracking=tracking, external_identifier=who, import_supplier=import_supplier)
            typer.echo("\n".join(_planned(found=found, places=places, runs=_runs(identifier=who))))


@hold_app.command(name="add")
def add_(
    *,
    wave: Annotated[str | None, typer.Option("--wave", help="Hold this wave, by its id or name.")] = None,
    identifier: Annotated[
        str | None, typer.Option("--identifier", help="Hold this customer, in whatever wave.")
    ] = None,
    reason: Reason = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """Hold a wave or a customer: nothing of it is purged or erased until the hold has ended."""
    if (wave is None) is (identifier is None):
        raise WrongUsage("Say what to hold: --wave or --identifier, one of them.")
    with tracking_database(option=tracking_dsn) as tracking:
        who = None if identifier is None else identifier.strip()
        typer.echo(hold(tracking=tracking, wave=wave, external_identifier=who, order=order(reason=reason)))


@hold_app.command(name="list")
def list_(*, tracking_dsn: TrackingDsn = None, as_json: AsJson = False) -> None:
    """List the holds in force."""
    with tracking_database(option=tracking_dsn) as tracking:
        found = holds(tracking=tracking)
    header = ("hold", "wave", "customer", "since", "by", "reason")
    rows = [
        (str(each.id), each.wave_name, each.external_identifier, each.held_at, each.held_by, each.reason)
        for each in found
    ]
    show(data=found, lines=table(header=header, rows=rows) or ["No legal hold is in force."], as_json=as_json)


@hold_app.command(name="end")
def end_(
    *,
    number: Annotated[int, typer.Argument(metavar="HOLD", help="The hold, by its number.")],
    reason: Reason = None,
    tracking_dsn: TrackingDsn = None,
) -> None:
    """End a hold."""
    with tracking_database(option=tracking_dsn) as tracking:
        typer.echo(end_hold(tracking=tracking, number=number, order=order(reason=reason)))


def _folders(*, given: Sequence[Path]) -> list[Path]:
    """Return the folders of reports: those that are given, or else the installation's, if it is here."""
    missing = [str(folder) for folder in given if not folder.is_dir()]
    if missing:
        raise WrongUsage(
            f"There is no folder {missing[0]}: name a folder of reports by --reports, or leave it out."
        )
    if given:
        return list(given)
    said = os.environ.get(_REPORTS, "").strip()
    parts = urlsplit(said)
    if not said or parts.scheme not in ("", "file"):
        return []
    folder = Path(unquote(parts.path))
    return [folder] if folder.is_dir() else []


def _runs(*, identifier: str) -> list[NamedRun] | None:
    """Return the runs that name the customer; None where nothing says where Airflow is."""
    said = Surroundings().airflow()
    if not said:
        return None
    api = _api(said=dict(said))
    try:
        return api.runs_naming(identifier=identifier)
    finally:
        api.close()


def _delete(*, runs: Sequence[NamedRun]) -> None:
    """Delete the runs that have ended."""
    ended = [run for run in runs if run.has_ended]
    if not ended:
        return
    api = _api(said=dict(Surroundings().airflow()))
    try:
        for run in ended:
            api.delete_run(run=run)
    finally:
        api.close()
    typer.echo(f"Deleted: {len(ended)} of these runs.")


def _api(*, said: dict[str, str]) -> Airflow:
    return Airflow(
        address=said["AIRFLOW_URL"],
        user=said.get("AIRFLOW_USER", ""),
        password=said.get("AIRFLOW_PASSWORD", ""),
        token=said.get("AIRFLOW_TOKEN"),
    )


def _planned(*, found: Erasure, places: Sequence[Path], runs: Sequence[NamedRun] | None) -> list[str]:
    records = f"has {found.records} records, which can be erased"
    if found.is_done:
        records = f"was erased before, and {records}" if found.records else "was erased before"
    return [
        f"The customer {records}; the token is {found.token}.",
        f"Reports are looked through in: {', '.join(map(str, places)) or 'no folder (--reports names one)'}.",
        *_said_of_runs(runs=runs),
        "Nothing was changed: repeat it with --reason and --yes.",
    ]


def _done(*, found: Erasure, places: Sequence[Path], changed: Sequence[ErasedFiles]) -> list[str]:
    how = f"is erased in {found.records} records"
    if found.is_done:
        how = f"had been erased before, and {how}" if found.records else "had been erased before"
    files = [f"{each.changed} files in {place}" for each, place in zip(changed, places, strict=True)]
    left = [str(path) for each in changed for path in each.left]
    return [
        f"The customer {how}; in place of the identifier stands {found.token}.",
        f"Changed besides: {', '.join(files) or 'no reports, since no folder was named (--reports)'}.",
        *(f"Look into {path}: it, or its name, still seems to name the customer." for path in left),
    ]


def _said_of_runs(*, runs: Sequence[NamedRun] | None) -> list[str]:
    if runs is None:
        return ["Airflow was not looked through: say where it is by AIRFLOW_URL and a login."]
    if not runs:
        return ["No run in Airflow names the customer."]
    said = [f"{len(runs)} runs in Airflow name the customer, by their parameters or their id:"]
    for run in runs:
        others = f", names others too ({run.others})" if run.others else ""
        fate = "to be deleted" if run.has_ended else "under way, so repeat it later"
        said.append(f"  {run.dag_id} from {run.began}{others}: {fate}")
    return said
