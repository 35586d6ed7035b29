"""The cut-over of a wave: who is in Kraken, who is handed back, what came too late, and the wave's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, TextClause

from kraken_import.domain.lifecycle import OPEN, Mode, State
from kraken_import.domain.texts import counted
from kraken_import.tracking import cutover, purge, reruns
from kraken_import.tracking.cutover import (
    LEFTOVERS,
    Change,
    HandBack,
    LateChange,
    Leftover,
    Migrated,
    OpenDifference,
    Ownership,
    Undecided,
)
from kraken_import.tracking.reruns import NamedWave
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.moments import in_utc
from transforms.database import UnableToQuery, place_in, sentences, shown, statement_in, stripped
from transforms.registry import sql_file

_PAGE: Final = 1_000
CHANGE_KINDS: Final = frozenset({"payment", "booking", "reading", "contact"})
"""What may reach the legacy system after a customer was read."""
CHANGE_COLUMNS: Final = ("external_identifier", "kind", "changes", "first_at", "last_at")
CHANGE_PARAMETERS: Final = frozenset({"identifiers", "since"})
"""What changes.sql delivers, and what it is given."""

OVERLAP: Final = timedelta(minutes=1)
"""A row has the time when its transaction began, which may have been committed only after the snapshot:
rows this much older than the snapshot are listed too, since listing one twice is better than missing it."""

CALLED: Final[dict[Leftover, str]] = {
    "hand_back": "customers handed back",
    "late_change": "late changes",
    "difference": "differences of the reconciliation",
}
CALLED_ONE: Final[dict[Leftover, str]] = {
    "hand_back": "customer handed back",
    "late_change": "late change",
    "difference": "difference of the reconciliation",
}


def live_wave(*, tracking: Engine, name: str, dialect: str | None = None) -> NamedWave:
    """Return the live wave with this id or name. Raises `BadRequest`: none, several, or only a rehearsal."""
    with tracking.connect() as connection:
        named = reruns.waves_named(connection=connection, name=name)
    found = [wave for wave in named if dialect in (None, wave.dialect)]
    live = [wave for wave in found if wave.mode is Mode.LIVE]
    if len(live) == 1:
        return live[0]
    if live:
        listed = ", ".join(f"{wave.id} ({wave.dialect}, {wave.target_kraken})" for wave in live)
        raise BadRequest(f"Several waves are named {name!r}: say which by its id, {listed}.")
    if found:
        raise BadRequest(
            f"Wave {name!r} is a rehearsal: it migrated no customers, so there is nothing to cut over."
        )
    raise BadRequest(f"There is no wave {name!r}.")


def crosswalk(*, tracking: Engine, wave_id: int) -> list[Migrated]:
    """Map external identifiers to Kraken's, for all customers of a wave who are in Kraken."""
    with tracking.connect() as connection:
        return cutover.crosswalk(connection=connection, wave_id=wave_id)


def hand_back(*, tracking: Engine, wave_id: int, now: datetime) -> list[HandBack]:
    """List the customers of a wave who are not migrated now, with the reason and the owner.

    Records whose end at Kraken is not known are not among them: `undecided` lists those.
    """
    with tracking.begin() as connection:
        cutover.list_hand_backs(connection=connection, wave_id=wave_id, at=now)
        return cutover.hand_backs(connection=connection, wave_id=wave_id)


def undecided(*, tracking: Engine, wave_id: int) -> list[Undecided]:
    """Return the customers of a wave who may be in Kraken without proof: open there, or parked."""
    with tracking.connect() as connection:
        return cutover.undecided(connection=connection, wave_id=wave_id)


