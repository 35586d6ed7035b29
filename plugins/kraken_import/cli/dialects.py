"""`kraken-migrate dialect`: begin a dialect, check it without a database, and take a sample for its tests."""

from __future__ import annotations

import importlib.util
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kraken_import.cli.building import DIALECT
from kraken_import.cli.databases import legacy_database
from kraken_import.cli.legacy_checks import told
from kraken_import.cli.options import AsJson, LegacyDsn, check_dialect
from kraken_import.cli.output import show
from kraken_import.cli.problems import ExitCode, Problem, WrongUsage
from kraken_import.cli.skeletons import check_name, dialect_files, dialect_places, extending_file
from kraken_import.conformance.samples import FOLDER_NAME, TODAY
from kraken_import.usecases.legacy_check.misfits import GRADES
from kraken_import.usecases.legacy_check.offline import check_offline
from kraken_import.usecases.legacy_check.skeletons import sql_skeletons
from kraken_import.usecases.samples import sample_rows
from transforms.dialect import Dialect
from transforms.project import FILE, project
from transforms.registry import UnknownDialect, extendable_dialect, get_dialect, sources

app = typer.Typer(
    help="Begin a dialect, check its files, and take samples for its tests.", no_args_is_help=True
)

_DIALECTS: Final = "dialects"
_SAMPLE_NAME: Final = re.compile(r"(?!frames$)[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
"""A folder's name, apart from the one with the rows of the dialect's first sample."""

ProjectFolder = Annotated[
    Path | None,
    typer.Option("--folder", help="The project's folder. Left out: the project in force.", file_okay=False),
]


class UnableToWrite(Problem):
    """A file that would be written is there already."""


@app.command()
def new(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What it is called, for example acme_accounts.")
    ],
    like: Annotated[str | None, typer.Option("--like", help="The dialect that it extends.")] = None,
    legacy: Annotated[
        bool,
        typer.Option("--legacy", help="Write every SQL statement, to be filled in; of a known dialect too."),
    ] = False,
    folder: ProjectFolder = None,
) -> None:
    """Write the files of a new dialect into a project, and with --legacy the SQL of every frame."""
    home = _home(folder=folder)
    files = _files(name=name, like=like, legacy=legacy, home=home)
    _write(home=home, files=files)
    lines = [f"{len(files)} files are in {home}:", *(f"  {file}" for file in sorted(files)), "", "Next:"]
    here = project()
    if here is not None and here.folder == home and here.dialects and name not in here.dialects:
        lines.append(f'  add "{name}" to dialects in {FILE}')
    lines += [f"  kraken-migrate dialect check {name}", f"  kraken-migrate legacy-check {name}"]
    typer.echo("\n".join(lines))


