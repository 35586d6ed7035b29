"""`kraken-migrate doctor`: whether each system is reached and fits, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal, TypeAlias

import requests
import typer

from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.databases import check_database, check_schema, engine_of
from kraken_import.cli.faults import told
from kraken_import.cli.options import AsJson, LegacyDsn, TrackingDsn
from kraken_import.cli.output import show, table
from kraken_import.cli.places import NothingSaid, Surroundings
from kraken_import.cli.problems import ExitCode, Problem, UnableToReach
from kraken_import.client.requests import status_request
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import migrate, processes

app = typer.Typer()

Verdict: TypeAlias = Literal["well", "wrong", "not said"]

_ANSWER_SECONDS: Final = 15.0
_MOST_APART: Final = timedelta(seconds=5)
_SILENT: Final = timedelta(minutes=1)
"""Components of Airflow show life every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, whether it is well, and what to do where it is not."""

    what: str
    verdict: Verdict
    said: str
    exit_code: ExitCode = ExitCode.DONE


@app.command()
def doctor(
    *, tracking_dsn: TrackingDsn = None, legacy_dsn: LegacyDsn = None, as_json: AsJson = False
) -> None:
    """Look at each system that is named, the versions and the clocks, and say what to do."""
    around = Surroundings()
    findings = [
        _found(what="package", look=_package),
        *_tracking(around=around, option=tracking_dsn),
        _found(what="legacy database", look=lambda: _legacy(around=around, option=legacy_dsn)),
        _found(what="Kraken", look=lambda: _kraken(settings=around.kraken())),
        _found(what="Airflow", look=lambda: _airflow(around=around)),
    ]
    rows = [(each.what, each.verdict, each.said) for each in findings]
    show(
        data=[asdict(each) for each in findings],
        lines=table(header=("what", "state", "said"), rows=rows),
        as_json=as_json,
    )
    worst = max(each.exit_code for each in findings)
    if worst is not ExitCode.DONE:
        raise typer.Exit(worst)


def _found(*, what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, verdict="well", said=look())
    except NothingSaid as nothing:
        return Finding(what=what, verdict="not said", said=str(nothing))
    except Exception as error:
        known = told(error=error)
        if known is None:
            raise
        sentence, code = known
        return Finding(what=what, verdict="wrong", said=sentence, exit_code=code)


def _package() -> str:
    with suppress(PackageNotFoundError):
        return f"kraken-migration {version('kraken-migration')}"
    return "kraken-migration, not installed as a distribution"


def _tracking(*, around: Surroundings, option: str | None) -> list[Finding]:
    """Return what is found of the tracking database: the connection, then its schema and its clock."""
    try:
        place = around.database(name="tracking", option=option)
        check_database(place=place)
    except Problem as problem:
        reason = problem

        def refuse() -> str:
            raise reason

        return [_found(what="tracking database", look=refuse)]
    with engine_of(dsn=place.dsn) as engine:

        def schema() -> str:
            check_schema(engine=engine, place=place)
            return f"schema {migrate.standing(engine=engine).found}, as this version needs"

        def clock() -> str:
            apart = abs(datetime.now(UTC) - processes.present(engine=engine))
            if apart > _MOST_APART:
                raise Problem(
                    f"This machine's clock is {apart.total_seconds():,.0f} s from the tracking database's: "
                    "have both set theirs from the same time server."
                )
            return f"{apart.total_seconds():.1f} s apart"

        found = [
            Finding(what="tracking database", verdict="well", said=f"answers at {place.said_by}"),
            _found(what="tracking schema", look=schema),
        ]
        # The clock is a function of the schema.
        if found[-1].verdict == "well":
            found.append(_found(what="clock", look=clock))
        return found


def _legacy(*, around: Surroundings, option: str | None) -> str:
    place = around.database(name="legacy", option=option)
    check_database(place=place)
    return f"answers at {place.said_by}"


def _kraken(*, settings: KrakenSettings) -> str:
    """Ask for the status of an import process that cannot exist: 404 is the right answer."""
    if settings.sign_in != "none":
        return f"{settings.target} signs in ({settings.sign_in}): use the Test button of its Connection"
    request = status_request(
        resource="accounts", import_supplier="CONNECTION-TEST", external_identifier="CONNECTION-TEST"
    )
    try:
        answer = requests.get(
            f"{settings.base_url}{request.path}",
            headers={"Authorization": settings.authorization},
            timeout=_ANSWER_SECONDS,
            allow_redirects=False,
            verify=settings.ca_bundle or True,
        )
    except requests.RequestException as error:
        raise UnableToReach(
            f"No Kraken answers at {settings.target} ({type(error).__name__}): check address and network."
        ) from None
    if answer.status_code in (200, 404):
        return f"answers at {settings.target}"
    advice = {
        401: "does not accept the token (401): check the token",
        403: "does not allow the token the data-import API (403): ask for the permission",
    }.get(
        answer.status_code,
        f"answers {answer.status_code} where a data-import API says 404: check the address",
    )
    raise UnableToReach(f"Kraken at {settings.target} {advice}.")


def _airflow(*, around: Surroundings) -> str:
    said = around.airflow()
    if not said:
        raise NothingSaid("Nothing says where Airflow is: set AIRFLOW_URL and a login to have it looked at.")
    api = Airflow(address=said["AIRFLOW_URL"])
    try:
        heartbeats = api.heartbeats()
    finally:
        api.close()
    now = datetime.now(UTC)
    silent = [name for name, seen in heartbeats.items() if seen is None or now - seen > _SILENT]
    if silent:
        raise UnableToReach(
            f"Airflow's {' and '.join(silent)} have shown no life for a minute: look at their logs, "
            "and start them again."
        )
    return f"{', '.join(heartbeats)} show life"
