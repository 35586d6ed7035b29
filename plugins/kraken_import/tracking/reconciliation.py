"""What reconciliation compares in the tracking database, and the differences that it keeps there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row

from kraken_import.domain.lifecycle import AWAITING, ENDED_AT_KRAKEN, OPEN, SETTLED, Mode, State
from kraken_import.tracking.evidence import unpack_payload
from kraken_import.tracking.queries import queries
from kraken_import.tracking.vault import Tampered, WaveKey, key_of
from transforms.money import written

_PAGE: Final = 1_000
_PAYLOADS: Final = 100
"""Payloads held at once: a single one may be as large as a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What tells apart Kraken's records; with a wave, that wave's share of them."""

    target_kraken: str
    import_supplier: str
    resource: str
    wave_id: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return it as parameters of a statement."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcilable:
    """A wave to reconcile."""

    id: int
    name: str
    resource: str
    import_supplier: str
    target_kraken: str
    connection_id: str
    dag_id: str
    mode: Mode
    purged_at: datetime | None
    closed_at: datetime | None

    @property
    def scope(self) -> Scope:
        """The wave's share of what its import supplier has at Kraken."""
        return Scope(
            target_kraken=self.target_kraken,
            import_supplier=self.import_supplier,
            resource=self.resource,
            wave_id=self.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference that a person must act on. `cents` is our amount less Kraken's."""

    kind: str
    ours: str
    theirs: str
    external_identifier: str | None = None
    batch: int | None = None
    ledger: str | None = None
    currency: str | None = None
    cents: Decimal | None = None
    wave_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecord:
    """How a record stands here."""

    id: int
    external_identifier: str
    state: State
    kraken_identifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDifference:
    """An open difference as it is stored."""

    kind: str
    external_identifier: str | None
    batch: int | None
    ledger: str | None
    currency: str | None
    ours: str
    theirs: str
    cents: Decimal | None
    owner: str | None
    found_at: datetime


def waves(
    *, connection: Connection, connection_id: str | None = None, wave_id: int | None = None
) -> list[Reconcilable]:
    """Return the wave, or every live wave of an Airflow Connection that has something processed or parked."""
    rows = _SQL.run(connection, "scope", connection_id=connection_id, wave_id=wave_id).mappings()
    return [Reconcilable(**{**row, "mode": Mode(row["mode"])}) for row in rows]


def counts(*, connection: Connection, wave_id: int) -> dict[str, int]:
    """Count the records of a wave by what became of them at each stage."""
    row = (
        _SQL.run(
            connection,
            "counts",
            wave_id=wave_id,
            at_kraken=sorted(AWAITING | ENDED_AT_KRAKEN | {State.CREATING}),
            open=sorted(OPEN),
        )
        .mappings()
        .one()
    )
    return {name: int(value) for name, value in row.items()}


def batches(*, connection: Connection, wave_id: int) -> Iterator[Difference]:
    """Yield the batches that do not have as many customers as were planned."""
    for row in stream(connection=connection, statement=_SQL["batches"], values={"wave_id": wave_id}):
        yield Difference(
            kind="batch_count",
            batch=row.batch,
            ours=customers(here=row.found, handed_on=row.handed_on),
            theirs=f"{row.planned} planned",
            wave_id=wave_id,
        )


def attempts(*, connection: Connection, wave_id: int) -> Iterator[Difference]:
    """Yield the records whose state is not that of their attempt."""
    values = {"wave_id": wave_id, "settled": sorted(SETTLED)}
    for row in stream(connection=connection, statement=_SQL["attempts"], values=values):
        yield Difference(
            kind="history_differs",
            external_identifier=row.external_identifier,
            ours=row.state,
            theirs=row.outcome,
            wave_id=wave_id,
        )


def money(*, connection: Connection, wave_id: int) -> Iterator[Difference]:
    """Yield the payloads whose balances are not those of the legacy database."""
    for row in stream(connection=connection, statement=_SQL["money"], values={"wave_id": wave_id}):
        fewer = row.payload_entries < row.legacy_entries
        same = row.payload_entries == row.legacy_entries
        cents = row.payload_cents - row.legacy_cents
        yield Difference(
            kind="balance_differs" if same else "ledger_missing" if fewer else "ledger_unknown",
            external_identifier=row.external_identifier,
            ledger=row.ledger,
            currency=row.currency,
            ours=written(cents=row.payload_cents) if same else f"{row.payload_entries} ledgers",
            theirs=written(cents=row.legacy_cents) if same else f"{row.legacy_entries} ledgers",
            cents=cents,
            wave_id=wave_id,
        )


def batch_sums(*, connection: Connection, wave_id: int) -> Iterator[Difference]:
    """Yield the batches whose sums are no longer those written with the build."""
    for row in stream(connection=connection, statement=_SQL["batch_sums"], values={"wave_id": wave_id}):
        yield Difference(
            kind="batch_money",
            batch=row.batch,
            ledger=f"{row.ledger} ({row.stage})",
            currency=row.currency,
            ours=written(cents=row.found_cents),
            theirs=written(cents=row.kept_cents),
            cents=row.found_cents - row.kept_cents,
            wave_id=wave_id,
        )


def has_payloads(*, connection: Connection, wave_id: int) -> bool:
    """Return whether the payloads of a wave are still kept, and not purged."""
    return bool(_SQL.run(connection, "has_payloads", wave_id=wave_id).scalar_one())


def payload_hashes(
    *, connection: Connection, wave_id: int, since: datetime | None
) -> Iterator[tuple[str, bytes, bytes | None]]:
    """Yield (external identifier, hash at the build, payload as it is now or None) of what was built.

    With `since` only of what was built from then on.
    """
    values = {"wave_id": wave_id, "since": since}
    key = key_of(connection=connection, wave_id=wave_id)
    for row in stream(connection=connection, statement=_SQL["payloads"], values=values, page=_PAYLOADS):
        yield row.external_identifier, bytes(row.payload_hash), _body(row=row, key=key)


def _body(*, row: Row[Any], key: WaveKey) -> bytes | None:
    if row.body is None:
        return None
    try:
        return unpack_payload(key=key, process_id=row.id, attempt=row.attempt, body=row.body)
    except Tampered:
        # No payload is empty, so it differs from what was built.
        return b""


def keep(*, connection: Connection, scope: Scope, differences: Sequence[Difference], at: datetime) -> None:
    """Keep what was found; a difference that is already open keeps its row and its owner."""
    _SQL.run(
        connection,
        "keep",
        **scope.values,
        at=at,
        wave_ids=[found.wave_id for found in differences],
        kinds=[found.kind for found in differences],
        identifiers=[found.external_identifier for found in differences],
        batches=[found.batch for found in differences],
        ledgers=[found.ledger for found in differences],
        currencies=[found.currency for found in differences],
        ours=[found.ours for found in differences],
        theirs=[found.theirs for found in differences],
        cents=[found.cents for found in differences],
    )


def resolve(*, connection: Connection, scope: Scope, kinds: Collection[str], at: datetime) -> None:
    """Settle open differences of these kinds that were not found again at `at`."""
    _SQL.run(connection, "resolve", **scope.values, kinds=sorted(kinds), at=at)


def open_kinds(*, connection: Connection, scope: Scope) -> dict[str, int]:
    """Count the open differences by kind."""
    rows = _SQL.run(connection, "open_kinds", **scope.values)
    return {row.kind: int(row.differences) for row in rows}


def open_differences(*, connection: Connection, wave_id: int, most: int) -> list[KeptDifference]:
    """Return the first open differences of a wave."""
    return _SQL.all(connection, KeptDifference, "open_differences", wave_id=wave_id, most=most)


def stream(
    *, connection: Connection, statement: str, values: Mapping[str, Any], page: int = _PAGE
) -> Iterator[Row[Any]]:
    """Yield the rows of a query, holding one page at a time. The transaction stays open meanwhile."""
    _SQL.run(connection, "for_all_rows")
    yield from connection.exec_driver_sql(
        statement, dict(values), execution_options={"stream_results": True, "yield_per": page}
    )


def customers(*, here: int, handed_on: int) -> str:
    """Describe the customers of a batch or wave: its own, and those that a later wave took over."""
    return f"{here} customers" + (f", {handed_on} handed on" if handed_on else "")


_SQL = queries(file="reconciliation")
