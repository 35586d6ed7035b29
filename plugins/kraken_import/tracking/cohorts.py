"""Cohorts in the tracking database: selected, planned, and taken by waves."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from kraken_import.domain.lifecycle import REBUILDABLE, Mode, State
from kraken_import.domain.policies import PolicySettings, plain_values, read_policy
from kraken_import.tracking.queries import queries
from kraken_import.tracking.waves import NewWave
from transforms.selection import Parameter, Selected

Standing = Literal["planned", "beyond_size", "already_planned", "already_claimed", "excluded"]

_PAGE: Final = 10_000


class SelectedTwice(Exception):
    """A selection returns a customer twice, or its pages are not in order."""


class CohortConflict(Exception):
    """The cohort conflicts with another one."""


class CohortNotFree(Exception):
    """The cohort does not exist, or a wave has taken it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCohort:
    """The values that a cohort is planned with; without `wave_date` only a run that names it takes it."""

    name: str
    dialect: str
    resource: str
    mode: Mode
    import_supplier: str
    target_kraken: str
    wave_date: date | None
    rule: str
    parameters: Mapping[str, Parameter]
    leave_out: Collection[str]
    policy: PolicySettings
    planned_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A planned cohort that no wave has taken."""

    id: int
    name: str
    mode: Mode
    import_supplier: str
    wave_date: date | None
    policy: PolicySettings
    """The complete policy as resolved when the cohort was planned; empty if an older version planned it."""
    planned_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Number of selected customers by standing, stratum and exclusion (None unless excluded).

    `reasons` are all that their SQL returned, including those that were not applied.
    """

    standing: Standing
    stratum: str
    exclusion: str | None
    reasons: tuple[str, ...]
    customers: int


def check_cohort(*, connection: Connection, cohort: NewCohort) -> None:
    """Raise `CohortConflict` if the name is taken, or the night belongs to waves of another kind."""
    values = _values(cohort=cohort)
    if _SQL.run(connection, "name_is_taken", **values).scalar():
        raise CohortConflict(
            f"A {cohort.mode.value} cohort named {cohort.name!r} exists already for {cohort.dialect}: "
            "choose another name."
        )
    if cohort.wave_date is None:
        return
    other = _SQL.run(connection, "of_another_kind", **values).one_or_none()
    if other is not None:
        if (other.mode, other.import_supplier) == (cohort.mode.value, cohort.import_supplier):
            names = _differing(one=cohort.policy, other=other.policy)
            raise CohortConflict(
                f"Cohort {other.name!r} of {cohort.wave_date} has another policy, and a night's wave has "
                f"one: give both the same {names}, or choose another date."
            )
        raise CohortConflict(
            f"Cohort {other.name!r} of {cohort.wave_date} is {other.mode} with import supplier "
            f"{other.import_supplier}, and a night's wave has one of each: choose another date."
        )


def stage_selection(*, connection: Connection, pages: Iterator[Sequence[Selected]]) -> None:
    """Put what a selection returns into a table of this transaction. Raises `SelectedTwice`."""
    _SQL.run(connection, "begin_selection")
    for page in pages:
        staged = _SQL.run(
            connection,
            "select_page",
            identifiers=[each.external_identifier for each in page],
            priorities=[each.priority for each in page],
            strata=[each.stratum for each in page],
            exclusions=[each.exclusion for each in page],
            reasons=[",".join(each.reasons) for each in page],
        )
        if staged.rowcount != len(page):
            raise SelectedTwice("The selection returns a customer twice, or not in the order of identifiers.")


def lock_planning(*, connection: Connection) -> None:
    """Keep others from planning until this transaction ends."""
    _SQL.run(connection, "lock_planning")


def judge_selection(*, connection: Connection, cohort: NewCohort, size: int | None) -> list[Count]:
    """Decide which of the selected customers to plan: at most `size` free ones, by priority."""
    values = {**_values(cohort=cohort), "rebuildable": sorted(REBUILDABLE)}
    _SQL.run(connection, "judge_selection", **values)
    _SQL.run(connection, "take_selection", size=size)
    return [
        Count(**{**row._mapping, "reasons": tuple(filter(None, row.reasons.split(",")))})
        for row in _SQL.run(connection, "count_selection")
    ]


