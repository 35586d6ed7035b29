"""Archives the events of purged waves: written to a file, read back and counted, and only then deleted."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_import.tracking import archive
from kraken_import.tracking.archive import Archive
from kraken_import.usecases.faults import BadRequest
from transforms.private import make_private_folder, private_file

_PAGE: Final = 20_000
"""Events deleted in one transaction: few enough that other work waits only a fraction of a second."""
_CHUNK: Final = 2**20


def archive_events(
    *, tracking: Engine, folder: Path, after: timedelta, archived_by: str, now: datetime
) -> str:
    """Move the events of waves purged longer than `after` ago into files in `folder`. Returns one sentence.

    Interrupted at any point, it continues where it was when called again. Raises `BadRequest` when a file
    cannot be written, or is not there as it was written: then no event is deleted that no file holds.
    """
    waves = events = 0
    with _alone(tracking=tracking) as session:
        found = archive.to_archive(connection=session, before=now - after)
        session.commit()
        for wave_id, known in found:
            written = known or _write(
                tracking=tracking, folder=folder, wave_id=wave_id, archived_by=archived_by, now=now
            )
            _check(folder=folder, written=written)
            _delete(tracking=tracking, written=written)
            waves += 1
            events += written.events
    if not waves:
        return f"Nothing to archive: no wave that was purged more than {after.days} days ago has events here."
    return f"{events:,} events of {waves:,} purged waves are in {folder}, and no longer in the database."


@contextmanager
def _alone(*, tracking: Engine) -> Iterator[Connection]:
    """Open the only session that archives while it lasts; its transactions are the caller's."""
    with tracking.connect() as session:
        if not archive.lock(connection=session):
            raise BadRequest("Events are being archived already: wait until that has ended.")
        try:
            session.commit()
            yield session
        finally:
            archive.unlock(connection=session)


def _write(*, tracking: Engine, folder: Path, wave_id: int, archived_by: str, now: datetime) -> Archive:
    """Write the file of a wave and record it. Returns its extent, counted in the file itself."""
    name = f"events-of-wave-{wave_id}.csv.gz"
    try:
        make_private_folder(path=folder)
        unfinished = folder / f"{name}.unfinished"
        with tracking.execution_options(isolation_level="REPEATABLE READ").begin() as connection:
            extent = archive.extent(connection=connection, wave_id=wave_id)
            _export(connection=connection, wave_id=wave_id, to=unfinished)
        written = Archive(
            wave_id=wave_id,
            file=name,
            sha256=_digest(path=unfinished),
            events=extent.events,
            last_event_id=extent.last_event_id,
        )
        counted = _count(path=unfinished)
        if counted != extent.events:
            raise BadRequest(
                f"{unfinished} holds {counted:,} events and wave {wave_id} has {extent.events:,}: nothing "
                "was deleted, so look for what is wrong with the disk and try again."
            )
        if (folder / name).exists() and _digest(path=folder / name) != written.sha256:
            raise BadRequest(
                f"{folder / name} holds other events than those of wave {wave_id} here: nothing was deleted, "
                "so name another folder."
            )
        unfinished.rename(folder / name)
        _flush(path=folder)
    except OSError as error:
        raise BadRequest(
            f"The events of wave {wave_id} cannot be written to {folder} ({error.strerror}): nothing "
            "was deleted, so make room or name another folder, and try again."
        ) from error
    with tracking.begin() as connection:
        archive.record(connection=connection, archive=written, archived_by=archived_by, at=now)
    return written


def _export(*, connection: Connection, wave_id: int, to: Path) -> None:
    with private_file(path=to) as file:
        # The header leaves out the name and the time, so that the same events make the same file.
        with closing(gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)) as packed:
            archive.export(connection=connection, wave_id=wave_id, to=packed)
        file.flush()
        os.fsync(file.fileno())


def _check(*, folder: Path, written: Archive) -> None:
    """Raise `BadRequest` unless the file is there, as it was written."""
    path = folder / written.file
    if not path.is_file() or _digest(path=path) != written.sha256:
        raise BadRequest(
            f"{path} is not there as it was written: bring it back, or name its folder; what is left of the "
            f"events of wave {written.wave_id} stays in the database until then."
        )


def _delete(*, tracking: Engine, written: Archive) -> None:
    with tracking.connect() as connection:
        left = archive.extent(connection=connection, wave_id=written.wave_id)
    if left.events > written.events:
        raise BadRequest(
            f"Wave {written.wave_id} has events that {written.file} does not hold: nothing was deleted, so "
            "look for what still writes to a wave that was purged."
        )
    while True:
        with tracking.begin() as connection:
            if not archive.delete_events(connection=connection, archive=written, most=_PAGE):
                return


def _count(*, path: Path) -> int:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _digest(*, path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _flush(*, path: Path) -> None:
    """Make a new name in a folder survive a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
