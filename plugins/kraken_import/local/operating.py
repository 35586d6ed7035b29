"""What `kraken-migrate` does, as commands of make: orders to waves, decisions, and what a wave leaves.

They work on the databases that the variables name, or else on those of the running stack.
"""

import getpass
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from kraken_import.cli import leftovers
from kraken_import.cli.databases import KeysOfPlaces
from kraken_import.cli.differing import UnableToCompare, differing
from kraken_import.cli.leftovers import Listing
from kraken_import.cli.options import order
from kraken_import.cli.records import decided
from kraken_import.cli.schema import let_go
from kraken_import.client.settings import KrakenSettings
from kraken_import.local import data, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.payload import kraken_connection, legacy_database, wanted_dialect
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import IsNotUp, require_running
from kraken_import.local.settings import ROOT, RUN, Wishes
from kraken_import.local.targets import Systems
from kraken_import.tracking import vault
from kraken_import.tracking.control import Action
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases import control
from kraken_import.usecases.archive import archive_events
from kraken_import.usecases.cutover import live_wave
from kraken_import.usecases.purge import purge_wave


class UnableToOperate(StackProblem):
    """A variable that the command needs was not given, or no database is known."""


def pause(*, wishes: Wishes) -> None:
    """Send no further create of WAVE until it is resumed."""
    _order(wishes=wishes, action="pause")


def resume(*, wishes: Wishes) -> None:
    """Let a paused WAVE go on."""
    _order(wishes=wishes, action="resume")


def cancel(*, wishes: Wishes) -> None:
    """Send no further create of WAVE, for good."""
    _order(wishes=wishes, action="cancel")


def stop_all(*, wishes: Wishes) -> None:
    """Stop every wave and rerun, of KRAKEN if it is given, and print what was."""
    with _tracking(wishes=wishes) as tracking:
        print(control.stop_all(tracking=tracking, kraken=wishes.kraken, order=order(reason=wishes.reason)))


def take_over(*, wishes: Wishes) -> None:
    """Let go of the Airflow that holds the tracking database, and print which."""
    with _tracking(wishes=wishes) as tracking:
        print(let_go(engine=tracking))


def migrate(*, wishes: Wishes) -> None:
    """Bring the schema of the tracking database at TRACKING_DSN up to date."""
    dsn = wishes.targets.tracking_owner_dsn or wishes.targets.tracking_dsn
    if dsn is None:
        raise UnableToOperate("Say which tracking database to bring up to date: TRACKING_DSN=postgresql://…")
    targets.check(targets=wishes.targets)
    data.migrate_tracking(dsn=dsn)


def purge(*, wishes: Wishes) -> None:
    """Purge the personal data of WAVE, and print what it means."""
    wave = _wave(wishes=wishes, what="to purge")
    with _tracking(wishes=wishes) as tracking:
        print(purge_wave(tracking=tracking, wave=wave, order=order(reason=wishes.reason)))


def archive(*, wishes: Wishes) -> None:
    """Move the events of waves purged more than DAYS days ago into files in FOLDER, and print how many."""
    folder, days = _given("FOLDER"), os.environ.get("DAYS", "30").strip()
    if folder is None:
        raise UnableToOperate("Say where the files are to be: FOLDER=/var/archive/kraken.")
    if not (days.isascii() and days.isdigit() and len(days) < 6):
        raise UnableToOperate("Say after how many days a purged wave is archived: DAYS=30.")
    with _tracking(wishes=wishes) as tracking:
        print(
            archive_events(
                tracking=tracking,
                folder=Path(folder).expanduser().resolve(),
                after=timedelta(days=int(days)),
                archived_by=getpass.getuser(),
                now=datetime.now(UTC),
            )
        )


def decide(*, wishes: Wishes) -> None:
    """Decide by ANSWER whether Kraken has the records ID of WAVE, and print what follows."""
    answer = _given("ANSWER") or ""
    with _tracking(wishes=wishes) as tracking:
        said = decided(
            tracking=tracking,
            kraken=_kraken(wishes=wishes),
            wave=wishes.wave or "",
            identifiers=wishes.identifiers,
            answer=answer,
            reason=wishes.reason,
        )
    print(said)
    if answer == "absent":
        # They are no longer parked, so a selection by state alone does not find them.
        records = (f"WAVE={wishes.wave}", f"ID={','.join(wishes.identifiers)}")
        print(f"To create what is absent: {shlex.join(('make', 'rerun', *records))}")


def print_differences(*, wishes: Wishes) -> None:
    """Print how the payload of the one customer that ID names differs from what was rehearsed and sent."""
    dialect = wanted_dialect(wishes=wishes)
    if len(wishes.identifiers) != 1:
        raise UnableToCompare("Say whose payloads to compare: ID=EXTERNAL-1234, one customer.")
    kraken = kraken_connection()
    with _tracking(wishes=wishes) as tracking, legacy_database(wishes=wishes, dialect=dialect) as legacy:
        lines = differing(
            tracking=tracking, legacy=legacy, dialect=dialect, identifier=wishes.identifiers[0], kraken=kraken
        )
    print("\n".join(lines))


def write_crosswalk(*, wishes: Wishes) -> None:
    """Write which customers of WAVE are in Kraken under which identifier, handed back, or undecided."""
    with _live_wave(wishes=wishes) as (tracking, wave):
        _show(leftovers.crosswalk(tracking=tracking, wave=wave, folder=_folder(wave)))


