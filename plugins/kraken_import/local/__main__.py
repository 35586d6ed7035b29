"""`python -m kraken_import.local COMMAND`: what the Makefile runs. Variables come from the environment."""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Final

from kraken_import.cli.problems import Problem
from kraken_import.local.settings import LOGS, ROOT, Wishes, environment_wishes

_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command by its name."""
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        sys.stderr.write(f"Usage: python -m kraken_import.local {'|'.join(_COMMANDS)}\n")
        return 2
    return spoken(name=arguments[0], command=partial(_run, arguments[0]))


def _run(name: str, wishes: Wishes) -> None:
    module, function = _COMMANDS[name].split(":")
    command = getattr(import_module(f"kraken_import.local.{module}"), function)
    if name in _WITHOUT_VARIABLES:
        command()
    else:
        command(wishes=wishes)


def spoken(*, name: str, command: Callable[[Wishes], None]) -> int:
    """Run a command with the caller's wishes. Returns its exit status, after one sentence for a problem."""
    try:
        command(environment_wishes())
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except BrokenPipeError:
        # The reader of our output has closed it; what is left must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted: `make down` stops whatever still runs.\n")
        return _INTERRUPTED
    except Exception as error:
        return _other(command=name, error=error)
    return 0


def _other(*, command: str, error: Exception) -> int:
    # Loaded only now: most commands do not need it.
    from kraken_import.local.faults import sentence_of

    sentence = sentence_of(error=error)
    if sentence is None:
        return _unexpected(command=command, error=error)
    sys.stderr.write(f"{sentence}\n")
    return 1


def _unexpected(*, command: str, error: Exception) -> int:
    from transforms.private import private_file
    from transforms.quiet import traced

    log = LOGS / "commands.log"
    with private_file(path=log, append=True) as output:
        output.write(f"{datetime.now(tz=UTC).isoformat()} {command}\n{traced(error=error)}\n\n".encode())
    where = log.relative_to(ROOT)
    sys.stderr.write(f"`{command}` failed unexpectedly ({type(error).__name__}): details in {where}.\n")
    return 1


_COMMANDS: Final[Mapping[str, str]] = {
    "up": "running:bring_up",
    "down": "stopping:down",
    "demo": "demo:demo",
    "env": "environment:print_environment",
    "payload": "payload:print_payloads",
    "diff": "operating:print_differences",
    "wave-pause": "operating:pause",
    "wave-resume": "operating:resume",
    "wave-cancel": "operating:cancel",
    "stop-all": "operating:stop_all",
    "take-over": "operating:take_over",
    "purge": "operating:purge",
    "archive": "operating:archive",
    "decide": "operating:decide",
    "preflight": "preflight:preflight",
    "reports": "reports:list_reports",
    "new-dialect": "new_dialect:new_dialect",
    "sample": "payload:write_sample",
    "legacy": "fill:fill_legacy",
    "legacy-if-empty": "fill:fill_legacy_if_empty",
    "migrate": "operating:migrate",
    "simulator": "simulator:run_alone",
    "bench": "bench.command:bench",
    "rerun": "rerun:rerun",
    "crosswalk": "operating:write_crosswalk",
    "late-changes": "operating:list_late_changes",
    "differences": "operating:list_differences",
    "own": "operating:own",
    "wave-close": "operating:close",
    "wave-open": "operating:open_again",
}
"""The module and function of each command; a module is loaded by its own commands alone."""

_WITHOUT_VARIABLES: Final = frozenset({"down", "env", "reports"})

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