@app.command()
def check(*, dialect: Annotated[str, DIALECT], as_json: AsJson = False) -> None:
    """Check a dialect's model, columns, codes and SQL files, without any database."""
    check_dialect(name=dialect)
    found = check_offline(dialect=get_dialect(name=dialect), values={}, today=datetime.now(UTC).date())
    counts = {f"{severity}s": sum(each.severity == severity for each in found) for severity in GRADES}
    said = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    show(
        data={"dialect": dialect, **counts, "findings": [asdict(each) for each in found]},
        lines=[f"{dialect}: {said}.", *told(misfits=found)],
        as_json=as_json,
    )
    if counts["errors"] or counts["warnings"]:
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def sample(
    *,
    dialect: Annotated[str, DIALECT],
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="The customer's external identifier.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", help="A further sample. Left out: the one in place of the guide's customer."),
    ] = None,
    folder: ProjectFolder = None,
    legacy_dsn: LegacyDsn = None,
) -> None:
    """Write a customer's rows as a sample for tests, with invented names, texts and keys."""
    check_dialect(name=dialect)
    if name is not None and not _SAMPLE_NAME.fullmatch(name):
        raise WrongUsage(
            "--name must be letters, digits, underscores and hyphens, and not frames: for example two-meters."
        )
    home = _home(folder=folder)
    with legacy_database(option=legacy_dsn) as legacy:
        found = sample_rows(
            engine=legacy, dialect=get_dialect(name=dialect), identifier=identifier, today=TODAY
        )
    place = f"{FOLDER_NAME}/{dialect}/{name}" if name else f"{FOLDER_NAME}/{dialect}"
    # In place of the guide's customer a list without rows needs a file too: otherwise the guide's rows count.
    kept = {frame: rows for frame, rows in found.rows.items() if rows or not name}
    files = {f"{place}/frames/{frame}.json": _as_json(rows) for frame, rows in kept.items()}
    if found.payload is not None:
        files[f"{place}/payload.json"] = _as_json(found.payload)
    _write(home=home, files=files)
    lines = [
        f"{len(files)} files are in {home / place}: names, texts and keys are invented; codes, amounts and "
        "days are the customer's, so look them through before you keep the files.",
    ]
    if not name:
        lines.append("They take the place of the guide's customer in the project's tests.")
    if found.payload is None:
        lines.append(
            f"No payload.json was written, since these rows make none ({', '.join(found.refused)}): mend "
            "them in frames/, and put the payload beside them."
        )
    typer.echo("\n".join(lines))


def _files(*, name: str, like: str | None, legacy: bool, home: Path) -> Mapping[str, str]:
    """Return the text of each file, by its path below the project."""
    there = dialect_places(folder=home)
    for each in (like, name if legacy and like is None else None):
        if each in there and each not in sources():
            raise WrongUsage(f"{each} is a dialect of {home}: run the command in that folder.")
    if legacy and like is None and name in there:
        return _below_sql(dialect=extendable_dialect(name=name), name=name)
    check_name(name=name, option="NAME", folder=home)
    if like is not None:
        if like in sources() and like not in there:
            raise WrongUsage(f"{home} has no dialect {like} to extend: there are {', '.join(sorted(there))}.")
        try:
            parent = extendable_dialect(name=like)
        except UnknownDialect as unknown:
            raise WrongUsage(str(unknown)) from None
        files = {f"{_DIALECTS}/{name}.py": extending_file(name=name, parent=like)}
        return files | (_below_sql(dialect=parent, name=name) if legacy else {})
    files = dialect_files(name=name, dialects=_DIALECTS, samples=FOLDER_NAME)
    if legacy:
        files |= _below_sql(dialect=_loaded(text=files[f"{_DIALECTS}/{name}.py"]), name=name)
    return files


def _below_sql(*, dialect: Dialect, name: str) -> dict[str, str]:
    return {f"sql/{path}": text for path, text in sql_skeletons(dialect=dialect, name=name).items()}


def _loaded(*, text: str) -> Dialect:
    """Return the dialect of a module that is not written yet."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "begun.py"
        file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("kraken_import_begun_dialect", file)
        if spec is None or spec.loader is None:
            raise RuntimeError("Python has no loader for its own files.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: Dialect = module.DIALECT
        return found


def _home(*, folder: Path | None) -> Path:
    """Return the folder of a project. Raises `WrongUsage` where there is none."""
    here = project()
    home = folder if folder is not None else None if here is None else here.folder
    if home is None:
        raise WrongUsage(
            "There is no project here: make one with `kraken-migrate init FOLDER`, or name its --folder."
        )
    if not (home / FILE).is_file():
        raise WrongUsage(f"{home} has no {FILE}: name the folder of a project, or make one with init.")
    return home


def _write(*, home: Path, files: Mapping[str, str]) -> None:
    """Write all the files, or none where one of them is there. Raises `UnableToWrite`."""
    there = [name for name in sorted(files) if (home / name).exists()]
    if there:
        raise UnableToWrite(
            f"{home / there[0]} is there already: nothing was written, so move it away first."
        )
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
