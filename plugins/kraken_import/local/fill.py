"""`make legacy`: empties the legacy database and fills it with generated customers."""

import os
import subprocess
import sys

from kraken_import.local import data, logins, targets
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import postgres_alone, running
from kraken_import.local.settings import DEFAULT_SEED, ROOT, Wishes

DEFAULT_CUSTOMERS = 10_000


class UnableToFillLegacy(StackProblem):
    """The generator did not finish."""


def fill_legacy(*, wishes: Wishes, only_if_empty: bool = False) -> None:
    """Drop and create schema legacy and generate ACCOUNTS customers, over all dialects or for DIALECT.

    A schema that the generator did not make is never dropped.
    Works on LEGACY_DSN, else on the running stack's database, else on the bundled one, started for this.
    With `only_if_empty`, LEGACY_DSN keeps the customers that it has.
    """
    seed = DEFAULT_SEED if wishes.seed is None else wishes.seed
    if wishes.targets.legacy_dsn is not None:
        targets.check(targets=wishes.targets)
        if only_if_empty and data.is_filled(dsn=wishes.targets.legacy_dsn):
            return
        _fill(dsn=wishes.targets.legacy_dsn, wishes=wishes, seed=seed)
        return
    found = running()
    if found is not None and not found.systems.bundled_legacy:
        _fill(dsn=found.systems.legacy_dsn, wishes=wishes, seed=seed)
    elif found is not None:
        _fill_bundled(dsn=found.systems.legacy_owner_dsn, wishes=wishes, seed=seed)
    else:
        with postgres_alone(wishes=wishes) as systems:
            _fill_bundled(dsn=systems.legacy_owner_dsn, wishes=wishes, seed=seed)


def fill_legacy_if_empty(*, wishes: Wishes) -> None:
    """Do the same, except that LEGACY_DSN keeps the customers that it has."""
    fill_legacy(wishes=wishes, only_if_empty=True)


def _fill_bundled(*, dsn: str, wishes: Wishes, seed: int) -> None:
    data.forget_seed()
    with data.engine_of(dsn=dsn) as engine:
        data.adopt_bundled(engine=engine)
    _fill(dsn=dsn, wishes=wishes, seed=seed)
    data.remember_seed(seed=seed)


def _fill(*, dsn: str, wishes: Wishes, seed: int) -> None:
    amount = ["--accounts", str(wishes.accounts or DEFAULT_CUSTOMERS), "--seed", str(seed)]
    only = ["--dialect", wishes.dialect] if wishes.dialect else []
    command = [sys.executable, "-m", "kraken_import.generator", *amount, *only]
    # Other users of the machine can read a command line.
    environment = {**os.environ, "LEGACY_DSN": dsn}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise UnableToFillLegacy("The legacy database was not filled, as said above.")
    with data.engine_of(dsn=dsn) as engine:
        logins.let_read_legacy(engine=engine)
