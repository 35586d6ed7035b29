"""`make wave-pause`, `wave-cancel`, `stop-all` and the like: orders, given in the tracking database."""

import asyncio
import getpass
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from kraken_import.cli.schema import let_go
from kraken_import.client.settings import KrakenSettings
from kraken_import.domain.orders import Order
from kraken_import.local import data
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import IsNotUp, require_running
from kraken_import.local.settings import Wishes
from kraken_import.local.targets import check_database, kraken_settings
from kraken_import.tracking.control import Action
from kraken_import.usecases.archive import archive_events
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.control import stop_all as stop_everything
from kraken_import.usecases.decide import decide as decide_about
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.purge import purge_wave
from kraken_import.usecases.systems import connected


class UnableToControl(StackProblem):
    """No wave was named, or the order makes no sense for it."""


def control(*, wishes: Wishes, action: Action) -> None:
    """Give an order to the wave that WAVE names, and print what it means. Raises UnableToControl."""
    if wishes.wave is None:
        raise UnableToControl(f"Say which wave to {action}, by id or name: WAVE=12.")
    with _tracking(wishes=wishes) as tracking:
        print(
            control_wave(
                tracking=tracking,
                wave=wishes.wave,
                action=action,
                order=_order(wishes=wishes),
            )
        )


def stop_all(*, wishes: Wishes) -> None:
    """Stop every wave and rerun, of KRAKEN if it is given, and print what was. Raises UnableToControl."""
    with _tracking(wishes=wishes) as tracking:
        print(
            stop_everything(
                tracking=tracking,
                kraken=wishes.kraken,
                order=_order(wishes=wishes),
            )
        )


def _order(*, wishes: Wishes) -> Order:
    return Order(by=getpass.getuser(), reason=wishes.reason, at=datetime.now(UTC))


def take_over(*, wishes: Wishes) -> None:
    """Let go of the Airflow that holds the tracking database, and print which. Raises UnableToControl."""
    with _tracking(wishes=wishes) as tracking:
        print(let_go(engine=tracking))


def purge(*, wishes: Wishes) -> None:
    """Purge the personal data of WAVE, and print what it means. Raises UnableToControl."""
    if wishes.wave is None:
        raise UnableToControl("Say which wave to purge, by id or name: WAVE=12.")
    with _tracking(wishes=wishes) as tracking:
        print(
            purge_wave(
                tracking=tracking,
                wave=wishes.wave,
                order=_order(wishes=wishes),
            )
        )


def archive(*, wishes: Wishes) -> None:
    """Move the events of waves purged more than DAYS days ago into files in FOLDER, and print how many.

    Raises UnableToControl.
    """
    folder, days = os.environ.get("FOLDER", "").strip(), os.environ.get("DAYS", "30").strip()
    if not folder:
        raise UnableToControl("Say where the files are to be: FOLDER=/var/archive/kraken.")
    if not (days.isascii() and days.isdigit() and len(days) < 6):
        raise UnableToControl("Say after how many days a purged wave is archived: DAYS=30.")
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
    """Decide by ANSWER whether Kraken has the records ID of WAVE, and print what follows.

    Raises UnableToControl.
    """
    with _tracking(wishes=wishes) as tracking:
        kraken = _kraken(wishes=wishes)

        async def refresh() -> KrakenSettings:
            return kraken

        answer = os.environ.get("ANSWER", "").strip()
        print(
            asyncio.run(
                decide_about(
                    systems=connected(tracking=tracking, kraken=kraken, refresh=refresh),
                    wave=wishes.wave or "",
                    identifiers=wishes.identifiers,
                    answer=answer,
                    order=_order(wishes=wishes),
                )
            )
        )
    if answer == "absent":
        # They are no longer parked, so a selection by state alone does not find them.
        records = (f"WAVE={wishes.wave}", f"ID={','.join(wishes.identifiers)}")
        print(f"To create what is absent: {shlex.join(('make', 'rerun', *records))}")


def _kraken(*, wishes: Wishes) -> KrakenSettings:
    url, token = wishes.targets.kraken_url, wishes.targets.kraken_token
    if url is None or token is None:
        try:
            systems = require_running().systems
        except IsNotUp as error:
            raise UnableToControl(
                "No stack is up here: name the Kraken that the wave went to, which is asked first, "
                "KRAKEN_URL=https://… KRAKEN_TOKEN=…."
            ) from error
        url, token = systems.kraken_url, systems.kraken_token
    return kraken_settings(url=url, token=token)


@contextmanager
def _tracking(*, wishes: Wishes) -> Iterator[Engine]:
    dsn = wishes.targets.tracking_dsn
    if dsn is None:
        try:
            dsn = require_running().systems.tracking_dsn
        except IsNotUp as error:
            raise UnableToControl(
                "No stack is up here: name the tracking database that the waves run on, "
                "TRACKING_DSN=postgresql://user:password@host:5432/database."
            ) from error
    else:
        check_database(name="TRACKING_DSN", dsn=dsn)
    with data.engine_of(dsn=dsn) as tracking:
        try:
            yield tracking
        except BadRequest as error:
            raise UnableToControl(str(error)) from error
