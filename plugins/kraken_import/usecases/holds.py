"""Holds customers in the legacy system while they migrate, and releases those who are not migrated.

Optional, and the only code that ever writes to a legacy system: through a separate Connection, with the SQL
in `sql/legacy_writeback/<dialect>/`. Without that folder a dialect's customers are not held.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from kraken_import.domain.lifecycle import Mode
from kraken_import.tracking import holds
from kraken_import.tracking.waves import Wave
from kraken_import.usecases.faults import BadRequest
from transforms.database import UnableToQuery, place_in, sentences, statement_in
from transforms.registry import sql_folders, sql_path

_PART: Final = "legacy_writeback"
_PAGE: Final = 5_000
_log = logging.getLogger(__name__)


class UnableToHold(BadRequest):
    """The write-back SQL does not fit the legacy database, or its role may not do what it says."""


def hold(
    *, tracking: Engine, writeback: Engine, wave: Wave, process_ids: Mapping[str, int], now: datetime
) -> None:
    """Hold these customers (external identifier to import process). A rehearsal holds none.

    Recorded on our side first: a hold without a record would never be released.
    """
    if not process_ids or wave.mode is Mode.REHEARSAL or not _holds(dialect=wave.dialect):
        return
    with tracking.begin() as connection:
        holds.mark(connection=connection, ids=list(process_ids.values()), at=now)
    _run(writeback=writeback, dialect=wave.dialect, name="hold", identifiers=list(process_ids))
    _log.info("Held %s customers in the legacy system.", len(process_ids))


def release(
    *,
    tracking: Engine,
    writeback: Engine,
    dialects: Sequence[str],
    now: datetime,
    wave_id: int | None = None,
) -> int:
    """Release customers who ended without being migrated, in one wave or all. Returns how many.

    Migrated customers stay held.
    """
    let_go = 0
    for dialect in dialects:
        if not _holds(dialect=dialect):
            continue
        # First, so that the search does not grow with every customer ever migrated.
        with tracking.begin() as connection:
            holds.keep(connection=connection, dialect=dialect, wave_id=wave_id, at=now)
        while True:
            with tracking.begin() as connection:
                found = holds.to_release(connection=connection, dialect=dialect, wave_id=wave_id, most=_PAGE)
                if not found:
                    break
                # In the legacy system first: repeating that after a crash in between changes nothing.
                _run(writeback=writeback, dialect=dialect, name="release", identifiers=list(found.values()))
                holds.released(connection=connection, ids=list(found), at=now)
            let_go += len(found)
    return let_go


def _holds(*, dialect: str) -> bool:
    there = any(folder.is_dir() for folder in sql_folders(part=_PART, dialect=dialect))
    if not there:
        _log.info("No customers are held: there is no sql/legacy_writeback/%s.", dialect)
    return there


def _run(*, writeback: Engine, dialect: str, name: str, identifiers: Sequence[str]) -> None:
    file = sql_path(part=_PART, dialect=dialect, name=name)
    try:
        statement = statement_in(file, parameters=frozenset({"identifiers"}))
    except UnableToQuery as error:
        raise UnableToHold(str(error)) from None
    with sentences(place=place_in(file), raises=UnableToHold), writeback.begin() as connection:
        connection.execute(statement, {"identifiers": list(identifiers)})