def late_changes(
    *, tracking: Engine, legacy: Engine, wave_id: int, dialect: str, now: datetime
) -> list[LateChange]:
    """List what reached the legacy system after customers of a wave were read from it, with its owners.

    Each customer counts from the snapshot of its own last attempt. Raises `BadRequest` where the SQL of the
    dialect is missing or does not fit.
    """
    statement = _changes_statement(dialect=dialect)
    with tracking.begin() as connection:
        cutover.forget_unwatched(connection=connection, wave_id=wave_id)
    after = (-1, 0)
    while True:
        with tracking.begin() as connection:
            watched = cutover.to_watch(connection=connection, wave_id=wave_id, after=after, most=_PAGE)
            if not watched:
                cutover.note_late_changes_listed(connection=connection, wave_id=wave_id, at=now)
                return cutover.late_changes(connection=connection, wave_id=wave_id)
            ids = {customer.external_identifier: customer.id for customer in watched}
            values = {
                "identifiers": list(ids),
                "since": [customer.watermark - OVERLAP for customer in watched],
            }
            cutover.list_late_changes(
                connection=connection,
                wave_id=wave_id,
                watched=list(ids.values()),
                changes=_changes(legacy=legacy, dialect=dialect, statement=statement, values=values, ids=ids),
                at=now,
            )
        after = (watched[-1].batch, watched[-1].id)


def differences(
    *, tracking: Engine, wave_id: int | None = None, dialect: str | None = None
) -> list[OpenDifference]:
    """Return the open differences of the reconciliation, with their owners.

    They are those of a wave, or without one those of all waves and those that no wave has.
    """
    with tracking.connect() as connection:
        return cutover.differences(connection=connection, wave_id=wave_id, dialect=dialect)


def own(
    *,
    tracking: Engine,
    wave_id: int | None,
    ownership: Ownership,
    kind: str | None = None,
    dialect: str | None = None,
) -> int:
    """Give an owner to leftovers that have none: all, one kind, or one code. Returns how many got one.

    For late changes `code` is payment, booking, reading or contact; for differences it is their kind. Without
    a wave these are the differences that no wave has, of one dialect if it is given. Raises `BadRequest` when
    there is nothing to own.
    """
    if not ownership.owner.strip():
        raise BadRequest("Say who the owner is.")
    kinds = [each for each in LEFTOVERS if kind in (None, each)]
    if not kinds:
        raise BadRequest(f"There is no kind {kind!r}: choose among {', '.join(LEFTOVERS)}.")
    if wave_id is None and kind != "difference":
        raise BadRequest("Leftovers belong to a wave: name it, or KIND=difference for those without a wave.")
    given: dict[str, Any] = {"ownership": replace(ownership, owner=ownership.owner.strip())}
    with tracking.begin() as connection:
        if wave_id is None:
            owned = cutover.own_without_wave(connection=connection, dialect=dialect, **given)
        else:
            owned = sum(
                cutover.own(connection=connection, wave_id=wave_id, kind=each, **given) for each in kinds
            )
    if not owned:
        raise BadRequest("No matching leftover lacks an owner: list them first, or leave KIND and CODE out.")
    return owned


def close_wave(*, tracking: Engine, legacy: Engine, wave: NamedWave, by: str, now: datetime) -> None:
    """Close a wave for good: list its leftovers once more, and refuse while one of them has no owner.

    Nothing is created in a closed wave. Raises `BadRequest`, which says what stands in the way.
    """
    if wave.closed_at is not None:
        raise BadRequest(f"Wave {wave.name!r} is closed already, since {in_utc(at=wave.closed_at)}.")
    late_changes(tracking=tracking, legacy=legacy, wave_id=wave.id, dialect=wave.dialect, now=now)
    with tracking.begin() as connection:
        finished = cutover.lock_wave(connection=connection, wave_id=wave.id)
        cutover.list_hand_backs(connection=connection, wave_id=wave.id, at=now)
        obstacles = in_the_way(
            is_finished=finished,
            reruns=cutover.running_reruns(connection=connection, wave_id=wave.id),
            still_open=cutover.records_in(connection=connection, wave_id=wave.id, states=OPEN),
            parked=cutover.records_in(connection=connection, wave_id=wave.id, states={State.PARKED}),
            unowned=cutover.unowned(connection=connection, wave_id=wave.id),
        )
        if not obstacles:
            cutover.close(connection=connection, wave_id=wave.id, by=by, at=now)
    # The lists stay, so that their entries can be given owners.
    if obstacles:
        raise BadRequest(f"Wave {wave.name!r} cannot be closed yet: {'; '.join(obstacles)}.")


