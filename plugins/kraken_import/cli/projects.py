"""`kraken-migrate init`: a project of one's own, ready to be run and to be changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final

import typer
from packaging.version import Version

from kraken_import.cli import options
from kraken_import.cli.constraints import constraints
from kraken_import.cli.output import table
from kraken_import.cli.problems import Problem, WrongUsage
from kraken_import.cli.skeletons import check_name, project_files
from transforms.code_files import as_csv, maps
from transforms.project import DISTRIBUTION
from transforms.registry import get_dialect

app = typer.Typer()

_NEXT: Final = """\
{folder} is a project, with these files:
{files}

Next, in that folder: README.md says it all.
  kraken-migrate doctor
  pip install --requirement requirements.txt
  pytest
And with a legacy database of your own, which LEGACY_DSN names:
  kraken-migrate dialect new {name} --legacy
  kraken-migrate legacy-check {name}
"""


class UnableToBegin(Problem):
    """The folder holds something already."""


@app.command()
def init(
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder, new or empty.")],
    dialect: Annotated[
        str | None, typer.Option("--dialect", help="The package's dialect that yours extends.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="What yours is called. Left out: the package's, with your SQL."),
    ] = None,
) -> None:
    """Write a project of your own: DAGs, a dialect, SQL, code maps, samples, tests."""
    if dialect is None and name is None:
        raise WrongUsage(
            "Say which dialect the project is for: --dialect edf_accounts --name acme_accounts, or one alone."
        )
    options.check_dialect(name=dialect)
    if name is not None:
        check_name(name=name, option="--name")
    files = project_files(name=name or dialect or "", parent=dialect, requires=_fitting())
    write_project(folder=folder, files=files)
    listed = "\n".join(f"  {file}" for file in sorted(files))
    typer.echo(_NEXT.format(folder=folder, files=listed, name=name or dialect), nl=False)


@app.command()
def codes(
    *,
    dialect: Annotated[str, typer.Argument(metavar="DIALECT", help="The dialect, for example edf_accounts.")],
    name: Annotated[
        str | None, typer.Argument(metavar="[MAP]", help="The map to print. Left out: all are listed.")
    ] = None,
) -> None:
    """List the code maps of a dialect, or print one as the CSV file that takes its place in a project."""
    options.check_dialect(name=dialect)
    found = maps(dialect=get_dialect(name=dialect))
    if name is None:
        for line in table(header=("map", "codes"), rows=[(each, str(len(found[each]))) for each in found]):
            typer.echo(line)
        return
    if name not in found:
        raise WrongUsage(f"{dialect} has no code map {name!r}: kraken-migrate codes {dialect} lists them.")
    typer.echo(as_csv(codes=found[name]), nl=False)


@app.command(name="constraints")
def print_constraints() -> None:
    """Print the versions that the tests run with, for `pip install --constraint`, extras included."""
    typer.echo(constraints(), nl=False)


def write_project(*, folder: Path, files: Mapping[str, str]) -> None:
    """Write the files into a new or empty folder: all of them, or nothing. Raises `UnableToBegin`."""
    is_there = folder.exists()
    if is_there and not folder.is_dir():
        raise UnableToBegin(f"{folder} is no folder: name a new one.")
    _check_empty(folder=folder)
    home = folder.absolute()
    home.parent.mkdir(parents=True, exist_ok=True)
    # A folder that is there stays: a shell may stand in it, or a volume be mounted.
    unfinished = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home if is_there else home.parent))
    try:
        for name, text in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if is_there:
            _check_empty(folder=home, but=unfinished)
            for each in unfinished.iterdir():
                each.replace(home / each.name)
        else:
            unfinished.chmod(0o755)
            # One that was made and filled meanwhile is refused by the system.
            unfinished.replace(home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_empty(*, folder: Path, but: Path | None = None) -> None:
    if folder.is_dir() and any(each != but for each in folder.iterdir()):
        raise UnableToBegin(f"{folder} is not empty: name a new folder.")


def _fitting() -> str:
    """Return the versions that promise to work with a project of this one."""
    try:
        here = Version(version(DISTRIBUTION))
    except PackageNotFoundError:
        return ""
    next_one = f"0.{here.minor + 1}" if here.major == 0 else f"{here.major + 1}"
    return f">={here.major}.{here.minor},<{next_one}"
