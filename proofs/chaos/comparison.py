"""Compares a wave, record by record, with what the stand-in Kraken says that it created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import requests
from sqlalchemy import Engine, text

from kraken_import.lifecycle import AWAITING, ENDED_AT_KRAKEN, UNPROVED, State
from stack import outcome
from transforms.registry import get_dialect

_LEDGER_SECONDS = 60.0
_AT_KRAKEN = AWAITING | ENDED_AT_KRAKEN
_ENDS: Mapping[str, State] = {"PROCESSED": State.PROCESSED, "ERRORED": State.ERRORED}
"""Where a live record stands once Kraken's status has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What both sides tell records apart by."""

    resource: str
    import_supplier: str
    external_identifier: str

    def __str__(self) -> str:
        return self.external_identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A record as the tracking database has it: its state, and how many creates it may have had."""

    state: State
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A record as the stand-in has it: how many live creates it accepted, and its status."""

    creates: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One line for each record that is not as it must be."""

    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    wrong: Sequence[str] = ()
    open: Sequence[str] = ()

    @property
    def lines(self) -> list[str]:
        """All of them, the worst first."""
        return [*self.lost, *self.doubled, *self.wrong, *self.open]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A planned wave: how many customers it has claimed, and its records."""

    claimed: int
    records: Mapping[Key, Tracked]


def compare(
    *, wave: Wave, before: Mapping[Key, Accepted], after: Mapping[Key, Accepted], unexpected: Sequence[str]
) -> Comparison:
    """Compare a live wave with the ledger as it was before the wave and after it.

    `unexpected` says which records ended otherwise than their customers imply. Returns what is not as it
    must be.
    """
    missing = wave.claimed - len(wave.records)
    lost = [f"{missing} claimed customers have no record"] if missing else []
    doubled: list[str] = []
    wrong = list(unexpected)
    for key, record in wave.records.items():
        accepted = after.get(key, Accepted(creates=0, status="unknown"))
        if record.state in _AT_KRAKEN and not accepted.creates:
            lost.append(f"{key} is {record.state} and Kraken has none")
        elif accepted.creates and record.state not in _AT_KRAKEN | UNPROVED:
            lost.append(f"Kraken has {key}, which is {record.state}")
        elif accepted.creates and record.state in ENDED_AT_KRAKEN and not _agree(record, accepted):
            wrong.append(f"{key} is {record.state}, and {accepted.status} at Kraken")
        if accepted.creates > record.attempt:
            doubled.append(f"{key} was created {accepted.creates} times in {record.attempt} attempts")
    strangers = [
        key
        for key, accepted in after.items()
        if key not in wave.records and accepted.creates > (before[key].creates if key in before else 0)
    ]
    lost += [f"Kraken has {key}, which the wave knows nothing of" for key in strangers]
    undone = [f"{key} is {each.state}" for key, each in wave.records.items() if not each.state.is_settled]
    return Comparison(lost=lost, doubled=doubled, wrong=wrong, open=undone)


def _agree(record: Tracked, accepted: Accepted) -> bool:
    return _ENDS.get(accepted.status) is record.state


def read_wave(*, tracking: Engine, wave_id: int) -> Wave:
    """The wave as the tracking database has it."""
    wanted = {"wave_id": wave_id}
    with tracking.connect() as connection:
        claimed = connection.execute(
            text("SELECT claimed FROM migration.wave WHERE id = :wave_id"), wanted
        ).scalar_one()
        rows = connection.execute(
            text(
                "SELECT dialect, import_supplier, external_identifier, state, attempt "
                "FROM migration.import_process WHERE wave_id = :wave_id"
            ),
            wanted,
        ).all()
    return Wave(
        claimed=int(claimed),
        records={
            Key(
                resource=get_dialect(name=row.dialect).resource,
                import_supplier=row.import_supplier,
                external_identifier=row.external_identifier,
            ): Tracked(state=State(row.state), attempt=row.attempt)
            for row in rows
        },
    )


def read_ledger(*, kraken_url: str) -> dict[Key, Accepted]:
    """What the stand-in has accepted so far; raises UnableToReadLedger."""
    address = f"{kraken_url}/simulator/ledger"
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(address, timeout=_LEDGER_SECONDS)
            answer.raise_for_status()
            keys = answer.json()["keys"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise outcome.UnableToReadLedger(
                f"The stand-in Kraken shows no ledger at {address}: see .run/logs/simulator.log."
            ) from error
    return dict(_accepted(keys=keys))


def _accepted(*, keys: Sequence[Mapping[str, str | int]]) -> Iterator[tuple[Key, Accepted]]:
    for each in keys:
        key = Key(
            resource=str(each["resource"]),
            import_supplier=str(each["import_supplier"]),
            external_identifier=str(each["external_identifier"]),
        )
        yield key, Accepted(creates=int(each["created"]), status=str(each["status"]))
