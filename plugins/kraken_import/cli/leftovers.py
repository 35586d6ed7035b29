"""What a wave leaves: who is in Kraken, who is handed back, late changes, differences, and the wave's end."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import State
from kraken_import.reporting.page import csv_text
from kraken_import.tracking.cutover import LateChange, OpenDifference, Ownership
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases import cutover
from transforms.private import write_private

_LATE: Final = tuple(field.name for field in fields(LateChange))
_DIFFERENCE: Final = tuple(field.name for field in fields(OpenDifference))
_FIELDS: Final = {"processed_at": "settled_at", "attempts": "attempt"}
"""Columns that are called otherwise than the fields that they show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was listed: counts, lines for people, and the files that hold it."""

    counts: dict[str, Any]
    lines: Sequence[str]
    files: Sequence[Path]


def crosswalk(*, tracking: Engine, wave: NamedWave, folder: Path) -> Listing:
    """Write which customers of a wave are in Kraken under which identifier, handed back, or undecided."""
    migrated = cutover.crosswalk(tracking=tracking, wave_id=wave.id)
    back = cutover.hand_back(tracking=tracking, wave_id=wave.id, now=datetime.now(UTC))
    undecided = cutover.undecided(tracking=tracking, wave_id=wave.id)
    files = (
        _write(
            folder=folder,
            name="crosswalk",
            columns=("external_identifier", "kraken_identifier", "import_supplier", "processed_at"),
            entries=migrated,
        ),
        _write(
            folder=folder,
            name="hand-back",
            columns=("external_identifier", "state", "code", "path", "reason", "attempts", "owner", "note"),
            entries=back,
        ),
        _write(
            folder=folder,
            name="undecided",
            columns=("external_identifier", "import_supplier", "state", "code", "reason", "attempts"),
            entries=undecided,
        ),
    )
    nameless = sum(each.kraken_identifier is None for each in migrated)
    parked = sum(each.state == State.PARKED for each in undecided)
    line = (
        f"Wave {wave.name!r} ({wave.id}): {len(migrated):,} customers are in Kraken"
        + (f", {nameless:,} of them without its identifier" if nameless else "")
        + f"; {len(back):,} are handed back, {_without_owner(back):,} of them without an owner; "
        f"{len(undecided):,} are undecided, {parked:,} of them parked."
    )
    counts = {
        "wave_id": wave.id,
        "in_kraken": len(migrated),
        "without_kraken_identifier": nameless,
        "handed_back": len(back),
        "handed_back_without_owner": _without_owner(back),
        "undecided": len(undecided),
        "parked": parked,
    }
    return Listing(counts=counts, lines=[line], files=files)


def late_changes(*, tracking: Engine, legacy: Engine, wave: NamedWave, folder: Path) -> Listing:
    """Write what reached the legacy system after customers of a wave were read from it."""
    late = cutover.late_changes(
        tracking=tracking, legacy=legacy, wave_id=wave.id, dialect=wave.dialect, now=datetime.now(UTC)
    )
    file = _write(folder=folder, name="late-changes", columns=_LATE, entries=late)
    customers = len({each.external_identifier for each in late})
    unowned = _without_owner(late)
    line = (
        f"Wave {wave.name!r} ({wave.id}): {customers:,} customers changed after they were read; "
        f"{unowned:,} of {len(late):,} entries are without an owner."
    )
    counts = {"wave_id": wave.id, "customers": customers, "entries": len(late), "without_owner": unowned}
    return Listing(counts=counts, lines=[line], files=[file])


def differences(*, tracking: Engine, wave: NamedWave | None, dialect: str | None, folder: Path) -> Listing:
    """Write the open differences of a wave, or of all waves and of none, and count them by kind."""
    found = cutover.differences(tracking=tracking, wave_id=None if wave is None else wave.id, dialect=dialect)
    file = _write(folder=folder, name="differences", columns=_DIFFERENCE, entries=found)
    kinds = Counter((each.wave_id, each.kind) for each in found)
    unowned = Counter((each.wave_id, each.kind) for each in found if each.owner is None)
    lines = [
        f"{len(found):,} differences are open, {unowned.total():,} of them without an owner.",
        *(
            f"  {'no wave' if wave_id is None else f'wave {wave_id}'}, {kind}: {number:,}, "
            f"{unowned[wave_id, kind]:,} without an owner"
            for (wave_id, kind), number in kinds.items()
        ),
    ]
    counts = {
        "open": len(found),
        "without_owner": unowned.total(),
        "kinds": [
            {"wave_id": wave_id, "kind": kind, "open": number, "without_owner": unowned[wave_id, kind]}
            for (wave_id, kind), number in kinds.items()
        ],
    }
    return Listing(counts=counts, lines=lines, files=[file])


def own(
    *, tracking: Engine, wave: NamedWave | None, ownership: Ownership, kind: str | None, dialect: str | None
) -> str:
    """Give leftovers an owner; without a wave, differences that no wave has. Returns one sentence."""
    owned = cutover.own(
        tracking=tracking,
        wave_id=None if wave is None else wave.id,
        ownership=ownership,
        kind=kind,
        dialect=dialect,
    )
    of = "that no wave has" if wave is None else f"of wave {wave.name!r}"
    return f"{ownership.owner} sees to {owned:,} entries {of}."


def close(*, tracking: Engine, legacy: Engine, wave: str, dialect: str | None) -> str:
    """Close a live wave. Returns one sentence; refused while one of its leftovers has no owner."""
    named = cutover.live_wave(tracking=tracking, name=wave, dialect=dialect)
    cutover.close_wave(
        tracking=tracking, legacy=legacy, wave=named, by=getpass.getuser(), now=datetime.now(UTC)
    )
    return f"Wave {named.name!r} is closed: nothing more is created in it."


def open_again(*, tracking: Engine, wave: str, dialect: str | None) -> str:
    """Open a closed wave, so that its records can be rerun. Returns one sentence."""
    named = cutover.live_wave(tracking=tracking, name=wave, dialect=dialect)
    cutover.open_again(tracking=tracking, wave=named)
    return f"Wave {named.name!r} is open again."


def folder_of(*, wave: NamedWave | None, within: Path) -> Path:
    """Return the folder for the files of a wave, or of all."""
    return within if wave is None else within / f"wave-{wave.id}"


def _write(*, folder: Path, name: str, columns: Sequence[str], entries: Iterable[object]) -> Path:
    file = folder / f"{name}.csv"
    rows = [[_cell(getattr(each, _FIELDS.get(column, column))) for column in columns] for each in entries]
    write_private(path=file, text=csv_text(header=columns, rows=rows))
    return file


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return "" if value is None else value


def _without_owner(entries: Sequence[Any]) -> int:
    return sum(each.owner is None for each in entries)
