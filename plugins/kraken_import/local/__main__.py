"""`python -m kraken_import.local COMMAND`: what the Makefile runs. Variables come from the environment."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kraken_import.cli.problems import Problem
from kraken_import.local.problems import StackProblem
from kraken_import.local.settings import LOGS, ROOT, Wishes, environment_wishes

_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command by its name."""
    command = _COMMANDS.get(arguments[0]) if len(arguments) == 1 else None
    if command is None:
        sys.stderr.write(f"Usage: python -m kraken_import.local {'|'.join(_COMMANDS)}\n")
        return 2
    return spoken(name=arguments[0], command=command)


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


def _up(wishes: Wishes) -> None:
    from kraken_import.local.running import up

    running = up(wishes=wishes, say=print)
    print(f"The stack is up: Airflow at http://127.0.0.1:{running.ports.airflow}, logins by `make env`.")


def _down(_: Wishes) -> None:
    from kraken_import.local.stopping import down

    down(say=print)


def _demo(wishes: Wishes) -> None:
    from kraken_import.local.demo import demo

    demo(wishes=wishes)


def _env(_: Wishes) -> None:
    from kraken_import.local import environment
    from kraken_import.local.running import require_running

    print("\n".join(environment.lines(running=require_running())))


def _payload(wishes: Wishes) -> None:
    from kraken_import.local.payload import print_payloads

    print_payloads(wishes=wishes)


def _sample(wishes: Wishes) -> None:
    from kraken_import.local.payload import write_sample

    write_sample(wishes=wishes)


def _diff(wishes: Wishes) -> None:
    from kraken_import.local.diff import print_differences

    print_differences(wishes=wishes)


def _wave_pause(wishes: Wishes) -> None:
    from kraken_import.local.control import control

    control(wishes=wishes, action="pause")


def _wave_resume(wishes: Wishes) -> None:
    from kraken_import.local.control import control

    control(wishes=wishes, action="resume")


def _wave_cancel(wishes: Wishes) -> None:
    from kraken_import.local.control import control

    control(wishes=wishes, action="cancel")


def _stop_all(wishes: Wishes) -> None:
    from kraken_import.local.control import stop_all

    stop_all(wishes=wishes)


def _take_over(wishes: Wishes) -> None:
    from kraken_import.local.control import take_over

    take_over(wishes=wishes)


def _purge(wishes: Wishes) -> None:
    from kraken_import.local.control import purge

    purge(wishes=wishes)


def _archive(wishes: Wishes) -> None:
    from kraken_import.local.control import archive

    archive(wishes=wishes)


def _decide(wishes: Wishes) -> None:
    from kraken_import.local.control import decide

    decide(wishes=wishes)


def _new_dialect(wishes: Wishes) -> None:
    from kraken_import.local.new_dialect import new_dialect

    new_dialect(wishes=wishes)


def _preflight(wishes: Wishes) -> None:
    from kraken_import.local.preflight import preflight

    preflight(wishes=wishes)


def _reports(_: Wishes) -> None:
    from kraken_import.local.reports import VARIABLE, print_reports

    print_reports(given=os.environ.get(VARIABLE, "").strip() or None)


def _legacy(wishes: Wishes) -> None:
    from kraken_import.local.fill import fill_legacy

    fill_legacy(wishes=wishes)


def _legacy_if_empty(wishes: Wishes) -> None:
    from kraken_import.local.fill import fill_legacy

    fill_legacy(wishes=wishes, only_if_empty=True)


def _simulator(wishes: Wishes) -> None:
    from kraken_import.local.simulator import run_alone

    run_alone(wishes=wishes)


def _bench(wishes: Wishes) -> None:
    from kraken_import.local.bench import bench

    bench(wishes=wishes)


def _rerun(wishes: Wishes) -> None:
    from kraken_import.local.rerun import rerun

    rerun(wishes=wishes)


def _crosswalk(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.write_crosswalk(wishes=wishes)


def _late_changes(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.list_late_changes(wishes=wishes)


def _differences(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.list_differences(wishes=wishes)


def _own(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.own(wishes=wishes)


def _wave_close(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.close(wishes=wishes)


def _wave_open(wishes: Wishes) -> None:
    from kraken_import.local import cutover

    cutover.open_again(wishes=wishes)


def _migrate(wishes: Wishes) -> None:
    from kraken_import.local import data, targets

    if wishes.targets.tracking_dsn is None:
        raise StackProblem("Say which tracking database to bring up to date: TRACKING_DSN=postgresql://…")
    targets.check(targets=wishes.targets)
    data.migrate_tracking(dsn=wishes.targets.tracking_dsn)


def _other(*, command: str, error: Exception) -> int:
    # Loaded only now: most commands do not need it.
    from kraken_import.local.faults import sentence_of

    sentence = sentence_of(error=error)
    if sentence is None:
        return _unexpected(command=command, error=error)
    sys.stderr.write(f"{sentence}\n")
    return 1


def _unexpected(*, command: str, error: Exception) -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "commands.log"
    with log.open("a") as output:
        output.write(
            f"{datetime.now(tz=UTC).isoformat()} {command}\n{''.join(traceback.format_exception(error))}\n"
        )
    where = log.relative_to(ROOT)
    sys.stderr.write(f"`{command}` failed unexpectedly ({type(error).__name__}): details in {where}.\n")
    return 1


_COMMANDS: Mapping[str, Callable[[Wishes], None]] = {
    "up": _up,
    "down": _down,
    "demo": _demo,
    "env": _env,
    "payload": _payload,
    "diff": _diff,
    "wave-pause": _wave_pause,
    "wave-resume": _wave_resume,
    "wave-cancel": _wave_cancel,
    "stop-all": _stop_all,
    "take-over": _take_over,
    "purge": _purge,
    "archive": _archive,
    "decide": _decide,
    "preflight": _preflight,
    "reports": _reports,
    "new-dialect": _new_dialect,
    "sample": _sample,
    "legacy": _legacy,
    "legacy-if-empty": _legacy_if_empty,
    "migrate": _migrate,
    "simulator": _simulator,
    "bench": _bench,
    "rerun": _rerun,
    "crosswalk": _crosswalk,
    "late-changes": _late_changes,
    "differences": _differences,
    "own": _own,
    "wave-close": _wave_close,
    "wave-open": _wave_open,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
