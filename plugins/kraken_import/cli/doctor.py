"""`kraken-migrate doctor`: whether each system is reached and fits, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal, TypeAlias

import typer
from sqlalchemy import Engine

from kraken_import.cli.airflow_api import Airflow
from kraken_import.cli.databases import KeysOfPlaces, check_database, check_schema, engine_of
from kraken_import.cli.faults import told
from kraken_import.cli.options import AsJson, LegacyDsn, TrackingDsn
from kraken_import.cli.output import show, table
from kraken_import.cli.places import READER, NothingSaid, Place, Surroundings
from kraken_import.cli.problems import ExitCode, Problem, UnableToReach
from kraken_import.cli.versions import package
from kraken_import.client.probe import UnableToAsk, probe
from kraken_import.client.requests import IMPOSSIBLE_IDENTIFIER
from kraken_import.client.settings import KrakenSettings
from kraken_import.tracking import migrate, processes, roles, vault
from kraken_import.usecases.keys import keys_in_words
from kraken_import.usecases.restored import restored_sentence
from transforms.code_files import FOLDER as CODES
from transforms.encryption import warning
from transforms.project import FILE, VARIABLE, project
from transforms.registry import dialect_names, get_dialect, sources
from transforms.sql_files import overlay

app = typer.Typer()

Verdict: TypeAlias = Literal["well", "warned", "wrong", "not said"]

ANSWER_SECONDS: Final = 15.0
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
        _found(what="package", look=package),
        *_project(),
        *_tracking(around=around, option=tracking_dsn),
        _legacy(around=around, option=legacy_dsn),
        _found(what="Kraken", look=lambda: _kraken(settings=around.kraken())),
        _found(what="Airflow", look=lambda: _airflow(around=around)),
        _console(around=around),
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


def _project() -> list[Finding]:
    """Return which project is in force, and each of its dialects."""
    found = _found(what="project", look=_project_in_force)
    if found.verdict == "wrong":
        return [found]
    here = project()
    if here is None:
        return [replace(found, verdict="not said")]
    # What a project leaves to the package is the package's own, which its tests prove.
    own = [name for name, source in sources().items() if name in dialect_names() and not source.is_bundled]
    is_overlaid = overlay() is not None or (here.folder / CODES).is_dir()
    overlaid = [name for name in dialect_names() if name not in own] if is_overlaid else []
    return [
        found,
        *(_found(what=f"dialect {name}", look=partial(_dialect, name=name)) for name in own + overlaid),
    ]


def _project_in_force() -> str:
    found = project()
    if found is None:
        return f"none: the dialects and the SQL are the package's; {VARIABLE} or {FILE} names one"
    return f"{found.folder}, by {found.said_by}, with the dialects {', '.join(dialect_names())}"


def _dialect(*, name: str) -> str:
    dialect = get_dialect(name=name)
    kind = f"extends {dialect.parent}" if dialect.parent else "stands for itself"
    return f"{kind}; {len(dialect.frames)} frames"


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
            _answers(what="tracking database", place=place),
            _found(what="tracking schema", look=schema),
        ]

        def keys() -> str:
            vault.attach(engine=engine, source=KeysOfPlaces())
            with engine.connect() as connection:
                is_configured, sentence = keys_in_words(connection=connection)
            if not is_configured:
                raise NothingSaid(sentence)
            return sentence

        # Clock and keys are in the schema.
        if found[-1].verdict == "well":
            found += [
                _found(what="clock", look=clock),
                _found(what="wave keys", look=keys),
                _user(engine=engine),
                *_restored(engine=engine),
            ]
        return found


def _restored(*, engine: Engine) -> list[Finding]:
    """Return that creates wait for a look-up after a restore, where they do."""
    with engine.connect() as connection:
        said = restored_sentence(connection=connection)
    if said is None:
        return []
    return [Finding(what="restore", verdict="wrong", said=said, exit_code=ExitCode.REFUSED)]


def _user(*, engine: Engine) -> Finding:
    with engine.connect() as connection:
        owns = roles.is_owner(connection=connection)
    if not owns:
        return Finding(what="tracking user", verdict="well", said="does not own the tables")
    said = (
        "The user of the tracking database owns its tables, so that tasks could change what is append-only: "
        "let tasks and commands use a member of migration_app, and name this one by TRACKING_OWNER_DSN."
    )
    return Finding(what="tracking user", verdict="warned", said=said)


def _legacy(*, around: Surroundings, option: str | None) -> Finding:
    places: list[Place] = []

    def look() -> str:
        places.append(around.database(name="legacy", option=option))
        check_database(place=places[0])
        return ""

    found = _found(what="legacy database", look=look)
    return _answers(what=found.what, place=places[0]) if found.verdict == "well" else found


def _answers(*, what: str, place: Place) -> Finding:
    """Return that a database answers, and whether it is sure to be the right one."""
    if doubt := warning(dsn=place.dsn, named=place.said_by):
        return Finding(what=what, verdict="warned", said=f"answers at {place.said_by}. {doubt}")
    return Finding(what=what, verdict="well", said=f"answers at {place.said_by}")


def _kraken(*, settings: KrakenSettings) -> str:
    if settings.sign_in != "none":
        return f"{settings.target} signs in ({settings.sign_in}): use the Test button of its Connection"
    try:
        status = ask_kraken(settings=settings)
    except UnableToAsk as error:
        raise UnableToReach(
            f"No Kraken answers at {settings.target} ({error}): check address and network."
        ) from None
    if status in (200, 404):
        return f"answers at {settings.target}"
    advice = {
        401: "does not accept the token (401): check the token",
        403: "does not allow the token the data-import API (403): ask for the permission",
    }.get(status, f"answers {status} where a data-import API says 404: check the address")
    raise UnableToReach(f"Kraken at {settings.target} {advice}.")


def ask_kraken(*, settings: KrakenSettings) -> int:
    """Ask for the status of an import process that cannot exist, and return how it is answered: 404 is right.

    Raises `UnableToAsk`.
    """
    answer = probe(
        settings=settings,
        authorization=settings.authorization,
        import_supplier=IMPOSSIBLE_IDENTIFIER,
        seconds=ANSWER_SECONDS,
    )
    return answer.status


def _console(*, around: Surroundings) -> Finding:
    """Return whether Airflow's console can read the tracking database, and reads no payload."""
    try:
        place = around.reader()
        if place is None:
            return _connection_of_console(around=around)
        check_database(place=place)
        with engine_of(dsn=place.dsn) as engine, engine.connect() as connection:
            may_read = roles.may_read(connection=connection)
            sees_payloads = roles.sees_payloads(connection=connection)
    except Problem as problem:
        reason = problem

        def refuse() -> str:
            raise reason

        return _found(what="console", look=refuse)
    if not may_read:
        said = (
            f"The user of {place.said_by} may not read the tracking schema, or it is not there: run "
            "`kraken-migrate db upgrade`, then `GRANT migration_reader TO` that user."
        )
        return Finding(what="console", verdict="wrong", said=said, exit_code=ExitCode.REFUSED)
    if sees_payloads:
        said = (
            f"The user of {place.said_by} may read payloads, which no page of the console needs: name a "
            "member of migration_reader alone."
        )
        return Finding(what="console", verdict="warned", said=said)
    return Finding(what="console", verdict="well", said=f"reads by {place.said_by}")


def _connection_of_console(*, around: Surroundings) -> Finding:
    """Return whether Airflow says that it has the Connection, which only its components may open."""
    said = around.airflow()
    if "AIRFLOW_URL" not in said:
        sentence = f"Nothing says whether Airflow has a Connection {READER}, by which its console reads."
        return Finding(what="console", verdict="not said", said=sentence)
    api = Airflow(
        address=said["AIRFLOW_URL"],
        user=said.get("AIRFLOW_USER", ""),
        password=said.get("AIRFLOW_PASSWORD", ""),
        token=said.get("AIRFLOW_TOKEN"),
    )
    try:
        found = api.connection(connection_id=READER)
    finally:
        api.close()
    if found is not None:
        return Finding(what="console", verdict="well", said=f"Connection {READER} is in Airflow's database")
    sentence = (
        f"Airflow's database has no Connection {READER}: unless a secrets backend has it, the console shows "
        "no page. Make one of type Postgres for a member of migration_reader."
    )
    return Finding(what="console", verdict="warned", said=sentence)


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
            f"Airflow's {' and '.join(silent)} {'has' if len(silent) == 1 else 'have'} shown no life for a "
            "minute: look at the logs, and start what is dead again."
        )
    return f"{', '.join(heartbeats)} show life"
