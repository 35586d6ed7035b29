"""`make crosswalk`, `late-changes`, `differences`, `own`, `wave-close`, `wave-open`: what a wave leaves."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from kraken_import.cli import leftovers
from kraken_import.cli.leftovers import Listed
from kraken_import.local import data, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import require_running
from kraken_import.local.settings import ROOT, RUN, Wishes
from kraken_import.tracking.cutover import Ownership
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases.cutover import live_wave


class UnableToCutOver(StackProblem):
    """No wave was named, or a variable that the command needs."""


def write_crosswalk(*, wishes: Wishes) -> None:
    """Write which customers of WAVE are in Kraken under which identifier, handed back, or undecided."""
    with _wave(wishes=wishes) as (tracking, wave):
        _show(leftovers.crosswalk(tracking=tracking, wave=wave, folder=_folder(wave=wave)))


def list_late_changes(*, wishes: Wishes) -> None:
    """Write what reached the legacy system after customers of WAVE were read from it."""
    with _wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy:
        listed = leftovers.late_changes(
            tracking=tracking, legacy=legacy, wave=wave, folder=_folder(wave=wave)
        )
        _show(listed)


def list_differences(*, wishes: Wishes) -> None:
    """Write the open differences of WAVE, or of all waves and of none, and count them by kind."""
    _check_dialect(wishes=wishes)
    with _perhaps_wave(wishes=wishes) as (tracking, wave):
        listed = leftovers.differences(
            tracking=tracking, wave=wave, dialect=wishes.dialect, folder=_folder(wave=wave)
        )
        _show(listed)


def own(*, wishes: Wishes) -> None:
    """Give OWNER the leftovers of WAVE, of KIND or CODE if they are given.

    KIND=difference without WAVE stands for differences that no wave has.
    """
    owner = _given("OWNER")
    if owner is None:
        raise UnableToCutOver("Say who sees to it: OWNER=billing.")
    kind = _given("KIND")
    if _given("WAVE") is None and kind != "difference":
        raise UnableToCutOver(
            "Say which wave, by its id or name: WAVE=12, or KIND=difference for what no wave has."
        )
    _check_dialect(wishes=wishes)
    ownership = Ownership(owner=owner, code=_given("CODE"), note=_given("NOTE"), at=datetime.now(UTC))
    with _perhaps_wave(wishes=wishes) as (tracking, wave):
        _say(
            leftovers.own(
                tracking=tracking, wave=wave, ownership=ownership, kind=kind, dialect=wishes.dialect
            )
        )


def close(*, wishes: Wishes) -> None:
    """Close WAVE; refused while one of its leftovers has no owner."""
    with _wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy:
        _say(leftovers.close(tracking=tracking, legacy=legacy, wave=str(wave.id), dialect=wishes.dialect))


def open_again(*, wishes: Wishes) -> None:
    """Open WAVE again, so that its records can be rerun."""
    with _wave(wishes=wishes) as (tracking, wave):
        _say(leftovers.open_again(tracking=tracking, wave=str(wave.id), dialect=wishes.dialect))


@contextmanager
def _wave(*, wishes: Wishes) -> Iterator[tuple[Engine, NamedWave]]:
    if _given("WAVE") is None:
        raise UnableToCutOver("Say which wave, by its id or name: WAVE=12.")
    with _perhaps_wave(wishes=wishes) as (tracking, wave):
        assert wave is not None
        yield tracking, wave


@contextmanager
def _perhaps_wave(*, wishes: Wishes) -> Iterator[tuple[Engine, NamedWave | None]]:
    name = _given("WAVE")
    dsn = wishes.targets.tracking_dsn
    if dsn is not None:
        targets.check_database(name="TRACKING_DSN", dsn=dsn)
    with data.engine_of(dsn=dsn or require_running().systems.tracking_dsn) as tracking:
        wave = None
        if name is not None:
            wave = live_wave(tracking=tracking, name=name, dialect=wishes.dialect)
        yield tracking, wave


@contextmanager
def _legacy(*, wishes: Wishes) -> Iterator[Engine]:
    dsn = wishes.targets.legacy_dsn
    if dsn is not None:
        targets.check_database(name="LEGACY_DSN", dsn=dsn)
    elif wishes.targets.tracking_dsn is not None:
        raise UnableToCutOver("TRACKING_DSN needs LEGACY_DSN here: late changes are read from there.")
    with data.engine_of(dsn=dsn or require_running().systems.legacy_dsn) as legacy:
        yield legacy


def _check_dialect(*, wishes: Wishes) -> None:
    if wishes.dialect is not None:
        dialect_named(name=wishes.dialect)


def _folder(*, wave: NamedWave | None) -> Path:
    return leftovers.folder_of(wave=wave, within=RUN / "reports")


def _given(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _show(listed: Listed) -> None:
    _say(*listed.lines, *(f"  {file.relative_to(ROOT)}" for file in listed.files))


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
