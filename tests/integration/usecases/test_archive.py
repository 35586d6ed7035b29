"""Archiving moves the events of purged waves into files, and loses none on the way."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from kraken_import.usecases.archive import archive_events
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.report import wave_report
from tests.integration.tracking.test_schema import wave_of

LATER = timedelta(days=31)


@pytest.fixture
def purged(tracking_engine: Engine) -> tuple[Engine, int, int]:
    """A wave that was purged, and one that was not."""
    with tracking_engine.begin() as connection:
        purged, kept = wave_of(connection, run_id="purged"), wave_of(connection, run_id="kept")
        connection.exec_driver_sql("UPDATE migration.wave SET purged_at = now() WHERE id = %s", (purged,))
        connection.exec_driver_sql(
            "INSERT INTO migration.wave_purge (wave_id, ordered_by, purged_at) VALUES (%s, 'ann', now())",
            (purged,),
        )
    return tracking_engine, purged, kept


def rows(tracking: Engine, statement: str, **values: Any) -> list[dict[str, Any]]:
    with tracking.connect() as connection:
        return [dict(row) for row in connection.execute(text(statement), values).mappings()]


def archive(tracking: Engine, folder: Path, *, later: timedelta = LATER) -> str:
    return archive_events(
        tracking=tracking,
        folder=folder,
        after=timedelta(days=30),
        archived_by="ann",
        now=datetime.now(UTC) + later,
    )


def events(tracking: Engine, wave_id: int) -> list[dict[str, str]]:
    """The events of a wave as a CSV has them."""
    found = rows(
        tracking,
        "SELECT id::text, to_state, error_code FROM migration.import_event WHERE wave_id = :id"
        " ORDER BY occurred_at, id",
        id=wave_id,
    )
    return [{name: value or "" for name, value in row.items()} for row in found]


def written(folder: Path, wave_id: int) -> list[dict[str, str]]:
    with gzip.open(folder / f"events-of-wave-{wave_id}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            {name: row[name] for name in ("id", "to_state", "error_code")} for row in csv.DictReader(file)
        ]


def test_events_of_a_wave_that_was_purged_long_ago_are_in_a_file_and_no_others(
    purged: tuple[Engine, int, int], tmp_path: Path
) -> None:
    tracking, wave_id, kept = purged
    before, others = events(tracking, wave_id), events(tracking, kept)
    assert "more than 30 days ago" in archive(tracking, tmp_path, later=timedelta(days=29))
    assert events(tracking, wave_id) == before

    said = archive(tracking, tmp_path)
    assert f"{len(before)} events of 1 purged waves are in {tmp_path}" in said
    assert (events(tracking, wave_id), events(tracking, kept)) == ([], others)
    assert written(tmp_path, wave_id) == before
    (known,) = rows(tracking, "SELECT * FROM migration.event_archive")
    assert (known["wave_id"], known["events"], known["archived_by"]) == (wave_id, len(before), "ann")
    assert known["deleted_at"] is not None
    assert [path.name for path in tmp_path.iterdir()] == [known["file"]]
    assert "Nothing to archive" in archive(tracking, tmp_path)
    # Its outcome is told without them.
    assert "purged" in wave_report(tracking=tracking, wave_id=wave_id, now=datetime.now(UTC))["index.html"]


def test_an_archive_that_was_broken_off_goes_on_only_with_the_file_that_it_wrote(
    purged: tuple[Engine, int, int], tracking_superuser: Engine, tmp_path: Path
) -> None:
    tracking, wave_id, _ = purged
    before = events(tracking, wave_id)
    with tracking_superuser.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE DELETE ON migration.import_event"
            " FOR EACH STATEMENT EXECUTE FUNCTION migration.refuse_change()"
        )
    with pytest.raises(DatabaseError, match="append-only"):
        archive(tracking, tmp_path)
    assert events(tracking, wave_id) == before
    with tracking_superuser.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken ON migration.import_event")
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (whole[:-1], None):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        with pytest.raises(BadRequest, match=r"is not there as it was written: bring it back"):
            archive(tracking, tmp_path)
        assert events(tracking, wave_id) == before
        path.write_bytes(whole)
    archive(tracking, tmp_path)
    assert events(tracking, wave_id) == []
    assert written(tmp_path, wave_id) == before


def test_no_file_of_other_events_is_overwritten_and_none_is_written_where_there_is_no_room(
    purged: tuple[Engine, int, int], tmp_path: Path
) -> None:
    tracking, wave_id, _ = purged
    before = events(tracking, wave_id)
    (tmp_path / f"events-of-wave-{wave_id}.csv.gz").write_bytes(b"of another database")
    with pytest.raises(BadRequest, match="holds other events than those of wave"):
        archive(tracking, tmp_path)
    with pytest.raises(BadRequest, match=r"cannot be written to /dev/full/x .*: nothing was deleted"):
        archive(tracking, Path("/dev/full/x"))
    assert events(tracking, wave_id) == before
    assert not rows(tracking, "SELECT 1 FROM migration.event_archive")


def test_an_event_that_no_file_holds_cannot_be_deleted(
    purged: tuple[Engine, int, int], tracking_superuser: Engine, tmp_path: Path
) -> None:
    tracking, wave_id, kept = purged
    archive(tracking, tmp_path)
    with tracking.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO migration.import_event (import_process_id, attempt, wave_id, to_state, occurred_at)"
            " SELECT id, attempt, %(wave)s, state, now() FROM migration.import_process"
            " WHERE wave_id = %(wave)s",
            {"wave": wave_id},
        )
    for each in (wave_id, kept):
        with (
            pytest.raises(DatabaseError, match="append-only but for what is archived"),
            tracking_superuser.begin() as connection,
        ):
            connection.exec_driver_sql(
                "DELETE FROM migration.import_event WHERE wave_id = %(id)s", {"id": each}
            )
    # It is in no file, and does not block the next run.
    assert len(events(tracking, wave_id)) == 3
