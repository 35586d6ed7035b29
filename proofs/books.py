"""Reads both sides that a proof compares: the tracking database, and the ledger of the stand-in Kraken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Engine, text

from kraken_import.domain.lifecycle import State
from kraken_import.local.outcome import keys_of, said
from proofs.comparing import Booked, Key, Tracked
from transforms.extract import balances_sql

_NOTHING: Final = Decimal(0)


def tracked(*, tracking: Engine, wave_id: int) -> list[Tracked]:
    """Every record of a live wave, as tracking has it."""
    query = text(
        """
        SELECT resource, import_supplier, external_identifier, state, parked_from, kraken_identifier
        FROM migration.import_process
        WHERE wave_id = :wave_id
        """
    )
    with tracking.connect() as connection:
        return [
            Tracked(
                key=Key(row.resource, row.import_supplier, row.external_identifier),
                state=State(row.state),
                parked_from=State(row.parked_from) if row.parked_from else None,
                kraken_identifier=row.kraken_identifier,
            )
            for row in connection.execute(query, {"wave_id": wave_id})
        ]


def ledger(*, kraken_url: str) -> Iterator[Booked]:
    """Yield everything that the stand-in has created, page by page."""
    for key in keys_of(address=f"{kraken_url}/simulator/ledger"):
        yield Booked(
            key=_key(key),
            created=int(key["created"]),
            status=str(key["status"]),
            kraken_identifier=key["kraken_identifier"],
        )


def created(*, kraken_url: str) -> dict[Key, int]:
    """Return how often the stand-in has created each key live so far."""
    return {each.key: each.created for each in ledger(kraken_url=kraken_url)}


def requests_by_key(*, kraken_url: str) -> Iterator[tuple[Key, Mapping[str, int]]]:
    """Yield how many requests of each operation came for each key that the stand-in was asked about."""
    for key in keys_of(address=f"{kraken_url}/simulator/requests"):
        yield _key(key), key["seen"]


def requests_seen(*, kraken_url: str) -> dict[str, int]:
    """How many requests of each operation have come."""
    seen = said(address=f"{kraken_url}/simulator/ledger?summary=1")["seen"]
    return {str(operation): int(number) for operation, number in seen.items()}


def money(
    *, tracking: Engine, legacy: Engine, wave_id: int, dialect: str
) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the balances of a wave's processed customers, in cents by ledger: legacy, and as sent.

    The legacy side is summed now, from the database itself and not from what the wave noted of it.
    """
    sent = text(
        """
        SELECT money.ledger, sum(money.payload_cents) AS cents
        FROM migration.import_process AS process
        JOIN migration.record_money AS money ON money.import_process_id = process.id
        WHERE process.wave_id = :wave_id AND process.state = 'processed'
        GROUP BY money.ledger
        """
    )
    processed = text(
        """
        SELECT external_identifier FROM migration.import_process
        WHERE wave_id = :wave_id AND state = 'processed'
        """
    )
    with tracking.connect() as connection:
        payloads = {row.ledger: row.cents for row in connection.execute(sent, {"wave_id": wave_id})}
        identifiers = list(connection.execute(processed, {"wave_id": wave_id}).scalars())
    owed = _owed(legacy=legacy, dialect=dialect, identifiers=identifiers)
    return {
        name: (owed.get(name, _NOTHING), payloads.get(name, _NOTHING))
        for name in sorted(owed.keys() | payloads)
    }


def first_created(*, tracking: Engine, wave_id: int) -> datetime | None:
    """Return when Kraken accepted the first record of a wave; None when it has accepted none."""
    query = text("SELECT min(created_at) FROM migration.import_process WHERE wave_id = :wave_id")
    with tracking.connect() as connection:
        found: datetime | None = connection.execute(query, {"wave_id": wave_id}).scalar_one()
        return found


def is_reconciled(*, tracking: Engine, wave_id: int) -> bool:
    """Whether the pipeline has compared the wave with Kraken's own listing."""
    query = text(
        "SELECT EXISTS (SELECT FROM migration.reconciliation WHERE wave_id = :wave_id AND source = 'listing')"
    )
    with tracking.connect() as connection:
        return bool(connection.execute(query, {"wave_id": wave_id}).scalar_one())


def differences(*, tracking: Engine, wave_id: int) -> dict[str, int]:
    """Return the open differences of a wave by kind, except for parked records."""
    query = text(
        """
        SELECT kind, count(*) AS differences
        FROM migration.reconciliation_difference
        WHERE wave_id = :wave_id AND resolved_at IS NULL AND kind <> 'parked_record'
        GROUP BY kind
        ORDER BY kind
        """
    )
    with tracking.connect() as connection:
        rows = connection.execute(query, {"wave_id": wave_id})
        return {row.kind: int(row.differences) for row in rows}


def _owed(*, legacy: Engine, dialect: str, identifiers: list[str]) -> dict[str, Decimal]:
    query = text(balances_sql(dialect=dialect).read_text())
    cents: defaultdict[str, Decimal] = defaultdict(Decimal)
    with legacy.connect() as connection:
        for row in connection.execute(query, {"identifiers": identifiers}):
            cents[row.ledger] += row.amount * 100
    return dict(cents)


def _key(named: Mapping[str, Any]) -> Key:
    return Key(named["resource"], named["import_supplier"], named["external_identifier"])