def in_the_way(
    *,
    is_finished: bool,
    reruns: Sequence[int],
    still_open: int,
    parked: int,
    unowned: Mapping[Leftover, int],
) -> list[str]:
    """Say what keeps a wave from being closed, each in a clause; nothing where it may be."""
    found = [] if is_finished else ["its run has not been summarised"]
    found += [f"rerun {rerun} has not been summarised" for rerun in reruns]
    if still_open:
        have = "has" if still_open == 1 else "have"
        found.append(f"{counted(number=still_open, noun='record')} {have} not ended at Kraken")
    if parked:
        what = "1 parked record is" if parked == 1 else f"{parked:,} parked records are"
        found.append(f"{what} not decided (kraken-migrate record decide), nor rerun")
    return found + [
        f"1 {CALLED_ONE[kind]} has no owner" if count == 1 else f"{count:,} {CALLED[kind]} have no owner"
        for kind, count in unowned.items()
    ]


def open_again(*, tracking: Engine, wave: NamedWave) -> None:
    """Open a closed wave, so that its records can be rerun. Raises `BadRequest` when it is open or purged."""
    with tracking.begin() as connection:
        purged_at = purge.purged_at(connection=connection, wave_id=wave.id)
        if purged_at is not None:
            raise BadRequest(
                f"Wave {wave.name!r} was purged on {purged_at:%Y-%m-%d}, so none of it can be sent again: "
                "plan a wave that names the customers."
            )
        if not cutover.open_again(connection=connection, wave_id=wave.id):
            raise BadRequest(f"Wave {wave.name!r} is not closed.")


def _changes(
    *,
    legacy: Engine,
    dialect: str,
    statement: TextClause,
    values: Mapping[str, Any],
    ids: Mapping[str, int],
) -> list[Change]:
    """Return what the legacy system says of these customers."""
    file = _changes_file(dialect=dialect)
    snapshot = legacy.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with sentences(place=place_in(file), raises=BadRequest), snapshot.connect() as connection:
        result = connection.execute(statement, values)
        if set(CHANGE_COLUMNS) - set(result.keys()):
            raise BadRequest(f"{shown(file)} must deliver the columns {', '.join(CHANGE_COLUMNS)}.")
        rows = [[stripped(getattr(row, name)) for name in CHANGE_COLUMNS] for row in result]
    if any(None in row for row in rows):
        raise BadRequest(f"{shown(file)} delivers NULL: every column must have a value.")
    if not ids.keys() >= {identifier for identifier, *_ in rows}:
        raise BadRequest(
            f"{shown(file)} returns customers that it was not asked for: select by :identifiers."
        )
    if not CHANGE_KINDS.issuperset(kind for _, kind, *_ in rows):
        raise BadRequest(
            f"{shown(file)} delivers another kind than {', '.join(sorted(CHANGE_KINDS))}: say one of these."
        )
    return [
        Change(id=ids[identifier], kind=kind, changes=changes, first_at=first_at, last_at=last_at)
        for identifier, kind, changes, first_at, last_at in rows
    ]


def _changes_statement(*, dialect: str) -> TextClause:
    try:
        return statement_in(_changes_file(dialect=dialect), parameters=CHANGE_PARAMETERS)
    except UnableToQuery as error:
        raise BadRequest(str(error)) from None


def _changes_file(*, dialect: str) -> Path:
    file = sql_file(part="cutover", dialect=dialect, name="changes")
    if file is None:
        raise BadRequest(
            f"Late changes cannot be found: write sql/cutover/{dialect}/changes.sql, which "
            f"`kraken-migrate dialect new {dialect} --legacy` begins; without rows it says there are none."
        )
    return file
