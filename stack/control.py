"""`make wave-pause`, `wave-resume`, `wave-cancel`: orders to a wave, given in the tracking database."""

import getpass
from datetime import UTC, datetime

from kraken_import.tracking.control import Action
from kraken_import.usecases.control import control_wave
from kraken_import.usecases.faults import BadRequest
from stack import data
from stack.problems import StackProblem
from stack.running import require_running
from stack.settings import Wishes
from stack.targets import check_database


class UnableToControl(StackProblem):
    """No wave was named, or the order makes no sense for it."""


def control(*, wishes: Wishes, action: Action) -> None:
    """Give an order to the wave that WAVE names, and print what it means. Raises UnableToControl."""
    if wishes.wave is None:
        raise UnableToControl(f"Say which wave to {action}, by id or name: WAVE=12.")
    dsn = wishes.targets.tracking_dsn
    if dsn is None:
        dsn = require_running().systems.tracking_dsn
    else:
        check_database(name="TRACKING_DSN", dsn=dsn)
    with data.engine_of(dsn=dsn) as tracking:
        try:
            print(
                control_wave(
                    tracking=tracking,
                    wave=wishes.wave,
                    action=action,
                    ordered_by=getpass.getuser(),
                    reason=wishes.reason,
                    now=datetime.now(UTC),
                )
            )
        except BadRequest as error:
            raise UnableToControl(str(error)) from error
