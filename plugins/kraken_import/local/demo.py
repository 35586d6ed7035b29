"""`make demo`: one wave for each dialect, shown while it runs, compared with what its customers imply."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console

from kraken_import.cli.airflow_api import Airflow
from kraken_import.local import data, display, outcome, waves
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem, called
from kraken_import.local.running import Running, up
from kraken_import.local.settings import Wishes
from kraken_import.local.targets import Systems, safe_address
from kraken_import.local.waves import Progress

DEFAULT_ACCOUNTS = 500


class DemoFailed(StackProblem):
    """The demo did not end as expected."""


def demo(*, wishes: Wishes) -> None:
    """Bring the stack up, migrate the next customers of each dialect, show and judge the outcome.

    To the bundled stand-in the waves are live, to another Kraken a dry run unless LIVE=yes. Dialects that do
    not fit the database at LEGACY_DSN are left out, unless DIALECT names one.
    Raises DemoFailed when a run failed or an outcome differs from what the generated customers imply.
    """
    target = display.console()
    only = dialect_named(name=wishes.dialect).name if wishes.dialect else None
    running = up(wishes=wishes, say=target.print, correct_connections=True)
    dialects = [only] if only else data.dialects_with_customers(systems=running.systems)
    accounts = wishes.accounts or DEFAULT_ACCOUNTS
    is_dry_run = rehearses(systems=running.systems, live=wishes.live)
    if running.systems.bundled_legacy:
        made = data.top_up(systems=running.systems, dialects=dialects, wanted=accounts, is_dry_run=is_dry_run)
        if made:
            target.print(f"Generated {made:,} further customers in the legacy database.")
    api = running.airflow()
    try:
        waves.await_dags(api=api, dialects=dialects)
        progress = _migrate(
            target=target,
            api=api,
            running=running,
            dialects=dialects,
            wishes=wishes,
        )
        faults = _judge(target=target, api=api, running=running, progress=progress)
    finally:
        api.close()
    _show_addresses(target=target, running=running)
    if faults:
        raise DemoFailed(" ".join(faults))


def rehearses(*, systems: Systems, live: bool) -> bool:
    """Return whether this is a dry run: to any Kraken but the bundled one, unless the caller says live."""
    return not live and not systems.bundled_kraken


def _migrate(
    *,
    target: Console,
    api: Airflow,
    running: Running,
    dialects: Sequence[str],
    wishes: Wishes,
) -> list[Progress]:
    accounts = wishes.accounts or DEFAULT_ACCOUNTS
    is_dry_run = rehearses(systems=running.systems, live=wishes.live)
    run_id = f"demo-{datetime.now(tz=UTC):%Y-%m-%dT%H-%M-%S}"
    target.print(
        f"{'Rehearsing' if is_dry_run else 'Migrating'} up to {accounts:,} customers of each dialect from "
        f"{_legacy(running=running)} into {_kraken(running=running)} …"
    )
    if is_dry_run:
        target.print("This is a dry run, which creates nothing: LIVE=yes creates them.")
    started = [
        waves.start_wave(
            api=api, dialect=dialect, conf={"limit": accounts}, run_id=run_id, is_dry_run=is_dry_run
        )
        for dialect in dialects
    ]
    with (
        data.engine_of(dsn=running.systems.tracking_dsn) as tracking,
        display.progress_lines(target=target) as show,
    ):
        return waves.follow(api=api, tracking=tracking, waves=started, show=show)


def _judge(*, target: Console, api: Airflow, running: Running, progress: Sequence[Progress]) -> list[str]:
    """Show the tables and comparisons. Returns one sentence for each fault."""
    wave_ids = [each.wave_id for each in progress if each.wave_id is not None]
    now = datetime.now(tz=UTC)
    faults = [sentence for each in progress if (sentence := _run_fault(api=api, progress=each))]
    if not wave_ids:
        return faults
    with (
        data.engine_of(dsn=running.systems.tracking_dsn) as tracking,
        data.engine_of(dsn=running.systems.legacy_owner_dsn) as legacy,
    ):
        target.print()
        target.print(display.outcome_table(progress=progress, now=now))
        groups = outcome.error_groups(tracking=tracking, wave_ids=wave_ids)
        for table in display.error_tables(groups=groups):
            target.print()
            target.print(table)
        target.print()
        target.print(_rate(progress=progress))
        if not running.systems.bundled_kraken:
            target.print("Not compared with the generator: it knows only how the bundled Kraken answers.")
            return faults
        judgement = outcome.judged(
            tracking=tracking,
            legacy=legacy,
            kraken_url=running.systems.kraken_url,
            wave_ids=wave_ids,
            is_dry_run=any(each.wave.is_dry_run for each in progress),
        )
    for sentence in judgement.right:
        target.print(sentence)
    return [*faults, *judgement.faults]


def _run_fault(*, api: Airflow, progress: Progress) -> str | None:
    wave = progress.wave
    if progress.run_state == "success":
        return None
    if progress.failure is not None:
        return progress.failure
    tasks = api.failed_tasks(dag_id=wave.dag_id, run_id=wave.run_id)
    if not tasks:
        return f"{wave.dag_id} failed without a failed task: see run {wave.run_id} in Airflow."
    where = f"{wave.dag_id} failed in {tasks[0].name}"
    return f"{where}: {api.raised_by(task=tasks[0]) or 'see its log in Airflow.'}"


def _rate(*, progress: Sequence[Progress]) -> str:
    settled = sum(each.settled for each in progress)
    ended = [each.last_settled_at for each in progress if each.last_settled_at is not None]
    if not ended:
        return "No customer has ended."
    seconds = (max(ended) - min(each.wave.at for each in progress)).total_seconds()
    return (
        f"{settled:,} customers in {seconds:.1f} s from trigger to last status: "
        f"{settled / max(seconds, 0.001):.0f} accounts/s."
    )


def _show_addresses(*, target: Console, running: Running) -> None:
    target.print(f"Airflow:   http://127.0.0.1:{running.ports.airflow}")
    for user, password in running.secrets.passwords.items():
        target.print(f"Login:     {user} / {password}")
    target.print(
        f"Tracking:  {safe_address(dsn=running.systems.tracking_dsn)} "
        f"({called(command='env')} shows every DSN)"
    )
    target.print(
        f"The stack stays up: {called(command='demo')} migrates the next customers, "
        f"{called(command='down')} stops it."
    )


def _kraken(*, running: Running) -> str:
    kind = "the bundled stand-in Kraken" if running.systems.bundled_kraken else "Kraken"
    return f"{kind} at {running.systems.kraken_url}"


def _legacy(*, running: Running) -> str:
    if running.systems.bundled_legacy:
        return "the bundled legacy database"
    return f"the legacy database at {safe_address(dsn=running.systems.legacy_dsn)}"
