"""`make crosswalk`, `late-changes`, `differences`, `own`, `wave-close`, `wave-open`: what a wave leaves."""

import getpass
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import State
from kraken_import.local import data, targets
from kraken_import.local.dialects import dialect_named
from kraken_import.local.problems import StackProblem
from kraken_import.local.running import require_running
from kraken_import.local.settings import ROOT, RUN, Wishes
from kraken_import.reporting.page import csv_text
from kraken_import.tracking.cutover import HandBack, Migrated, OpenDifference, Ownership, Undecided
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases import cutover
from kraken_import.usecases.faults import BadRequest

_DIFFERENCE: Final = tuple(field.name for field in fields(OpenDifference))


class UnableToCutOver(StackProblem):
    """The wave is none, or something stands in the way."""


def write_crosswalk(*, wishes: Wishes) -> None:
    """Write who of WAVE is in Kraken under which identifier, who is handed back, and who is undecided."""
    with _wave(wishes=wishes) as (tracking, wave):
        migrated = cutover.crosswalk(tracking=tracking, wave_id=wave.id)
        back = cutover.hand_back(tracking=tracking, wave_id=wave.id, now=datetime.now(UTC))
        undecided = cutover.undecided(tracking=tracking, wave_id=wave.id)
        files = (
            _write(
                wave=wave,
                name="crosswalk",
                header=("external_identifier", "kraken_identifier", "import_supplier", "processed_at"),
                rows=map(_migrated_row, migrated),
            ),
            _write(
                wave=wave,
                name="hand-back",
                header=(
                    "external_identifier",
                    "state",
                    "code",
                    "path",
                    "reason",
                    "attempts",
                    "owner",
                    "note",
                ),
                rows=map(_back_row, back),
            ),
            _write(
                wave=wave,
                name="undecided",
                header=("external_identifier", "import_supplier", "state", "code", "reason", "attempts"),
                rows=map(_undecided_row, undecided),
            ),
        )
        nameless = sum(each.kraken_identifier is None for each in migrated)
        _say(
            f"Wave {wave.name!r} ({wave.id}): {len(migrated):,} customers are in Kraken"
            + (f", {nameless:,} of them without its identifier" if nameless else "")
            + f"; {len(back):,} are handed back, {_without_owner(back):,} of them without an owner; "
            f"{len(undecided):,} are undecided, {_parked(undecided):,} of them parked.",
            *(f"  {_shown(file)}" for file in files),
        )


def _migrated_row(each: Migrated) -> tuple[object, ...]:
    at = each.settled_at.astimezone(UTC).isoformat(timespec="seconds")
    return each.external_identifier, each.kraken_identifier or "", each.import_supplier, at


def _back_row(each: HandBack) -> tuple[object, ...]:
    tried = each.state, each.code, each.path, each.reason, each.attempt
    return each.external_identifier, *tried, each.owner or "", each.note or ""


def _undecided_row(each: Undecided) -> tuple[object, ...]:
    tried = each.state, each.code, each.reason, each.attempt
    return each.external_identifier, each.import_supplier, *tried


def list_late_changes(*, wishes: Wishes) -> None:
    """Write what reached the legacy system after customers of WAVE were read from it."""
    with _wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy, _sentences():
        late = cutover.late_changes(
            tracking=tracking,
            legacy=legacy,
            wave_id=wave.id,
            dialect=wave.dialect,
            now=datetime.now(UTC),
        )
        file = _write(
            wave=wave,
            name="late-changes",
            header=(
                "external_identifier",
                "kraken_identifier",
                "kind",
                "changes",
                "first_at",
                "last_at",
                "owner",
                "note",
            ),
            rows=(
                (
                    each.external_identifier,
                    each.kraken_identifier or "",
                    each.kind,
                    each.changes,
                    each.first_at.astimezone(UTC).isoformat(timespec="seconds"),
                    each.last_at.astimezone(UTC).isoformat(timespec="seconds"),
                    each.owner or "",
                    each.note or "",
                )
                for each in late
            ),
        )
        customers = len({each.external_identifier for each in late})
        _say(
            f"Wave {wave.name!r} ({wave.id}): {customers:,} customers changed after they were read; "
            f"{_without_owner(late):,} of {len(late):,} entries are without an owner.",
            f"  {_shown(file)}",
        )