def add_cohort(*, connection: Connection, cohort: NewCohort, at: datetime) -> int:
    """Insert a cohort and the customers that were chosen for it. Returns its id."""
    values = _values(cohort=cohort)
    cohort_id = _SQL.run(connection, "insert_cohort", **values, planned_at=at).scalar_one()
    _SQL.run(connection, "insert_customers", **values, cohort_id=cohort_id)
    return int(cohort_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCohort:
    """A cohort that no wave has taken, and how many customers are planned in it."""

    id: int
    name: str
    dialect: str
    mode: Mode
    import_supplier: str
    target_kraken: str
    wave_date: date | None
    planned_by: str | None
    planned_at: datetime
    rule: str
    policy: PolicySettings
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Customers of a cohort by how their last rehearsal stands; without a state they were never rehearsed."""

    state: State | None
    wave_id: int | None
    wave_name: str | None
    customers: int
    last_at: datetime | None


def waiting(
    *, connection: Connection, dialect: str | None = None, cohort_id: int | None = None
) -> list[WaitingCohort]:
    """Return the cohorts that no wave has taken, of one dialect, the one with an id, or all, by date."""
    rows = _SQL.run(connection, "waiting", dialect=dialect, cohort_id=cohort_id).mappings()
    return [
        WaitingCohort(**{**row, "mode": Mode(row["mode"]), "policy": read_policy(values=row["policy"])})
        for row in rows
    ]


def strata(*, connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return how many customers of each stratum these cohorts have, the most first."""
    found: dict[int, dict[str, int]] = {}
    for row in _SQL.run(connection, "strata", ids=list(ids)):
        found.setdefault(row.cohort_id, {})[row.stratum] = int(row.customers)
    return found


def rehearsed(*, connection: Connection, cohort_id: int, most: int) -> list[Rehearsed]:
    """Return how the rehearsals of a cohort's customers stand: of the first `most` of them."""
    rows = _SQL.run(connection, "rehearsed", cohort_id=cohort_id, most=most).mappings()
    return [
        Rehearsed(**{**row, "state": None if row["state"] is None else State(row["state"])}) for row in rows
    ]


def postpone(*, connection: Connection, cohort_id: int, wave_date: date | None) -> date | None:
    """Give a cohort another date, or none. Returns the date that it had.

    Raises `CohortNotFree`, and `CohortConflict` where the night belongs to waves of another kind.
    """
    row = _SQL.run(connection, "lock_one", cohort_id=cohort_id).one_or_none()
    if row is None:
        raise CohortNotFree("There is no such cohort.")
    if row.claimed_by_wave is not None:
        raise CohortNotFree(f"Cohort {row.name!r} is in wave {row.claimed_by_wave} already.")
    values = {"cohort_id": cohort_id, "wave_date": wave_date}
    other = _SQL.run(connection, "of_another_kind_there", **values).scalar()
    if other is not None:
        raise CohortConflict(
            f"Cohort {other!r} of {wave_date} has another mode, import supplier or policy, and a night's "
            "wave has one of each: choose another date."
        )
    _SQL.run(connection, "postpone", **values)
    had: date | None = row.wave_date
    return had


def to_rehearse(*, connection: Connection, cohort_id: int) -> int:
    """Return how many customers of a cohort are in no rehearsal, and planned for none."""
    return int(_SQL.run(connection, "to_rehearse", cohort_id=cohort_id).scalar_one())


def add_rehearsal(*, connection: Connection, cohort_id: int, name: str, planned_by: str) -> int:
    """Plan a rehearsal of those customers of a cohort that have none. Returns their number."""
    values = {"cohort_id": cohort_id, "name": name, "planned_by": planned_by}
    rehearsal_id = _SQL.run(connection, "insert_rehearsal", **values).scalar_one()
    added = _SQL.run(connection, "insert_to_rehearse", cohort_id=cohort_id, rehearsal_id=rehearsal_id)
    return added.rowcount


def is_taken(*, connection: Connection, cohort: WaitingCohort, mode: Mode, name: str) -> bool:
    """Return whether there is a cohort of this name beside another one, in this mode."""
    values = {"target_kraken": cohort.target_kraken, "dialect": cohort.dialect, "mode": mode, "name": name}
    return bool(_SQL.run(connection, "name_is_taken", **values).scalar())


def lock_dated_cohorts(
    *, connection: Connection, target_kraken: str, dialect: str, since: date, day: date
) -> list[Cohort]:
    """Return the cohorts of these days that no wave has taken, locked until the transaction ends."""
    rows = _SQL.run(
        connection, "lock_dated", target_kraken=target_kraken, dialect=dialect, since=since, day=day
    )
    return [_cohort(row=row._mapping) for row in rows]


def lock_named_cohort(
    *, connection: Connection, target_kraken: str, dialect: str, mode: Mode, name: str
) -> Cohort:
    """Return the cohort of this name, locked until the transaction ends. Raises `CohortNotFree`."""
    values = {"target_kraken": target_kraken, "dialect": dialect, "mode": mode.value, "name": name}
    row = _SQL.run(connection, "lock_named", **values).one_or_none()
    if row is None:
        missing = f"There is no {mode.value} cohort named {name!r} for {dialect} and this Kraken"
        other = Mode.LIVE if mode is Mode.REHEARSAL else Mode.REHEARSAL
        if _SQL.run(connection, "name_is_taken", **{**values, "mode": other}).scalar():
            raise CohortNotFree(
                f"{missing}, but a {other.value} one: say dry_run: {str(mode is Mode.LIVE).lower()} to take "
                "that, or plan another."
            )
        raise CohortNotFree(f"{missing}: plan it first.")
    if row.claimed_by_wave is not None:
        raise CohortNotFree(
            f"Cohort {name!r} is in wave {row.claimed_by_wave} already: clear that wave's run instead."
        )
    return _cohort(row={name: value for name, value in row._mapping.items() if name != "claimed_by_wave"})


def taken_on(*, connection: Connection, target_kraken: str, dialect: str, day: date) -> dict[str, str]:
    """Return the cohorts of a day that waves have taken, with the names of these waves."""
    rows = _SQL.run(connection, "taken_on", target_kraken=target_kraken, dialect=dialect, day=day)
    return {row.cohort: row.wave for row in rows}


def size_of(*, connection: Connection, ids: Sequence[int]) -> int:
    """Return how many customers were planned in these cohorts."""
    return int(_SQL.run(connection, "size", ids=list(ids)).scalar_one())


def customers_of(*, connection: Connection, ids: Sequence[int]) -> Iterator[Sequence[str]]:
    """Yield the customers of these cohorts in pages: by date, then by priority."""
    rows = connection.exec_driver_sql(
        _SQL["customers"],
        {"ids": list(ids)},
        # A server-side cursor, so that a large cohort is never in memory as a whole.
        execution_options={"stream_results": True, "max_row_buffer": _PAGE},
    )
    for page in rows.scalars().partitions(_PAGE):
        yield [str(identifier) for identifier in page]


def unplanned(*, connection: Connection, wave: NewWave, identifiers: Sequence[str]) -> list[str]:
    """Return those of these customers that are in no cohort, in the same order."""
    rows = _SQL.run(
        connection,
        "unplanned",
        target_kraken=wave.target_kraken,
        import_supplier=wave.import_supplier,
        resource=wave.resource,
        mode=wave.mode.value,
        identifiers=list(identifiers),
    )
    return list(rows.scalars())


def mark_claimed(*, connection: Connection, ids: Sequence[int], wave_id: int) -> None:
    """Record which wave has taken these cohorts."""
    _SQL.run(connection, "mark_claimed", ids=list(ids), wave_id=wave_id)


def _values(*, cohort: NewCohort) -> dict[str, Any]:
    return {
        **asdict(cohort),
        "parameters": json.dumps(
            {**cohort.parameters, "leave_out": sorted(cohort.leave_out)}, sort_keys=True
        ),
        "policy": json.dumps(_stored(policy=cohort.policy), sort_keys=True),
    }


def _cohort(*, row: Mapping[Any, Any]) -> Cohort:
    return Cohort(**{**row, "mode": Mode(row["mode"]), "policy": read_policy(values=row["policy"])})


def _stored(*, policy: PolicySettings) -> dict[str, Any]:
    # The mode has its own column, and is part of the customers' key.
    return {name: value for name, value in plain_values(policy=policy).items() if name != "mode"}


def _differing(*, one: PolicySettings, other: Mapping[str, Any]) -> str:
    mine = _stored(policy=one)
    names = sorted(name for name in {*mine, *other} if mine.get(name) != other.get(name))
    return ", ".join(names)


_SQL = queries(file="cohorts")
