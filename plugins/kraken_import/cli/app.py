"""The command line as a whole: its commands, and the one sentence and exit code that a problem becomes."""

from __future__ import annotations

import os
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from kraken_import.cli import (
    building,
    cutting_over,
    dialects,
    doctor,
    erasing,
    keeping,
    keys,
    legacy_checks,
    planning,
    projects,
    records,
    reports,
    rerun_results,
    runs,
    schema,
    waves,
)
from kraken_import.cli.faults import told
from kraken_import.cli.problems import ExitCode
from kraken_import.cli.versions import print_version
from transforms.quiet import traced

TRACEBACK: Final = "KRAKEN_MIGRATE_TRACEBACK"


class _Spoken(TyperGroup):
    """Says in one sentence what a command refuses."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command. A problem becomes a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            known = told(error=error)
            # Typer's own ways to end: wrong usage, --help, an interruption, a reader that has gone.
            is_typers = hasattr(error, "exit_code") or isinstance(error, typer.Abort | BrokenPipeError)
            if known is None and is_typers:
                raise
            sentence, code = known or (_unexpected(error=error), ExitCode.REFUSED)
            typer.echo(sentence, err=True)
            raise typer.Exit(code) from None


def _unexpected(*, error: Exception) -> str:
    if os.environ.get(TRACEBACK) == "1":
        return traced(error=error)
    return (
        f"The command failed unexpectedly ({type(error).__name__}): run it again with {TRACEBACK}=1 in the "
        "environment, and report what it then says."
    )


app = typer.Typer(
    name="kraken-migrate",
    cls=_Spoken,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _whole(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version of the package.", callback=print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Operate migrations into Kraken: waves, records, the cut-over and the tracking database."""


app.add_typer(waves.app, name="wave")
app.add_typer(records.app, name="record")
app.add_typer(schema.app, name="db")
app.add_typer(dialects.app, name="dialect")
app.add_typer(keys.app, name="key")
app.add_typer(cutting_over.app)
app.add_typer(erasing.hold_app, name="hold")
app.add_typer(keeping.app)
app.add_typer(erasing.app)
app.add_typer(planning.app)
app.add_typer(building.app)
app.add_typer(legacy_checks.app)
app.add_typer(runs.app)
app.add_typer(rerun_results.app)
app.add_typer(reports.app)
app.add_typer(doctor.app)
app.add_typer(projects.app)