def list_late_changes(*, wishes: Wishes) -> None:
    """Write what reached the legacy system after customers of WAVE were read from it."""
    with _live_wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy:
        _show(leftovers.late_changes(tracking=tracking, legacy=legacy, wave=wave, folder=_folder(wave)))


def list_differences(*, wishes: Wishes) -> None:
    """Write the open differences of WAVE, or of all waves and of none, and count them by kind."""
    _check_dialect(wishes=wishes)
    with _tracking(wishes=wishes) as tracking:
        wave = _perhaps_wave(tracking=tracking, wishes=wishes)
        _show(
            leftovers.differences(tracking=tracking, wave=wave, dialect=wishes.dialect, folder=_folder(wave))
        )


def own(*, wishes: Wishes) -> None:
    """Give OWNER the leftovers of WAVE, of KIND or CODE if they are given.

    KIND=difference without WAVE stands for differences that no wave has.
    """
    owner, kind = _given("OWNER"), _given("KIND")
    if owner is None:
        raise UnableToOperate("Say who sees to it: OWNER=billing.")
    if wishes.wave is None and kind != "difference":
        raise UnableToOperate(
            "Say which wave, by its id or name: WAVE=12, or KIND=difference for what no wave has."
        )
    _check_dialect(wishes=wishes)
    ownership = Ownership(owner=owner, code=_given("CODE"), note=_given("NOTE"), at=datetime.now(UTC))
    with _tracking(wishes=wishes) as tracking:
        wave = _perhaps_wave(tracking=tracking, wishes=wishes)
        print(
            leftovers.own(
                tracking=tracking, wave=wave, ownership=ownership, kind=kind, dialect=wishes.dialect
            )
        )


def close(*, wishes: Wishes) -> None:
    """Close WAVE; refused while one of its leftovers has no owner."""
    with _live_wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy:
        print(leftovers.close(tracking=tracking, legacy=legacy, wave=str(wave.id), dialect=wishes.dialect))


def open_again(*, wishes: Wishes) -> None:
    """Open WAVE again, so that its records can be rerun."""
    with _live_wave(wishes=wishes) as (tracking, wave):
        print(leftovers.open_again(tracking=tracking, wave=str(wave.id), dialect=wishes.dialect))


def _order(*, wishes: Wishes, action: Action) -> None:
    wave = _wave(wishes=wishes, what=f"to {action}")
    with _tracking(wishes=wishes) as tracking:
        given = order(reason=wishes.reason)
        print(control.control_wave(tracking=tracking, wave=wave, action=action, order=given))


def _wave(*, wishes: Wishes, what: str = "") -> str:
    if wishes.wave is None:
        which = f"which wave {what}, by" if what else "which wave, by its"
        raise UnableToOperate(f"Say {which} id or name: WAVE=12.")
    return wishes.wave


def _perhaps_wave(*, tracking: Engine, wishes: Wishes) -> NamedWave | None:
    if wishes.wave is None:
        return None
    return live_wave(tracking=tracking, name=wishes.wave, dialect=wishes.dialect)


@contextmanager
def _live_wave(*, wishes: Wishes) -> Iterator[tuple[Engine, NamedWave]]:
    name = _wave(wishes=wishes)
    with _tracking(wishes=wishes) as tracking:
        yield tracking, live_wave(tracking=tracking, name=name, dialect=wishes.dialect)


@contextmanager
def _tracking(*, wishes: Wishes) -> Iterator[Engine]:
    dsn = wishes.targets.tracking_dsn
    if dsn is None:
        dsn = _systems(
            unless="name the tracking database that the waves run on, "
            "TRACKING_DSN=postgresql://user:password@host:5432/database."
        ).tracking_dsn
    else:
        targets.check_database(name="TRACKING_DSN", dsn=dsn)
    with data.engine_of(dsn=dsn) as tracking:
        yield vault.attach(engine=tracking, source=KeysOfPlaces())


@contextmanager
def _legacy(*, wishes: Wishes) -> Iterator[Engine]:
    dsn = wishes.targets.legacy_dsn
    if dsn is not None:
        targets.check_database(name="LEGACY_DSN", dsn=dsn)
    elif wishes.targets.tracking_dsn is not None:
        raise UnableToOperate("TRACKING_DSN needs LEGACY_DSN here: late changes are read from there.")
    with data.engine_of(dsn=dsn or require_running().systems.legacy_dsn) as legacy:
        yield legacy


def _kraken(*, wishes: Wishes) -> KrakenSettings:
    url, token = wishes.targets.kraken_url, wishes.targets.kraken_token
    if url is None or token is None:
        systems = _systems(
            unless="name the Kraken that the wave went to, which is asked first, "
            "KRAKEN_URL=https://… KRAKEN_TOKEN=…."
        )
        url, token = systems.kraken_url, systems.kraken_token
    return targets.kraken_settings(url=url, token=token)


def _systems(*, unless: str) -> Systems:
    """Return the running stack's systems. Raises UnableToOperate, which ends in what to do without one."""
    try:
        return require_running().systems
    except IsNotUp as error:
        raise UnableToOperate(f"No stack is up here: {unless}") from error


def _check_dialect(*, wishes: Wishes) -> None:
    if wishes.dialect is not None:
        dialect_named(name=wishes.dialect)


def _folder(wave: NamedWave | None) -> Path:
    return leftovers.folder_of(wave=wave, within=RUN / "reports")


def _given(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _show(listed: Listing) -> None:
    print("\n".join((*listed.lines, *(f"  {file.relative_to(ROOT)}" for file in listed.files))))