def list_differences(*, wishes: Wishes) -> None:
    """Write the open differences of WAVE, or of all waves and of none, and count them by kind."""
    _check_dialect(wishes=wishes)
    with _perhaps_wave(wishes=wishes) as (tracking, wave), _sentences():
        found = cutover.differences(
            tracking=tracking, wave_id=None if wave is None else wave.id, dialect=wishes.dialect
        )
        file = _write(
            wave=wave, name="differences", header=_DIFFERENCE, rows=[_row(difference=each) for each in found]
        )
        kinds = Counter((each.wave_id, each.kind) for each in found)
        unowned = Counter((each.wave_id, each.kind) for each in found if each.owner is None)
        _say(
            f"{len(found):,} differences are open, {unowned.total():,} of them without an owner.",
            *(
                f"  {'no wave' if wave_id is None else f'wave {wave_id}'}, {kind}: {number:,}, "
                f"{unowned[wave_id, kind]:,} without an owner"
                for (wave_id, kind), number in kinds.items()
            ),
            f"  {_shown(file)}",
        )


def own(*, wishes: Wishes) -> None:
    """Give what WAVE leaves, of KIND or CODE if they are given, to OWNER.

    KIND=difference without WAVE stands for what no wave has.
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
    with _perhaps_wave(wishes=wishes) as (tracking, wave), _sentences():
        owned = cutover.own(
            tracking=tracking,
            wave_id=None if wave is None else wave.id,
            ownership=Ownership(owner=owner, code=_given("CODE"), note=_given("NOTE"), at=datetime.now(UTC)),
            kind=kind,
            dialect=wishes.dialect,
        )
        of = "that no wave has" if wave is None else f"of wave {wave.name!r}"
        _say(f"{owner} sees to {owned:,} entries {of}.")


def close(*, wishes: Wishes) -> None:
    """Close WAVE; refused while anything it leaves has no owner."""
    with _wave(wishes=wishes) as (tracking, wave), _legacy(wishes=wishes) as legacy, _sentences():
        cutover.close_wave(
            tracking=tracking, legacy=legacy, wave=wave, by=getpass.getuser(), now=datetime.now(UTC)
        )
        _say(f"Wave {wave.name!r} is closed: nothing more is created in it.")


def open_again(*, wishes: Wishes) -> None:
    """Open WAVE again, so that its records can be rerun."""
    with _wave(wishes=wishes) as (tracking, wave), _sentences():
        cutover.open_again(tracking=tracking, wave=wave)
        _say(f"Wave {wave.name!r} is open again.")


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
    with (
        data.engine_of(dsn=dsn or require_running().systems.tracking_dsn) as tracking,
        _sentences(),
    ):
        wave = None
        if name is not None:
            wave = cutover.live_wave(tracking=tracking, name=name, dialect=wishes.dialect)
        yield tracking, wave


@contextmanager
def _legacy(*, wishes: Wishes) -> Iterator[Engine]:
    dsn = wishes.targets.legacy_dsn
    if dsn is not None:
        targets.check_database(name="LEGACY_DSN", dsn=dsn)
    elif wishes.targets.tracking_dsn is not None:
        raise UnableToCutOver("TRACKING_DSN needs LEGACY_DSN here: what came too late is read from there.")
    with data.engine_of(dsn=dsn or require_running().systems.legacy_dsn) as legacy:
        yield legacy


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except BadRequest as error:
        raise UnableToCutOver(str(error)) from error


def _check_dialect(*, wishes: Wishes) -> None:
    if wishes.dialect is not None:
        dialect_named(name=wishes.dialect)


def _row(*, difference: OpenDifference) -> list[Any]:
    values = {
        **asdict(difference),
        "found_at": difference.found_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return ["" if values[name] is None else values[name] for name in _DIFFERENCE]


def _write(
    *, wave: NamedWave | None, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Path:
    folder = RUN / "reports"
    if wave is not None:
        folder /= f"wave-{wave.id}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.csv"
    file.write_text(csv_text(header=header, rows=rows), encoding="utf-8")
    return file


def _parked(entries: Sequence[Undecided]) -> int:
    return sum(each.state == State.PARKED for each in entries)


def _without_owner(entries: Sequence[Any]) -> int:
    return sum(each.owner is None for each in entries)


def _given(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
